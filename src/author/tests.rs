//! The example of this repository, taken apart and put together again.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{MinimizeError, Table, file_text, minimize, next_period, override_layer, read_table};
use crate::agreement::{PeriodEnd, sample};
use crate::calendar::read_instant;
use crate::diagnostic::{Code, Diagnostic, Sources};
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
        let agreement = sample::agreement("a", first_day, last_day);
        let found = super::agreed_length(&agreement).map(|term| term.to_string());
        assert_eq!(found.as_deref(), Some(length), "{first_day} to {last_day}");
    }
}

fn catalog() -> crate::catalog::Catalog {
    let mut sources = Sources::default();
    let file = sources.add("catalog.yaml", include_str!("../../catalog.yaml"));
    let settings = sources.add("servanda.yaml", "timezone: Europe/Moscow\n");
    let (settings, _) = crate::check::read_settings(&read(&sources, settings, DocumentKind::Settings).0);
    crate::check::read_catalog(&[&read(&sources, file, DocumentKind::Catalog).0], &settings).0
}

/// Reads a table with the example's catalog.
fn table(text: &str) -> (Sources, Table, Vec<String>) {
    let mut sources = Sources::default();
    let file = sources.add("clients.csv", text);
    let (table, faults) = read_table(&sources, file, &catalog());
    let line = |fault: &Diagnostic| {
        let place = sources.position(fault.place.span);
        let related = fault.related.iter().map(|label| format!(" + {}", sources.position(label.span).column));
        format!("{}:{} {}{}", place.line, place.column, fault.code, related.collect::<String>())
    };
    let faults = faults.iter().map(line).collect();
    (sources, table, faults)
}

