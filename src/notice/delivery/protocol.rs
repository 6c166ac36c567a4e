//! The vocabulary of the protocol: messages, changes of records, effects and replies, and its time limits.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::calendar::Instant;
use crate::notice::due::{DueNotices, Notice};
use crate::notice::key::{Channel, NoticeKey};
use crate::notice::recipient::MailAddress;
use crate::notice::record::NoticeRecord;

/// The time between claim and fence after which other runs may take over a claim.
pub const LEASE: SignedDuration = SignedDuration::from_mins(15);

/// The age of a `submitting` record from which another run may finish it, if the channel's guarantee allows that. By
/// then the first run has lost its connection (RFC 5321 §4.5.3.2.7 lets a server drop an idle one after 5 minutes).
pub const TAKEOVER_AFTER: SignedDuration = SignedDuration::from_mins(45);

/// The time after which a prepared message expires: a host that was suspended may no longer hold the lease.
pub const PREPARED_EXPIRY: SignedDuration = SignedDuration::from_mins(30);

/// Whether a message that was prepared at one instant may be submitted at another.
pub fn may_submit(prepared: Instant, now: Instant) -> bool {
    now.duration_since(prepared) < PREPARED_EXPIRY
}

/// The guarantee of a channel for a message that may already have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryGuarantee {
    /// None: if the result is unknown, the notice stays in doubt.
    AtMostOnce,
    /// A message that is submitted again is delivered once, after any time.
    Idempotent,
    /// The channel can be queried for a message.
    Queryable,
}

/// The notices that are sent together: to one recipient, through one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// A digest of the keys, so that every attempt uses the same name.
    pub name: String,
    /// The channel.
    pub channel: Channel,
    /// An address, or an agreement in the helpdesk; empty if the channel has neither.
    pub address: String,
    /// The notices.
    pub notices: Vec<Notice>,
}

impl Message {
    /// A message with these keys and notices. There are fewer notices than keys if some events no longer exist.
    pub(super) fn of<'a>(
        name: String,
        mut keys: impl Iterator<Item = &'a NoticeKey>,
        notices: Vec<Notice>,
    ) -> Self {
        let first = keys.next().expect("a message has a notice, or had one");
        let known = notices.iter().find_map(|notice| match &notice.recipient.address {
            MailAddress::Known(address) => Some(address.clone()),
            MailAddress::Person(_) | MailAddress::Missing(_) => None,
        });
        let address = match first.channel {
            Channel::Helpdesk => first.agreement.to_string(),
            Channel::Mail | Channel::Webhook => known.unwrap_or_default(),
        };
        Self { name, channel: first.channel, address, notices }
    }
}

/// A compare-and-set of one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordChange {
    /// The key.
    pub key: NoticeKey,
    /// The expected record; `None` if there is none.
    pub expected: Option<NoticeRecord>,
    /// The new record.
    pub value: NoticeRecord,
}

/// An effect that the protocol requests from its driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Read the ledger, and decide what is due by it.
    ReadDue,
    /// Write all of these changes, or none.
    Write(Vec<RecordChange>),
    /// Prepare the message, up to the step that cannot be undone.
    Prepare(Message),
    /// Submit the message, which cannot be undone.
    Submit(Message),
    /// Drop the prepared message.
    Abandon(Message),
    /// Query the channel for the message.
    Query(Message),
    /// Stop: the run is over.
    End,
}

/// The reply of the driver to an effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The run begins, or a prepared message was dropped.
    Continue,
    /// The due notices, and the records that they were decided by.
    Due(DueNotices, BTreeMap<NoticeKey, NoticeRecord>),
    /// All changes were written.
    Written,
    /// A record differs from the expected one, and nothing was written.
    Conflict,
    /// The ledger failed, and the changes may have been written.
    LedgerFailed(String),
    /// The message is prepared.
    Prepared,
    /// The message was certainly not sent, and why.
    Refused(String),
    /// The message was sent; the channel's id of it.
    Sent(String),
    /// The message may have been sent.
    Unknown(String),
    /// The channel does not have the message.
    NotFound,
}

/// The options of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Options {
    /// The name of the run.
    pub(super) run: String,
    pub(super) guarantees: BTreeMap<Channel, DeliveryGuarantee>,
    /// The maximum number of notices in one message.
    pub(super) max_notices: BTreeMap<Channel, usize>,
}

impl Options {
    pub(super) fn guarantee(&self, channel: Channel) -> DeliveryGuarantee {
        self.guarantees.get(&channel).copied().unwrap_or(DeliveryGuarantee::AtMostOnce)
    }
}
