//! Decides which notices to send at an instant, which to defer, and which to settle without sending.
//!
//! Every notice that becomes due ends as sent, superseded, late or in doubt. A final record is never due again. The
//! recipients of an event are fixed when it first becomes due, so that a contact added later receives no notices
//! about the past.

use std::collections::BTreeSet;

use crate::agreement::{Agreement, NoticeEvent, whole};
use crate::calendar::{Day, Instant, TimeOfDay};
use crate::catalog::Catalog;
use crate::ident::{AgreementId, LiveId};
use crate::status::{State, state_at};

use super::confirmed::Confirmation;
use super::corrections::corrections;
use super::event::{ScheduledEvent, Succession, days_at, rule, scheduled_events};
use super::key::{Channel, NoticeKey, Variant};
use super::recipient::{Identity, MailAddress, Recipient, resolve};
use super::record::{AnnouncedDays, NoticeRecord, NoticeRecords, NoticeResult, PastEvents};

/// One event to announce to one recipient through one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// The unique key in the ledger.
    pub key: NoticeKey,
    /// The instant at which it was planned.
    pub planned: Instant,
    /// The recipient.
    pub recipient: Recipient,
    /// The days that it announces.
    pub announced: AnnouncedDays,
    /// The state of the agreement at the instant of the run.
    pub state: State,
    /// Whether the date alone made it due. The others count towards the message limit.
    pub by_date: bool,
}

/// The input of [`due`]. The functions answer what only the shell knows.
pub struct DueInput<'a> {
    /// The agreements.
    pub agreements: &'a [Agreement],
    /// The agreements of all helpdesks of the repository; empty if there is one. Those of others have no notices here, and may
    /// renew these, or be renewed by them.
    pub everywhere: &'a [Agreement],
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The default time of day of notices.
    pub usual: TimeOfDay,
    /// The time a notice may be deferred before it is late.
    pub late_after: jiff::SignedDuration,
    /// The channels in the settings.
    pub channels: &'a [Channel],
    /// The instant.
    pub at: Instant,
    /// The confirmed state in the helpdesk.
    pub confirmation: &'a dyn Fn(&AgreementId) -> Confirmation,
    /// Whether the agreement was edited since the last run.
    pub is_edited: &'a dyn Fn(&AgreementId) -> bool,
    /// The address of a person in the helpdesk.
    pub address: &'a dyn Fn(&LiveId) -> Option<String>,
    /// Makes an irreversible digest of an address.
    pub hide: &'a dyn Fn(&str) -> String,
}

impl DueInput<'_> {
    /// The predecessors and successors of the agreements.
    pub(super) fn succession(&self) -> Succession<'_> {
        Succession::of(whole(self.agreements, self.everywhere))
    }
}

/// The notices that are due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DueNotices {
    /// The notices to send, in the order of agreements.
    pub send: Vec<Notice>,
    /// The notices that cannot be sent yet, and why.
    pub deferred: Vec<(Notice, String)>,
    /// The notices that end without being sent.
    pub settle: Vec<(NoticeKey, NoticeResult)>,
    /// Notices past the fence whose event no longer exists.
    pub orphaned: Vec<NoticeKey>,
}

impl DueNotices {
    /// Keeps the notices whose keys `keep` accepts.
    pub fn retain(&mut self, keep: impl Fn(&NoticeKey) -> bool) {
        self.send.retain(|notice| keep(&notice.key));
        self.deferred.retain(|(notice, _)| keep(&notice.key));
        self.settle.retain(|(key, _)| keep(key));
        self.orphaned.retain(keep);
    }

    /// The number of addresses that mail goes to.
    pub fn mail_addresses(&self) -> usize {
        self.send.iter().filter_map(mail_address).collect::<BTreeSet<_>>().len()
    }

    /// The part of one of several deliveries that run at the same time. All notices to one address are in one part, so that
    /// they are one message; what is not sent by mail, or not sent at all, is in the first.
    #[must_use]
    pub fn part(mut self, number: usize, of: usize) -> Self {
        let addresses: BTreeSet<String> = self.send.iter().filter_map(mail_address).collect();
        let addresses: Vec<String> = addresses.into_iter().skip(number).step_by(of.max(1)).collect();
        self.send.retain(|notice| match mail_address(notice) {
            Some(address) => addresses.binary_search(&address).is_ok(),
            None => number == 0,
        });
        if number > 0 {
            self = Self { send: self.send, ..Self::default() };
        }
        self
    }
}

