//! Renders notices as messages for people: a subject, plain text and HTML, in Russian or English.
//!
//! The texts are templates, and a repository may replace each. A template can use titles, days and states, and nothing
//! else: no files, no environment, and a bounded number of steps. HTML escapes all values. Subjects and plain text
//! contain no invisible characters.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::agreement::{Agreement, NoticeEvent, Renewal};
use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::ident::nearest;
use crate::notice::delivery::Message;
use crate::notice::due::Notice;
use crate::settings::{Language, WebhookFormat};

use super::encode;
use super::locale::{self, code, days, form};

mod chat;

/// The maximum number of steps of a template: enough for about a thousand notices.
const FUEL: u64 = 500_000;
/// The maximum length of a subject, in characters.
const SUBJECT_LIMIT: usize = 160;

/// The files of each language. Bodies are the same in both, with the words of the language.
const NAMES: [&str; 7] = [
    "subject.txt",
    "sentence.txt",
    "body.txt",
    "body.html",
    "chat.slack",
    "chat.mattermost",
    "chat.telegram",
];

/// The built-in templates, in the order of [`NAMES`].
const fn built_in(language: Language) -> [&'static str; 7] {
    let (subject, sentence) = match language {
        Language::Russian => {
            (include_str!("message/ru.subject.txt"), include_str!("message/ru.sentence.txt"))
        }
        Language::English => {
            (include_str!("message/en.subject.txt"), include_str!("message/en.sentence.txt"))
        }
    };
    [
        subject,
        sentence,
        include_str!("message/body.txt"),
        include_str!("message/body.html"),
        include_str!("message/chat.slack"),
        include_str!("message/chat.mattermost"),
        include_str!("message/chat.telegram"),
    ]
}

/// The words of a language in the built-in bodies.
#[derive(Serialize)]
struct TemplateWords {
    language: &'static str,
    greeting: &'static str,
    number: &'static str,
    number_sign: &'static str,
    services: &'static str,
    automatic: &'static str,
}

const fn words(language: Language) -> TemplateWords {
    match language {
        Language::Russian => TemplateWords {
            language: "ru",
            greeting: "Здравствуйте!",
            number: "Номер договора",
            number_sign: "№",
            services: "Услуги",
            automatic: "Это сообщение отправлено автоматически.",
        },
        Language::English => TemplateWords {
            language: "en",
            greeting: "Hello,",
            number: "Contract number",
            number_sign: "No.",
            services: "Services",
            automatic: "This message was sent automatically.",
        },
    }
}

/// The templates of one language.
pub struct MessageTemplates {
    environment: Environment<'static>,
    language: Language,
}

/// A message as its recipients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenderedMessage {
    /// The subject, one line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as a self-contained HTML page.
    pub html: String,
}

/// An error in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("notices/{file}: {why}")]
pub struct TemplateError {
    /// The file, below `notices/`.
    pub file: String,
    /// The error, with the line if it is known.
    pub why: String,
}

/// The values of one notice in a template.
#[derive(Serialize)]
struct NoticeValues<'a> {
    event: &'static str,
    /// `begins`, `ends`, `ahead` or `other`.
    kind: &'static str,
    id: &'a str,
    title: &'a str,
    number: Option<&'a str>,
    client: &'a str,
    state: &'static str,
    day: String,
    first_day: Option<String>,
    last_day: Option<String>,
    deadline: Option<String>,
    days_left: Option<i32>,
    rolls: bool,
    services: Vec<&'a str>,
}

/// The file of a template below `notices/`, such as `ru.body.html`.
fn file_of(language: Language, name: &str) -> String {
    format!("{}.{name}", code(language))
}

/// All files that may be below `notices/`.
fn files() -> Vec<String> {
    let of = |language| NAMES.iter().map(move |name| file_of(language, name));
    of(Language::Russian).chain(of(Language::English)).collect()
}

