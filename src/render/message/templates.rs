//! The templates of messages: the built-in ones, those of a repository, and how they are filled.

use std::collections::BTreeMap;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use crate::ident::nearest;
use crate::notice::delivery::Message;
use crate::settings::{Language, WebhookFormat};

use crate::render::encode;

use super::engine::{ending, environment, single_full_stops};
use super::values::{MessageContext, MessageValues, language, values};

/// The maximum length of a subject, in characters.
const SUBJECT_LIMIT: usize = 160;

/// The files of each language.
const NAMES: [&str; 8] = [
    "subject.txt",
    "client.txt",
    "manager.txt",
    "body.txt",
    "body.html",
    "chat.slack",
    "chat.mattermost",
    "chat.telegram",
];

/// The texts of one event, which the other templates include as `paragraph`.
pub(super) const PARAGRAPHS: [&str; 2] = ["client.txt", "manager.txt"];

/// The built-in templates, in the order of [`NAMES`]. Bodies and chats are the same in both languages.
const fn built_in(language: Language) -> [&'static str; 8] {
    let (subject, client, manager) = match language {
        Language::Russian => {
            (include_str!("ru.subject.txt"), include_str!("ru.client.txt"), include_str!("ru.manager.txt"))
        }
        Language::English => {
            (include_str!("en.subject.txt"), include_str!("en.client.txt"), include_str!("en.manager.txt"))
        }
    };
    [
        subject,
        client,
        manager,
        include_str!("body.txt"),
        include_str!("body.html"),
        include_str!("chat.slack"),
        include_str!("chat.mattermost"),
        include_str!("chat.telegram"),
    ]
}

/// The words of a language in the built-in bodies.
#[derive(Serialize)]
struct TemplateWords {
    greeting: &'static str,
    client: &'static str,
    number: &'static str,
    number_sign: &'static str,
    services: &'static str,
    closing: &'static str,
    contact: &'static str,
    automatic: &'static str,
}

const fn words(language: Language) -> TemplateWords {
    match language {
        Language::Russian => TemplateWords {
            greeting: "Здравствуйте!",
            client: "Клиент",
            number: "Номер договора",
            number_sign: "№",
            services: "Услуги",
            closing: "С уважением,",
            contact: "Ваш менеджер",
            automatic: "Это сообщение отправлено автоматически.",
        },
        Language::English => TemplateWords {
            greeting: "Hello,",
            client: "Client",
            number: "Contract number",
            number_sign: "No.",
            services: "Services",
            closing: "Kind regards,",
            contact: "Your contact",
            automatic: "This message was sent automatically.",
        },
    }
}

/// The templates of both languages.
pub struct MessageTemplates {
    environments: BTreeMap<Language, Environment<'static>>,
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
#[error("notices/{file}: {}{why}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
pub struct TemplateError {
    /// The file, below `notices/`.
    pub file: String,
    /// The line, if it is known.
    pub line: Option<usize>,
    /// The error.
    pub why: String,
}

/// The file of a template below `notices/`, such as `ru.body.html`.
fn file_of(language: Language, name: &str) -> String {
    format!("{}.{name}", language.as_str())
}

/// All files that may be below `notices/`.
pub(super) fn files() -> Vec<String> {
    let of = |language| NAMES.iter().map(move |name| file_of(language, name));
    Language::ALL.into_iter().flat_map(of).collect()
}

impl MessageTemplates {
    /// The templates. `own` replaces built-in ones, by file below `notices/`.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        Self::of(&Language::ALL, own)
    }

    /// The templates of these languages only.
    pub(super) fn of(languages: &[Language], own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        check_files(own)?;
        let environments = languages.iter().map(|language| Ok((*language, load(*language, own)?)));
        Ok(Self { environments: environments.collect::<Result<_, _>>()? })
    }

    /// Renders a message as mail.
    pub fn render(
        &self,
        message: &Message,
        context: &MessageContext<'_>,
    ) -> Result<RenderedMessage, TemplateError> {
        let language = language(message, context);
        self.render_values(values(message, context, language), language)
    }

