//! A plan as text for people in a hurry: what changes and nothing else, each change a block, and one line at
//! the end that says it all.

use std::collections::BTreeMap;

use crate::calendar::Zone;
use crate::guard::Held;
use crate::ident::AgreementId;
use crate::live::Value;
use crate::mapping::Field;
use crate::plan::{Cause, Change, FieldChange, Plan, Reason, Risk, StateChange, Step, Verb, Weakened};
use crate::render::json::PlanEnvelope;
use crate::render::page::{Line, Page};
use crate::render::style::{Paint, Tone};
use crate::render::value;
use crate::render::words::{self, Names};
use crate::status::{Because, State};

mod drift;

/// The most promises that are named one by one.
const NAMED: usize = 10;

/// The text of a plan.
pub fn text(envelope: &PlanEnvelope, paint: Paint) -> String {
    let plan = &envelope.plan;
    let mut page = Page::new(paint);
    page.line(0, 2, &header(plan));
    changes(&mut page, plan);
    drift::section(&mut page, plan);
    waiting(&mut page, envelope);
    withheld(&mut page, plan);
    let notes = words::notes(&plan.notes);
    if !notes.is_empty() {
        section(&mut page, "Notes");
        for note in notes {
            page.line(2, 4, &Line::of("· ").say(&note));
        }
    }
    page.gap();
    page.line(0, 2, &Line::new().tone(Tone::Strong, &summary(plan)));
    page.finish()
}

