//! A plan as text for a terminal: a block for each change, then drift, guards, blocked agreements, notices and notes,
//! and the totals in the last line.

use std::collections::BTreeMap;

use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::AgreementId;
use crate::live::{Touch, Value};
use crate::mapping::Field;
use crate::plan::{Cause, Change, Drift, Plan, Verb};
use crate::render::alike::{self, AlikeChanges};
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Detail};
use crate::render::plan::{drift, summary};
use crate::render::review::{self, ChangeOrigin, Review};
use crate::render::style::{Paint, Tone};
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::value;
use crate::render::vocabulary::{self, Names};
use crate::status::State;

/// The text of a plan.
pub fn text(envelope: &GuardedPlan, paint: Paint) -> String {
    let plan = &envelope.plan;
    let mut page = TerminalPage::new(paint);
    page.line(0, 2, &header(plan));
    if let Some(line) = summary::restriction(plan) {
        page.line(0, 2, &line);
    }
    changes(&mut page, envelope);
    drifted(&mut page, plan);
    awaiting_acknowledgement(&mut page, envelope);
    blocked(&mut page, plan);
    list(&mut page, summary::announced_title(envelope), summary::announced(&envelope.announced));
    list(&mut page, "Notes", vocabulary::notes(&plan.notes));
    page.gap();
    page.line(0, 2, &Line::new().toned(Tone::Strong, &last_line(plan)));
    if envelope.scope.is_some()
        && let Some(on_base) = summary::on_base(&Review::of(envelope))
    {
        let own = envelope.own_agreements().len();
        let own = vocabulary::count(own, "agreement", "agreements");
        page.line(0, 2, &Line::of(&format!("The pull request changes {own}; {on_base}.")));
    }
    page.finish()
}

/// The largest number of lines of a plan that is shown before an apply.
const LONGEST: usize = 200;

/// The text of a plan for a confirmation: whole if it is short, else its groups, guards and totals.
pub fn overview(envelope: &GuardedPlan, paint: Paint) -> String {
    let whole = text(envelope, paint);
    if whole.lines().count() <= LONGEST {
        return whole;
    }
    let plan = &envelope.plan;
    let mut page = TerminalPage::new(paint);
    page.line(0, 2, &header(plan));
    page.gap();
    let (alike, others) = alike::split(&plan.changes, &plan.names);
    for alike in &alike {
        alike_heading(&mut page, alike);
        if alike.common.verb != Verb::Create {
            for detail in phrases::details(&alike.common, &plan.names) {
                write_detail(&mut page, 4, detail);
            }
        }
    }
    let risky = others.iter().filter(|change| change.severity().is_risk());
    for change in risky.take(LONGEST / 4) {
        page.line(
            0,
            4,
            &Line::new().toned(Tone::Alarm, "! ").foreign_toned(Tone::Strong, change.id.as_str()),
        );
        page.line(4, 6, &phrases::risks(&change.risks, &plan.names));
    }
    if !others.is_empty() {
        let changes = vocabulary::count(others.len(), "other change", "other changes");
        page.line(0, 2, &Line::of(&format!("{changes}; `servanda plan` shows each")));
    }
    for held in &envelope.awaiting {
        page.line(0, 2, &guard_and_option(envelope, held));
    }
    list(&mut page, summary::announced_title(envelope), summary::announced(&envelope.announced));
    page.gap();
    page.line(0, 2, &Line::new().toned(Tone::Strong, &last_line(plan)));
    page.finish()
}

