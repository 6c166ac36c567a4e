//! The pages of the sandbox: the operator's list of agreements with their history, and the client's portal.
//!
//! The pages run no script. The server sends [`content_security_policy`] with each of them.

mod vocabulary;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value as Part, context, escape_formatter};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::calendar::{Instant, Zone};
use crate::settings::Language;

use super::encode;
use super::locale::date;

use self::vocabulary::{attribute, day, plural, value, words};

const STYLE: &str = concat!(include_str!("../theme.css"), include_str!("style.css"));
const PAGES: [(&str, &str); 6] = [
    ("layout.html", include_str!("layout.html")),
    ("agreements.html", include_str!("agreements.html")),
    ("agreement.html", include_str!("agreement.html")),
    ("clients.html", include_str!("clients.html")),
    ("portal.html", include_str!("portal.html")),
    ("error.html", include_str!("error.html")),
];

/// The language and the time zone of the pages.
#[derive(Clone, Debug)]
pub struct PageContext {
    /// The language.
    pub language: Language,
    /// The time zone of the shown instants.
    pub zone: Zone,
}

/// One page of the operator's list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgreementList {
    /// The agreements of this page.
    pub rows: Vec<AgreementRow>,
    /// The state codes, each with the number of agreements that match the text.
    pub states: Vec<(String, usize)>,
    /// The number of agreements that match, on all pages.
    pub found: usize,
    /// The text of the search.
    pub text: String,
    /// The selected state, if any.
    pub state: Option<String>,
    /// The number of this page, from 1.
    pub page: usize,
    /// The number of pages.
    pub pages: usize,
}

/// One agreement in the operator's list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgreementRow {
    /// The UUID.
    pub uuid: String,
    /// The title.
    pub title: String,
    /// The ownership key, if it has one.
    pub ownership_key: Option<String>,
    /// The code of the state.
    pub state: String,
    /// Whether it is archived.
    pub archived: bool,
    /// The first day, as stored.
    pub first_day: Option<String>,
    /// The last day, as stored.
    pub last_day: Option<String>,
    /// The titles of the recipients.
    pub recipients: Vec<String>,
    /// The time of the last change, in seconds since 1970.
    pub changed_at: i64,
    /// The author of the last change, if the history contains it.
    pub changed_by: Option<String>,
}

/// The page of one agreement.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgreementPage {
    /// The agreement as in the list.
    pub agreement: AgreementRow,
    /// The attributes by code, in the form of the interface: texts, references, sets.
    pub attributes: Vec<(String, serde_json::Value)>,
    /// The targets of its services.
    pub rules: Vec<AgreementRule>,
    /// The changes of the agreement and its rules, the newest first.
    pub history: Vec<HistoryEntry>,
}

/// The targets for a service and a priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgreementRule {
    /// The title of the service; `None` means all services.
    pub service: Option<String>,
    /// The title of the priority.
    pub priority: Option<String>,
    /// The title of the calendar.
    pub calendar: Option<String>,
    /// The response target, in the form of the interface.
    pub response: serde_json::Value,
    /// The resolution target.
    pub resolution: serde_json::Value,
}

/// One change in the history.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HistoryEntry {
    /// The time, in seconds since 1970.
    pub at: i64,
    /// The name of the author.
    pub author: String,
    /// The title of the changed rule; `None` for the agreement itself.
    pub rule: Option<String>,
    /// The code of the attribute; `None` for a creation.
    pub attribute: Option<String>,
    /// The value before.
    pub before: serde_json::Value,
    /// The value after.
    pub after: serde_json::Value,
}

/// A company or department in the choice of clients.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PortalClient {
    /// The UUID.
    pub uuid: String,
    /// The title.
    pub title: String,
    /// The number of services that it may request now.
    pub offered_services: u32,
    /// The departments of a company.
    pub departments: Vec<PortalClient>,
}

/// The portal of one client.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PortalPage {
    /// The client.
    pub client: PortalClient,
    /// The services that the client may request.
    pub offers: Vec<ServiceOffer>,
    /// The people of the client who may be the requester: UUID and name.
    pub people: Vec<(String, String)>,
    /// The service requests of the client, the newest first.
    pub requests: Vec<ServiceRequest>,
    /// The token that each form must contain.
    pub token: String,
    /// The number of the service request that was just created.
    pub made: Option<String>,
}

/// A service of an active agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceOffer {
    /// The UUID of the service.
    pub service: String,
    /// The title.
    pub title: String,
    /// The UUID of the agreement.
    pub agreement: String,
    /// The title of the agreement.
    pub agreement_title: String,
    /// The last day, as stored.
    pub last_day: Option<String>,
}

/// A service request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ServiceRequest {
    /// The number.
    pub number: i64,
    /// The subject.
    pub subject: String,
    /// The title of the service.
    pub service: String,
    /// The code of the state.
    pub state: String,
    /// The time of its creation, in seconds since 1970.
    pub at: i64,
}

/// The page of a failed request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ErrorPage {
    /// The reason in the helpdesk's own words; `None` if the form came from an earlier start of the server.
    pub reason: Option<String>,
    /// The address of the previous page.
    pub back: String,
}

/// Renders the operator's list.
pub fn agreements(context: &PageContext, value: &AgreementList) -> String {
    render(context, "agreements.html", value)
}

/// Renders the page of one agreement.
pub fn agreement(context: &PageContext, value: &AgreementPage) -> String {
    render(context, "agreement.html", value)
}

/// Renders the choice of clients.
pub fn clients(context: &PageContext, value: &[PortalClient]) -> String {
    render(context, "clients.html", value)
}

/// Renders the portal of a client.
pub fn portal(context: &PageContext, value: &PortalPage) -> String {
    render(context, "portal.html", value)
}

/// Renders the page of a failed request.
pub fn error(context: &PageContext, value: &ErrorPage) -> String {
    render(context, "error.html", value)
}

/// The Content-Security-Policy of the pages: only their own style and forms to their own server.
pub fn content_security_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn render<T: Serialize + ?Sized>(context: &PageContext, page: &str, value: &T) -> String {
    let environment = environment(context);
    let values = context! {
        lang => context.language.as_str(),
        words => Serde(words(context.language)),
        style => Part::from_safe_string(STYLE.to_owned()),
        page => Serde(value),
    };
    let template = environment.get_template(page);
    let rendered = template.and_then(|template| template.render(values));
    rendered.expect("a test renders each of the pages")
}

fn environment(context: &PageContext) -> Environment<'static> {
    let language = context.language;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // Nothing leaves a template but through the encoder.
    environment.set_formatter(|out, state, value| match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => escape_formatter(out, state, &Part::from(encode::visible(text).as_ref())),
        None => escape_formatter(out, state, value),
    });
    for (name, text) in PAGES {
        environment.add_template(name, text).expect("a test parses each of the pages");
    }
    environment.add_filter("urlencode", |text: String| encode::address(&text));
    environment.add_filter("day", move |stored: Option<String>| stored.map(|stored| day(language, &stored)));
    let zone = context.zone.clone();
    environment.add_filter("instant", move |second: i64| instant(language, &zone, second));
    environment.add_filter("attribute", move |code: String| attribute(language, &code));
    environment.add_filter("value", move |stored: Part| value(language, &stored));
    environment.add_filter("count", move |number: i64, noun: String| plural(language, number, &noun));
    environment
}

/// Formats an instant in a time zone.
fn instant(language: Language, zone: &Zone, second: i64) -> String {
    let at = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
    let shown = zone.wall_time_of(at);
    format!("{}, {}", date(language, shown.date()), shown.strftime("%H:%M"))
}

#[cfg(test)]
mod tests;
