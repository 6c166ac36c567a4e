//! The wire forms of the product: dates without a zone, references with title and metaClass, lengths of time.
//!
//! Turns stored values into answers and written values into stored ones, as the switches say. Knows no SQL.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use servanda::calendar::{Instant, Zone};

use super::model::Class;
use super::options::{DateWrites, IntervalForm, SandboxOptions};
use super::server::SandboxError;

/// The forms that the switches select.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// The switches.
    pub(crate) options: SandboxOptions,
    zone: TimeZone,
}

/// What a reference shows of the object that it leads to.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// Its UUID.
    pub(crate) uuid: String,
    /// Its metaClass.
    pub(crate) kind: String,
    /// Its title.
    pub(crate) title: Option<String>,
    /// Its code, where it is an element of a catalog.
    pub(crate) code: Option<String>,
}

/// The units of a length of time, with their seconds, the largest first.
const UNITS: &[(&str, i64)] =
    &[("WEEK", 604_800), ("DAY", 86_400), ("HOUR", 3_600), ("MINUTE", 60), ("SECOND", 1)];

impl Dialect {
    /// The forms for these switches; their zone must be one that exists.
    pub(crate) fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let known = Zone::find(&options.zone).ok();
        let zone = known.and_then(|zone| TimeZone::get(zone.name()).ok());
        match zone {
            Some(zone) => Ok(Self { options, zone }),
            None => Err(SandboxError::UnknownZone(options.zone)),
        }
    }

    /// An instant as it is written in answers.
    pub(crate) fn moment(&self, second: i64) -> String {
        let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
        label(self.zone.to_datetime(instant))
    }

    /// The instant that a text in the form of answers stands for.
    pub(crate) fn read_moment(&self, text: &str) -> Option<i64> {
        let written = read_label(text, '.')?;
        let zoned = self.zone.to_ambiguous_timestamp(written).compatible().ok()?;
        Some(zoned.as_second())
    }

    /// A stored date as it is written in answers.
    pub(crate) fn day(&self, stored: &str) -> String {
        let length = if self.options.day_only { 10 } else { stored.len() };
        stored.chars().take(length).collect()
    }

    /// The stored form of a written date, if it is written as the switches demand.
    pub(crate) fn read_day(&self, text: &str) -> Option<String> {
        let separator = match self.options.date_writes {
            DateWrites::Dots => '.',
            DateWrites::Dashes => '-',
        };
        let written = match self.options.day_only {
            true if text.len() == 10 => read_label(&format!("{text} 00:00:00"), separator)?,
            true => return None,
            false => read_label(text, separator)?,
        };
        Some(label(written))
    }

    /// A stored length of time as it is written in answers.
    pub(crate) fn interval(&self, stored: &Value) -> Value {
        let length = stored["length"].as_i64().unwrap_or_default();
        let unit = stored["interval"].as_str().unwrap_or_default();
        let scale = UNITS.iter().find(|(name, _)| *name == unit);
        let seconds = length * scale.map_or(1, |(_, seconds)| *seconds);
        match self.options.interval {
            IntervalForm::Object => stored.clone(),
            IntervalForm::Milliseconds => json!(seconds * 1000),
            IntervalForm::Seconds => json!(seconds),
            IntervalForm::Text => json!(format!("{length} {unit}")),
        }
    }

    /// The stored form of a written length of time, if it is written as the switches demand.
    pub(crate) fn read_interval(&self, written: &Value) -> Option<Value> {
        let (length, unit) = match self.options.interval {
            IntervalForm::Object => {
                let parts = written.as_object().filter(|parts| parts.len() == 2)?;
                let unit = parts.get("interval")?.as_str()?.to_owned();
                (parts.get("length")?.as_i64()?, unit)
            }
            IntervalForm::Milliseconds => in_units(written.as_i64().filter(|ms| ms % 1000 == 0)? / 1000),
            IntervalForm::Seconds => in_units(written.as_i64()?),
            IntervalForm::Text => {
                let (length, unit) = written.as_str()?.split_once(' ')?;
                (length.parse().ok()?, unit.to_owned())
            }
        };
        let known = UNITS.iter().any(|(name, _)| *name == unit);
        let stored = json!({ "length": length, "interval": unit });
        (known && (0..=10_000_000).contains(&length)).then_some(stored)
    }
}

impl Name {
    /// The reference as it is written in answers.
    pub(crate) fn reference(&self) -> Value {
        let mut reference = json!({
            "UUID": self.uuid,
            "title": self.title,
            "metaClass": self.kind,
        });
        if Class::named(&self.kind).is_some_and(Class::is_catalog) {
            reference["code"] = json!(self.code);
        }
        reference
    }
}