/// The one line at the end: `3 to create, 2 to change (1 activated), 4 withheld, 12 as they should be.`
pub fn summary(plan: &Plan) -> String {
    let waiting = waiting_ids(plan).count();
    let withheld = withheld_by_id(plan).len();
    let left = drift::left(plan);
    let as_they_should_be = plan.totals.unchanged.saturating_sub(left);
    if plan.is_empty() && waiting + withheld + left == 0 {
        return format!(
            "Nothing to do: {} as {} should be.",
            words::count(as_they_should_be, "agreement is", "agreements are"),
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
    let activated = of(Verb::Update).filter(|change| activates(change)).count();
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
        (withheld, "withheld", String::new()),
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
        .tone(Tone::Strong, &format!("Plan as of {}", zone.day_of(header.as_of)))
        .say(&format!(" ({}) for {}", zone.name(), words::shown(&header.helpdesk)));
    match &header.commit {
        Some(commit) => {
            line.tone(Tone::Quiet, &format!(", commit {}", commit.chars().take(10).collect::<String>()))
        }
        None => line,
    }
}

fn section(page: &mut Page, title: &str) {
    page.gap();
    page.line(0, 0, &Line::new().tone(Tone::Strong, title));
}

/// The changes, those of people first; what the date did stands apart, and what drifted has a section of its own.
fn changes(page: &mut Page, plan: &Plan) {
    let groups = [(Cause::Edit, "Changes"), (Cause::Date, "Because the date moved")];
    let is_mixed = plan.changes.iter().any(|change| main_cause(change) != Cause::Edit);
    for (cause, title) in groups {
        let mut group = plan.changes.iter().filter(|change| main_cause(change) == cause).peekable();
        if is_mixed && group.peek().is_some() {
            section(page, title);
        }
        for change in group {
            page.gap();
            block(page, 0, change, &plan.names);
        }
    }
}

/// What brought most about: people before the date, the date before drift; what nobody can say counts as people's.
fn main_cause(change: &Change) -> Cause {
    let state = change.state.iter().map(|state| state.cause);
    let causes = state.chain(change.fields.iter().map(|field| field.cause));
    causes.map(|cause| cause.unwrap_or(Cause::Edit)).min().unwrap_or(Cause::Edit)
}

fn activates(change: &Change) -> bool {
    let is_moved = change.state.is_some() || change.steps.contains(&Step::Restore);
    is_moved && change.status == Some(State::Active)
}

/// One change: who, what becomes of it, what must not be overlooked, and what is written.
fn block(page: &mut Page, indent: usize, change: &Change, names: &Names) {
    let (tone, symbol) = match change.verb {
        Verb::Create => (Tone::Gain, "+"),
        Verb::Retire => (Tone::Loss, "−"),
        Verb::Update if activates(change) => (Tone::Gain, "▲"),
        Verb::Update if change.deactivates() => (Tone::Loss, "▼"),
        Verb::Update => (Tone::Shift, "~"),
    };
    let title = Line::new()
        .tone(tone, symbol)
        .say(" ")
        .tone(Tone::Strong, change.id.as_str())
        .say("  ")
        .say(&words::quoted(&change.title));
    let inner = indent + 4;
    match fate(change) {
        Some(fate) => {
            page.line(indent, inner, &title);
            page.line(inner, inner + 2, &fate);
        }
        None => page.line(indent, inner, &title.join(unmoved(change))),
    }
    for risk in &change.risks {
        for danger in dangers(risk, change, names) {
            page.line(inner, inner + 2, &Line::new().tone(Tone::Alarm, "! ").join(danger));
        }
    }
    if let Some(state) = change.state.as_ref().filter(|_| change.verb != Verb::Create) {
        page.line(inner, inner + 2, &state_line(state));
    }
    for line in besides(change) {
        page.line(inner, inner + 2, &line);
    }
    for field in change.fields.iter().filter(|field| !is_said(field, change)) {
        value::field(page, inner, field, change.verb, names);
    }
    for awaited in &change.after {
        page.line(
            inner,
            inner + 2,
            &Line::new().tone(Tone::Quiet, &format!("only after {awaited} is confirmed")),
        );
    }
}

/// Whether a field says what stands in the heading already.
fn is_said(field: &FieldChange, change: &Change) -> bool {
    let is_heading = matches!(&field.after, Value::Text(title) if *title == change.title);
    change.verb == Verb::Create && field.field == Field::Title && is_heading
}

/// What becomes of the agreement, in words; `None` where its status stays.
fn fate(change: &Change) -> Option<Line> {
    let why = change.because.map(|because| reason(because, change));
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let fate = match (change.verb, change.status) {
        (Verb::Retire, _) | (_, None) => "is retired: its document is gone from the files".to_owned(),
        (Verb::Create, Some(status)) => format!("is created {status}{why}"),
        (Verb::Update, Some(status)) if change.state.is_some() => {
            format!("{}{why}", words::becomes(status))
        }
        (Verb::Update, Some(_)) => return None,
    };
    Some(Line::of(&fate))
}

/// The status of a change that leaves it alone, to stand beside its name.
fn unmoved(change: &Change) -> Line {
    let status = change.status.map_or_else(String::new, |status| format!("  stays {status}"));
    Line::new().tone(Tone::Quiet, &status)
}

/// What happens to the object besides its fields: another id, out of the archive or into it.
fn besides(change: &Change) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(mark) = &change.mark
        && let Some(before) = &mark.before
    {
        let line = Line::of("id: ").say(before.as_str());
        lines.push(line.tone(Tone::Shift, " → ").say(mark.after.as_str()));
    }
    let archives = |step: &Step| match step {
        Step::Archive => Some("goes into the helpdesk's archive"),
        Step::Restore => Some("comes back from the helpdesk's archive"),
        _ => None,
    };
    lines.extend(change.steps.iter().filter_map(archives).map(Line::of));
    lines
}

/// Why the status is what it is, with the day where the change itself tells it.
fn reason(because: Because, change: &Change) -> String {
    let day = |wanted: &Field| {
        change.fields.iter().find_map(|field| match &field.after {
            Value::Day(day) if field.field == *wanted => Some(format!(" {day}")),
            _ => None,
        })
    };
    let first_day = day(&Field::FirstDay).unwrap_or_default();
    let last_day = day(&Field::LastDay).unwrap_or_default();
    match because {
        Because::BeforeFirstDay => format!("its first day{first_day} has not come"),
        Because::WithinPeriod if !first_day.is_empty() => {
            format!("its first day{first_day} has come")
        }
        Because::WithinPeriod => "today is within its period".to_owned(),
        Because::LastDayPassed => format!("its last day{last_day} has passed"),
        other => words::because(other).to_owned(),
    }
}

fn state_line(state: &StateChange) -> Line {
    let before = state.before.as_deref().map_or_else(|| "nothing".to_owned(), words::shown);
    let line = Line::of("state: ").say(&before).tone(Tone::Shift, " → ").say(&words::shown(&state.after));
    match state.cause {
        None => line,
        Some(cause) => line.tone(Tone::Quiet, &format!("  [{}]", words::cause(cause))),
    }
}

/// What must not be overlooked, a line each.
fn dangers(risk: &Risk, change: &Change, names: &Names) -> Vec<Line> {
    let said = |word: &str, what: &str| Line::new().tone(Tone::Alarm, word).say(": ").say(what);
    match risk {
        Risk::Deactivates => vec![said("deactivates", "clients can no longer ask for anything under it")],
        Risk::Weakens(weakened) => {
            weakenings(weakened, names).iter().map(|what| said("weakens", what)).collect()
        }
        Risk::Retires => vec![said("retires", "no document stands behind it any more")],
        Risk::Adopts => {
            let object = change.object.as_ref().map_or_else(String::new, ToString::to_string);
            vec![said("adopts", &format!("{object} bore no mark of ours until now"))]
        }
        Risk::Shortens => vec![said("shortens", "it ends earlier than the helpdesk has it")],
    }
}

fn weakenings(weakened: &[Weakened], names: &Names) -> Vec<String> {
    let mut said: Vec<String> =
        weakened.iter().take(NAMED).map(|weakened| words::weakened(weakened, names)).collect();
    if weakened.len() > NAMED {
        said.push(format!("and {} more", weakened.len() - NAMED));
    }
    said
}

/// What guards hold back, with the words to type.
fn waiting(page: &mut Page, envelope: &PlanEnvelope) {
    if envelope.held.is_empty() {
        return;
    }
    section(page, "Waiting for acknowledgement");
    let guards = envelope.guards();
    for held in &envelope.held {
        page.line(2, 4, &acknowledgement(held));
        let theirs = envelope.waiting.iter().filter(|change| guards.get(&change.id) == Some(&held.guard));
        for change in theirs {
            block(page, 4, change, &envelope.plan.names);
        }
        page.gap();
    }
}

fn acknowledgement(held: &Held) -> Line {
    let line = Line::new()
        .tone(Tone::Alarm, "! ")
        .say(&words::guarded(held.guard, held.count))
        .say(&format!(", and the limit is {}; ", held.limit));
    let line = match held.acknowledged {
        Some(other) => line.say(&format!(
            "`{}={other}` was acknowledged, which is another number; ",
            words::guard(held.guard)
        )),
        None => line,
    };
    line.say("if that is meant, add ")
        .tone(Tone::Strong, &format!("--accept {}={}", words::guard(held.guard), held.count))
}

fn waiting_ids(plan: &Plan) -> impl Iterator<Item = &AgreementId> {
    let guarded = plan.withheld.iter().filter(|withheld| matches!(withheld.reason, Reason::Guarded(_)));
    guarded.map(|withheld| &withheld.id)
}

/// The reasons for which agreements were left alone, but for those that a guard holds back.
fn withheld_by_id(plan: &Plan) -> BTreeMap<&AgreementId, Vec<&Reason>> {
    let mut by_id: BTreeMap<&AgreementId, Vec<&Reason>> = BTreeMap::new();
    for withheld in &plan.withheld {
        if !matches!(withheld.reason, Reason::Guarded(_)) {
            by_id.entry(&withheld.id).or_default().push(&withheld.reason);
        }
    }
    by_id
}

fn withheld(page: &mut Page, plan: &Plan) {
    let by_id = withheld_by_id(plan);
    if by_id.is_empty() {
        return;
    }
    section(page, "Withheld");
    for (id, reasons) in by_id {
        for reason in reasons {
            let (why, what_helps) = words::reason(reason);
            let line =
                Line::new().tone(Tone::Shift, "? ").tone(Tone::Strong, id.as_str()).say(": ").say(&why);
            page.line(2, 4, &line);
            page.line(4, 6, &Line::new().tone(Tone::Quiet, "→ ").say(&what_helps));
        }
    }
}

#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;
