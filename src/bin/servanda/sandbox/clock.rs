//! The hour as the embedded helpdesk believes it: given by the shell, or set by hand in a rehearsal.
//!
//! Turns a source of instants into whole seconds. Never reads the machine's clock by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use servanda::calendar::Instant;

/// Where the helpdesk has the time from.
#[derive(Clone)]
pub(crate) struct Clock(Source);

#[derive(Clone)]
enum Source {
    Asked(Arc<dyn Fn() -> Instant + Send + Sync>),
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that is asked each time, such as the machine's own.
    pub(crate) fn asked(read: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Source::Asked(Arc::new(read)))
    }

    /// A clock that stands still at an instant until it is set anew; clones share the hand.
    pub(crate) fn standing(at: Instant) -> Self {
        Self(Source::Set(Arc::new(AtomicI64::new(at.as_second()))))
    }

    /// Sets a standing clock, backwards too; a clock that is asked stays as it is.
    pub(crate) fn set(&self, to: Instant) {
        if let Source::Set(second) = &self.0 {
            second.store(to.as_second(), Ordering::SeqCst);
        }
    }

    /// Seconds since 1970.
    pub(crate) fn second(&self) -> i64 {
        match &self.0 {
            Source::Asked(read) => read().as_second(),
            Source::Set(second) => second.load(Ordering::SeqCst),
        }
    }
}

#[cfg(test)]
mod tests {
    use servanda::calendar::Instant;

    use super::Clock;

    #[test]
    fn a_standing_clock_moves_only_by_hand_and_for_all_who_hold_it() {
        let clock = Clock::standing(Instant::UNIX_EPOCH);
        let other = clock.clone();
        assert_eq!(other.second(), 0);
        clock.set(Instant::from_second(60).expect("in range"));
        assert_eq!(other.second(), 60);
    }

    #[test]
    fn a_clock_that_is_asked_answers_each_time() {
        let clock = Clock::asked(|| Instant::from_second(7).expect("in range"));
        clock.set(Instant::UNIX_EPOCH);
        assert_eq!(clock.second(), 7);
    }
}
