//! What is remembered of a notice: that a run means to send it, is sending it, or what became of it.
//!
//! The three states of the protocol are `claimed`, `submitting`, `done`; `waiting` comes before them where
//! something is due and cannot be told yet. These are the values of a ledger, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Instant};
use crate::ident::AgreementId;

use super::{Key, Mark};

/// What is remembered of one notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Record {
    /// It is due and cannot be told yet.
    Waiting {
        /// Since the first run that could have told it.
        since: Instant,
        /// Why not, in words for people.
        why: String,
    },
    /// A run means to send it. Whoever comes after the lease may take it over, for nothing was sent.
    Claimed {
        /// The run.
        run: String,
        /// The end of its lease.
        until: Instant,
        /// Since when it waited before that, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Instant>,
    },
    /// A run is about to send, or has sent: only the channel knows which.
    Submitting {
        /// The run.
        run: String,
        /// When it began.
        at: Instant,
        /// The message that it is part of. All notices of a message go this way together.
        message: String,
        /// The days that it tells.
        told: Told,
    },
    /// It is over, one way or another.
    Done {
        /// Which way.
        how: How,
        /// When.
        at: Instant,
        /// The days that were told, or may have been.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<Told>,
        /// What the channel calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was sent.
    Sent,
    /// Something nearer to the day, or newer, was told in its place.
    Superseded,
    /// It could not be told for so long that it says nothing any more.
    Late,
}

/// The days that somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// The first day of the period.
    pub first_day: Option<Day>,
    /// The last day, counted in; `None` for no end.
    pub last_day: Option<Day>,
}

/// What was past when the memory began. It is never told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Beginning {
    /// What each agreement had to tell before, as [`Beginning::name`] has it.
    pub past: BTreeMap<AgreementId, BTreeSet<String>>,
}

impl Beginning {
    /// The name of what was told or missed, whoever was to hear it.
    pub fn name(occasion: &super::Occasion) -> String {
        name(occasion.event, occasion.day, occasion.mark)
    }

    /// The name of what a notice tells.
    pub fn name_of(key: &Key) -> String {
        name(key.event, key.day, key.mark)
    }
}

fn name(event: NoticeEvent, day: Day, mark: Mark) -> String {
    format!("{}/{day}/{mark}", event.as_str())
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// What was past when it began.
    pub beginning: Beginning,
    /// Each notice that was ever due.
    pub records: BTreeMap<Key, Record>,
}

impl Record {
    /// Whether nothing more will become of it.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// It is over, and nothing was sent.
    pub const fn settled(how: How, at: Instant) -> Self {
        Self::Done { how, at, told: None, message: None }
    }
}
