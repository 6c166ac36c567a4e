//! When a request may go out: turns that are spread evenly, a pause that the server asked for, and a budget
//! for going again.
//!
//! Knows no request and no answer. Time is the runtime's, so that tests need not wait for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The turns lie this much further apart than the rate asks for, so that timers that fire late and early
/// never add up to more requests in one second than are allowed.
const SPREAD_PERCENT: u32 = 105;

/// Hands out turns.
pub(crate) struct RateLimit {
    schedule: Mutex<Schedule>,
    interval: Option<Duration>,
}

#[derive(Default)]
struct Schedule {
    /// The turn that is handed out next.
    next: Option<Instant>,
    /// No request goes out before.
    pause: Option<Instant>,
}

impl RateLimit {
    /// So many turns a second; without a rate everybody's turn is now.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let interval = per_second.map(|rate| Duration::from_secs(1) * SPREAD_PERCENT / 100 / rate.max(1));
        Self { schedule: Mutex::default(), interval }
    }

    /// Waits for a turn. One that falls into a pause is given back, and another one taken.
    pub(crate) async fn take(&self) {
        loop {
            let turn = self.reserve();
            tokio::time::sleep_until(turn).await;
            if self.schedule().pause.is_none_or(|pause| pause <= turn) {
                return;
            }
        }
    }

    /// No turn falls into the time to come, since the server asked for peace.
    pub(crate) fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut schedule = self.schedule();
        schedule.pause = schedule.pause.max(Some(until));
    }

    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut schedule = self.schedule();
        let free = schedule.next.unwrap_or(now).max(schedule.pause.unwrap_or(now)).max(now);
        schedule.next = self.interval.map(|interval| free + interval);
        free
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often requests may be repeated in all, so that a server in trouble is not asked twice as much.
#[derive(Default)]
pub(crate) struct Budget {
    requests: AtomicU64,
    repeats: AtomicU64,
}

impl Budget {
    /// What even a short run may repeat.
    const FLOOR: u64 = 10;
    /// One request in so many may be a repeat.
    const SHARE: u64 = 10;

    /// Counts a request that goes out, repeat or not.
    pub(crate) fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests went out so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether one more repeat is within the budget; it is counted then.
    pub(crate) fn allows_repeat(&self) -> bool {
        let first_tries = self.requests().saturating_sub(self.repeats.load(Ordering::Relaxed));
        let limit = Self::FLOOR.max(first_tries / Self::SHARE);
        let more = |repeats: u64| (repeats < limit).then_some(repeats + 1);
        self.repeats.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Budget, RateLimit};

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_turns_than_allowed() {
        for rate in [1, 5, 7, 100] {
            let turns = RateLimit::new(Some(rate));
            let begun = Instant::now();
            let mut taken = Vec::new();
            for _ in 0..10 * rate {
                turns.take().await;
                taken.push(begun.elapsed());
            }
            let within = |from: Duration| {
                taken.iter().filter(|at| (from..from + Duration::from_secs(1)).contains(at)).count()
            };
            assert!(taken.iter().all(|at| within(*at) <= rate as usize));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_goes_in_a_pause_not_even_who_had_a_turn() {
        let turns = RateLimit::new(Some(2));
        turns.take().await;
        let begun = Instant::now();
        let waiting = turns.take();
        let pausing = async { turns.pause(Duration::from_secs(30)) };
        tokio::join!(waiting, pausing);
        assert!(begun.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let (turns, begun) = (RateLimit::new(None), Instant::now());
        for _ in 0..1000 {
            turns.take().await;
        }
        assert!(begun.elapsed() < Duration::from_millis(10));
    }

    #[test]
    fn a_tenth_may_be_repeats_and_ten_in_any_case() {
        let budget = Budget::default();
        let allowed = || (0..100).filter(|_| budget.allows_repeat()).inspect(|_| budget.count()).count();
        assert_eq!(allowed(), 10);
        (0..200).for_each(|_| budget.count());
        assert_eq!(allowed(), 10, "200 first tries allow 20 repeats in all");
    }
}
