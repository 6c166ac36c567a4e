//! Turns schema validation errors into diagnostics: the position of the key or value, its text, and what to write.
//!
//! A secret is never quoted, and each value is reported once.

use jsonschema::error::ValidationErrorKind;
use serde_json::Value as Json;

use super::kind::DocumentKind;
use super::parse::{FAULT_LIMIT, missing_space};
use super::path::slug_like;
use super::schema::{derived, is_valid, takes, validator};
use super::secret::{from_environment, is_usual_name};
use super::text::quoted;
use super::text_kind;
use super::tree::{Node, NodeValue};
use crate::calendar::intended_day;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::nearest;

mod example;

/// Reports everything in a document that its schema does not allow.
pub(super) fn find(
    kind: DocumentKind,
    root: &Node,
    text: &str,
    reported: &[Span],
    faults: &mut Vec<Diagnostic>,
) {
    if is_valid(kind, root) {
        return;
    }
    let schema = derived(kind);
    for error in validator(kind).iter_errors(root) {
        let location = error.schema_path().as_str();
        let fragment = location.rfind('/').and_then(|end| schema.pointer(&location[..end]));
        let path = unescape(error.instance_path().as_str());
        let Some(node) = root.get(&path.iter().map(String::as_str).collect::<Vec<_>>()) else {
            continue;
        };
        let found = SchemaError { kind, fragment: fragment.unwrap_or(&Json::Null), path: &path, node, text };
        if found.is_secret() {
            // An earlier diagnostic about the value may quote the secret.
            faults.retain(|fault| fault.place.span != node.span);
        } else if reported.contains(&node.span) {
            continue;
        }
        faults.extend(found.diagnostics(error.kind()));
        if faults.len() > FAULT_LIMIT {
            faults.truncate(FAULT_LIMIT);
            let message = format!("the file has more than {FAULT_LIMIT} errors; the others are not shown");
            faults.push(Diagnostic::new(Code::E006, Span::of_file(root.span.file), message));
            return;
        }
    }
}

/// The keys and indices of a JSON pointer.
fn unescape(pointer: &str) -> Vec<String> {
    let steps = pointer.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// A validation error with its context.
struct SchemaError<'a> {
    kind: DocumentKind,
    /// The part of the schema that describes the value.
    fragment: &'a Json,
    path: &'a [String],
    node: &'a Node,
    text: &'a str,
}

