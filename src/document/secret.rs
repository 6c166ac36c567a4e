//! Hides what may be a secret in settings that have errors, from excerpts and messages.
//!
//! The schema finds a secret only where a secret belongs. A key with a typing error, a text in place of a map, and a file that
//! is not YAML show it elsewhere. Only what cannot be a secret is therefore shown: keys, and the values of keys that take
//! none. The schema allows no secret but in the path of an address.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

use super::kind::DocumentKind;
use super::schema::{derived, takes};
use super::shape::text::KIND;
use super::text::{quoted, span};
use super::text_kind::is_address;
use super::tree::{Node, NodeMap, NodeValue};
use crate::diagnostic::{Code, Diagnostic, FileId, Repair, Span};
use crate::ident::nearest;

/// The keys of secrets.
const NAMES: [&str; 3] = ["access_key", "password", "secret"];
/// Parts of the key of a secret, without hyphens and underscores.
const PARTS: [&str; 7] = ["accesskey", "apikey", "password", "passwd", "passphrase", "secret", "token"];
/// The longest unknown key that is shown, in letters. Longer ones may be a secret.
const LONGEST_KEY: usize = 24;
/// Structure of YAML, which is shown everywhere.
const STRUCTURE: [char; 9] = ['{', '}', '[', ']', ',', ':', '-', '"', '\''];

/// Every word of the schema of settings: keys, and values that can be chosen.
static WORDS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let mut words = BTreeSet::new();
    add_words(derived(DocumentKind::Settings), &mut words);
    words
});

fn add_words(schema: &'static Json, words: &mut BTreeSet<&'static str>) {
    match schema {
        Json::Object(fields) => {
            let keys = fields.get("properties").and_then(Json::as_object).into_iter().flatten();
            words.extend(keys.map(|(key, _)| key.as_str()));
            let choices = fields.get("enum").and_then(Json::as_array).into_iter().flatten();
            words.extend(choices.filter_map(Json::as_str));
            fields.values().for_each(|below| add_words(below, words));
        }
        Json::Array(items) => items.iter().for_each(|below| add_words(below, words)),
        _ => {}
    }
}

/// Hides what may be a secret in the faults of settings, and reports secrets that are not reported yet. `root` is the
/// tree of the file, or `None` if it is not YAML.
pub(super) fn hide(file: FileId, text: &str, root: Option<&Node>, faults: &mut Vec<Diagnostic>) {
    let mut search = Search { text, ..Search::default() };
    match root {
        Some(root) => search.node(root, derived(DocumentKind::Settings)),
        None => search.show_keys(),
    }
    for (place, key) in &search.secrets {
        if !faults.iter().any(|fault| fault.code == Code::E013 && overlap(fault.place.span, *place)) {
            faults.push(in_clear_text(*place, key.as_deref()));
        }
    }
    let hidden = search.hidden(root.is_some());
    let words = search.words(&hidden);
    let hidden: Vec<Span> = hidden.into_iter().map(|place| span(file, place.start, place.end)).collect();
    let hidden = Arc::new(hidden);
    for fault in faults {
        if fault.code != Code::E013 && repeats(fault, &words) {
            let title = fault.code.title();
            fault.message = format!("{title}; what stands here is not repeated, since it may be a secret");
            fault.help = Some(format!("see `servanda explain {}`", fault.code).into());
            let labels = fault.related.iter_mut().chain([&mut fault.place]);
            labels.for_each(|label| label.text = Box::default());
        }
        // A repair shows the text in its place, and lines around it.
        fault.repair.take_if(|repair| match &**repair {
            Repair::Word { wrong, right, .. } => {
                let is_clean = root.is_some() && search.secrets.is_empty();
                !is_clean || [wrong, right].into_iter().any(|text| says(text, &words))
            }
            Repair::Tabs(_) => text.contains("://") || split(text).any(names_secret),
            Repair::Rename(..) => false,
        });
        fault.hidden = Some(Arc::clone(&hidden));
    }
}