impl MessageTemplates {
    /// The templates of a language. `own` replaces built-in ones, by file below `notices/`.
    pub fn new(language: Language, own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        check_files(own)?;
        let mut environment = environment(language);
        for (name, text) in NAMES.into_iter().zip(built_in(language)) {
            let file = file_of(language, name);
            let text = own.get(&file).cloned().unwrap_or_else(|| text.to_owned());
            let error = |error: minijinja::Error| template_error(&file, &error);
            if name == "sentence.txt" {
                // One copy for each kind of body, so that each escapes in its own way.
                for ending in WebhookFormat::chats().map(WebhookFormat::as_str).chain(["html"]) {
                    environment
                        .add_template_owned(format!("sentence.{ending}"), text.clone())
                        .map_err(error)?;
                }
            }
            let text =
                text.replace("include \"sentence\"", &format!("include \"sentence.{}\"", ending(name)));
            environment.add_template_owned(name, text).map_err(error)?;
        }
        Ok(Self { environment, language })
    }

    /// Renders a message as mail.
    pub fn render(
        &self,
        message: &Message,
        agreements: &BTreeMap<&str, &Agreement>,
        catalog: &Catalog,
        sender: &str,
        at: Instant,
    ) -> Result<RenderedMessage, TemplateError> {
        let values = all_values(message, agreements, catalog, at);
        let subject = self.fill("subject.txt", &values, sender, "")?;
        let words = subject.split([' ', '\n', '\r', '\t']).filter(|word| !word.is_empty());
        let subject = visible(&words.collect::<Vec<_>>().join(" "));
        let subject: String = subject.chars().take(SUBJECT_LIMIT).collect();
        let text = visible(&self.fill("body.txt", &values, sender, &subject)?);
        let html = self.fill("body.html", &values, sender, &subject)?;
        Ok(RenderedMessage { subject, text, html })
    }

    /// Renders a message in the markup of a chat.
    pub fn render_chat(
        &self,
        form: WebhookFormat,
        message: &Message,
        agreements: &BTreeMap<&str, &Agreement>,
        catalog: &Catalog,
        at: Instant,
    ) -> Result<String, TemplateError> {
        let values = all_values(message, agreements, catalog, at);
        let text = self.fill(&format!("chat.{}", form.as_str()), &values, "", "")?;
        Ok(text.trim().to_owned())
    }

    fn fill(
        &self,
        name: &str,
        notices: &[NoticeValues<'_>],
        sender: &str,
        subject: &str,
    ) -> Result<String, TemplateError> {
        #[derive(Serialize)]
        struct MessageValues<'a> {
            notices: &'a [NoticeValues<'a>],
            sender: &'a str,
            subject: &'a str,
            words: TemplateWords,
        }
        let values = MessageValues { notices, sender, subject, words: words(self.language) };
        let template = self.environment.get_template(name);
        let rendered = template.and_then(|template| template.render(Value::from(Serde(&values))));
        rendered.map_err(|error| template_error(&file_of(self.language, name), &error))
    }
}

/// Refuses files of which no message is made.
fn check_files(own: &BTreeMap<String, String>) -> Result<(), TemplateError> {
    let files = files();
    let Some(unknown) = own.keys().find(|file| !files.contains(file)) else {
        return Ok(());
    };
    let nearest = nearest(unknown, files.iter().map(String::as_str));
    let why = nearest.map_or_else(
        || format!("unknown template; the templates are {}", files.join(", ")),
        |nearest| format!("unknown template; did you mean {nearest}?"),
    );
    Err(TemplateError { file: unknown.clone(), why })
}

/// The template engine, with escaping by the ending of a template's name.
fn environment(language: Language) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| match ending(name) {
        "html" => AutoEscape::Html,
        ending => WebhookFormat::chats()
            .find(|form| form.as_str() == ending)
            .map_or(AutoEscape::None, |form| AutoEscape::Custom(form.as_str().into())),
    });
    environment.set_formatter(|output, state, value| {
        let form = match state.auto_escape() {
            AutoEscape::Custom(name) => WebhookFormat::chats().find(|form| form.as_str() == name),
            _ => None,
        };
        match form.filter(|_| !value.is_safe()) {
            Some(form) => Ok(output.write_str(&chat::value(form, &value.to_string()))?),
            None if form.is_some() => Ok(output.write_str(&value.to_string())?),
            None => minijinja::escape_formatter(output, state, value),
        }
    });
    environment.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("trimming and stripping blocks are compatible"));
    environment.add_filter("date", move |day: String| date(language, &day));
    environment.add_filter("days", move |count: i64| days(language, count));
    environment.add_filter("remain", move |count: i64| remain(language, count));
    environment.add_filter("changes", move |count: i64| changes(language, count));
    environment
}

