//! A message on its way, with the records of its notices as they are now.

use crate::calendar::Instant;
use crate::live::digest;
use crate::notice::{Key, Notice, Record, Told};

use super::{Change, Message, TAKE_OVER};

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub(super) message: Message,
    /// Its notices in the ledger. Where nothing stands behind them any more, the message itself is empty.
    pub(super) keys: Vec<Key>,
    /// Their records as they are now.
    pub(super) records: Vec<Record>,
    /// Whether somebody else began to send it.
    pub(super) is_take_over: bool,
    pub(super) submits: u32,
}

impl Task {
    pub(super) fn of(message: Message, records: Vec<Record>, is_take_over: bool) -> Self {
        let keys = message.notices.iter().map(|notice| notice.key.clone()).collect();
        Self { message, keys, records, is_take_over, submits: 0 }
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.keys.clone()
    }

    /// All records become what `value` makes of the days that are told.
    pub(super) fn changes(&mut self, value: impl Fn(Told) -> Record) -> Vec<Change> {
        let mut changes = Vec::new();
        for (index, (key, record)) in self.keys.iter().zip(&mut self.records).enumerate() {
            let told = match (&*record, self.message.notices.get(index)) {
                (Record::Submitting { told, .. }, _) => *told,
                (_, Some(notice)) => notice.told,
                _ => Told { first_day: None, last_day: None },
            };
            let value = value(told);
            let expected = Some(std::mem::replace(record, value.clone()));
            changes.push(Change { key: key.clone(), expected, value });
        }
        changes
    }
}

pub(super) fn is_old(record: &Record, now: Instant) -> bool {
    matches!(record, Record::Submitting { at, .. } if now.duration_since(*at) >= TAKE_OVER)
}

pub(super) fn since(record: Option<&Record>) -> Option<Instant> {
    match record {
        Some(Record::Waiting { since, .. }) => Some(*since),
        Some(Record::Claimed { since, .. }) => *since,
        _ => None,
    }
}

pub(super) fn name_of(notices: &[Notice]) -> String {
    let mut keys: Vec<String> = notices.iter().map(|notice| notice.key.to_string()).collect();
    keys.sort_unstable();
    digest(&keys)
}
