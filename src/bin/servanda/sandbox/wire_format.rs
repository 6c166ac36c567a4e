//! The forms of values on the wire: dates without a time zone, references with title and metaClass, durations.
//!
//! Formats stored values for responses and parses written values, as the options select.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use servanda::calendar::{Instant, Zone};

use super::error::SandboxError;
use super::model::ObjectClass;
use super::options::{DateWrites, IntervalEncoding, SandboxOptions};

/// The forms that the options select.
#[derive(Debug)]
pub(super) struct WireFormat {
    /// The options.
    pub(super) options: SandboxOptions,
    zone: TimeZone,
}

/// The attributes of an object that a reference to it contains.
#[derive(Clone, Debug)]
pub(super) struct ObjectReference {
    /// The UUID.
    pub(super) uuid: String,
    /// The metaClass.
    pub(super) meta_class: String,
    /// The title.
    pub(super) title: Option<String>,
    /// The code, if it is an element of a catalog.
    pub(super) code: Option<String>,
}

/// The units of a duration with their seconds, the largest first.
const UNITS: &[(&str, i64)] =
    &[("WEEK", 604_800), ("DAY", 86_400), ("HOUR", 3_600), ("MINUTE", 60), ("SECOND", 1)];

impl WireFormat {
    /// The forms that the options select; fails if their time zone does not exist.
    pub(super) fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let known = Zone::find(&options.zone).ok();
        let zone = known.and_then(|zone| TimeZone::get(zone.name()).ok());
        match zone {
            Some(zone) => Ok(Self { options, zone }),
            None => Err(SandboxError::UnknownZone(options.zone)),
        }
    }

    /// Formats an instant for a response.
    pub(super) fn format_instant(&self, second: i64) -> String {
        let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
        format_label(self.zone.to_datetime(instant))
    }

    /// Parses an instant in the form of responses.
    pub(super) fn parse_instant(&self, text: &str) -> Option<i64> {
        let written = parse_label(text, '.')?;
        let zoned = self.zone.to_ambiguous_timestamp(written).compatible().ok()?;
        Some(zoned.as_second())
    }

    /// Formats a stored date for a response.
    pub(super) fn format_local_date(&self, stored: &str) -> String {
        let length = if self.options.day_only { 10 } else { stored.len() };
        stored.chars().take(length).collect()
    }

    /// Parses a written date into its stored form; `None` if it is not in the form that the options select.
    pub(super) fn parse_local_date(&self, text: &str) -> Option<String> {
        let separator = match self.options.date_writes {
            DateWrites::Dots => '.',
            DateWrites::Dashes => '-',
        };
        let written = match self.options.day_only {
            true if text.len() == 10 => parse_label(&format!("{text} 00:00:00"), separator)?,
            true => return None,
            false => parse_label(text, separator)?,
        };
        Some(format_label(written))
    }

    /// Formats a stored duration for a response.
    pub(super) fn format_duration(&self, stored: &Value) -> Value {
        let length = stored["length"].as_i64().unwrap_or_default();
        let unit = stored["interval"].as_str().unwrap_or_default();
        let scale = UNITS.iter().find(|(name, _)| *name == unit);
        let seconds = length * scale.map_or(1, |(_, seconds)| *seconds);
        match self.options.interval {
            IntervalEncoding::Object => stored.clone(),
            IntervalEncoding::Milliseconds => json!(seconds * 1000),
            IntervalEncoding::Seconds => json!(seconds),
            IntervalEncoding::Text => json!(format!("{length} {unit}")),
        }
    }

    /// Parses a written duration into its stored form; `None` if it is not in the form that the options select.
    pub(super) fn parse_duration(&self, written: &Value) -> Option<Value> {
        let (length, unit) = match self.options.interval {
            IntervalEncoding::Object => {
                let parts = written.as_object().filter(|parts| parts.len() == 2)?;
                let unit = parts.get("interval")?.as_str()?.to_owned();
                (parts.get("length")?.as_i64()?, unit)
            }
            IntervalEncoding::Milliseconds => {
                in_largest_unit(written.as_i64().filter(|ms| ms % 1000 == 0)? / 1000)
            }
            IntervalEncoding::Seconds => in_largest_unit(written.as_i64()?),
            IntervalEncoding::Text => {
                let (length, unit) = written.as_str()?.split_once(' ')?;
                (length.parse().ok()?, unit.to_owned())
            }
        };
        let known = UNITS.iter().any(|(name, _)| *name == unit);
        let stored = json!({ "length": length, "interval": unit });
        (known && (0..=10_000_000).contains(&length)).then_some(stored)
    }
}

impl ObjectReference {
    /// Formats the reference for a response.
    pub(super) fn to_json(&self) -> Value {
        let mut reference = json!({
            "UUID": self.uuid,
            "title": self.title,
            "metaClass": self.meta_class,
        });
        if ObjectClass::named(&self.meta_class).is_some_and(ObjectClass::is_catalog) {
            reference["code"] = json!(self.code);
        }
        reference
    }
}

