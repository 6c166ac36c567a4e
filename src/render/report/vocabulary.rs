//! The words of a report in each language.

use serde_json::Value;

use crate::render::encode;
use crate::render::vocabulary::redacted;
use crate::settings::Language;

/// The largest number of characters of a foreign text.
const TEXT_LIMIT: usize = 1_000;

/// The words of a language by name.
pub(super) fn words(language: Language) -> Value {
    let text = match language {
        Language::Russian => include_str!("ru.json"),
        Language::English => include_str!("en.json"),
    };
    serde_json::from_str(text).expect("a test reads both")
}

/// A sentence of the words with its placeholders replaced.
pub(super) fn fill(words: &Value, name: &str, values: &[(&str, &str)]) -> String {
    let sentence = words[name].as_str().unwrap_or_default().to_owned();
    values.iter().fold(sentence, |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
}

/// A foreign text, redacted and encoded; an extremely long one ends in an ellipsis.
pub(super) fn whole(foreign: &str) -> String {
    let redacted = redacted(foreign);
    match redacted.char_indices().nth(TEXT_LIMIT) {
        None => encode::visible(&redacted).into_owned(),
        Some((end, _)) => format!("{}…", encode::visible(&redacted[..end])),
    }
}
