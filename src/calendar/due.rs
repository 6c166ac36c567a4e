//! By when a target is due: a start, a length of time and the hours of a calendar become an instant.
//!
//! A number of hours is due at the earliest instant at which so much open time has passed, so that what fills
//! a day exactly is due at its close. Business days end with the last close of the day. Pauses are taken out of
//! the open time. Counted in whole seconds.

use super::day::Instant;
use super::hours::{Hours, days_from, united};
use super::target::TargetTime;

/// Stretches in which a clock does not run: in order, half-open, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(Vec<(Instant, Instant)>);

impl Pauses {
    /// Puts stretches in order and together; those that are empty or end before they begin are left out.
    pub fn new(stretches: impl IntoIterator<Item = (Instant, Instant)>) -> Self {
        let whole = stretches.into_iter().map(|(from, to)| (second_of(from), second_of(to)));
        Self(united(whole.filter(|(from, to)| from < to)))
    }

    /// The stretches, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Instant, Instant)> {
        self.0.iter()
    }

    /// What is left of a stretch.
    fn rest_of(&self, (from, to): (Instant, Instant)) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let begun = self.0.partition_point(|(_, end)| *end <= from);
        let within = self.0[begun..].iter().copied().take_while(move |(start, _)| *start < to);
        let ends = within.clone().map(|(_, end)| end);
        let starts = within.map(|(start, _)| start);
        let rest = std::iter::once(from).chain(ends).zip(starts.chain([to]));
        rest.filter(|(from, to)| from < to)
    }
}

/// When a target is due; `None` where that lies beyond the ten years that are looked ahead. Without hours the clock
/// never stops, and business days cannot be counted.
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
    stretches: impl Iterator<Item = (Instant, Instant)>,
    start: Instant,
    seconds: u32,
    pauses: &Pauses,
) -> Option<Instant> {
    let mut left = i64::from(seconds);
    if left == 0 {
        return Some(start);
    }
    for (open, close) in stretches {
        for (from, to) in pauses.rest_of((open.max(start), close)) {
            let length = to.as_second() - from.as_second();
            if left <= length {
                return Instant::from_second(from.as_second() + left).ok();
            }
            left -= length;
        }
    }
    None
}

/// Day 0 is the day of the start where hours are still to come on it, else the next day that has any; the last close of
/// the n-th later such day. A day that is paused as a whole does not count.
fn business_days(hours: &Hours, start: Instant, days: u32, pauses: &Pauses) -> Option<Instant> {
    let mut days_with_hours = days_from(hours.zone().day_of(start)).filter_map(|day| {
        let (mut counts, mut last_close) = (false, None);
        for stretch in hours.open_on(day) {
            counts |= pauses.rest_of(stretch).next().is_some();
            last_close = Some(stretch.1);
        }
        last_close.filter(|close| counts && *close > start)
    });
    days_with_hours.nth(usize::try_from(days).ok()?)
}

/// The second that an instant lies in.
pub(super) fn second_of(instant: Instant) -> Instant {
    let seconds = instant.as_nanosecond().div_euclid(1_000_000_000);
    i64::try_from(seconds).ok().and_then(|seconds| Instant::from_second(seconds).ok()).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
