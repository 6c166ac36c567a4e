//! Redacts a secret from a server's responses, in every form in which it may be echoed.
//!
//! Servers and proxies echo requests: verbatim, percent-encoded in an address, escaped in JSON or HTML, or as
//! a part of base64.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

/// The replacement for the secret.
const REPLACEMENT: &str = "***";
/// Shorter fragments occur in any text and are not redacted.
const SHORTEST: usize = 6;

/// Replaces all forms of one secret.
pub(crate) struct Redactor {
    /// All encodings, the longest first.
    forms: SecretBox<Vec<String>>,
    /// The encodings that can occur in JSON.
    in_json: SecretBox<Vec<String>>,
}

impl Redactor {
    /// Derives the encodings of a secret.
    pub(crate) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret();
        let in_json = [
            secret.to_owned(),
            json_escaped(secret),
            ascii_escaped(secret, false),
            ascii_escaped(secret, true),
        ];
        let percent = |upper, form| percent_encoded(secret, upper, form);
        let mut forms: BTreeSet<String> = in_json.clone().into();
        forms.extend([
            percent(true, false),
            percent(false, false),
            percent(true, true),
            percent(false, true),
        ]);
        forms.extend([
            html_escaped(secret, "&#39;"),
            html_escaped(secret, "&#x27;"),
            html_escaped(secret, "'"),
        ]);
        forms.extend(base64_forms(secret));
        Self { forms: longest_first(forms), in_json: longest_first(in_json.into()) }
    }

    /// Redacts a text.
    pub(crate) fn text(&self, text: &str) -> String {
        redacted(text, self.forms.expose_secret()).unwrap_or_else(|| text.to_owned())
    }

    /// Redacts JSON; `None` if it does not contain the secret.
    pub(crate) fn json(&self, text: &str) -> Option<String> {
        redacted(text, self.in_json.expose_secret())
    }
}

fn longest_first(forms: BTreeSet<String>) -> SecretBox<Vec<String>> {
    let mut forms: Vec<String> = forms.into_iter().filter(|form| form.len() >= SHORTEST).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    SecretBox::new(Box::new(forms))
}

fn redacted(text: &str, forms: &[String]) -> Option<String> {
    let mut redacted: Option<String> = None;
    for form in forms {
        let current = redacted.as_deref().unwrap_or(text);
        if current.contains(form.as_str()) {
            redacted = Some(current.replace(form.as_str(), REPLACEMENT));
        }
    }
    redacted
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The JSON escape of encoders that write ASCII only.
fn ascii_escaped(text: &str, is_upper: bool) -> String {
    let escape = |unit: &u16| if is_upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    let sign = |sign: char| {
        if sign.is_ascii() {
            sign.to_string()
        } else {
            sign.encode_utf16(&mut [0; 2]).iter().map(escape).collect()
        }
    };
    json_escaped(text).chars().map(sign).collect()
}

/// The encoding of a URL, or of an HTML form, which encodes a space as `+`.
fn percent_encoded(text: &str, is_upper: bool, is_form: bool) -> String {
    let encode = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match byte {
            b' ' if is_form => "+".to_owned(),
            b'*' if is_form => "*".to_owned(),
            b'~' if !is_form => "~".to_owned(),
            _ if is_plain => char::from(byte).to_string(),
            _ if is_upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        }
    };
    text.bytes().map(encode).collect()
}

fn html_escaped(text: &str, apostrophe: &str) -> String {
    let escape = |sign: char| match sign {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => apostrophe.to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// The part of a base64 text that depends on the secret alone, for each of its three alignments.
fn base64_forms(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&[0; 2][..before.min(2)], secret.as_bytes()].concat();
        // Three bytes become four characters: those that also encode a neighbouring byte are left out.
        let (first, last) = ((before * 4).div_ceil(3), bytes.len() * 4 / 3);
        for packed in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend(packed.get(first..last).map(str::to_owned));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::{Redactor, html_escaped, json_escaped, percent_encoded};

    fn redactor(secret: &str) -> Redactor {
        Redactor::new(&SecretString::from(secret))
    }

    #[test]
    fn other_texts_are_unchanged() {
        let redactor = redactor("5e7a9da0-0000-4000-8000-000000000001");
        assert_eq!(redactor.text("nothing of the kind"), "nothing of the kind");
        assert_eq!(redactor.json("[]"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_secret_is_redacted_in_every_form(secret in "[ -~а-яé💡]{8,40}", before in ".{0,9}", after in ".{0,9}") {
            let redactor = redactor(&secret);
            let around = |form: &str| format!("{before}{form}{after}");
            for form in [
                secret.clone(),
                json_escaped(&secret),
                percent_encoded(&secret, true, false),
                percent_encoded(&secret, false, true),
                html_escaped(&secret, "&#39;"),
            ] {
                prop_assert!(!redactor.text(&around(&form)).contains(&form), "{form}");
            }
            let json = around(&serde_json::json!({ "title": secret }).to_string());
            prop_assert!(!redactor.json(&json).expect("it was in there").contains(&json_escaped(&secret)));
            for packed in [STANDARD.encode(around(&secret)), URL_SAFE_NO_PAD.encode(around(&secret))] {
                let redacted = redactor.text(&packed);
                prop_assert!(redacted.contains("***"), "{packed}");
            }
        }
    }
}
