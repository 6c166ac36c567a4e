//! A calendar through its changes: an instant becomes the hours that a request of then is counted on.
//!
//! A request keeps the hours that were in force when it was made, so that a later change moves no time that was
//! promised before.

use std::collections::BTreeMap;

use super::day::{Day, Instant};
use super::hours::Hours;

/// The hours of a calendar, and those that take their place from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    first: Hours,
    /// By the first instant of their first day.
    later: BTreeMap<Instant, Hours>,
}

impl Calendar {
    /// Puts a calendar together from its first hours and those that are in force from a day on, in their own zone.
    pub fn new(first: Hours, later: impl IntoIterator<Item = (Day, Hours)>) -> Self {
        let later = later.into_iter().map(|(day, hours)| (hours.zone().start_of(day), hours)).collect();
        Self { first, later }
    }

    /// The hours that a request is counted on to its end.
    pub fn in_force_at(&self, request: Instant) -> &Hours {
        self.later.range(..=request).next_back().map_or(&self.first, |(_, hours)| hours)
    }

    /// All its hours, in the order of time.
    pub fn versions(&self) -> impl Iterator<Item = &Hours> {
        std::iter::once(&self.first).chain(self.later.values())
    }
}
