//! What the schema finds wrong becomes a diagnostic for people: the place of the key or value, what stands
//! there as it is written, and what to write.
//!
//! A secret is never quoted, and nothing is said twice about one value.

use jsonschema::error::ValidationErrorKind as Fault;
use serde_json::Value as Json;

use super::kind::DocumentKind;
use super::parse::FAULT_LIMIT;
use super::path::slug_like;
use super::schema::{derived, validator};
use super::text::quoted;
use super::text_kind;
use super::tree::{Node, NodeValue};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::nearest;

/// Finds all that a document's schema does not allow.
pub(super) fn find(
    kind: DocumentKind,
    root: &Node,
    text: &str,
    settled: &[Span],
    faults: &mut Vec<Diagnostic>,
) {
    let validator = validator(kind);
    if validator.is_valid(root) {
        return;
    }
    let schema = derived(kind);
    for error in validator.iter_errors(root) {
        let location = error.schema_path().as_str();
        let fragment = location.rfind('/').and_then(|end| schema.pointer(&location[..end]));
        let path = unescape(error.instance_path().as_str());
        let Some(node) = root.get(&path.iter().map(String::as_str).collect::<Vec<_>>()) else {
            continue;
        };
        let found = Found { kind, fragment: fragment.unwrap_or(&Json::Null), path: &path, node, text };
        if found.is_secret() {
            // What was said about the value before has quoted it.
            faults.retain(|fault| fault.place.span != node.span);
        } else if settled.contains(&node.span) {
            continue;
        }
        faults.extend(found.diagnostics(error.kind()));
        if faults.len() > FAULT_LIMIT {
            faults.truncate(FAULT_LIMIT);
            let message = format!("the file has more than {FAULT_LIMIT} faults; the others are not shown");
            faults.push(Diagnostic::new(Code::E006, Span::of_file(root.span.file), message));
            return;
        }
    }
}

/// The keys and list places of a JSON pointer.
fn unescape(pointer: &str) -> Vec<String> {
    let steps = pointer.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// A fault with all that is known around it.
struct Found<'a> {
    kind: DocumentKind,
    /// The part of the schema that speaks of the value.
    fragment: &'a Json,
    path: &'a [String],
    node: &'a Node,
    text: &'a str,
}

