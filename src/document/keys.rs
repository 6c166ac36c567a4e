//! Lists the keys of each kind of file with type, default and example, as the reference shows them.

use serde_json::Value;

use super::kind::DocumentKind;
use super::schema::derived;
use super::shape::text::KIND;
use super::text_kind::noun;

/// A key that a kind of file may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The way from the top of the file: `period.first_day`, `suspensions[].from`, `services.<service>.calendar`.
    pub path: String,
    /// The type of its value, as words: `a day`, `` `true` or `false` ``.
    pub value: String,
    /// The description, without default and example.
    pub description: String,
    /// The value where the key is missing.
    pub default: Option<String>,
    /// A value as an example.
    pub example: Option<String>,
}

/// The description of a kind of file.
pub fn description(kind: DocumentKind) -> String {
    derived(kind)["description"].as_str().unwrap_or_default().to_owned()
}

/// The keys of a kind of file, in the order of its schema. The entries of `clients` in a set have the keys of an
/// agreement, and are not listed again.
pub fn keys(kind: DocumentKind) -> Vec<Key> {
    let mut found = Vec::new();
    add(derived(kind), "", &mut found);
    found
}

fn add(schema: &Value, path: &str, found: &mut Vec<Key>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let (description, default, example) = split(below["description"].as_str().unwrap_or_default());
        found.push(Key { path: path.clone(), value: value_of(below), description, default, example });
        if path != "clients" || below["additionalProperties"]["properties"]["period"].is_null() {
            add(below, &path, found);
        }
    }
    if schema["items"].is_object() {
        add(&schema["items"], &format!("{path}[]"), found);
    }
    if schema["additionalProperties"].is_object() {
        let name = schema["propertyNames"][KIND].as_str().unwrap_or("name");
        add(&schema["additionalProperties"], &format!("{path}.<{name}>"), found);
    }
}

/// The type of a value, as words.
fn value_of(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return any_of(words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or_default())));
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(only) => vec![only.as_str()],
        _ => Vec::new(),
    };
    any_of(types.into_iter().map(|name| match name {
        "boolean" => flag(schema),
        "integer" => whole_number(schema),
        "array" => format!("a list: {}", value_of(&schema["items"])),
        "object" => "a map".to_owned(),
        _ => text(schema),
    }))
}

fn flag(schema: &Value) -> String {
    match schema["not"]["const"].as_bool() {
        Some(excluded) => format!("`{}`", !excluded),
        None => "`true` or `false`".to_owned(),
    }
}

fn text(schema: &Value) -> String {
    let words =
        schema["anyOf"].as_array().into_iter().flatten().filter_map(|choice| choice["enum"].as_array());
    let words = words.flatten().filter_map(Value::as_str).map(|word| format!("`{word}`"));
    let kind = schema[KIND].as_str().unwrap_or_default();
    any_of(words.chain([noun(kind).to_owned()]))
}

fn whole_number(schema: &Value) -> String {
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
        (Some(least), None) => format!("a whole number, at least {least}"),
        _ => "a whole number".to_owned(),
    }
}

fn any_of(choices: impl Iterator<Item = String>) -> String {
    let mut choices: Vec<String> = choices.collect();
    let Some(last) = choices.pop() else {
        return "any value".to_owned();
    };
    if choices.is_empty() { last } else { format!("{} or {last}", choices.join(", ")) }
}

/// Splits a description into the text, the default and the example.
fn split(description: &str) -> (String, Option<String>, Option<String>) {
    let (mut text, mut default, mut example) = (Vec::new(), None, None);
    for sentence in sentences(description) {
        if let Some(value) = sentence.strip_prefix("Default: ") {
            default = Some(value.trim_end_matches('.').to_owned());
        } else if let Some(value) = sentence.strip_prefix("Example: ") {
            example = Some(value.trim_end_matches('.').to_owned());
        } else {
            text.push(sentence);
        }
    }
    (text.join(" "), default, example)
}

/// The sentences of a text. A full stop within backticks ends none.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_code) = (0, false);
    for (at, letter) in text.char_indices() {
        is_code ^= letter == '`';
        if letter == ' ' && !is_code && text[..at].ends_with('.') {
            found.push(text[start..at].trim());
            start = at;
        }
    }
    found.push(text[start..].trim());
    found
}
