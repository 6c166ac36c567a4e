//! Applies a plan: gains before losses, several changes at the same time, each result journalled.
//!
//! It decides only the order, and when the run ends early. [`attempt`] applies one change.

mod tools;
mod proof;
mod gate;
mod attempt;

pub(crate) use gate::key_settings;
pub(crate) use tools::{Applied, Creation, Progress, Tools};

use std::cell::RefCell;
use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, NotTried, Stopped};
use servanda::plan::{Change, Phase, Plan};

use crate::helpdesk::{Reader, Writer};
use crate::ledger::LedgerStore;
use crate::ledger::records::KeyRecord;
use attempt::{Attempt, AttemptEnd};
use gate::{Admission, CreationGate};

/// Applies the plan. Independent changes continue when one fails.
pub(crate) async fn apply<R: Reader, W: Writer, L: LedgerStore>(
    plan: &Plan,
    tools: &Tools<'_, R, W, L>,
    progress: &mut impl Progress,
) -> Applied {
    let gate = CreationGate::open(tools).await;
    let (progress, gate) = (RefCell::new(progress), RefCell::new(gate));
    let scheduler = Scheduler { tools, progress, gate, applied: RefCell::default() };
    // All gains are confirmed before the first loss, so that a renewal leaves no gap.
    for phase in [Phase::Gain, Phase::Loss] {
        scheduler.phase(plan.changes.iter().filter(|change| change.phase == phase)).await;
    }
    scheduler.applied.into_inner()
}

/// Starts changes in the order in which they may run.
struct Scheduler<'a, R, W, L, P> {
    tools: &'a Tools<'a, R, W, L>,
    progress: RefCell<&'a mut P>,
    /// Whether objects may be created.
    gate: RefCell<CreationGate>,
    applied: RefCell<Applied>,
}

/// Whether a change may start.
enum Readiness {
    Ready,
    Waiting,
    /// This change, for which it waits, was not applied and never will be.
    Never(AgreementId),
}

impl<R: Reader, W: Writer, L: LedgerStore, P: Progress> Scheduler<'_, R, W, L, P> {
    async fn phase<'c>(&self, changes: impl Iterator<Item = &'c Change>) {
        let mut queue: VecDeque<&Change> = changes.collect();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.tools.concurrency.max(1)
                && let Some(change) = self.next(&mut queue)
            {
                running.push(self.one(change));
            }
            if running.next().await.is_none() && queue.is_empty() {
                return;
            }
        }
    }

    /// Takes the next change that is ready out of the queue. Those that can never start get their result.
    fn next<'c>(&self, queue: &mut VecDeque<&'c Change>) -> Option<&'c Change> {
        for _ in 0..queue.len() {
            let change = queue.pop_front()?;
            if self.is_stopped() {
                self.end(change, ChangeResult::NotTried(NotTried::Stopped));
                continue;
            }
            match self.readiness(change, queue) {
                Readiness::Ready => match self.gate.borrow_mut().admit(change) {
                    Admission::Admitted => return Some(change),
                    Admission::Later => queue.push_back(change),
                    Admission::Refused(why) => {
                        self.end(change, ChangeResult::NotTried(NotTried::NoCreation(why)));
                    }
                },
                Readiness::Never(awaited) => {
                    self.end(change, ChangeResult::NotTried(NotTried::Waits(awaited)));
                }
                Readiness::Waiting => queue.push_back(change),
            }
        }
        None
    }

    fn readiness(&self, change: &Change, queue: &VecDeque<&Change>) -> Readiness {
        let applied = self.applied.borrow();
        for awaited in &change.after {
            match applied.outcome.results.get(awaited) {
                Some(ChangeResult::Done { .. }) => {}
                // A change that waits for this one in turn, or is not in the plan, is never confirmed.
                None if queue
                    .iter()
                    .any(|other| other.id == *awaited && !other.after.contains(&change.id)) =>
                {
                    return Readiness::Waiting;
                }
                _ => return Readiness::Never(awaited.clone()),
            }
        }
        Readiness::Ready
    }

    async fn one(&self, change: &Change) {
        self.progress.borrow_mut().begin(change);
        if let Err(failure) = self.tools.journal.begin(change) {
            self.stop(Stopped::NoTrace(failure.message));
            return self.end(change, ChangeResult::NotTried(NotTried::Stopped));
        }
        let on_wait = |until| self.progress.borrow_mut().wait(change, until);
        let AttemptEnd { result, creation, stops } = Attempt::of(change, self.tools, &on_wait).run().await;
        let learned = self.gate.borrow_mut().learn(change, &result, self.tools);
        self.remember(learned).await;
        self.applied.borrow_mut().creations.insert(change.id.clone(), creation);
        if let Some(stopped) = stops {
            self.stop(stopped);
        }
        self.end(change, result);
    }

    /// Records whether the helpdesk keeps ownership keys. If the ledger cannot be written, the next run tries it again.
    async fn remember(&self, learned: Option<KeyRecord>) {
        if let (Some(record), Some(records)) = (learned, self.tools.records)
            && let Err(error) = records.keep_key_record(&record).await
        {
            tracing::warn!("cannot record whether the helpdesk keeps ownership keys: {error}");
        }
    }

    fn is_stopped(&self) -> bool {
        if self.tools.stop.is_asked() {
            self.stop(Stopped::Signal);
        }
        self.applied.borrow().outcome.stopped.is_some()
    }

    /// Keeps the first reason to stop.
    fn stop(&self, reason: Stopped) {
        self.applied.borrow_mut().outcome.stopped.get_or_insert(reason);
    }

    fn end(&self, change: &Change, result: ChangeResult) {
        if let Err(failure) = self.tools.journal.end(change, &result) {
            self.stop(Stopped::NoTrace(failure.message));
        }
        self.progress.borrow_mut().end(change, &result);
        self.applied.borrow_mut().outcome.results.insert(change.id.clone(), result);
    }
}

#[cfg(test)]
mod tests;
