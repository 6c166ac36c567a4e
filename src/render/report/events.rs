//! A report as a calendar: first and last days, days to give notice, and rests, of what is not over.

use serde_json::Value;

use crate::calendar::Day;
use crate::live::digest;
use crate::render::ics::{CalendarEvent, calendar};
use crate::report::{Follows, ReportEntry};

use super::ReportInput;
use super::page::{say, words};

/// All-day events for any calendar program.
pub fn ics(telling: &ReportInput<'_>) -> String {
    let words = words(telling.language);
    let open = telling.report.entries.iter().filter(|entry| !entry.status.state.is_over());
    let events = open.flat_map(|entry| of(telling, &words, entry));
    calendar(events, telling.report.at)
}

fn of(telling: &ReportInput<'_>, words: &Value, entry: &ReportEntry<'_>) -> Vec<CalendarEvent> {
    let agreement = entry.agreement;
    let event = |name: &str, first: Day, last: Day| CalendarEvent {
        uid: digest(&(agreement.id.as_str(), name, first)),
        days: (first, last),
        summary: say(words, name, &[("client", telling.client(entry))]),
        description: format!("{} ({})", agreement.title, agreement.id),
    };
    let day = |name: &str, day: Option<Day>| day.map(|day| event(name, day, day));
    // What renews by itself does not end with its period.
    let last_day = entry.last_day.filter(|_| entry.follows != Follows::Roll);
    let mut events = Vec::new();
    events.extend(day("event_begins", entry.phases.first().map(|phase| phase.from)));
    events.extend(day("event_deadline", entry.deadline));
    events.extend(day("event_ends", last_day));
    for rest in &agreement.suspensions {
        events.push(event("event_rests", rest.from, rest.until.unwrap_or(rest.from)));
    }
    events.retain(|event| event.days.1 >= entry.today);
    events
}
