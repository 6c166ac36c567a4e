//! Finds secrets that stand in the text of settings in clear text, and hides them in what is said about the file.
//!
//! The schema finds a secret only where a secret belongs. A key with a typing error, a text in place of a map, and a file that
//! is not YAML show it as well. The text itself is therefore searched. Sound settings contain no secret.

use std::borrow::Cow;
use std::ops::Range;

use super::parse::{FAULT_LIMIT, lines};
use super::text::{quoted, span};
use crate::diagnostic::{Code, Diagnostic, FileId, Repair, Span};
use crate::ident::nearest;

/// The keys of secrets.
const NAMES: [&str; 3] = ["access_key", "password", "secret"];
/// Parts of the key of a secret, without hyphens and underscores.
const PARTS: [&str; 7] = ["accesskey", "apikey", "password", "passwd", "passphrase", "secret", "token"];
/// Further names of secrets in the query of an address.
const QUERIED: [&str; 4] = ["key", "sig", "signature", "auth"];
/// Shorter texts occur in any message and are hidden only in quotes.
const SHORTEST: usize = 4;

/// A secret in clear text.
struct Secret {
    place: Range<usize>,
    /// The key before it, or `None` for an address that contains a password or a key.
    key: Option<String>,
}

/// Hides the secrets of a file that has faults in all of them, and reports those that are not reported yet.
pub(super) fn hide(file: FileId, text: &str, faults: &mut Vec<Diagnostic>) {
    let secrets = find(text);
    if secrets.is_empty() {
        return;
    }
    let hidden = Hidden { file, text, secrets: &secrets };
    for fault in faults.iter_mut().filter(|fault| fault.code != Code::E013) {
        hidden.conceal(fault);
    }
    for Secret { place, key } in &secrets {
        let place = span(file, place.start, place.end);
        if !faults.iter().any(|fault| fault.code == Code::E013 && overlap(fault.place.span, place)) {
            let is_variable = text[..place.start as usize].trim_end().ends_with("env:");
            faults.push(reported(place, key.as_deref(), is_variable));
        }
    }
}

/// The diagnostic for a secret, which may stand where the name of a variable should.
fn reported(place: Span, key: Option<&str>, is_variable: bool) -> Diagnostic {
    let Some(key) = key else {
        return Diagnostic::new(Code::E013, place, "the address contains a secret in clear text").help(
            "remove the user name, password and key from it, or write it as `{ env: NAME }` where the key allows that, and have a new secret issued, since Git keeps this one",
        );
    };
    let verb = if is_variable { "seems to contain" } else { "contains" };
    Diagnostic::new(Code::E013, place, format!("{} {verb} a secret in clear text", quoted(key)))
        .help(from_environment(&key.to_ascii_uppercase().replace('-', "_")))
}

/// The help with the variable to name in place of a secret.
pub(super) fn from_environment(name: &str) -> String {
    format!(
        "write `{{ env: SERVANDA_{name} }}`, set that environment variable, and have a new secret issued, since Git keeps this one"
    )
}

fn overlap(one: Span, other: Span) -> bool {
    one.file == other.file && one.start < other.end && other.start < one.end
}

/// The secrets of a file, as messages must not repeat them.
struct Hidden<'a> {
    file: FileId,
    text: &'a str,
    secrets: &'a [Secret],
}

impl Hidden<'_> {
    fn conceal(&self, fault: &mut Diagnostic) {
        let spans: Vec<Span> = fault.related.iter().chain([&fault.place]).map(|label| label.span).collect();
        let said = [&mut fault.message].into_iter().chain(&mut fault.help);
        said.for_each(|said| *said = self.without_secrets(said, &spans));
        for label in fault.related.iter_mut().chain([&mut fault.place]) {
            label.text = self.without_secrets(&label.text, &spans).into();
        }
        // A repair contains the text around it.
        if !matches!(fault.repair.as_deref(), Some(Repair::Rename(..))) {
            fault.repair = None;
        }
    }

    /// A message about some places without the secrets, and without what it quotes of one at these places.
    fn without_secrets(&self, said: &str, spans: &[Span]) -> String {
        let parts = said.split('`').enumerate().map(|(number, part)| {
            let is_quoted = number % 2 == 1;
            let mut part = Cow::Borrowed(part);
            for Secret { place, .. } in self.secrets {
                let secret = self.text[place.clone()].trim_matches(['"', '\'']);
                let span = span(self.file, place.start, place.end);
                let is_at_it = spans.iter().any(|at| overlap(*at, span));
                let is_long = secret.len() >= SHORTEST || is_quoted && !secret.is_empty();
                if is_long && part.contains(secret) {
                    part = part.replace(secret, "***").into();
                } else if is_quoted && is_at_it && (secret.contains(&*part) || !is_path(&part)) {
                    return "***".into();
                }
            }
            part
        });
        parts.collect::<Vec<_>>().join("`")
    }
}

/// Whether a quoted text is a key, or a path of keys.
fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'))
}