/// Hides the addresses of sound settings in excerpts for other faults, since the path of one may be a secret.
pub(crate) fn hide_addresses(root: &Node, faults: &mut [Diagnostic]) {
    // The schema with kinds is generated for the first error, and not at each start.
    if faults.is_empty() {
        return;
    }
    let mut search = Search::default();
    search.node(root, derived(DocumentKind::Settings));
    let places = search.values.iter().map(|place| span(root.span.file, place.start, place.end));
    let places: Arc<Vec<Span>> = Arc::new(places.collect());
    for fault in faults {
        fault.hidden = Some(Arc::clone(&places));
    }
}

fn in_clear_text(place: Span, key: Option<&str>) -> Diagnostic {
    match key {
        Some(key) => {
            Diagnostic::new(Code::E013, place, format!("{} contains a secret in clear text", quoted(key)))
                .help(from_environment(&key.to_ascii_uppercase().replace('-', "_")))
        }
        None => Diagnostic::new(Code::E013, place, "the address contains a secret in clear text").help(
            "remove the user name, password and key from it, or write it as `{ env: NAME }` where the key allows that, and have a new secret issued, since Git keeps this one",
        ),
    }
}

/// The help with the variable to name in place of a secret.
pub(super) fn from_environment(name: &str) -> String {
    format!(
        "write `{{ env: SERVANDA_{name} }}`, set that environment variable, and have a new secret issued, since Git keeps this one"
    )
}

/// Whether a text is the name of a variable as names usually are, so that it is no secret.
pub(super) fn is_usual_name(text: &str) -> bool {
    let name = text.trim_start_matches(['$', '{']).trim_end_matches('}');
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}

fn overlap(one: Span, other: Span) -> bool {
    one.file == other.file && one.start < other.end && other.start < one.end
}

/// Whether a fault repeats one of some words.
fn repeats(fault: &Diagnostic, words: &BTreeSet<&str>) -> bool {
    let labels = fault.related.iter().chain([&fault.place]).map(|label| &*label.text);
    labels.chain([&*fault.message]).chain(fault.help.as_deref()).any(|said| says(said, words))
}

/// Whether a text contains one of some words, or the beginning of one, since long texts are quoted up to a limit.
fn says(text: &str, words: &BTreeSet<&str>) -> bool {
    let is_cut = |word: &str| {
        let rest = &text[offset(text, word) + word.len()..];
        rest.starts_with('…') && words.iter().any(|hidden| hidden.starts_with(word))
    };
    split(text).any(|word| words.contains(word) || is_cut(word))
}

/// The offset of a part of a text.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// The words of a text.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}

/// The search for what is shown in a file, and for secrets in it.
#[derive(Default)]
struct Search<'a> {
    text: &'a str,
    /// The places of keys, and of values that cannot be secrets.
    shown: Vec<Range<usize>>,
    /// The places of values that may be secrets.
    values: Vec<Range<usize>>,
    /// Secrets in clear text, each with its key; `None` for an address that contains one.
    secrets: Vec<(Span, Option<String>)>,
}

impl<'a> Search<'a> {
    fn node(&mut self, node: &'a Node, schema: &'static Json) {
        let takes = |name: &str| takes(schema, name);
        let kind = schema[KIND].as_str();
        let is_secret = kind.is_some_and(|kind| kind == "secret" || is_address(kind));
        match &node.value {
            NodeValue::Map(map) if takes("object") => self.map(map, schema, is_secret),
            NodeValue::List(items) if takes("array") => {
                items.iter().for_each(|item| self.node(item, &schema["items"]));
            }
            NodeValue::Map(_) | NodeValue::List(_) => self.hide(node, None),
            NodeValue::Null => {}
            NodeValue::Text(text) if kind == Some("variable") && is_usual_name(text) => self.show(node.span),
            _ if is_secret || kind == Some("variable") => self.hide(node, None),
            NodeValue::Text(_) if !takes("string") && (takes("object") || takes("array")) => {
                self.hide(node, None);
            }
            _ => self.show(node.span),
        }
    }

