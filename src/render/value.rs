//! One field of a change: its value in the helpdesk before and after.
//!
//! Of sets only added and removed items are shown, of targets only rows that differ, of long texts only words that
//! differ. Objects appear with title and id.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::TargetTime;
use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::Field;
use crate::plan::{AgreementHours, Cause, FieldChange, Verb, in_effect};
use crate::render::line::{Line, PieceKind};
use crate::render::style::Tone;
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary::{self, Names};

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
    /// The cause, if it is known.
    pub(super) cause: Option<Cause>,
}

/// The values of a field before and after.
pub(super) enum FieldBody {
    /// One line.
    Line(Line),
    /// A heading, and a row for each target that differs.
    Targets(Vec<Vec<Line>>),
}

/// Describes one field of a change.
pub(super) fn detail(change: &FieldChange, verb: Verb, hours: &AgreementHours, names: &Names) -> FieldDetail {
    let (label, cause) = (vocabulary::preview(&change.field.to_string()), change.cause);
    match (targets(&change.before), targets(&change.after)) {
        (Some(before), Some(after)) => {
            let rows = target_rows(&before, &after, hours, names);
            let body = match rows.len() {
                1 => FieldBody::Line(Line::of("written in another way, the same in effect")),
                _ => FieldBody::Targets(rows),
            };
            FieldDetail { label: "targets".to_owned(), body, cause }
        }
        _ => FieldDetail { label, body: FieldBody::Line(body(change, verb, names)), cause },
    }
}

/// Describes one field on a terminal at column `indent`.
pub(super) fn field(page: &mut TerminalPage, indent: usize, change: &FieldChange, verb: Verb, names: &Names) {
    write(page, indent, detail(change, verb, &AgreementHours::default(), names));
}

/// Writes the description of a field on a terminal at column `indent`.
pub(super) fn write(page: &mut TerminalPage, indent: usize, detail: FieldDetail) {
    let FieldDetail { label, body, cause } = detail;
    let tag = tag(cause);
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
pub(super) fn tag(cause: Option<Cause>) -> Line {
    cause.map_or_else(Line::new, |cause| {
        Line::new().toned(Tone::Quiet, &format!("  [{}]", vocabulary::cause(cause)))
    })
}

fn body(change: &FieldChange, verb: Verb, names: &Names) -> Line {
    let (before, after) = (&change.before, &change.after);
    match (before, after) {
        (Value::Nothing, after) if verb == Verb::Create => one(after, &change.field, names),
        (Value::References(_), Value::References(_) | Value::Nothing)
        | (Value::Nothing, Value::References(_)) => set_change(before, after, names),
        (Value::Nothing, Value::Nothing) => Line::new(),
        (Value::Nothing, after) if change.field != Field::LastDay => one(after, &change.field, names),
        (Value::Text(before), Value::Text(after))
            if before.chars().count().min(after.chars().count()) >= LONG =>
        {
            words_changed(before, after).unwrap_or_else(|| replaced(change, names))
        }
        _ => replaced(change, names),
    }
}

fn replaced(change: &FieldChange, names: &Names) -> Line {
    let before = one(&change.before, &change.field, names);
    let after = one(&change.after, &change.field, names);
    let is_hidden = before == after;
    let line = before.toned(Tone::Shift, " → ").join(after);
    if is_hidden {
        line.toned(Tone::Quiet, " (the difference is in a redacted or shortened part)")
    } else {
        line
    }
}

/// One value in full.
fn one(value: &Value, field: &Field, names: &Names) -> Line {
    match value {
        Value::Nothing if *field == Field::LastDay => Line::of("open-ended"),
        Value::Nothing => Line::of("nothing"),
        Value::Text(text) => {
            Line::new().foreign(&vocabulary::shortened(&vocabulary::redacted(text), LONGEST))
        }
        Value::Integer(number) => Line::of(&number.to_string()),
        Value::Bool(yes) => Line::of(if *yes { "true" } else { "false" }),
        Value::Day(day) => Line::of(&day.to_string()),
        Value::Reference(id) => object(id, names, Tone::Plain, ""),
        Value::References(set) => {
            let items = set.iter().map(|id| object(id, names, Tone::Plain, ""));
            Line::comma_separated(items)
        }
        Value::Targets(targets) => Line::of(&vocabulary::count(targets.len(), "target", "targets")),
    }
}

/// An object's title behind a sign, with its id; the id alone if the title is unknown.
fn object(id: &LiveId, names: &Names, tone: Tone, sign: &str) -> Line {
    let line = Line::new().toned(tone, sign).foreign_toned(tone, &vocabulary::name(id, names));
    if names.contains_key(id) {
        line.toned(Tone::Quiet, " [").foreign_toned(Tone::Quiet, id.as_str()).toned(Tone::Quiet, "]")
    } else {
        line
    }
}

fn set_change(before: &Value, after: &Value, names: &Names) -> Line {
    let nothing = BTreeSet::new();
    let set = |value: &'_ Value| match value {
        Value::References(set) => set.clone(),
        _ => nothing.clone(),
    };
    let (before, after) = (set(before), set(after));
    let gained = after.difference(&before).map(|id| object(id, names, Tone::Gain, "+"));
    let lost = before.difference(&after).map(|id| object(id, names, Tone::Loss, "−"));
    let line = Line::comma_separated(gained.chain(lost));
    match before.intersection(&after).count() {
        0 => line,
        1 => line.toned(Tone::Quiet, " (1\u{a0}unchanged)"),
        kept => line.toned(Tone::Quiet, &format!(" ({kept}\u{a0}unchanged)")),
    }
}

