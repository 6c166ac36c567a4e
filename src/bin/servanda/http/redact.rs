//! Redacts secrets from what servers say, in every form in which they may be echoed.
//!
//! Servers and proxies echo requests: verbatim, in an address, escaped in JSON or HTML, in Base64, or one within the
//! other. A text is therefore decoded, and secrets are searched in each layer. Every client registers the secrets that
//! it sends, and the texts of all servers pass through [`text`].

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

use memchr::memmem;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use serde_json::Value;

use super::decode::{each_layer, fully, percent_decoded, unpacked};

/// The replacement for a secret.
const REPLACEMENT: &str = "***";
/// Shorter secrets occur in any text and are not redacted.
const SHORTEST: usize = 6;
/// The number of times that Base64 within Base64 is decoded.
const PACKINGS: u8 = 2;
/// The length from which a part of an address counts as a token if it contains a digit.
const TOKEN_WITH_DIGIT: usize = 8;
/// The length from which a part of an address counts as a token.
const TOKEN: usize = 20;

/// The secrets of all clients of this process.
static ALL: LazyLock<RwLock<Redactor>> = LazyLock::new(|| RwLock::new(Redactor::of(BTreeSet::new())));

/// Registers a secret, which is redacted in the texts of all servers from now on.
pub(crate) fn register(secret: &SecretString) {
    register_all([secret.expose_secret().to_owned()]);
}

/// Registers the password of a user, also as it is sent in `Basic` and in `AUTH PLAIN`.
pub(crate) fn register_login(user: &str, password: &SecretString) {
    let password = password.expose_secret();
    register_all([password.to_owned(), format!("{user}:{password}"), format!("\0{user}\0{password}")]);
}

/// Registers an address that is a secret as a whole, with the parts that may be tokens.
pub(crate) fn register_address(address: &SecretString) {
    let address = address.expose_secret();
    let mut parts = vec![address.to_owned()];
    if let Ok(url) = reqwest::Url::parse(address) {
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        parts.push(format!("{}{query}", url.path()));
        parts.extend(
            url.password().map(|password| String::from_utf8_lossy(&percent_decoded(password)).into()),
        );
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let segments = url.path().split(['/', ':']).map(str::to_owned);
        parts.extend(segments.chain(values).filter(|part| is_token(part)));
    }
    register_all(parts);
}

fn is_token(part: &str) -> bool {
    let has_digit = part.contains(|sign: char| sign.is_ascii_digit());
    part.len() >= TOKEN || (part.len() >= TOKEN_WITH_DIGIT && has_digit)
}

fn register_all(secrets: impl IntoIterator<Item = String>) {
    let mut all = ALL.write().unwrap_or_else(PoisonError::into_inner);
    let known: BTreeSet<Vec<u8>> = all.needles.expose_secret().iter().cloned().collect();
    let joined: BTreeSet<Vec<u8>> =
        known.iter().cloned().chain(secrets.into_iter().flat_map(needles)).collect();
    if joined.len() > known.len() {
        *all = Redactor::of(joined);
    }
}

/// A text of a server without any secret of this process.
pub(crate) fn text(text: &str) -> String {
    ALL.read().unwrap_or_else(PoisonError::into_inner).text(text).unwrap_or_else(|| text.to_owned())
}

/// A line of JSON without any secret of this process. Its values are redacted, so that it stays JSON.
pub(crate) fn json_line(line: &str) -> String {
    let Ok(mut value) = serde_json::from_str(line) else {
        return text(line);
    };
    ALL.read().unwrap_or_else(PoisonError::into_inner).json(&mut value);
    format!("{value}\n")
}

/// Redacts a set of secrets.
pub(crate) struct Redactor {
    /// The secrets as they are and with their own escapes decoded, with a space for each `+`.
    needles: SecretBox<Vec<Vec<u8>>>,
    shortest: usize,
}

impl Redactor {
    /// Redacts one secret.
    pub(crate) fn new(secret: &SecretString) -> Self {
        Self::of(needles(secret.expose_secret().to_owned()).collect())
    }

    fn of(needles: BTreeSet<Vec<u8>>) -> Self {
        let shortest = needles.iter().map(Vec::len).min().unwrap_or(usize::MAX);
        Self { needles: SecretBox::new(Box::new(needles.into_iter().collect())), shortest }
    }

    /// The text without the secrets; `None` if it contains none.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let mut places = self.places(text.as_bytes(), PACKINGS);
        if places.is_empty() {
            return None;
        }
        places.sort_by_key(|place| place.start);
        let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
        for Range { start, end } in places {
            if start >= at {
                bytes.extend_from_slice(&text.as_bytes()[at..start]);
                bytes.extend_from_slice(REPLACEMENT.as_bytes());
            }
            at = at.max(end);
        }
        bytes.extend_from_slice(&text.as_bytes()[at..]);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Redacts the strings, keys and numbers of a JSON value, after its own escapes were decoded.
    pub(crate) fn json(&self, value: &mut Value) {
        match value {
            Value::String(string) => {
                if let Some(redacted) = self.text(string) {
                    *string = redacted;
                }
            }
            Value::Number(number) => {
                if let Some(redacted) = self.text(&number.to_string()) {
                    *value = Value::from(redacted);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            Value::Object(fields) => {
                if fields.keys().any(|key| self.text(key).is_some()) {
                    let renamed = std::mem::take(fields).into_iter();
                    fields.extend(renamed.map(|(key, value)| (self.text(&key).unwrap_or(key), value)));
                }
                fields.values_mut().for_each(|value| self.json(value));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The parts of a text that contain a secret.
    fn places(&self, text: &[u8], packings: u8) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        if text.len() < self.shortest {
            return places;
        }
        let innermost = each_layer(text, |layer| {
            let found = self.found(layer.bytes());
            places.extend(found.into_iter().map(|part| layer.original(part)));
        });
        if packings > 0 {
            // Three bytes of a secret become four signs of Base64.
            let packed = innermost.runs(self.shortest.saturating_mul(4).div_ceil(3));
            let is_secret = |run: &Range<usize>| {
                let readings = unpacked(&innermost.bytes()[run.clone()]);
                readings.into_iter().any(|bytes| !self.places(&bytes, packings - 1).is_empty())
            };
            places.extend(packed.filter(is_secret).map(|run| innermost.original(run)));
        }
        places
    }

    fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        let text = with_spaces(text);
        let needles = self.needles.expose_secret().iter();
        let all = needles.flat_map(|needle| {
            memmem::find_iter(&text, needle).map(|start| start..start + needle.len()).collect::<Vec<_>>()
        });
        all.collect()
    }
}

/// The forms of a secret that are searched for: as it is, with its own escapes decoded as those of a text are, and without
/// signs at its end that form an escape with what follows.
fn needles(secret: String) -> impl Iterator<Item = Vec<u8>> {
    let decoded = fully(secret.as_bytes());
    let open = decoded.iter().rposition(|byte| !matches!(byte, b'\\' | b'%' | b'&'));
    let closed = decoded[..open.map_or(0, |last| last + 1)].to_vec();
    let forms = [secret.into_bytes(), decoded, closed].into_iter();
    forms.map(|form| with_spaces(&form).into_owned()).filter(|form| form.len() >= SHORTEST)
}

/// The text with a space for each `+`, since forms write one for the other.
fn with_spaces(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(b'+', text).is_none() {
        return text.into();
    }
    text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests;
