//! The versions of a calendar over time.
//!
//! A request keeps the hours that are in force when it is made, so that a later change does not move its due time.

use std::collections::BTreeMap;

use super::day::{Day, Instant};
use super::hours::Hours;

/// A calendar: its first hours, and the hours that replace them from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    first: Hours,
    /// The later hours, by the first instant at which they are in force.
    later: BTreeMap<Instant, Hours>,
}

impl Calendar {
    /// Creates a calendar from its first hours and the hours that are in force from a day on, each in its own zone.
    pub fn new(first: Hours, later: impl IntoIterator<Item = (Day, Hours)>) -> Self {
        let later = later.into_iter().map(|(day, hours)| (hours.zone().start_of(day), hours)).collect();
        Self { first, later }
    }

    /// The hours that apply to a request made at an instant, until its end.
    pub fn in_force_at(&self, request: Instant) -> &Hours {
        self.later.range(..=request).next_back().map_or(&self.first, |(_, hours)| hours)
    }

    /// All versions of the hours, in chronological order.
    pub fn versions(&self) -> impl Iterator<Item = &Hours> {
        std::iter::once(&self.first).chain(self.later.values())
    }
}
