//! One field of a change: what the helpdesk holds, and what it will hold.
//!
//! Sets show only what comes and goes, targets only the rows that differ, long texts only the words that
//! differ. Objects go by their names, with their ids beside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::Field;
use crate::plan::{Cause, FieldChange, Verb};
use crate::render::line::{Line, PieceKind};
use crate::render::style::Tone;
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary::{self, Names};

/// From this many characters on, two texts are shown as one with its words marked.
const LONG: usize = 40;

/// How much of a text is compared word by word, in characters.
const COMPARED: usize = 20_000;

/// How much of what stays is shown beside each part that changes, in characters.
const AROUND: usize = 120;

/// The longest that a text of a field may be, in characters.
const LONGEST: usize = 400;

/// What is shown of one field.
pub(super) struct Shown {
    /// Its name.
    pub(super) label: String,
    /// What becomes of it.
    pub(super) body: Body,
    /// What brought it about, where anybody knows.
    pub(super) cause: Option<Cause>,
}

/// What becomes of a field.
pub(super) enum Body {
    /// One line.
    Line(Line),
    /// A heading and a row for each promise that differs.
    Rows(Vec<Vec<Line>>),
}

/// What is shown of a field of a change.
pub(super) fn shown(change: &FieldChange, verb: Verb, names: &Names) -> Shown {
    let (label, cause) = (vocabulary::preview(&change.field.to_string()), change.cause);
    match (targets(&change.before), targets(&change.after)) {
        (Some(before), Some(after)) => {
            let body = Body::Rows(target_rows(&before, &after, names));
            Shown { label: "targets".to_owned(), body, cause }
        }
        _ => Shown { label, body: Body::Line(body(change, verb, names)), cause },
    }
}

/// Writes one field on a terminal at column `indent`.
pub(super) fn field(page: &mut TerminalPage, indent: usize, change: &FieldChange, verb: Verb, names: &Names) {
    write(page, indent, shown(change, verb, names));
}

/// Writes what is shown of a field on a terminal.
pub(super) fn write(page: &mut TerminalPage, indent: usize, shown: Shown) {
    let Shown { label, body, cause } = shown;
    let tag = tag(cause);
    let label = Line::new().foreign(&label).text(":");
    match body {
        Body::Line(line) => page.line(indent, indent + 4, &label.text(" ").join(line).join(tag)),
        Body::Rows(rows) => {
            page.line(indent, indent + 2, &label.join(tag));
            page.table(indent + 2, &TerminalTable { rows, ..TerminalTable::default() });
        }
    }
}

/// What brought something about, where that is known, behind a line of a terminal.
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
    if is_hidden { line.toned(Tone::Quiet, " (they differ in what is masked or cut)") } else { line }
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

/// An object's name behind a mark, with its id where it has a name at all.
fn object(id: &LiveId, names: &Names, tone: Tone, mark: &str) -> Line {
    let line = Line::new().toned(tone, mark).foreign_toned(tone, &vocabulary::name(id, names));
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
        1 => line.toned(Tone::Quiet, " (1\u{a0}stays)"),
        staying => line.toned(Tone::Quiet, &format!(" ({staying}\u{a0}stay)")),
    }
}

/// A text with its words that go and come marked; `None` where too little stays for that to help.
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

/// What stays of a long text, as far as it helps to find the place: its ends beside what changes.
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

/// A row for each service and priority whose promise differs: mark, for whom, response, resolution, hours.
fn target_rows(before: &Targets, after: &Targets, names: &Names) -> Vec<Vec<Line>> {
    let keys: BTreeSet<&TargetKey> = before.keys().chain(after.keys()).collect();
    let differing = keys
        .into_iter()
        .map(|key| (key, before.get(key), after.get(key)))
        .filter(|(_, held, wanted)| held != wanted);
    let mut rows: Vec<Vec<Line>> = differing
        .map(|(key, held, wanted)| {
            let (tone, mark) = match (held, wanted) {
                (None, _) => (Tone::Gain, "+"),
                (_, None) => (Tone::Loss, "−"),
                (Some(_), Some(_)) => (Tone::Shift, "~"),
            };
            let time = |promised: fn(&LiveTarget) -> Option<String>| {
                stepped(held.and_then(promised), wanted.and_then(promised), held.is_some())
            };
            vec![
                Line::new().toned(tone, mark),
                Line::new().foreign(&vocabulary::target(key, names)),
                time(|promise| Some(promise.response?.to_string())),
                time(|promise| Some(promise.resolution?.to_string())),
                hours(held, wanted, names),
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

/// `30m → 1h`, or one of them where they are the same or there was none.
fn stepped(held: Option<String>, wanted: Option<String>, was_held: bool) -> Line {
    let none = || "none".to_owned();
    if held == wanted || !was_held {
        return wanted.map_or_else(Line::new, |wanted| Line::of(&wanted));
    }
    Line::of(&held.unwrap_or_else(none)).toned(Tone::Shift, " → ").text(&wanted.unwrap_or_else(none))
}

fn hours(held: Option<&LiveTarget>, wanted: Option<&LiveTarget>, names: &Names) -> Line {
    let calendar = |promise: Option<&LiveTarget>| {
        let calendar = promise?.calendar.as_ref()?;
        Some(Line::new().foreign(&vocabulary::name(calendar, names)))
    };
    match (calendar(held), calendar(wanted)) {
        (None, None) => Line::new(),
        (held, wanted) if held == wanted => held.unwrap_or_default(),
        (None, Some(wanted)) if held.is_none() => wanted,
        (held, wanted) => {
            let general = || Line::of("the agreement's");
            let held = held.unwrap_or_else(general);
            held.toned(Tone::Shift, " → ").join(wanted.unwrap_or_else(general))
        }
    }
}
