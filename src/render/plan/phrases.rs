//! Sentences about a change, as lines for any sink: its result, its risks and its fields.
//!
//! Terminal, Markdown and HTML all use these, so that they contain the same facts.

use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::LiveId;
use crate::live::Value;
use crate::mapping::Field;
use crate::plan::{
    AgreementHours, Cause, Change, Drift, DriftPart, FieldChange, GuardName, Risk, StateChange, Step, Verb,
    Weakened,
};
use crate::render::line::Line;
use crate::render::plan::drift;
use crate::render::review::{ChangeOrigin, ReviewEntry, RiskyChange, main_cause};
use crate::render::style::Tone;
use crate::render::value::{self, FieldDetail};
use crate::render::vocabulary::{self, Names};
use crate::status::{State, StatusReason};

/// The most weakened service levels that a change names one by one.
const NAMED: usize = 10;

/// The most that a row of the table of risks names.
const NAMED_IN_TABLE: usize = 3;

/// One line of the description of a change.
pub(in crate::render) enum Detail {
    /// A risk.
    Warning(Line),
    /// Anything else, with its cause if that is known.
    Text(Line, Option<Cause>),
    /// The change of a field.
    Field(FieldDetail),
}

/// The description of a change, below its name and its result.
pub(in crate::render) fn details(change: &Change, names: &Names) -> Vec<Detail> {
    let mut details: Vec<Detail> = Vec::new();
    details.extend(change.risks.iter().flat_map(|risk| warnings(risk, change, names)).map(Detail::Warning));
    let state = change.state.iter().filter(|_| change.verb != Verb::Create).map(state_detail);
    details.extend(state.chain(object_changes(change).into_iter().map(|line| Detail::Text(line, None))));
    let fields = change.fields.iter().filter(|field| !is_in_heading(field, change));
    details
        .extend(fields.map(|field| Detail::Field(value::detail(field, change.verb, &change.hours, names))));
    details.extend(change.after.iter().map(|awaited| {
        let line = Line::new()
            .toned(Tone::Quiet, "applied only after ")
            .foreign_toned(Tone::Quiet, awaited.as_str())
            .toned(Tone::Quiet, " is confirmed");
        Detail::Text(line, None)
    }));
    details
}

/// The description of an agreement under review: its change, and its drift.
pub(in crate::render) fn entry_details(entry: &ReviewEntry<'_>, names: &Names) -> Vec<Detail> {
    let mut details = entry.change.map_or_else(Vec::new, |change: &Change| details(change, names));
    for drift in entry.drifts.iter().filter(|drift: &&&Drift| !drift.is_corrected) {
        details.push(drift_detail(drift, names));
        details.push(Detail::Text(drift::not_corrected(drift), None));
    }
    if entry.change.is_none() && entry.drifts.iter().any(|drift| drift.is_corrected) {
        details.push(Detail::Text(Line::of(CORRECTED_ABOVE), None));
    }
    details.extend(drift::edits(&entry.drifts).into_iter().map(|line| Detail::Text(line, None)));
    details
}

/// The note on drift that a change of another main cause corrects too.
pub(super) const CORRECTED_ABOVE: &str = "corrected by the change above";

/// The note on drift whose correction a guard stopped.
pub(super) const NOT_APPLIED: &str = "its correction awaits acknowledgement, see below";