/// Seconds in the largest unit that divides them.
fn in_units(seconds: i64) -> (i64, String) {
    let (unit, scale) =
        UNITS.iter().find(|(_, scale)| seconds != 0 && seconds % scale == 0).unwrap_or(&("SECOND", 1));
    (seconds / scale, (*unit).to_owned())
}

fn label(written: DateTime) -> String {
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

/// Reads `2026.02.01 00:00:00` and nothing that only looks like it.
fn read_label(text: &str, separator: char) -> Option<DateTime> {
    let format = format!("%Y{separator}%m{separator}%d %H:%M:%S");
    let read = DateTime::strptime(format, text).ok()?;
    (label(read).replace('.', separator.encode_utf8(&mut [0; 4])) == text).then_some(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Dialect, Name};
    use crate::sandbox::options::{DateWrites, IntervalForm, SandboxOptions};

    fn dialect(change: impl FnOnce(&mut SandboxOptions)) -> Dialect {
        let mut options = SandboxOptions::default();
        change(&mut options);
        Dialect::new(options).expect("the zone exists")
    }

    #[test]
    fn an_instant_is_written_in_the_server_s_zone_and_read_back() {
        let moscow = dialect(|options| options.zone = "Europe/Moscow".to_owned());
        assert_eq!(moscow.moment(0), "1970.01.01 03:00:00");
        assert_eq!(moscow.read_moment("1970.01.01 03:00:00"), Some(0));
        assert_eq!(dialect(|_| ()).moment(0), "1970.01.01 00:00:00");
    }

    #[test]
    fn a_zone_that_does_not_exist_is_refused() {
        let options = SandboxOptions { zone: "Europe/Petrograd".to_owned(), ..SandboxOptions::default() };
        assert!(Dialect::new(options).is_err());
    }

    #[test]
    fn a_date_is_taken_only_in_the_form_that_is_spoken() {
        let dots = dialect(|_| ());
        assert_eq!(dots.read_day("2026.02.01 00:00:00").as_deref(), Some("2026.02.01 00:00:00"));
        for wrong in [
            "2026-02-01 00:00:00",
            "2026.02.01",
            "2026.2.1 00:00:00",
            "2026.02.30 00:00:00",
            "2026.02.01T00:00:00",
            "2026.02.01 00:00:00 ",
        ] {
            assert_eq!(dots.read_day(wrong), None, "{wrong}");
        }
        let dashes = dialect(|options| options.date_writes = DateWrites::Dashes);
        assert_eq!(dashes.read_day("2026-02-01 12:00:00").as_deref(), Some("2026.02.01 12:00:00"));
        assert_eq!(dashes.read_day("2026.02.01 12:00:00"), None);
    }

    #[test]
    fn a_day_alone_is_written_and_read_without_its_time() {
        let days = dialect(|options| options.day_only = true);
        let stored = days.read_day("2026.02.01").expect("a day");
        assert_eq!(stored, "2026.02.01 00:00:00");
        assert_eq!(days.day(&stored), "2026.02.01");
        assert_eq!(days.read_day("2026.02.01 00:00:00"), None);
    }

    #[test]
    fn lengths_of_time_survive_every_form() {
        let eight_hours = json!({ "length": 8, "interval": "HOUR" });
        for (form, written) in [
            (IntervalForm::Object, eight_hours.clone()),
            (IntervalForm::Milliseconds, json!(28_800_000)),
            (IntervalForm::Seconds, json!(28_800)),
            (IntervalForm::Text, json!("8 HOUR")),
        ] {
            let dialect = dialect(|options| options.interval = form);
            assert_eq!(dialect.read_interval(&written), Some(eight_hours.clone()));
            assert_eq!(dialect.interval(&eight_hours), written);
        }
    }

    #[test]
    fn lengths_of_time_in_unknown_units_or_below_nought_are_not_taken() {
        let object = dialect(|_| ());
        for wrong in [
            json!({ "length": 8, "interval": "MONTH" }),
            json!({ "length": -1, "interval": "HOUR" }),
            json!({ "length": 8 }),
            json!(28_800),
            json!("8 HOUR"),
        ] {
            assert_eq!(object.read_interval(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_elements_of_a_catalog_show_a_code() {
        let name = |kind: &str| Name {
            uuid: format!("{kind}$1"),
            kind: kind.to_owned(),
            title: Some("8x5".to_owned()),
            code: Some("8x5".to_owned()),
        };
        assert_eq!(name("servicetime").reference()["code"], json!("8x5"));
        assert_eq!(name("root").reference().get("code"), None);
    }
}
