//! Tests that a secret is found in every form, and that other texts stay as they are.

use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use self::forms::forms;
use super::{Redactor, is_token};

mod forms;

fn redactor(secret: &str) -> Redactor {
    Redactor::new(&SecretString::from(secret))
}

#[test]
fn other_texts_are_unchanged() {
    let redactor = redactor("5e7a9da0-0000-4000-8000-000000000001");
    for text in [
        "",
        "nothing of the kind",
        "5e7a9da0-0000-4000-8000-000000000002",
        "100% of \\u0041 &amp; &#65; %41 Y2FuYXJ5 \\",
        "%",
        "&#",
        "\\u",
        "\\ud83d",
        "Договор № 1 \\u0434",
    ] {
        assert_eq!(redactor.text(text), None, "{text}");
    }
    let mut value = json!({ "a": ["b%20c", 1, null, true], "Y2FuYXJ5": "d" });
    let before = value.clone();
    redactor.json(&mut value);
    assert_eq!(value, before);
}

#[test]
fn what_surrounds_a_secret_stays() {
    let redactor = redactor("canary-7f3e/+=");
    let redacted = redactor.text("before %63anary-7f3e%2F%2b\\u003d after &amp; canary-7f3e/+=").unwrap();
    assert_eq!(redacted, "before *** after &amp; ***");
    let redacted = redactor.text("535 AUTH PLAIN AHVzZXIAY2FuYXJ5LTdmM2UvKz0= failed").unwrap();
    assert_eq!(redacted, "535 AUTH PLAIN *** failed");
}

#[test]
fn base64_that_is_wrapped_into_lines_is_redacted_and_words_around_it_stay() {
    use base64::Engine as _;

    let secret = "canary-".repeat(20);
    let packed = base64::engine::general_purpose::STANDARD.encode(format!("{secret}!"));
    let lines: Vec<String> =
        packed.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let text = format!("before\n{}\nafter it", lines.join("\r\n"));
    assert_eq!(redactor(&secret).text(&text).unwrap(), "before\n***\nafter it");
    assert_eq!(redactor("canary-7").text("a: 63616e6172792d37\nremote").unwrap(), "a: ***\nremote");
}

#[test]
fn a_secret_of_another_shape_is_not_searched() {
    assert_eq!(redactor("short").text("a short text"), None);
    assert!(is_token("T024BE7LD") && is_token("abcdefghijklmnopqrstuvwxyz"));
    assert!(!is_token("services") && !is_token("v2"));
}

#[test]
fn json_is_redacted_after_it_was_decoded() {
    let secret = "canary-7f3e/+ ключ&\"'%<9>=";
    for form in forms(secret) {
        let redactor = redactor(secret);
        let mut value = json!({ "title": format!("x {form} y"), "list": [[form]], "n": 1 });
        value.as_object_mut().unwrap().insert(form.clone(), Value::Null);
        redactor.json(&mut value);
        let is_redacted = |text: &str| text.contains("***") && !text.contains(&form);
        assert!(is_redacted(value["list"][0][0].as_str().unwrap()), "{form}: {value}");
        assert!(is_redacted(value["title"].as_str().unwrap()), "{form}: {value}");
        assert!(value.as_object().unwrap().keys().any(|key| is_redacted(key)), "{form}: {value}");
    }
    let mut value = json!({ "token": 1_234_567_890 });
    redactor("1234567890").json(&mut value);
    assert_eq!(value["token"], "***");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_is_redacted_in_every_form(secret in "[ -~а-яé💡]{8,40}", before in "[ .,:<\"(]{0,9}", after in "[ .,:<\")]{0,9}") {
        let redactor = redactor(&secret);
        for form in forms(&secret) {
            let text = format!("{before}{form}{after}");
            let redacted = redactor.text(&text);
            prop_assert!(redacted.is_some(), "{text}");
            prop_assert!(!redacted.unwrap_or_default().contains(&form), "{text}");
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[%&#x;\\\\u{}0-9a-fD+/=\n\"]{0,60}") {
        let _ = redactor("0a0a0a").text(&text);
    }
}
