//! The periods of an agreement on the line of days: the agreed one, and those that tacit renewal adds.
//!
//! End, notice deadline and mails all come from the same [`CurrentPeriod`], so that they cannot disagree.
//! Period *k* is counted from the anchor in one step and never from a clamped date.

use crate::agreement::{Activation, ActivationStatus, Agreement, PeriodEnd, Renewal};
use crate::calendar::{Day, Instant, Term};

/// One period of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentPeriod {
    /// 1 for the agreed period, 2 for the first that tacit renewal adds.
    pub number: u32,
    /// The maximum number; `None` where there is no limit, or no renewal.
    pub of: Option<u32>,
    /// The first day; `None` where only a hand-made entry will say it.
    pub first_day: Option<Day>,
    /// The last day, counted in; `None` where it is open-ended. A termination or successor has cut it already.
    pub last_day: Option<Day>,
    /// The last day as agreed for this period, before a termination cuts it.
    pub agreed_last_day: Option<Day>,
}

/// The first instant at which an agreement is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The first instant after it.
    pub at: Instant,
    /// Whether the termination sets it, rather than the agreed last day.
    pub by_termination: bool,
}

/// When an agreement is over for good; `None` where nothing ends it.
pub fn bound(agreement: &Agreement) -> Option<Bound> {
    let agreed = bound_after(agreement, final_last_day(agreement, roll(agreement)));
    let terminated =
        agreement.termination.as_ref().map(|termination| Bound { at: termination.at, by_termination: true });
    match (agreed, terminated) {
        // A termination on the agreed last day changes nothing, so it is no termination. On the last day of a period
        // of a tacit renewal, it declines the next period.
        (Some(agreed), Some(terminated)) if terminated.at < agreed.at => Some(terminated),
        (agreed, terminated) => agreed.or(terminated),
    }
}

/// Whether an agreement would last longer without its termination, which ends it early or declines a tacit renewal.
pub fn is_ended_by_termination(agreement: &Agreement) -> bool {
    agreement.termination.as_ref().is_some_and(|termination| {
        bound_without_termination(agreement).is_none_or(|bound| termination.at < bound.at)
    })
}

/// When an agreement would be over without its termination; `None` where nothing else ends it.
pub fn bound_without_termination(agreement: &Agreement) -> Option<Bound> {
    let roll = roll(agreement).map(|roll| Roll { terminated_on: None, ..roll });
    bound_after(agreement, final_last_day(agreement, roll))
}

/// The bound that an agreed last day sets.
fn bound_after(agreement: &Agreement, last_day: Option<Day>) -> Option<Bound> {
    let next = last_day?.tomorrow().ok()?;
    Some(Bound { at: agreement.zone.start_of(next), by_termination: false })
}

/// The period that covers an instant; before the first, the first; after the last, the last.
pub fn period_at(agreement: &Agreement, at: Instant) -> CurrentPeriod {
    let today = agreement.zone.day_of(at);
    let agreed = agreed(agreement);
    let roll = roll(agreement);
    let count = match (&roll, agreed.1) {
        (Some(roll), Some(last_day)) if today > last_day => roll.count_by(today),
        _ => 0,
    };
    let (first_day, last_day) = match &roll {
        Some(roll) if count > 0 => (roll.first_day(count), roll.last_day(count)),
        _ => agreed,
    };
    let mut stretch = CurrentPeriod {
        number: count + 1,
        of: roll.and_then(|roll| roll.max_terms).map(|terms| terms.saturating_add(1)),
        first_day,
        last_day,
        agreed_last_day: last_day,
    };
    // A termination before the first day leaves the period as it was agreed.
    let begun = |day: Day| first_day.is_none_or(|first_day| first_day <= day);
    if let Some(termination) = agreement.termination.as_ref().filter(|end| begun(end.last_day)) {
        let cut = stretch.last_day.map_or(termination.last_day, |day| day.min(termination.last_day));
        stretch.last_day = Some(cut);
    }
    stretch
}

