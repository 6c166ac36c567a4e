//! Sentences about a change, as lines for any sink: its result, its risks and its fields.
//!
//! Terminal, Markdown and HTML all use these, so that they contain the same facts.

use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::AgreementId;
use crate::live::Value;
use crate::mapping::Field;
use crate::plan::{
    AgreementHours, Cause, Change, Drift, DriftPart, Elsewhere, FieldChange, GuardName, Risk, StateChange,
    Step, Verb, Weakened,
};
use crate::render::line::Line;
use crate::render::plan::drift;
use crate::render::reasons;
use crate::render::review::{ChangeOrigin, ReviewEntry, RiskyChange, main_cause};
use crate::render::style::Tone;
use crate::render::value::{self, FieldDetail, ValuePair};
use crate::render::vocabulary::{self, Vocabulary};
use crate::render::wording::plan as texts;
use crate::render::wording::{Text, Value as Part};
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

/// The description of a change, below its name and its result. A part has its cause only if that is not the cause of the
/// whole change.
pub(in crate::render) fn details(change: &Change, words: Vocabulary<'_>) -> Vec<Detail> {
    let mut details: Vec<Detail> = Vec::new();
    details.extend(change.risks.iter().flat_map(|risk| warnings(risk, change, words)).map(Detail::Warning));
    let main = main_cause(change);
    let other = |cause: Option<Cause>| cause.filter(|cause| *cause != main);
    let state = change.state.iter().filter(|_| change.verb != Verb::Create);
    let state = state.map(|state| state_detail(state, other(state.cause), words));
    let objects = object_changes(change, words).into_iter().map(|line| Detail::Text(line, None));
    details.extend(state.chain(objects));
    let fields = change.fields.iter().filter(|field| !is_in_heading(field, change));
    details.extend(fields.map(|field| {
        let detail = value::detail(field, change.verb, &change.hours, words);
        Detail::Field(FieldDetail { cause: other(detail.cause), ..detail })
    }));
    details.extend(change.after.iter().map(|awaited| Detail::Text(awaits(awaited, words), None)));
    let elsewhere = change.elsewhere.iter().filter(|_| change.verb != Verb::Move);
    details.extend(elsewhere.map(|awaited| Detail::Text(awaits_elsewhere(awaited, words), None)));
    details
}

/// The note that a change is applied only after another one.
pub(in crate::render) fn awaits(awaited: &AgreementId, words: Vocabulary<'_>) -> Line {
    let other = Line::new().foreign_toned(Tone::Quiet, awaited.as_str());
    texts::APPLIED_AFTER.toned(words.language, Tone::Quiet, &[("other", other.into())])
}

/// The note that a change is applied only after one in another helpdesk.
fn awaits_elsewhere(awaited: &Elsewhere, words: Vocabulary<'_>) -> Line {
    let quiet = |text: &str| Line::new().foreign_toned(Tone::Quiet, text);
    let (other, helpdesk) = (quiet(awaited.agreement.as_str()), quiet(awaited.helpdesk.as_str()));
    let values = [("other", other.into()), ("helpdesk", helpdesk.into())];
    texts::APPLIED_AFTER_ELSEWHERE.toned(words.language, Tone::Quiet, &values)
}

/// A value before and after, for a difference.
pub(in crate::render) struct ChangedValue<'a> {
    /// The field; `None` for the state.
    pub(in crate::render) field: Option<&'a Field>,
    /// The value on both sides.
    pub(in crate::render) pair: ValuePair,
    /// The cause, if it is not that of the whole change.
    pub(in crate::render) cause: Option<Cause>,
}

