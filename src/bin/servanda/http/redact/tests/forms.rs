//! The forms in which servers and proxies echo a text. The tests of the program use them too.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Writes each sign of a text in its own way.
fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn each_byte(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

fn json_string(text: &str) -> String {
    Value::from(text).to_string()
}

/// The escapes of JSON by UTF-16 units.
fn units(text: &str, write: impl Fn(u16) -> String) -> String {
    text.encode_utf16().map(write).collect()
}

fn html(text: &str) -> String {
    each(text, |sign| match sign {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        '+' => "&plus;".to_owned(),
        '/' => "&sol;".to_owned(),
        '=' => "&equals;".to_owned(),
        other => other.to_string(),
    })
}

fn percent(text: &str) -> String {
    each_byte(text, |byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    })
}

/// The forms in which servers and proxies echo a text.
pub(crate) fn forms(text: &str) -> Vec<String> {
    let inner = json_string(text);
    let inner = inner[1..inner.len() - 1].to_owned();
    let upper = |text: &str| each_byte(text, |byte| format!("%{byte:02X}"));
    vec![
        text.to_owned(),
        inner.clone(),
        inner.replace('/', "\\/"),
        units(text, |unit| format!("\\u{unit:04x}")),
        units(text, |unit| format!("\\u{unit:04X}")),
        inner.replace('=', "\\u003d"),
        percent(text),
        upper(text),
        percent(text).replace("%20", "+"),
        percent(&percent(text)),
        each(text, |sign| format!("&#{};", u32::from(sign))),
        each(text, |sign| format!("&#x{:X};", u32::from(sign))),
        each(text, |sign| format!("&#x000{:x}", u32::from(sign)) + ";"),
        html(text),
        html(&html(text)),
        each_byte(text, |byte| format!("\\x{byte:02x}")),
        each(text, |sign| format!("\\u{{{:x}}}", u32::from(sign))),
        STANDARD.encode(text),
        STANDARD.encode(format!("u:{text}")),
        STANDARD.encode(format!("\0us\0{text}")),
        URL_SAFE_NO_PAD.encode(format!("?>{text}?>")),
        STANDARD.encode(text).replace('/', "\\/").replace('=', "\\u003d"),
        percent(&STANDARD.encode(text)),
        STANDARD.encode(STANDARD.encode(text)),
        STANDARD.encode(json_string(text)),
        STANDARD.encode(percent(text)),
        each_byte(text, |byte| format!("{byte:02x}")),
        json_string(&json_string(&percent(text))),
        html(&json_string(text)),
        percent(&json_string(text)),
    ]
}
