//! A report as a calendar: first and last days, notice deadlines and suspensions of agreements that have not ended.

use serde_json::Value;

use crate::calendar::Day;
use crate::live::digest;
use crate::render::ics::{CalendarEvent, calendar};
use crate::report::{Follows, ReportEntry};

use super::input::ReportInput;
use super::vocabulary::{fill, words};

/// All-day events for any calendar program.
pub fn ics(input: &ReportInput<'_>) -> String {
    let words = words(input.language);
    let open = input.report.entries.iter().filter(|entry| !entry.status.state.is_over());
    let events = open.flat_map(|entry| of(input, &words, entry));
    calendar(events, input.report.at)
}

fn of(input: &ReportInput<'_>, words: &Value, entry: &ReportEntry<'_>) -> Vec<CalendarEvent> {
    let agreement = entry.agreement;
    let event = |name: &str, first: Day, last: Day| CalendarEvent {
        uid: digest(&(agreement.id.as_str(), name, first)),
        days: (first, last),
        summary: fill(words, name, &[("client", input.client(entry))]),
        description: format!("{} ({})", agreement.title, agreement.id),
    };
    let day = |name: &str, day: Option<Day>| day.map(|day| event(name, day, day));
    // An agreement that renews tacitly does not end with its period.
    let last_day = entry.last_day.filter(|_| entry.follows != Follows::Roll);
    let mut events = Vec::new();
    events.extend(day("event_begins", entry.phases.first().map(|phase| phase.from)));
    events.extend(day("event_deadline", entry.deadline));
    events.extend(day("event_ends", last_day));
    for suspension in &agreement.suspensions {
        events.push(event("event_rests", suspension.from, suspension.until.unwrap_or(suspension.from)));
    }
    events.retain(|event| event.days.1 >= entry.today);
    events
}
