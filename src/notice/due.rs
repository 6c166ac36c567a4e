//! What is due at an instant: the notices to send, those that wait, and what is over without one.
//!
//! Whatever has become due ends as sent, superseded, late or held, and none twice: a record in the memory is
//! never due again. To whom an event is told is fixed when it first becomes due, so that a contact who comes
//! later is not told of what is past.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::{Instant, TimeOfDay};
use crate::catalog::Catalog;
use crate::ident::{AgreementId, LiveId};
use crate::status::{State, state_at};

use super::event::{Kin, rule, told};
use super::recipient::behind;
use super::{
    Address, Beginning, Channel, How, Identity, Key, Mark, Memory, Notice, Occasion, Recipient, Record,
    amend, occasions,
};

/// What the helpdesk is confirmed to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// What the agreement should be at this instant; the client has what is told.
    AsTold,
    /// It is not there at all.
    Absent,
    /// Something else, or nobody knows.
    Unconfirmed,
}

/// What `due` is asked about. The functions say what only the shell can know.
pub struct Setting<'a> {
    /// The agreements.
    pub agreements: &'a [Agreement],
    /// Who the people are.
    pub catalog: &'a Catalog,
    /// The time of day at which people are told.
    pub usual: TimeOfDay,
    /// How long something may wait before it says nothing any more.
    pub late_after: jiff::SignedDuration,
    /// The ways to people.
    pub channels: &'a [Channel],
    /// The instant.
    pub at: Instant,
    /// What the helpdesk holds.
    pub fact: &'a dyn Fn(&AgreementId) -> Fact,
    /// Whether people wrote anything about the agreement since the last run.
    pub is_edited: &'a dyn Fn(&AgreementId) -> bool,
    /// Where a person of the helpdesk is reached.
    pub address: &'a dyn Fn(&LiveId) -> Option<String>,
    /// Turns an address into what cannot be turned back.
    pub hide: &'a dyn Fn(&str) -> String,
}

/// What is to be done about notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Due {
    /// To send, in the order of agreements.
    pub send: Vec<Notice>,
    /// Due, and why it cannot be sent yet.
    pub waiting: Vec<(Notice, String)>,
    /// Over, without being sent.
    pub settle: Vec<(Key, How)>,
    /// Began to be sent by a run that did not say how it went, and no longer of any use otherwise.
    pub held: Vec<Key>,
}

/// What is due of all agreements.
pub fn due(setting: &Setting<'_>, memory: &Memory) -> Due {
    let kin = Kin::of(setting.agreements);
    let mut by_agreement: BTreeMap<&AgreementId, Vec<(&Key, &Record)>> = BTreeMap::new();
    for (key, record) in &memory.records {
        by_agreement.entry(&key.agreement).or_default().push((key, record));
    }
    let mut due = Due::default();
    for agreement in setting.agreements {
        let names = || agreement.formerly.iter().chain([&agreement.id]);
        let records: Vec<_> = names().filter_map(|name| by_agreement.remove(name)).flatten().collect();
        let past = names().filter_map(|name| memory.beginning.past.get(name)).flatten().map(String::as_str);
        let of = Of { setting, agreement, records, past: past.collect(), seen: BTreeSet::new() };
        of.settle_all(&kin, &mut due);
    }
    // Agreements that are gone from the files have nothing to tell.
    for (key, record) in by_agreement.into_values().flatten() {
        orphan(key, record, setting.at, &mut due);
    }
    due
}

/// What was over before the memory began, for each agreement: all that would be due now.
pub fn beginning(setting: &Setting<'_>) -> Beginning {
    let kin = Kin::of(setting.agreements);
    let past = setting.agreements.iter().map(|agreement| {
        let occasions = occasions(agreement, &kin, setting.usual, setting.at);
        (agreement.id.clone(), occasions.iter().map(Beginning::name).collect::<BTreeSet<_>>())
    });
    Beginning { past: past.filter(|(_, names)| !names.is_empty()).collect() }
}

/// What is to become of an occasion.
enum Verdict {
    Send,
    Wait(&'static str),
    Over(How),
    /// Not now, and nothing is said about it.
    Rest,
}

/// One agreement and all that is remembered of it.
struct Of<'a> {
    setting: &'a Setting<'a>,
    agreement: &'a Agreement,
    records: Vec<(&'a Key, &'a Record)>,
    past: BTreeSet<&'a str>,
    /// The records that an occasion of today stands behind.
    seen: BTreeSet<&'a Key>,
}

