//! The protocol that sends each notice once: a state machine that requests effects and performs none itself (sans-IO).
//!
//! Each notice goes through `claimed → submitting → done` in the ledger, and each step is a compare-and-set. The step
//! to `submitting` is the fence: it is written immediately before the submission, which cannot be undone. A run that
//! dies before the fence has sent nothing, and another run takes over after the lease. If a run dies after the fence,
//! the channel's [`DeliveryGuarantee`] decides: a queryable or idempotent channel settles the notice, and otherwise it
//! stays in doubt until a person settles it. The driver (the shell, or a simulator with every kind of fault) provides
//! ledger, channels and clock.

mod protocol;
mod report;
mod task;
mod claim;

use std::collections::{BTreeMap, VecDeque};

use crate::calendar::Instant;

use super::due::DueNotices;
use super::key::{Channel, NoticeKey};
use super::record::{NoticeRecord, NoticeResult};

pub use self::protocol::{
    DeliveryGuarantee, Effect, LEASE, Message, PREPARED_EXPIRY, RecordChange, Reply, TAKEOVER_AFTER,
    may_submit,
};
pub use self::report::DeliveryReport;

use self::claim::{Claims, claim};
use self::protocol::Options;
use self::task::{Task, deferred_since};

/// The number of times the ledger is read again after conflicts with other runs.
const MAX_READS: u32 = 8;
/// The number of times a write or an idempotent submission is tried.
const MAX_ATTEMPTS: u32 = 3;

/// One run of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    options: Options,
    queue: VecDeque<Task>,
    step: DeliveryStep,
    /// The write in progress, to repeat it.
    writing: Vec<RecordChange>,
    attempts: u32,
    reads: u32,
    is_stopping: bool,
    /// Whether a message turned out never to have been sent, so that its notices may be claimed again.
    reads_again: bool,
    report: DeliveryReport,
}

/// The effect whose reply is expected next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum DeliveryStep {
    Reading,
    Claiming,
    Preparing(Task),
    Fencing(Task),
    Submitting(Task),
    Querying(Task),
    /// Writes the result of the message.
    Recording(Task),
    Abandoning,
    Ended,
}

impl Delivery {
    /// A run with a unique name, over channels with these guarantees.
    pub fn new(
        run: impl Into<String>,
        channels: impl IntoIterator<Item = (Channel, DeliveryGuarantee)>,
    ) -> Self {
        let options = Options {
            run: run.into(),
            guarantees: channels.into_iter().collect(),
            max_notices: BTreeMap::new(),
        };
        Self {
            options,
            queue: VecDeque::new(),
            step: DeliveryStep::Reading,
            writing: Vec::new(),
            attempts: 0,
            reads: 0,
            is_stopping: false,
            reads_again: false,
            report: DeliveryReport::default(),
        }
    }

    /// Limits the number of notices in one message of a channel.
    #[must_use]
    pub fn max_notices(mut self, limits: impl IntoIterator<Item = (Channel, usize)>) -> Self {
        self.options.max_notices = limits.into_iter().collect();
        self
    }

    /// The results so far.
    pub const fn report(&self) -> &DeliveryReport {
        &self.report
    }

    /// Ends the run before the next message.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Takes the reply to the last effect, and requests the next. The first reply is [`Reply::Continue`].
    pub fn next(&mut self, reply: Reply, now: Instant) -> Effect {
        match std::mem::replace(&mut self.step, DeliveryStep::Ended) {
            DeliveryStep::Reading => match reply {
                Reply::Due(due, records) => self.claim(due, &records, now),
                Reply::LedgerFailed(why) => self.end(why),
                _ => self.read(),
            },
            DeliveryStep::Claiming => match reply {
                Reply::Written => self.next_message(),
                Reply::Conflict if self.reads >= MAX_READS => {
                    self.end("other runs kept changing the ledger".to_owned())
                }
                Reply::Conflict => self.read(),
                other => self.write_again(DeliveryStep::Claiming, other),
            },
            DeliveryStep::Preparing(task) => self.prepared(task, reply, now),
            DeliveryStep::Fencing(task) => self.fenced(task, reply),
            DeliveryStep::Submitting(task) => self.submitted(task, reply, now),
            DeliveryStep::Querying(task) => self.queried(task, reply, now),
            DeliveryStep::Recording(task) => match reply {
                // On a conflict, another run has recorded the result.
                Reply::Written | Reply::Conflict => self.next_message(),
                other => self.write_again(DeliveryStep::Recording(task), other),
            },
            DeliveryStep::Abandoning if self.report.ended.is_none() => self.next_message(),
            DeliveryStep::Abandoning | DeliveryStep::Ended => Effect::End,
        }
    }

