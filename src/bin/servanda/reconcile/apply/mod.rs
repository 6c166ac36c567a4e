//! A plan is carried out: gains before losses, several changes side by side, each result journalled.
//!
//! Nothing is decided here that the plan does not say. What becomes of one change is in [`attempt`]; here
//! is who goes when, and what ends the run before its time.

mod attempt;
mod effect;
pub(crate) mod pending;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, NotTried, Outcome, Stopped};
use servanda::plan::{Change, Phase, Plan};

use crate::helpdesk::{Reader, Writer};
use crate::ledger::{LedgerStore, Records};
use crate::process::shutdown::Stop;
use crate::reconcile::journal::Journal;
use attempt::{Attempt, End};

/// Where an apply says how far it is.
pub(crate) trait Progress {
    /// A change is being carried out.
    fn begin(&mut self, change: &Change);
    /// A change has met its result.
    fn end(&mut self, change: &Change, result: &ChangeResult);
}

/// What an apply works with.
pub(crate) struct Tools<'a, R, W, L> {
    pub(crate) reader: &'a R,
    pub(crate) writer: &'a W,
    /// Where creations are marked before they are sent; without it they are sent unmarked.
    pub(crate) book: Option<&'a Records<L>>,
    pub(crate) journal: &'a Journal,
    pub(crate) stop: &'a Stop,
    /// The name of the run, in marks.
    pub(crate) run: &'a str,
    /// How many changes are carried out side by side.
    pub(crate) concurrency: usize,
    /// The longest that the helpdesk's search may not show what was created.
    pub(crate) search_lag: Duration,
}

/// What came of an apply, and what it leaves to be looked for.
#[derive(Default)]
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    /// Agreements for which something was created that may be there unseen.
    pub(crate) in_doubt: BTreeSet<AgreementId>,
}

/// Carries the plan out. Independent changes go on when one fails.
pub(crate) async fn apply<R: Reader, W: Writer, L: LedgerStore>(
    plan: &Plan,
    tools: &Tools<'_, R, W, L>,
    progress: &mut impl Progress,
) -> Applied {
    let run = Run { tools, progress: RefCell::new(progress), applied: RefCell::default() };
    // All gains are confirmed before the first loss, so that a renewal leaves no gap.
    for phase in [Phase::Gain, Phase::Loss] {
        run.phase(plan.changes.iter().filter(|change| change.phase == phase)).await;
    }
    run.applied.into_inner()
}

struct Run<'a, R, W, L, P> {
    tools: &'a Tools<'a, R, W, L>,
    progress: RefCell<&'a mut P>,
    applied: RefCell<Applied>,
}

/// What may be done with a change that waits for others.
enum Turn {
    Now,
    Later,
    Never(AgreementId),
}

impl<R: Reader, W: Writer, L: LedgerStore, P: Progress> Run<'_, R, W, L, P> {
    async fn phase<'c>(&self, changes: impl Iterator<Item = &'c Change>) {
        let mut waiting: VecDeque<&Change> = changes.collect();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.tools.concurrency.max(1)
                && let Some(change) = self.next(&mut waiting)
            {
                running.push(self.one(change));
            }
            if running.next().await.is_none() && waiting.is_empty() {
                return;
            }
        }
    }

    /// The next change whose turn it is. Those whose turn never comes meet their result on the way.
    fn next<'c>(&self, waiting: &mut VecDeque<&'c Change>) -> Option<&'c Change> {
        for _ in 0..waiting.len() {
            let change = waiting.pop_front()?;
            if self.is_stopped() {
                self.end(change, ChangeResult::NotTried(NotTried::Stopped));
                continue;
            }
            match self.turn(change, waiting) {
                Turn::Now => return Some(change),
                Turn::Never(awaited) => self.end(change, ChangeResult::NotTried(NotTried::Waits(awaited))),
                Turn::Later => waiting.push_back(change),
            }
        }
        None
    }

    fn turn(&self, change: &Change, waiting: &VecDeque<&Change>) -> Turn {
        let applied = self.applied.borrow();
        for awaited in &change.after {
            match applied.outcome.results.get(awaited) {
                Some(ChangeResult::Done { .. }) => {}
                // One that waits for this one in turn, or is in no plan, is never confirmed.
                None if waiting
                    .iter()
                    .any(|other| other.id == *awaited && !other.after.contains(&change.id)) =>
                {
                    return Turn::Later;
                }
                _ => return Turn::Never(awaited.clone()),
            }
        }
        Turn::Now
    }

    async fn one(&self, change: &Change) {
        self.progress.borrow_mut().begin(change);
        if let Err(failure) = self.tools.journal.begin(change) {
            self.stop(Stopped::NoTrace(failure.message));
            return self.end(change, ChangeResult::NotTried(NotTried::Stopped));
        }
        let End { result, is_in_doubt, stops } = Attempt::of(change, self.tools).run().await;
        if is_in_doubt {
            self.applied.borrow_mut().in_doubt.insert(change.id.clone());
        }
        if let Some(stopped) = stops {
            self.stop(stopped);
        }
        self.end(change, result);
    }

    fn is_stopped(&self) -> bool {
        if self.tools.stop.is_asked() {
            self.stop(Stopped::Signal);
        }
        self.applied.borrow().outcome.stopped.is_some()
    }

    /// The first reason to stop is the one that is told.
    fn stop(&self, why: Stopped) {
        self.applied.borrow_mut().outcome.stopped.get_or_insert(why);
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
