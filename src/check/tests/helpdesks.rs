//! Several helpdesks: where agreements live, and which ids of the catalog belong to which helpdesk.

use super::{checked, files_of};
use crate::check::CheckedRepository;
use crate::diagnostic::{Code, Sources};
use crate::ident::{HelpdeskName, LiveId};

const TWO: &str = "# servanda.yaml
timezone: Europe/Moscow
helpdesks: { berlin: { default: true }, moscow: {} }
";
const CATALOG: &str = "# catalog.yaml
clients:
  dent-mayak: { title: Mayak, helpdesk: ou$1, lives_in: moscow, contacts: { main: { helpdesk: employee$1 } } }
  dent-profi: { title: Profi, helpdesk: { berlin: ou$2, moscow: \"42\" } }
services: { email: { title: E-mail } }
";

fn name(text: &str) -> HelpdeskName {
    HelpdeskName::new(text).expect("a name")
}

fn repository(settings: &str, rest: &str) -> (Sources, CheckedRepository) {
    checked(&files_of(&format!("{settings}{CATALOG}{rest}")))
}

/// An agreement with one service and these lines.
fn agreement(id: &str, client: &str, more: &str) -> String {
    format!(
        "# agreements/{id}.yaml\nclient: {client}\n{more}period: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n\
         services: {{ email: true }}\n"
    )
}

fn codes(found: &CheckedRepository) -> Vec<Code> {
    found.diagnostics.iter().map(|fault| fault.code).filter(|code| code.as_str().starts_with('E')).collect()
}

#[test]
fn the_nearest_helpdesk_wins_in_the_order_of_zones() {
    let template = "# templates/there.yaml\nhelpdesk: moscow\n";
    let template_here = "# templates/here.yaml\nhelpdesk: berlin\n";
    for (client, more, expected) in [
        ("dent-profi", "", "berlin"),
        ("dent-mayak", "", "moscow"),
        ("dent-mayak", "helpdesk: berlin\n", "berlin"),
        ("dent-profi", "extends: there\n", "moscow"),
        // The client is nearer than a template, and the file of the agreement than both.
        ("dent-mayak", "extends: here\n", "moscow"),
        ("dent-mayak", "extends: here\nhelpdesk: berlin\n", "berlin"),
    ] {
        let (_, found) = repository(TWO, &[template, template_here, &agreement("a", client, more)].concat());
        assert_eq!(codes(&found), [], "{client} {more}");
        assert_eq!(found.agreements[0].helpdesk, Some(name(expected)), "{client} {more}");
    }
    let entries = "# agreements/set.yaml\nclients: { dent-profi: { helpdesk: moscow }, dent-mayak: {} }\n\
                   helpdesk: berlin\nperiod: { first_day: 2026-01-01, last_day: 2026-12-31 }\nservices: { email: true }\n";
    let (_, found) = repository(TWO, entries);
    let lives: Vec<_> = found.agreements.iter().map(|found| found.helpdesk.clone()).collect();
    assert_eq!(lives, [Some(name("berlin")), Some(name("moscow"))]);
}

#[test]
fn one_helpdesk_has_no_name() {
    let settings = "# servanda.yaml\ntimezone: Europe/Moscow\nhelpdesk: {}\n# catalog.yaml\n\
                    clients: { a: { title: A } }\nservices: { email: { title: E-mail } }\n";
    let (_, found) = checked(&files_of(&format!("{settings}{}", agreement("a", "a", ""))));
    assert_eq!((codes(&found), &found.agreements[0].helpdesk), (vec![], &None));
}

#[test]
fn an_unknown_helpdesk_is_shown_with_its_line_and_what_there_is() {
    for (rest, path, line) in [
        (agreement("a", "dent-profi", "helpdesk: moscov\n"), "agreements/a.yaml", 2),
        (
            format!("# templates/t.yaml\nhelpdesk: moscov\n{}", agreement("a", "dent-profi", "extends: t\n")),
            "templates/t.yaml",
            1,
        ),
    ] {
        let (sources, found) = repository(TWO, &rest);
        let fault = found.diagnostics.iter().find(|fault| fault.code == Code::E101).expect("a fault");
        let position = sources.position(fault.place.span);
        assert_eq!((position.path.as_str(), position.line), (path, line));
        let help = fault.help.as_deref().expect("a help");
        assert!(help.contains("`moscow`") && help.contains("`berlin`"), "{help}");
    }
    let catalog =
        CATALOG.replace("lives_in: moscow", "lives_in: other").replace("moscow: \"42\"", "rome: \"42\"");
    let files = format!("{TWO}{catalog}{}", agreement("a", "dent-profi", ""));
    assert_eq!(codes(&checked(&files_of(&files)).1), [Code::E101, Code::E101]);
}

#[test]
fn the_default_helpdesk_must_be_clear() {
    for (helpdesks, expected) in [
        ("{ berlin: {}, moscow: {} }", &[Code::E010][..]),
        ("{ berlin: { default: true }, moscow: { default: true } }", &[Code::E014]),
        ("{}", &[Code::E010]),
        ("{ moscow: {}, }", &[]),
    ] {
        let settings = format!("# servanda.yaml\ntimezone: Europe/Moscow\nhelpdesks: {helpdesks}\n");
        let catalog = "# catalog.yaml\nclients: { a: { title: A } }\n";
        let (_, found) = checked(&files_of(&format!("{settings}{catalog}")));
        let own: Vec<Code> = found.diagnostics.iter().map(|fault| fault.code).collect();
        let own: Vec<Code> = own.into_iter().filter(|code| code.as_str().starts_with('E')).collect();
        assert_eq!(own, expected, "{helpdesks}");
    }
}

#[test]
fn two_names_of_one_helpdesk_are_an_error_at_the_second() {
    let url = "kind: itop, url: https://itop.acme.example, access_key: { env: A }, provider: p";
    let settings = |second: &str| {
        format!(
            "# servanda.yaml\ntimezone: Europe/Moscow\nhelpdesks:\n  a: {{ {url}, default: true }}\n  b: {{ {url}{second} }}\n\
             # catalog.yaml\nproviders: {{ p: {{ title: P }} }}\n"
        )
    };
    let (sources, found) = checked(&files_of(&settings("")));
    assert_eq!(codes(&found), [Code::E111]);
    let fault = found.diagnostics.iter().next().expect("a fault");
    assert_eq!(sources.position(fault.place.span).line, 4);
    let prefixed = |second: &str| format!(", agreement: {{ key: {{ prefix: \"{second}\" }} }}");
    for (second, expected) in [("b:", &[][..]), ("sv:b:", &[Code::E111])] {
        let (_, found) = checked(&files_of(&settings(&prefixed(second))));
        assert_eq!(codes(&found), expected, "{second}");
    }
    let other_spelling =
        settings("").replacen("https://itop.acme.example", "https://itop.acme.example:443", 1);
    assert_eq!(codes(&checked(&files_of(&other_spelling)).1), [Code::E111]);
}

#[test]
fn the_faults_of_a_helpdesk_are_shown_below_its_name() {
    let settings =
        "# servanda.yaml\ntimezone: Europe/Moscow\nhelpdesks:\n  a: {}\n  b: { kind: itop, default: true }\n";
    let (sources, found) = checked(&files_of(&format!("{settings}# catalog.yaml\nclients: {{}}\n")));
    let lines = found.diagnostics.iter().filter(|fault| fault.code == Code::E010);
    let lines: Vec<usize> = lines.map(|fault| sources.position(fault.place.span).line).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| *line == 4), "{lines:?}");
}

