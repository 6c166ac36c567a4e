//! The words of a report in each language.

use serde_json::Value;

use crate::settings::Language;

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