/// The address that a notice is mailed to, as messages are grouped by it.
fn mail_address(notice: &Notice) -> Option<String> {
    match &notice.recipient.address {
        MailAddress::Known(address) if notice.key.channel == Channel::Mail => Some(address.to_lowercase()),
        _ => None,
    }
}

/// The notices that are due for all agreements.
pub fn due(input: &DueInput<'_>, records: &NoticeRecords) -> DueNotices {
    let succession = input.succession();
    let mut by_agreement = records.by_agreement();
    let mut due = DueNotices::default();
    for agreement in input.agreements {
        let names = || agreement.formerly.iter().chain([&agreement.id]);
        let own: Vec<_> = names().filter_map(|name| by_agreement.remove(name)).flatten().collect();
        let past = names().filter_map(|name| records.past.by_agreement.get(name)).flatten();
        let past = past.map(String::as_str).collect();
        let (days, state) = (days_at(agreement, input.at), state_at(agreement, input.at).0);
        let current = BTreeSet::new();
        let evaluation = Evaluation { input, agreement, days, state, records: own, past, current };
        evaluation.run(&succession, &mut due);
    }
    // Agreements without a document have no events.
    for (key, record) in by_agreement.into_values().flatten() {
        settle_orphan(key, record, input.at, &mut due);
    }
    due
}

/// The events that are past when the ledger is initialised: all that would be due now.
pub fn past_events(input: &DueInput<'_>) -> PastEvents {
    let succession = input.succession();
    let past = input.agreements.iter().filter_map(|agreement| {
        let events = scheduled_events(agreement, &succession, input.usual, input.at);
        let names: BTreeSet<_> = events.iter().map(ScheduledEvent::name).collect();
        // An empty entry records that an adopted agreement is managed from now on.
        (!names.is_empty() || agreement.adopts.is_some()).then(|| (agreement.id.clone(), names))
    });
    PastEvents { by_agreement: past.collect() }
}

/// The decision on an event.
enum Decision {
    Send,
    Defer(&'static str),
    Settle(NoticeResult),
    /// Leaves the event undecided, for a later run.
    Skip,
}

/// The evaluation of one agreement with its records.
struct Evaluation<'a> {
    input: &'a DueInput<'a>,
    agreement: &'a Agreement,
    /// The days of its period at the instant of the run.
    days: AnnouncedDays,
    /// Its state at the instant of the run.
    state: State,
    records: Vec<(&'a NoticeKey, &'a NoticeRecord)>,
    past: BTreeSet<&'a str>,
    /// The records whose event still exists.
    current: BTreeSet<&'a NoticeKey>,
}

impl<'a> Evaluation<'a> {
    fn run(mut self, succession: &Succession<'_>, due: &mut DueNotices) {
        let events = scheduled_events(self.agreement, succession, self.input.usual, self.input.at);
        let first = due.send.len();
        // Only the most recent missed change of state is sent; older ones are recorded as superseded.
        let latest = events.iter().rposition(|event| event.new_state.is_some());
        for (index, event) in events.iter().enumerate() {
            if self.past.contains(event.name().as_str()) {
                continue;
            }
            let decision = match event.new_state {
                Some(_) if Some(index) != latest => Decision::Settle(NoticeResult::Superseded),
                Some(state) => self.change_of_state(state),
                None => self.reminder(event, &events),
            };
            self.announce(event, &decision, due);
        }
        if !self.state.is_over() {
            let notified: BTreeSet<(String, Channel)> = due.send[first..]
                .iter()
                .map(|notice| (notice.key.recipient.clone(), notice.key.channel))
                .collect();
            for (event, recipient, channel) in corrections(&self.records, self.days, self.today()) {
                if !notified.contains(&(recipient.clone(), channel)) {
                    self.correct(&event, &recipient, channel, due);
                }
            }
        }
        let current = self.current;
        for (key, record) in self.records.into_iter().filter(|(key, _)| !current.contains(key)) {
            settle_orphan(key, record, self.input.at, due);
        }
    }