impl SchemaError<'_> {
    fn diagnostics(&self, error: &ValidationErrorKind) -> Vec<Diagnostic> {
        let one = match error {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let reported = unexpected.iter().take(FAULT_LIMIT + 1);
                return reported
                    .filter(|key| !self.is_reported(key))
                    .map(|key| self.unknown_key(key))
                    .collect();
            }
            ValidationErrorKind::PropertyNames { error } => {
                self.bad_key(error.instance().as_str().unwrap_or_default())
            }
            // A value of another type is no allowed word either, and both errors get the same diagnostic.
            ValidationErrorKind::Type { .. } if self.fragment["enum"].is_array() && !self.is_secret() => {
                self.wrong_word(&self.fragment["enum"])
            }
            ValidationErrorKind::Type { .. } => self.wrong_type(),
            ValidationErrorKind::Pattern { .. }
            | ValidationErrorKind::AnyOf { .. }
            | ValidationErrorKind::MaxLength { .. } => self.wrong_text(),
            ValidationErrorKind::Enum { options } => self.wrong_word(options),
            ValidationErrorKind::Not { schema } => self.excluded(schema),
            ValidationErrorKind::Constant { expected_value }
                if expected_value.is_boolean() && !matches!(self.node.value, NodeValue::Bool(_)) =>
            {
                // The type is wrong as well, and reported.
                return Vec::new();
            }
            ValidationErrorKind::Constant { expected_value } => self.wrong(
                format!("{} has no effect here", self.source()),
                format!("write `{expected_value}`, or delete the key"),
            ),
            ValidationErrorKind::Required { property } => {
                let key = quoted(property.as_str().unwrap_or_default());
                let message = format!("{key} is missing in {}", self.subject());
                Diagnostic::new(Code::E010, self.node.span, message).help(format!("add {key}"))
            }
            ValidationErrorKind::MinItems { .. } => self.wrong(
                format!("{} is an empty list", self.subject()),
                "write at least one entry, or delete the key",
            ),
            ValidationErrorKind::Minimum { limit } => {
                self.wrong(format!("{} is too small", self.source()), format!("write {limit} or more"))
            }
            ValidationErrorKind::Maximum { limit } => {
                self.wrong(format!("{} is too large", self.source()), format!("write {limit} or less"))
            }
            other => self.wrong(
                format!("{} does not match the schema ({})", self.subject(), other.keyword()),
                "see `servanda explain E009`",
            ),
        };
        vec![one]
    }

    fn wrong(&self, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::E009, self.node.span, message).help(help)
    }

    /// The path of the value, for a message.
    fn subject(&self) -> String {
        // The position of the diagnostic identifies the item of a list better than its index.
        let keys = self.path.iter().filter(|step| !step.bytes().all(|byte| byte.is_ascii_digit()));
        match keys.map(String::as_str).collect::<Vec<_>>().join(".").as_str() {
            "" => "the file".to_owned(),
            keys => quoted(keys),
        }
    }

    /// The value as written, or its type for a list, a map or an empty text.
    fn source(&self) -> String {
        match &self.node.value {
            NodeValue::List(_) => "a list".to_owned(),
            NodeValue::Map(_) => "a map".to_owned(),
            NodeValue::Text(text) if text.is_empty() => "an empty text".to_owned(),
            NodeValue::Text(text) => quoted(text),
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_) => {
                quoted(self.as_written())
            }
        }
    }

    fn as_written(&self) -> &str {
        self.text.get(self.node.span.start as usize..self.node.span.end as usize).unwrap_or_default()
    }

    /// The kind of text that the schema expects.
    fn text_kind(&self) -> Option<&str> {
        self.fragment.get(super::shape::text::KIND).and_then(Json::as_str)
    }

    /// Whether the schema allows a JSON type here.
    fn takes(&self, name: &str) -> bool {
        takes(self.fragment, name)
    }

    /// Whether the value may be a secret and must not be quoted.
    fn is_secret(&self) -> bool {
        match (self.text_kind(), &self.node.value) {
            (Some("secret"), NodeValue::Map(_)) | (None, _) => false,
            (Some("secret"), _) => true,
            (Some(kind), NodeValue::Text(text)) if text_kind::is_address(kind) => text.contains(['@', '?']),
            _ => false,
        }
    }

    fn secret(&self) -> Diagnostic {
        let message = format!("{} contains a secret in clear text", self.subject());
        let fault = Diagnostic::new(Code::E013, self.node.span, message);
        if self.text_kind() == Some("url") && !self.takes("object") {
            return fault.help("remove the user name, password, key and query from the address, write the key as `access_key: { env: … }`, and have a new one issued, since Git keeps this one");
        }
        let variable = self.path.join("_").to_ascii_uppercase();
        fault.help(from_environment(&variable))
    }

    fn wrong_type(&self) -> Diagnostic {
        if self.is_secret() {
            return self.secret();
        }
        if let Some(fault) = self.missing_space() {
            return fault;
        }
        let expected = self.expected();
        let message = format!("{} takes {expected}, not {}", self.subject(), self.actual());
        let help = match &self.node.value {
            NodeValue::Text(_) if self.key_of_address().is_some() => {
                let key = self.key_of_address().unwrap_or_default();
                format!("write a map with the address under `{key}`: `{{ {key}: … }}`")
            }
            NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_)
                if self.takes("string") && self.text_kind().is_none_or(text_kind::takes_digits) =>
            {
                format!("write '{}' in quotes", self.as_written())
            }
            NodeValue::Text(text) if self.takes("boolean") && text_kind::as_flag(text).is_some() => {
                format!("write `{}`", text_kind::as_flag(text).unwrap_or_default())
            }
            NodeValue::Text(text) if self.lists_texts() && !self.takes("string") => {
                format!("write a list: `[{}]`", quoted(text).trim_matches('`'))
            }
            NodeValue::Text(text) if self.takes("integer") && text.parse::<i64>().is_ok() => {
                "remove the quotes".to_owned()
            }
            NodeValue::List(_) if self.takes("string") && !self.takes("array") => {
                "write one value without brackets".to_owned()
            }
            NodeValue::List(names) if self.takes("object") => {
                self.map_of(names).unwrap_or_else(|| self.example())
            }
            NodeValue::Map(map) if self.takes("array") => self.list_of(map).unwrap_or_else(|| self.example()),
            _ => self.example(),
        };
        self.wrong(message, help)
    }

    /// The diagnostic for a text in place of a map that begins with one of its keys and a colon.
    fn missing_space(&self) -> Option<Diagnostic> {
        let text = self.node.as_text().filter(|_| self.takes("object"))?;
        let (key, known) = (text.split(':').next()?, self.known_keys());
        let is_key = known.is_empty() || known.contains(&key) || nearest(key, known).is_some();
        missing_space(self.node.span.file, self.node.span.start as usize, text).filter(|_| is_key)
    }

    /// The only key of a map that takes an address.
    fn key_of_address(&self) -> Option<&str> {
        let is_of_address =
            |value: &Json| value[super::shape::text::KIND].as_str().is_some_and(text_kind::is_address);
        let mut keys =
            self.fragment["properties"].as_object()?.iter().filter(|(_, value)| is_of_address(value));
        let (key, _) = keys.next()?;
        keys.next().is_none().then_some(key)
    }

    /// The actual value with its type, for a message.
    fn actual(&self) -> String {
        match &self.node.value {
            NodeValue::Null => "nothing".to_owned(),
            NodeValue::Bool(_) => format!("the boolean {}", self.source()),
            NodeValue::Integer(_) | NodeValue::Float(_) => format!("the number {}", self.source()),
            // It may be an address with a password in it.
            NodeValue::Text(_) if self.key_of_address().is_some() => "a text".to_owned(),
            NodeValue::Text(_) => format!("the text {}", self.source()),
            NodeValue::List(_) | NodeValue::Map(_) => self.source(),
        }
    }

    /// The types that the schema allows, for a message.
    fn expected(&self) -> String {
        let names = match &self.fragment["type"] {
            Json::String(only) => vec![only.as_str()],
            Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let mut nouns = Vec::new();
        for name in names {
            match name {
                "string" => nouns.push(self.text_kind().map_or("a text", text_kind::noun)),
                "boolean" => {
                    let refused = &self.fragment["not"]["const"];
                    let flags = [("`true`", true), ("`false`", false)];
                    nouns.extend(flags.iter().filter(|(_, flag)| refused != flag).map(|(noun, _)| noun));
                }
                "integer" => nouns.push("a whole number"),
                "number" => nouns.push("a number"),
                "array" => nouns.push("a list"),
                _ => nouns.push("a map"),
            }
        }
        match nouns.split_last() {
            None => "something else".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }

    fn wrong_text(&self) -> Diagnostic {
        let kind = self.text_kind().unwrap_or("line");
        if self.is_secret() {
            return self.secret();
        }
        let text = self.node.as_text().unwrap_or_default();
        let noun = text_kind::noun(kind);
        match text_kind::invalid_value(kind, text) {
            Some(invalid) => {
                let fault = self.wrong(invalid.message, invalid.help);
                if let Some(near) = nearest(text, self.words_beside()) {
                    return fault.help(format!("did you mean `{near}`?")).meant(self.node.span, text, near);
                }
                match intended_day(text).filter(|_| kind == "day") {
                    Some(day) => {
                        fault.help(format!("write {day}")).meant(self.node.span, text, day.to_string())
                    }
                    None => fault,
                }
            }
            None if matches!(kind, "auto" | "off" | "drift") => {
                let message = format!("{} takes {}, not {}", self.subject(), self.expected(), self.source());
                self.wrong(message, self.example())
            }
            None if kind == "variable" && !is_usual_name(text) => self.wrong(
                format!("{} takes the name of a variable, not a secret itself", self.subject()),
                "write it as ITSM365_ACCESS_KEY; if this is a secret, have a new one issued, since Git keeps this one",
            ),
            None if text_kind::is_address(kind) => {
                self.wrong(format!("{} is not {noun}", self.subject()), self.example())
            }
            None => {
                let message = format!("{} is not {noun}", self.source());
                match slug_like(text).filter(|_| text_kind::is_of_slugs(kind)) {
                    Some(slug) => self.wrong(message, spelled(text, &slug)).meant(self.node.span, text, slug),
                    None => self.wrong(message, self.example()),
                }
            }
        }
    }

    /// The words that stand beside texts of the kind, such as `closed` beside hours.
    fn words_beside(&self) -> impl Iterator<Item = &str> {
        let choices = self.fragment["anyOf"].as_array().into_iter().flatten();
        choices.filter_map(|choice| choice["enum"].as_array()).flatten().filter_map(Json::as_str)
    }

    fn wrong_word(&self, options: &Json) -> Diagnostic {
        let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let near = self.node.as_text().and_then(|text| nearest(text, words.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", listed(&words)),
        };
        let message = format!("{} takes one of {}, not {}", self.subject(), listed(&words), self.source());
        let fault = self.wrong(message, help);
        match (near, self.node.as_text()) {
            (Some(near), Some(text)) => fault.meant(self.node.span, text, near),
            _ => fault,
        }
    }

    /// Two keys that exclude each other, or a boolean without meaning here.
    fn excluded(&self, schema: &Json) -> Diagnostic {
        let keys: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if let [first, second] = keys[..]
            && let Some(map) = self.node.as_map()
            && let (Some(first), Some(second)) = (map.entry(first), map.entry(second))
        {
            let (first, second) =
                if first.key_span < second.key_span { (first, second) } else { (second, first) };
            let message = format!("{} and {} exclude each other", quoted(&first.key), quoted(&second.key));
            return Diagnostic::new(Code::E014, second.key_span, message)
                .related(first.key_span, "the other key")
                .help("keep one of the two");
        }
        let flag = self.source();
        self.wrong(
            format!("{flag} has no effect at {}", self.subject()),
            format!("write {}", self.expected()),
        )
    }

    fn known_keys(&self) -> Vec<&str> {
        self.fragment["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    fn key_span(&self, key: &str) -> Span {
        self.node.as_map().and_then(|map| map.entry(key)).map_or(self.node.span, |entry| entry.key_span)
    }

    /// Whether a key without a value was reported as a key and a value without a space between them.
    fn is_reported(&self, key: &str) -> bool {
        let span = self.key_span(key);
        let is_empty = self.node.get(&[key]).is_some_and(|node| node.value == NodeValue::Null);
        is_empty && missing_space(span.file, span.start as usize, key).is_some()
    }

    fn unknown_key(&self, key: &str) -> Diagnostic {
        let known = self.known_keys();
        let inside = if self.path.is_empty() {
            format!(" in {}", self.kind.noun())
        } else {
            format!(" in {}", self.subject())
        };
        let fault =
            Diagnostic::new(Code::E008, self.key_span(key), format!("unknown key {}{inside}", quoted(key)));
        if self.path.is_empty() && text_kind::is_for_agreements_only(self.kind, key) {
            return fault
                .help("move it to the agreements that extend the template; a template cannot have this key");
        }
        if self.path.is_empty() && self.kind == DocumentKind::Agreement && key == "locked" {
            return fault.help("move it to a template; only a template can lock values");
        }
        let free: Vec<&str> =
            known.iter().copied().filter(|known| self.node.get(&[known]).is_none()).collect();
        let meant = text_kind::synonym(key)
            .filter(|key| known.contains(key))
            .or_else(|| nearest(key, free.iter().copied()));
        match (meant, self.parent_of(key)) {
            (Some(meant), _) => {
                fault.help(format!("did you mean `{meant}`?")).meant(self.key_span(key), key, meant)
            }
            (None, Some(parent)) => fault.help(format!("move it below `{parent}`")),
            (None, None) => fault.help(format!("use one of the keys {}", listed(&known))),
        }
    }

    /// The only key whose map has a key of this name, if there is one.
    fn parent_of(&self, key: &str) -> Option<&str> {
        let mut parents = self.fragment["properties"]
            .as_object()?
            .iter()
            .filter(|(_, below)| below["properties"].get(key).is_some());
        let parent = parents.next()?.0.as_str();
        parents.next().is_none().then_some(parent)
    }

    fn bad_key(&self, key: &str) -> Diagnostic {
        let kind = self.text_kind().unwrap_or("slug");
        let message = format!("{} is not {}", quoted(key), text_kind::noun(kind));
        let fault = Diagnostic::new(Code::E009, self.key_span(key), message);
        match slug_like(key).filter(|_| text_kind::is_of_slugs(kind)) {
            Some(slug) => fault.help(spelled(key, &slug)).meant(self.key_span(key), key, slug),
            None => fault.help(
                text_kind::example(kind).map_or_else(String::new, |example| format!("write it as {example}")),
            ),
        }
    }
}

/// The help with the slug that was meant, and with the letter of a text that only looks like one of it.
fn spelled(text: &str, slug: &str) -> String {
    match text.chars().find(|letter| ('\u{400}'..='\u{4ff}').contains(letter)) {
        Some(letter) => format!("write {} in Latin letters: `{letter}` is Cyrillic", quoted(slug)),
        None => format!("write {}", quoted(slug)),
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
