//! A report as CSV, a line for each agreement, without cells that a spreadsheet could interpret as formulas.

use crate::calendar::Day;
use crate::render::encode::csv_lines;
use crate::report::Follows;
use crate::settings::Language;

use super::input::ReportInput;

/// The names of the columns, which are stable.
const COLUMNS: [&str; 23] = [
    "agreement",
    "title",
    "number",
    "client",
    "client_title",
    "manager",
    "state",
    "since",
    "first_day",
    "last_day",
    "final_last_day",
    "days_left",
    "period",
    "notice_deadline",
    "renews",
    "follows",
    "gap_days",
    "services",
    "zone",
    "renewal",
    "labels",
    "file",
    "helpdesk",
];

/// A line for each agreement, in the order of ids. Russian spreadsheets expect semicolons.
pub fn csv(input: &ReportInput<'_>) -> String {
    let separator = match input.language {
        Language::Russian => ";",
        Language::English => ",",
    };
    let entries = &input.report.entries;
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    let mut lines = vec![COLUMNS.map(str::to_owned).to_vec()];
    for entry in entries {
        let agreement = entry.agreement;
        let (follows, gap) = match entry.follows {
            Follows::Nothing => ("nothing".to_owned(), None),
            Follows::NoEnd => ("no_end".to_owned(), None),
            Follows::NotBegun => ("not_begun".to_owned(), None),
            Follows::Roll => ("next_period".to_owned(), None),
            Follows::Successor { entry, gap } => (entries[entry].agreement.id.to_string(), gap),
        };
        let labels = agreement.labels.iter().map(|(name, text)| format!("{name}={text}"));
        let labels: Vec<String> = labels.collect();
        let renewal = input.facts_of(entry).map_or("", |facts| facts.renewal.as_str());
        let services: Vec<&str> = agreement.services.keys().map(|service| service.as_str()).collect();
        lines.push(vec![
            agreement.id.to_string(),
            agreement.title.clone(),
            agreement.number.clone().unwrap_or_default(),
            agreement.client.to_string(),
            input.client(entry).to_owned(),
            input.manager(entry).unwrap_or_default().to_owned(),
            entry.status.state.to_string(),
            day(entry.status.since.map(|since| agreement.zone.day_of(since))),
            day(entry.stretch.first_day),
            day(entry.stretch.last_day),
            day(entry.last_day),
            entry.days_left().map_or_else(String::new, |days| days.to_string()),
            entry.stretch.number.to_string(),
            day(entry.deadline),
            agreement.renews.as_ref().map_or_else(String::new, ToString::to_string),
            follows,
            gap.map_or_else(String::new, |days| days.to_string()),
            services.join(" "),
            agreement.zone.name().to_owned(),
            renewal.to_owned(),
            labels.join("; "),
            input.path_of(entry).to_owned(),
            agreement.helpdesk.as_ref().map_or_else(String::new, ToString::to_string),
        ]);
    }
    csv_lines(&lines, separator)
}
