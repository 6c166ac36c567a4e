//! The vocabulary of the sandbox's pages, in Russian and in English.

use minijinja::Value as Part;
use minijinja::value::ValueKind;
use serde_json::Value;

use crate::calendar::Day;
use crate::render::encode;
use crate::render::locale::{date, form};
use crate::settings::Language;

/// Formats a stored day in the language; any other text is only made safe to show.
pub(super) fn day(language: Language, stored: &str) -> String {
    let label = stored.get(..10).map(|label| label.replace('.', "-"));
    let day = label.and_then(|label| label.parse::<Day>().ok());
    day.map_or_else(|| encode::visible(stored).into_owned(), |day| date(language, day))
}

/// All texts of a language by name.
pub(super) fn words(language: Language) -> Value {
    let text = match language {
        Language::Russian => include_str!("ru.json"),
        Language::English => include_str!("en.json"),
    };
    serde_json::from_str(text).expect("a test parses both")
}

/// The name of an attribute, or its code if it has none.
pub(super) fn attribute(language: Language, code: &str) -> String {
    words(language)["attributes"][code]
        .as_str()
        .map_or_else(|| encode::visible(code).into_owned(), str::to_owned)
}

/// A number with the matching form of a noun.
pub(super) fn plural(language: Language, number: i64, noun: &str) -> String {
    let words = words(language);
    let forms = &words["nouns"][noun];
    let noun_form = |index: usize| forms[index].as_str().unwrap_or_default();
    let form = match language {
        Language::Russian => form(number, noun_form(0), noun_form(1), noun_form(2)),
        Language::English => noun_form(usize::from(number != 1)),
    };
    format!("{number}\u{a0}{form}")
}

/// Formats a value of the interface: a text, a reference by its title, a set of references, a day, or a duration.
pub(super) fn value(language: Language, stored: &Part) -> String {
    let part = |name: &str| stored.get_attr(name).ok().filter(|part| !part.is_undefined() && !part.is_none());
    match stored.kind() {
        ValueKind::Seq => {
            let items: Vec<String> =
                stored.try_iter().into_iter().flatten().map(|item| value(language, &item)).collect();
            if items.is_empty() { "–".to_owned() } else { items.join(", ") }
        }
        ValueKind::Map => match (part("title"), part("length"), part("interval")) {
            (Some(title), ..) => value(language, &title),
            (None, Some(length), Some(unit)) => duration(language, &length, &unit),
            _ => encode::visible(&stored.to_string()).into_owned(),
        },
        ValueKind::None | ValueKind::Undefined => "–".to_owned(),
        ValueKind::Bool => {
            let name = if stored.is_true() { "yes" } else { "no" };
            words(language)[name].as_str().unwrap_or_default().to_owned()
        }
        _ => {
            let text = stored.to_string();
            let is_day = text.len() == 19 && text.ends_with(" 00:00:00");
            let state = words(language)["states"][&text].as_str().map(str::to_owned);
            match state {
                Some(state) => state,
                None if is_day => day(language, &text),
                None => encode::visible(&text).into_owned(),
            }
        }
    }
}

fn duration(language: Language, length: &Part, unit: &Part) -> String {
    let words = words(language);
    let unit = unit.to_string();
    let name =
        words["units"][&unit].as_str().map_or_else(|| encode::visible(&unit).into_owned(), str::to_owned);
    format!("{length}\u{a0}{name}")
}
