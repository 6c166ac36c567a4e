//! One field of a change as lines of a terminal: what the helpdesk holds, and what it will hold.
//!
//! Sets show only what comes and goes, targets only the rows that differ, long texts only the words that
//! differ. Objects go by their names, with their ids beside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ident::LiveId;
use crate::live::{Promise, TargetKey, Value};
use crate::mapping::Field;
use crate::plan::{FieldChange, Verb};
use crate::render::page::{Line, Page, Table};
use crate::render::style::Tone;
use crate::render::words::{self, Names};

/// From this many characters on, two texts are shown as one with its words marked.
const LONG: usize = 40;

/// The longest that a text of a field may be, in characters.
const LONGEST: usize = 400;

/// Writes the lines of one field at column `indent`.
pub(super) fn field(page: &mut Page, indent: usize, change: &FieldChange, verb: Verb, names: &Names) {
    let tag = change.cause.map_or_else(Line::new, |cause| {
        Line::new().tone(Tone::Quiet, &format!("  [{}]", words::cause(cause)))
    });
    let label = Line::of(&words::shown(&change.field.to_string())).say(": ");
    if let (Some(before), Some(after)) = (targets(&change.before), targets(&change.after)) {
        page.line(indent, indent + 2, &Line::of("targets:").join(tag));
        page.table(indent + 2, &target_rows(&before, &after, names));
        return;
    }
    page.line(indent, indent + 4, &label.join(body(change, verb, names)).join(tag));
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
    let line = before.tone(Tone::Shift, " → ").join(after);
    if is_hidden { line.tone(Tone::Quiet, " (they differ in what is masked or cut)") } else { line }
}

/// One value in full.
fn one(value: &Value, field: &Field, names: &Names) -> Line {
    match value {
        Value::Nothing if *field == Field::LastDay => Line::of("open-ended"),
        Value::Nothing => Line::of("nothing"),
        Value::Text(text) => Line::of(&words::shortened(&words::masked(text), LONGEST)),
        Value::Integer(number) => Line::of(&number.to_string()),
        Value::Bool(yes) => Line::of(if *yes { "true" } else { "false" }),
        Value::Day(day) => Line::of(&day.to_string()),
        Value::Reference(id) => object(id, names, Tone::Plain, ""),
        Value::References(set) => {
            let items = set.iter().map(|id| object(id, names, Tone::Plain, ""));
            separated(items.collect())
        }
        Value::Targets(targets) => Line::of(&words::count(targets.len(), "target", "targets")),
    }
}

/// An object's name behind a mark, with its id where it has a name at all.
fn object(id: &LiveId, names: &Names, tone: Tone, mark: &str) -> Line {
    let line = Line::new().tone(tone, &format!("{mark}{}", words::name(id, names)));
    if names.contains_key(id) { line.tone(Tone::Quiet, &format!(" [{id}]")) } else { line }
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
    let line = separated(gained.chain(lost).collect());
    match before.intersection(&after).count() {
        0 => line,
        1 => line.tone(Tone::Quiet, " (1\u{a0}stays)"),
        staying => line.tone(Tone::Quiet, &format!(" ({staying}\u{a0}stay)")),
    }
}

fn separated(items: Vec<Line>) -> Line {
    items.into_iter().fold(
        Line::new(),
        |line, item| {
            if line == Line::new() { item } else { line.say(", ").join(item) }
        },
    )
}

/// A text with `[-words-]` that go and `{+words+}` that come; `None` where too little stays for that to help.
fn words_changed(before: &str, after: &str) -> Option<Line> {
    let (before, after) = (words::masked(before), words::masked(after));
    let (before, after) = (words::shortened(&before, LONGEST), words::shortened(&after, LONGEST));
    let difference = similar::TextDiff::from_words(before.as_str(), after.as_str());
    if difference.ratio() < 0.4 {
        return None;
    }
    let mut line = Line::new();
    let mut run: Option<(similar::ChangeTag, String)> = None;
    for change in difference.iter_all_changes() {
        match &mut run {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => {
                line = line.join(run.take().map_or_else(Line::new, marked));
                run = Some((change.tag(), change.value().to_owned()));
            }
        }
    }
    Some(line.join(run.map_or_else(Line::new, marked)))
}

fn marked((tag, text): (similar::ChangeTag, String)) -> Line {
    match tag {
        similar::ChangeTag::Equal => Line::of(&text),
        similar::ChangeTag::Delete => Line::new().tone(Tone::Loss, &format!("[-{text}-]")),
        similar::ChangeTag::Insert => Line::new().tone(Tone::Gain, &format!("{{+{text}+}}")),
    }
}

type Targets = BTreeMap<TargetKey, Promise>;

/// The targets of a value that holds targets or nothing.
fn targets(value: &Value) -> Option<Targets> {
    match value {
        Value::Targets(targets) => Some(targets.clone()),
        Value::Nothing => Some(Targets::new()),
        _ => None,
    }
}

/// A row for each service and priority whose promise differs: mark, for whom, response, resolution, hours.
fn target_rows(before: &Targets, after: &Targets, names: &Names) -> Table {
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
            let time = |promised: fn(&Promise) -> Option<String>| {
                stepped(held.and_then(promised), wanted.and_then(promised), held.is_some())
            };
            vec![
                Line::new().tone(tone, mark),
                Line::of(&words::target(key, names)),
                time(|promise| Some(promise.response?.to_string())),
                time(|promise| Some(promise.resolution?.to_string())),
                hours(held, wanted, names),
            ]
        })
        .collect();
    let titles = ["", "", "response", "resolution", "hours"];
    let heading = titles.map(|title| Line::new().tone(Tone::Quiet, title));
    rows.insert(0, heading.into());
    if rows.iter().skip(1).all(|row| row[4].width() == 0) {
        for row in &mut rows {
            row.truncate(4);
        }
    }
    Table { rows, ..Table::default() }
}

/// `30m → 1h`, or one of them where they are the same or there was none.
fn stepped(held: Option<String>, wanted: Option<String>, was_held: bool) -> Line {
    let none = || "none".to_owned();
    if held == wanted || !was_held {
        return wanted.map_or_else(Line::new, |wanted| Line::of(&wanted));
    }
    Line::of(&held.unwrap_or_else(none)).tone(Tone::Shift, " → ").say(&wanted.unwrap_or_else(none))
}

fn hours(held: Option<&Promise>, wanted: Option<&Promise>, names: &Names) -> Line {
    let calendar = |promise: Option<&Promise>| {
        promise.and_then(|promise| Some(words::name(promise.calendar.as_ref()?, names)))
    };
    match (calendar(held), calendar(wanted)) {
        (None, None) => Line::new(),
        (held, wanted) if held == wanted => Line::of(&held.unwrap_or_default()),
        (None, Some(wanted)) if held.is_none() => Line::of(&wanted),
        (held, wanted) => {
            let general = || "the agreement's".to_owned();
            Line::of(&held.unwrap_or_else(general))
                .tone(Tone::Shift, " → ")
                .say(&wanted.unwrap_or_else(general))
        }
    }
}
