//! What is said of one change, in lines that no sink has yet: what becomes of it, what must not be overlooked, what
//! is written. Terminal, Markdown and HTML all say this.

use std::collections::{BTreeMap, BTreeSet};

use crate::guard::AwaitingAcknowledgement;
use crate::ident::{AgreementId, LiveId};
use crate::live::Value;
use crate::mapping::Field;
use crate::plan::{
    Cause, Change, Drift, DriftPart, FieldChange, Plan, Reason, Risk, StateChange, Step, Verb, Weakened,
};
use crate::render::line::Line;
use crate::render::review::{Risky, Why};
use crate::render::style::Tone;
use crate::render::value;
use crate::render::vocabulary::{self, Names};
use crate::status::{State, StatusReason};

/// The most promises that are named one by one.
const NAMED: usize = 10;

/// The most that are named in a table.
const FEW: usize = 3;

/// One thing that is said of a change, below its name.
pub(in crate::render) enum Point {
    /// What must not be overlooked.
    Danger(Line),
    /// Anything else, with what brought it about where that is known.
    Line(Line, Option<Cause>),
    /// What becomes of a field.
    Field(value::Shown),
}

/// All that is said of a change below its name and its result, in order.
pub(in crate::render) fn points(change: &Change, names: &Names) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    points.extend(change.risks.iter().flat_map(|risk| dangers(risk, change, names)).map(Point::Danger));
    let state = change.state.iter().filter(|_| change.verb != Verb::Create).map(state_point);
    points.extend(state.chain(besides(change).into_iter().map(|line| Point::Line(line, None))));
    let fields = change.fields.iter().filter(|field| !is_said(field, change));
    points.extend(fields.map(|field| Point::Field(value::shown(field, change.verb, names))));
    points.extend(change.after.iter().map(|awaited| {
        let line = Line::new()
            .toned(Tone::Quiet, "only after ")
            .foreign_toned(Tone::Quiet, awaited.as_str())
            .toned(Tone::Quiet, " is confirmed");
        Point::Line(line, None)
    }));
    points
}

