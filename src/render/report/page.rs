//! The page itself: a frame with styles, a script, and data that it draws from. Without the script there is a table.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value as Part, context};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::calendar::ZONE_DATA;
use crate::render::encode;
use crate::render::locale::{code, date};
use crate::render::vocabulary::preview;
use crate::report::ReportEntry;
use crate::settings::Language;

use super::ReportInput;
use super::data::data;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("style.css"));
/// Strict, and with names of its own; the parts know each other.
const SCRIPT: &str = concat!(
    "\"use strict\";\n{\n",
    include_str!("vocabulary.js"),
    include_str!("model.js"),
    include_str!("list.js"),
    include_str!("timeline.js"),
    include_str!("tables.js"),
    include_str!("sheet.js"),
    include_str!("main.js"),
    "}\n"
);
/// How many agreements the table for readers without the script has; more would double the page for nobody.
const PLAIN_LIMIT: usize = 2_000;
/// The days ahead that the page counts ends within.
const WITHIN: [i32; 3] = [30, 60, 90];

/// What the page says in a language, by name.
pub(super) fn words(language: Language) -> Value {
    let text = match language {
        Language::Russian => include_str!("ru.json"),
        Language::English => include_str!("en.json"),
    };
    serde_json::from_str(text).expect("a test reads both")
}

/// A sentence of the words, with the values put in.
pub(super) fn say(words: &Value, name: &str, values: &[(&str, &str)]) -> String {
    let sentence = words[name].as_str().unwrap_or_default().to_owned();
    values.iter().fold(sentence, |said, (key, value)| said.replace(&format!("{{{key}}}"), value))
}

/// One page of HTML that needs nothing besides itself.
pub fn page(telling: &ReportInput<'_>) -> String {
    let words = words(telling.language);
    let report = telling.report;
    let today = date(telling.language, telling.zone.day_of(report.at));
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        fingerprint(SCRIPT),
        fingerprint(STYLE)
    );
    let number = |number: usize| number.to_string();
    let more = (report.entries.len() > PLAIN_LIMIT).then(|| {
        let (all, shown) = (number(report.entries.len()), number(PLAIN_LIMIT));
        say(&words, "no_script_more", &[("all", &all), ("n", &shown)])
    });
    let within: Vec<Part> = WITHIN
        .into_iter()
        .map(|days| context! { number => days, title => say(&words, "chip_days", &[("n", &days.to_string())]) })
        .collect();
    let made_by = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("digest", telling.files.get(..12).unwrap_or(telling.files)),
        ("zones", ZONE_DATA),
    ];
    let data = encode::script_json(&data(telling, &words).to_string()).into_owned();
    let values = context! {
        lang => code(telling.language),
        version => env!("CARGO_PKG_VERSION"),
        policy,
        more,
        within,
        as_of => say(&words, "as_of", &[("day", &today)]),
        zone => telling.zone.name(),
        made_by => say(&words, "made_by", &made_by),
        rows => plain(telling, &words),
        words => Serde(&words),
        style => Part::from_safe_string(STYLE.to_owned()),
        script => Part::from_safe_string(SCRIPT.to_owned()),
        data => Part::from_safe_string(data),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let rendered = environment.render_named_str("page.html", FRAME, values);
    rendered.expect("the frame is our own, and a test fills it")
}

/// A part of the page as its policy names it, so that nothing else is let run.
fn fingerprint(part: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(part)))
}

/// The rows of the table for readers without the script: what ends next, then what has no end, then what is over.
fn plain(telling: &ReportInput<'_>, words: &Value) -> Vec<[String; 5]> {
    let mut entries: Vec<&ReportEntry<'_>> = telling.report.entries.iter().collect();
    entries.sort_by_key(|entry| (entry.status.state.is_over(), entry.last_day.is_none(), entry.last_day));
    let row = |entry: &&ReportEntry<'_>| {
        let mut agreement = entry.agreement.id.to_string();
        if let Some(number) = &entry.agreement.number {
            write!(agreement, ", {}", preview(number)).expect("a string takes all that is written");
        }
        let state = &words["states"][entry.status.state as usize];
        let last_day = entry.last_day.map(|day| date(telling.language, day));
        [
            preview(telling.client(entry)),
            agreement,
            state.as_str().unwrap_or_default().to_owned(),
            last_day.unwrap_or_else(|| say(words, "open_ended", &[])),
            telling.manager(entry).map(preview).unwrap_or_default(),
        ]
        .map(|text| encode::terminal(&text).into_owned())
    };
    entries.iter().take(PLAIN_LIMIT).map(row).collect()
}