/// Drift that is not corrected: the desired value, then the live one.
pub(super) fn drift_detail(drift: &Drift, names: &Names) -> Detail {
    match &drift.part {
        DriftPart::State => state_detail(&StateChange {
            before: text(&drift.wanted),
            after: text(&drift.held).unwrap_or_default(),
            cause: None,
        }),
        DriftPart::Field(field) => {
            let change = FieldChange {
                field: field.clone(),
                before: drift.wanted.clone(),
                after: drift.held.clone(),
                cause: None,
            };
            Detail::Field(value::detail(&change, Verb::Update, &AgreementHours::default(), names))
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Whether a change makes an agreement active.
pub(in crate::render) fn activates(change: &Change) -> bool {
    let is_moved = change.state.is_some() || change.steps.contains(&Step::Restore);
    is_moved && change.status == Some(State::Active)
}

/// The symbol of a change, and its tone.
pub(in crate::render) fn symbol(change: &Change) -> (Tone, &'static str) {
    match change.verb {
        Verb::Create => (Tone::Gain, "+"),
        Verb::Retire => (Tone::Loss, "−"),
        Verb::Update if activates(change) => (Tone::Gain, "▲"),
        Verb::Update if change.deactivates() => (Tone::Loss, "▼"),
        Verb::Update => (Tone::Shift, "~"),
    }
}

/// Whether the heading already contains a field.
fn is_in_heading(field: &FieldChange, change: &Change) -> bool {
    let is_heading = matches!(&field.after, Value::Text(title) if *title == change.title);
    change.verb == Verb::Create && field.field == Field::Title && is_heading
}

/// The new status of the agreement with its reason; `None` if the status does not change.
pub(in crate::render) fn result(change: &Change) -> Option<Line> {
    let why = change.because.map(|because| status_reason(because, change));
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let result = match (change.verb, change.status) {
        (Verb::Retire, _) | (_, None) => "will be retired: its document no longer exists".to_owned(),
        (Verb::Create, Some(status)) => format!("will be created with status {status}{why}"),
        (Verb::Update, Some(status)) if change.state.is_some() => {
            format!("{}{why}", vocabulary::status_change(status))
        }
        (Verb::Update, Some(_)) => return None,
    };
    Some(Line::of(&result))
}

/// The note, beside its name, that the status of an agreement does not change.
pub(in crate::render) fn unchanged_status(change: &Change) -> Line {
    let status = change.status.map_or_else(String::new, |status| format!("  stays {status}"));
    Line::new().toned(Tone::Quiet, &status)
}

/// Changes of the object other than its fields: another ownership key, archived, restored.
fn object_changes(change: &Change) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(key) = &change.ownership_key
        && let Some(before) = &key.before
    {
        let line = Line::of("ownership key: ").foreign(before.as_str());
        lines.push(line.toned(Tone::Shift, " → ").foreign(key.after.as_str()));
    }
    let archives = |step: &Step| match step {
        Step::Archive => Some("will be archived in the helpdesk"),
        Step::Restore => Some("will be restored from the archive of the helpdesk"),
        _ => None,
    };
    lines.extend(change.steps.iter().filter_map(archives).map(Line::of));
    lines
}

/// The reason for a status, with the day if the change contains it.
fn status_reason(because: StatusReason, change: &Change) -> String {
    let day = |wanted: &Field| {
        change.fields.iter().find_map(|field| match &field.after {
            Value::Day(day) if field.field == *wanted => Some(format!(" {day}")),
            _ => None,
        })
    };
    let first_day = day(&Field::FirstDay).unwrap_or_default();
    let last_day = day(&Field::LastDay).unwrap_or_default();
    match because {
        StatusReason::BeforeFirstDay => format!("its first day{first_day} is in the future"),
        StatusReason::WithinPeriod if !first_day.is_empty() => {
            format!("its first day{first_day} has been reached")
        }
        StatusReason::WithinPeriod => "the date is within its period".to_owned(),
        StatusReason::LastDayPassed => format!("its last day{last_day} has passed"),
        other => vocabulary::status_reason(other).to_owned(),
    }
}

fn state_detail(state: &StateChange) -> Detail {
    let before = match &state.before {
        Some(before) => Line::new().foreign(&vocabulary::preview(before)),
        None => Line::of("nothing"),
    };
    let line = Line::of("state: ").join(before).toned(Tone::Shift, " → ");
    Detail::Text(line.foreign(&vocabulary::preview(&state.after)), state.cause)
}

/// The name of a risk.
pub(in crate::render) fn risk_name(risk: &Risk) -> &'static str {
    match risk {
        Risk::Deactivates => "deactivates",
        Risk::Weakens(_) => "weakens",
        Risk::Retires => "retires",
        Risk::Adopts => "adopts",
        Risk::Shortens => "shortens",
        Risk::Overwrites(_) => "overwrites",
        Risk::Duplicates(_) => "duplicates",
    }
}

/// The warnings for a risk, a line each.
fn warnings(risk: &Risk, change: &Change, names: &Names) -> Vec<Line> {
    let warning = |what: Line| Line::new().toned(Tone::Alarm, risk_name(risk)).text(": ").join(what);
    match risk {
        Risk::Deactivates => {
            vec![warning(Line::of("clients can no longer make requests under this agreement"))]
        }
        Risk::Weakens(weakened) => weakenings(weakened, names).into_iter().map(warning).collect(),
        Risk::Retires => vec![warning(Line::of("its document no longer exists"))],
        Risk::Adopts => {
            let object = change.object.as_ref().map_or("", LiveId::as_str);
            vec![warning(Line::of("Servanda did not manage ").foreign(object).text(" before"))]
        }
        Risk::Shortens => vec![warning(Line::of("it will end earlier than in the helpdesk now"))],
        Risk::Overwrites(fields) => {
            vec![warning(Line::of("text that people wrote in the helpdesk: ").join(field_names(fields)))]
        }
        Risk::Duplicates(other) => {
            let line = Line::new().code(other.as_str()).text(
                " is active for the same recipients and services, and no longer in the files; if it moved, write ",
            );
            vec![warning(line.code(&format!("formerly: [{other}]")))]
        }
    }
}

fn field_names(fields: &[Field]) -> Line {
    Line::comma_separated(
        fields.iter().map(|field| Line::new().foreign(&vocabulary::preview(&field.to_string()))),
    )
}

fn weakenings(weakened: &[Weakened], names: &Names) -> Vec<Line> {
    let mut lines: Vec<Line> =
        weakened.iter().take(NAMED).map(|weakened| vocabulary::weakening(weakened, names)).collect();
    if weakened.len() > NAMED {
        lines.push(Line::of(&format!("and {} more", weakened.len() - NAMED)));
    }
    lines
}

/// The number that a guard counted, its limit, and the number that was acknowledged instead.
pub(in crate::render) fn guard_line(envelope: &GuardedPlan, held: &AwaitingAcknowledgement) -> Line {
    let line = Line::of(&vocabulary::guard_count(held.guard, held.count))
        .text(&format!("; the limit is {}", held.limit));
    // An edit of `renewal` or `term` also applies to periods that have begun.
    let line = match held.guard {
        GuardName::Ended => line
            .text("; to end later, set ")
            .code("renewal.max_terms")
            .text(" or a ")
            .code("termination")
            .text(" on a day to come"),
        _ => line,
    };
    let line = match held.acknowledged {
        Some(other) => line
            .text("; ")
            .code(&format!("{}={other}", held.guard.as_str()))
            .text(" was acknowledged, but the number differs"),
        None => line,
    };
    if envelope.is_guard_on_base(held.guard) {
        line.text("; all of it is on the base as well, and is not to be acknowledged with this pull request")
    } else {
        line
    }
}

/// The trailers of a merge commit that acknowledge the numbers of guards, except of those that stop the same on the base.
pub(in crate::render) fn trailers(envelope: &GuardedPlan) -> Vec<String> {
    let own = envelope.awaiting.iter().filter(|held| !envelope.is_guard_on_base(held.guard));
    own.map(|held| format!("Servanda-Accept: {}={}", held.guard.as_str(), held.count)).collect()
}

/// Risks in one line, with some of the weakened service levels.
pub(in crate::render) fn risks(risks: &[Risk], names: &Names) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().toned(Tone::Alarm, risk_name(risk));
        let weakened = match risk {
            Risk::Weakens(weakened) => weakened,
            Risk::Overwrites(fields) => return line.text(": ").join(field_names(fields)),
            _ => return line,
        };
        let first =
            weakened.iter().take(NAMED_IN_TABLE).map(|weakened| vocabulary::weakening(weakened, names));
        let line = line.text(": ").join(Line::comma_separated(first));
        match weakened.len().saturating_sub(NAMED_IN_TABLE) {
            0 => line,
            more => line.text(&format!(" and {more} more")),
        }
    };
    Line::comma_separated(risks.iter().map(line))
}

