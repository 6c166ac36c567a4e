//! A new agreement in rows: number, dates, services, recipients, hours, targets, and all else that it has.

use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Targets, Value};
use crate::mapping::Field;
use crate::plan::Change;
use crate::render::line::Line;
use crate::render::style::Tone;
use crate::render::value;
use crate::render::vocabulary::{self, Vocabulary};
use crate::render::wording::plan as texts;

/// A row of the table of a new agreement.
pub(in crate::render) struct CreationRow {
    /// The name of the value.
    pub(in crate::render) label: Line,
    /// The value.
    pub(in crate::render) value: Line,
}

fn field<'a>(change: &'a Change, wanted: &Field) -> Option<&'a Value> {
    let found = change.fields.iter().find(|field| field.field == *wanted);
    found.map(|field| &field.after).filter(|value| **value != Value::Nothing)
}

/// The number of a new agreement.
pub(in crate::render) fn number(change: &Change, words: Vocabulary<'_>) -> Option<Line> {
    field(change, &Field::Number).map(|number| value::one(number, &Field::Number, words))
}

/// The first and last day of a new agreement.
pub(in crate::render) fn dates(change: &Change, words: Vocabulary<'_>) -> Option<Line> {
    let day = |wanted: &Field| match field(change, wanted) {
        Some(Value::Day(day)) => Some(words.day(*day)),
        _ => None,
    };
    match (day(&Field::FirstDay), day(&Field::LastDay)) {
        (Some(first), Some(last)) => Some(Line::of(&format!("{first} – {last}"))),
        (Some(first), None) => {
            let from = words.line(texts::FROM, &[("day", first.into())]);
            Some(from.text(", ").text(words.say(texts::OPEN_ENDED)))
        }
        (None, Some(last)) => Some(Line::of(&format!("– {last}"))),
        (None, None) => None,
    }
}

/// The rows of a new agreement. A service with hours of its own has them in brackets; targets of a service are shown only
/// where they are not those of the agreement.
pub(in crate::render) fn rows(change: &Change, words: Vocabulary<'_>) -> Vec<CreationRow> {
    let row = |text, value: Line| CreationRow { label: Line::of(words.say(text)), value };
    let targets = match field(change, &Field::Targets) {
        Some(Value::Targets(targets)) => Some(&**targets),
        _ => None,
    };
    let plain = |wanted: &Field| field(change, wanted).map(|value| value::one(value, wanted, words));
    let services = match field(change, &Field::Services) {
        Some(Value::References(services)) => {
            let named = services.iter().map(|id| service(id, targets, words));
            Some(Line::comma_separated(named))
        }
        _ => None,
    };
    let known = [
        (texts::NUMBER, number(change, words)),
        (texts::DATES, dates(change, words)),
        (texts::SERVICES, services),
        (texts::RECIPIENTS, plain(&Field::Recipients)),
        (texts::CALENDAR, plain(&Field::Calendar)),
        (texts::TARGETS, targets.map(|targets| target_line(targets, words))),
        (texts::MANAGER, plain(&Field::Manager)),
        (texts::PROVIDER, plain(&Field::Provider)),
        (texts::CONTACTS, plain(&Field::Contacts)),
    ];
    let mut rows: Vec<CreationRow> =
        known.into_iter().filter_map(|(text, value)| Some(row(text, value?))).collect();
    let attributes = change.fields.iter().filter(|field| matches!(field.field, Field::Attribute(_)));
    rows.extend(attributes.filter(|field| field.after != Value::Nothing).map(|field| CreationRow {
        label: Line::new().foreign(&words.field(&field.field)),
        value: value::one(&field.after, &field.field, words),
    }));
    let title = field(change, &Field::Title).filter(|value| **value != Value::text(&change.title));
    rows.extend(title.map(|title| row(texts::TITLE, value::one(title, &Field::Title, words))));
    rows
}

/// A service, with its own hours in brackets.
fn service(id: &LiveId, targets: Option<&Targets>, words: Vocabulary<'_>) -> Line {
    let of_service = |(key, _): &(&TargetKey, &LiveTarget)| key.service.as_ref() == Some(id);
    let mut own = targets.into_iter().flatten().filter(of_service);
    let hours = own.find_map(|(_, target)| target.calendar.as_ref());
    match hours {
        Some(hours) => words.object(id).text(" (").join(words.object(hours)).text(")"),
        None => words.object(id),
    }
}

/// The targets in one line: `critical 30m / 4h · normal 4h / 2 business days`.
fn target_line(targets: &Targets, words: Vocabulary<'_>) -> Line {
    let times = |target: &LiveTarget| (target.response, target.resolution);
    let is_general = |key: &TargetKey, target: &LiveTarget| {
        let general = TargetKey { service: None, priority: key.priority.clone() };
        key.service.is_some() && targets.get(&general).is_some_and(|general| times(general) == times(target))
    };
    let shown = targets.iter().filter(|(key, target)| !is_general(key, target));
    let line = |(key, target): (&TargetKey, &LiveTarget)| {
        let time = |time: Option<_>| time.map_or_else(|| "–".to_owned(), |time| words.time(time));
        let times = format!(" {} / {}", time(target.response), time(target.resolution));
        vocabulary::target(key, words).toned(Tone::Strong, &times)
    };
    shown.map(line).fold(
        Line::new(),
        |all, line| {
            if all.is_empty() { line } else { all.text(" · ").join(line) }
        },
    )
}