#[test]
fn a_table_is_read_as_spreadsheets_write_it() {
    let text = "client;number;service.vpn;label.note;open_ended\r\n\r\ndent-art ; 0049;24x7;\"two\r\nlines; \"\"quoted\"\"\";да\r\n dent-line;;нет;;\r\n";
    let (sources, Table { rows, .. }, faults) = table(text);
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
fn a_table_of_a_clerk_has_titles_russian_names_days_with_dots_and_empty_columns() {
    let text = "Клиент;Менеджер;Дата начала;Последний день;Услуга: Удалённый доступ (VPN);;;\r\n\
        АО\u{a0}«Портовик»;Ирина  Петрова;01.02.2027;31.1.2028;да;;;\r\n;;;;;;;\r\nuralstal;i.petrova;2027-02-01;31.01.2028;;;\r\n";
    let (_, Table { rows, new_clients }, faults) = table(text);
    assert!(faults.is_empty() && new_clients.is_empty(), "{faults:?}");
    let said: Vec<(&str, Value)> =
        rows.iter().map(|row| (row.client.as_str(), override_layer(&row.overrides))).collect();
    let period = json!({ "first_day": "2027-02-01", "last_day": "2028-01-31" });
    let first = json!({ "manager": "i.petrova", "period": period, "services": { "vpn": true } });
    let second = json!({ "manager": "i.petrova", "period": period });
    assert_eq!(said, [("portovik", first), ("uralstal", second)]);
}

#[test]
fn a_title_of_two_entries_is_no_name() {
    let mut catalog = catalog();
    let twin = catalog.clients["portovik"].clone();
    catalog.clients.insert(crate::ident::ClientSlug::new("twin").expect("a slug"), twin);
    let mut sources = Sources::default();
    let file = sources.add("clients.csv", "client\nАО «Портовик»\nportovik\n");
    let (_, faults) = read_table(&sources, file, &catalog);
    let faults: Vec<_> = faults.iter().map(|fault| (fault.code, fault.help.as_deref())).collect();
    assert_eq!(faults, [(Code::E101, Some("write the slug: `portovik` or `twin`"))]);
}

#[test]
fn clients_that_the_catalog_lacks_are_created_with_their_title() {
    let text = "client,client_title,client_email,id\n\
        ,ООО «Новая волна»,it@volna.example,a\n\
        ,ООО «Новая волна»,,b\n\
        volna-2,ЗАО «Волна»,,c\n\
        ,АО «Портовик»,,d\n\
        portovik,,shift@portovik.example,e\n";
    let (_, Table { rows, new_clients }, faults) = table(text);
    assert!(faults.is_empty(), "{faults:?}");
    let clients: Vec<&str> = rows.iter().map(|row| row.client.as_str()).collect();
    assert_eq!(clients, ["novaya-volna", "novaya-volna", "volna-2", "portovik", "portovik"]);
    let created: Vec<_> =
        new_clients.iter().map(|new| (new.slug.as_str(), new.title.as_str(), new.email.as_deref())).collect();
    let expected =
        [("novaya-volna", "ООО «Новая волна»", Some("it@volna.example")), ("volna-2", "ЗАО «Волна»", None)];
    assert_eq!(created, expected);
    for (row, fault) in [
        ("portovik,Another title,,", "2:10 E009"),
        ("new,АО «Портовик»,,", "2:5 E111"),
        ("portovik,,other@portovik.example,", "2:11 E009"),
        (",New,somebody,", "2:6 E009"),
        (",日本,,", "2:2 E012"),
        ("New Client,New,,", "2:1 E101"),
        (",New,a@b.example,a\n,New,c@b.example,b", "3:2 E111 + 2"),
    ] {
        let (_, _, faults) = table(&format!("client,client_title,client_email,id\n{row}\n"));
        assert_eq!(faults, [fault], "{row}");
    }
}

#[test]
fn what_separates_the_cells_is_found() {
    for text in [
        "client\tnumber\ndent-art\t1,2;3\n",
        "sep=;\r\nclient;number\r\ndent-art;\"1,2;3\"\r\n",
        "sep=|\nclient|number\ndent-art|1,2;3\n",
    ] {
        let (sources, Table { rows, .. }, faults) = table(text);
        assert!(faults.is_empty(), "{text}: {faults:?}");
        assert_eq!(rows.len(), 1, "{text}");
        assert_eq!(override_layer(&rows[0].overrides), json!({ "number": "1,2;3" }), "{text}");
        assert_eq!(sources.slice(rows[0].place), "dent-art");
    }
}

#[test]
fn the_errors_of_each_row_are_one_with_all_places() {
    for (text, expected) in [
        ("", &["1:1 E015"][..]),
        ("kunde,number\n", &["1:1 E010", "1:1 E008"]),
        ("client,nummer,client\n", &["1:8 E008", "1:15 E003"]),
        ("client,service.wpn\n", &["1:8 E101"]),
        ("client,term\ndent-art,1y,more\n", &["2:13 E009"]),
        ("client,,term\ndent-art,more,1y\n", &["2:10 E009"]),
        ("client,last_day,term\ndent-art,2026-02-30,1y\n", &["2:10 E203 + 21"]),
        ("client,id\ndent-art,Ы\ndent-art,a\ndent-art,a\n", &["2:10 E012", "4:1 E102 + 1"]),
        ("client,number\ndent-art,1\ndent-line,1\n", &["3:1 E103 + 1"]),
        ("client,open_ended,provider\ndent-art,maybe,acne\n", &["2:10 E009 + 16"]),
        (
            "client,first_day,manager\nacne,01/02/2026,no-one\nacne,1.1.26,\n",
            &["2:1 E101 + 6 + 17", "3:1 E101 + 6"],
        ),
        ("client,title\n,\n,x\n", &["3:1 E010"]),
    ] {
        assert_eq!(table(text).2, expected, "{text:?}");
    }
}

#[test]
fn an_open_ended_agreement_needs_a_last_day_to_be_renewed() {
    let mut open = sample::agreement("a", "2026-01-01", "2026-12-31");
    open.period.end = PeriodEnd::Open;
    let at = read_instant("2026-06-01T00:00:00Z").expect("an instant");
    let refused = next_period(&open, None, at).expect_err("no last day");
    assert_eq!(refused.help, "write its `last_day` in place of `open_ended: true` in its file first");
}
