//! From when to when an agreement can be active at all: its period with all tacit rolls, cut by a
//! termination, a successor and the end of a manual log. Suspensions do not count, since they may be lifted.
//!
//! Given in wall time of the agreement's own zone: agreements that follow each other day by day do not
//! overlap because their zones differ.

use crate::agreement::{Activation, ActivationStatus, Agreement};
use crate::calendar::Day;
use crate::status::{bound, is_ended_by_termination};

/// A moment on the wall, without a zone.
pub(super) type WallTime = jiff::civil::DateTime;

/// A half-open stretch of wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EffectiveInterval {
    /// The first moment.
    pub(super) from: WallTime,
    /// The first moment after it; `None` where nothing ends it.
    pub(super) until: Option<WallTime>,
}

/// The reach of an agreement; `None` where it is never active as far as is written.
pub(super) fn effective_interval(agreement: &Agreement) -> Option<EffectiveInterval> {
    let zone = &agreement.zone;
    let agreed_end = bound(agreement).map(|bound| zone.wall_time_of(bound.at));
    let (from, until) = match &agreement.activation {
        Activation::Auto => (midnight(agreement.period.first_day?), agreed_end),
        Activation::Manual(entries) => {
            let first_at = |status| entries.iter().find(|entry| entry.status == status);
            let from = zone.wall_time_of(first_at(ActivationStatus::Active)?.at);
            let ended = first_at(ActivationStatus::Ended).map(|entry| zone.wall_time_of(entry.at));
            (from, [agreed_end, ended].into_iter().flatten().min())
        }
    };
    until.is_none_or(|until| from < until).then_some(EffectiveInterval { from, until })
}

impl EffectiveInterval {
    /// Whether there is a moment in both.
    pub(super) fn meets(&self, other: &EffectiveInterval) -> bool {
        self.until.is_none_or(|until| other.from < until) && other.until.is_none_or(|until| self.from < until)
    }

    /// The moments in both; to be asked only of reaches that meet.
    pub(super) fn common(&self, other: &EffectiveInterval) -> EffectiveInterval {
        EffectiveInterval {
            from: self.from.max(other.from),
            until: [self.until, other.until].into_iter().flatten().min(),
        }
    }

    /// The first day of it.
    pub(super) fn first_day(&self) -> Day {
        self.from.date()
    }

    /// The last day of it, at least in part.
    pub(super) fn last_day(&self) -> Option<Day> {
        last_day_before(self.until?)
    }

    /// `from 2026-01-01 to 2026-03-31`, for a sentence.
    pub(super) fn in_words(&self) -> String {
        match self.last_day() {
            Some(last_day) if last_day == self.first_day() => format!("on {last_day}"),
            Some(last_day) => format!("from {} to {last_day}", self.first_day()),
            None => format!("from {} on", self.first_day()),
        }
    }
}

/// The last day before a moment, at least in part.
pub(super) fn last_day_before(until: WallTime) -> Option<Day> {
    if until == midnight(until.date()) { until.date().yesterday().ok() } else { Some(until.date()) }
}

/// When an agreement ends earlier than it would by its period and tacit renewal, by a termination or by hand; `None` where
/// it does not.
pub(super) fn early_end(agreement: &Agreement) -> Option<WallTime> {
    let bound = bound(agreement);
    let termination = agreement.termination.as_ref().filter(|_| is_ended_by_termination(agreement));
    let terminated = termination.map(|termination| termination.at);
    let by_hand = match &agreement.activation {
        Activation::Auto => None,
        Activation::Manual(entries) => {
            let ended = entries.iter().find(|entry| entry.status == ActivationStatus::Ended);
            ended.map(|entry| entry.at).filter(|at| bound.is_none_or(|bound| *at < bound.at))
        }
    };
    let ends = [terminated, by_hand].into_iter().flatten();
    ends.min().map(|at| agreement.zone.wall_time_of(at))
}

/// The first moment of a day.
pub(super) fn midnight(day: Day) -> WallTime {
    day.at(0, 0, 0, 0)
}
