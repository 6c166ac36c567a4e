//! Values as YAML: on one line in braces and brackets, or as lines of their own.
//!
//! What is written here is read back as the same value by this project, and as far as it can be helped by tools
//! that still read YAML 1.1 as well.

use serde_json::{Map, Value};

use crate::document::is_plain_text;

/// The longest line that is written on purpose.
const WIDTH: usize = 100;

/// How a text is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Not at all, where it can be.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
}

/// How lines are ended and moved in.
#[derive(Clone, Copy)]
pub(super) struct Writer<'text> {
    pub(super) newline: &'text str,
    /// How many columns a map stands further right than its key.
    pub(super) step: usize,
}

impl Writer<'_> {
    /// A document.
    pub(super) fn document(self, value: &Value) -> String {
        let body = if is_empty(value) || !is_collection(value) { flow(value) } else { self.lines(value, 0) };
        body + self.newline
    }

    /// A collection as lines of their own, of which each but the first stands at `column`.
    pub(super) fn lines(self, value: &Value, column: usize) -> String {
        let members: Vec<String> = match value {
            Value::Object(map) => map.iter().map(|(key, value)| self.entry(key, value, column)).collect(),
            Value::Array(list) => list.iter().map(|value| self.item(value, column, false)).collect(),
            _ => vec![flow(value)],
        };
        members.join(&self.line_at(column))
    }

    /// `key: value`, or the key and lines further right.
    pub(super) fn entry(self, key: &str, value: &Value, column: usize) -> String {
        let key = key_text(key);
        if wants_lines(value, column + key.chars().count() + 2) {
            let within = column + self.step;
            format!("{key}:{}{}", self.line_at(within), self.lines(value, within))
        } else {
            format!("{key}: {}", flow(value))
        }
    }

    /// `- value`. A map of several lines begins beside the dash, where it needs them or its neighbours have them.
    pub(super) fn item(self, value: &Value, column: usize, as_lines: bool) -> String {
        if wants_lines(value, column + 2) || (as_lines && is_collection(value) && !is_empty(value)) {
            format!("- {}", self.lines(value, column + 2))
        } else {
            format!("- {}", flow(value))
        }
    }

    /// A line break, and the way to a column.
    pub(super) fn line_at(self, column: usize) -> String {
        format!("{}{}", self.newline, " ".repeat(column))
    }
}

/// Whether a value is better read as lines than on the one line that it would begin at `column`.
pub(super) fn wants_lines(value: &Value, column: usize) -> bool {
    let is_deep = match value {
        Value::Object(map) => map.values().any(|within| is_collection(within) && !is_empty(within)),
        Value::Array(list) => list.iter().any(is_collection),
        _ => return false,
    };
    let is_chain = matches!(value, Value::Object(map) if map.len() == 1 && column > 0 && is_leaf_map(map));
    !is_empty(value) && ((is_deep && !is_chain) || column + flow(value).chars().count() > WIDTH)
}

/// Whether the one value of a map is a map of plain values.
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

/// A value on one line.
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

/// `key: value` on one line.
pub(super) fn flow_entry(key: &str, value: &Value) -> String {
    format!("{}: {}", key_text(key), flow(value))
}

fn key_text(key: &str) -> String {
    if is_bare(key) && is_plain_text(key) { key.to_owned() } else { double(key) }
}

/// A text in the quotes that are wanted, or in those that it needs.
pub(super) fn text_in(text: &str, quotes: Quotes) -> String {
    let fits_a_line = !text.chars().any(char::is_control);
    match quotes {
        Quotes::Plain if is_bare(text) && is_plain_text(text) && !is_doubtful(text) => text.to_owned(),
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

/// Whether a text can stand without quotes, in braces too.
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

/// Whether older tools read a plain text as something else: a flag, or a number to the base of sixty.
fn is_doubtful(text: &str) -> bool {
    let is_flag = ["y", "n", "yes", "no", "on", "off"].iter().any(|flag| text.eq_ignore_ascii_case(flag));
    let is_sixties =
        text.contains(':') && text.chars().all(|letter| letter.is_ascii_digit() || letter == ':');
    is_flag || is_sixties
}
