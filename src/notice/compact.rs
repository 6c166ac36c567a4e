//! What a memory may forget: records by which nothing will ever be decided again.
//!
//! A record that is done says that its occasion is over, and what days somebody was told. The first fits into one name
//! among what is past, for all recipients at once; of the second only the latest word to each counts. All else may go:
//! whatever becomes of the agreement later, the same is due.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::NoticeEvent;
use crate::calendar::Instant;
use crate::ident::AgreementId;

use super::{Beginning, Channel, Key, Memory, Record};

/// What a memory becomes when it forgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// The records that go.
    pub forgotten: BTreeSet<Key>,
    /// What is past then, in place of what was.
    pub past: Beginning,
}

impl Compaction {
    /// What is left of a memory.
    #[must_use]
    pub fn of(&self, memory: &Memory) -> Memory {
        let kept = memory.records.iter().filter(|(key, _)| !self.forgotten.contains(*key));
        let records = kept.map(|(key, record)| (key.clone(), record.clone())).collect();
        Memory { beginning: self.past.clone(), records }
    }
}

/// What a memory may forget.
pub fn compact(memory: &Memory) -> Compaction {
    let latest = latest(memory);
    let mut occasions: BTreeMap<(&AgreementId, String), Vec<(&Key, &Record)>> = BTreeMap::new();
    for (key, record) in &memory.records {
        // Corrections are counted, so that each has a name of its own.
        if key.event != NoticeEvent::Amended {
            occasions.entry((&key.agreement, Beginning::name_of(key))).or_default().push((key, record));
        }
    }
    let mut compaction = Compaction { forgotten: BTreeSet::new(), past: memory.beginning.clone() };
    for ((agreement, name), records) in occasions {
        if records.iter().all(|(_, record)| record.is_done()) {
            compaction.past.past.entry(agreement.clone()).or_default().insert(name);
            let is_latest =
                |(key, record): &(&Key, &Record)| when_told(record).is_some_and(|at| latest[&who(key)] == at);
            let forgotten = records.iter().filter(|record| !is_latest(record));
            compaction.forgotten.extend(forgotten.map(|(key, _)| (*key).clone()));
        }
    }
    compaction
}

/// Who was told through which channel about which agreement.
type Who<'a> = (&'a AgreementId, &'a str, Channel);

fn who(key: &Key) -> Who<'_> {
    (&key.agreement, &key.recipient, key.channel)
}

fn when_told(record: &Record) -> Option<Instant> {
    match record {
        Record::Done { at, told: Some(_), .. } => Some(*at),
        _ => None,
    }
}

/// When each was told days of an agreement last. Another document may join agreements, so that each has its own.
fn latest(memory: &Memory) -> BTreeMap<Who<'_>, Instant> {
    let mut latest = BTreeMap::new();
    for (key, record) in &memory.records {
        if let Some(at) = when_told(record) {
            let known = latest.entry(who(key)).or_insert(at);
            *known = at.max(*known);
        }
    }
    latest
}
