//! Objects of one class become a profile of each attribute: what it holds, how often, and in what shape.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::calendar::{Day, read_day};
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
    /// The classes that references lead to, with how many do.
    pub(super) references: BTreeMap<String, usize>,
    /// The classes that sets lead to, with how many objects hold one.
    pub(super) sets: BTreeMap<String, usize>,
    /// Lengths of time with a unit.
    pub(super) intervals: usize,
    /// Whole numbers.
    pub(super) numbers: Vec<i64>,
    /// Anything else.
    pub(super) others: usize,
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
            for (code, json) in object {
                profiles.by_code.entry(code.clone()).or_default().take_in(json);
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
    fn take_in(&mut self, json: &Json) {
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
        match json {
            Json::String(text) => match read_label(text) {
                Some(label) => self.days.push(label),
                None => self.texts.push(text.trim().to_owned()),
            },
            Json::Number(number) => match number.as_i64() {
                Some(number) => self.numbers.push(number),
                None => self.others += 1,
            },
            Json::Object(object) => match object.get("UUID").and_then(Json::as_str) {
                Some(id) => *self.references.entry(class_of(id)).or_default() += 1,
                None if object.contains_key("length") && object.contains_key("interval") => {
                    self.intervals += 1;
                }
                None => self.others += 1,
            },
            Json::Array(list) => {
                let ids = list.iter().filter_map(|entry| entry["UUID"].as_str());
                let classes: BTreeSet<String> = ids.map(class_of).collect();
                for class in classes {
                    *self.sets.entry(class).or_default() += 1;
                }
            }
            Json::Null | Json::Bool(_) => self.others += 1,
        }
    }

    /// Whether everything that is held is a day.
    pub(super) fn is_days(&self) -> bool {
        !self.days.is_empty() && self.days.len() == self.held
    }

    /// Whether everything that is held is a text.
    pub(super) fn is_texts(&self) -> bool {
        !self.texts.is_empty() && self.texts.len() == self.held
    }

    /// Whether everything that is held is one object of this class.
    pub(super) fn refers_to(&self, class: &str) -> bool {
        self.held > 0 && self.references.get(class) == Some(&self.held)
    }

    /// Whether everything that is held is a set of objects of this class.
    pub(super) fn lists(&self, class: &str) -> bool {
        self.held > 0 && self.sets.len() == 1 && self.sets.get(class) == Some(&self.held)
    }

    /// The time of day that all days bear.
    pub(super) fn time_of_all(&self) -> Option<&str> {
        let mut times = self.days.iter().map(|(_, time)| time.as_deref());
        let first = times.next()??;
        times.all(|time| time == Some(first)).then_some(first)
    }
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
