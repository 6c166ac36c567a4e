//! Tests that no format of diagnostics shows a secret of the settings, wherever it stands.

use super::{github, gitlab, junit, sarif, short, text};
use crate::diagnostic::{Diagnostics, Sources};
use crate::document::{DocumentKind, add_source, read, unreadable};
use crate::render::style::Paint;

/// A secret.
const CANARY: &str = "canary-7f3a";

fn read_settings(sources: &mut Sources, settings: &[u8]) -> Diagnostics {
    let (file, fault) = add_source(sources, "servanda.yaml", settings.to_vec());
    match fault {
        Some(fault) => unreadable(sources, file, DocumentKind::Settings, fault).1,
        None => read(sources, file, DocumentKind::Settings).1,
    }
}

/// Lines of settings with a secret in each.
const LINES: [&str; 54] = [
    "access_key: KEY",
    "helpdesk: { acces_key: KEY }",
    "helpdesk: { access_key:KEY }",
    "helpdesk: { access_key:ab`KEY }",
    "helpdesk: { access_key: { env: KEY } }",
    "helpdesk: { access_key: { env: \"abc #KEY\" } }",
    "helpdesk: { access_key: { KEY } }",
    "helpdesk: { access_key: { value: \"a}KEY\" } }",
    "helpdesk: { access_key: [KEY], password: KEY }",
    "helpdesk: { access_key: !key KEY }",
    "helpdesk: { access_key: &key KEY, password: *key }",
    "helpdesk: { access_key: 'KEY",
    "helpdesk: { access_key: KEY: x }",
    "helpdesk: { password: p,KEY }",
    "helpdesk: { password: p}KEY }",
    "helpdesk:\n\taccess_key: KEY",
    "helpdesk:\n\tpwd: KEY",
    "helpdesk:\n  access_key: KEY\n access_key: KEY",
    "helpdesk:\n  access_key: |\n    KEY\n  rate: many",
    "helpdesk:\n  acces_key: \"abc\\\"KEY\"",
    "helpdesk:\n  acces_key: 'it''sKEY'",
    "helpdesk:\n  access_key: #KEY",
    "helpdesk:\n  access_key: abc #KEY",
    "helpdesk:\n  rate: 1\n  # password: KEY\n  rate: 2",
    "helpdesk:\n  access_key:\nKEY",
    "helpdesk:\n  access_key:\n  KEY : x\n  rate: many",
    "helpdesk:\n  acces_key:\n  - KEY",
    "helpdesk:\n  access_key: abc\n    KEY: x",
    "helpdesk: https://desk.example/sd?accessKey=KEY",
    "helpdesk: { password: { env: A }, password: KEY }",
    "helpdesk: { pwd: KEY, key: KEY }",
    "helpdesk: { url: KEY, acces_key: KEY }",
    "ITSM365_ACCESS_KEY=KEY",
    "access_key KEY",
    "access_key\u{ff1a}KEY",
    "пароль: KEY",
    "mail: smtps://me:KEY@host",
    "mail: smtps://me:ab`KEY@host",
    "mail: \"me:KEY@mail.acme.example\"",
    "mail: { smtps://me:KEY@host }",
    "mail: { urls: 'smtps://me:KEY@host' }",
    "mail: { url: { env: \"smtps://me:a'KEY@h\" } }",
    "mail: { url: { smtps://me:KEY@host } }",
    "mail: { url: [smtps://me:KEY@host] }",
    "mail: { password: KEY }",
    "ledger: postgres://me:KEY@host/db",
    "ledger: \"git:https://KEY@github.com/o/r#b\"",
    "ledger: { at: { env: \"git:https://KEY@github.com/o/r#b\" } }",
    "webhook: https://hooks.example/x?code=KEY",
    "webhook: { url: { env: https://hooks.slack.com/services/T0/B0/KEY }, form: slack }",
    "webhook: { url: https://hooks.slack.com/services/T0/B0/KEY, form: slac }",
    "smtps://me:KEY@host",
    "<<<<<<< ours\npassword: KEY\n=======\npassword: { env: A }\n>>>>>>> theirs",
    "password: KEY \u{200b}",
];

#[test]
fn no_format_shows_a_secret_wherever_it_stands() {
    for line in LINES {
        let settings = format!("timezone: Europe/Moscow\n{}\nbogus: 1\n", line.replace("KEY", CANARY));
        let invalid = [settings.as_bytes(), b"# \xff\n"].concat();
        for settings in [settings.as_bytes(), &invalid] {
            let mut sources = Sources::default();
            let found = read_settings(&mut sources, settings);
            assert!(found.has_errors(), "{line}");
            let shown = [
                text(&found, &sources, Paint::PLAIN),
                short(&found, &sources),
                github(&found, &sources),
                gitlab(&found, &sources),
                sarif(&found, &sources, "0"),
                junit(&found, &sources, 1),
                format!("{found:?}"),
            ];
            for format in shown {
                assert!(!format.contains(&CANARY[..6]) && !format.contains(&CANARY[7..]), "{line}: {format}");
            }
        }
    }
}

#[test]
fn the_path_of_an_address_is_not_shown_for_another_fault() {
    let settings = format!(
        "timezone: Europe/Moscow\nwebhook: {{ url: https://api.telegram.org/bot{CANARY}/sendMessage, form: telegram }}\n"
    );
    let mut sources = Sources::default();
    let file = sources.add("servanda.yaml", settings);
    let (document, faults) = read(&sources, file, DocumentKind::Settings);
    assert!(faults.is_empty(), "{faults:?}");
    let (_, found) = crate::check::read_settings(&document);
    assert!(found.has_errors());
    assert!(!text(&found, &sources, Paint::PLAIN).contains(CANARY));
}