/// A text with deleted and inserted words marked; `None` if too few words are unchanged.
fn words_changed(before: &str, after: &str) -> Option<Line> {
    let (before, after) = (vocabulary::redacted(before), vocabulary::redacted(after));
    let (before, after) = (vocabulary::shortened(&before, COMPARED), vocabulary::shortened(&after, COMPARED));
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
            Line::new().piece(Tone::Loss, PieceKind::Deleted, &vocabulary::shortened(text, LONGEST))
        }
        similar::ChangeTag::Insert => {
            Line::new().piece(Tone::Gain, PieceKind::Inserted, &vocabulary::shortened(text, LONGEST))
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

type Targets = BTreeMap<TargetKey, LiveTarget>;

/// The targets of a value that holds targets or nothing.
fn targets(value: &Value) -> Option<Targets> {
    match value {
        Value::Targets(targets) => Some(targets.clone()),
        Value::Nothing => Some(Targets::new()),
        _ => None,
    }
}

/// A heading, and a row for each target that differs: sign, service and priority, response, resolution, hours.
/// Both sides are the targets in effect.
fn target_rows(before: &Targets, after: &Targets, general: &AgreementHours, names: &Names) -> Vec<Vec<Line>> {
    let keys: BTreeSet<&TargetKey> = before.keys().chain(after.keys()).collect();
    let differing = keys.into_iter().map(|key| {
        // A row shows hours only where one side has its own.
        let has_hours =
            [before, after].iter().any(|side| side.get(key).is_some_and(|target| target.calendar.is_some()));
        let (held, wanted) =
            if has_hours { (general.before.as_ref(), general.after.as_ref()) } else { (None, None) };
        (key, in_effect(before, key, held), in_effect(after, key, wanted))
    });
    let mut rows: Vec<Vec<Line>> = differing
        .filter(|(_, held, wanted)| held != wanted)
        .map(|(key, held, wanted)| {
            let (held, wanted) = (held.as_ref(), wanted.as_ref());
            let (tone, sign) = match (held, wanted) {
                (None, _) => (Tone::Gain, "+"),
                (_, None) => (Tone::Loss, "−"),
                (Some(_), Some(_)) => (Tone::Shift, "~"),
            };
            let time = |time_of: fn(&LiveTarget) -> Option<TargetTime>| {
                vocabulary::before_and_after(held.and_then(time_of), wanted.and_then(time_of), held.is_some())
            };
            vec![
                Line::new().toned(tone, sign),
                Line::new().foreign(&vocabulary::target(key, names)),
                time(|target| target.response),
                time(|target| target.resolution),
                vocabulary::hours(held, wanted, names),
            ]
        })
        .collect();
    let titles = ["", "", "response", "resolution", "hours"];
    let heading = titles.map(|title| Line::new().toned(Tone::Quiet, title));
    rows.insert(0, heading.into());
    if rows.iter().skip(1).all(|row| row[4].is_empty()) {
        for row in &mut rows {
            row.truncate(4);
        }
    }
    rows
}