/// The totals: `Plan: 3 to create, 2 to change (1 to activate), 4 blocked, 12 unchanged.`
pub(super) fn last_line(plan: &Plan) -> String {
    let waiting = review::guarded_ids(plan).count();
    let blocked = review::blocked_by_id(plan).len();
    let drift_kept = review::drift_kept(plan);
    let unchanged = plan.totals.unchanged.saturating_sub(drift_kept);
    if plan.is_empty() && waiting + blocked + drift_kept == 0 {
        let agreements = vocabulary::count(unchanged, "agreement matches", "agreements match");
        return format!("No changes. {agreements} the helpdesk.");
    }
    let of = |verb: Verb| plan.changes.iter().filter(move |change| change.verb == verb);
    let created_active = of(Verb::Create).filter(|change| change.status == Some(State::Active)).count();
    let activated = of(Verb::Update).filter(|change| phrases::activates(change)).count();
    let deactivated = of(Verb::Update).filter(|change| change.deactivates()).count();
    let updates = [(activated, "to activate"), (deactivated, "to deactivate")];
    let totals = [
        (of(Verb::Create).count(), "to create", in_brackets(&[(created_active, "active at once")])),
        (of(Verb::Update).count(), "to change", in_brackets(&updates)),
        (of(Verb::Retire).count(), "to retire", String::new()),
        (waiting, "awaiting acknowledgement", String::new()),
        (blocked, "blocked", String::new()),
        (drift_kept, "with drift not corrected", String::new()),
    ];
    let mut parts: Vec<String> = totals
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, what, more)| format!("{number} {what}{more}"))
        .collect();
    parts.push(format!("{unchanged} unchanged"));
    let verdict = if plan.is_empty() { "No changes to apply" } else { "Plan" };
    format!("{verdict}: {}.", parts.join(", "))
}

fn in_brackets(counts: &[(usize, &str)]) -> String {
    let parts = counts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, word)| format!("{number} {word}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn header(plan: &Plan) -> Line {
    let header = &plan.header;
    let zone = Zone::find(&header.zone).unwrap_or(Zone::UTC);
    let line = Line::new()
        .toned(Tone::Strong, &format!("Plan as of {}", zone.day_of(header.as_of)))
        .text(&format!(" ({}) for ", zone.name()))
        .foreign(&vocabulary::preview(&header.helpdesk));
    match &header.commit {
        Some(commit) => {
            line.toned(Tone::Quiet, &format!(", commit {}", commit.chars().take(10).collect::<String>()))
        }
        None => line,
    }
}

fn section(page: &mut TerminalPage, title: &str) {
    page.gap();
    page.line(0, 0, &Line::new().toned(Tone::Strong, title));
}

fn list(page: &mut TerminalPage, title: &str, items: Vec<Line>) {
    if items.is_empty() {
        return;
    }
    section(page, title);
    for item in items {
        page.line(2, 4, &Line::of("· ").join(item));
    }
}

/// The changes by origin, without drift. A plan of edits only has no section titles.
fn changes(page: &mut TerminalPage, envelope: &GuardedPlan) {
    let plan = &envelope.plan;
    let origin = |change: &Change| match review::main_cause(change) {
        Cause::Edit if !envelope.is_on_base(&change.id) => ChangeOrigin::Edit,
        Cause::Edit => ChangeOrigin::OtherEdit,
        Cause::Date => ChangeOrigin::Date,
        Cause::Drift => ChangeOrigin::Drift,
    };
    let is_mixed = plan.changes.iter().any(|change| origin(change) != ChangeOrigin::Edit);
    for group in [ChangeOrigin::Edit, ChangeOrigin::OtherEdit, ChangeOrigin::Date] {
        let (alike, others) =
            alike::split(plan.changes.iter().filter(|change| origin(change) == group), &plan.names);
        if is_mixed && !(alike.is_empty() && others.is_empty()) {
            section(page, phrases::section_title(group));
            if let Some(warning) = phrases::section_warning(group) {
                page.line(2, 4, &Line::new().toned(Tone::Alarm, "! ").text(warning));
            }
        }
        for alike in &alike {
            page.gap();
            together(page, alike, &plan.names);
        }
        for change in others {
            page.gap();
            block(page, 0, change, &plan.names);
        }
    }
}

