//! What is due and what others began become one write of claims, and a queue of messages.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Instant;
use crate::notice::{Address, Channel, Due, How, Key, Notice, Record};

use super::task::{Task, is_old, name_of, since};
use super::{Change, Delivery, DeliveryGuarantee, Effect, LEASE, Message, Step};

/// A message that some run began to send.
struct Begun<'a> {
    name: &'a str,
    /// All of its notices in the ledger.
    members: Vec<(&'a Key, &'a Record)>,
    /// Those that are still due.
    notices: Vec<Notice>,
    /// Those that nothing stands behind any more.
    forgotten: BTreeSet<Key>,
}

impl Delivery {
    /// Claims all that is due in one write, together with what is settled and what waits.
    pub(super) fn claim(&mut self, due: Due, records: &BTreeMap<Key, Record>, now: Instant) -> Effect {
        let Due { send, waiting, settle, held } = due;
        let mut changes = Vec::new();
        for (key, how) in settle {
            changes.push(change(records, &key, Record::settled(how, now)));
            self.report.settled.push((key, how));
        }
        for (notice, why) in waiting {
            changes.extend(wait(records, &notice.key, &why, now));
            self.report.waiting.push((notice.key, why));
        }
        let (begun, fresh): (Vec<Notice>, Vec<Notice>) =
            send.into_iter().partition(|notice| message_of(records, &notice.key).is_some());
        for begun in gathered(records, begun, held) {
            changes.extend(self.take_over(begun, now));
        }
        changes.extend(self.claim_fresh(fresh, records, now));
        if changes.is_empty() { self.next_message() } else { self.write(changes, Step::Claiming) }
    }

    /// What nobody began to send, by where it goes.
    fn claim_fresh(
        &mut self,
        notices: Vec<Notice>,
        records: &BTreeMap<Key, Record>,
        now: Instant,
    ) -> Vec<Change> {
        let mut by_place: BTreeMap<(Channel, String), Vec<Notice>> = BTreeMap::new();
        for notice in notices {
            let claimed = matches!(records.get(&notice.key), Some(Record::Claimed { run, until, .. }) if *run != self.run && now < *until);
            if claimed {
                self.report.elsewhere.push(notice.key);
            } else if self.report.refused.iter().all(|(key, _)| *key != notice.key) {
                let address = match (notice.key.channel, &notice.recipient.address) {
                    (Channel::Helpdesk, _) => notice.key.agreement.to_string(),
                    (_, Address::Known(address)) => address.to_lowercase(),
                    (_, Address::Person(_) | Address::Missing(_)) => String::new(),
                };
                by_place.entry((notice.key.channel, address)).or_default().push(notice);
            }
        }
        let mut changes = Vec::new();
        for ((channel, _), mut notices) in by_place {
            notices.sort_by_cached_key(crate::notice::due::order);
            let at_most = self.at_most.get(&channel).copied().unwrap_or(usize::MAX).max(1);
            for notices in notices.chunks(at_most) {
                self.claim_message(notices, records, now, &mut changes);
            }
        }
        changes
    }

    /// Notices that go out together.
    fn claim_message(
        &mut self,
        notices: &[Notice],
        records: &BTreeMap<Key, Record>,
        now: Instant,
        changes: &mut Vec<Change>,
    ) {
        let mut claimed = Vec::new();
        for notice in notices {
            let since = since(records.get(&notice.key));
            let until = now.checked_add(LEASE).unwrap_or(Instant::MAX);
            let record = Record::Claimed { run: self.run.clone(), until, since };
            changes.push(change(records, &notice.key, record.clone()));
            claimed.push(record);
        }
        let keys = notices.iter().map(|notice| &notice.key);
        let message = Message::of(name_of(notices), keys, notices.to_vec());
        self.queue.push_back(Task::of(message, claimed, false));
    }

