//! Waits until the helpdesk's search shows a new object, for the search lag at most.

use std::time::Duration;

use servanda::calendar;
use tokio::time::Instant;

use crate::http::transport::WallClock;

/// The longest pause between two readings.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The wait for a new object: longer and longer pauses between readings, until the search lag is over.
pub(crate) struct SearchWait {
    since: Instant,
    search_lag: Duration,
    pause: Duration,
    is_announced: bool,
}

impl SearchWait {
    /// The wait for an object that was created at this instant.
    pub(crate) const fn new(since: Instant, search_lag: Duration) -> Self {
        Self { since, search_lag, pause: Duration::from_secs(1), is_announced: false }
    }

    /// Waits before the next reading, and returns whether there is one. The end of the wait, by the wall clock, is
    /// announced once.
    pub(crate) async fn pause(
        &mut self,
        clock: WallClock<'_>,
        announce: impl FnOnce(calendar::Instant),
    ) -> bool {
        let left = self.search_lag.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            return false;
        }
        if !std::mem::replace(&mut self.is_announced, true) {
            announce(end_of_wait(clock(), left));
        }
        tokio::time::sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// The end of a wait that begins now, as a full second that is not before it.
pub(crate) fn end_of_wait(now: calendar::Instant, left: Duration) -> calendar::Instant {
    let end = now.saturating_add(left).unwrap_or(calendar::Instant::MAX);
    let whole = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
    calendar::Instant::from_second(whole).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_at_a_full_second_that_is_not_before_it() {
        let at = |text: &str| text.parse::<calendar::Instant>().expect("an instant");
        let now = at("2026-03-01T12:00:00.25Z");
        for (left, end) in [
            (Duration::from_mins(1), "2026-03-01T12:01:01Z"),
            (Duration::from_millis(750), "2026-03-01T12:00:01Z"),
            (Duration::ZERO, "2026-03-01T12:00:01Z"),
        ] {
            assert_eq!(end_of_wait(now, left), at(end), "{left:?}");
        }
    }
}
