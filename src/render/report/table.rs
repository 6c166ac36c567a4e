//! A report as CSV, one line an agreement, which no spreadsheet takes for anything but text.

use crate::calendar::Day;
use crate::render::encode::cell;
use crate::report::Follows;
use crate::settings::Language;

use super::ReportInput;

/// The columns, by names that stay.
const COLUMNS: [&str; 19] = [
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
];

/// A line for each agreement, in the order of ids. Spreadsheets in Russian part cells by a semicolon.
pub fn csv(telling: &ReportInput<'_>) -> String {
    let separator = match telling.language {
        Language::Russian => ";",
        Language::English => ",",
    };
    let entries = &telling.report.entries;
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    let mut lines = vec![COLUMNS.map(str::to_owned).to_vec()];
    for entry in entries {
        let agreement = entry.agreement;
        let (follows, gap) = match entry.follows {
            Follows::Nothing => ("nothing".to_owned(), None),
            Follows::NoEnd => ("no_end".to_owned(), None),
            Follows::Roll => ("next_period".to_owned(), None),
            Follows::Successor { entry, gap } => (entries[entry].agreement.id.to_string(), gap),
        };
        let services: Vec<&str> = agreement.services.keys().map(|service| service.as_str()).collect();
        lines.push(vec![
            agreement.id.to_string(),
            agreement.title.clone(),
            agreement.number.clone().unwrap_or_default(),
            agreement.client.to_string(),
            telling.client(entry).to_owned(),
            telling.manager(entry).unwrap_or_default().to_owned(),
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
        ]);
    }
    // The mark at the beginning tells spreadsheets that this is UTF-8.
    lines.iter().fold("\u{feff}".to_owned(), |text, line| {
        let cells: Vec<String> = line.iter().map(|text| cell(text)).collect();
        text + &cells.join(separator) + "\r\n"
    })
}
