//! The protocol that sends each notice once: a state machine that asks for what it needs and does nothing itself.
//!
//! `claimed → submitting → done`, each step a compare-and-set in the ledger. The step to `submitting` is the
//! fence: it comes right before the one act that cannot be taken back. What stops before it may be taken over;
//! what stops behind it is settled by the channel where it can be asked or forgets nothing, and held otherwise.
//! Whoever drives it (the shell, or a simulator with every fault there is) brings ledger, channels and clock.

mod claim;
mod report;
mod task;

use std::collections::{BTreeMap, VecDeque};

use crate::calendar::Instant;

pub use self::report::Report;
use self::task::{Task, since};
use super::{Address, Channel, Due, How, Key, Notice, Record};

/// How long a run may take from its claim to its fence before others take over.
pub const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// How old a `submitting` must be before somebody else may finish it, where the channel lets one: by then
/// whoever began it has lost its connection (RFC 5321 §4.5.3.2.7 lets a server drop an idle one after 5 minutes).
pub const TAKE_OVER: jiff::SignedDuration = jiff::SignedDuration::from_mins(45);

/// How long what is ready may wait for its word. A machine that slept in between is not the only one any more.
pub const SESSION: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// Whether what was prepared then may still be submitted.
pub fn may_submit(prepared: Instant, now: Instant) -> bool {
    now.duration_since(prepared) < SESSION
}

/// How often the ledger is looked at again after others wrote to it.
const LOOKS: u32 = 8;
/// How often a step is tried that failed in a way that it may be tried again.
const TRIES: u32 = 3;

/// What a channel can say about a message that may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryGuarantee {
    /// Nothing: what is in doubt is held.
    AtMostOnce,
    /// It takes the same message twice and delivers it once, however late.
    Idempotent,
    /// It can be asked whether it has a message.
    Queryable,
}

/// Notices that go out together: to one recipient, through one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its name: a digest of the keys, so that every attempt bears the same.
    pub name: String,
    /// The way it goes.
    pub channel: Channel,
    /// Where it goes: an address, or an agreement of the helpdesk; empty where the channel has neither.
    pub address: String,
    /// What it tells.
    pub notices: Vec<Notice>,
}

/// One record that is to change, and what it must be for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What it is now; `None` where there is none.
    pub expected: Option<Record>,
    /// What it shall be.
    pub value: Record,
}

/// What the protocol asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// What is due, by the ledger as it is now.
    Look,
    /// All or none of these changes.
    Write(Vec<Change>),
    /// Everything up to the act that cannot be taken back.
    Prepare(Message),
    /// The act that cannot be taken back.
    Submit(Message),
    /// Nothing of what was prepared.
    Abandon(Message),
    /// Whether the channel has the message.
    Ask(Message),
    /// No more. See [`Delivery::report`].
    End,
}

/// What came of a demand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It begins, or what was abandoned is gone.
    Go,
    /// What is due, and the records that this is due by.
    Looked(Due, BTreeMap<Key, Record>),
    /// Everything was written.
    Written,
    /// Something is not as expected; nothing was written.
    Moved,
    /// The ledger failed; it may have been written.
    LedgerFailed(String),
    /// All is prepared.
    Ready,
    /// It is certain that nothing was sent, and why.
    Refused(String),
    /// It was sent, and what the channel calls it.
    Sent(String),
    /// It may have been sent.
    Unknown(String),
    /// The channel does not have it.
    NotThere,
}

/// One run of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    run: String,
    channels: BTreeMap<Channel, DeliveryGuarantee>,
    /// How many notices fit into one message.
    at_most: BTreeMap<Channel, usize>,
    queue: VecDeque<Task>,
    step: Step,
    /// What is being written, to write it again.
    writing: Vec<Change>,
    tries: u32,
    looks: u32,
    is_stopping: bool,
    /// Whether something turned out never to have been sent, and is free again.
    looks_again: bool,
    report: Report,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Looking,
    Claiming,
    Preparing(Task),
    Fencing(Task),
    Submitting(Task),
    Asking(Task),
    /// Writes what became of it.
    Recording(Task),
    Abandoning,
    Ended,
}

impl Delivery {
    /// A run by this name, over channels that can do this.
    pub fn new(
        run: impl Into<String>,
        channels: impl IntoIterator<Item = (Channel, DeliveryGuarantee)>,
    ) -> Self {
        Self {
            run: run.into(),
            channels: channels.into_iter().collect(),
            at_most: BTreeMap::new(),
            queue: VecDeque::new(),
            step: Step::Looking,
            writing: Vec::new(),
            tries: 0,
            looks: 0,
            is_stopping: false,
            looks_again: false,
            report: Report::default(),
        }
    }

