use serde_json::{Value as Json, json};

use super::{Itsm365Samples, date_form_probes, propose_mapping};
use crate::calendar::{Zone, read_day};
use crate::discovery::{ClassSample, DiscoveredMapping, Evidence, Samples};
use crate::mapping::Field;

/// Agreements with these changes to each.
fn samples(count: usize, change: impl Fn(usize, &mut Json)) -> Samples {
    let objects = (0..count).map(|number| {
        let mut object = json!({
            "UUID": format!("agreement${number}"), "metaClass": "agreement$agreement", "title": format!("Договор {number}"),
            "inventoryNumber": null, "startDate": "2026.01.01 00:00:00", "endDate": "2026.12.31 23:59:59", "state": "active",
            "responsible": { "UUID": "employee$1" }, "services": [{ "UUID": "slmService$1" }],
        });
        change(number, &mut object);
        object.as_object().expect("an object").clone()
    });
    [("agreement".to_owned(), ClassSample::Objects(objects.collect()))].into()
}

fn proposed(samples: &Samples) -> DiscoveredMapping {
    let today = read_day("2026-11-30").expect("a day");
    propose_mapping(&Itsm365Samples { samples, understood: None, zone: &Zone::UTC, clock: None, today })
}

fn value(mapping: &DiscoveredMapping, path: &[&str]) -> Option<Json> {
    mapping.lines.iter().find(|line| line.path.ends_with(path)).map(|line| line.value.clone())
}

fn outliers(mapping: &DiscoveredMapping, path: &[&str]) -> Vec<String> {
    let line = mapping.lines.iter().find(|line| line.path.ends_with(path)).expect("a line");
    match &line.evidence {
        Evidence::Holds { outliers, .. } => outliers.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_odd_value_among_many_decides_nothing() {
    let mapping = proposed(&samples(109, |number, object| match number {
        7 => object["title"] = json!("2026-01-01"),
        8 => object["endDate"] = json!("до расторжения"),
        9 => object["endDate"] = json!("2026.12.31 00:00:00"),
        10 => object["responsible"] = json!({ "UUID": "team$3" }),
        11 => object["services"] = json!([{ "UUID": "slmService$1" }, { "UUID": "bundle$2" }]),
        _ => {}
    }));
    assert_eq!(value(&mapping, &["attributes", "title"]), Some(json!("title")));
    assert_eq!(value(&mapping, &["last_day", "attribute"]), Some(json!("endDate")));
    assert_eq!(value(&mapping, &["last_day", "as"]), Some(json!("end_of_day")));
    assert_eq!(outliers(&mapping, &["last_day", "attribute"]), ["agreement$8"]);
    assert_eq!(outliers(&mapping, &["attributes", "manager"]), ["agreement$10"]);
    assert_eq!(outliers(&mapping, &["attributes", "services"]), ["agreement$11"]);
}

#[test]
fn a_field_without_an_attribute_is_named() {
    let mapping = proposed(&samples(3, |_, object| object["title"] = json!("2026-01-01")));
    assert!(mapping.missing.contains(&Field::Title));
    assert!(!mapping.missing.contains(&Field::Services));
}

#[test]
fn every_form_of_a_day_is_asked_for_beginning_with_the_helpdesks_own() {
    let forms = |label: &str| -> Vec<&str> {
        let samples = samples(3, |number, object| {
            object["startDate"] = if number == 0 { json!("2026.02.02 10:00:00") } else { json!(label) };
        });
        date_form_probes(&samples).iter().map(|probe| probe.form).collect()
    };
    assert_eq!(forms("2026.01.01"), ["date", "iso_date", "date_time", "iso_date_time"]);
    assert_eq!(forms("2026-01-01 00:00:00"), ["date_time", "iso_date_time", "date", "iso_date"]);
}