/// The cause of a risky change, or the guard that stopped it, and whether it is on the base as well.
pub(in crate::render) fn cause_or_guard(risky: &RiskyChange<'_>) -> Line {
    let change = risky.change;
    let line = match (risky.guard, risky.is_waiting) {
        (Some(guard), _) => Line::of("awaits acknowledgement: ").code(guard.as_str()),
        (None, true) => Line::of("depends on another change"),
        (None, false) => {
            // The cause of a deactivation is that of the state, even if fields were edited too.
            let state = change.state.as_ref().filter(|_| change.deactivates()).and_then(|state| state.cause);
            Line::of(vocabulary::cause(state.unwrap_or_else(|| main_cause(change))))
        }
    };
    if risky.is_on_base { line.text(", on the base as well") } else { line }
}

/// The title of a section.
pub(in crate::render) fn section_title(origin: ChangeOrigin) -> &'static str {
    match origin {
        ChangeOrigin::AwaitingAcknowledgement => "Changes awaiting acknowledgement",
        ChangeOrigin::Edit => "Changes",
        ChangeOrigin::OtherEdit => "Changes not caused by this pull request",
        ChangeOrigin::Date => "Changes caused by the date",
        ChangeOrigin::Drift => "Drift: edited in the helpdesk since the last apply",
    }
}

/// The warning before the changes of a section.
pub(in crate::render) fn section_warning(origin: ChangeOrigin) -> Option<&'static str> {
    (origin == ChangeOrigin::OtherEdit).then_some(
        "These changes are on the base as well, and the apply after the merge makes them too: an earlier merge was not applied.",
    )
}
