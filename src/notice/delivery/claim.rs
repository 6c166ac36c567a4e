//! Claims the due notices and takes over unfinished messages: the changes of one write, and a queue of messages.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Instant;
use crate::notice::due::{DueNotices, Notice, order};
use crate::notice::key::{Channel, NoticeKey};
use crate::notice::recipient::MailAddress;
use crate::notice::record::{NoticeRecord, NoticeResult};

use super::protocol::{DeliveryGuarantee, LEASE, Message, Options, RecordChange};
use super::report::DeliveryReport;
use super::task::{Task, deferred_since, is_abandoned, name_of};

/// A message with which some run passed the fence.
struct UnfinishedMessage<'a> {
    name: &'a str,
    /// All its notices in the ledger.
    members: Vec<(&'a NoticeKey, &'a NoticeRecord)>,
    /// The notices that are still due.
    notices: Vec<Notice>,
    /// The notices whose event no longer exists.
    orphaned: BTreeSet<NoticeKey>,
}

/// The claims of a run.
#[derive(Default)]
pub(super) struct Claims {
    /// To write first, all or none.
    pub(super) changes: Vec<RecordChange>,
    /// To send afterwards.
    pub(super) tasks: Vec<Task>,
}

/// Claims everything that is due, and records what is settled and deferred. Adds to the report what needs no message.
pub(super) fn claim(
    due: DueNotices,
    records: &BTreeMap<NoticeKey, NoticeRecord>,
    options: &Options,
    report: &mut DeliveryReport,
    now: Instant,
) -> Claims {
    let DueNotices { send, deferred, settle, orphaned } = due;
    let mut claiming = Claiming { records, options, report, now, claims: Claims::default() };
    for (key, result) in settle {
        claiming.change(&key, NoticeRecord::settled(result, now));
        claiming.report.settled.push((key, result));
    }
    for (notice, why) in deferred {
        claiming.defer(&notice.key, &why);
        claiming.report.deferred.push((notice.key, why));
    }
    let (unfinished, fresh): (Vec<Notice>, Vec<Notice>) =
        send.into_iter().partition(|notice| message_of(records, &notice.key).is_some());
    for message in unfinished_messages(records, unfinished, orphaned) {
        claiming.take_over(message);
    }
    claiming.claim_fresh(fresh);
    claiming.claims
}

/// The claims in the making.
struct Claiming<'a> {
    records: &'a BTreeMap<NoticeKey, NoticeRecord>,
    options: &'a Options,
    report: &'a mut DeliveryReport,
    now: Instant,
    claims: Claims,
}