#[test]
fn an_agreement_adopts_an_object_of_its_own_helpdesk_only() {
    for (more, expected) in [
        ("adopts: \"42\"\n", Some("42")),
        ("adopts: \"42\"\nhelpdesk: moscow\n", None),
        ("adopts: { berlin: \"42\" }\nhelpdesk: moscow\n", None),
        ("adopts: { moscow: \"7\", berlin: \"42\" }\nhelpdesk: moscow\n", Some("7")),
    ] {
        let (_, found) = repository(TWO, &agreement("a", "dent-profi", more));
        assert_eq!(codes(&found), [], "{more}");
        assert_eq!(found.agreements[0].adopts, expected.and_then(LiveId::new), "{more}");
    }
    let (_, found) = repository(TWO, &agreement("a", "dent-profi", "adopts: { rome: \"42\" }\n"));
    assert_eq!(codes(&found), [Code::E101]);
}

#[test]
fn an_id_belongs_to_one_helpdesk() {
    let rest = [agreement("a", "dent-mayak", ""), agreement("b", "dent-profi", "")].concat();
    let (_, found) = repository(TWO, &rest);
    assert_eq!(codes(&found), []);
    let id = |text: &str| LiveId::new(text);
    let ids = |found: &CheckedRepository| {
        let clients = found.catalog.clients.values();
        clients.map(|client| client.entry.helpdesk.clone()).collect::<Vec<_>>()
    };
    let berlin = found.clone().in_helpdesk(&name("berlin"));
    assert_eq!(ids(&berlin), [id("ou$1"), id("ou$2")]);
    let moscow = found.in_helpdesk(&name("moscow"));
    // A plain id is one of the default helpdesk, in which a person of a contact is too.
    assert_eq!(ids(&moscow), [None, id("42")]);
    assert!(moscow.catalog.clients.values().all(|client| client.contacts.is_empty()));
    let here = |found: &CheckedRepository| {
        found.agreements.iter().map(|agreement| agreement.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!((here(&berlin), here(&moscow)), (vec!["b".to_owned()], vec!["a".to_owned()]));
}
