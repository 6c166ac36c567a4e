//! What became of notices, and what comes: lines for people, and the JSON of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::agreement::Agreement;
use crate::calendar::{Day, Instant, TimeOfDay, Zone};
use crate::notice::delivery::Report;
use crate::notice::event::Kin;
use crate::notice::{How, Key, Mark, occasions};
use crate::status::{State, changes};

use super::encode::terminal;
use super::{ics, vocabulary};

/// One line of a forecast: a change of state, or something that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// When.
    pub at: Instant,
    /// The agreement.
    pub agreement: String,
    /// The title.
    pub title: String,
    /// The new state, or what is told.
    pub what: What,
}

/// What is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The state changes to this.
    State(State),
    /// This event is told, for this day.
    Notice(&'static str, Day),
}

/// Everything that comes of agreements by date alone, in the order of time.
pub fn coming(agreements: &[Agreement], usual: TimeOfDay, from: Instant, until: Instant) -> Vec<Coming> {
    let kin = Kin::of(agreements);
    let mut coming = Vec::new();
    for agreement in agreements {
        let mut add = |at: Instant, what: What| {
            if from < at && at <= until {
                let (id, title) = (agreement.id.to_string(), agreement.title.clone());
                coming.push(Coming { at, agreement: id, title, what });
            }
        };
        for (at, state) in changes(agreement) {
            add(at, What::State(state));
        }
        for occasion in occasions(agreement, &kin, usual, until) {
            add(occasion.planned, What::Notice(occasion.event.as_str(), occasion.day));
        }
    }
    coming.sort_by(|left, right| (left.at, &left.agreement).cmp(&(right.at, &right.agreement)));
    coming
}

/// A forecast for people.
pub fn forecast(coming: &[Coming], zone: &Zone) -> String {
    let mut text = String::new();
    let mut day = None;
    for line in coming {
        let date = zone.day_of(line.at);
        if day.replace(date) != Some(date) {
            writeln!(text, "{date}").expect("a string takes all that is written");
        }
        let time = zone.wall_time_of(line.at).strftime("%H:%M").to_string();
        let (agreement, what) = (terminal(&line.agreement), words_of(&line.what));
        writeln!(text, "  {time}  {agreement}: {what}").expect("a string takes all that is written");
    }
    if coming.is_empty() {
        text.push_str("Nothing changes and nothing is told.\n");
    }
    text
}

fn words_of(what: &What) -> String {
    match what {
        What::State(state) => format!("becomes {state}"),
        What::Notice(event, day) => format!("tells `{event}` of {}", day_or_never(*day)),
    }
}

fn day_or_never(day: Day) -> String {
    if day == Day::MAX { "no end".to_owned() } else { day.to_string() }
}

/// A forecast for programs.
pub fn forecast_json(coming: &[Coming]) -> Value {
    let lines = coming.iter().map(|line| match &line.what {
        What::State(state) => json!({ "at": line.at, "agreement": line.agreement, "state": state }),
        What::Notice(event, day) => {
            json!({ "at": line.at, "agreement": line.agreement, "notice": event, "day": day.to_string() })
        }
    });
    json!({ "format": 1, "coming": lines.collect::<Vec<_>>() })
}

/// A forecast as a calendar of all-day events.
pub fn forecast_ics(coming: &[Coming], zone: &Zone, now: Instant) -> String {
    let events = coming.iter().map(|line| {
        let (day, what) = (zone.day_of(line.at), words_of(&line.what));
        ics::Event {
            uid: crate::live::digest(&(line.at, &line.agreement, &what)),
            days: (day, day),
            summary: format!("{}: {what}", line.title),
            description: line.agreement.clone(),
        }
    });
    ics::calendar(events, now)
}

/// What became of the notices of a run, for people. Nobody is named in it.
pub fn report(report: &Report, braked: Option<usize>) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let count = |keys: usize, word: &str| (keys > 0).then(|| format!("{keys} {word}"));
    let superseded = report.settled.iter().filter(|(_, how)| *how == How::Superseded).count();
    let late = report.settled.len() - superseded;
    let parts = [
        count(report.sent.len(), "sent"),
        count(report.waiting.len() + report.refused.len(), "waiting"),
        count(superseded, "superseded"),
        count(late, "too late"),
        count(report.elsewhere.len(), "left to another run"),
        count(report.held.len(), "held"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    say(if parts.is_empty() {
        "Notices: none is due.".to_owned()
    } else {
        format!("Notices: {}.", parts.join(", "))
    });
    report.sent.iter().for_each(|key| say(format!("  sent      {}", name(key))));
    for (key, why) in report.waiting.iter().chain(&report.refused) {
        say(format!("  waits     {}: {}", name(key), terminal(&vocabulary::redacted(why))));
    }
    for (key, how) in &report.settled {
        if *how == How::Late {
            say(format!("  too late  {}", name(key)));
        }
    }
    for key in &report.held {
        say(format!("  held      {}", name(key)));
        say(format!(
            "            nobody knows whether it went out; settle it with `servanda notify resolve {key} --sent` or `--resend`"
        ));
    }
    if let Some(messages) = braked {
        say(format!(
            "{messages} messages wait that no date made due; let them go with `--accept-messages {messages}`"
        ));
    }
    if let Some(why) = &report.ended {
        say(format!("Notices ended early: {}", terminal(why)));
    }
    text
}

/// A notice in words that name nobody.
fn name(key: &Key) -> String {
    let role = key.recipient.split('.').next().unwrap_or_default();
    let lead = match key.mark {
        Mark::Lead(lead) => format!(" ({lead} ahead)"),
        Mark::Only | Mark::Revision(_) => String::new(),
    };
    format!(
        "{} {} {}{lead} to {role} by {}",
        key.agreement,
        key.event.as_str(),
        day_or_never(key.day),
        key.channel.as_str()
    )
}

/// What became of the notices of a run, for programs.
pub fn report_json(report: &Report, braked: Option<usize>) -> Value {
    let names = |keys: &[Key]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let reasons = |pairs: &[(Key, String)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, why)| (key.to_string(), vocabulary::redacted(why))).collect()
    };
    let settled: BTreeMap<String, How> =
        report.settled.iter().map(|(key, how)| (key.to_string(), *how)).collect();
    json!({
        "sent": names(&report.sent),
        "held": names(&report.held),
        "elsewhere": names(&report.elsewhere),
        "waiting": reasons(&report.waiting),
        "refused": reasons(&report.refused),
        "settled": settled,
        "braked": braked,
        "ended": report.ended,
    })
}