/// Expresses seconds in the largest unit that divides them.
fn in_largest_unit(seconds: i64) -> (i64, String) {
    let (unit, scale) =
        UNITS.iter().find(|(_, scale)| seconds != 0 && seconds % scale == 0).unwrap_or(&("SECOND", 1));
    (seconds / scale, (*unit).to_owned())
}

fn format_label(written: DateTime) -> String {
    format!(
        "{:04}.{:02}.{:02} {:02}:{:02}:{:02}",
        written.year(),
        written.month(),
        written.day(),
        written.hour(),
        written.minute(),
        written.second()
    )
}

/// Parses `2026.02.01 00:00:00` with this separator; rejects every other spelling of the same time.
fn parse_label(text: &str, separator: char) -> Option<DateTime> {
    let format = format!("%Y{separator}%m{separator}%d %H:%M:%S");
    let parsed = DateTime::strptime(format, text).ok()?;
    (format_label(parsed).replace('.', separator.encode_utf8(&mut [0; 4])) == text).then_some(parsed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ObjectReference, WireFormat};
    use crate::sandbox::options::{DateWrites, IntervalEncoding, SandboxOptions};

    fn format(change: impl FnOnce(&mut SandboxOptions)) -> WireFormat {
        let mut options = SandboxOptions::default();
        change(&mut options);
        WireFormat::new(options).expect("the zone exists")
    }

    #[test]
    fn an_instant_is_written_in_the_server_s_zone_and_parsed_back() {
        let moscow = format(|options| options.zone = "Europe/Moscow".to_owned());
        assert_eq!(moscow.format_instant(0), "1970.01.01 03:00:00");
        assert_eq!(moscow.parse_instant("1970.01.01 03:00:00"), Some(0));
        assert_eq!(format(|_| ()).format_instant(0), "1970.01.01 00:00:00");
    }

    #[test]
    fn a_zone_that_does_not_exist_is_refused() {
        let options = SandboxOptions { zone: "Europe/Petrograd".to_owned(), ..SandboxOptions::default() };
        assert!(WireFormat::new(options).is_err());
    }

    #[test]
    fn a_date_is_accepted_only_in_the_selected_form() {
        let dots = format(|_| ());
        assert_eq!(dots.parse_local_date("2026.02.01 00:00:00").as_deref(), Some("2026.02.01 00:00:00"));
        for wrong in [
            "2026-02-01 00:00:00",
            "2026.02.01",
            "2026.2.1 00:00:00",
            "2026.02.30 00:00:00",
            "2026.02.01T00:00:00",
            "2026.02.01 00:00:00 ",
        ] {
            assert_eq!(dots.parse_local_date(wrong), None, "{wrong}");
        }
        let dashes = format(|options| options.date_writes = DateWrites::Dashes);
        assert_eq!(dashes.parse_local_date("2026-02-01 12:00:00").as_deref(), Some("2026.02.01 12:00:00"));
        assert_eq!(dashes.parse_local_date("2026.02.01 12:00:00"), None);
    }

    #[test]
    fn with_day_only_a_date_is_written_and_parsed_without_its_time() {
        let days = format(|options| options.day_only = true);
        let stored = days.parse_local_date("2026.02.01").expect("a day");
        assert_eq!(stored, "2026.02.01 00:00:00");
        assert_eq!(days.format_local_date(&stored), "2026.02.01");
        assert_eq!(days.parse_local_date("2026.02.01 00:00:00"), None);
    }

    #[test]
    fn durations_survive_every_form() {
        let eight_hours = json!({ "length": 8, "interval": "HOUR" });
        for (form, written) in [
            (IntervalEncoding::Object, eight_hours.clone()),
            (IntervalEncoding::Milliseconds, json!(28_800_000)),
            (IntervalEncoding::Seconds, json!(28_800)),
            (IntervalEncoding::Text, json!("8 HOUR")),
        ] {
            let format = format(|options| options.interval = form);
            assert_eq!(format.parse_duration(&written), Some(eight_hours.clone()));
            assert_eq!(format.format_duration(&eight_hours), written);
        }
    }

    #[test]
    fn durations_in_unknown_units_or_below_zero_are_rejected() {
        let object = format(|_| ());
        for wrong in [
            json!({ "length": 8, "interval": "MONTH" }),
            json!({ "length": -1, "interval": "HOUR" }),
            json!({ "length": 8 }),
            json!(28_800),
            json!("8 HOUR"),
        ] {
            assert_eq!(object.parse_duration(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_elements_of_a_catalog_have_a_code() {
        let reference = |class: &str| ObjectReference {
            uuid: format!("{class}$1"),
            meta_class: class.to_owned(),
            title: Some("8x5".to_owned()),
            code: Some("8x5".to_owned()),
        };
        assert_eq!(reference("servicetime").to_json()["code"], json!("8x5"));
        assert_eq!(reference("root").to_json().get("code"), None);
    }
}
