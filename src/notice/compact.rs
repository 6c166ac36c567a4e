//! Finds records that no future decision depends on.
//!
//! A final record answers two questions: that the event is over, and which days a recipient was sent. For the first,
//! one name among the past events suffices for all recipients. For the second, only the latest record of each
//! recipient counts. All other final records may be deleted: the set of due notices stays the same, also
//! after any later change of the files.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::NoticeEvent;
use crate::calendar::Instant;
use crate::ident::AgreementId;

use super::key::{Channel, NoticeKey};
use super::record::{NoticeRecord, NoticeRecords, PastEvents};

/// The changes that compact the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// The records to delete.
    pub deleted: BTreeSet<NoticeKey>,
    /// The past events after it.
    pub past: PastEvents,
}

impl Compaction {
    /// The records after the compaction.
    #[must_use]
    pub fn apply(&self, records: &NoticeRecords) -> NoticeRecords {
        let kept = records.records.iter().filter(|(key, _)| !self.deleted.contains(*key));
        let kept = kept.map(|(key, record)| (key.clone(), record.clone())).collect();
        NoticeRecords { past: self.past.clone(), records: kept }
    }
}

/// Compacts the records.
pub fn compact(records: &NoticeRecords) -> Compaction {
    let latest = latest(records);
    let mut events: BTreeMap<(&AgreementId, String), Vec<(&NoticeKey, &NoticeRecord)>> = BTreeMap::new();
    for (key, record) in &records.records {
        // Corrections are numbered by their count, so all of them stay.
        if key.event != NoticeEvent::Amended {
            events.entry((&key.agreement, PastEvents::name_of(key))).or_default().push((key, record));
        }
    }
    let mut compaction = Compaction { deleted: BTreeSet::new(), past: records.past.clone() };
    for ((agreement, name), records) in events {
        if records.iter().all(|(_, record)| record.is_done()) {
            compaction.past.by_agreement.entry(agreement.clone()).or_default().insert(name);
            let is_latest = |(key, record): &(&NoticeKey, &NoticeRecord)| {
                announced_at(record).is_some_and(|at| latest[&addressee(key)] == at)
            };
            let deleted = records.iter().filter(|record| !is_latest(record));
            compaction.deleted.extend(deleted.map(|(key, _)| (*key).clone()));
        }
    }
    compaction
}

/// An agreement, a recipient and a channel.
type Addressee<'a> = (&'a AgreementId, &'a str, Channel);

fn addressee(key: &NoticeKey) -> Addressee<'_> {
    (&key.agreement, &key.recipient, key.channel)
}

fn announced_at(record: &NoticeRecord) -> Option<Instant> {
    match record {
        NoticeRecord::Done { at, announced: Some(_), .. } => Some(*at),
        _ => None,
    }
}

/// The instant of the last announced days for each addressee. Each name of an agreement counts on its own, since a
/// later edit may join two names with `formerly:`.
fn latest(records: &NoticeRecords) -> BTreeMap<Addressee<'_>, Instant> {
    let mut latest = BTreeMap::new();
    for (key, record) in &records.records {
        if let Some(at) = announced_at(record) {
            let known = latest.entry(addressee(key)).or_insert(at);
            *known = at.max(*known);
        }
    }
    latest
}