    fn read(&mut self) -> Effect {
        self.reads += 1;
        self.queue.clear();
        // Final results stay; everything else is decided again.
        let DeliveryReport { sent, refused, settled, .. } = std::mem::take(&mut self.report);
        self.report = DeliveryReport { sent, refused, settled, ..DeliveryReport::default() };
        self.reads_again = false;
        self.step = DeliveryStep::Reading;
        Effect::ReadDue
    }

    /// Claims everything that is due in one write.
    fn claim(
        &mut self,
        due: DueNotices,
        records: &BTreeMap<NoticeKey, NoticeRecord>,
        now: Instant,
    ) -> Effect {
        let Claims { changes, tasks } = claim(due, records, &self.options, &mut self.report, now);
        self.queue.extend(tasks);
        if changes.is_empty() { self.next_message() } else { self.write(changes, DeliveryStep::Claiming) }
    }

    fn end(&mut self, why: String) -> Effect {
        self.report.ended = Some(why);
        self.step = DeliveryStep::Ended;
        Effect::End
    }

    fn write(&mut self, changes: Vec<RecordChange>, then: DeliveryStep) -> Effect {
        self.attempts = 1;
        self.writing = changes;
        self.step = then;
        Effect::Write(self.writing.clone())
    }

    /// Repeats a write whose response was lost. Writes are idempotent: if all records already have their new values,
    /// the earlier write succeeded.
    fn write_again(&mut self, step: DeliveryStep, reply: Reply) -> Effect {
        let why = match reply {
            Reply::LedgerFailed(why) => why,
            other => format!("the ledger answered {other:?}"),
        };
        if self.attempts >= MAX_ATTEMPTS {
            let (why, prepared) = match step {
                DeliveryStep::Fencing(task) => (why, Some(task.message)),
                DeliveryStep::Recording(task) => {
                    let names: Vec<String> =
                        task.message.notices.iter().map(|notice| notice.key.to_string()).collect();
                    (format!("{why}; the result of {} is not recorded", names.join(", ")), None)
                }
                _ => (why, None),
            };
            let end = self.end(why);
            return match prepared {
                Some(message) => {
                    self.step = DeliveryStep::Abandoning;
                    Effect::Abandon(message)
                }
                None => end,
            };
        }
        self.attempts += 1;
        self.step = step;
        Effect::Write(self.writing.clone())
    }

    fn next_message(&mut self) -> Effect {
        let Some(task) = self.queue.pop_front().filter(|_| !self.is_stopping) else {
            if self.is_stopping {
                self.report.ended = Some("asked to stop".to_owned());
            } else if self.reads_again && self.reads < MAX_READS {
                return self.read();
            }
            self.step = DeliveryStep::Ended;
            return Effect::End;
        };
        let message = task.message.clone();
        if task.is_takeover && self.options.guarantee(message.channel) == DeliveryGuarantee::Queryable {
            self.step = DeliveryStep::Querying(task);
            return Effect::Query(message);
        }
        self.step = DeliveryStep::Preparing(task);
        Effect::Prepare(message)
    }

    fn prepared(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        match reply {
            Reply::Prepared => {
                let (run, message) = (self.options.run.clone(), task.message.name.clone());
                let changes = task.changes(|announced| NoticeRecord::Submitting {
                    run: run.clone(),
                    at: now,
                    message: message.clone(),
                    announced,
                });
                self.write(changes, DeliveryStep::Fencing(task))
            }
            Reply::Refused(why) | Reply::Unknown(why) if !task.is_takeover => self.refuse(task, &why, now),
            _ => self.leave(task),
        }
    }