/// What is left as it is: what the files say, and what is held.
pub(in crate::render) fn left(left: &Drift, names: &Names) -> Point {
    match &left.part {
        DriftPart::State => state_point(&StateChange {
            before: text(&left.wanted),
            after: text(&left.held).unwrap_or_default(),
            cause: None,
        }),
        DriftPart::Field(field) => {
            let change = FieldChange {
                field: field.clone(),
                before: left.wanted.clone(),
                after: left.held.clone(),
                cause: None,
            };
            Point::Field(value::shown(&change, Verb::Update, names))
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// What brought most about: people before the date, the date before drift; what nobody can say counts as people's.
pub(in crate::render) fn main_cause(change: &Change) -> Cause {
    let state = change.state.iter().map(|state| state.cause);
    let causes = state.chain(change.fields.iter().map(|field| field.cause));
    causes.map(|cause| cause.unwrap_or(Cause::Edit)).min().unwrap_or(Cause::Edit)
}

pub(in crate::render) fn activates(change: &Change) -> bool {
    let is_moved = change.state.is_some() || change.steps.contains(&Step::Restore);
    is_moved && change.status == Some(State::Active)
}

/// The sign of a change, and its tone.
pub(in crate::render) fn sign(change: &Change) -> (Tone, &'static str) {
    match change.verb {
        Verb::Create => (Tone::Gain, "+"),
        Verb::Retire => (Tone::Loss, "−"),
        Verb::Update if activates(change) => (Tone::Gain, "▲"),
        Verb::Update if change.deactivates() => (Tone::Loss, "▼"),
        Verb::Update => (Tone::Shift, "~"),
    }
}

/// Whether a field says what stands in the heading already.
fn is_said(field: &FieldChange, change: &Change) -> bool {
    let is_heading = matches!(&field.after, Value::Text(title) if *title == change.title);
    change.verb == Verb::Create && field.field == Field::Title && is_heading
}

/// What becomes of the agreement, in words; `None` where its status stays.
pub(in crate::render) fn result(change: &Change) -> Option<Line> {
    let why = change.because.map(|because| reason(because, change));
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let result = match (change.verb, change.status) {
        (Verb::Retire, _) | (_, None) => "is retired: its document is gone from the files".to_owned(),
        (Verb::Create, Some(status)) => format!("is created {status}{why}"),
        (Verb::Update, Some(status)) if change.state.is_some() => {
            format!("{}{why}", vocabulary::status_change(status))
        }
        (Verb::Update, Some(_)) => return None,
    };
    Some(Line::of(&result))
}

/// The status of a change that leaves it alone, to stand beside its name.
pub(in crate::render) fn unmoved(change: &Change) -> Line {
    let status = change.status.map_or_else(String::new, |status| format!("  stays {status}"));
    Line::new().toned(Tone::Quiet, &status)
}

/// What happens to the object besides its fields: another id, out of the archive or into it.
fn besides(change: &Change) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(mark) = &change.ownership_key
        && let Some(before) = &mark.before
    {
        let line = Line::of("id: ").foreign(before.as_str());
        lines.push(line.toned(Tone::Shift, " → ").foreign(mark.after.as_str()));
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
fn reason(because: StatusReason, change: &Change) -> String {
    let day = |wanted: &Field| {
        change.fields.iter().find_map(|field| match &field.after {
            Value::Day(day) if field.field == *wanted => Some(format!(" {day}")),
            _ => None,
        })
    };
    let first_day = day(&Field::FirstDay).unwrap_or_default();
    let last_day = day(&Field::LastDay).unwrap_or_default();
    match because {
        StatusReason::BeforeFirstDay => format!("its first day{first_day} has not come"),
        StatusReason::WithinPeriod if !first_day.is_empty() => {
            format!("its first day{first_day} has come")
        }
        StatusReason::WithinPeriod => "today is within its period".to_owned(),
        StatusReason::LastDayPassed => format!("its last day{last_day} has passed"),
        other => vocabulary::status_reason(other).to_owned(),
    }
}

fn state_point(state: &StateChange) -> Point {
    let before = match &state.before {
        Some(before) => Line::new().foreign(&vocabulary::preview(before)),
        None => Line::of("nothing"),
    };
    let line = Line::of("state: ").join(before).toned(Tone::Shift, " → ");
    Point::Line(line.foreign(&vocabulary::preview(&state.after)), state.cause)
}

/// A risk in a word.
pub(in crate::render) fn danger(risk: &Risk) -> &'static str {
    match risk {
        Risk::Deactivates => "deactivates",
        Risk::Weakens(_) => "weakens",
        Risk::Retires => "retires",
        Risk::Adopts => "adopts",
        Risk::Shortens => "shortens",
    }
}

/// What must not be overlooked, a line each.
fn dangers(risk: &Risk, change: &Change, names: &Names) -> Vec<Line> {
    let said = |what: Line| Line::new().toned(Tone::Alarm, danger(risk)).text(": ").join(what);
    match risk {
        Risk::Deactivates => vec![said(Line::of("clients can no longer ask for anything under it"))],
        Risk::Weakens(weakened) => weakenings(weakened, names).into_iter().map(said).collect(),
        Risk::Retires => vec![said(Line::of("no document stands behind it any more"))],
        Risk::Adopts => {
            let object = change.object.as_ref().map_or("", LiveId::as_str);
            vec![said(Line::new().foreign(object).text(" bore no mark of ours until now"))]
        }
        Risk::Shortens => vec![said(Line::of("it ends earlier than the helpdesk has it"))],
    }
}

fn weakenings(weakened: &[Weakened], names: &Names) -> Vec<Line> {
    let mut said: Vec<Line> =
        weakened.iter().take(NAMED).map(|weakened| vocabulary::weakening(weakened, names)).collect();
    if weakened.len() > NAMED {
        said.push(Line::of(&format!("and {} more", weakened.len() - NAMED)));
    }
    said
}

/// What a guard counted, and that its limit is another number.
pub(in crate::render) fn held(held: &AwaitingAcknowledgement) -> Line {
    let line = Line::of(&vocabulary::guard_count(held.guard, held.count))
        .text(&format!(", and the limit is {}", held.limit));
    match held.acknowledged {
        Some(other) => line
            .text("; ")
            .code(&format!("{}={other}", vocabulary::guard_name(held.guard)))
            .text(" was acknowledged, which is another number"),
        None => line,
    }
}

/// The line that acknowledges what a guard counted, at the end of the message of a merge commit.
pub(in crate::render) fn trailer(held: &AwaitingAcknowledgement) -> String {
    format!("Servanda-Accept: {}={}", vocabulary::guard_name(held.guard), held.count)
}

/// The risks of a change in one line, with a few of the promises that become less.
pub(in crate::render) fn risks(change: &Change, names: &Names) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().toned(Tone::Alarm, danger(risk));
        let Risk::Weakens(weakened) = risk else {
            return line;
        };
        let first = weakened.iter().take(FEW).map(|weakened| vocabulary::weakening(weakened, names));
        let line = line.text(": ").join(Line::comma_separated(first));
        match weakened.len().saturating_sub(FEW) {
            0 => line,
            more => line.text(&format!(" and {more} more")),
        }
    };
    Line::comma_separated(change.risks.iter().map(line))
}

/// What brought a change about, or what it waits for.
pub(in crate::render) fn standing(risky: &Risky<'_>) -> Line {
    let change = risky.change;
    match (risky.guard, risky.waits) {
        (Some(guard), _) => Line::of("waits for ").code(vocabulary::guard_name(guard)),
        (None, true) => Line::of("waits"),
        (None, false) => {
            // What stops an agreement is the change of its state, whatever else is edited.
            let state = change.state.as_ref().filter(|_| change.deactivates()).and_then(|state| state.cause);
            let cause = state.unwrap_or_else(|| main_cause(change));
            let elsewhere = if risky.is_concerned || cause != Cause::Edit { "" } else { ", not from here" };
            Line::of(vocabulary::cause(cause)).text(elsewhere)
        }
    }
}

/// What a section of changes is called.
pub(in crate::render) fn section(why: Why) -> &'static str {
    match why {
        Why::Waiting => "AwaitingAcknowledgement back",
        Why::Edit => "Changes",
        Why::Elsewhere => "Not caused by this pull request",
        Why::Date => "Because the date moved",
        Why::Drift => "Changed by hand in the helpdesk",
    }
}