impl Found<'_> {
    fn diagnostics(&self, fault: &Fault) -> Vec<Diagnostic> {
        let one = match fault {
            Fault::AdditionalProperties { unexpected } => {
                let told = unexpected.iter().take(FAULT_LIMIT + 1);
                return told.map(|key| self.unknown_key(key)).collect();
            }
            Fault::PropertyNames { error } => self.bad_key(error.instance().as_str().unwrap_or_default()),
            Fault::Type { .. } => self.wrong_type(),
            Fault::Pattern { .. } | Fault::AnyOf { .. } | Fault::MaxLength { .. } => self.wrong_text(),
            Fault::Enum { options } => self.wrong_word(options),
            Fault::Not { schema } => self.refused(schema),
            Fault::Constant { expected_value } => self.wrong(
                format!("{} says nothing here", self.source()),
                format!("write `{expected_value}`, or leave it out"),
            ),
            Fault::Required { property } => {
                let key = quoted(property.as_str().unwrap_or_default());
                let message = format!("{} lacks {key}", self.subject());
                Diagnostic::new(Code::E010, self.node.span, message)
                    .help(format!("write {key} and its value"))
            }
            Fault::MinItems { .. } => self.wrong(
                format!("{} is an empty list", self.subject()),
                "write at least one entry, or delete the key",
            ),
            Fault::Minimum { limit } => {
                self.wrong(format!("{} is too small", self.source()), format!("write {limit} or more"))
            }
            Fault::Maximum { limit } => {
                self.wrong(format!("{} is too large", self.source()), format!("write {limit} or less"))
            }
            other => self.wrong(
                format!("{} does not fit ({})", self.subject(), other.keyword()),
                "see the page of the rule",
            ),
        };
        vec![one]
    }

    fn wrong(&self, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::E009, self.node.span, message).help(help)
    }

    /// The path of the value in a sentence.
    fn subject(&self) -> String {
        // Which entry of a list it is, its place says better than a number.
        let keys = self.path.iter().filter(|step| !step.bytes().all(|byte| byte.is_ascii_digit()));
        match keys.map(String::as_str).collect::<Vec<_>>().join(".").as_str() {
            "" => "the file".to_owned(),
            keys => quoted(keys),
        }
    }

    /// The value as it is written, or what it is where it is longer than a word.
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

    /// What the schema says that a text here is.
    fn word(&self) -> Option<&str> {
        self.fragment.get(super::shape::text::KIND).and_then(Json::as_str)
    }

    fn takes(&self, name: &str) -> bool {
        match &self.fragment["type"] {
            Json::String(only) => only == name,
            Json::Array(names) => names.iter().any(|one| one == name),
            _ => false,
        }
    }

    /// Whether the value may be a secret that must not be shown.
    fn is_secret(&self) -> bool {
        match (self.word(), &self.node.value) {
            (Some("secret"), NodeValue::Map(_)) | (None, _) => false,
            (Some("secret"), _) => true,
            (Some("url" | "open_address"), NodeValue::Text(text)) => text.contains(['@', '?']),
            _ => false,
        }
    }

    fn secret(&self) -> Diagnostic {
        let message = format!("a secret stands in clear text at {}", self.subject());
        let fault = Diagnostic::new(Code::E013, self.node.span, message);
        if self.word() == Some("url") && !self.takes("object") {
            return fault.help("take name, password, key and query out of the address; the key goes to `access_key: { env: … }`, and a new one is needed, since Git keeps this one");
        }
        let variable = self.path.join("_").to_ascii_uppercase();
        fault.help(format!(
            "write `{{ env: SERVANDA_{variable} }}`, keep the value in that variable of the environment, and change it, since Git keeps this one"
        ))
    }

    fn wrong_type(&self) -> Diagnostic {
        if self.is_secret() {
            return self.secret();
        }
        let expected = self.expected();
        let message = format!("{} takes {expected}, and here stands {}", self.subject(), self.standing());
        let help = match &self.node.value {
            NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_)
                if self.takes("string") && self.word().is_none_or(text_kind::takes_digits) =>
            {
                format!("write '{}' in quotes", self.as_written())
            }
            NodeValue::Text(text) if self.takes("boolean") && text_kind::means_flag(text).is_some() => {
                format!("write `{}`", text_kind::means_flag(text).unwrap_or_default())
            }
            NodeValue::Text(text) if self.takes("array") && !self.takes("string") => {
                format!("write a list: `[{}]`", quoted(text).trim_matches('`'))
            }
            NodeValue::Text(text) if self.takes("integer") && text.parse::<i64>().is_ok() => {
                "leave the quotes out".to_owned()
            }
            NodeValue::List(_) if self.takes("string") && !self.takes("array") => {
                "write one value without brackets".to_owned()
            }
            _ => self.example(),
        };
        self.wrong(message, help)
    }

    /// What stands there, by its type.
    fn standing(&self) -> String {
        match &self.node.value {
            NodeValue::Null => "nothing".to_owned(),
            NodeValue::Bool(_) => format!("{}, which is no text", self.source()),
            NodeValue::Integer(_) | NodeValue::Float(_) => format!("the number {}", self.source()),
            NodeValue::Text(_) => format!("the text {}", self.source()),
            NodeValue::List(_) | NodeValue::Map(_) => self.source(),
        }
    }

    /// What the schema takes, in words.
    fn expected(&self) -> String {
        let names = match &self.fragment["type"] {
            Json::String(only) => vec![only.as_str()],
            Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let mut nouns = Vec::new();
        for name in names {
            match name {
                "string" => nouns.push(self.word().map_or("a text", text_kind::noun)),
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

    /// What to write, from the schema alone.
    fn example(&self) -> String {
        if let Some(example) = self.word().and_then(text_kind::example) {
            return format!("write it as {example}");
        }
        let keys = self.known_keys();
        if keys.is_empty() || !self.takes("object") {
            return "see the page of the field: `servanda schema`, or hover over the key in an editor"
                .to_owned();
        }
        format!("write a map with keys among {}", listed(&keys))
    }

    fn wrong_text(&self) -> Diagnostic {
        let word = self.word().unwrap_or("line");
        if self.is_secret() {
            return self.secret();
        }
        let text = self.node.as_text().unwrap_or_default();
        let noun = text_kind::noun(word);
        match text_kind::misread(word, text) {
            Some(misread) => self.wrong(misread.message, misread.help),
            None if matches!(word, "auto" | "off" | "drift") => {
                let message = format!(
                    "{} takes {}, and here stands {}",
                    self.subject(),
                    self.expected(),
                    self.source()
                );
                self.wrong(message, self.example())
            }
            None if matches!(word, "url" | "open_address") => {
                self.wrong(format!("{} is not {noun}", self.subject()), self.example())
            }
            None => {
                let offered = slug_like(text).filter(|_| text_kind::is_of_slugs(word));
                let help = offered.map_or_else(|| self.example(), |slug| format!("write {}", quoted(&slug)));
                self.wrong(format!("{} is not {noun}", self.source()), help)
            }
        }
    }

    fn wrong_word(&self, options: &Json) -> Diagnostic {
        let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let near = self.node.as_text().and_then(|text| nearest(text, words.iter().copied()));
        let help = match near {
            Some(near) => format!("write `{near}`"),
            None => format!("write one of {}", listed(&words)),
        };
        self.wrong(
            format!("{} takes one of {}, and here stands {}", self.subject(), listed(&words), self.source()),
            help,
        )
    }

    /// Two keys of which one can stand, or a flag that says nothing.
    fn refused(&self, schema: &Json) -> Diagnostic {
        let keys: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if let [first, second] = keys[..]
            && let Some(map) = self.node.as_map()
            && let (Some(first), Some(second)) = (map.entry(first), map.entry(second))
        {
            let (first, second) =
                if first.key_span < second.key_span { (first, second) } else { (second, first) };
            let message = format!("{} and {} cannot both hold", quoted(&first.key), quoted(&second.key));
            return Diagnostic::new(Code::E014, second.key_span, message)
                .related(first.key_span, "the other one")
                .help("keep one of the two");
        }
        let flag = self.source();
        self.wrong(format!("{flag} says nothing at {}", self.subject()), format!("write {}", self.expected()))
    }

    fn known_keys(&self) -> Vec<&str> {
        self.fragment["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    fn key_span(&self, key: &str) -> Span {
        self.node.as_map().and_then(|map| map.entry(key)).map_or(self.node.span, |entry| entry.key_span)
    }

    fn unknown_key(&self, key: &str) -> Diagnostic {
        let known = self.known_keys();
        let inside = if self.path.is_empty() {
            format!(" in {}", self.kind.noun())
        } else {
            format!(" in {}", self.subject())
        };
        let fault = Diagnostic::new(
            Code::E008,
            self.key_span(key),
            format!("nobody knows the key {}{inside}", quoted(key)),
        );
        if self.path.is_empty() && text_kind::belongs_to_agreements(self.kind, key) {
            return fault
                .help("a template cannot have this key: move it to the agreements that extend the template");
        }
        if self.path.is_empty() && self.kind == DocumentKind::Agreement && key == "locked" {
            return fault.help("only a template can lock what it gives");
        }
        let free: Vec<&str> =
            known.iter().copied().filter(|known| self.node.get(&[known]).is_none()).collect();
        let meant = text_kind::synonym(key)
            .filter(|word| known.contains(word))
            .or_else(|| nearest(key, free.iter().copied()));
        fault.help(match (meant, self.below(key)) {
            (Some(meant), _) => format!("write `{meant}`"),
            (None, Some(parent)) => format!("write it below `{parent}`"),
            (None, None) => format!("the keys here are {}", listed(&known)),
        })
    }

    /// The one key below which a key would be known.
    fn below(&self, key: &str) -> Option<&str> {
        let mut parents = self.fragment["properties"]
            .as_object()?
            .iter()
            .filter(|(_, below)| below["properties"].get(key).is_some());
        let parent = parents.next()?.0.as_str();
        parents.next().is_none().then_some(parent)
    }

    fn bad_key(&self, key: &str) -> Diagnostic {
        let kind = self.word().unwrap_or("slug");
        let message = format!("{} is not {}", quoted(key), text_kind::noun(kind));
        let fault = Diagnostic::new(Code::E009, self.key_span(key), message);
        match slug_like(key).filter(|_| text_kind::is_of_slugs(kind)) {
            Some(slug) => fault.help(format!("write {}", quoted(&slug))),
            None => fault.help(
                text_kind::example(kind).map_or_else(String::new, |example| format!("write it as {example}")),
            ),
        }
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
