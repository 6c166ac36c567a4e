//! One field of a change: its value in the helpdesk before and after.
//!
//! Of sets only added and removed items are shown, of targets only rows that differ, of long texts only words that
//! differ. Objects appear with their titles, and with their ids where the titles are equal.

use std::collections::BTreeSet;

use crate::calendar::TargetTime;
use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Targets, Value};
use crate::mapping::Field;
use crate::plan::{AgreementHours, Cause, FieldChange, Verb, in_effect};
use crate::render::line::{Line, PieceKind};
use crate::render::style::Tone;
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary::{self, TargetChange, Vocabulary};
use crate::render::wording::{Text, plan as texts};

/// From this length on, in characters, two texts are compared word by word.
const LONG: usize = 40;

/// The part of a text that is compared word by word, in characters.
const COMPARED: usize = 20_000;

/// The unchanged text that is shown on each side of a changed part, in characters.
const AROUND: usize = 120;

/// The maximum length of a text in a field, in characters.
const LONGEST: usize = 400;

/// The description of one field of a change.
pub(super) struct FieldDetail {
    /// The name of the field.
    pub(super) label: String,
    /// Its values before and after.
    pub(super) body: FieldBody,
    /// The cause, if it is known and not that of the whole change.
    pub(super) cause: Option<Cause>,
}

/// The values of a field before and after.
pub(super) enum FieldBody {
    /// One line.
    Line(Line),
    /// A heading, and a row for each target that differs.
    Targets(Vec<Vec<Line>>),
}

/// One value of a field before and after, as a line for each side that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValuePair {
    /// The name of the value.
    pub(super) label: Line,
    /// The value before; `None` if there was none.
    pub(super) before: Option<Line>,
    /// The value after; `None` if there is none.
    pub(super) after: Option<Line>,
}

/// Describes one field of a change.
pub(super) fn detail(
    change: &FieldChange,
    verb: Verb,
    hours: &AgreementHours,
    words: Vocabulary<'_>,
) -> FieldDetail {
    let (label, cause) = (words.field(&change.field), change.cause);
    match (targets(&change.before), targets(&change.after)) {
        (Some(before), Some(after)) => {
            let rows = target_rows(&before, &after, hours, words);
            let body = match rows.len() {
                1 => FieldBody::Line(Line::of(words.say(texts::SAME_IN_EFFECT))),
                _ => FieldBody::Targets(rows),
            };
            FieldDetail { label, body, cause }
        }
        _ => FieldDetail { label, body: FieldBody::Line(body(change, verb, words)), cause },
    }
}

/// The values of a field before and after: one pair, one for each item of a set, or one for each target.
pub(super) fn pairs(change: &FieldChange, hours: &AgreementHours, words: Vocabulary<'_>) -> Vec<ValuePair> {
    let label = || words.field_line(&change.field);
    if let (Some(before), Some(after)) = (targets(&change.before), targets(&change.after)) {
        let differing = differing_targets(&before, &after, hours);
        return differing.into_iter().map(|target| target.pair(words)).collect();
    }
    if matches!(change.before, Value::References(_)) || matches!(change.after, Value::References(_)) {
        let (before, after) = (references(&change.before), references(&change.after));
        let pair = |before, after| ValuePair { label: label(), before, after };
        let lost = before.difference(&after).map(|id| pair(Some(words.object(id)), None));
        let gained = after.difference(&before).map(|id| pair(None, Some(words.object(id))));
        return lost.chain(gained).collect();
    }
    if let (Value::Text(before), Value::Text(after)) = (&change.before, &change.after)
        && let Some(line) = words_changed(before, after, words)
    {
        let side = |without: PieceKind| {
            let pieces = line.pieces().iter().filter(|piece| piece.kind != without);
            Some(Line::new().foreign(&pieces.map(|piece| piece.text.as_str()).collect::<String>()))
        };
        let (before, after) = (side(PieceKind::Inserted), side(PieceKind::Deleted));
        return vec![ValuePair { label: label(), before, after }];
    }
    let side = |value: &Value| {
        let is_shown = *value != Value::Nothing || change.field == Field::LastDay;
        is_shown.then(|| one(value, &change.field, words))
    };
    let (before, after) = (side(&change.before), side(&change.after));
    let is_hidden = before.as_ref().map(Line::words) == after.as_ref().map(Line::words);
    let with_ids = |line: Option<Line>| if is_hidden { line.map(Line::with_ids) } else { line };
    let after = with_ids(after);
    let note = is_hidden && !is_reference(&change.after);
    let hidden = |line: Line| line.text(words.say(texts::HIDDEN_DIFFERENCE));
    let after = if note { after.map(hidden) } else { after };
    vec![ValuePair { label: label(), before: with_ids(before), after }]
}

