//! Days, times of day and instants, and their formats.

use super::invalid_value::InvalidValue;

/// A civil date, without a zone.
pub type Day = jiff::civil::Date;

/// An hour and minute of a day.
pub type TimeOfDay = jiff::civil::Time;

/// A point in time.
pub type Instant = jiff::Timestamp;

/// The day that a text means in another format: `01.02.2026`, `2026-2-1`, `2026/02/01`. `None` where it could mean several
/// days, as `01/02/2026`, or none.
pub fn intended_day(text: &str) -> Option<Day> {
    let mark = ['.', '-', '/'].into_iter().find(|mark| text.matches(*mark).count() == 2)?;
    let parts: Vec<&str> = text.split(mark).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = match (first.len(), last.len()) {
        (4, 1..=2) => (first, last),
        (1..=2, 4) if mark == '.' => (last, first),
        _ => return None,
    };
    let text = format!("{year}-{month:0>2}-{day:0>2}");
    if is_shaped(&text) { read_day(&text).ok() } else { None }
}

/// Whether a text has the form `0000-00-00`.
fn is_shaped(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Parses a day such as `2026-02-01`, in exactly this format.
pub fn read_day(text: &str) -> Result<Day, InvalidValue> {
    let invalid =
        |message: String| InvalidValue::new(message, "write the day as YYYY-MM-DD, such as 2026-02-01");
    if !is_shaped(text) {
        let message = format!("`{text}` is not a day");
        return Err(match intended_day(text) {
            Some(day) => InvalidValue::new(message, format!("write {day}")),
            None => invalid(message),
        });
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().unwrap_or_default();
    let (month, day) = (number(5..7), number(8..10));
    let narrow = |value: i16| i8::try_from(value).unwrap_or_default();
    Day::new(number(0..4), narrow(month), narrow(day)).map_err(|_| {
        let last = Day::new(number(0..4), narrow(month), 1).map(Day::days_in_month);
        match last {
            Ok(last) => InvalidValue::new(
                format!("the day {text} does not exist"),
                format!("write a day from 1 to {last}"),
            ),
            Err(_) => invalid(format!("the day {text} does not exist")),
        }
    })
}

/// Parses a time of day such as `09:00`, in exactly this format.
pub fn read_time_of_day(text: &str) -> Result<TimeOfDay, InvalidValue> {
    let number = |part: &str| part.parse::<i8>().ok().filter(|_| part.len() == 2);
    let read = text
        .split_once(':')
        .and_then(|(hour, minute)| TimeOfDay::new(number(hour)?, number(minute)?, 0, 0).ok());
    read.ok_or_else(|| {
        InvalidValue::new(
            format!("`{text}` is not a time of day"),
            "write hours and minutes, from 00:00 to 23:59",
        )
    })
}

/// Parses an instant in the format of RFC 3339, with its offset: `2026-09-30T18:00:00+03:00`.
pub fn read_instant(text: &str) -> Result<Instant, InvalidValue> {
    text.parse().map_err(|_| {
        InvalidValue::new(
            format!("`{text}` is not an instant"),
            "write it with its offset, such as 2026-09-30T18:00:00+03:00",
        )
    })
}
