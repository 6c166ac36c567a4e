//! A message in delivery, with the current records of its notices.

use crate::calendar::Instant;
use crate::live::digest;
use crate::notice::due::Notice;
use crate::notice::key::NoticeKey;
use crate::notice::record::{AnnouncedDays, NoticeRecord};

use super::protocol::{Message, RecordChange, TAKEOVER_AFTER};

/// A message in delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub(super) message: Message,
    /// The keys of its notices in the ledger. The message has no notices if none of their events exist any more.
    pub(super) keys: Vec<NoticeKey>,
    /// The current records of the keys.
    pub(super) records: Vec<NoticeRecord>,
    /// Whether another run passed the fence with it.
    pub(super) is_takeover: bool,
    /// The number of times this run submitted it.
    pub(super) submits: u32,
}

impl Task {
    pub(super) fn of(message: Message, records: Vec<NoticeRecord>, is_takeover: bool) -> Self {
        let keys = message.notices.iter().map(|notice| notice.key.clone()).collect();
        Self { message, keys, records, is_takeover, submits: 0 }
    }

    /// Replaces all records by what `value` makes of the announced days.
    pub(super) fn changes(&mut self, value: impl Fn(AnnouncedDays) -> NoticeRecord) -> Vec<RecordChange> {
        let mut changes = Vec::new();
        for (index, (key, record)) in self.keys.iter().zip(&mut self.records).enumerate() {
            let announced = match (&*record, self.message.notices.get(index)) {
                (NoticeRecord::Submitting { announced, .. }, _) => *announced,
                (_, Some(notice)) => notice.announced,
                _ => AnnouncedDays { first_day: None, last_day: None },
            };
            let value = value(announced);
            let expected = Some(std::mem::replace(record, value.clone()));
            changes.push(RecordChange { key: key.clone(), expected, value });
        }
        changes
    }
}

/// Whether the run that passed the fence must have lost its connection by now.
pub(super) fn is_abandoned(record: &NoticeRecord, now: Instant) -> bool {
    matches!(record, NoticeRecord::Submitting { at, .. } if now.duration_since(*at) >= TAKEOVER_AFTER)
}

/// Since when a notice has been deferred.
pub(super) fn deferred_since(record: Option<&NoticeRecord>) -> Option<Instant> {
    match record {
        Some(NoticeRecord::Deferred { since, .. }) => Some(*since),
        Some(NoticeRecord::Claimed { since, .. }) => *since,
        _ => None,
    }
}

/// The name of a message: a digest of its keys.
pub(super) fn name_of(notices: &[Notice]) -> String {
    let mut keys: Vec<String> = notices.iter().map(|notice| notice.key.to_string()).collect();
    keys.sort_unstable();
    digest(&keys)
}
