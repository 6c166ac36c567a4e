use super::{find, names_secret};
use crate::document::{DocumentKind, Key, keys};

fn places(text: &str) -> Vec<&str> {
    find(text).into_iter().map(|secret| &text[secret.place]).collect()
}

#[test]
fn a_secret_is_found_behind_any_key_that_means_one() {
    for (text, expected) in [
        ("access_key: x1\n", "x1"),
        ("access_key:x1 y\n", "x1 y"),
        ("  access-key : 'x, # 1'   # old\n", "'x, # 1'"),
        ("helpdesk: { acces_key: x1, url: u }\n", "x1"),
        ("helpdesk: { password: \"x}1\" }\n", "\"x}1\""),
        ("password: a,b}c\n", "a,b}c"),
        ("\"password\": x1", "x1"),
        ("SMTP_PASSWORD: x1\n", "x1"),
        ("access_key: &k x1\n", "&k x1"),
        ("access_key: 'x1\nrate: 5\n", "'x1"),
        ("access_key: { x1 }\n", "x1"),
        ("access_key: { env: x-1 }\n", "x-1"),
        ("access_key: { env: \"7f3a\" }\n", "\"7f3a\""),
        ("access_key: { value: x1 }\n", "value: x1"),
        ("access_key: [x1]\n", "[x1"),
        ("access_key:\n  x1\nrate: 5\n", "x1"),
        ("access_key:\n  env: x-1\nrate: 5\n", "x-1"),
        ("secret: |\n\n  x1\nrate: 5\n", "x1"),
        ("ledger: postgres://me:x1@host/db\n", "postgres://me:x1@host/db"),
        ("mail: { smtps://me:x,1@host }\n", "smtps://me:x,1@host"),
        ("- 'https://h.example/x?a=1&accessKey=x1'\n", "https://h.example/x?a=1&accessKey=x1"),
        ("ключ: ы://me:x1@h\n", "://me:x1@h"),
    ] {
        assert_eq!(places(text), [expected], "{text}");
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    for text in [
        "access_key: { env: ITSM365_ACCESS_KEY }\n",
        "access_key: { env: \"KEY\" } # of the tenant\n",
        "access_key: { env:KEY, }\n",
        "access_key: {\n  env: KEY\n}\n",
        "access_key:\n  env: KEY   # of the tenant\n",
        "access_key:   # to come\nrate: 5\n",
        "password: ~\nsecret: ''\n",
        "# access_key: x1, or https://me:x1@host\n",
        "agreement: { key: { attribute: inventoryNumber, prefix: 'sv:' } }\n",
        "at: postgres://me@host:5432/db?sslmode=require\nurl: smtp://[::1]:1025\n",
        "from: 'Desk: <sd@acme.example>'\n",
        ":\n: :\n://@?\n",
    ] {
        assert_eq!(places(text), [""; 0], "{text}");
    }
}

#[test]
fn no_other_key_of_the_settings_means_a_secret() {
    let is_secret = |key: &Key| ["access_key", "password", "secret", "user"].contains(&last(&key.path));
    let all = keys(DocumentKind::Settings);
    assert!(all.iter().any(is_secret));
    for key in all.iter().filter(|key| !is_secret(key)) {
        assert!(!names_secret(last(&key.path)), "{}", key.path);
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[test]
fn very_many_secrets_are_one() {
    let text = "password: x1\n".repeat(1000);
    assert_eq!(places(&text), [text["password: ".len()..].trim_end()]);
}

proptest::proptest! {
    #[test]
    fn any_text_has_its_secrets_in_order(text in "([a-z]{0,2}|access_key|://|[:@{}\\[\\]'\"# \n|?=,é])*") {
        let found = find(&text);
        let is_in_order = found.windows(2).all(|pair| pair[0].place.end <= pair[1].place.start);
        proptest::prop_assert!(is_in_order && found.iter().all(|secret| !text[secret.place.clone()].is_empty()));
    }
}
