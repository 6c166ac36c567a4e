//! The example of this repository, taken apart and put together again.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{NotSaid, file, least};
use crate::diagnostic::Sources;
use crate::document::{Document, Kind, read};
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
        read(&sources, file, Kind::Template).0
    };
    TEMPLATES.iter().map(read).collect()
}

fn agreement(text: &str) -> Document {
    let mut sources = Sources::default();
    let file = sources.add("agreements/some.yaml", text);
    let (document, faults) = read(&sources, file, Kind::Agreement);
    assert!(faults.is_empty(), "{faults:?} in\n{text}");
    document
}

/// What an agreement says with all that it inherits, and what it extends.
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
        let (extends, wished) = merged(&library, &document);
        let extends: Vec<&str> = extends.iter().map(String::as_str).collect();
        assert_eq!(least(&library, &extends, &wished), Ok(document.tree().to_json()), "{text}");
    }
}

#[test]
fn what_templates_say_for_good_is_no_place_to_begin_from() {
    let templates = templates();
    let (library, _) = Library::new(&templates);
    let wished = json!({ "client": "portovik" });
    let refused = NotSaid::Inherited("title".to_owned());
    assert_eq!(least(&library, &["in-english"], &wished), Err(refused));
    let refused = NotSaid::NoTemplate("in-englisch".to_owned());
    assert_eq!(least(&library, &["in-english", "in-englisch"], &wished), Err(refused));
    // The hours of a service are one of its own, and `true` would leave them in place.
    let mut wished = library.inherited(&["support-premium"]).expect("it is sound").to_json();
    wished["services"]["servers"] = json!(true);
    let refused = NotSaid::Inherited("services.servers.calendar".to_owned());
    assert_eq!(least(&library, &["support-premium"], &wished), Err(refused));
}

/// One change of a merged agreement.
fn change() -> impl Strategy<Value = (usize, usize)> {
    (0..12_usize, any::<usize>())
}

fn changed(wished: &mut Value, (kind, draw): (usize, usize)) {
    let days = ["2026-03-01", "2027-12-31"];
    let pick = |map: &Value| {
        let keys: Vec<String> = map.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.get(draw.checked_rem(keys.len()).unwrap_or(0)).cloned().unwrap_or_else(|| "vpn".to_owned())
    };
    let end = |wished: &mut Value, key: &str, value: Value| {
        if let Some(period) = wished["period"].as_object_mut() {
            period.retain(|key, _| key == "first_day" || key == "timezone");
            period.insert(key.to_owned(), value);
        }
    };
    match kind {
        0 => drop(wished["services"].as_object_mut().map(|services| services.shift_remove("email"))),
        1 => {
            let service = pick(&wished["services"]);
            wished["services"][service] =
                json!({ "calendar": "24x7", "targets": { "low": { "response": "8h" } } });
        }
        2 => wished["services"]["printing"] = json!(true),
        3 => wished["number"] = json!("ДО: № 1, «и»"),
        4 => end(wished, "last_day", json!(days[draw % 2])),
        5 => end(wished, "open_ended", json!(true)),
        6 => end(wished, "term", json!("18mo")),
        7 => drop(wished["notices"].as_object_mut().map(|notices| notices.shift_remove("renewed"))),
        8 => wished["notices"]["expiring"] = json!({ "before": ["5d"], "to": ["manager"] }),
        9 => wished["labels"] = json!({ "segment": "x", "on": "off" }),
        10 => wished["contacts"] = json!({ "main": { "email": "a@b.example" }, "boss": "c@d.example" }),
        _ => wished["attributes"] = json!({ "costCenter": "0049", "seats": 12, "vip": true }),
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
        let (extends, mut wished) = merged(&library, &document);
        for change in changes {
            changed(&mut wished, change);
        }
        let extends: Vec<&str> = extends.iter().map(String::as_str).collect();
        match least(&library, &extends, &wished) {
            Ok(said) => {
                let again = agreement(&file("agreements/some.yaml", &said));
                prop_assert_eq!(merged(&library, &again).1, wished);
            }
            // A target that a template gives a service cannot be taken back.
            Err(refused) => prop_assert!(refused.to_string().contains("`services.servers.targets"), "{refused}"),
        }
    }
}
