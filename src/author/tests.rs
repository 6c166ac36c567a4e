//! The example of this repository, taken apart and put together again.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{MinimizeError, file_text, minimize, override_layer, read_table};
use crate::diagnostic::Sources;
use crate::document::{Document, DocumentKind, read};
use crate::template::Library;

const TEMPLATES: [(&str, &str); 6] = [
    ("base-provider", include_str!("../../templates/base-provider.yaml")),
    ("support-standard", include_str!("../../templates/support-standard.yaml")),
    ("support-premium", include_str!("../../templates/support-premium.yaml")),
    ("in-english", include_str!("../../templates/in-english.yaml")),
    ("dental-package", include_str!("../../templates/dental-package.yaml")),
    ("project-warranty", include_str!("../../templates/project-warranty.yaml")),
];

const AGREEMENTS: [&str; 8] = [
    include_str!("../../agreements/2026/severny-veter-2026.yaml"),
    include_str!("../../agreements/2026/severny-veter-accounting-2026.yaml"),
    include_str!("../../agreements/2026/aurora-games-2026.yaml"),
    include_str!("../../agreements/2026/vostok-log-2026.yaml"),
    include_str!("../../agreements/2025/kofe-zerno-2025.yaml"),
    include_str!("../../agreements/2025/brueckner-2025.yaml"),
    include_str!("../../agreements/open-ended/yantar-hotel.yaml"),
    include_str!("../../agreements/projects/portovik-warranty.yaml"),
];

fn templates() -> Vec<Document> {
    let mut sources = Sources::default();
    let read = |(name, text): &(&str, &str)| {
        let file = sources.add(format!("templates/{name}.yaml"), *text);
        read(&sources, file, DocumentKind::Template).0
    };
    TEMPLATES.iter().map(read).collect()
}

fn agreement(text: &str) -> Document {
    let mut sources = Sources::default();
    let file = sources.add("agreements/some.yaml", text);
    let (document, faults) = read(&sources, file, DocumentKind::Agreement);
    assert!(faults.is_empty(), "{faults:?} in\n{text}");
    document
}

/// The merged values of an agreement, and the templates that it extends.
fn merged(library: &Library<'_>, document: &Document) -> (Vec<String>, Value) {
    let extends = match document.tree().to_json()["extends"].clone() {
        Value::String(name) => vec![name],
        names => serde_json::from_value(names).unwrap_or_default(),
    };
    let (resolved, faults) = library.resolve(document);
    assert!(faults.is_empty(), "{faults:?}");
    (extends, resolved[0].tree.to_json())
}

#[test]
fn the_agreements_of_the_example_are_as_short_as_they_can_be() {
    for text in AGREEMENTS {
        let templates = templates();
        let document = agreement(text);
        let (library, _) = Library::new(&templates);
        let (extends, desired) = merged(&library, &document);
        let extends: Vec<&str> = extends.iter().map(String::as_str).collect();
        assert_eq!(minimize(&library, &extends, &desired), Ok(document.tree().to_json()), "{text}");
    }
}

#[test]
fn what_templates_say_for_good_is_no_place_to_begin_from() {
    let templates = templates();
    let (library, _) = Library::new(&templates);
    let desired = json!({ "client": "portovik" });
    let refused = MinimizeError::Inherited("title".to_owned());
    assert_eq!(minimize(&library, &["in-english"], &desired), Err(refused));
    let refused = MinimizeError::NoTemplate("in-englisch".to_owned());
    assert_eq!(minimize(&library, &["in-english", "in-englisch"], &desired), Err(refused));
    // The hours of a service are one of its own, and `true` would leave them in place.
    let mut desired = library.inherited(&["support-premium"]).expect("it is sound").to_json();
    desired["services"]["servers"] = json!(true);
    let refused = MinimizeError::Inherited("services.servers.calendar".to_owned());
    assert_eq!(minimize(&library, &["support-premium"], &desired), Err(refused));
}

/// One change of a merged agreement.
fn change() -> impl Strategy<Value = (usize, usize)> {
    (0..12_usize, any::<usize>())
}

fn changed(desired: &mut Value, (kind, draw): (usize, usize)) {
    let days = ["2026-03-01", "2027-12-31"];
    let pick = |map: &Value| {
        let keys: Vec<String> = map.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.get(draw.checked_rem(keys.len()).unwrap_or(0)).cloned().unwrap_or_else(|| "vpn".to_owned())
    };
    let end = |desired: &mut Value, key: &str, value: Value| {
        if let Some(period) = desired["period"].as_object_mut() {
            period.retain(|key, _| key == "first_day" || key == "timezone");
            period.insert(key.to_owned(), value);
        }
    };
    match kind {
        0 => drop(desired["services"].as_object_mut().map(|services| services.shift_remove("email"))),
        1 => {
            let service = pick(&desired["services"]);
            desired["services"][service] =
                json!({ "calendar": "24x7", "targets": { "low": { "response": "8h" } } });
        }
        2 => desired["services"]["printing"] = json!(true),
        3 => desired["number"] = json!("ДО: № 1, «и»"),
        4 => end(desired, "last_day", json!(days[draw % 2])),
        5 => end(desired, "open_ended", json!(true)),
        6 => end(desired, "term", json!("18mo")),
        7 => drop(desired["notices"].as_object_mut().map(|notices| notices.shift_remove("renewed"))),
        8 => desired["notices"]["expiring"] = json!({ "before": ["5d"], "to": ["manager"] }),
        9 => desired["labels"] = json!({ "segment": "x", "on": "off" }),
        10 => desired["contacts"] = json!({ "main": { "email": "a@b.example" }, "boss": "c@d.example" }),
        _ => desired["attributes"] = json!({ "costCenter": "0049", "seats": 12, "vip": true }),
    }
}