    /// Records that nothing was sent, so that the next run tries again.
    fn refuse(&mut self, mut task: Task, why: &str, now: Instant) -> Effect {
        let refused = task.keys.iter().map(|key| (key.clone(), why.to_owned()));
        self.report.refused.extend(refused);
        let since = task.records.iter().find_map(|record| deferred_since(Some(record))).unwrap_or(now);
        let changes = task.changes(|_| NoticeRecord::Deferred { since, why: why.to_owned() });
        self.write(changes, DeliveryStep::Recording(task))
    }

    /// Leaves a message to another run.
    fn leave(&mut self, task: Task) -> Effect {
        self.report.pending.extend(task.keys);
        self.next_message()
    }

    fn fenced(&mut self, task: Task, reply: Reply) -> Effect {
        match reply {
            Reply::Written => {
                let message = task.message.clone();
                self.step = DeliveryStep::Submitting(task);
                Effect::Submit(message)
            }
            Reply::Conflict => {
                self.report.pending.extend(task.keys);
                self.step = DeliveryStep::Abandoning;
                Effect::Abandon(task.message)
            }
            other => self.write_again(DeliveryStep::Fencing(task), other),
        }
    }

    fn submitted(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        task.submits += 1;
        let guarantee = self.options.guarantee(task.message.channel);
        match reply {
            Reply::Sent(message) => self.record_sent(task, &message, now),
            // An earlier attempt may have sent it.
            Reply::Refused(_) if task.is_takeover || task.submits > 1 => self.leave(task),
            Reply::Refused(why) => self.refuse(task, &why, now),
            _ if guarantee == DeliveryGuarantee::Idempotent && task.submits < MAX_ATTEMPTS => {
                let message = task.message.clone();
                self.step = DeliveryStep::Submitting(task);
                Effect::Submit(message)
            }
            _ if guarantee == DeliveryGuarantee::Queryable => {
                let message = task.message.clone();
                self.step = DeliveryStep::Querying(task);
                Effect::Query(message)
            }
            _ if guarantee == DeliveryGuarantee::AtMostOnce => {
                self.report.in_doubt.extend(task.keys);
                self.next_message()
            }
            _ => self.leave(task),
        }
    }

    fn queried(&mut self, mut task: Task, reply: Reply, now: Instant) -> Effect {
        match reply {
            Reply::Sent(message) => self.record_sent(task, &message, now),
            // A message of this run may not be visible yet. An old one that is not found was never sent.
            Reply::NotFound if task.submits == 0 => {
                self.reads_again = true;
                let why = "an earlier run began to send it and did not";
                let changes = task.changes(|_| NoticeRecord::Deferred { since: now, why: why.to_owned() });
                self.write(changes, DeliveryStep::Recording(task))
            }
            _ => self.leave(task),
        }
    }

    fn record_sent(&mut self, mut task: Task, message: &str, now: Instant) -> Effect {
        self.report.sent.extend(task.keys.iter().cloned());
        let changes = task.changes(|announced| NoticeRecord::Done {
            result: NoticeResult::Sent,
            at: now,
            announced: Some(announced),
            message: Some(message.to_owned()),
        });
        self.write(changes, DeliveryStep::Recording(task))
    }
}

/// The messages that a run would send, split by the limits of their channels. For previews.
pub fn messages(due: &DueNotices, limits: impl IntoIterator<Item = (Channel, usize)>) -> Vec<Message> {
    let delivery = Delivery::new("preview", []).max_notices(limits);
    let due = DueNotices { send: due.send.clone(), ..DueNotices::default() };
    let mut report = DeliveryReport::default();
    let claims = claim(due, &BTreeMap::new(), &delivery.options, &mut report, Instant::UNIX_EPOCH);
    claims.tasks.into_iter().map(|task| task.message).collect()
}