/// What is to be said before the changes of a section.
pub(in crate::render) fn warning(why: Why) -> Option<&'static str> {
    (why == Why::Elsewhere).then_some(
        "Its files do not explain these changes. The merge would bring them about all the same: somebody merged them without an apply, or the base has moved.",
    )
}

/// The agreements that a guard holds back.
pub(in crate::render) fn waiting_ids(plan: &Plan) -> impl Iterator<Item = &AgreementId> {
    let guarded = plan.blocked.iter().filter(|blocked| matches!(blocked.reason, Reason::Guarded(_)));
    guarded.map(|blocked| &blocked.id)
}

/// The reasons for which agreements were left alone, but for those that a guard holds back.
pub(in crate::render) fn withheld_by_id(plan: &Plan) -> BTreeMap<&AgreementId, Vec<&Reason>> {
    let mut by_id: BTreeMap<&AgreementId, Vec<&Reason>> = BTreeMap::new();
    for blocked in &plan.blocked {
        if !matches!(blocked.reason, Reason::Guarded(_)) {
            by_id.entry(&blocked.id).or_default().push(&blocked.reason);
        }
    }
    by_id
}

/// How many agreements differ from the files in nothing but what is left as it is.
pub(in crate::render) fn left_alone(plan: &Plan) -> usize {
    let left = plan.drift.iter().filter(|drift| !drift.is_corrected).map(|drift| &drift.id);
    let left: BTreeSet<&AgreementId> = left.collect();
    let changed: BTreeSet<&AgreementId> = plan.changes.iter().map(|change| &change.id).collect();
    left.difference(&changed).count()
}
