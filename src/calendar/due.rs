//! Due times: the instant at which a target is due, by its start and the hours of a calendar.
//!
//! A target in hours is due at the earliest instant at which that much open time has passed, so that a target of exactly
//! one day of hours is due at the close of the day. Business days end at the last close of a day. Pauses do not count as
//! open time. Calculated in whole seconds.

use super::day::Instant;
use super::hours::{Hours, days_from, merge_intervals};
use super::target::TargetTime;

/// Intervals in which the clock is stopped: half-open, sorted and disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(Vec<(Instant, Instant)>);

impl Pauses {
    /// Sorts and merges intervals. Those that are empty or end before they begin are ignored.
    pub fn new(intervals: impl IntoIterator<Item = (Instant, Instant)>) -> Self {
        let whole = intervals.into_iter().map(|(from, to)| (second_of(from), second_of(to)));
        Self(merge_intervals(whole.filter(|(from, to)| from < to)))
    }

    /// The intervals, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Instant, Instant)> {
        self.0.iter()
    }

    /// The parts of an interval that are not paused.
    fn outside(&self, (from, to): (Instant, Instant)) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let begun = self.0.partition_point(|(_, end)| *end <= from);
        let within = self.0[begun..].iter().copied().take_while(move |(start, _)| *start < to);
        let ends = within.clone().map(|(_, end)| end);
        let starts = within.map(|(start, _)| start);
        let rest = std::iter::once(from).chain(ends).zip(starts.chain([to]));
        rest.filter(|(from, to)| from < to)
    }
}

/// The instant at which a target is due; `None` if that is more than ten years ahead. Without hours, every instant
/// counts as open, and targets in business days have no due time.
pub fn due(hours: Option<&Hours>, start: Instant, target: TargetTime, pauses: &Pauses) -> Option<Instant> {
    let start = second_of(start);
    match (target, hours) {
        (TargetTime::Seconds(seconds), Some(hours)) if !hours.is_always_open() => {
            after_open_time(hours.open_from(start), start, seconds, pauses)
        }
        (TargetTime::Seconds(seconds), _) => {
            after_open_time(std::iter::once((start, Instant::MAX)), start, seconds, pauses)
        }
        (TargetTime::BusinessDays(days), Some(hours)) => business_days(hours, start, days, pauses),
        (TargetTime::BusinessDays(_), None) => None,
    }
}

fn after_open_time(
    intervals: impl Iterator<Item = (Instant, Instant)>,
    start: Instant,
    seconds: u32,
    pauses: &Pauses,
) -> Option<Instant> {
    let mut left = i64::from(seconds);
    if left == 0 {
        return Some(start);
    }
    for (open, close) in intervals {
        for (from, to) in pauses.outside((open.max(start), close)) {
            let length = to.as_second() - from.as_second();
            if left <= length {
                return Instant::from_second(from.as_second() + left).ok();
            }
            left -= length;
        }
    }
    None
}

/// The last close of the n-th day with opening hours after day 0. Day 0 is the day of the start if it is still open
/// later that day, else the next day with hours. A day that is entirely paused does not count.
fn business_days(hours: &Hours, start: Instant, days: u32, pauses: &Pauses) -> Option<Instant> {
    let mut days_with_hours = days_from(hours.zone().day_of(start)).filter_map(|day| {
        let (mut counts, mut last_close) = (false, None);
        for interval in hours.open_on(day) {
            counts |= pauses.outside(interval).next().is_some();
            last_close = Some(interval.1);
        }
        last_close.filter(|close| counts && *close > start)
    });
    days_with_hours.nth(usize::try_from(days).ok()?)
}

/// Rounds an instant down to a whole second.
pub(super) fn second_of(instant: Instant) -> Instant {
    let seconds = instant.as_nanosecond().div_euclid(1_000_000_000);
    i64::try_from(seconds).ok().and_then(|seconds| Instant::from_second(seconds).ok()).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