/// The secrets in a text, in their order and apart from each other.
fn find(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    for (at, line) in lines(text).filter(|(_, line)| !line.trim_start().starts_with('#')) {
        for (colon, _) in line.match_indices(':') {
            if let Some(key) = key_before(&line[..colon]).filter(|key| names_secret(key)) {
                let places = value(text, at, at + colon + 1);
                found.extend(places.into_iter().map(|place| Secret { place, key: Some(key.to_owned()) }));
            }
        }
        found.extend(
            addresses(line).map(|place| Secret { place: at + place.start..at + place.end, key: None }),
        );
    }
    found.sort_by_key(|secret| (secret.place.start, std::cmp::Reverse(secret.place.end)));
    let mut end = 0;
    found.retain(|secret| {
        let is_apart = secret.place.start >= end;
        end = end.max(secret.place.end);
        is_apart
    });
    match (&found[..], found.len() > FAULT_LIMIT) {
        ([first, .., last], true) => {
            let place = first.place.start..last.place.end;
            vec![Secret { place, key: first.key.clone() }]
        }
        _ => found,
    }
}

/// The key at the end of a text, which may be in quotes.
fn key_before(text: &str) -> Option<&str> {
    let text = text.trim_end_matches([' ', '\t', '"', '\'']);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let start = text
        .rfind(|letter| !is_letter(letter))
        .map_or(0, |last| last + text[last..].chars().next().map_or(1, char::len_utf8));
    Some(&text[start..]).filter(|key| !key.is_empty())
}

/// Whether a key is that of a secret, or means one.
fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let letters = key.replace(['_', '-'], "");
    key == "user" || PARTS.iter().any(|part| letters.contains(part)) || nearest(&key, NAMES).is_some()
}

/// The secrets in the value that begins at `from`, of a key in the line that begins at `line`.
fn value(text: &str, line: usize, from: usize) -> Vec<Range<usize>> {
    let end = text[from..].find('\n').map_or(text.len(), |end| from + end);
    let rest = &text[from..end];
    let start = end - rest.trim_start().len();
    let until = |closing: char| {
        let close = text[start + 1..].find(closing).map(|close| start + 1 + close);
        close.unwrap_or(end)
    };
    let place = match text[start..end].chars().next() {
        None | Some('#' | '|' | '>') => return nested(text, line, end),
        Some('{') => entry(text, start + 1..until('}')),
        Some('[') => Some(start..until(']')),
        Some(quote @ ('"' | '\'')) => {
            let close = until(quote);
            Some(start..close + usize::from(close < end)).filter(|place| place.len() > 2)
        }
        Some(_) => {
            let before = &text[line..from];
            let is_in_map = before.matches('{').count() > before.matches('}').count();
            let plain = before_comment(&text[start..end]);
            let plain = if is_in_map { plain.split([',', '}']).next().unwrap_or_default() } else { plain };
            let plain = plain.trim_end();
            (!matches!(plain, "" | "~" | "null")).then_some(start..start + plain.len())
        }
    };
    place.into_iter().collect()
}

/// The secrets in the lines below a key that are indented deeper than it.
fn nested(text: &str, key_line: usize, end: usize) -> Vec<Range<usize>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(text[key_line..].lines().next().unwrap_or_default());
    let below = lines(&text[end..]).map(|(at, line)| (end + at, line)).skip(1);
    let below = below.take_while(|(_, line)| line.trim().is_empty() || indent(line) > own);
    below.filter_map(|(at, line)| entry(text, at..at + line.len())).collect()
}

/// The secret in an entry such as `env: NAME`, which is none if it is the name of a variable.
fn entry(text: &str, place: Range<usize>) -> Option<Range<usize>> {
    let around = [' ', '\t', '\r', '\n', ','];
    let content = before_comment(&text[place.clone()]).trim_end_matches(around);
    let end = place.start + content.len();
    let content = content.trim_start_matches(around);
    let named = content.strip_prefix("env").and_then(|rest| rest.trim_start().strip_prefix(':'));
    let secret = named.unwrap_or(content).trim_start();
    let name = secret.trim_matches(['"', '\'']);
    let is_name = !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if secret.is_empty() || secret.starts_with('#') || named.is_some() && is_name {
        return None;
    }
    Some(end - secret.len()..end)
}

/// A value without the comment behind it.
fn before_comment(value: &str) -> &str {
    value.find(" #").map_or(value, |comment| &value[..comment])
}

/// The addresses of a line that contain a password or a key.
fn addresses(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("://").filter_map(|(at, separator)| {
        let scheme = line[..at].rfind(|letter: char| !letter.is_ascii_alphanumeric() && letter != '+');
        let start =
            scheme.map_or(0, |before| before + line[before..].chars().next().map_or(1, char::len_utf8));
        let rest = &line[at + separator.len()..];
        let rest =
            rest.split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`')).next()?;
        let rest = rest.trim_end_matches([',', '}', ']']);
        let has_password = rest.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'));
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let has_key = query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
            !value.is_empty() && (names_secret(name) || QUERIED.contains(&name.to_ascii_lowercase().as_str()))
        });
        (has_password || has_key).then(|| start..at + separator.len() + rest.len())
    })
}

#[cfg(test)]
mod tests;
