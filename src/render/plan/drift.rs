//! What somebody changed in the helpdesk by hand, as a section of its own: what, who, when, and whether an apply
//! puts it back.
//!
//! Names of people are cut to their initials beside the helpdesk's id of them: a plan is read in logs.

use std::collections::{BTreeMap, BTreeSet};

use crate::ident::AgreementId;
use crate::live::{Touch, Value};
use crate::mapping::Field;
use crate::plan::{Cause, Change, Drift, FieldChange, Part, Plan, StateChange, Verb};
use crate::render::line::Line;
use crate::render::page::Page;
use crate::render::plan::said;
use crate::render::style::Tone;
use crate::render::{value, words};

/// Writes the section, where there is anything to say.
pub(super) fn section(page: &mut Page, plan: &Plan) {
    let mut by_id: BTreeMap<&AgreementId, (Option<&Change>, Vec<&Drift>)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| said::main_cause(change) == Cause::Drift) {
        by_id.entry(&change.id).or_default().0 = Some(change);
    }
    for drift in &plan.drift {
        by_id.entry(&drift.id).or_default().1.push(drift);
    }
    if by_id.is_empty() {
        return;
    }
    super::section(page, "Changed by hand in the helpdesk");
    for (change, drifts) in by_id.into_values() {
        page.gap();
        match change {
            Some(change) => super::block(page, 0, change, &plan.names),
            None => heading(page, plan, &drifts),
        }
        for left in drifts.iter().filter(|drift| !drift.is_corrected) {
            held(page, plan, left);
        }
        touches(page, &drifts);
    }
}

/// How many agreements differ from the files in nothing but what is left as it is.
pub(super) fn left(plan: &Plan) -> usize {
    let left = plan.drift.iter().filter(|drift| !drift.is_corrected).map(|drift| &drift.id);
    let left: BTreeSet<&AgreementId> = left.collect();
    left.into_iter().filter(|id| plan.changes.iter().all(|change| change.id != **id)).count()
}

/// The name of an agreement that has no block of its own here.
fn heading(page: &mut Page, plan: &Plan, drifts: &[&Drift]) {
    let Some(first) = drifts.first() else {
        return;
    };
    let line = Line::new()
        .tone(Tone::Shift, "~")
        .say(" ")
        .theirs_in(Tone::Strong, first.id.as_str())
        .say("  ")
        .quoted(&words::shown(&first.title));
    page.line(0, 4, &line);
    if drifts.iter().any(|drift| drift.is_corrected)
        && plan.changes.iter().any(|change| change.id == first.id)
    {
        page.line(4, 6, &Line::new().tone(Tone::Quiet, "put back with the changes above"));
    }
}

/// What is left as it is: what the files say, and what is held.
fn held(page: &mut Page, plan: &Plan, left: &Drift) {
    match &left.part {
        Part::State => {
            let state = StateChange {
                before: text(&left.wanted),
                after: text(&left.held).unwrap_or_default(),
                cause: None,
            };
            page.line(4, 6, &said::state_line(&state));
        }
        Part::Field(field) => {
            let change = FieldChange {
                field: field.clone(),
                before: left.wanted.clone(),
                after: left.held.clone(),
                cause: None,
            };
            value::field(page, 4, &change, Verb::Update, &plan.names);
        }
    }
    let said = format!("left as it is: the settings ask to report {}", shown(&left.part));
    page.line(6, 8, &Line::new().tone(Tone::Quiet, &said));
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Who did what and when, a line for each person and instant.
fn touches(page: &mut Page, drifts: &[&Drift]) {
    let mut by_touch: BTreeMap<(&str, Option<String>), Vec<String>> = BTreeMap::new();
    for drift in drifts {
        if let Some(touch) = &drift.touch {
            by_touch.entry((&touch.when, who(touch))).or_default().push(shown(&drift.part));
        }
    }
    for ((when, who), parts) in by_touch {
        let when = words::shown(when);
        let line = match who {
            Some(who) => format!("{} by {who}, {when}", parts.join(", ")),
            None => format!("{}: touched last {when}; the helpdesk does not tell by whom", parts.join(", ")),
        };
        page.line(4, 6, &Line::new().tone(Tone::Quiet, "↳ ").say(&line));
    }
}

fn shown(part: &Part) -> String {
    match part {
        Part::Field(Field::Targets) => "targets".to_owned(),
        part => words::shown(&part.to_string()),
    }
}

/// A person by initials and id: `А. П. [employee$12]`.
fn who(touch: &Touch) -> Option<String> {
    let name = touch.name.as_deref().unwrap_or_default();
    let initials: Vec<String> = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphabetic()))
        .map(|letter| format!("{}.", letter.to_uppercase()))
        .collect();
    match (&touch.who, initials.is_empty()) {
        (None, true) => None,
        (None, false) => Some(initials.join(" ")),
        (Some(id), true) => Some(words::shown(id.as_str())),
        (Some(id), false) => Some(format!("{} [{}]", initials.join(" "), words::shown(id.as_str()))),
    }
}
