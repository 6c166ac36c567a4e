//! The sandbox's clock: the shell's clock, or a fixed instant in a rehearsal.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use servanda::calendar::Instant;

/// The source of the sandbox's time.
#[derive(Clone)]
pub(crate) struct SandboxClock(ClockSource);

#[derive(Clone)]
enum ClockSource {
    Running(Arc<dyn Fn() -> Instant + Send + Sync>),
    Fixed(Arc<AtomicI64>),
}

impl SandboxClock {
    /// A clock that calls a function each time it is read.
    pub(crate) fn running(read: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(ClockSource::Running(Arc::new(read)))
    }

    /// A clock that stays at an instant. Clones share the instant.
    pub(crate) fn fixed(at: Instant) -> Self {
        Self(ClockSource::Fixed(Arc::new(AtomicI64::new(at.as_second()))))
    }

    /// Seconds since 1970.
    pub(super) fn second(&self) -> i64 {
        match &self.0 {
            ClockSource::Running(read) => read().as_second(),
            ClockSource::Fixed(second) => second.load(Ordering::SeqCst),
        }
    }

    /// Sets a fixed clock, also backwards; a running clock is not affected.
    #[cfg(test)]
    pub(crate) fn set(&self, to: Instant) {
        if let ClockSource::Fixed(second) = &self.0 {
            second.store(to.as_second(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use servanda::calendar::Instant;

    use super::SandboxClock;

    #[test]
    fn a_fixed_clock_moves_only_when_it_is_set_and_for_all_its_clones() {
        let clock = SandboxClock::fixed(Instant::UNIX_EPOCH);
        let other = clock.clone();
        assert_eq!(other.second(), 0);
        clock.set(Instant::from_second(60).expect("in range"));
        assert_eq!(other.second(), 60);
    }

    #[test]
    fn a_running_clock_is_read_each_time_and_cannot_be_set() {
        let clock = SandboxClock::running(|| Instant::from_second(7).expect("in range"));
        clock.set(Instant::UNIX_EPOCH);
        assert_eq!(clock.second(), 7);
    }
}
