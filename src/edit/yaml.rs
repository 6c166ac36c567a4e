//! Formats values as YAML: on one line in braces and brackets, or as several lines.
//!
//! The output parses to the same value, as far as possible also in tools that still use YAML 1.1.

use serde_json::{Map, Value};

use crate::document::is_plain_text;

/// The preferred largest width of a line.
const WIDTH: usize = 100;

/// The quotes around a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// None, where possible.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
}

/// Writes YAML with a line ending and an indentation step.
#[derive(Clone, Copy)]
pub(super) struct YamlWriter<'text> {
    pub(super) newline: &'text str,
    /// The indentation of a map relative to its key, in columns.
    pub(super) step: usize,
}

impl YamlWriter<'_> {
    /// Writes a document.
    pub(super) fn document(self, value: &Value) -> String {
        let body = if is_empty(value) || !is_collection(value) { flow(value) } else { self.lines(value, 0) };
        body + self.newline
    }

    /// Writes a collection as several lines, all but the first indented by `column`.
    pub(super) fn lines(self, value: &Value, column: usize) -> String {
        let members: Vec<String> = match value {
            Value::Object(map) => map.iter().map(|(key, value)| self.entry(key, value, column)).collect(),
            Value::Array(list) => list.iter().map(|value| self.item(value, column, false)).collect(),
            _ => vec![flow(value)],
        };
        members.join(&self.line_at(column))
    }

    /// Writes `key: value`, or the key followed by indented lines.
    pub(super) fn entry(self, key: &str, value: &Value, column: usize) -> String {
        let key = key_text(key);
        if wants_lines(value, column + key.chars().count() + 2) {
            let within = column + self.step;
            format!("{key}:{}{}", self.line_at(within), self.lines(value, within))
        } else {
            format!("{key}: {}", flow(value))
        }
    }

    /// Writes `- value`. A map begins next to the dash if it needs several lines, or if its neighbours have them.
    pub(super) fn item(self, value: &Value, column: usize, as_lines: bool) -> String {
        if wants_lines(value, column + 2) || (as_lines && is_collection(value) && !is_empty(value)) {
            format!("- {}", self.lines(value, column + 2))
        } else {
            format!("- {}", flow(value))
        }
    }

    /// A line break and indentation.
    pub(super) fn line_at(self, column: usize) -> String {
        format!("{}{}", self.newline, " ".repeat(column))
    }
}

/// Whether a value should be written as several lines, if it would begin at `column` of a line.
pub(super) fn wants_lines(value: &Value, column: usize) -> bool {
    let is_deep = match value {
        Value::Object(map) => map.values().any(|within| is_collection(within) && !is_empty(within)),
        Value::Array(list) => list.iter().any(is_collection),
        _ => return false,
    };
    let is_chain = matches!(value, Value::Object(map) if map.len() == 1 && column > 0 && is_leaf_map(map));
    !is_empty(value) && ((is_deep && !is_chain) || column + flow(value).chars().count() > WIDTH)
}

/// Whether every value of a map is a map of scalars.
fn is_leaf_map(map: &Map<String, Value>) -> bool {
    map.values().all(|within| match within {
        Value::Object(below) => below.values().all(|value| !is_collection(value)),
        _ => false,
    })
}

fn is_collection(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Writes a value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| flow_entry(key, value)).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => text_in(text, Quotes::Plain),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Writes `key: value` on one line.
pub(super) fn flow_entry(key: &str, value: &Value) -> String {
    format!("{}: {}", key_text(key), flow(value))
}

fn key_text(key: &str) -> String {
    if is_bare(key) && is_plain_text(key) { key.to_owned() } else { double(key) }
}

/// Writes a text in the wanted quotes, or in the ones that it needs.
pub(super) fn text_in(text: &str, quotes: Quotes) -> String {
    let fits_a_line = !text.chars().any(char::is_control);
    match quotes {
        Quotes::Plain if is_bare(text) && is_plain_text(text) && !is_ambiguous(text) => text.to_owned(),
        Quotes::Single if fits_a_line => format!("'{}'", text.replace('\'', "''")),
        Quotes::Plain | Quotes::Single | Quotes::Double => double(text),
    }
}

fn double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text needs no quotes, even within braces.
fn is_bare(text: &str) -> bool {
    let indicators = "-?:,[]{}#&*!|>'\"%@`";
    let begins_well = text.starts_with(|first: char| !indicators.contains(first) && !first.is_whitespace());
    let ends_well = !text.ends_with([':', ' ']);
    begins_well
        && ends_well
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|inner: char| ",[]{}".contains(inner) || inner.is_control())
        && !text.starts_with("...")
}

/// Whether YAML 1.1 reads a plain text as another value: a boolean or a sexagesimal number.
fn is_ambiguous(text: &str) -> bool {
    let is_flag = ["y", "n", "yes", "no", "on", "off"].iter().any(|flag| text.eq_ignore_ascii_case(flag));
    let is_sixties =
        text.contains(':') && text.chars().all(|letter| letter.is_ascii_digit() || letter == ':');
    is_flag || is_sixties
}
