//! The record of a notice in the ledger, as JSON: deferred, claimed, submitting, or done with a result.
//!
//! `claimed → submitting → done` are the states of the delivery protocol. `deferred` comes before them if a notice is
//! due and cannot be sent yet.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Instant};
use crate::ident::AgreementId;

use super::key::{NoticeKey, Variant};

/// The record of one notice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NoticeRecord {
    /// Due, and not sendable yet.
    #[serde(alias = "waiting")]
    Deferred {
        /// The first run that could have sent it.
        since: Instant,
        /// The reason, for people.
        why: String,
    },
    /// A run is about to send it. Nothing was sent, so another run may take over after the lease.
    Claimed {
        /// The run.
        run: String,
        /// The end of its lease.
        until: Instant,
        /// Since when the notice was deferred before, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Instant>,
    },
    /// A run passed the fence: the message may have been sent, and only the channel knows.
    Submitting {
        /// The run.
        run: String,
        /// When it passed the fence.
        at: Instant,
        /// The name of the message that contains the notice. All notices of a message change state together.
        message: String,
        /// The days that the message announces.
        announced: AnnouncedDays,
    },
    /// Final.
    Done {
        /// The way it ended.
        #[serde(alias = "how")]
        result: NoticeResult,
        /// When it ended.
        at: Instant,
        /// The days that were announced, or may have been.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announced: Option<AnnouncedDays>,
        /// The channel's id of the message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// The way a notice ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeResult {
    /// Sent.
    Sent,
    /// Not sent, because a more recent event or a shorter lead time replaced it.
    Superseded,
    /// Not sent, because it was deferred for longer than `notices.late_after`.
    Late,
}

/// The days that a notice announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnnouncedDays {
    /// The first day of the period.
    pub first_day: Option<Day>,
    /// The last day, included; `None` if open-ended.
    pub last_day: Option<Day>,
}

/// The events that were past when the ledger was initialised, and those whose records were compacted. They are never
/// announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PastEvents {
    /// The events of each agreement, by [`PastEvents::name`].
    pub by_agreement: BTreeMap<AgreementId, BTreeSet<String>>,
}

impl PastEvents {
    /// The name of an event, which is the same for all recipients.
    pub fn name(event: NoticeEvent, day: Day, variant: Variant) -> String {
        format!("{}/{day}/{variant}", event.as_str())
    }

    /// The name of the event that a notice announces.
    pub fn name_of(key: &NoticeKey) -> String {
        Self::name(key.event, key.day, key.variant)
    }
}

/// Everything that the ledger holds about notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoticeRecords {
    /// The events that are never announced.
    pub past: PastEvents,
    /// The records of all notices that were ever due.
    pub records: BTreeMap<NoticeKey, NoticeRecord>,
}

impl NoticeRecords {
    /// The records of each agreement, with their keys.
    pub(super) fn by_agreement(&self) -> BTreeMap<&AgreementId, Vec<(&NoticeKey, &NoticeRecord)>> {
        let mut by_agreement: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, record) in &self.records {
            by_agreement.entry(&key.agreement).or_default().push((key, record));
        }
        by_agreement
    }
}

impl NoticeRecord {
    /// Whether the record is final.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// A final record of a notice that was not sent.
    pub const fn settled(result: NoticeResult, at: Instant) -> Self {
        Self::Done { result, at, announced: None, message: None }
    }
}
