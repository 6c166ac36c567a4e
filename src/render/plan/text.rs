//! A plan as text for people in a hurry: what changes and nothing else, each change a block, and one line at
//! the end that says it all.

use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::plan::{Cause, Change, Plan, Verb};
use crate::render::line::Line;
use crate::render::plan::phrases::{self, Point};
use crate::render::plan::{drift, summary};
use crate::render::review::{self, Why};
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::render::value;
use crate::render::vocabulary::{self, Names};
use crate::status::State;

/// The text of a plan.
pub fn text(envelope: &GuardedPlan, paint: Paint) -> String {
    let plan = &envelope.plan;
    let mut page = TerminalPage::new(paint);
    page.line(0, 2, &header(plan));
    changes(&mut page, envelope);
    drift::section(&mut page, plan);
    waiting(&mut page, envelope);
    blocked(&mut page, plan);
    if !envelope.announced.is_empty() {
        section(&mut page, "Notices that the apply would send");
        for told in summary::announced(&envelope.announced) {
            page.line(2, 4, &Line::of("· ").join(told));
        }
    }
    let notes = vocabulary::notes(&plan.notes);
    if !notes.is_empty() {
        section(&mut page, "Notes");
        for note in notes {
            page.line(2, 4, &Line::of("· ").join(note));
        }
    }
    page.gap();
    page.line(0, 2, &Line::new().toned(Tone::Strong, &last_line(plan)));
    page.finish()
}

/// The one line at the end: `3 to create, 2 to change (1 activated), 4 blocked, 12 as they should be.`
pub(super) fn last_line(plan: &Plan) -> String {
    let waiting = phrases::waiting_ids(plan).count();
    let blocked = phrases::withheld_by_id(plan).len();
    let left = phrases::left_alone(plan);
    let as_they_should_be = plan.totals.unchanged.saturating_sub(left);
    if plan.is_empty() && waiting + blocked + left == 0 {
        return format!(
            "Nothing to do: {} as {} should be.",
            vocabulary::count(as_they_should_be, "agreement is", "agreements are"),
            if as_they_should_be == 1 { "it" } else { "they" }
        );
    }
    let of = |verb: Verb| plan.changes.iter().filter(move |change| change.verb == verb);
    let in_brackets = |counts: [(usize, &str); 2]| {
        let parts: Vec<String> = counts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    };
    let active_at_once = of(Verb::Create).filter(|change| change.status == Some(State::Active));
    let activated = of(Verb::Update).filter(|change| phrases::activates(change)).count();
    let deactivated = of(Verb::Update).filter(|change| change.deactivates()).count();
    let parts = [
        (
            of(Verb::Create).count(),
            "to create",
            in_brackets([(active_at_once.count(), "active at once"), (0, "")]),
        ),
        (
            of(Verb::Update).count(),
            "to change",
            in_brackets([(activated, "activated"), (deactivated, "deactivated")]),
        ),
        (of(Verb::Retire).count(), "to retire", String::new()),
        (waiting, "waiting for acknowledgement", String::new()),
        (blocked, "blocked", String::new()),
        (left, "left as changed by hand", String::new()),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, what, more)| format!("{number} {what}{more}"))
        .collect();
    if plan.is_empty() {
        said.insert(0, "Nothing to do now".to_owned());
    }
    said.push(format!(
        "{as_they_should_be} as {} should be",
        if as_they_should_be == 1 { "it" } else { "they" }
    ));
    format!("{}.", said.join(", "))
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

pub(super) fn section(page: &mut TerminalPage, title: &str) {
    page.gap();
    page.line(0, 0, &Line::new().toned(Tone::Strong, title));
}

/// The changes, those of people first; what the date did stands apart, as does what a pull request does not cause,
/// and what drifted has a section of its own.
fn changes(page: &mut TerminalPage, envelope: &GuardedPlan) {
    let plan = &envelope.plan;
    let groups = [Why::Edit, Why::Elsewhere, Why::Date];
    let why = |change: &Change| match phrases::main_cause(change) {
        Cause::Edit if review::is_concerned(envelope, &change.id) => Why::Edit,
        Cause::Edit => Why::Elsewhere,
        Cause::Date => Why::Date,
        Cause::Drift => Why::Drift,
    };
    let is_mixed = plan.changes.iter().any(|change| why(change) != Why::Edit);
    for group in groups {
        let mut changes = plan.changes.iter().filter(|change| why(change) == group).peekable();
        if is_mixed && changes.peek().is_some() {
            section(page, phrases::section(group));
            if let Some(warning) = phrases::warning(group) {
                page.line(2, 4, &Line::new().toned(Tone::Alarm, "! ").text(warning));
            }
        }
        for change in changes {
            page.gap();
            block(page, 0, change, &plan.names);
        }
    }
}

/// One change: who, what becomes of it, what must not be overlooked, and what is written.
pub(super) fn block(page: &mut TerminalPage, indent: usize, change: &Change, names: &Names) {
    let (tone, symbol) = phrases::sign(change);
    let title = Line::new()
        .toned(tone, symbol)
        .text(" ")
        .foreign_toned(Tone::Strong, change.id.as_str())
        .text("  ")
        .quoted(&vocabulary::preview(&change.title));
    let inner = indent + 4;
    match phrases::result(change) {
        Some(result) => {
            page.line(indent, inner, &title);
            page.line(inner, inner + 2, &result);
        }
        None => page.line(indent, inner, &title.join(phrases::unmoved(change))),
    }
    for point in phrases::points(change, names) {
        self::point(page, inner, point);
    }
}

pub(super) fn point(page: &mut TerminalPage, indent: usize, point: Point) {
    match point {
        Point::Danger(line) => {
            page.line(indent, indent + 2, &Line::new().toned(Tone::Alarm, "! ").join(line));
        }
        Point::Line(line, cause) => page.line(indent, indent + 2, &line.join(value::tag(cause))),
        Point::Field(shown) => value::write(page, indent, shown),
    }
}

/// What guards hold back, with the words to type.
fn waiting(page: &mut TerminalPage, envelope: &GuardedPlan) {
    if envelope.awaiting.is_empty() {
        return;
    }
    section(page, "Waiting for acknowledgement");
    let guards = envelope.guards();
    for held in &envelope.awaiting {
        let switch = format!("--accept {}={}", vocabulary::guard_name(held.guard), held.count);
        let line = Line::new().toned(Tone::Alarm, "! ").join(phrases::held(held));
        page.line(2, 4, &line.text("; if that is meant, add ").toned(Tone::Strong, &switch));
        let theirs =
            envelope.guarded_changes.iter().filter(|change| guards.get(&change.id) == Some(&held.guard));
        for change in theirs {
            block(page, 4, change, &envelope.plan.names);
        }
        page.gap();
    }
}

fn blocked(page: &mut TerminalPage, plan: &Plan) {
    let by_id = phrases::withheld_by_id(plan);
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