    /// Puts at most so many notices into one message of a channel.
    #[must_use]
    pub fn at_most(mut self, limits: impl IntoIterator<Item = (Channel, usize)>) -> Self {
        self.at_most = limits.into_iter().collect();
        self
    }

    /// What became of the notices.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Begins no further message.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Takes the answer to the last demand and makes the next. The first answer is [`Reply::Go`].
    pub fn next(&mut self, reply: Reply, now: Instant) -> Effect {
        match std::mem::replace(&mut self.step, Step::Ended) {
            Step::Looking => match reply {
                Reply::Looked(due, records) => self.claim(due, &records, now),
                Reply::LedgerFailed(why) => self.end(why),
                _ => self.look(),
            },
            Step::Claiming => match reply {
                Reply::Written => self.next_message(),
                Reply::Moved if self.looks >= LOOKS => {
                    self.end("other runs kept changing the ledger".to_owned())
                }
                Reply::Moved => self.look(),
                other => self.write_again(Step::Claiming, other),
            },
            Step::Preparing(task) => self.prepared(task, reply, now),
            Step::Fencing(task) => self.fenced(task, reply),
            Step::Submitting(task) => self.submitted(task, reply, now),
            Step::Asking(task) => self.asked(task, reply, now),
            Step::Recording(task) => match reply {
                // Where somebody else wrote, they know better.
                Reply::Written | Reply::Moved => self.next_message(),
                other => self.write_again(Step::Recording(task), other),
            },
            Step::Abandoning if self.report.ended.is_none() => self.next_message(),
            Step::Abandoning | Step::Ended => Effect::End,
        }
    }

    fn look(&mut self) -> Effect {
        self.looks += 1;
        self.queue.clear();
        // What was done stays done; everything else is seen anew.
        let Report { sent, refused, settled, .. } = std::mem::take(&mut self.report);
        self.report = Report { sent, refused, settled, ..Report::default() };
        self.looks_again = false;
        self.step = Step::Looking;
        Effect::Look
    }

    fn end(&mut self, why: String) -> Effect {
        self.report.ended = Some(why);
        self.step = Step::Ended;
        Effect::End
    }

    fn write(&mut self, changes: Vec<Change>, then: Step) -> Effect {
        self.tries = 1;
        self.writing = changes;
        self.step = then;
        Effect::Write(self.writing.clone())
    }

    /// A write whose answer was lost is sent again: what is already as it shall be counts as written.
    fn write_again(&mut self, step: Step, reply: Reply) -> Effect {
        let why = match reply {
            Reply::LedgerFailed(why) => why,
            other => format!("the ledger answered {other:?}"),
        };
        if self.tries >= TRIES {
            let (why, prepared) = match step {
                Step::Fencing(task) => (why, Some(task.message)),
                Step::Recording(task) => {
                    let names: Vec<String> =
                        task.message.notices.iter().map(|notice| notice.key.to_string()).collect();
                    (format!("{why}; what became of {} is not written down", names.join(", ")), None)
                }
                _ => (why, None),
            };
            let end = self.end(why);
            return match prepared {
                Some(message) => {
                    self.step = Step::Abandoning;
                    Effect::Abandon(message)
                }
                None => end,
            };
        }
        self.tries += 1;
        self.step = step;
        Effect::Write(self.writing.clone())
    }

    fn memorable(&self, channel: Channel) -> DeliveryGuarantee {
        self.channels.get(&channel).copied().unwrap_or(DeliveryGuarantee::AtMostOnce)
    }

    fn next_message(&mut self) -> Effect {
        let Some(task) = self.queue.pop_front().filter(|_| !self.is_stopping) else {
            if self.is_stopping {
                self.report.ended = Some("asked to stop".to_owned());
            } else if self.looks_again && self.looks < LOOKS {
                return self.look();
            }
            self.step = Step::Ended;
            return Effect::End;
        };
        let message = task.message.clone();
        if task.is_take_over && self.memorable(message.channel) == DeliveryGuarantee::Queryable {
            self.step = Step::Asking(task);
            return Effect::Ask(message);
        }
        self.step = Step::Preparing(task);
        Effect::Prepare(message)
    }

