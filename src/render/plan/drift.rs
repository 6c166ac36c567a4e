//! What somebody changed in the helpdesk by hand, as a section of its own: what, who, when, and whether an apply
//! puts it back.
//!
//! Names of people are cut to their initials beside the helpdesk's id of them: a plan is read in logs.

use std::collections::BTreeMap;

use crate::ident::AgreementId;
use crate::live::Touch;
use crate::mapping::Field;
use crate::plan::{Cause, Change, Drift, DriftPart, Plan};
use crate::render::line::Line;
use crate::render::plan::phrases;
use crate::render::style::Tone;
use crate::render::terminal::TerminalPage;
use crate::render::vocabulary;

/// Writes the section, where there is anything to say.
pub(super) fn section(page: &mut TerminalPage, plan: &Plan) {
    let mut by_id: BTreeMap<&AgreementId, (Option<&Change>, Vec<&Drift>)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| phrases::main_cause(change) == Cause::Drift) {
        by_id.entry(&change.id).or_default().0 = Some(change);
    }
    for drift in &plan.drift {
        by_id.entry(&drift.id).or_default().1.push(drift);
    }
    if by_id.is_empty() {
        return;
    }
    super::text::section(page, "Changed by hand in the helpdesk");
    for (change, drifts) in by_id.into_values() {
        page.gap();
        match change {
            Some(change) => super::text::block(page, 0, change, &plan.names),
            None => heading(page, plan, &drifts),
        }
        for left in drifts.iter().filter(|drift| !drift.is_corrected) {
            super::text::point(page, 4, phrases::left(left, &plan.names));
            page.line(6, 8, &is_left(left));
        }
        for touch in touches(&drifts) {
            page.line(4, 6, &Line::new().toned(Tone::Quiet, "↳ ").join(touch));
        }
    }
}

/// The name of an agreement that has no block of its own here.
fn heading(page: &mut TerminalPage, plan: &Plan, drifts: &[&Drift]) {
    let Some(first) = drifts.first() else {
        return;
    };
    let line = Line::new()
        .toned(Tone::Shift, "~")
        .text(" ")
        .foreign_toned(Tone::Strong, first.id.as_str())
        .text("  ")
        .quoted(&vocabulary::preview(&first.title));
    page.line(0, 4, &line);
    if drifts.iter().any(|drift| drift.is_corrected)
        && plan.changes.iter().any(|change| change.id == first.id)
    {
        page.line(4, 6, &Line::new().toned(Tone::Quiet, "put back with the changes above"));
    }
}

/// Who did what and when, a line for each person and instant.
pub(in crate::render) fn touches(drifts: &[&Drift]) -> Vec<Line> {
    let mut by_touch: BTreeMap<(&str, Option<String>), Vec<String>> = BTreeMap::new();
    for drift in drifts {
        if let Some(touch) = &drift.touch {
            by_touch.entry((&touch.when, who(touch))).or_default().push(shown(&drift.part));
        }
    }
    let line = |((when, who), parts): ((&str, Option<String>), Vec<String>)| {
        let line = Line::new().foreign(&parts.join(", "));
        let when = vocabulary::preview(when);
        match who {
            Some(who) => line.text(" by ").foreign(&who).text(", ").foreign(&when),
            None => line.text(": touched last ").foreign(&when).text("; the helpdesk does not tell by whom"),
        }
    };
    by_touch.into_iter().map(line).collect()
}

/// That something is left as it is.
pub(in crate::render) fn is_left(left: &Drift) -> Line {
    Line::new()
        .toned(Tone::Quiet, "left as it is: the settings ask to report ")
        .foreign_toned(Tone::Quiet, &shown(&left.part))
}

fn shown(part: &DriftPart) -> String {
    match part {
        DriftPart::Field(Field::Targets) => "targets".to_owned(),
        part => vocabulary::preview(&part.to_string()),
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
        (Some(id), true) => Some(vocabulary::preview(id.as_str())),
        (Some(id), false) => Some(format!("{} [{}]", initials.join(" "), vocabulary::preview(id.as_str()))),
    }
}