/// The values of a change before and after, without those that its heading contains.
pub(in crate::render) fn changed_values<'a>(
    change: &'a Change,
    words: Vocabulary<'_>,
) -> Vec<ChangedValue<'a>> {
    let raw = |state: &str| Line::new().foreign(&words.preview(state));
    let main = main_cause(change);
    let other = |cause: Option<Cause>| cause.filter(|cause| *cause != main);
    // The heading states the new status, unless it is the helpdesk's own state that differs.
    let state =
        change.state.iter().filter(|_| change.verb == Verb::Update && result(change, words).is_none());
    let state = state.map(|state| {
        let (before, after) = (state.before.as_deref().map(raw), Some(raw(&state.after)));
        let pair = ValuePair { label: Line::of(words.say(texts::STATE)), before, after };
        ChangedValue { field: None, pair, cause: other(state.cause) }
    });
    let fields = change.fields.iter().filter(|field| !is_in_heading(field, change));
    let fields = fields.flat_map(|field| {
        let pairs = value::pairs(field, &change.hours, words).into_iter();
        let cause = other(field.cause);
        pairs.map(move |pair| ChangedValue { field: Some(&field.field), pair, cause })
    });
    state.chain(fields).collect()
}

/// The details of a change besides its values: changes of the object, targets that are the same in effect, what it waits for.
pub(in crate::render) fn further_details(change: &Change, words: Vocabulary<'_>) -> Vec<Detail> {
    let is_same = |field: &&FieldChange| {
        field.field == Field::Targets && value::pairs(field, &change.hours, words).is_empty()
    };
    let same =
        change.fields.iter().filter(is_same).map(|field| {
            Line::of(&words.field(&field.field)).text(": ").text(words.say(texts::SAME_IN_EFFECT))
        });
    let lines = object_changes(change, words).into_iter().chain(same);
    let lines = lines.chain(change.after.iter().map(|awaited| awaits(awaited, words)));
    lines.map(|line| Detail::Text(line, None)).collect()
}

/// The description of drift in an agreement: the values that are not corrected, and who edited them.
pub(in crate::render) fn drift_details(entry: &ReviewEntry<'_>, words: Vocabulary<'_>) -> Vec<Detail> {
    let mut details = Vec::new();
    for drift in entry.drifts.iter().filter(|drift: &&&Drift| !drift.is_corrected) {
        details.push(drift_detail(drift, words));
        details.push(Detail::Text(drift::not_corrected(drift, words), None));
    }
    if entry.change.is_none() && entry.drifts.iter().any(|drift| drift.is_corrected) {
        details.push(Detail::Text(Line::of(words.say(texts::CORRECTED_ABOVE)), None));
    }
    details.extend(drift::edits(&entry.drifts, words).into_iter().map(|line| Detail::Text(line, None)));
    details
}

