//! Renders the results of notices and forecasts: lines for people, JSON and calendar files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::{Day, Instant, TimeOfDay, Zone};
use crate::live::digest;
use crate::notice::delivery::DeliveryReport;
use crate::notice::event::Succession;
use crate::notice::{NoticeKey, NoticeResult, Variant, scheduled_events};
use crate::status::{State, changes};

use super::encode::terminal;
use super::ics::{CalendarEvent, calendar};
use super::vocabulary;

/// One entry of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastEntry {
    /// When it happens.
    pub at: Instant,
    /// The id of the agreement.
    pub agreement: String,
    /// The title of the agreement.
    pub title: String,
    /// The event.
    pub change: ForecastChange,
}

/// An event of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForecastChange {
    /// The agreement gets this state.
    State(State),
    /// This event is announced, for this day.
    Notice(NoticeEvent, Day),
}

/// Everything that the date alone will change or announce, in chronological order.
pub fn forecast(
    agreements: &[Agreement],
    usual: TimeOfDay,
    from: Instant,
    until: Instant,
) -> Vec<ForecastEntry> {
    let succession = Succession::of(agreements);
    let mut entries = Vec::new();
    for agreement in agreements {
        let mut add = |at: Instant, change: ForecastChange| {
            if from < at && at <= until {
                let (id, title) = (agreement.id.to_string(), agreement.title.clone());
                entries.push(ForecastEntry { at, agreement: id, title, change });
            }
        };
        for (at, state) in changes(agreement) {
            add(at, ForecastChange::State(state));
        }
        for event in scheduled_events(agreement, &succession, usual, until) {
            add(event.planned, ForecastChange::Notice(event.event, event.day));
        }
    }
    entries.sort_by(|left, right| (left.at, &left.agreement).cmp(&(right.at, &right.agreement)));
    entries
}

/// A forecast for people.
pub fn forecast_text(entries: &[ForecastEntry], zone: &Zone) -> String {
    let mut text = String::new();
    let mut day = None;
    for entry in entries {
        let date = zone.day_of(entry.at);
        if day.replace(date) != Some(date) {
            writeln!(text, "{date}").expect("writing to a string cannot fail");
        }
        let time = zone.wall_time_of(entry.at).strftime("%H:%M").to_string();
        let (agreement, change) = (terminal(&entry.agreement), change_text(&entry.change));
        writeln!(text, "  {time}  {agreement}: {change}").expect("writing to a string cannot fail");
    }
    if entries.is_empty() {
        text.push_str("No changes and no notices.\n");
    }
    text
}

fn change_text(change: &ForecastChange) -> String {
    match change {
        ForecastChange::State(state) => format!("becomes {state}"),
        ForecastChange::Notice(event, day) => {
            format!("notice `{}` for {}", event.as_str(), day_or_open(*day))
        }
    }
}

fn day_or_open(day: Day) -> String {
    if day == Day::MAX { "no end date".to_owned() } else { day.to_string() }
}

/// A forecast for programs.
pub fn forecast_json(entries: &[ForecastEntry]) -> Value {
    let lines = entries.iter().map(|entry| match &entry.change {
        ForecastChange::State(state) => {
            json!({ "at": entry.at, "agreement": entry.agreement, "state": state })
        }
        ForecastChange::Notice(event, day) => {
            let (notice, day) = (event.as_str(), day.to_string());
            json!({ "at": entry.at, "agreement": entry.agreement, "notice": notice, "day": day })
        }
    });
    json!({ "format": 1, "coming": lines.collect::<Vec<_>>() })
}

/// A forecast as a calendar of all-day events.
pub fn forecast_ics(entries: &[ForecastEntry], zone: &Zone, now: Instant) -> String {
    let events = entries.iter().map(|entry| {
        let (day, change) = (zone.day_of(entry.at), change_text(&entry.change));
        CalendarEvent {
            uid: digest(&(entry.at, &entry.agreement, &change)),
            days: (day, day),
            summary: format!("{}: {change}", entry.title),
            description: entry.agreement.clone(),
        }
    });
    calendar(events, now)
}

/// The results of the notices of a run, for people. Names no recipient.
pub fn report(report: &DeliveryReport, awaiting_acknowledgement: Option<usize>) -> String {
    let mut lines = vec![summary(report)];
    lines.extend(report.sent.iter().map(|key| format!("  sent      {}", name(key))));
    for (key, why) in report.deferred.iter().chain(&report.refused) {
        lines.push(format!("  deferred  {}: {}", name(key), terminal(&vocabulary::redacted(why))));
    }
    let late = report.settled.iter().filter(|(_, result)| *result == NoticeResult::Late);
    lines.extend(late.map(|(key, _)| format!("  late      {}", name(key))));
    for key in &report.in_doubt {
        lines.push(format!("  in doubt  {}", name(key)));
        lines.push(format!(
            "            it may have been sent; once you know, run `servanda notify resolve {key} --sent` or `--resend`"
        ));
    }
    if let Some(messages) = awaiting_acknowledgement {
        lines.push(format!(
            "{messages} messages that edits made due await acknowledgement; to send them, pass `--accept-messages {messages}`"
        ));
    }
    if let Some(why) = &report.ended {
        lines.push(format!("Notices ended early: {}", terminal(why)));
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn summary(report: &DeliveryReport) -> String {
    let count = |keys: usize, word: &str| (keys > 0).then(|| format!("{keys} {word}"));
    let late = report.settled.iter().filter(|(_, result)| *result == NoticeResult::Late).count();
    let parts = [
        count(report.sent.len(), "sent"),
        count(report.deferred.len() + report.refused.len(), "deferred"),
        count(report.settled.len() - late, "superseded"),
        count(late, "late"),
        count(report.pending.len(), "left to another run"),
        count(report.in_doubt.len(), "in doubt"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "Notices: none is due.".to_owned()
    } else {
        format!("Notices: {}.", parts.join(", "))
    }
}

/// A notice for people, with the role instead of the recipient.
fn name(key: &NoticeKey) -> String {
    let role = key.recipient.split('.').next().unwrap_or_default();
    let lead = match key.variant {
        Variant::Lead(lead) => format!(" ({lead} ahead)"),
        Variant::Only | Variant::Revision(_) => String::new(),
    };
    let (event, channel) = (key.event.as_str(), key.channel.as_str());
    format!("{} {event} {}{lead} to {role} by {channel}", key.agreement, day_or_open(key.day))
}

/// The results of the notices of a run, for programs.
pub fn report_json(report: &DeliveryReport, awaiting_acknowledgement: Option<usize>) -> Value {
    let names = |keys: &[NoticeKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let reasons = |pairs: &[(NoticeKey, String)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, why)| (key.to_string(), vocabulary::redacted(why))).collect()
    };
    let settled: BTreeMap<String, NoticeResult> =
        report.settled.iter().map(|(key, result)| (key.to_string(), *result)).collect();
    json!({
        "sent": names(&report.sent),
        "in_doubt": names(&report.in_doubt),
        "pending": names(&report.pending),
        "deferred": reasons(&report.deferred),
        "refused": reasons(&report.refused),
        "settled": settled,
        "awaiting_acknowledgement": awaiting_acknowledgement,
        "ended": report.ended,
    })
}
