//! The requests that wait for the database at the same time, which share one transaction.
//!
//! A commit writes each page that was changed, and costs more than most requests. No request is answered before it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::state::SandboxState;

/// The work of a request. It returns what answers the request.
type Work = Box<dyn FnOnce() -> Answer + Send>;

/// Answers a request whose work is stored.
type Answer = Box<dyn FnOnce() + Send>;

/// The turns of the requests on the database.
pub(super) struct Turns {
    /// The state that all connections share.
    pub(super) state: Arc<SandboxState>,
    /// The requests that wait, in the order in which they came, each with whether it may write.
    waiting: Mutex<Vec<(bool, Work)>>,
}

impl Turns {
    /// The turns on the database of a sandbox.
    pub(super) fn over(state: &Arc<SandboxState>) -> Self {
        Self { state: Arc::clone(state), waiting: Mutex::default() }
    }

    /// Works together with the other requests that have arrived, on the one thread that serves. `None` if the work panicked
    /// or could not be stored.
    pub(super) async fn take<T: Send + 'static>(
        self: &Arc<Self>,
        may_write: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (result, worked) = oneshot::channel();
        let work = move || -> Answer {
            let done = work();
            // The connection of the request may have ended.
            Box::new(move || drop(result.send(done)))
        };
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push((may_write, Box::new(work)));
            waiting.len() == 1
        };
        if is_first {
            let turns = Arc::clone(self);
            // A task of its own, which does not end with the connection of this request.
            tokio::spawn(async move {
                // Requests that arrived together with this one come first.
                tokio::task::yield_now().await;
                turns.work_off();
            });
        }
        worked.await.ok()
    }

    /// Works for all that wait, in one transaction.
    fn work_off(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        let may_write = waiting.iter().any(|(may_write, _)| *may_write);
        let done = self.state.together(may_write, || {
            // Where the transaction has ended by itself, work would be stored by itself: it is given up.
            let goes_on = |_: &(bool, Work)| !self.state.connection().is_autocommit();
            let works = waiting.into_iter().take_while(goes_on);
            let answers = works.map(|(_, work)| catch_unwind(AssertUnwindSafe(work)).ok());
            answers.flatten().collect::<Vec<Answer>>()
        });
        match done {
            Ok(answers) => answers.into_iter().for_each(|answer| answer()),
            Err(error) => tracing::warn!("the database of the sandbox failed: {error}"),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(bool, Work)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