impl Claiming<'_> {
    fn change(&mut self, key: &NoticeKey, value: NoticeRecord) {
        let change = RecordChange { key: key.clone(), expected: self.records.get(key).cloned(), value };
        self.claims.changes.push(change);
    }

    /// Defers a notice once, and keeps the first instant.
    fn defer(&mut self, key: &NoticeKey, why: &str) {
        match self.records.get(key) {
            Some(NoticeRecord::Deferred { .. }) => {}
            Some(NoticeRecord::Claimed { until, .. }) if self.now < *until => {}
            known => {
                let since = deferred_since(known).unwrap_or(self.now);
                self.change(key, NoticeRecord::Deferred { since, why: why.to_owned() });
            }
        }
    }

    /// Claims notices that no run has submitted, grouped into messages by channel and address.
    fn claim_fresh(&mut self, notices: Vec<Notice>) {
        let mut by_address: BTreeMap<(Channel, String), Vec<Notice>> = BTreeMap::new();
        for notice in notices {
            if self.is_claimed_by_another(&notice.key) {
                self.report.pending.push(notice.key);
            } else if self.report.refused.iter().all(|(key, _)| *key != notice.key) {
                let address = match (notice.key.channel, &notice.recipient.address) {
                    (Channel::Helpdesk, _) => notice.key.agreement.to_string(),
                    (_, MailAddress::Known(address)) => address.to_lowercase(),
                    (_, MailAddress::Person(_) | MailAddress::Missing(_)) => String::new(),
                };
                by_address.entry((notice.key.channel, address)).or_default().push(notice);
            }
        }
        for ((channel, _), mut notices) in by_address {
            notices.sort_by_cached_key(order);
            let max_notices = self.options.max_notices.get(&channel).copied().unwrap_or(usize::MAX).max(1);
            for notices in notices.chunks(max_notices) {
                self.claim_message(notices);
            }
        }
    }

    fn is_claimed_by_another(&self, key: &NoticeKey) -> bool {
        matches!(
            self.records.get(key),
            Some(NoticeRecord::Claimed { run, until, .. }) if *run != self.options.run && self.now < *until
        )
    }

    /// Claims the notices of one message.
    fn claim_message(&mut self, notices: &[Notice]) {
        let mut claimed = Vec::new();
        for notice in notices {
            let since = deferred_since(self.records.get(&notice.key));
            let until = self.now.checked_add(LEASE).unwrap_or(Instant::MAX);
            let record = NoticeRecord::Claimed { run: self.options.run.clone(), until, since };
            self.change(&notice.key, record.clone());
            claimed.push(record);
        }
        let keys = notices.iter().map(|notice| &notice.key);
        let message = Message::of(name_of(notices), keys, notices.to_vec());
        self.claims.tasks.push(Task::of(message, claimed, false));
    }

    /// Takes over a message with which another run passed the fence, as far as the channel's guarantee allows. A message
    /// is taken over as a whole or not at all.
    fn take_over(&mut self, unfinished: UnfinishedMessage<'_>) {
        let UnfinishedMessage { name, members, notices, orphaned } = unfinished;
        let keys = || members.iter().map(|(key, _)| (*key).clone());
        let Some(channel) = members.first().map(|(key, _)| key.channel) else {
            return;
        };
        let is_abandoned = members.iter().all(|(_, record)| is_abandoned(record, self.now));
        // A notice that is neither due nor orphaned may become due again later, and has to go out with the rest.
        let is_complete = notices.len() + orphaned.len() == members.len();
        match self.options.guarantee(channel) {
            DeliveryGuarantee::AtMostOnce => self.report.in_doubt.extend(keys()),
            DeliveryGuarantee::Queryable if is_abandoned => {
                let records = members.iter().map(|(_, record)| (*record).clone()).collect();
                let message = Message::of(name.to_owned(), members.iter().map(|(key, _)| *key), notices);
                self.claims.tasks.push(Task { keys: keys().collect(), ..Task::of(message, records, true) });
            }
            DeliveryGuarantee::Idempotent if is_abandoned && is_complete => {
                let (orphaned, due): (Vec<_>, Vec<_>) =
                    members.into_iter().partition(|(key, _)| orphaned.contains(*key));
                if !notices.is_empty() {
                    let record = |notice: &Notice| due.iter().find(|(key, _)| **key == notice.key);
                    let records =
                        notices.iter().filter_map(|notice| Some(record(notice)?.1.clone())).collect();
                    let message = Message::of(name.to_owned(), due.iter().map(|(key, _)| *key), notices);
                    self.claims.tasks.push(Task::of(message, records, true));
                }
                for (key, record) in orphaned {
                    self.settle_orphan(key, record);
                }
            }
            DeliveryGuarantee::Idempotent | DeliveryGuarantee::Queryable => {
                self.report.pending.extend(keys());
            }
        }
    }

    /// Settles a notice whose event no longer exists. If it was sent, the channel delivered it once.
    fn settle_orphan(&mut self, key: &NoticeKey, record: &NoticeRecord) {
        let announced = match record {
            NoticeRecord::Submitting { announced, .. } => Some(*announced),
            _ => None,
        };
        let result = NoticeResult::Superseded;
        self.report.settled.push((key.clone(), result));
        self.change(key, NoticeRecord::Done { result, at: self.now, announced, message: None });
    }
}

/// The unfinished messages that contain a due or an orphaned notice.
fn unfinished_messages(
    records: &BTreeMap<NoticeKey, NoticeRecord>,
    due: Vec<Notice>,
    orphaned: Vec<NoticeKey>,
) -> Vec<UnfinishedMessage<'_>> {
    let mut unfinished: BTreeMap<&str, UnfinishedMessage<'_>> = BTreeMap::new();
    let new = |name| UnfinishedMessage {
        name,
        members: Vec::new(),
        notices: Vec::new(),
        orphaned: BTreeSet::new(),
    };
    for notice in due {
        if let Some(name) = message_of(records, &notice.key) {
            unfinished.entry(name).or_insert_with(|| new(name)).notices.push(notice);
        }
    }
    for key in orphaned {
        if let Some(name) = message_of(records, &key) {
            unfinished.entry(name).or_insert_with(|| new(name)).orphaned.insert(key);
        }
    }
    for (key, record) in records {
        if let Some(message) = message_of(records, key).and_then(|name| unfinished.get_mut(name)) {
            message.members.push((key, record));
        }
    }
    unfinished.into_values().collect()
}

/// The name of the message with which a notice passed the fence.
fn message_of<'a>(records: &'a BTreeMap<NoticeKey, NoticeRecord>, key: &NoticeKey) -> Option<&'a str> {
    match records.get(key)? {
        NoticeRecord::Submitting { message, .. } => Some(message),
        _ => None,
    }
}