proptest! {
    #[test]
    fn what_was_taken_apart_says_the_same_again(
        which in 0..AGREEMENTS.len(),
        changes in proptest::collection::vec(change(), 0..6),
    ) {
        let templates = templates();
        let (library, _) = Library::new(&templates);
        let document = agreement(AGREEMENTS[which]);
        let (extends, mut desired) = merged(&library, &document);
        for change in changes {
            changed(&mut desired, change);
        }
        let extends: Vec<&str> = extends.iter().map(String::as_str).collect();
        match minimize(&library, &extends, &desired) {
            Ok(said) => {
                let again = agreement(&file_text("agreements/some.yaml", &said));
                prop_assert_eq!(merged(&library, &again).1, desired);
            }
            // A target that a template gives a service cannot be taken back.
            Err(refused) => prop_assert!(refused.to_string().contains("`services.servers.targets"), "{refused}"),
        }
    }
}

#[test]
fn two_days_are_whole_months_also_where_the_last_month_lacks_the_day() {
    for (first_day, last_day, length) in [
        ("2026-01-31", "2026-02-28", "1mo"),
        ("2026-08-30", "2027-02-28", "6mo"),
        ("2024-02-29", "2025-02-28", "1y"),
        ("2026-02-01", "2026-02-28", "1mo"),
        ("2026-01-28", "2026-02-28", "32d"),
    ] {
        let agreement = crate::agreement::sample::agreement("a", first_day, last_day);
        let found = super::agreed_length(&agreement).map(|term| term.to_string());
        assert_eq!(found.as_deref(), Some(length), "{first_day} to {last_day}");
    }
}

fn catalog() -> crate::catalog::Catalog {
    let mut sources = Sources::default();
    let file = sources.add("catalog.yaml", include_str!("../../catalog.yaml"));
    let settings = sources.add("servanda.yaml", "timezone: Europe/Moscow\n");
    let (settings, _) = crate::check::read_settings(&read(&sources, settings, DocumentKind::Settings).0);
    crate::check::read_catalog(&read(&sources, file, DocumentKind::Catalog).0, &settings).0
}

#[test]
fn a_table_is_read_as_spreadsheets_write_it() {
    let mut sources = Sources::default();
    let text = "\u{feff}client;number;service.vpn;label.note;open_ended\r\n\r\ndent-art ; 0049;24x7;\"two\r\nlines; \"\"quoted\"\"\";да\r\n dent-line;;нет;;\r\n";
    let file = sources.add("clients.csv", text);
    let (rows, faults) = read_table(&sources, file, &catalog());
    assert!(faults.is_empty(), "{faults:?}");
    let said: Vec<(&str, Value)> =
        rows.iter().map(|row| (row.client.as_str(), override_layer(&row.overrides))).collect();
    let first = json!({
        "number": "0049",
        "period": { "open_ended": true },
        "services": { "vpn": { "calendar": "24x7" } },
        "labels": { "note": "two\r\nlines; \"quoted\"" },
    });
    let second = json!({ "services": { "vpn": false } });
    assert_eq!(said, [("dent-art", first), ("dent-line", second)]);
    assert_eq!(sources.slice(rows[1].place), "dent-line");
    assert_eq!(sources.position(rows[1].place).line, 5);
}

#[test]
fn what_parts_the_cells_is_seen_or_said() {
    for text in [
        "client\tnumber\ndent-art\t1,2;3\n",
        "sep=;\r\nclient;number\r\ndent-art;\"1,2;3\"\r\n",
        "\u{feff}sep=|\nclient|number\ndent-art|1,2;3\n",
    ] {
        let mut sources = Sources::default();
        let file = sources.add("clients.csv", text);
        let (rows, faults) = read_table(&sources, file, &catalog());
        assert!(faults.is_empty(), "{text}: {faults:?}");
        assert_eq!(rows.len(), 1, "{text}");
        assert_eq!(override_layer(&rows[0].overrides), json!({ "number": "1,2;3" }), "{text}");
        assert_eq!(sources.slice(rows[0].place), "dent-art");
    }
}

#[test]
fn every_fault_of_a_table_has_its_line_and_column() {
    for (text, expected) in [
        ("", &["1:1 E015"][..]),
        ("kunde,number\n", &["1:1 E010", "1:1 E008"]),
        ("client,nummer,client\n", &["1:8 E008", "1:15 E003"]),
        ("client,service.wpn\n", &["1:8 E101"]),
        ("client,term\ndent-art,1y,more\n", &["2:13 E009"]),
        ("client,last_day,term\ndent-art,2026-02-30,1y\n", &["2:10 E203", "2:21 E014"]),
        ("client,id\ndent-art,Ы\ndent-art,a\ndent-art,a\n", &["2:10 E012", "4:1 E102"]),
        ("client,number\ndent-art,1\ndent-line,1\n", &["3:1 E103"]),
        ("client,open_ended,provider\ndent-art,maybe,acne\n", &["2:10 E009", "2:16 E101"]),
        ("client,title\n,\n,x\n", &["3:1 E010"]),
    ] {
        let mut sources = Sources::default();
        let file = sources.add("clients.csv", text);
        let (_, faults) = read_table(&sources, file, &catalog());
        let found: Vec<String> = faults
            .iter()
            .map(|fault| {
                let place = sources.position(fault.place.span);
                format!("{}:{} {}", place.line, place.column, fault.code)
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }
}