impl<'a> Of<'a> {
    fn settle_all(mut self, kin: &Kin<'_>, due: &mut Due) {
        let occasions = occasions(self.agreement, kin, self.setting.usual, self.setting.at);
        let first = due.send.len();
        // What is past is not told again, and what is older or farther off than that is not news either.
        let latest = occasions.iter().rposition(|occasion| occasion.tells.is_some());
        for (index, occasion) in occasions.iter().enumerate() {
            if self.past.contains(Beginning::name(occasion).as_str()) {
                continue;
            }
            let verdict = match occasion.tells {
                Some(_) if Some(index) != latest => Verdict::Over(How::Superseded),
                Some(state) => self.of_state(state),
                None => self.ahead(occasion, &occasions),
            };
            self.tell(occasion, &verdict, due);
        }
        let told = told(self.agreement, self.setting.at);
        let is_over = state_at(self.agreement, self.setting.at).0.is_over();
        if !is_over {
            let fresh: BTreeSet<(String, Channel)> = due.send[first..]
                .iter()
                .map(|notice| (notice.key.recipient.clone(), notice.key.channel))
                .collect();
            for (occasion, recipient, channel) in amend::wrong(&self.records, told, self.today()) {
                if !fresh.contains(&(recipient.clone(), channel)) {
                    self.correct(&occasion, &recipient, channel, due);
                }
            }
        }
        let seen = self.seen;
        for (key, record) in self.records.into_iter().filter(|(key, _)| !seen.contains(key)) {
            orphan(key, record, self.setting.at, due);
        }
    }

    fn today(&self) -> crate::calendar::Day {
        self.agreement.zone.day_of(self.setting.at)
    }

    /// The latest change of state is told once the helpdesk holds it.
    fn of_state(&self, state: State) -> Verdict {
        match (self.setting.fact)(&self.agreement.id) {
            Fact::AsTold => Verdict::Send,
            // It was over before it was ever there: nobody was told that it began.
            Fact::Absent if state.is_over() => Verdict::Over(How::Superseded),
            Fact::Absent | Fact::Unconfirmed => Verdict::Wait("the helpdesk does not hold it so yet"),
        }
    }

    /// Of several leads that are overdue the one nearest to the day is told.
    fn ahead(&self, occasion: &Occasion, all: &[Occasion]) -> Verdict {
        if occasion.until.is_some_and(|until| until <= self.setting.at) {
            return Verdict::Over(How::Superseded);
        }
        let is_nearer = |other: &&Occasion| {
            (other.event, other.day) == (occasion.event, occasion.day) && other.mark < occasion.mark
        };
        if all.iter().any(|other| is_nearer(&other)) {
            return Verdict::Over(How::Superseded);
        }
        match state_at(self.agreement, self.setting.at).0 {
            State::Active => Verdict::Send,
            State::Planned | State::Suspended => Verdict::Rest,
            State::Expired | State::Terminated => Verdict::Over(How::Superseded),
        }
    }

