//! Pages of the embedded helpdesk: for the operator, who sees all agreements with their history, and for a client, who
//! sees what may be asked for. Values of the helpdesk become HTML that runs no script at all.
//!
//! Knows no database and no HTTP; whoever serves the pages sends [`policy`] along.

mod vocabulary;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value as Part, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::calendar::{Day, Instant, Zone};
use crate::settings::Language;

use super::encode;
use super::locale::{code, date};

use self::vocabulary::{attribute, plural, value, words};

const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("style.css"));
const PAGES: [(&str, &str); 6] = [
    ("frame.html", include_str!("frame.html")),
    ("agreements.html", include_str!("agreements.html")),
    ("agreement.html", include_str!("agreement.html")),
    ("clients.html", include_str!("clients.html")),
    ("portal.html", include_str!("portal.html")),
    ("refused.html", include_str!("refused.html")),
];

/// How pages are told: in which language, and by which clock.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The language.
    pub language: Language,
    /// The zone of the moments shown.
    pub zone: Zone,
}

/// One page of the operator's list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Agreements {
    /// The agreements of this page.
    pub rows: Vec<Line>,
    /// How many are in each state, with its code, among those that the text finds.
    pub states: Vec<(String, usize)>,
    /// How many were found in all.
    pub found: usize,
    /// The text that was looked for.
    pub text: String,
    /// The state that was asked for.
    pub state: Option<String>,
    /// Which page this is, from 1.
    pub page: usize,
    /// How many there are.
    pub pages: usize,
}

/// One agreement in the operator's list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    /// Its UUID.
    pub uuid: String,
    /// Its title.
    pub title: String,
    /// The mark of ownership that it bears.
    pub mark: Option<String>,
    /// The code of its state.
    pub state: String,
    /// Whether it is in the archive.
    pub removed: bool,
    /// Its first day, as stored.
    pub first_day: Option<String>,
    /// Its last day, as stored.
    pub last_day: Option<String>,
    /// The titles of its recipients.
    pub recipients: Vec<String>,
    /// When it was last changed, in seconds since 1970, and by whom where history tells.
    pub changed: (i64, Option<String>),
}

/// Everything about one agreement.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sheet {
    /// The agreement.
    pub line: Line,
    /// Its attributes by code, as stored: texts, references by title, sets of titles.
    pub facts: Vec<(String, serde_json::Value)>,
    /// What its services are promised.
    pub rules: Vec<Rule>,
    /// What was done to it and to its rules, the newest first.
    pub history: Vec<Event>,
}

/// A promise for a service and a priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The title of the service; `None` where it is for all.
    pub service: Option<String>,
    /// The title of the priority.
    pub priority: Option<String>,
    /// The title of its hours.
    pub hours: Option<String>,
    /// Until somebody answers, as the helpdesk writes it.
    pub response: serde_json::Value,
    /// Until it is solved.
    pub resolution: serde_json::Value,
}

/// Something that was done.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Event {
    /// When, in seconds since 1970.
    pub at: i64,
    /// By whom.
    pub who: String,
    /// The title of the rule that it was done to; `None` for the agreement itself.
    pub rule: Option<String>,
    /// The code of the attribute; `None` for a creation.
    pub attribute: Option<String>,
    /// The value before.
    pub before: serde_json::Value,
    /// The value after.
    pub after: serde_json::Value,
}

/// A client to choose.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Client {
    /// The UUID.
    pub uuid: String,
    /// The title.
    pub title: String,
    /// How many services may be asked for now.
    pub offered: u32,
    /// Its departments.
    pub departments: Vec<Client>,
}

/// What a client sees.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Portal {
    /// The client.
    pub client: Client,
    /// What may be asked for.
    pub offers: Vec<Offer>,
    /// In whose name it may be asked for, besides the client's own: UUID and title.
    pub people: Vec<(String, String)>,
    /// What was asked for, the newest first.
    pub requests: Vec<Asked>,
    /// What a form has to bring along to be taken.
    pub token: String,
    /// The number of the request that was made just now.
    pub made: Option<String>,
}

/// A service of an active agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The UUID of the service.
    pub service: String,
    /// Its title.
    pub title: String,
    /// The UUID of the agreement.
    pub agreement: String,
    /// Its title.
    pub under: String,
    /// Its last day, as stored.
    pub last_day: Option<String>,
}

/// A request that was made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    /// Its number.
    pub number: i64,
    /// What it is about.
    pub subject: String,
    /// The title of the service.
    pub service: String,
    /// The code of its state.
    pub state: String,
    /// When it was made, in seconds since 1970.
    pub at: i64,
}

/// A request that was not taken.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Refused {
    /// The helpdesk's own words.
    pub reason: String,
    /// The page to go back to.
    pub back: String,
}

/// The operator's list.
pub fn agreements(manner: &Manner, value: &Agreements) -> String {
    render(manner, "agreements.html", value)
}

/// The page of one agreement.
pub fn agreement(manner: &Manner, value: &Sheet) -> String {
    render(manner, "agreement.html", value)
}

/// The clients to choose from.
pub fn clients(manner: &Manner, value: &[Client]) -> String {
    render(manner, "clients.html", value)
}

/// A client's portal.
pub fn portal(manner: &Manner, value: &Portal) -> String {
    render(manner, "portal.html", value)
}

/// Why something was not done.
pub fn refused(manner: &Manner, value: &Refused) -> String {
    render(manner, "refused.html", value)
}

/// What a browser shall let these pages do: nothing but wear their style and send forms back.
pub fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn render<T: Serialize + ?Sized>(manner: &Manner, page: &str, value: &T) -> String {
    let environment = environment(manner);
    let values = context! {
        lang => code(manner.language),
        words => Serde(words(manner.language)),
        style => Part::from_safe_string(STYLE.to_owned()),
        page => Serde(value),
    };
    let template = environment.get_template(page);
    let rendered = template.and_then(|template| template.render(values));
    rendered.expect("the pages are our own, and a test fills each of them")
}

fn environment(manner: &Manner) -> Environment<'static> {
    let language = manner.language;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, text) in PAGES {
        environment.add_template(name, text).expect("the pages are our own, and a test reads each of them");
    }
    environment.add_filter("urlencode", |text: String| encode::address(&text));
    environment.add_filter("seen", |text: String| encode::terminal(&text).into_owned());
    environment.add_filter("day", move |stored: Option<String>| stored.map(|stored| day(language, &stored)));
    let zone = manner.zone.clone();
    environment.add_filter("moment", move |second: i64| moment(language, &zone, second));
    environment.add_filter("attribute", move |code: String| attribute(language, &code));
    environment.add_filter("value", move |stored: Part| value(language, &stored));
    environment.add_filter("count", move |number: i64, noun: String| plural(language, number, &noun));
    environment
}

/// A stored day as people write it; whatever else stands there stays as it is.
fn day(language: Language, stored: &str) -> String {
    let label = stored.get(..10).map(|label| label.replace('.', "-"));
    let day = label.and_then(|label| label.parse::<Day>().ok());
    day.map_or_else(|| encode::terminal(stored).into_owned(), |day| date(language, day))
}

/// A moment by the clock of a zone.
fn moment(language: Language, zone: &Zone, second: i64) -> String {
    let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
    let shown = zone.wall_time_of(instant);
    format!("{}, {}", date(language, shown.date()), shown.strftime("%H:%M"))
}

#[cfg(test)]
mod tests;