/// Describes one field on a terminal at column `indent`.
pub(super) fn field(
    page: &mut TerminalPage,
    indent: usize,
    change: &FieldChange,
    verb: Verb,
    words: Vocabulary<'_>,
) {
    write(page, indent, detail(change, verb, &AgreementHours::default(), words), words);
}

/// Writes the description of a field on a terminal at column `indent`.
pub(super) fn write(page: &mut TerminalPage, indent: usize, detail: FieldDetail, words: Vocabulary<'_>) {
    let FieldDetail { label, body, cause } = detail;
    let tag = tag(cause, words);
    let label = Line::new().foreign(&label).text(":");
    match body {
        FieldBody::Line(line) => page.line(indent, indent + 4, &label.text(" ").join(line).join(tag)),
        FieldBody::Targets(rows) => {
            page.line(indent, indent + 2, &label.join(tag));
            page.table(indent + 2, &TerminalTable { rows, ..TerminalTable::default() });
        }
    }
}

/// The cause in brackets at the end of a line on a terminal.
pub(super) fn tag(cause: Option<Cause>, words: Vocabulary<'_>) -> Line {
    cause.map_or_else(Line::new, |cause| {
        Line::new().toned(Tone::Quiet, &format!("  [{}]", words.cause(cause)))
    })
}

fn body(change: &FieldChange, verb: Verb, words: Vocabulary<'_>) -> Line {
    let (before, after) = (&change.before, &change.after);
    match (before, after) {
        (Value::Nothing, after) if verb == Verb::Create => one(after, &change.field, words),
        (Value::References(_), Value::References(_) | Value::Nothing)
        | (Value::Nothing, Value::References(_)) => set_change(before, after, words),
        (Value::Nothing, Value::Nothing) => Line::new(),
        (Value::Nothing, after) if change.field != Field::LastDay => one(after, &change.field, words),
        (Value::Text(before), Value::Text(after)) => {
            words_changed(before, after, words).unwrap_or_else(|| replaced(change, words))
        }
        _ => replaced(change, words),
    }
}

fn replaced(change: &FieldChange, words: Vocabulary<'_>) -> Line {
    let before = one(&change.before, &change.field, words);
    let after = one(&change.after, &change.field, words);
    let is_hidden = before.words() == after.words();
    let (before, after) = if is_hidden { (before.with_ids(), after.with_ids()) } else { (before, after) };
    let line = before.toned(Tone::Shift, " → ").join(after);
    if is_hidden && !is_reference(&change.after) {
        line.toned(Tone::Quiet, words.say(texts::HIDDEN_DIFFERENCE))
    } else {
        line
    }
}

const fn is_reference(value: &Value) -> bool {
    matches!(value, Value::Reference(_))
}

/// One value in full.
pub(super) fn one(value: &Value, field: &Field, words: Vocabulary<'_>) -> Line {
    match value {
        Value::Nothing if *field == Field::LastDay => Line::of(words.say(texts::OPEN_ENDED)),
        Value::Nothing => Line::of(words.say(texts::NOTHING)),
        Value::Text(text) => Line::new().foreign(&words.shortened(&vocabulary::redacted(text), LONGEST)),
        Value::Integer(number) => Line::of(&number.to_string()),
        Value::Bool(yes) => Line::of(words.say(if *yes { texts::YES } else { texts::NO })),
        Value::Day(day) => Line::of(&words.day(*day)),
        Value::Reference(id) => words.object(id),
        Value::References(set) => Line::comma_separated(set.iter().map(|id| words.object(id))),
        Value::Targets(targets) => Line::of(&words.count(texts::TARGET_NUMBER, targets.len())),
    }
}