    /// What becomes of an occasion for each of those who are to hear of it.
    fn tell(&mut self, occasion: &Occasion, verdict: &Verdict, due: &mut Due) {
        let notices = self.notices(occasion);
        let known: Vec<(&'a Key, &'a Record)> = self.known(occasion);
        self.seen.extend(known.iter().map(|(key, _)| *key));
        if matches!(verdict, Verdict::Rest) {
            return;
        }
        for (key, record) in &known {
            if notices.iter().all(|notice| !is_same(&notice.key, key)) {
                orphan(key, record, self.setting.at, due);
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
            self.decide(notice, record.map(|(_, record)| *record), verdict, due);
        }
    }

    fn decide(&self, mut notice: Notice, record: Option<&Record>, verdict: &Verdict, due: &mut Due) {
        let since = match record {
            Some(Record::Done { .. }) => return,
            // Whether it went out only its channel can say, and whoever carries the protocol asks it.
            Some(Record::Submitting { .. }) => {
                due.send.push(notice);
                return;
            }
            Some(Record::Waiting { since, .. }) => Some(*since),
            Some(Record::Claimed { since, .. }) => *since,
            None => None,
        };
        if let Address::Person(person) = &notice.recipient.address {
            notice.recipient.address = (self.setting.address)(person)
                .map_or(Address::Missing("the helpdesk tells no address of this person"), Address::Known);
        }
        let why = match (verdict, &notice.recipient.address) {
            (Verdict::Over(how), _) => {
                due.settle.push((notice.key, *how));
                return;
            }
            (Verdict::Wait(why), _) => *why,
            (Verdict::Send | Verdict::Rest, Address::Missing(why)) if notice.key.channel == Channel::Mail => {
                *why
            }
            (Verdict::Send | Verdict::Rest, _) => {
                due.send.push(notice);
                return;
            }
        };
        if since.is_some_and(|since| self.setting.at.duration_since(since) > self.setting.late_after) {
            due.settle.push((notice.key, How::Late));
        } else {
            due.waiting.push((notice, why.to_owned()));
        }
    }

    /// Tells the right days to somebody who was told others.
    fn correct(&mut self, occasion: &Occasion, recipient: &str, channel: Channel, due: &mut Due) {
        let known = self.known(occasion);
        let known = known.into_iter().find(|(key, _)| key.recipient == recipient && key.channel == channel);
        self.seen.extend(known.map(|(key, _)| key));
        let Some(found) =
            self.everybody().into_iter().find(|other| other.identity.in_key(self.setting.hide) == recipient)
        else {
            return;
        };
        let mut notice = self.notice(occasion, found, channel);
        if let Some((key, _)) = known {
            notice.key = key.clone();
        }
        self.decide(notice, known.map(|(_, record)| record), &Verdict::Send, due);
    }

    /// Everybody who hears of anything.
    fn everybody(&self) -> Vec<Recipient> {
        let rules = self.agreement.notices.events.values();
        let to: Vec<String> = rules.flat_map(|rule| rule.to.iter().cloned()).collect();
        let mut everybody = behind(&to, self.agreement, self.setting.catalog);
        everybody.push(everyone());
        everybody
    }

    fn notices(&self, occasion: &Occasion) -> Vec<Notice> {
        let to = rule(self.agreement, occasion.event).map_or(&[][..], |rule| &rule.to);
        let mut notices = Vec::new();
        for channel in self.setting.channels {
            let recipients = match channel {
                Channel::Mail => behind(to, self.agreement, self.setting.catalog),
                Channel::Webhook | Channel::Helpdesk => vec![everyone()],
            };
            notices
                .extend(recipients.into_iter().map(|recipient| self.notice(occasion, recipient, *channel)));
        }
        notices
    }

    fn notice(&self, occasion: &Occasion, recipient: Recipient, channel: Channel) -> Notice {
        let agreement = self.agreement;
        Notice {
            key: Key {
                agreement: agreement.id.clone(),
                event: occasion.event,
                day: occasion.day,
                mark: occasion.mark,
                recipient: recipient.identity.in_key(self.setting.hide),
                channel,
            },
            planned: occasion.planned,
            recipient,
            told: told(agreement, self.setting.at),
            state: state_at(agreement, self.setting.at).0,
            by_date: occasion.event != NoticeEvent::Amended && !(self.setting.is_edited)(&agreement.id),
        }
    }

    /// What is remembered of an occasion, under whatever name the agreement had then.
    fn known(&self, occasion: &Occasion) -> Vec<(&'a Key, &'a Record)> {
        let tells =
            |key: &Key| (key.event, key.day, key.mark) == (occasion.event, occasion.day, occasion.mark);
        self.records.iter().copied().filter(|(key, _)| tells(key)).collect()
    }
}

fn everyone() -> Recipient {
    Recipient { identity: Identity::Everyone, address: Address::Missing("everyone has no address") }
}

fn is_same(key: &Key, other: &Key) -> bool {
    key.tells_as(other) && key.recipient == other.recipient && key.channel == other.channel
}

/// What becomes of a record that nothing of today stands behind.
fn orphan(key: &Key, record: &Record, at: Instant, due: &mut Due) {
    match record {
        Record::Done { .. } => {}
        Record::Submitting { .. } => due.held.push(key.clone()),
        // Another run may be at it this very moment.
        Record::Claimed { until, .. } if at < *until => {}
        Record::Claimed { .. } | Record::Waiting { .. } => due.settle.push((key.clone(), How::Superseded)),
    }
}

/// The order of what is told of one agreement: what begins or ends, then what comes, the nearest first.
pub fn order(notice: &Notice) -> (AgreementId, bool, Instant, Mark) {
    let ahead = matches!(notice.key.event, NoticeEvent::Expiring | NoticeEvent::NoticeDeadline);
    (notice.key.agreement.clone(), ahead, notice.planned, notice.key.mark)
}
