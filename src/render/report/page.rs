//! The HTML page: a frame with styles, a script and its data, and a table for readers without scripts.

use std::fmt::Write as _;

use minijinja::value::Serde;
use minijinja::{Value as Part, context};
use serde_json::Value;

use crate::calendar::ZONE_DATA;
use crate::render::encode;
use crate::render::locale::date;
use crate::report::{Follows, ReportEntry};

use super::data::data;
use super::frame::filled;
use super::input::ReportInput;
use super::policy::policy;
use super::vocabulary::{fill, whole, words};

const FRAME: &str = include_str!("page.html");
const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("style.css"));
/// The script, in strict mode and in a block of its own, because its parts use each other.
const SCRIPT: &str = concat!(
    "\"use strict\";\n{\n",
    include_str!("vocabulary.js"),
    include_str!("model.js"),
    include_str!("list.js"),
    include_str!("timeline.js"),
    include_str!("tables.js"),
    include_str!("sheet.js"),
    include_str!("export.js"),
    include_str!("link.js"),
    include_str!("main.js"),
    "}\n"
);
/// The most agreements in the table for readers without scripts; more would double the size of the page.
const PLAIN_LIMIT: usize = 2_000;
/// The most agreements that are named as left out.
const NAMED_LIMIT: usize = 20;
/// The numbers of days within which the page counts ends.
const WITHIN: [i32; 3] = [30, 60, 90];

/// A report as a self-contained HTML page.
pub fn page(input: &ReportInput<'_>) -> String {
    let words = words(input.language);
    let report = input.report;
    let today = date(input.language, input.zone.day_of(report.at));
    let policy = page_policy(input.served.is_some());
    let stale = input.served.and_then(|served| served.rejected).map(|(since, why)| {
        let since = date(input.language, input.zone.day_of(since));
        fill(&words, "stale", &[("since", &since), ("why", &whole(why))])
    });
    let number = |number: usize| number.to_string();
    let left_out = (!input.left_out.is_empty()).then(|| {
        let ids = input.left_out.iter().take(NAMED_LIMIT).map(|id| encode::visible(id)).collect::<Vec<_>>();
        let more = if input.left_out.len() > NAMED_LIMIT { ", …" } else { "" };
        let ids = format!("{}{more}", ids.join(", "));
        fill(&words, "left_out", &[("n", &number(input.left_out.len())), ("ids", &ids)])
    });
    let more = (report.entries.len() > PLAIN_LIMIT).then(|| {
        let (all, shown) = (number(report.entries.len()), number(PLAIN_LIMIT));
        fill(&words, "no_script_more", &[("all", &all), ("n", &shown)])
    });
    let within: Vec<Part> = WITHIN
        .into_iter()
        .map(|days| context! { number => days, title => fill(&words, "chip_days", &[("n", &days.to_string())]) })
        .collect();
    let made_by = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("digest", input.files.get(..12).unwrap_or(input.files)),
        ("zones", ZONE_DATA),
    ];
    let data = encode::script_json(&data(input, &words)).into_owned();
    let values = context! {
        lang => input.language.as_str(),
        version => env!("CARGO_PKG_VERSION"),
        policy,
        more,
        left_out,
        stale,
        has_plan => input.served.is_some_and(|served| served.has_plan),
        within,
        as_of => fill(&words, "as_of", &[("day", &today)]),
        zone => input.zone.name(),
        made_by => fill(&words, "made_by", &made_by),
        rows => plain(input, &words),
        words => Serde(&words),
        style => Part::from_safe_string(STYLE.to_owned()),
        script => Part::from_safe_string(SCRIPT.to_owned()),
        data => Part::from_safe_string(data),
    };
    filled(FRAME, values)
}

/// The content security policy of the page.
pub fn page_policy(is_served: bool) -> String {
    policy(STYLE, Some(SCRIPT), is_served)
}

/// The rows of the table without scripts: agreements by last day, then open-ended ones, then ended ones.
fn plain(input: &ReportInput<'_>, words: &Value) -> Vec<[String; 5]> {
    let mut entries: Vec<&ReportEntry<'_>> = input.report.entries.iter().collect();
    entries.sort_by_key(|entry| (entry.status.state.is_over(), entry.last_day.is_none(), entry.last_day));
    let row = |entry: &&ReportEntry<'_>| {
        let mut agreement = entry.agreement.id.to_string();
        if let Some(number) = &entry.agreement.number {
            write!(agreement, ", {}", whole(number)).expect("a string takes all that is written");
        }
        if let Some(helpdesk) = &entry.agreement.helpdesk {
            write!(agreement, ", {helpdesk}").expect("a string takes all that is written");
        }
        let state = &words["states"][entry.status.state as usize];
        let last_day = entry.last_day.map(|day| date(input.language, day));
        [
            whole(input.client(entry)),
            agreement,
            state.as_str().unwrap_or_default().to_owned(),
            last_day.unwrap_or_else(|| {
                fill(words, if entry.follows == Follows::NotBegun { "by_hand" } else { "open_ended" }, &[])
            }),
            input.manager(entry).map(whole).unwrap_or_default(),
        ]
    };
    entries.iter().take(PLAIN_LIMIT).map(row).collect()
}