/// The ids of a set; none of any other value.
fn references(value: &Value) -> BTreeSet<LiveId> {
    match value {
        Value::References(set) => (**set).clone(),
        _ => BTreeSet::new(),
    }
}

fn set_change(before: &Value, after: &Value, words: Vocabulary<'_>) -> Line {
    let (before, after) = (references(before), references(after));
    let object = |id: &LiveId, tone: Tone, sign: &str| {
        Line::new().toned(tone, sign).join(words.object(id).with_tone(tone))
    };
    let gained = after.difference(&before).map(|id| object(id, Tone::Gain, "+"));
    let lost = before.difference(&after).map(|id| object(id, Tone::Loss, "−"));
    let line = Line::comma_separated(gained.chain(lost));
    match before.intersection(&after).count() {
        0 => line,
        kept => line.toned(Tone::Quiet, &words.count(texts::UNCHANGED_ITEMS, kept)),
    }
}

/// A long text with deleted and inserted words marked; `None` if it is short or too few words are unchanged.
fn words_changed(before: &str, after: &str, words: Vocabulary<'_>) -> Option<Line> {
    if before.chars().count().min(after.chars().count()) < LONG {
        return None;
    }
    let (before, after) = (vocabulary::redacted(before), vocabulary::redacted(after));
    let (before, after) = (words.shortened(&before, COMPARED), words.shortened(&after, COMPARED));
    let difference = similar::TextDiff::from_words(before.as_str(), after.as_str());
    let ratio = difference.ratio();
    if !(0.4..1.0).contains(&ratio) {
        return None;
    }
    let mut runs: Vec<(similar::ChangeTag, String)> = Vec::new();
    for change in difference.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    let last = runs.len().saturating_sub(1);
    let marked = runs.iter().enumerate().map(|(index, (tag, text))| match tag {
        similar::ChangeTag::Equal => Line::new().foreign(&around(text, index == 0, index == last)),
        similar::ChangeTag::Delete => {
            Line::new().piece(Tone::Loss, PieceKind::Deleted, &words.shortened(text, LONGEST))
        }
        similar::ChangeTag::Insert => {
            Line::new().piece(Tone::Gain, PieceKind::Inserted, &words.shortened(text, LONGEST))
        }
    });
    Some(marked.fold(Line::new(), Line::join))
}

/// The ends of an unchanged part that lie beside a changed one.
fn around(text: &str, is_first: bool, is_last: bool) -> String {
    let letters = text.chars().count();
    let (before, after) = (if is_first { 0 } else { AROUND }, if is_last { 0 } else { AROUND });
    if letters <= before + after + 1 {
        return text.to_owned();
    }
    let head: String = text.chars().take(before).collect();
    let tail: String = text.chars().skip(letters - after).collect();
    format!("{head}…{tail}")
}

/// The targets of a value that holds targets or nothing.
fn targets(value: &Value) -> Option<Targets> {
    match value {
        Value::Targets(targets) => Some((**targets).clone()),
        Value::Nothing => Some(Targets::new()),
        _ => None,
    }
}

/// Selects a time of a target.
type TimeOf = fn(&LiveTarget) -> Option<TargetTime>;

/// A target that differs, with what is in effect on each side.
struct DifferingTarget<'a> {
    key: &'a TargetKey,
    held: Option<LiveTarget>,
    wanted: Option<LiveTarget>,
}

