//! Writes all-day events as a calendar file (RFC 5545).

use crate::calendar::{Day, Instant, Zone};

/// An all-day event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CalendarEvent {
    /// The unique id, which stays the same when the file is written again.
    pub(super) uid: String,
    /// The first and the last day, both included.
    pub(super) days: (Day, Day),
    /// The title.
    pub(super) summary: String,
    /// The description.
    pub(super) description: String,
}

/// A calendar of these events, with the instant of writing.
pub(super) fn calendar(events: impl IntoIterator<Item = CalendarEvent>, written: Instant) -> String {
    let mut lines =
        vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned(), "PRODID:-//Servanda//EN".to_owned()];
    let stamp = Zone::UTC.wall_time_of(written).strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = |day: Day| day.strftime("%Y%m%d").to_string();
    for event in events {
        let (first, last) = event.days;
        lines.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@servanda", event.uid),
            format!("DTSTAMP:{stamp}"),
            format!("DTSTART;VALUE=DATE:{}", date(first)),
            // DTEND is exclusive.
            format!("DTEND;VALUE=DATE:{}", date(last.tomorrow().unwrap_or(last))),
            format!("SUMMARY:{}", text(&event.summary)),
            format!("DESCRIPTION:{}", text(&event.description)),
            "TRANSP:TRANSPARENT".to_owned(),
            "END:VEVENT".to_owned(),
        ]);
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().fold(String::new(), |all, line| all + &folded(line) + "\r\n")
}

/// A text value, with separators escaped and invisible characters removed (RFC 5545 §3.3.11).
fn text(value: &str) -> String {
    let mut escaped = String::new();
    for character in
        super::encode::folded_text(value).chars().filter(|character| !super::encode::is_unseen(*character))
    {
        if matches!(character, '\\' | ';' | ',') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Folds a line after 75 octets (RFC 5545 §3.1).
fn folded(line: &str) -> String {
    let (mut folded, mut octets) = (String::new(), 0);
    for character in line.chars() {
        if octets + character.len_utf8() > 75 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        octets += character.len_utf8();
        folded.push(character);
    }
    folded
}
