//! Days, zones, hours and lengths of time: what a date means as instants, what `1y`, `60d` and `4h` mean, and by
//! when something is due.
//!
//! A day is a civil date; only a zone makes an instant of it. Knows no agreement and never the machine's
//! own clock or zone: all zone data is compiled in, so that a plan is the same on every machine.

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

pub use day::{Day, Instant, TimeOfDay, read_day, read_instant, read_time_of_day};
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