    fn map(&mut self, map: &'a NodeMap, schema: &'static Json, is_secret: bool) {
        let known = &schema["properties"];
        for entry in map {
            if let Some(below) = known.get(&*entry.key) {
                self.show(entry.key_span);
                self.node(&entry.node, below);
            } else if schema["additionalProperties"].is_object() {
                self.show(entry.key_span);
                self.node(&entry.node, &schema["additionalProperties"]);
            } else {
                let names = known.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
                let is_usual = entry.key.chars().count() <= LONGEST_KEY
                    && entry.key.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '_' | '-'))
                    && entry.node.value != NodeValue::Null;
                let is_shown = !is_secret && is_usual || nearest(&entry.key, names).is_some();
                if is_shown {
                    self.show(entry.key_span);
                } else {
                    self.hide_text(entry.key_span, &entry.key, None);
                }
                self.hide(&entry.node, is_shown.then_some(&*entry.key).filter(|key| names_secret(key)));
            }
        }
    }

    fn show(&mut self, place: Span) {
        self.shown.push(place.start as usize..place.end as usize);
    }

    /// Hides a value, and reports it as a secret if its key or its text means one.
    fn hide(&mut self, node: &'a Node, key: Option<&str>) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::Map(map) => {
                self.values.push(node.span.start as usize..node.span.end as usize);
                map.iter().for_each(|entry| {
                    self.hide_text(entry.key_span, &entry.key, None);
                    self.hide(&entry.node, None);
                });
            }
            NodeValue::List(items) => {
                self.values.push(node.span.start as usize..node.span.end as usize);
                items.iter().for_each(|item| self.hide(item, None));
            }
            NodeValue::Text(text) => self.hide_text(node.span, text, key),
            NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_) => {
                self.hide_text(node.span, "", key);
            }
        }
    }

    fn hide_text(&mut self, place: Span, text: &str, key: Option<&str>) {
        self.values.push(place.start as usize..place.end as usize);
        if key.is_some() || has_login(text) {
            self.secrets.push((place, key.map(str::to_owned)));
        }
    }

    /// Shows the known keys of a file that is not YAML.
    fn show_keys(&mut self) {
        for word in split(self.text).filter(|word| WORDS.contains(word)) {
            let start = offset(self.text, word);
            let end = start + word.len();
            if self.text[end..].starts_with(':') {
                self.shown.push(start..end);
            }
        }
    }

    /// The places to hide, in order: values that may be secrets, comments, and all else that is not shown. In a file that
    /// is not YAML, a line is hidden from its first to its last such place.
    fn hidden(&self, is_yaml: bool) -> Vec<Range<usize>> {
        let hides = |letter: char| !letter.is_whitespace() && !STRUCTURE.contains(&letter);
        let letters = self.text.chars();
        let mut is_hidden: Vec<bool> =
            letters.flat_map(|letter| std::iter::repeat_n(hides(letter), letter.len_utf8())).collect();
        self.shown.iter().for_each(|place| is_hidden[place.clone()].fill(false));
        self.values.iter().for_each(|place| is_hidden[place.clone()].fill(true));
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let row = &mut is_hidden[at..at + line.len()];
            if let (false, Some(first), Some(last)) =
                (is_yaml, row.iter().position(|hides| *hides), row.iter().rposition(|hides| *hides))
            {
                row[first..=last].fill(true);
            }
            at += line.len();
        }
        let mut places = Vec::new();
        let mut at = 0;
        for run in is_hidden.chunk_by(|one, other| one == other) {
            if run[0] {
                places.push(at..at + run.len());
            }
            at += run.len();
        }
        places
    }

    /// The hidden words that messages must not repeat. Messages repeat no comment.
    fn words(&self, hidden: &[Range<usize>]) -> BTreeSet<&'a str> {
        let text = self.text;
        let is_comment = |place: &Range<usize>| {
            let line = text[..place.start].rfind('\n').map_or(0, |end| end + 1);
            let before = &text[line..place.start];
            let is_value = self.values.iter().any(|value| value.start < place.end && place.start < value.end);
            !is_value
                && (before.contains(" #") || before.starts_with('#') || text[place.clone()].starts_with('#'))
        };
        let places = hidden.iter().filter(|place| !is_comment(place));
        places.flat_map(|place| split(&text[place.clone()])).filter(|word| !WORDS.contains(word)).collect()
    }
}

/// Whether a key is that of a secret, or means one.
fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let letters = key.replace(['_', '-'], "");
    PARTS.iter().any(|part| letters.contains(part)) || nearest(&key, NAMES).is_some()
}

/// Whether an address contains a password, or a key in its query.
fn has_login(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let mut names = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    host.rsplit_once('@').is_some_and(|(login, _)| login.contains(':')) || names.any(names_secret)
}

#[cfg(test)]
mod tests;