/// The numbers of changes that are alike, and their result.
fn alike_heading(page: &mut TerminalPage, alike: &AlikeChanges<'_>) {
    let (tone, symbol) = phrases::symbol(&alike.common);
    let title = Line::new().toned(tone, symbol).text(" ").toned(Tone::Strong, &alike.counts());
    page.line(0, 4, &title.join(alike.result()));
}

/// Changes that are alike: their numbers, what they have in common, and their ids. New agreements are a table.
fn together(page: &mut TerminalPage, alike: &AlikeChanges<'_>, names: &Names) {
    alike_heading(page, alike);
    for detail in phrases::details(&alike.common, names) {
        write_detail(page, 4, detail);
    }
    if alike.common.verb == Verb::Create {
        let rows = alike.changes.iter().map(|change| creation(change)).collect();
        page.table(4, &TerminalTable { rows, ..TerminalTable::default() });
    } else {
        page.line(4, 6, &alike.ids());
    }
}

/// The row of a new agreement: its id, its client, its first and last day, and its number.
fn creation(change: &Change) -> Vec<Line> {
    let value = |wanted: Field| {
        let found = change.fields.iter().find(|field| field.field == wanted);
        match found.map(|field| &field.after) {
            Some(Value::Day(day)) => Line::of(&day.to_string()),
            Some(Value::Text(text)) => Line::new().foreign(&vocabulary::preview(text)),
            _ => Line::new(),
        }
    };
    let client = change.client.as_ref().map_or("", |client| client.as_str());
    vec![
        Line::new().foreign_toned(Tone::Strong, change.id.as_str()),
        Line::new().foreign(client),
        value(Field::FirstDay),
        value(Field::LastDay),
        value(Field::Number),
    ]
}

/// One change: its agreement, result, risks and fields.
fn block(page: &mut TerminalPage, indent: usize, change: &Change, names: &Names) {
    let (tone, symbol) = phrases::symbol(change);
    let title = heading(tone, symbol, &change.id, &change.title);
    let inner = indent + 4;
    match phrases::result(change) {
        Some(result) => {
            page.line(indent, inner, &title);
            page.line(inner, inner + 2, &result);
        }
        None => page.line(indent, inner, &title.join(phrases::unchanged_status(change))),
    }
    for detail in phrases::details(change, names) {
        write_detail(page, inner, detail);
    }
}

fn heading(tone: Tone, symbol: &str, id: &AgreementId, title: &str) -> Line {
    Line::new()
        .toned(tone, symbol)
        .text(" ")
        .foreign_toned(Tone::Strong, id.as_str())
        .text("  ")
        .quoted(&vocabulary::preview(title))
}

fn write_detail(page: &mut TerminalPage, indent: usize, detail: Detail) {
    match detail {
        Detail::Warning(line) => {
            page.line(indent, indent + 2, &Line::new().toned(Tone::Alarm, "! ").join(line));
        }
        Detail::Text(line, cause) => page.line(indent, indent + 2, &line.join(value::tag(cause))),
        Detail::Field(field) => value::write(page, indent, field),
    }
}

/// The section of drift: what was edited, by whom and when, and whether an apply corrects it.
fn drifted(page: &mut TerminalPage, plan: &Plan) {
    let mut by_id: BTreeMap<&AgreementId, (Option<&Change>, Vec<&Drift>)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| review::main_cause(change) == Cause::Drift) {
        by_id.entry(&change.id).or_default().0 = Some(change);
    }
    for drift in &plan.drift {
        by_id.entry(&drift.id).or_default().1.push(drift);
    }
    if by_id.is_empty() {
        return;
    }
    section(page, phrases::section_title(ChangeOrigin::Drift));
    let mut shown: BTreeMap<Vec<&Touch>, Vec<&Change>> = BTreeMap::new();
    for (change, drifts) in by_id.into_values() {
        page.gap();
        let touches: Vec<&Touch> = drifts.iter().filter_map(|drift| drift.touch.as_ref()).collect();
        if let Some(change) = change.filter(|change| change.state.is_none() && !touches.is_empty()) {
            let earlier = shown.entry(touches).or_default();
            if let Some(first) = earlier.iter().find(|first| is_same_edit(first, change)) {
                same_edit(page, change, &first.id);
                continue;
            }
            earlier.push(change);
        }
        match change {
            Some(change) => block(page, 0, change, &plan.names),
            None => drift_heading(page, plan, &drifts),
        }
        for drift in drifts.iter().filter(|drift| !drift.is_corrected) {
            write_detail(page, 4, phrases::drift_detail(drift, &plan.names));
            page.line(6, 8, &drift::not_corrected(drift));
        }
        for edit in drift::edits(&drifts) {
            page.line(4, 6, &Line::new().toned(Tone::Quiet, "↳ ").join(edit));
        }
    }
}