impl DifferingTarget<'_> {
    /// The times on each side, and the hours where they differ.
    fn pair(&self, words: Vocabulary<'_>) -> ValuePair {
        let (held, wanted) = (self.held.as_ref(), self.wanted.as_ref());
        let is_changed = held.is_some() && wanted.is_some();
        let differs = |time_of: TimeOf| !is_changed || held.and_then(time_of) != wanted.and_then(time_of);
        let has_hours =
            !is_changed || held.map(|held| &held.calendar) != wanted.map(|wanted| &wanted.calendar);
        let (has_response, has_resolution) =
            (differs(|target| target.response), differs(|target| target.resolution));
        let side = |target: &LiveTarget| {
            let time = |title: Text, time: Option<TargetTime>| {
                let none = || words.say(texts::NONE).to_owned();
                let time = time.map_or_else(none, |time| words.time(time));
                Line::of(words.say(title)).text(" ").text(&time)
            };
            let hours = || {
                let general = || Line::of(words.say(texts::HOURS_OF_AGREEMENT));
                let hours = target.calendar.as_ref().map_or_else(general, |id| words.object(id));
                Line::of(words.say(texts::HOURS)).text(" ").join(hours)
            };
            let has_calendar = has_hours && (is_changed || target.calendar.is_some());
            let parts = [
                has_response.then(|| time(texts::RESPONSE, target.response)),
                has_resolution.then(|| time(texts::RESOLUTION, target.resolution)),
                has_calendar.then(hours),
            ];
            Line::comma_separated(parts.into_iter().flatten())
        };
        let label = vocabulary::target(self.key, words);
        ValuePair { label, before: held.map(side), after: wanted.map(side) }
    }

    /// The change of a target that both sides have.
    fn change(&self) -> Option<TargetChange<'_>> {
        let (before, after) = (self.held.as_ref()?, self.wanted.as_ref()?);
        Some(TargetChange { key: self.key, before, after })
    }
}

/// The targets that differ in effect. One of a service that changes as the general one does is left out.
fn differing_targets<'a>(
    before: &'a Targets,
    after: &'a Targets,
    general: &AgreementHours,
) -> Vec<DifferingTarget<'a>> {
    let keys: BTreeSet<&TargetKey> = before.keys().chain(after.keys()).collect();
    let in_effect = keys.into_iter().map(|key| {
        // A row shows hours only where one side has its own.
        let has_hours =
            [before, after].iter().any(|side| side.get(key).is_some_and(|target| target.calendar.is_some()));
        let (held, wanted) =
            if has_hours { (general.before.as_ref(), general.after.as_ref()) } else { (None, None) };
        DifferingTarget { key, held: in_effect(before, key, held), wanted: in_effect(after, key, wanted) }
    });
    let differing: Vec<DifferingTarget<'a>> =
        in_effect.filter(|target| target.held != target.wanted).collect();
    let follows = |own: &TargetChange<'_>| {
        differing.iter().filter_map(DifferingTarget::change).any(|general| own.follows(&general))
    };
    let is_own = |target: &DifferingTarget<'_>| !target.change().is_some_and(|own| follows(&own));
    let own: Vec<bool> = differing.iter().map(is_own).collect();
    differing.into_iter().zip(own).filter(|(_, is_own)| *is_own).map(|(target, _)| target).collect()
}

/// A heading, and a row for each target that differs: sign, service and priority, response, resolution, hours.
/// Both sides are the targets in effect.
fn target_rows(
    before: &Targets,
    after: &Targets,
    general: &AgreementHours,
    words: Vocabulary<'_>,
) -> Vec<Vec<Line>> {
    let differing = differing_targets(before, after, general);
    let mut rows: Vec<Vec<Line>> = differing
        .into_iter()
        .map(|DifferingTarget { key, held, wanted }| {
            let (held, wanted) = (held.as_ref(), wanted.as_ref());
            let (tone, sign) = match (held, wanted) {
                (None, _) => (Tone::Gain, "+"),
                (_, None) => (Tone::Loss, "−"),
                (Some(_), Some(_)) => (Tone::Shift, "~"),
            };
            let time = |time_of: TimeOf| {
                let (before, after) = (held.and_then(time_of), wanted.and_then(time_of));
                vocabulary::before_and_after(before, after, held.is_some(), words)
            };
            vec![
                Line::new().toned(tone, sign),
                vocabulary::target(key, words),
                time(|target| target.response),
                time(|target| target.resolution),
                vocabulary::hours(held, wanted, words),
            ]
        })
        .collect();
    let titles = ["", "", words.say(texts::RESPONSE), words.say(texts::RESOLUTION), words.say(texts::HOURS)];
    let heading = titles.map(|title| Line::new().toned(Tone::Quiet, title));
    rows.insert(0, heading.into());
    if rows.iter().skip(1).all(|row| row[4].is_empty()) {
        for row in &mut rows {
            row.truncate(4);
        }
    }
    rows
}
