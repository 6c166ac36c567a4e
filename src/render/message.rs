//! Notices become a message that people read: a subject, plain text, and HTML, in Russian or English.
//!
//! The texts are templates, each of which a repository may replace. They get names, days and states, and
//! nothing else: no files, no environment, a bounded number of steps. HTML escapes all of it; in plain text and
//! in the subject whatever could not be seen is taken out.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::agreement::{Agreement, NoticeEvent, Renewal};
use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::ident::nearest;
use crate::notice::Notice;
use crate::notice::delivery::Message;
use crate::settings::{Language, WebhookFormat};

use super::locale::{code, days, form};
use super::{encode, locale};

mod chat;

/// The steps that one text may take: about a thousand notices.
const FUEL: u64 = 500_000;
/// The longest subject, in characters.
const SUBJECT_LIMIT: usize = 160;

/// The texts of a language that come with the program.
const RUSSIAN: [(&str, &str); 7] = [
    ("subject.txt", include_str!("message/ru.subject.txt")),
    ("sentence.txt", include_str!("message/ru.sentence.txt")),
    ("body.txt", include_str!("message/ru.body.txt")),
    ("body.html", include_str!("message/ru.body.html")),
    ("chat.slack", include_str!("message/ru.chat.slack")),
    ("chat.mattermost", include_str!("message/ru.chat.mattermost")),
    ("chat.telegram", include_str!("message/ru.chat.telegram")),
];
const ENGLISH: [(&str, &str); 7] = [
    ("subject.txt", include_str!("message/en.subject.txt")),
    ("sentence.txt", include_str!("message/en.sentence.txt")),
    ("body.txt", include_str!("message/en.body.txt")),
    ("body.html", include_str!("message/en.body.html")),
    ("chat.slack", include_str!("message/en.chat.slack")),
    ("chat.mattermost", include_str!("message/en.chat.mattermost")),
    ("chat.telegram", include_str!("message/en.chat.telegram")),
];

/// The templates of one language.
pub struct Texts {
    environment: Environment<'static>,
    language: Language,
}

/// A message as people get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// One self-contained page.
    pub html: String,
}

/// A template that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("notices/{file}: {why}")]
pub struct BadText {
    /// The file, below `notices/`.
    pub file: String,
    /// Why, with the line where it is known.
    pub why: String,
}

/// What a text may use of one notice.
#[derive(Serialize)]
struct Facts<'a> {
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

/// The file of a text below `notices/`: `ru.body.html`.
fn file_of(language: Language, name: &str) -> String {
    format!("{}.{name}", code(language))
}

/// The files that may lie below `notices/`.
fn files() -> Vec<String> {
    let of = |language| ENGLISH.iter().map(move |(name, _)| file_of(language, name));
    of(Language::Russian).chain(of(Language::English)).collect()
}

impl Texts {
    /// The texts of a language, with those of a repository (by file below `notices/`) in place of ours.
    pub fn new(language: Language, own: &BTreeMap<String, String>) -> Result<Self, BadText> {
        let files = files();
        if let Some(stranger) = own.keys().find(|file| !files.contains(file)) {
            let nearest = nearest(stranger, files.iter().map(String::as_str));
            let why = nearest.map_or_else(
                || format!("no message is made of it; there are {}", files.join(", ")),
                |nearest| format!("no message is made of it; is it meant to be {nearest}?"),
            );
            return Err(BadText { file: stranger.clone(), why });
        }
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
        environment.set_syntax(syntax.expect("these go together"));
        environment.add_filter("date", move |day: String| date(language, &day));
        environment.add_filter("days", move |count: i64| days(language, count));
        environment.add_filter("remain", move |count: i64| remain(language, count));
        environment.add_filter("changes", move |count: i64| changes(language, count));
        let built_in = match language {
            Language::Russian => RUSSIAN,
            Language::English => ENGLISH,
        };
        for (name, text) in built_in {
            let file = file_of(language, name);
            let text = own.get(&file).cloned().unwrap_or_else(|| text.to_owned());
            let bad = |error: minijinja::Error| bad(&file, &error);
            if name == "sentence.txt" {
                // Included by name from all bodies, so that each escapes in its own way.
                for ending in WebhookFormat::chats().map(WebhookFormat::as_str).chain(["html"]) {
                    environment
                        .add_template_owned(format!("sentence.{ending}"), text.clone())
                        .map_err(bad)?;
                }
            }
            let text =
                text.replace("include \"sentence\"", &format!("include \"sentence.{}\"", ending(name)));
            environment.add_template_owned(name, text).map_err(bad)?;
        }
        Ok(Self { environment, language })
    }