    fn prepared(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        match reply {
            Reply::Ready => {
                let (run, message) = (self.run.clone(), task.message.name.clone());
                let changes = task.changes(|told| Record::Submitting {
                    run: run.clone(),
                    at: now,
                    message: message.clone(),
                    told,
                });
                self.write(changes, Step::Fencing(task))
            }
            Reply::Refused(why) | Reply::Unknown(why) if !task.is_take_over => {
                self.give_back(task, &why, now)
            }
            _ => {
                self.report.elsewhere.extend(task.keys());
                self.next_message()
            }
        }
    }

    /// Nothing was sent, so that the next run may try.
    fn give_back(&mut self, mut task: Task, why: &str, now: Instant) -> Effect {
        let keys = task.keys();
        self.report.refused.extend(keys.into_iter().map(|key| (key, why.to_owned())));
        let since = task.records.iter().find_map(|record| since(Some(record))).unwrap_or(now);
        let changes = task.changes(|_| Record::Waiting { since, why: why.to_owned() });
        self.write(changes, Step::Recording(task))
    }

    fn fenced(&mut self, task: Task, reply: Reply) -> Effect {
        match reply {
            Reply::Written => {
                let message = task.message.clone();
                self.step = Step::Submitting(task);
                Effect::Submit(message)
            }
            Reply::Moved => {
                self.report.elsewhere.extend(task.keys());
                self.step = Step::Abandoning;
                Effect::Abandon(task.message)
            }
            other => self.write_again(Step::Fencing(task), other),
        }
    }

    fn submitted(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        task.submits += 1;
        let memorable = self.memorable(task.message.channel);
        match reply {
            Reply::Sent(message) => self.record_sent(task, &message, now),
            // Whoever tried before may have sent it.
            Reply::Refused(_) if task.is_take_over || task.submits > 1 => {
                self.report.elsewhere.extend(task.keys());
                self.next_message()
            }
            Reply::Refused(why) => self.give_back(task, &why, now),
            _ if memorable == DeliveryGuarantee::Idempotent && task.submits < TRIES => {
                let message = task.message.clone();
                self.step = Step::Submitting(task);
                Effect::Submit(message)
            }
            _ if memorable == DeliveryGuarantee::Queryable => {
                let message = task.message.clone();
                self.step = Step::Asking(task);
                Effect::Ask(message)
            }
            _ => {
                let keys = task.keys();
                if memorable == DeliveryGuarantee::AtMostOnce {
                    &mut self.report.held
                } else {
                    &mut self.report.elsewhere
                }
                .extend(keys);
                self.next_message()
            }
        }
    }

    fn asked(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        match reply {
            Reply::Sent(message) => self.record_sent(task, &message, now),
            // What was sent a moment ago may not show yet; what is old and not there was never sent, none of it.
            Reply::NotThere if task.submits == 0 => {
                self.looks_again = true;
                let why = "a run began to send it and did not";
                let changes = task.changes(|_| Record::Waiting { since: now, why: why.to_owned() });
                self.write(changes, Step::Recording(task))
            }
            _ => {
                self.report.elsewhere.extend(task.keys());
                self.next_message()
            }
        }
    }

    fn record_sent(&mut self, mut task: Task, message: &str, now: Instant) -> Effect {
        self.report.sent.extend(task.keys());
        let sent = |told| Record::Done { how: How::Sent, at: now, told, message: Some(message.to_owned()) };
        let changes = task.changes(|told| sent(Some(told)));
        self.write(changes, Step::Recording(task))
    }
}

impl Message {
    /// A message of these keys, which tells these notices: fewer, where nothing stands behind some any more.
    fn of<'a>(name: String, mut keys: impl Iterator<Item = &'a Key>, notices: Vec<Notice>) -> Self {
        let first = keys.next().expect("a message has a notice, or had one");
        let known = notices.iter().find_map(|notice| match &notice.recipient.address {
            Address::Known(address) => Some(address.clone()),
            Address::Person(_) | Address::Missing(_) => None,
        });
        let address = match first.channel {
            Channel::Helpdesk => first.agreement.to_string(),
            Channel::Mail | Channel::Webhook => known.unwrap_or_default(),
        };
        Self { name, channel: first.channel, address, notices }
    }
}

/// The messages that would go out if nothing else did, for a look ahead; what a channel splits is split.
pub fn messages(due: &Due, limits: impl IntoIterator<Item = (Channel, usize)>) -> Vec<Message> {
    let mut delivery = Delivery::new("preview", []).at_most(limits);
    delivery.claim(Due { send: due.send.clone(), ..Due::default() }, &BTreeMap::new(), Instant::UNIX_EPOCH);
    delivery.queue.into_iter().map(|task| task.message).collect()
}
