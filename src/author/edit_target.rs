//! One agreement beside the text that it stands in, and the layer of that text which is its own: the file, or its entry
//! of a set.

use serde_json::Value;

use super::minimize::ORDER;
use crate::agreement::Agreement;
use crate::calendar::{Day, Instant};
use crate::document::Document;
use crate::edit::{Draft, EditError};

/// An agreement and the file that it stands in.
#[derive(Clone, Copy, Debug)]
pub struct EditTarget<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// Its file, as a tree.
    pub document: &'a Document,
    /// Its file, as it is written.
    pub text: &'a str,
}

/// A file as it would be, and what whoever asked for it should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedFile {
    /// The text.
    pub text: String,
    /// A side effect of the change beyond the request.
    pub note: Option<String>,
}

/// The reason why an agreement is not changed as somebody asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EditRefused {
    /// The obstacle, without a full stop.
    pub message: String,
    /// The advice.
    pub help: String,
}

/// A day, or an instant where a day is not exact enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectiveFrom {
    /// The whole day.
    Day(Day),
    /// From this instant on.
    Instant(Instant),
}

impl EditRefused {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl From<EditError> for EditRefused {
    fn from(not_edited: EditError) -> Self {
        Self::new(not_edited.to_string(), "nothing was written; edit the file by hand")
    }
}

impl<'a> EditTarget<'a> {
    /// The id, for a sentence.
    pub(super) fn id(&self) -> &'a str {
        self.agreement.id.as_str()
    }

    /// The path of a field in the layer of the agreement itself.
    pub(super) fn own<'path>(&self, path: &[&'path str]) -> Vec<&'path str>
    where
        'a: 'path,
    {
        let entry = self.id().split_once('/').map(|(_, client)| ["clients", client]);
        entry.into_iter().flatten().chain(path.iter().copied()).collect()
    }

    /// The value of the agreement's own layer at a path.
    pub(super) fn says(&self, path: &[&str]) -> Option<Value> {
        let node = self.document.get(&self.own(path))?;
        Some(crate::document::Tree::Node(node).to_json())
    }

    /// A list of the agreement as it is written: its own, or that of the set, which one of its own would replace.
    pub(super) fn list(&self, name: &str) -> Vec<Value> {
        let of_set = || self.document.get(&[name]).map(|node| crate::document::Tree::Node(node).to_json());
        match self.says(&[name]).or_else(of_set) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// The text, about to be changed.
    pub(super) fn draft(&self) -> Draft<'a> {
        Draft::of(self.text, &self.document.root)
    }

    /// Sets a field of the agreement's own layer; a new one goes where the order of fields has it.
    pub(super) fn put(&self, draft: &mut Draft<'_>, field: &str, value: Value) -> Result<(), EditError> {
        put(draft, &self.own(&[]), field, value)
    }
}

/// Sets a field of a layer; a new one goes where the order of fields has it.
pub(super) fn put(draft: &mut Draft<'_>, layer: &[&str], field: &str, value: Value) -> Result<(), EditError> {
    let place = ORDER.iter().position(|name| *name == field).unwrap_or(ORDER.len());
    let path: Vec<&str> = layer.iter().copied().chain([field]).collect();
    draft.set_after(&path, value, &ORDER[..place])
}

impl EffectiveFrom {
    /// The key under which it is written, where a day has this one.
    pub(super) fn entry(self, day_key: &'static str, subject: &EditTarget<'_>) -> (&'static str, Value) {
        match self {
            Self::Day(day) => (day_key, day.to_string().into()),
            Self::Instant(instant) => ("at", subject.agreement.zone.write(instant).into()),
        }
    }

    /// The last day of what ends then: the day itself, counted in, or that of the last second before the instant.
    pub(super) fn last_day(self, subject: &EditTarget<'_>) -> Day {
        match self {
            Self::Day(day) => day,
            Self::Instant(instant) => {
                let before = instant.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(instant);
                subject.agreement.zone.day_of(before)
            }
        }
    }

    /// Its first instant.
    pub(super) fn begins(self, subject: &EditTarget<'_>) -> Instant {
        match self {
            Self::Day(day) => subject.agreement.zone.start_of(day),
            Self::Instant(instant) => instant,
        }
    }
}