/// Whether two changes, of which neither changes the state, correct the same values, as of an object that several agreements
/// share.
fn is_same_edit(one: &Change, other: &Change) -> bool {
    (one.verb, &one.fields) == (other.verb, &other.fields)
}

/// An agreement whose drift is that of another one, which is shown once.
fn same_edit(page: &mut TerminalPage, change: &Change, first: &AgreementId) {
    let (tone, symbol) = phrases::symbol(change);
    page.line(0, 4, &heading(tone, symbol, &change.id, &change.title));
    page.line(
        4,
        6,
        &Line::new().toned(Tone::Quiet, "↳ the same edit as of ").foreign_toned(Tone::Quiet, first.as_str()),
    );
}

/// The heading of an agreement whose change, if any, is in another section.
fn drift_heading(page: &mut TerminalPage, plan: &Plan, drifts: &[&Drift]) {
    let Some(first) = drifts.first() else {
        return;
    };
    page.line(0, 4, &heading(Tone::Shift, "~", &first.id, &first.title));
    let is_changed = plan.changes.iter().any(|change| change.id == first.id);
    if drifts.iter().any(|drift| drift.is_corrected) {
        let place = if is_changed { phrases::CORRECTED_ABOVE } else { phrases::NOT_APPLIED };
        page.line(4, 6, &Line::new().toned(Tone::Quiet, place));
    }
}

/// A guard that stopped changes, and the option that acknowledges it, unless it stops the same on the base.
fn guard_and_option(envelope: &GuardedPlan, held: &AwaitingAcknowledgement) -> Line {
    let line = Line::new().toned(Tone::Alarm, "! ").join(phrases::guard_line(envelope, held));
    if envelope.is_guard_on_base(held.guard) {
        return line;
    }
    let option = format!("--accept {}={}", held.guard.as_str(), held.count);
    line.text("; to acknowledge, add ").toned(Tone::Strong, &option)
}

/// The guards that stopped changes, the option that acknowledges each, and the changes.
fn awaiting_acknowledgement(page: &mut TerminalPage, envelope: &GuardedPlan) {
    if envelope.awaiting.is_empty() {
        return;
    }
    section(page, "Awaiting acknowledgement");
    let guards = envelope.guards();
    for held in &envelope.awaiting {
        page.line(2, 4, &guard_and_option(envelope, held));
        let stopped =
            envelope.guarded_changes.iter().filter(|change| guards.get(&change.id) == Some(&held.guard));
        for change in stopped {
            block(page, 4, change, &envelope.plan.names);
        }
        page.gap();
    }
}

fn blocked(page: &mut TerminalPage, plan: &Plan) {
    let by_id = review::blocked_by_id(plan);
    if by_id.is_empty() {
        return;
    }
    section(page, "Blocked");
    for (id, reasons) in by_id {
        for reason in reasons {
            let line =
                Line::new().toned(Tone::Shift, "? ").foreign_toned(Tone::Strong, id.as_str()).text(": ");
            page.line(2, 4, &line.join(vocabulary::blocked_reason(reason)));
            page.line(4, 6, &Line::new().toned(Tone::Quiet, "→ ").join(vocabulary::remedy(reason)));
        }
    }
}
