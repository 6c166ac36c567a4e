//! What an agreement is worth at an instant: a pure function of the agreement and the instant.
//!
//! The rule is [`state_at`]; everything else is read off the finitely many instants at which its answer
//! may change. Knows no clock (the instant is given), no helpdesk and no document.

mod period;

pub use period::{
    Bound, CurrentPeriod, bound, bound_without_termination, is_ended_by_termination, period_at,
};

use std::fmt;

use crate::agreement::{Activation, ActivationStatus, Agreement, Suspension};
use crate::calendar::{Day, Instant};

/// The five states of an agreement.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not in force yet, and of no use to the client.
    Planned,
    /// In force: the only state in which the client may ask for its services.
    Active,
    /// At rest within its period.
    Suspended,
    /// Over, on its agreed last day.
    Expired,
    /// Over, before its agreed last day or by hand.
    Terminated,
}

impl State {
    /// All five, in the order of a life.
    pub const ALL: [State; 5] =
        [State::Planned, State::Active, State::Suspended, State::Expired, State::Terminated];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
        }
    }

    /// Whether nothing can follow by date alone.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Terminated)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The reason why an agreement is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusReason {
    /// The first day has not come.
    BeforeFirstDay,
    /// The manual log has not activated it yet.
    NotSwitchedOn,
    /// An entry of the manual log says so.
    ByHand,
    /// Today lies within the period.
    WithinPeriod,
    /// A suspension covers today.
    Suspension,
    /// The last day has passed.
    LastDayPassed,
    /// The termination has come.
    Termination,
}

/// The answer of the status rule, with its surroundings in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Since when; `None` where it has always been so.
    pub since: Option<Instant>,
    /// The next instant at which the state changes, and what to, if no file changes.
    pub next_change: Option<(Instant, State)>,
    /// Which part of the agreement decides.
    pub because: StatusReason,
}

/// The status of an agreement at an instant.
pub fn status(agreement: &Agreement, at: Instant) -> Status {
    let (state, because) = state_at(agreement, at);
    let changes = changes(agreement);
    let upcoming = changes.partition_point(|(instant, _)| *instant <= at);
    Status {
        state,
        since: upcoming.checked_sub(1).map(|index| changes[index].0),
        next_change: changes.get(upcoming).copied(),
        because,
    }
}

/// The rule of states, in its order: the bound first, so that nothing revives what is over.
pub fn state_at(agreement: &Agreement, at: Instant) -> (State, StatusReason) {
    if let Some(bound) = bound(agreement)
        && bound.at <= at
    {
        return if bound.by_termination {
            (State::Terminated, StatusReason::Termination)
        } else {
            (State::Expired, StatusReason::LastDayPassed)
        };
    }
    let today = agreement.zone.day_of(at);
    match &agreement.activation {
        Activation::Manual(entries) => {
            let begun = || entries.iter().filter(|entry| entry.at <= at).map(|entry| entry.status);
            if begun().any(|status| status == ActivationStatus::Ended) {
                return (State::Terminated, StatusReason::ByHand);
            }
            match begun().next_back() {
                None => return (State::Planned, StatusReason::NotSwitchedOn),
                Some(ActivationStatus::Planned) => return (State::Planned, StatusReason::ByHand),
                Some(ActivationStatus::Suspended) => return (State::Suspended, StatusReason::ByHand),
                Some(ActivationStatus::Active | ActivationStatus::Ended) => {}
            }
        }
        Activation::Auto => {
            if agreement.period.first_day.is_none_or(|first_day| today < first_day) {
                return (State::Planned, StatusReason::BeforeFirstDay);
            }
        }
    }
    if agreement.suspensions.iter().any(|suspension| covers(suspension, today)) {
        return (State::Suspended, StatusReason::Suspension);
    }
    (State::Active, StatusReason::WithinPeriod)
}

/// Every instant at which the state changes, with the new state, in order.
pub fn changes(agreement: &Agreement) -> Vec<(Instant, State)> {
    let mut instants: Vec<Instant> = Vec::new();
    let start_of = |day: Day| agreement.zone.start_of(day);
    instants.extend(agreement.period.first_day.map(start_of));
    instants.extend(bound(agreement).map(|bound| bound.at));
    if let Activation::Manual(entries) = &agreement.activation {
        instants.extend(entries.iter().map(|entry| entry.at));
    }
    for suspension in &agreement.suspensions {
        instants.push(start_of(suspension.from));
        instants.extend(suspension.until.and_then(|until| until.tomorrow().ok()).map(start_of));
    }
    instants.sort_unstable();
    let mut state = state_at(agreement, Instant::MIN).0;
    let mut changes = Vec::new();
    for instant in instants {
        let next = state_at(agreement, instant).0;
        if next != state {
            changes.push((instant, next));
            state = next;
        }
    }
    changes
}

/// Whether an agreement is over before its first day, by a termination or by hand, so that it renews no other.
pub fn never_begins(agreement: &Agreement) -> bool {
    let first_day = agreement.period.first_day.map(|day| agreement.zone.start_of(day));
    let termination = agreement.termination.as_ref();
    let is_terminated = termination.zip(first_day).is_some_and(|(end, begins)| end.at <= begins);
    let is_ended = || match &agreement.activation {
        Activation::Auto => false,
        Activation::Manual(entries) => entries.iter().any(|entry| entry.status == ActivationStatus::Ended),
    };
    (is_terminated || is_ended()) && changes(agreement).first().is_some_and(|(_, state)| state.is_over())
}

fn covers(suspension: &Suspension, day: Day) -> bool {
    suspension.from <= day && suspension.until.is_none_or(|until| day <= until)
}

#[cfg(test)]
mod tests;
