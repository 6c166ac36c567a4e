//! Days, time zones, opening hours, terms and targets: parsing, conversion to instants, and due times.
//!
//! A day is a civil date; a zone converts it to instants. This module uses neither the clock nor the zone of the machine:
//! the zone data is built in, so that a plan is the same on every machine.

mod day;
mod due;
mod hours;
mod lead;
mod invalid_value;
mod parts;
mod target;
mod term;
mod versions;
mod zone;

pub use day::{Day, Instant, TimeOfDay, intended_day, read_day, read_instant, read_time_of_day};
pub use due::{Pauses, due};
pub use hours::{Hours, Window, in_words, overlap};
pub use invalid_value::InvalidValue;
pub use lead::Lead;
pub use target::TargetTime;
pub use term::Term;
pub use versions::Calendar;
pub use zone::{ZONE_DATA, Zone};

pub(crate) use hours::weekday;

#[cfg(test)]
mod tests;
