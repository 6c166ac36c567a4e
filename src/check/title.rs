//! Titles: one line of minijinja over the agreement. Each distinct text is compiled once; what it may use is
//! the agreement alone, what it may cost is bounded, and a name that means nothing is a fault.

use std::collections::BTreeMap;

use litemap::LiteMap;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};
use serde::Serialize;

use crate::agreement::Agreement;
use crate::catalog::Catalog;
use crate::check::reader::AgreementReader;
use crate::diagnostic::Code;

/// The default title of an agreement.
pub(super) const USUAL_TITLE: &str = "{{ client.title }}: {{ template }}";
/// The same where it extends no template.
const TITLE_WITHOUT_TEMPLATE: &str = "{{ client.title }}: {{ id }}";
/// The longest title, in characters; helpdesks cut what is longer, and the plan would never be empty.
const LENGTH_LIMIT: usize = 255;
/// The steps that one title may take.
const FUEL: u64 = 10_000;

/// The titles that many agreements share, compiled.
pub(super) struct Titles {
    environment: Environment<'static>,
    broken: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct TitleEntity<'a> {
    slug: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct TitlePeriod {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<String>,
}

/// The values that a title may use. Missing values are undefined, so a title that needs them is an error.
#[derive(Serialize)]
struct TitleVariables<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    client: TitleEntity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<TitleEntity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<TitleEntity<'a>>,
    period: TitlePeriod,
    labels: &'a LiteMap<String, String>,
}

impl Titles {
    /// Compiles every text once. A title that is not among them is compiled when it is rendered.
    pub(super) fn compile<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(|output, state, value| escape_formatter(output, state, with_text(value)?));
        environment.set_fuel(Some(FUEL));
        let mut broken = BTreeMap::new();
        let texts: std::collections::BTreeSet<&str> =
            texts.into_iter().chain([USUAL_TITLE, TITLE_WITHOUT_TEMPLATE]).collect();
        for text in texts {
            if let Err(error) = environment.add_template_owned(text.to_owned(), text.to_owned()) {
                broken.insert(text.to_owned(), reason(&error));
            }
        }
        Self { environment, broken }
    }

    fn render(&self, text: &str, variables: &TitleVariables<'_>) -> Result<String, String> {
        if let Some(reason) = self.broken.get(text) {
            return Err(reason.clone());
        }
        let shared = self.environment.get_template(text);
        let template = shared.or_else(|_| self.environment.template_from_named_str(text, text));
        let template = template.map_err(|error| reason(&error))?;
        let title = template
            .render(Value::from(minijinja::value::Serde(variables)))
            .map_err(|error| reason(&error))?;
        let title = title.trim();
        if title.is_empty() {
            Err("it is empty".to_owned())
        } else if title.chars().any(char::is_control) {
            Err("it contains a line break or another control character".to_owned())
        } else if title.chars().count() > LENGTH_LIMIT {
            Err(format!("it is longer than {LENGTH_LIMIT} characters"))
        } else {
            Ok(title.to_owned())
        }
    }
}

/// The value, if it has a text. A map or a list has none: what the engine prints for it is no text for people.
pub(crate) fn with_text(value: &Value) -> Result<&Value, minijinja::Error> {
    let has_parts =
        matches!(value.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable | ValueKind::Plain);
    if has_parts {
        let reason = "it names a group of values, and not one of them";
        return Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, reason));
    }
    Ok(value)
}

/// The reason why a text is no title, in one line, without the engine's own words for files and lines.
fn reason(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (minijinja::ErrorKind::UndefinedError, _) => {
            "it uses a value that the agreement does not have".to_owned()
        }
        (minijinja::ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        (minijinja::ErrorKind::OutOfFuel, _) => "it needs too many steps".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

impl AgreementReader<'_> {
    /// The title, ready to be read; the agreement's id in place of one that is broken.
    pub(super) fn title(&mut self, agreement: &Agreement, written: Option<&str>, titles: &Titles) -> String {
        let usual = if agreement.template.is_some() { USUAL_TITLE } else { TITLE_WITHOUT_TEMPLATE };
        let text = written.unwrap_or(usual);
        titles.render(text, &variables(agreement, self.catalog)).unwrap_or_else(|reason| {
            let help = "a title can use id, number, template, client, manager, provider (each with `.slug` and `.title`), period.first_day, period.last_day and labels";
            self.fault(Code::E009, &["title"], format!("cannot render the title: {reason}"), help);
            agreement.id.to_string()
        })
    }
}

fn variables<'a>(agreement: &'a Agreement, catalog: &'a Catalog) -> TitleVariables<'a> {
    let client = agreement.client.as_str();
    let title = |entry: Option<&'a crate::catalog::CatalogEntry>| entry.map(|entry| entry.title.as_str());
    let last_day = match agreement.period.end {
        crate::agreement::PeriodEnd::LastDay(day) => Some(day),
        crate::agreement::PeriodEnd::Term(term) => {
            agreement.period.first_day.and_then(|day| term.last_day(day))
        }
        crate::agreement::PeriodEnd::Open => None,
    };
    TitleVariables {
        id: agreement.id.as_str(),
        number: agreement.number.as_deref(),
        template: agreement.template.as_ref().map(|name| name.as_str()),
        client: TitleEntity {
            slug: client,
            title: title(catalog.clients.get(client).map(|client| &client.entry)).unwrap_or(client),
        },
        manager: agreement.manager.as_ref().map(|slug| {
            let slug = slug.as_str();
            TitleEntity { slug, title: title(catalog.managers.get(slug)).unwrap_or(slug) }
        }),
        provider: agreement.provider.as_ref().map(|slug| {
            let slug = slug.as_str();
            TitleEntity { slug, title: title(catalog.providers.get(slug)).unwrap_or(slug) }
        }),
        period: TitlePeriod {
            first_day: agreement.period.first_day.map(|day| day.to_string()),
            last_day: last_day.map(|day| day.to_string()),
        },
        labels: &agreement.labels,
    }
}