    /// A message in words.
    pub fn write(
        &self,
        message: &Message,
        agreements: &BTreeMap<&str, &Agreement>,
        catalog: &Catalog,
        sender: &str,
        at: Instant,
    ) -> Result<Letter, BadText> {
        let facts = all_facts(message, agreements, catalog, at);
        let subject = self.render("subject.txt", &facts, sender, "")?;
        let words = subject.split([' ', '\n', '\r', '\t']).filter(|word| !word.is_empty());
        let subject = seen(&words.collect::<Vec<_>>().join(" "));
        let subject: String = subject.chars().take(SUBJECT_LIMIT).collect();
        let text = seen(&self.render("body.txt", &facts, sender, &subject)?);
        let html = self.render("body.html", &facts, sender, &subject)?;
        Ok(Letter { subject, text, html })
    }

    /// A message in the words and signs of a place where people chat.
    pub fn write_chat(
        &self,
        form: WebhookFormat,
        message: &Message,
        agreements: &BTreeMap<&str, &Agreement>,
        catalog: &Catalog,
        at: Instant,
    ) -> Result<String, BadText> {
        let facts = all_facts(message, agreements, catalog, at);
        let text = self.render(&format!("chat.{}", form.as_str()), &facts, "", "")?;
        Ok(text.trim().to_owned())
    }

    fn render(
        &self,
        name: &str,
        notices: &[Facts<'_>],
        sender: &str,
        subject: &str,
    ) -> Result<String, BadText> {
        #[derive(Serialize)]
        struct Everything<'a> {
            notices: &'a [Facts<'a>],
            sender: &'a str,
            subject: &'a str,
        }
        let everything = Everything { notices, sender, subject };
        let rendered =
            self.environment.get_template(name).and_then(|text| text.render(Value::from(Serde(&everything))));
        rendered.map_err(|error| bad(&file_of(self.language, name), &error))
    }
}

/// A message as a comment in a helpdesk, which reads HTML, with its name at the end.
pub fn comment(letter: &Letter, name: &str) -> String {
    let lines: Vec<_> = letter.text.lines().map(encode::html).collect();
    format!("<p>{}</p><p>{}</p>", lines.join("<br>"), reference(name))
}

/// By what a message in a helpdesk is known again.
pub fn reference(name: &str) -> String {
    format!("servanda:{name}")
}

fn bad(file: &str, error: &minijinja::Error) -> BadText {
    let line = error.line().map_or_else(String::new, |line| format!("line {line}: "));
    let detail = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    BadText { file: file.to_owned(), why: format!("{line}{}{detail}", error.kind()) }
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}

/// The text without what cannot be seen, but for its lines.
fn seen(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !encode::is_unseen(*character)).collect()
}

fn all_facts<'a>(
    message: &'a Message,
    agreements: &BTreeMap<&str, &'a Agreement>,
    catalog: &'a Catalog,
    at: Instant,
) -> Vec<Facts<'a>> {
    let facts = message.notices.iter().filter_map(|notice| {
        Some(facts(notice, agreements.get(notice.key.agreement.as_str())?, catalog, at))
    });
    facts.collect()
}

fn facts<'a>(notice: &'a Notice, agreement: &'a Agreement, catalog: &'a Catalog, at: Instant) -> Facts<'a> {
    let client = catalog.clients.get(agreement.client.as_str());
    let services = agreement
        .services
        .keys()
        .map(|slug| catalog.services.get(slug.as_str()).map_or(slug.as_str(), |entry| entry.title.as_str()));
    let last_day = notice.told.last_day;
    let today = agreement.zone.day_of(at);
    let deadline = match agreement.renewal {
        Renewal::Manual { notice_period } | Renewal::Auto { notice_period, .. } => notice_period,
        Renewal::None => None,
    };
    let deadline = deadline
        .zip(last_day)
        .and_then(|(lead, day)| day.checked_sub(jiff::Span::new().days(lead.days)).ok());
    Facts {
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
        first_day: notice.told.first_day.map(|day| day.to_string()),
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
        Language::Russian => format!("{count} {}", form(count, "сообщение", "сообщения", "сообщений")),
        Language::English => format!("{count} {}", if count == 1 { "notice" } else { "notices" }),
    }
}

#[cfg(test)]
mod tests;