    pub(super) fn render_values(
        &self,
        mut values: MessageValues,
        language: Language,
    ) -> Result<RenderedMessage, TemplateError> {
        let subject = self.fill("subject.txt", &values, language)?;
        let words = subject.split([' ', '\n', '\r', '\t']).filter(|word| !word.is_empty());
        let subject = visible(&words.collect::<Vec<_>>().join(" "));
        values.subject = subject.chars().take(SUBJECT_LIMIT).collect();
        let text = visible(&self.fill("body.txt", &values, language)?);
        let html = self.fill("body.html", &values, language)?;
        Ok(RenderedMessage { subject: values.subject, text, html })
    }

    /// Renders a message in the markup of a chat.
    pub fn render_chat(
        &self,
        form: WebhookFormat,
        message: &Message,
        context: &MessageContext<'_>,
    ) -> Result<String, TemplateError> {
        let language = language(message, context);
        let values = values(message, context, language);
        let text = self.fill(&format!("chat.{}", form.as_str()), &values, language)?;
        Ok(text.trim().to_owned())
    }

    pub(super) fn fill(
        &self,
        name: &str,
        values: &MessageValues,
        language: Language,
    ) -> Result<String, TemplateError> {
        #[derive(Serialize)]
        struct TemplateValues<'a> {
            #[serde(flatten)]
            values: &'a MessageValues,
            words: TemplateWords,
        }
        let values = TemplateValues { values, words: words(language) };
        let template = self.environments[&language].get_template(name);
        let rendered = template.and_then(|template| template.render(minijinja::Value::from(Serde(&values))));
        let rendered = rendered.map_err(|error| template_error(&file_of(language, name), &error))?;
        Ok(single_full_stops(language, rendered))
    }
}

/// Loads the templates of a language.
fn load(language: Language, own: &BTreeMap<String, String>) -> Result<Environment<'static>, TemplateError> {
    let mut environment = environment(language);
    // One copy of each paragraph for each kind of body, so that each escapes in its own way.
    let endings: Vec<&str> =
        WebhookFormat::chats().map(WebhookFormat::as_str).chain(["html", "txt"]).collect();
    for (name, text) in NAMES.into_iter().zip(built_in(language)) {
        let file = file_of(language, name);
        let text = own.get(&file).map_or(text, String::as_str);
        let added = if PARAGRAPHS.contains(&name) {
            let stem = name.trim_end_matches(".txt");
            endings.iter().map(|ending| format!("{stem}.{ending}")).collect()
        } else {
            vec![name.to_owned()]
        };
        for name in added {
            let text =
                text.replace("include \"paragraph\"", &format!("include \"paragraph.{}\"", ending(&name)));
            let loaded = environment.add_template_owned(name, text);
            loaded.map_err(|error| template_error(&file, &error))?;
        }
    }
    for ending in endings {
        let text = format!("{{% include notice.audience ~ \".{ending}\" %}}");
        let loaded = environment.add_template_owned(format!("paragraph.{ending}"), text);
        loaded.expect("the include of a paragraph is valid");
    }
    Ok(environment)
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
    Err(TemplateError { file: unknown.clone(), line: None, why })
}

/// The error of the innermost template, which may be a paragraph that `file` includes.
fn template_error(file: &str, error: &minijinja::Error) -> TemplateError {
    let mut innermost = error;
    while let Some(source) = std::error::Error::source(innermost).and_then(|source| source.downcast_ref()) {
        innermost = source;
    }
    let language = file.split_once('.').map_or("", |(language, _)| language);
    let stem = innermost.name().and_then(|name| name.split_once('.')).map(|(stem, _)| format!("{stem}.txt"));
    let file = match stem.filter(|stem| PARAGRAPHS.contains(&stem.as_str())) {
        Some(paragraph) => format!("{language}.{paragraph}"),
        None => file.to_owned(),
    };
    let detail = innermost.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    TemplateError { file, line: innermost.line(), why: format!("{}{detail}", innermost.kind()) }
}

/// Removes invisible characters, except for line breaks.
fn visible(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !encode::is_unseen(*character)).collect()
}