/// First and last day of the agreed period, before any renewal.
fn agreed(agreement: &Agreement) -> (Option<Day>, Option<Day>) {
    let first_day = agreement.period.first_day.or_else(|| first_switched_on(agreement));
    let last_day = match agreement.period.end {
        PeriodEnd::LastDay(day) => Some(day),
        PeriodEnd::Term(term) => first_day.and_then(|day| term.last_day(day)),
        PeriodEnd::Open => None,
    };
    (first_day, last_day)
}

/// The day of the first `active` entry of the manual log, from which an inherited term counts.
fn first_switched_on(agreement: &Agreement) -> Option<Day> {
    let Activation::Manual(entries) = &agreement.activation else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.status == ActivationStatus::Active)?;
    Some(agreement.zone.day_of(entry.at))
}

/// The last day after all renewals that can come; `None` where nothing ends it.
fn final_last_day(agreement: &Agreement, roll: Option<Roll>) -> Option<Day> {
    match roll {
        None => agreed(agreement).1,
        Some(roll) => roll.final_last_day(),
    }
}

/// The further periods of a tacit renewal: the `n`-th of them begins `offset + n - 1` terms after the anchor.
struct Roll {
    anchor: Day,
    /// Terms from the anchor to the first further period: 1 where the agreed period is a term itself.
    offset: u32,
    term: Term,
    max_terms: Option<u32>,
    /// The first day of a successor, before which the roll stops.
    until: Option<Day>,
    /// The last day of a termination, after which no period begins. It cuts no period, since it may be an early end.
    terminated_on: Option<Day>,
    agreed_last_day: Day,
}

fn roll(agreement: &Agreement) -> Option<Roll> {
    let Renewal::Auto { term, max_terms, .. } = agreement.renewal else {
        return None;
    };
    let (first_day, agreed_last_day) = agreed(agreement);
    let agreed_last_day = agreed_last_day?;
    let (anchor, offset) = match (agreement.period.end, first_day) {
        (PeriodEnd::Term(agreed_term), Some(first_day)) if agreed_term == term => (first_day, 1),
        _ => (agreed_last_day.tomorrow().ok()?, 0),
    };
    let until = agreement.succeeded_on;
    let terminated_on = agreement.termination.as_ref().map(|termination| termination.last_day);
    Some(Roll { anchor, offset, term, max_terms, until, terminated_on, agreed_last_day })
}

impl Roll {
    /// The first day of the `count`-th further period, counted from 1.
    fn first_day(&self, count: u32) -> Option<Day> {
        self.term.after(self.anchor, self.offset + count - 1)
    }

    /// The number of further periods; `None` where nothing limits them.
    fn count(&self) -> Option<u32> {
        let before_successor = self.until.map(|until| self.count_begun_before(until));
        let by_termination = self.terminated_on.map(|last_day| self.count_begun_by(last_day));
        [self.max_terms, before_successor, by_termination].into_iter().flatten().min()
    }

    /// The number of further periods that begin before `day`. Their first days ascend, so halving finds it.
    fn count_begun_before(&self, day: Day) -> u32 {
        let begins_before = |count: u32| self.first_day(count).is_some_and(|first_day| first_day < day);
        let (mut low, mut high) = (0_u32, 1_u32);
        while begins_before(high) {
            low = high;
            high = high.saturating_mul(2).min(4_000_000);
            if high == low {
                return low;
            }
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if begins_before(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    fn last_day(&self, count: u32) -> Option<Day> {
        let natural = match count {
            0 => self.agreed_last_day,
            _ => self.first_day(count + 1)?.yesterday().ok()?,
        };
        match self.until.and_then(|until| until.yesterday().ok()) {
            Some(cut) if count > 0 && cut < natural => Some(cut),
            _ => Some(natural),
        }
    }

    fn final_last_day(&self) -> Option<Day> {
        self.last_day(self.count()?)
    }

    /// The number of further periods that begin on `day` or before.
    fn count_begun_by(&self, day: Day) -> u32 {
        day.tomorrow().map_or(0, |next| self.count_begun_before(next))
    }

    /// The number of further periods that have begun by `today`.
    fn count_by(&self, today: Day) -> u32 {
        let begun = self.count_begun_by(today);
        self.count().map_or(begun, |count| begun.min(count))
    }
}
