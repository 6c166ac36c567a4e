//! Objects of one class become a profile of each attribute: what it holds, how often, and in what shape.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::calendar::{Day, read_day};
use crate::discovery::evidence::ValueShape;
use crate::discovery::sample::RawObject;

/// The values that the objects of a class hold under one code.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    /// The number of objects that hold anything.
    pub(super) held: usize,
    /// Texts that are no days.
    pub(super) texts: Vec<String>,
    /// Days with their time of day, where they bear one.
    pub(super) days: Vec<(Day, Option<String>)>,
    /// Whole numbers.
    pub(super) numbers: Vec<i64>,
    /// The kind of each value, with the object that holds it.
    values: Vec<(String, HeldKind)>,
}

/// The kind of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HeldKind {
    /// A text that is no day.
    Text,
    /// A day.
    Day,
    /// A whole number.
    Number,
    /// A length of time with a unit.
    Interval,
    /// One object of this class.
    Reference(String),
    /// A set of objects of this class.
    Set(String),
    /// Anything else.
    Other,
}

/// The profiles of a class, by code.
#[derive(Clone, Debug, Default)]
pub(super) struct Profiles {
    /// The number of objects that were read.
    pub(super) of: usize,
    by_code: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Looks at objects.
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a RawObject>) -> Self {
        let mut profiles = Self::default();
        for object in objects {
            profiles.of += 1;
            let id = object.get("UUID").and_then(Json::as_str).unwrap_or_default();
            for (code, json) in object {
                profiles.by_code.entry(code.clone()).or_default().take_in(id, json);
            }
        }
        profiles
    }

    /// The values of the objects under a code; nothing where none has it.
    pub(super) fn get(&self, code: &str) -> Option<&Profile> {
        self.by_code.get(code)
    }

    /// Every code with its profile.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.by_code.iter().map(|(code, profile)| (code.as_str(), profile))
    }
}

impl Profile {
    fn take_in(&mut self, id: &str, json: &Json) {
        let is_empty = match json {
            Json::Null => true,
            Json::String(text) => text.trim().is_empty(),
            Json::Array(list) => list.is_empty(),
            Json::Bool(_) | Json::Number(_) | Json::Object(_) => false,
        };
        if is_empty {
            return;
        }
        self.held += 1;
        let kind = match json {
            Json::String(text) => {
                if let Some(label) = read_label(text) {
                    self.days.push(label);
                    HeldKind::Day
                } else {
                    self.texts.push(text.trim().to_owned());
                    HeldKind::Text
                }
            }
            Json::Number(number) => match number.as_i64() {
                Some(number) => {
                    self.numbers.push(number);
                    HeldKind::Number
                }
                None => HeldKind::Other,
            },
            Json::Object(object) => match object.get("UUID").and_then(Json::as_str) {
                Some(id) => HeldKind::Reference(class_of(id)),
                None if object.contains_key("length") && object.contains_key("interval") => {
                    HeldKind::Interval
                }
                None => HeldKind::Other,
            },
            Json::Array(list) => match list.first().and_then(|entry| entry["UUID"].as_str()).map(class_of) {
                Some(class) if list.iter().all(|entry| refers_to(entry, &class)) => HeldKind::Set(class),
                _ => HeldKind::Other,
            },
            Json::Null | Json::Bool(_) => HeldKind::Other,
        };
        self.values.push((id.to_owned(), kind));
    }

    /// Whether most values have a shape. Text that happens to look like a day does not decide against text.
    pub(super) fn fits(&self, shape: &ValueShape) -> bool {
        let decides = |kind: &HeldKind| match shape {
            ValueShape::Text => *kind == HeldKind::Text,
            shape => is_shaped(kind, shape),
        };
        self.values.iter().filter(|(_, kind)| decides(kind)).count() * 2 > self.held
    }

    /// The objects whose value does not have a shape.
    pub(super) fn outliers(&self, shape: &ValueShape) -> Vec<String> {
        let odd = self.values.iter().filter(|(_, kind)| !is_shaped(kind, shape));
        odd.map(|(id, _)| id.clone()).collect()
    }

    /// The number of lengths of time with a unit.
    pub(super) fn intervals(&self) -> usize {
        self.values.iter().filter(|(_, kind)| *kind == HeldKind::Interval).count()
    }

    /// The time of day that most days bear, with the number of those that do.
    pub(super) fn usual_time(&self) -> Option<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for time in self.days.iter().filter_map(|(_, time)| time.as_deref()) {
            *counts.entry(time).or_default() += 1;
        }
        counts.into_iter().find(|(_, count)| count * 2 > self.days.len())
    }

    /// Whether most days bear no time of day.
    pub(super) fn is_bare(&self) -> bool {
        self.days.iter().filter(|(_, time)| time.is_none()).count() * 2 > self.days.len()
    }
}

fn is_shaped(kind: &HeldKind, shape: &ValueShape) -> bool {
    match shape {
        ValueShape::Text => matches!(kind, HeldKind::Text | HeldKind::Day | HeldKind::Number),
        ValueShape::Day(_) => *kind == HeldKind::Day,
        ValueShape::Reference(class) => matches!(kind, HeldKind::Reference(held) if held == class),
        ValueShape::Set(class) => matches!(kind, HeldKind::Set(held) if held == class),
        ValueShape::Interval => matches!(kind, HeldKind::Interval | HeldKind::Text | HeldKind::Number),
    }
}

fn refers_to(entry: &Json, class: &str) -> bool {
    entry["UUID"].as_str().is_some_and(|id| class_of(id) == class)
}

/// The class of an object, by its id.
pub(super) fn class_of(id: &str) -> String {
    id.split('$').next().unwrap_or_default().to_owned()
}

/// A day and its time of day, with dots or dashes, or a day alone.
pub(super) fn read_label(text: &str) -> Option<(Day, Option<String>)> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let separator = date.as_bytes()[4];
    if !matches!(separator, b'.' | b'-') || date.as_bytes()[7] != separator {
        return None;
    }
    let day = read_day(&date.replace('.', "-")).ok()?;
    let time = rest.trim_start_matches(['T', ' ']);
    let is_time =
        time.len() >= 5 && time.chars().all(|letter| letter.is_ascii_digit() || ":.Z+".contains(letter));
    match time {
        "" => Some((day, None)),
        time if is_time => Some((day, Some(time.to_owned()))),
        _ => None,
    }
}
