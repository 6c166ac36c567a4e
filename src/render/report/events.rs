//! A report as a calendar: first and last days, notice deadlines and suspensions of agreements that have not ended.

use serde_json::Value;

use crate::calendar::Day;
use crate::render::ics::{CalendarEvent, calendar};
use crate::report::ReportEntry;
use crate::status::State;

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
        uid: uid(agreement.id.as_str(), name, first),
        days: (first, last),
        summary: fill(words, name, &[("client", input.client(entry))]),
        description: format!("{} ({})", agreement.title, agreement.id),
    };
    let day = |name: &str, day: Option<Day>| day.map(|day| event(name, day, day));
    let mut events = Vec::new();
    events.extend(day("event_begins", entry.phases.first().map(|phase| phase.from)));
    events.extend(day("event_deadline", entry.deadline));
    // Tacit renewals come before the last day of all.
    events.extend(day("event_ends", entry.last_day));
    // A suspension ends with the agreement; one without an end is drawn until today, and longer in the next file.
    let suspended = entry.phases.iter().filter(|phase| phase.state == State::Suspended);
    events.extend(suspended.map(|phase| {
        event("event_rests", phase.from, phase.until.unwrap_or_else(|| phase.from.max(entry.today)))
    }));
    events.retain(|event| event.days.1 >= entry.today);
    events
}

/// The id of an event, which the script of the page makes alike. A slash separates the entries of sets.
fn uid(id: &str, name: &str, first: Day) -> String {
    format!("{}.{}.{first}", id.replace('/', "~"), name.trim_start_matches("event_"))
}
