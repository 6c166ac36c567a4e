//! The template engine of messages: filters in the language of the message, and escaping by the ending of a template.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior, Value};

use super::chat;
use crate::check::with_text;
use crate::render::encode;
use crate::render::locale::{self, days, form};
use crate::settings::{Language, WebhookFormat};

/// The maximum number of steps of a template: enough for about a thousand notices.
const FUEL: u64 = 500_000;

/// The engine of one language.
pub(super) fn environment(language: Language) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| match ending(name) {
        "html" => AutoEscape::Html,
        ending => WebhookFormat::chats()
            .find(|form| form.as_str() == ending)
            .map_or(AutoEscape::None, |form| AutoEscape::Custom(form.as_str().into())),
    });
    environment.set_formatter(|output, state, value| match (chat_of(state), with_text(value)?) {
        (Some(form), value) if !value.is_safe() => {
            Ok(output.write_str(&chat::value(form, &value.to_string()))?)
        }
        (Some(_), value) => Ok(output.write_str(&value.to_string())?),
        (None, value) => minijinja::escape_formatter(output, state, value),
    });
    environment.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("trimming and stripping blocks are compatible"));
    environment.add_filter("date", move |day: String| date(language, &day));
    environment.add_filter("days", move |count: i64| days(language, count));
    environment.add_filter("remain", move |count: i64| remain(language, count));
    environment.add_filter("agreements", move |count: i64| agreements(language, count));
    environment.add_filter("code", |state: &State<'_, '_>, text: String| code(state, &text));
    environment
}

/// The ending of a file's name.
pub(super) fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}

fn chat_of(state: &State<'_, '_>) -> Option<WebhookFormat> {
    match state.auto_escape() {
        AutoEscape::Custom(name) => WebhookFormat::chats().find(|form| form.as_str() == name),
        _ => None,
    }
}

/// The filter `date`, which takes a day such as `2026-12-31`.
fn date(language: Language, day: &str) -> Result<String, minijinja::Error> {
    let day = day.parse().map_err(|_| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "`date` takes a day such as 2026-12-31")
    })?;
    Ok(locale::date(language, day))
}

/// The filter `remain`, for a number of days from now.
pub(super) fn remain(language: Language, count: i64) -> String {
    let days = days(language, count);
    match language {
        Language::Russian => format!("{} {days}", form(count, "остался", "осталось", "осталось")),
        Language::English => format!("{days} from now"),
    }
}

/// The filter `agreements`, for a number of further agreements.
fn agreements(language: Language, count: i64) -> String {
    match language {
        Language::Russian => {
            format!("{count}\u{a0}{}", form(count, "соглашение", "соглашения", "соглашений"))
        }
        Language::English => {
            format!("{count}\u{a0}more {}", if count == 1 { "agreement" } else { "agreements" })
        }
    }
}

/// The filter `code`, for a command, a file or a setting.
fn code(state: &State<'_, '_>, text: &str) -> Value {
    Value::from_safe_string(match (state.auto_escape(), chat_of(state)) {
        (AutoEscape::Html, _) => format!("<code>{}</code>", encode::html(text)),
        (_, Some(form)) => chat::value(form, text),
        (_, None) => format!("`{text}`"),
    })
}

/// Removes the second full stop where a sentence ends with `2026 г.`; chats may have escaped the first one.
pub(super) fn single_full_stops(language: Language, text: String) -> String {
    match language {
        Language::Russian => ["г.", "г\\."]
            .iter()
            .fold(text, |text, year| text.replace(&format!("\u{a0}{year}."), &format!("\u{a0}{year}"))),
        Language::English => text,
    }
}
