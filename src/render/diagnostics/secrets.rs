//! Tests that no format of diagnostics shows a secret of the settings, wherever it stands.

use super::{github, gitlab, junit, sarif, short, text};
use crate::diagnostic::{Code, Diagnostics, Sources};
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

#[test]
fn no_format_shows_a_secret_wherever_it_stands() {
    for line in [
        "access_key: KEY",
        "helpdesk: { acces_key: KEY }",
        "helpdesk: { access_key:KEY }",
        "helpdesk: { access_key: { env: KEY } }",
        "helpdesk: { access_key: { KEY } }",
        "helpdesk: { access_key: { value: KEY } }",
        "helpdesk: { access_key: [KEY], password: KEY }",
        "helpdesk: { access_key: !key KEY }",
        "helpdesk: { access_key: &key KEY, password: *key }",
        "helpdesk: { access_key: 'KEY",
        "helpdesk: { access_key: KEY: x }",
        "helpdesk:\n\taccess_key: KEY",
        "helpdesk:\n  access_key: KEY\n access_key: KEY",
        "helpdesk:\n  access_key: |\n    KEY\n  rate: many",
        "helpdesk: https://desk.example/sd?accessKey=KEY",
        "helpdesk: { password: { env: A }, password: KEY }",
        "mail: smtps://me:KEY@host",
        "mail: { smtps://me:KEY@host }",
        "mail: { urls: 'smtps://me:KEY@host' }",
        "mail: { url: { smtps://me:KEY@host } }",
        "mail: { url: [smtps://me:KEY@host] }",
        "mail: { password: KEY }",
        "ledger: postgres://me:KEY@host/db",
        "webhook: https://hooks.example/x?token=KEY",
        "smtps://me:KEY@host",
        "<<<<<<< ours\npassword: KEY\n=======\npassword: { env: A }\n>>>>>>> theirs",
        "password: KEY \u{200b}",
    ] {
        let settings = format!("timezone: Europe/Moscow\n{}\n", line.replace("KEY", CANARY));
        let invalid = [settings.as_bytes(), b"# \xff\n"].concat();
        for settings in [settings.as_bytes(), &invalid] {
            let mut sources = Sources::default();
            let found = read_settings(&mut sources, settings);
            assert!(found.iter().any(|fault| fault.code == Code::E013), "{line}: {found:?}");
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
                assert!(!format.contains(&CANARY[..6]), "{line}: {format}");
            }
        }
    }
}