/// Drift that is not corrected: the desired value, then the live one.
pub(super) fn drift_detail(drift: &Drift, words: Vocabulary<'_>) -> Detail {
    match &drift.part {
        DriftPart::State => {
            let (before, after) = (text(&drift.wanted), text(&drift.held).unwrap_or_default());
            state_detail(&StateChange { before, after, cause: None }, None, words)
        }
        DriftPart::Field(field) => {
            let change = FieldChange {
                field: field.clone(),
                before: drift.wanted.clone(),
                after: drift.held.clone(),
                cause: None,
            };
            Detail::Field(value::detail(&change, Verb::Update, &AgreementHours::default(), words))
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
        Verb::Move => (Tone::Shift, "→"),
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
pub(in crate::render) fn result(change: &Change, words: Vocabulary<'_>) -> Option<Line> {
    let why = change.because.map(|because| status_reason(because, change, words));
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let result = match (change.verb, change.status) {
        (Verb::Move, _) => {
            let helpdesk = change.risks.iter().find_map(|risk| match risk {
                Risk::Moves(elsewhere) => Some(elsewhere.helpdesk.as_str()),
                _ => None,
            });
            let helpdesk = helpdesk.unwrap_or_default();
            let helpdesk = [("helpdesk", Line::new().foreign(helpdesk).into())];
            return Some(words.line(texts::MOVED, &helpdesk));
        }
        (Verb::Retire, _) | (_, None) => words.say(texts::RETIRED).to_owned(),
        (Verb::Create, Some(status)) => {
            let status = [("status", words.status(status).into())];
            format!("{}{why}", texts::CREATED.words(words.language, &status))
        }
        (Verb::Update, Some(status)) if change.state.is_some() => {
            format!("{}{why}", words.status_change(status))
        }
        (Verb::Update, Some(_)) => return None,
    };
    Some(Line::of(&result))
}

/// The note, beside its name, that the status of an agreement does not change.
pub(in crate::render) fn unchanged_status(change: &Change, words: Vocabulary<'_>) -> Line {
    let Some(status) = change.status else { return Line::new() };
    let status = [("status", words.status(status).into())];
    texts::STAYS.toned(words.language, Tone::Quiet, &status)
}

/// The new status with its reason, or that it stays.
pub(in crate::render) fn status_line(change: &Change, words: Vocabulary<'_>) -> Line {
    result(change, words).unwrap_or_else(|| unchanged_status(change, words))
}

/// Changes of the object other than its fields: another ownership key, archived, restored.
pub(in crate::render) fn object_changes(change: &Change, words: Vocabulary<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(key) = &change.ownership_key
        && let Some(before) = &key.before
    {
        let id = |id: &AgreementId| Part::from(Line::new().foreign(id.as_str()));
        let arrow = Line::new().toned(Tone::Shift, " → ");
        let values = [("before", id(before)), ("arrow", arrow.into()), ("after", id(&key.after))];
        lines.push(words.line(texts::OWNERSHIP_KEY, &values));
    }
    let archives = |step: &Step| match step {
        Step::Archive => Some(words.say(texts::ARCHIVED)),
        Step::Restore => Some(words.say(texts::RESTORED)),
        _ => None,
    };
    lines.extend(change.steps.iter().filter_map(archives).map(Line::of));
    lines
}

/// The reason for a status, with the day if the change contains it.
fn status_reason(because: StatusReason, change: &Change, words: Vocabulary<'_>) -> String {
    let day = |wanted: &Field| {
        change.fields.iter().find_map(|field| match &field.after {
            Value::Day(day) if field.field == *wanted => Some(words.day(*day)),
            _ => None,
        })
    };
    let dated = |text: Text, day: String| text.words(words.language, &[("day", day.into())]);
    let (first_day, last_day) = (day(&Field::FirstDay), day(&Field::LastDay));
    match (because, first_day, last_day) {
        (StatusReason::BeforeFirstDay, Some(day), _) => dated(texts::FIRST_DAY_AHEAD, day),
        (StatusReason::WithinPeriod, Some(day), _) => dated(texts::FIRST_DAY_REACHED, day),
        (StatusReason::LastDayPassed, _, Some(day)) => dated(texts::LAST_DAY_PASSED, day),
        _ => vocabulary::status_reason(words.language, because).to_owned(),
    }
}

fn state_detail(state: &StateChange, cause: Option<Cause>, words: Vocabulary<'_>) -> Detail {
    let before = match &state.before {
        Some(before) => Line::new().foreign(&words.preview(before)),
        None => Line::of(words.say(texts::NOTHING)),
    };
    let line = Line::of(words.say(texts::STATE)).text(": ").join(before).toned(Tone::Shift, " → ");
    Detail::Text(line.foreign(&words.preview(&state.after)), cause)
}

/// The name of a risk.
pub(in crate::render) const fn risk_name(risk: &Risk, words: Vocabulary<'_>) -> &'static str {
    words.say(match risk {
        Risk::Deactivates => texts::DEACTIVATES,
        Risk::Weakens(_) => texts::WEAKENS,
        Risk::Retires => texts::RETIRES,
        Risk::Moves(_) => texts::MOVES,
        Risk::Adopts => texts::ADOPTS,
        Risk::Shortens => texts::SHORTENS,
        Risk::Overwrites(_) => texts::OVERWRITES,
        Risk::Duplicates(_) => texts::DUPLICATES,
    })
}

/// The warnings for a risk, a line each.
fn warnings(risk: &Risk, change: &Change, words: Vocabulary<'_>) -> Vec<Line> {
    let warning = |what: Line| Line::new().toned(Tone::Alarm, risk_name(risk, words)).text(": ").join(what);
    let said = |text: Text| Line::of(words.say(text));
    let what = match risk {
        Risk::Deactivates => said(texts::NO_REQUESTS),
        Risk::Weakens(weakened) => return weakenings(weakened, words).into_iter().map(warning).collect(),
        Risk::Retires => said(texts::DOCUMENT_GONE),
        Risk::Moves(elsewhere) => {
            let helpdesk = Line::new().foreign(elsewhere.helpdesk.as_str());
            words.line(texts::LIVES_ELSEWHERE, &[("helpdesk", helpdesk.into())])
        }
        Risk::Adopts => match &change.object {
            Some(object) => {
                let object = Line::new().foreign(object.as_str());
                words.line(texts::NOT_MANAGED_BEFORE, &[("object", object.into())])
            }
            None => said(texts::NONE_MANAGED_BEFORE),
        },
        Risk::Shortens => said(texts::ENDS_EARLIER),
        Risk::Overwrites(fields) => {
            words.line(texts::TEXT_OF_PEOPLE, &[("fields", field_names(fields, words).into())])
        }
        Risk::Duplicates(other) => {
            let key = Line::new().code(&format!("formerly: [{other}]"));
            let other = Line::new().code(other.as_str());
            words.line(texts::DUPLICATE_OF, &[("other", other.into()), ("key", key.into())])
        }
    };
    vec![warning(what)]
}

/// A risk in a few words: its name, and what its values before and after do not show.
fn brief_risk(risk: &Risk, change: &Change, words: Vocabulary<'_>) -> Line {
    let name = Line::new().toned(Tone::Alarm, risk_name(risk, words));
    match risk {
        Risk::Weakens(weakened) => name.text(" ").text(&words.count(texts::SERVICE_LEVELS, weakened.len())),
        Risk::Overwrites(fields) => name.text(": ").join(field_names(fields, words)),
        Risk::Moves(_) | Risk::Adopts | Risk::Duplicates(_) => {
            warnings(risk, change, words).into_iter().next().unwrap_or(name)
        }
        Risk::Deactivates | Risk::Retires | Risk::Shortens => name,
    }
}

/// The risks of a change in a few words: those of the pull request, then those that are on its base as well.
pub(in crate::render) fn brief_risks(
    change: &Change,
    own: &[Risk],
    on_base: &[Risk],
    words: Vocabulary<'_>,
) -> Vec<Line> {
    let brief =
        |risks: &[Risk]| Line::comma_separated(risks.iter().map(|risk| brief_risk(risk, change, words)));
    let (own, on_base) = (brief(own), brief(on_base));
    let on_base = if on_base.is_empty() { on_base } else { on_base.text(words.say(texts::ON_BASE_TOO)) };
    [own, on_base].into_iter().filter(|line| !line.is_empty()).collect()
}

/// The cause of a change that awaits acknowledgement, unless it is an edit. Other sections state it in their titles.
pub(in crate::render) fn named_cause(
    change: &Change,
    origin: ChangeOrigin,
    words: Vocabulary<'_>,
) -> Option<&'static str> {
    let cause = main_cause(change);
    let is_named = origin == ChangeOrigin::AwaitingAcknowledgement && cause != Cause::Edit;
    is_named.then(|| words.cause(cause))
}

fn field_names(fields: &[Field], words: Vocabulary<'_>) -> Line {
    Line::comma_separated(fields.iter().map(|field| words.field_line(field)))
}

fn weakenings(weakened: &[Weakened], words: Vocabulary<'_>) -> Vec<Line> {
    let all = vocabulary::weakenings(weakened);
    let mut lines: Vec<Line> = all.iter().take(NAMED).map(|weakening| weakening.line(words)).collect();
    if all.len() > NAMED {
        lines.push(Line::of(&words.count(texts::AND_MORE_LINES, all.len() - NAMED)));
    }
    lines
}

/// The number that a guard counted, its limit, and the number that was acknowledged instead.
pub(in crate::render) fn guard_line(
    envelope: &GuardedPlan,
    held: &AwaitingAcknowledgement,
    words: Vocabulary<'_>,
) -> Line {
    let code = |text: &str| Part::from(Line::new().code(text));
    let counted = reasons::guard_count(held.guard, held.count, words);
    let mut line = words.line(texts::GUARD, &[("counted", counted.into()), ("limit", held.limit.into())]);
    // An edit of `renewal` or `term` also applies to periods that have begun.
    if held.guard == GuardName::Ended {
        let keys = [("key", code("renewal.max_terms")), ("other", code("termination"))];
        line = line.join(words.line(texts::GUARD_ENDED_HELP, &keys));
    }
    if let Some(other) = held.acknowledged {
        let number = code(&held.written_with(other));
        line = line.join(words.line(texts::GUARD_OTHER_NUMBER, &[("number", number)]));
    }
    if envelope.is_guard_on_base(held.guard) {
        line = line.text(words.say(texts::GUARD_ON_BASE));
    }
    line
}

/// The trailers of a merge commit that acknowledge the numbers of guards, except of those that stop the same on the base.
pub(in crate::render) fn trailers(envelope: &GuardedPlan) -> Vec<String> {
    let own = envelope.awaiting.iter().filter(|held| !envelope.is_guard_on_base(held.guard));
    own.map(|held| format!("Servanda-Accept: {}", held.written())).collect()
}

/// Risks in one line, with some of the weakened service levels.
pub(in crate::render) fn risks(risks: &[Risk], words: Vocabulary<'_>) -> Line {
    let line = |risk: &Risk| {
        let line = Line::new().toned(Tone::Alarm, risk_name(risk, words));
        let weakened = match risk {
            Risk::Weakens(weakened) => vocabulary::weakenings(weakened),
            Risk::Overwrites(fields) => return line.text(": ").join(field_names(fields, words)),
            _ => return line,
        };
        let first = weakened.iter().take(NAMED_IN_TABLE).map(|weakening| weakening.line(words));
        let line = line.text(": ").join(Line::comma_separated(first));
        match weakened.len().saturating_sub(NAMED_IN_TABLE) {
            0 => line,
            more => line.text(&words.count(texts::AND_MORE, more)),
        }
    };
    Line::comma_separated(risks.iter().map(line))
}

/// The cause of a risky change, or the guard that stopped it, and whether it is on the base as well.
pub(in crate::render) fn cause_or_guard(risky: &RiskyChange<'_>, words: Vocabulary<'_>) -> Line {
    let change = risky.change;
    let line = match (risky.guard, risky.is_waiting) {
        (Some(guard), _) => {
            words.line(texts::AWAITS_GUARD, &[("guard", Line::new().code(guard.as_str()).into())])
        }
        (None, true) => Line::of(words.say(texts::DEPENDS)),
        (None, false) => {
            // The cause of a deactivation is that of the state, even if fields were edited too.
            let state = change.state.as_ref().filter(|_| change.deactivates()).and_then(|state| state.cause);
            Line::of(words.cause(state.unwrap_or_else(|| main_cause(change))))
        }
    };
    if risky.is_on_base { line.text(words.say(texts::ON_BASE_TOO)) } else { line }
}

/// The title of a section.
pub(in crate::render) const fn section_title(origin: ChangeOrigin, words: Vocabulary<'_>) -> &'static str {
    words.say(match origin {
        ChangeOrigin::AwaitingAcknowledgement => texts::SECTION_AWAITING,
        ChangeOrigin::Edit => texts::SECTION_EDIT,
        ChangeOrigin::OtherEdit => texts::SECTION_OTHER,
        ChangeOrigin::Date => texts::SECTION_DATE,
        ChangeOrigin::Drift => texts::SECTION_DRIFT,
    })
}

/// The warning before the changes of a section.
pub(in crate::render) fn section_warning(
    origin: ChangeOrigin,
    words: Vocabulary<'_>,
) -> Option<&'static str> {
    (origin == ChangeOrigin::OtherEdit).then(|| words.say(texts::OTHER_WARNING))
}
