//! Answers the requests of two jobs one at a time, in an order that a seed determines.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tokio::sync::Notify;

/// The order in which requests are answered.
pub(super) struct Interleaving {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// Jobs that have not ended.
    at_work: BTreeSet<&'static str>,
    /// Jobs whose request waits for its answer.
    waiting: BTreeSet<&'static str>,
    /// The job whose request is answered next.
    next: Option<&'static str>,
    dice: u64,
}

impl State {
    /// Chooses a job once all of them wait. Returns whether it did.
    fn choose(&mut self) -> bool {
        let is_time = self.next.is_none() && !self.waiting.is_empty() && self.waiting == self.at_work;
        if is_time {
            self.dice =
                self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let index = usize::try_from(self.dice >> 33).expect("small") % self.waiting.len();
            self.next = self.waiting.iter().nth(index).copied();
        }
        is_time
    }
}

impl Interleaving {
    pub(super) fn new(seed: u64) -> Self {
        let state = State {
            at_work: ["one", "other"].into(),
            waiting: BTreeSet::new(),
            next: None,
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Waits for the turn of a job.
    pub(super) async fn wait(&self, job: &'static str) {
        self.state.lock().expect("no test panics here").waiting.insert(job);
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock().expect("no test panics here");
                if state.choose() {
                    self.changed.notify_waiters();
                }
                if state.next == Some(job) {
                    state.next = None;
                    state.waiting.remove(job);
                    return;
                }
            }
            changed.await;
        }
    }

    /// Ends a job.
    pub(super) fn leave(&self, job: &'static str) {
        let mut state = self.state.lock().expect("no test panics here");
        state.at_work.remove(job);
        state.choose();
        drop(state);
        self.changed.notify_waiters();
    }
}