    fn today(&self) -> Day {
        self.agreement.zone.day_of(self.input.at)
    }

    /// The latest change of state is sent once the helpdesk has it.
    fn change_of_state(&self, state: State) -> Decision {
        match (self.input.confirmation)(&self.agreement.id) {
            Confirmation::AsDesired => Decision::Send,
            // It ended before it was created, so its beginning was never announced.
            Confirmation::Absent if state.is_over() => Decision::Settle(NoticeResult::Superseded),
            Confirmation::Absent | Confirmation::Unconfirmed => {
                Decision::Defer("the helpdesk does not have this state yet")
            }
        }
    }

    /// Of several overdue reminders, the one with the shortest lead time is sent.
    fn reminder(&self, event: &ScheduledEvent, all: &[ScheduledEvent]) -> Decision {
        if event.until.is_some_and(|until| until <= self.input.at) {
            return Decision::Settle(NoticeResult::Superseded);
        }
        if all.iter().any(|other| other.is_nearer_than(event)) {
            return Decision::Settle(NoticeResult::Superseded);
        }
        match self.state {
            State::Active => Decision::Send,
            State::Planned | State::Suspended => Decision::Skip,
            State::Expired | State::Terminated => Decision::Settle(NoticeResult::Superseded),
        }
    }

    /// Applies the decision to each recipient of an event.
    fn announce(&mut self, event: &ScheduledEvent, decision: &Decision, due: &mut DueNotices) {
        let known: Vec<(&'a NoticeKey, &'a NoticeRecord)> = self.known(event);
        self.current.extend(known.iter().map(|(key, _)| *key));
        let is_done = !known.is_empty() && known.iter().all(|(_, record)| record.is_done());
        if is_done || matches!(decision, Decision::Skip) {
            return;
        }
        let notices = self.notices(event);
        for (key, record) in &known {
            if notices.iter().all(|notice| !is_same(&notice.key, key)) {
                settle_orphan(key, record, self.input.at, due);
            }
        }
        for mut notice in notices {
            let record = known.iter().find(|(key, _)| is_same(key, &notice.key));
            if record.is_none() && !known.is_empty() {
                continue;
            }
            if let Some((key, _)) = record {
                notice.key = (*key).clone();
            }
            self.decide(notice, record.map(|(_, record)| *record), decision, due);
        }
    }

    fn decide(
        &self,
        mut notice: Notice,
        record: Option<&NoticeRecord>,
        decision: &Decision,
        due: &mut DueNotices,
    ) {
        let since = match record {
            Some(NoticeRecord::Done { .. }) => return,
            // It may have been sent: the delivery protocol decides by the channel's guarantee.
            Some(NoticeRecord::Submitting { .. }) => {
                due.send.push(notice);
                return;
            }
            Some(NoticeRecord::Deferred { since, .. }) => Some(*since),
            Some(NoticeRecord::Claimed { since, .. }) => *since,
            None => None,
        };
        if let MailAddress::Person(person) = &notice.recipient.address {
            notice.recipient.address = (self.input.address)(person).map_or(
                MailAddress::Missing("the helpdesk has no address for this person"),
                MailAddress::Known,
            );
        }
        let why = match (decision, &notice.recipient.address) {
            (Decision::Settle(result), _) => {
                due.settle.push((notice.key, *result));
                return;
            }
            (Decision::Defer(why), _) => *why,
            (Decision::Send | Decision::Skip, MailAddress::Missing(why))
                if notice.key.channel == Channel::Mail =>
            {
                *why
            }
            (Decision::Send | Decision::Skip, _) => {
                due.send.push(notice);
                return;
            }
        };
        if since.is_some_and(|since| self.input.at.duration_since(since) > self.input.late_after) {
            due.settle.push((notice.key, NoticeResult::Late));
        } else {
            due.deferred.push((notice, why.to_owned()));
        }
    }

