//! Rate limit, pauses that a server asks for, and the budget for retries.
//!
//! Independent of requests and responses. Time is that of the tokio runtime, so that tests can pause it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The interval between requests, in percent of the one that the rate allows: timers fire early or late, and
/// the requests of one second must never exceed the rate.
const INTERVAL_PERCENT: u32 = 105;

/// Spaces requests evenly and holds them back during a pause.
pub(crate) struct RateLimit {
    schedule: Mutex<Schedule>,
    interval: Option<Duration>,
}

#[derive(Default)]
struct Schedule {
    /// The earliest instant of the next request.
    next: Option<Instant>,
    /// The end of the current pause.
    pause: Option<Instant>,
}

impl RateLimit {
    /// A limit of requests per second; `None` is unlimited.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let interval = per_second.map(|rate| Duration::from_secs(1) * INTERVAL_PERCENT / 100 / rate.max(1));
        Self { schedule: Mutex::default(), interval }
    }

    /// A limit of requests per minute.
    pub(crate) fn per_minute(rate: u32) -> Self {
        Self { schedule: Mutex::default(), interval: Some(Duration::from_mins(1) / rate.max(1)) }
    }

    /// Waits until a request may be sent. A reservation that falls into a pause is replaced by a later one.
    pub(crate) async fn acquire(&self) {
        loop {
            let reserved = self.reserve();
            tokio::time::sleep_until(reserved).await;
            if self.schedule().pause.is_none_or(|pause| pause <= reserved) {
                return;
            }
        }
    }

    /// Sends no request for the given time, since the server asked to wait.
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

/// Limits retries to a share of all requests, so that retries do not double the load on a failing server.
#[derive(Default)]
pub(crate) struct RetryBudget {
    requests: AtomicU64,
    retries: AtomicU64,
}

impl RetryBudget {
    /// The number of retries that even a short run may make.
    const FLOOR: u64 = 10;
    /// One retry is allowed for this many requests.
    const SHARE: u64 = 10;

    /// Counts a request that is about to be sent, first try or retry.
    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether one more retry is within the budget; if so, it is counted.
    pub(crate) fn allow_retry(&self) -> bool {
        let first_tries = self.requests().saturating_sub(self.retries.load(Ordering::Relaxed));
        let limit = Self::FLOOR.max(first_tries / Self::SHARE);
        let one_more = |retries: u64| (retries < limit).then_some(retries + 1);
        self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{RateLimit, RetryBudget};

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_requests_than_allowed() {
        for rate in [1, 5, 7, 100] {
            let limit = RateLimit::new(Some(rate));
            let begun = Instant::now();
            let mut taken = Vec::new();
            for _ in 0..10 * rate {
                limit.acquire().await;
                taken.push(begun.elapsed());
            }
            let within = |from: Duration| {
                taken.iter().filter(|at| (from..from + Duration::from_secs(1)).contains(at)).count()
            };
            assert!(taken.iter().all(|at| within(*at) <= rate as usize));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_also_holds_back_requests_that_were_reserved_before_it() {
        let limit = RateLimit::new(Some(2));
        limit.acquire().await;
        let begun = Instant::now();
        let waiting = limit.acquire();
        let pausing = async { limit.pause(Duration::from_secs(30)) };
        tokio::join!(waiting, pausing);
        assert!(begun.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_no_request_waits() {
        let (limit, begun) = (RateLimit::new(None), Instant::now());
        for _ in 0..1000 {
            limit.acquire().await;
        }
        assert!(begun.elapsed() < Duration::from_millis(10));
    }

    #[test]
    fn a_tenth_may_be_retries_and_ten_in_any_case() {
        let budget = RetryBudget::default();
        let allowed =
            || (0..100).filter(|_| budget.allow_retry()).inspect(|_| budget.count_request()).count();
        assert_eq!(allowed(), 10);
        (0..200).for_each(|_| budget.count_request());
        assert_eq!(allowed(), 10, "200 first tries allow 20 retries in total");
    }
}