/// A message as an HTML comment in a helpdesk, with its reference at the end.
pub fn comment(rendered: &RenderedMessage, name: &str) -> String {
    let lines: Vec<_> = rendered.text.lines().map(encode::html).collect();
    format!("<p>{}</p><p>{}</p>", lines.join("<br>"), reference(name))
}

/// The reference by which a message is found in a helpdesk.
pub fn reference(name: &str) -> String {
    format!("servanda:{name}")
}

fn template_error(file: &str, error: &minijinja::Error) -> TemplateError {
    let line = error.line().map_or_else(String::new, |line| format!("line {line}: "));
    let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    TemplateError { file: file.to_owned(), why: format!("{line}{}{detail}", error.kind()) }
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}

/// Removes invisible characters, except for line breaks.
fn visible(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !encode::is_unseen(*character)).collect()
}

fn all_values<'a>(
    message: &'a Message,
    agreements: &BTreeMap<&str, &'a Agreement>,
    catalog: &'a Catalog,
    at: Instant,
) -> Vec<NoticeValues<'a>> {
    let values = message.notices.iter().filter_map(|notice| {
        Some(values(notice, agreements.get(notice.key.agreement.as_str())?, catalog, at))
    });
    values.collect()
}

fn values<'a>(
    notice: &'a Notice,
    agreement: &'a Agreement,
    catalog: &'a Catalog,
    at: Instant,
) -> NoticeValues<'a> {
    let client = catalog.clients.get(agreement.client.as_str());
    let services = agreement
        .services
        .keys()
        .map(|slug| catalog.services.get(slug.as_str()).map_or(slug.as_str(), |entry| entry.title.as_str()));
    let last_day = notice.announced.last_day;
    let today = agreement.zone.day_of(at);
    let deadline = match agreement.renewal {
        Renewal::Manual { notice_period } | Renewal::Auto { notice_period, .. } => notice_period,
        Renewal::None => None,
    };
    let deadline = deadline.zip(last_day).and_then(|(lead, day)| lead.before(day));
    NoticeValues {
        event: notice.key.event.as_str(),
        kind: match notice.key.event {
            NoticeEvent::Activated | NoticeEvent::Renewed => "begins",
            NoticeEvent::Deactivated => "ends",
            NoticeEvent::Expiring | NoticeEvent::NoticeDeadline => "ahead",
            NoticeEvent::Amended => "other",
        },
        id: agreement.id.as_str(),
        title: &agreement.title,
        number: agreement.number.as_deref(),
        client: client.map_or(agreement.client.as_str(), |client| client.entry.title.as_str()),
        state: notice.state.as_str(),
        day: notice.key.day.to_string(),
        first_day: notice.announced.first_day.map(|day| day.to_string()),
        last_day: last_day.map(|day| day.to_string()),
        deadline: deadline.map(|day| day.to_string()),
        days_left: last_day.and_then(|day| today.until(day).ok()).map(|span| span.get_days()),
        rolls: matches!(agreement.renewal, Renewal::Auto { .. }),
        services: services.collect(),
    }
}

/// The filter `date`, which takes a day such as `2026-12-31`.
fn date(language: Language, day: &str) -> Result<String, minijinja::Error> {
    let day = day.parse().map_err(|_| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "`date` takes a day such as 2026-12-31")
    })?;
    Ok(locale::date(language, day))
}

fn remain(language: Language, count: i64) -> String {
    let days = days(language, count);
    match language {
        Language::Russian => format!("{} {days}", form(count, "остался", "осталось", "осталось")),
        Language::English => format!("{days} from now"),
    }
}

fn changes(language: Language, count: i64) -> String {
    match language {
        Language::Russian => format!("{count} {}", form(count, "уведомление", "уведомления", "уведомлений")),
        Language::English => format!("{count} {}", if count == 1 { "notice" } else { "notices" }),
    }
}

#[cfg(test)]
mod tests;
