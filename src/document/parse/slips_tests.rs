use crate::diagnostic::{Sources, Span};
use crate::document::{DocumentKind, read};

/// The position, the code and the help of each error of an agreement.
fn found(text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    let file = sources.add("agreements/a.yaml", text);
    let (_, faults) = read(&sources, file, DocumentKind::Agreement);
    let line = |span: Span, code: &str| {
        let place = sources.position(span);
        format!("{}:{} {code}", place.line, place.column)
    };
    let faults = faults.iter();
    faults
        .map(|fault| {
            (line(fault.place.span, fault.code.as_str()), fault.help.clone().unwrap_or_default().into())
        })
        .collect()
}

#[track_caller]
fn only(text: &str, place: &str, help: &str) {
    let found = found(text);
    assert_eq!(found.len(), 1, "{text:?}: {found:?}");
    assert_eq!(found[0].0, place, "{text:?}");
    assert!(found[0].1.contains(help), "{text:?}: {}", found[0].1);
}

#[test]
fn a_missing_space_is_one_error_with_the_line_to_write() {
    for (text, place, help) in [
        ("extends: std\nclient:acme\nperiod: { first_day: 2026-03-01 }\n", "2:1 E017", "`client: acme`"),
        ("extends: std\nperiod: { first_day: 2026-03-01 }\nclient:acme\n", "3:1 E017", "`client: acme`"),
        ("client:acme\n", "1:1 E017", "`client: acme`"),
        ("client: acme\nperiod: { first_day:2026-03-01 }\n", "2:11 E017", "`first_day: 2026-03-01`"),
        ("client: acme\nperiod:\n  first_day:2026-03-01\n", "3:3 E017", "`first_day: 2026-03-01`"),
        ("client: acme\nservices:\n  vpn:true\n  email:true\n", "3:3 E017", "`vpn: true`"),
        ("client: acme\nservices: { vpn: calendar:24x7 }\n", "2:18 E017", "`calendar: 24x7`"),
        (
            "client: acme\nsuspensions:\n  - from:2026-01-01\n    until: 2026-02-01\n",
            "3:5 E017",
            "`from: 2026-01-01`",
        ),
    ] {
        only(text, place, help);
    }
}

#[test]
fn a_space_that_is_a_letter_to_yaml_is_one_error_where_it_stands() {
    for (text, place) in [
        ("client: acme\nperiod:\n\u{a0}\u{a0}first_day: 2026-03-01\n", "3:1 E007"),
        ("client: acme\nperiod:\n  first_day:\u{a0}2026-03-01\n", "3:13 E007"),
        ("client: acme\nperiod:\n  first_day: 2026-03-01\n \u{a0}term: 1y\n", "4:2 E007"),
        ("extends: std\nclient:\u{a0}acme\nperiod: { first_day: 2026-03-01 }\n", "2:8 E007"),
        ("extends: std\nclient: \u{a0}acme\n", "2:9 E007"),
        ("extends: std\nclient: acme\u{a0}\n", "2:13 E007"),
        ("client: acme\nrecipients:\n  -\u{a0}acme\n", "3:4 E007"),
        ("client: acme\nperiod: { first_day:\u{202f}2026-03-01 }\n", "2:21 E007"),
        ("client: acme\nperiod: {\u{3000}first_day: 2026-03-01 }\n", "2:10 E007"),
    ] {
        only(text, place, "space bar");
    }
    for text in [
        "client: acme\ntitle: ООО\u{a0}«Акме»\n",
        "client: acme\ntitle: sla:\u{a0}24x7\n",
        "client: acme\ntitle: \"\u{a0}x\u{a0}\"\n",
        "# \u{a0}a comment\u{a0}\nclient: acme # \u{a0}\n",
    ] {
        let found = found(text);
        assert!(found.iter().all(|(place, _)| !place.contains("E007")), "{text:?}: {found:?}");
    }
}

#[test]
fn every_merge_conflict_is_one_error_at_its_first_mark() {
    let conflict = "<<<<<<< HEAD\nextends: std\n||||||| base\n=======\nextends: std2\n>>>>>>> branch\n";
    only(&format!("{conflict}client: acme\n"), "1:1 E016", "`<<<<<<<`");
    only("client: acme\nperiod: {\n<<<<<<< HEAD\r\n=======\r\n>>>>>>> x\r\n}\n", "3:1 E016", "`>>>>>>>`");
    only("client: acme\n>>>>>>> branch\n", "2:1 E016", "`=======`");
    let twice = format!("client: acme\n{conflict}{conflict}");
    assert_eq!(
        found(&twice).iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(),
        ["2:1 E016", "8:1 E016"]
    );
    assert!(found("client: acme\ntitle: \"a <<<<<<< b\"\n").iter().all(|(place, _)| !place.contains("E016")));
}