    /// What somebody else began to send: the channel may know what became of it. A message is one thing, so that
    /// nothing is done about a part of it.
    fn take_over(&mut self, begun: Begun<'_>, now: Instant) -> Vec<Change> {
        let Begun { name, members, notices, forgotten } = begun;
        let keys = || members.iter().map(|(key, _)| (*key).clone());
        let Some(channel) = members.first().map(|(key, _)| key.channel) else {
            return Vec::new();
        };
        let is_old = members.iter().all(|(_, record)| is_old(record, now));
        // Some of it may be due again later, when it has to go out with the rest.
        let is_whole = notices.len() + forgotten.len() == members.len();
        match self.memorable(channel) {
            DeliveryGuarantee::AtMostOnce => self.report.held.extend(keys()),
            DeliveryGuarantee::Queryable if is_old => {
                let records = members.iter().map(|(_, record)| (*record).clone()).collect();
                let message = Message::of(name.to_owned(), members.iter().map(|(key, _)| *key), notices);
                self.queue.push_back(Task { keys: keys().collect(), ..Task::of(message, records, true) });
            }
            DeliveryGuarantee::Idempotent if is_old && is_whole => {
                let (forgotten, due): (Vec<_>, Vec<_>) =
                    members.into_iter().partition(|(key, _)| forgotten.contains(*key));
                if !notices.is_empty() {
                    let record = |notice: &Notice| due.iter().find(|(key, _)| **key == notice.key);
                    let records =
                        notices.iter().filter_map(|notice| Some(record(notice)?.1.clone())).collect();
                    let message = Message::of(name.to_owned(), due.iter().map(|(key, _)| *key), notices);
                    self.queue.push_back(Task::of(message, records, true));
                }
                return forgotten.into_iter().map(|(key, record)| self.forget(key, record, now)).collect();
            }
            DeliveryGuarantee::Idempotent | DeliveryGuarantee::Queryable => {
                self.report.elsewhere.extend(keys())
            }
        }
        Vec::new()
    }

    /// Nobody would send it today, and if it was sent the channel delivered it once.
    fn forget(&mut self, key: &Key, record: &Record, now: Instant) -> Change {
        let told = match record {
            Record::Submitting { told, .. } => Some(*told),
            _ => None,
        };
        self.report.settled.push((key.clone(), How::Superseded));
        let value = Record::Done { how: How::Superseded, at: now, told, message: None };
        Change { key: key.clone(), expected: Some(record.clone()), value }
    }
}

/// The messages that were begun, of which something is due or forgotten.
fn gathered(records: &BTreeMap<Key, Record>, due: Vec<Notice>, forgotten: Vec<Key>) -> Vec<Begun<'_>> {
    let mut begun: BTreeMap<&str, Begun<'_>> = BTreeMap::new();
    let of = |name| Begun { name, members: Vec::new(), notices: Vec::new(), forgotten: BTreeSet::new() };
    for notice in due {
        if let Some(name) = message_of(records, &notice.key) {
            begun.entry(name).or_insert_with(|| of(name)).notices.push(notice);
        }
    }
    for key in forgotten {
        if let Some(name) = message_of(records, &key) {
            begun.entry(name).or_insert_with(|| of(name)).forgotten.insert(key);
        }
    }
    for (key, record) in records {
        if let Some(begun) = message_of(records, key).and_then(|name| begun.get_mut(name)) {
            begun.members.push((key, record));
        }
    }
    begun.into_values().collect()
}

/// The message as part of which a notice was begun.
fn message_of<'a>(records: &'a BTreeMap<Key, Record>, key: &Key) -> Option<&'a str> {
    match records.get(key)? {
        Record::Submitting { message, .. } => Some(message),
        _ => None,
    }
}

fn change(records: &BTreeMap<Key, Record>, key: &Key, value: Record) -> Change {
    Change { key: key.clone(), expected: records.get(key).cloned(), value }
}

/// What waits is written down once, with the first instant of its waiting.
fn wait(records: &BTreeMap<Key, Record>, key: &Key, why: &str, now: Instant) -> Option<Change> {
    match records.get(key) {
        Some(Record::Waiting { .. }) => None,
        Some(Record::Claimed { until, .. }) if now < *until => None,
        known => {
            let since = since(known).unwrap_or(now);
            Some(change(records, key, Record::Waiting { since, why: why.to_owned() }))
        }
    }
}
