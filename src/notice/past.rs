//! Finds what the ledger must record before anything is due: what was live before Servanda managed it is past, and the
//! records of a renamed agreement belong to its new id.
//!
//! Without the first, an adopted agreement would be announced with an old day. Without the second, the same would
//! happen once `formerly:` is removed from the file.

use std::collections::BTreeSet;

use crate::agreement::Agreement;
use crate::ident::AgreementId;

use super::delivery::RecordChange;
use super::due::DueInput;
use super::event::{ScheduledEvent, Succession, scheduled_events};
use super::key::NoticeKey;
use super::record::{NoticeRecord, NoticeRecords, PastEvents};

/// Additions to the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unrecorded {
    /// Events that are never announced.
    pub past: PastEvents,
    /// The records of renamed agreements, under their new ids.
    pub moved: Vec<RecordChange>,
}

impl Unrecorded {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.past.by_agreement.is_empty() && self.moved.is_empty()
    }

    /// Adds all of it to records in memory.
    pub fn add_to(self, records: &mut NoticeRecords) {
        for (id, names) in self.past.by_agreement {
            records.past.by_agreement.entry(id).or_default().extend(names);
        }
        records.records.extend(self.moved.into_iter().map(|moved| (moved.key, moved.value)));
    }
}

/// The additions about adopted and renamed agreements that the ledger does not have yet.
pub fn unrecorded(input: &DueInput<'_>, records: &NoticeRecords) -> Unrecorded {
    let succession = input.succession();
    let known = records.by_agreement();
    let mut unrecorded = Unrecorded::default();
    for agreement in input.agreements {
        let is_known =
            |id: &AgreementId| known.contains_key(id) || records.past.by_agreement.contains_key(id);
        for former in agreement.formerly.iter().filter(|former| is_known(former)) {
            let of_former = known.get(former).into_iter().flatten();
            unrecorded
                .moved
                .extend(of_former.filter_map(|(key, record)| moved(agreement, key, record, records)));
            let past = records.past.by_agreement.get(former).into_iter().flatten();
            let own = records.past.by_agreement.get(&agreement.id);
            let missing = past.filter(|name| own.is_none_or(|own| !own.contains(*name))).cloned();
            let missing: BTreeSet<String> = missing.collect();
            if !missing.is_empty() {
                unrecorded.past.by_agreement.entry(agreement.id.clone()).or_default().extend(missing);
            }
        }
        if agreement.adopts.is_some() && !agreement.formerly.iter().chain([&agreement.id]).any(is_known) {
            let past = before_today(agreement, &succession, input);
            unrecorded.past.by_agreement.insert(agreement.id.clone(), past);
        }
    }
    unrecorded
}

/// A final record of a former id, as a record of the present one.
fn moved(
    agreement: &Agreement,
    key: &NoticeKey,
    record: &NoticeRecord,
    records: &NoticeRecords,
) -> Option<RecordChange> {
    let key = NoticeKey { agreement: agreement.id.clone(), ..key.clone() };
    let is_new = record.is_done() && !records.records.contains_key(&key);
    is_new.then(|| RecordChange { key, expected: None, value: record.clone() })
}

/// The events whose notices were planned before today.
fn before_today(
    agreement: &Agreement,
    succession: &Succession<'_>,
    input: &DueInput<'_>,
) -> BTreeSet<String> {
    let today = agreement.zone.day_of(input.at);
    let events = scheduled_events(agreement, succession, input.usual, input.at);
    let past = events.iter().filter(|event| agreement.zone.day_of(event.planned) < today);
    past.map(ScheduledEvent::name).collect()
}
