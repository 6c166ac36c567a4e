//! A secret is taken out of what a server says, in whichever form it comes back.
//!
//! Servers repeat what they were asked: in the clear, as part of an address, inside JSON or HTML, or packed by
//! something in between. Made from the secret once; knows no request.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

/// What stands in place of the secret.
const BLOT: &str = "***";
/// Shorter pieces are in every text.
const SHORTEST: usize = 6;

/// The forms of one secret.
pub(crate) struct Redactor {
    /// All of them, the longest first.
    forms: SecretBox<Vec<String>>,
    /// Those that can stand in JSON.
    in_json: SecretBox<Vec<String>>,
}

impl Redactor {
    /// The forms of a secret.
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
        forms.extend(packed(secret));
        Self { forms: listed(forms), in_json: listed(in_json.into()) }
    }

    /// The text without the secret.
    pub(crate) fn text(&self, text: &str) -> String {
        blotted(text, self.forms.expose_secret()).unwrap_or_else(|| text.to_owned())
    }

    /// JSON without the secret, if it was in there.
    pub(crate) fn json(&self, text: &str) -> Option<String> {
        blotted(text, self.in_json.expose_secret())
    }
}

fn listed(forms: BTreeSet<String>) -> SecretBox<Vec<String>> {
    let mut forms: Vec<String> = forms.into_iter().filter(|form| form.len() >= SHORTEST).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    SecretBox::new(Box::new(forms))
}

fn blotted(text: &str, forms: &[String]) -> Option<String> {
    let mut blotted: Option<String> = None;
    for form in forms {
        let current = blotted.as_deref().unwrap_or(text);
        if current.contains(form.as_str()) {
            blotted = Some(current.replace(form.as_str(), BLOT));
        }
    }
    blotted
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// JSON of those who write ASCII alone.
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

/// As in an address, or as in a form, which writes a blank as `+`.
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

/// Base64 of something that the secret is part of: whatever stands before and after it, these signs are the same.
fn packed(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&[0; 2][..before.min(2)], secret.as_bytes()].concat();
        // Bytes come in threes, signs in fours: those that hold a piece of something else are left out.
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

    fn mask(secret: &str) -> Redactor {
        Redactor::new(&SecretString::from(secret))
    }

    #[test]
    fn what_is_no_secret_stays() {
        let mask = mask("5e7a9da0-0000-4000-8000-000000000001");
        assert_eq!(mask.text("nothing of the kind"), "nothing of the kind");
        assert_eq!(mask.json("[]"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_secret_comes_out_in_no_form(secret in "[ -~а-яé💡]{8,40}", before in ".{0,9}", after in ".{0,9}") {
            let mask = mask(&secret);
            let around = |form: &str| format!("{before}{form}{after}");
            for form in [
                secret.clone(),
                json_escaped(&secret),
                percent_encoded(&secret, true, false),
                percent_encoded(&secret, false, true),
                html_escaped(&secret, "&#39;"),
            ] {
                prop_assert!(!mask.text(&around(&form)).contains(&form), "{form}");
            }
            let json = around(&serde_json::json!({ "title": secret }).to_string());
            prop_assert!(!mask.json(&json).expect("it was in there").contains(&json_escaped(&secret)));
            for packed in [STANDARD.encode(around(&secret)), URL_SAFE_NO_PAD.encode(around(&secret))] {
                let masked = mask.text(&packed);
                prop_assert!(masked.contains("***"), "{packed}");
            }
        }
    }
}
