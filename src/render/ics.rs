//! All-day events become a calendar file (RFC 5545) that any calendar program takes in.

use crate::calendar::{Day, Instant, Zone};

/// An event of whole days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What tells it from all others, and stays the same when it is written again.
    pub(super) uid: String,
    /// The first and the last day, both counted in.
    pub(super) days: (Day, Day),
    /// What it is called.
    pub(super) summary: String,
    /// What else there is to say.
    pub(super) description: String,
}

/// The calendar of these events, written at an instant.
pub(super) fn calendar(events: impl IntoIterator<Item = Event>, written: Instant) -> String {
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
            // The end is the day after the last one.
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

/// A text value: what separates is escaped, and what cannot be seen is gone (RFC 5545 §3.3.11).
fn text(value: &str) -> String {
    let mut escaped = String::new();
    for character in value.chars().filter(|character| !super::encode::is_unseen(*character)) {
        if matches!(character, '\\' | ';' | ',') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A line of more than 75 octets goes on in the next, after a blank (RFC 5545 §3.1).
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
