use super::names_secret;
use crate::diagnostic::{Code, Sources};
use crate::document::{DocumentKind, Key, keys, read};

/// Settings with an error in their last line, as excerpts show them, and the codes of their faults.
fn shown(settings: &str) -> (String, Vec<Code>) {
    let text = format!("{settings}\nbogus: 1\n");
    let mut sources = Sources::default();
    let file = sources.add("servanda.yaml", text.as_str());
    let (_, faults) = read(&sources, file, DocumentKind::Settings);
    let hidden = faults.iter().next().and_then(|fault| fault.hidden.clone()).expect("it is searched");
    let masked = sources.redacted(hidden.iter().copied());
    (masked.text(file)[..settings.len()].to_owned(), faults.iter().map(|fault| fault.code).collect())
}

#[test]
fn keys_and_values_that_cannot_be_secrets_are_shown() {
    for text in [
        "timezone: Europe/Moscow\nlanguage: en",
        "helpdesk: { kind: itsm365, rate: 5, access_key: { env: ITSM365_ACCESS_KEY } }",
        "helpdesk: { access_key: {\"env\": \"KEY\"} }",
        "helpdesk:\n  access_key:\n    env: KEY",
        "helpdesks:\n  secretariat:\n    default: true\n    kind: sandbox",
        "helpdesk: { drift: { attributes.secretary: report } }",
        "helpdesk: { access_key: { env: $KEY } }",
        "mail: { from: 'Desk, token: reset <sd@acme.example>' }",
        "langauge: ",
        "guards: { weakened: many }",
    ] {
        let (masked, codes) = shown(text);
        assert_eq!(masked, text);
        assert!(!codes.contains(&Code::E013), "{text}: {codes:?}");
    }
}

#[test]
fn what_may_be_a_secret_is_masked() {
    for (text, expected) in [
        ("language: en # me:x1@host", "language: en * **:*******"),
        ("langauge: en", "langauge: **"),
        ("mail: { url: smtp://h }", "mail: { url: ******** }"),
        ("webhook: https://h.example/T0/x1", "webhook: ***********************"),
        ("helpdesk: { access_key: { env: x1 } }", "helpdesk: { access_key: { env: ** } }"),
        ("helpdesk: { access_key: { x1: 1 } }", "helpdesk: { access_key: { **: * } }"),
        ("helpdesk: { password: p,x1 }", "helpdesk: { password: *,** }"),
        ("helpdesk: { kind: [x1] }", "helpdesk: { kind: **** }"),
        ("access key x1", "*************"),
        ("access_key = x1 {", "*************** {"),
    ] {
        assert_eq!(shown(text).0, expected);
    }
}

#[test]
fn a_secret_under_a_key_with_a_typing_error_is_reported() {
    for text in ["acces_key: x", "helpdesk: { pasword: 1 }", "mail: { password: x }", "SMTP-TOKEN: x"] {
        assert!(shown(text).1.contains(&Code::E013), "{text}");
    }
    for text in ["langauge: en", "mail: { passengers: many }", "acces_key:\n"] {
        assert!(!shown(text).1.contains(&Code::E013), "{text}");
    }
}

#[test]
fn no_other_key_of_the_settings_means_a_secret() {
    let last = |key: &Key| key.path.rsplit('.').next().unwrap_or_default().to_owned();
    let all: Vec<String> = keys(DocumentKind::Settings).iter().map(last).collect();
    let meant: Vec<&String> = all.iter().filter(|key| names_secret(key)).collect();
    assert!(
        meant.iter().all(|key| ["access_key", "password", "secret"].contains(&key.as_str())),
        "{meant:?}"
    );
}

proptest::proptest! {
    /// No word of a value in the place of a secret is shown, and the search ends for any text.
    #[test]
    fn a_secret_is_never_shown(
        before in "([a-z]{0,2}|access_key|://|[:@{}\\[\\]'\"# \n|?=,é])*",
        after in "([:@{}\\[\\]'\"# \n|=,é]|x)*",
    ) {
        let (masked, _) = shown(&format!("{before}\nacces_key: 7f3a{after}"));
        proptest::prop_assert!(!masked.contains("7f3a"), "{masked}");
    }
}