    /// Sends the right days to a recipient who was sent others.
    fn correct(&mut self, event: &ScheduledEvent, recipient: &str, channel: Channel, due: &mut DueNotices) {
        let known = self.known(event);
        let known = known.into_iter().find(|(key, _)| key.recipient == recipient && key.channel == channel);
        self.current.extend(known.map(|(key, _)| key));
        let Some(found) = self
            .all_recipients()
            .into_iter()
            .find(|other| other.identity.in_key(self.input.hide) == recipient)
        else {
            return;
        };
        let mut notice = self.notice(event, found, channel);
        if let Some((key, _)) = known {
            notice.key = key.clone();
        }
        // The new days are announced once the helpdesk has them.
        let decision = self.change_of_state(notice.state);
        self.decide(notice, known.map(|(_, record)| record), &decision, due);
    }

    /// The recipients of all events.
    fn all_recipients(&self) -> Vec<Recipient> {
        let rules = self.agreement.notices.events.values();
        let to: Vec<String> = rules.flat_map(|rule| rule.to.iter().cloned()).collect();
        let mut recipients = resolve(&to, self.agreement, self.input.catalog);
        recipients.push(everyone());
        recipients
    }

    fn notices(&self, event: &ScheduledEvent) -> Vec<Notice> {
        let mut notices = Vec::new();
        for channel in self.input.channels {
            let recipients = recipients(self.agreement, event.event, *channel, self.input.catalog);
            notices.extend(recipients.into_iter().map(|recipient| self.notice(event, recipient, *channel)));
        }
        notices
    }

    fn notice(&self, event: &ScheduledEvent, recipient: Recipient, channel: Channel) -> Notice {
        let agreement = self.agreement;
        Notice {
            key: NoticeKey {
                agreement: agreement.id.clone(),
                event: event.event,
                day: event.day,
                variant: event.variant,
                recipient: recipient.identity.in_key(self.input.hide),
                channel,
            },
            planned: event.planned,
            recipient,
            announced: self.days,
            state: self.state,
            by_date: event.event != NoticeEvent::Amended && !(self.input.is_edited)(&agreement.id),
        }
    }

    /// The records of an event, under the current and former ids of the agreement.
    fn known(&self, event: &ScheduledEvent) -> Vec<(&'a NoticeKey, &'a NoticeRecord)> {
        let is_of_event =
            |key: &NoticeKey| (key.event, key.day, key.variant) == (event.event, event.day, event.variant);
        self.records.iter().copied().filter(|(key, _)| is_of_event(key)).collect()
    }
}

/// The recipients of an event through a channel.
pub fn recipients(
    agreement: &Agreement,
    event: NoticeEvent,
    channel: Channel,
    catalog: &Catalog,
) -> Vec<Recipient> {
    let to = rule(agreement, event).map_or(&[][..], |rule| &rule.to);
    match channel {
        Channel::Mail => resolve(to, agreement, catalog),
        Channel::Webhook | Channel::Helpdesk => vec![everyone()],
    }
}

fn everyone() -> Recipient {
    Recipient { identity: Identity::Everyone, address: MailAddress::Missing("everyone has no address") }
}

fn is_same(key: &NoticeKey, other: &NoticeKey) -> bool {
    key.is_same_event(other) && key.recipient == other.recipient && key.channel == other.channel
}

/// Settles a record whose event or recipient no longer exists.
fn settle_orphan(key: &NoticeKey, record: &NoticeRecord, at: Instant, due: &mut DueNotices) {
    match record {
        NoticeRecord::Done { .. } => {}
        NoticeRecord::Submitting { .. } => due.orphaned.push(key.clone()),
        // Another run may be sending it.
        NoticeRecord::Claimed { until, .. } if at < *until => {}
        NoticeRecord::Claimed { .. } | NoticeRecord::Deferred { .. } => {
            due.settle.push((key.clone(), NoticeResult::Superseded));
        }
    }
}

/// The order within a message: by agreement, changes of state before reminders, and the nearest reminder first.
pub fn order(notice: &Notice) -> (AgreementId, bool, Instant, Variant) {
    let is_reminder = matches!(notice.key.event, NoticeEvent::Expiring | NoticeEvent::NoticeDeadline);
    (notice.key.agreement.clone(), is_reminder, notice.planned, notice.key.variant)
}
