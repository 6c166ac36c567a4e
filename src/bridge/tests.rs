//! The contract: every value comes back, what does not fit is unknown or an error, and the document describes it all.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{
    AgreementMessage, Call, Capability, Description, StateCodes, carried, openapi, read_agreement,
    read_event, read_value, write_value,
};
use crate::calendar::{TargetTime, read_day};
use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::DriftPart;
use crate::status::State;

fn id(text: &str) -> LiveId {
    LiveId::new(text).expect("an id")
}

fn states() -> StateCodes {
    let code = |text: &str| text.to_owned();
    StateCodes {
        planned: code("new"),
        active: code("in-use"),
        suspended: code("paused"),
        expired: code("closed"),
        terminated: code("closed"),
    }
}

fn description(fields: &[&str]) -> Description {
    Description {
        versions: [1].into(),
        adapter: "test 1".to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        states: states(),
        kinds: BTreeSet::new(),
        capabilities: [Capability::OneRecipient].into(),
        business_day: Some(8 * 3600),
    }
}

#[test]
fn every_value_comes_back() {
    let key = TargetKey { service: Some(id("s1")), priority: id("p1") };
    let target = LiveTarget {
        response: Some(TargetTime::Seconds(1800)),
        resolution: Some(TargetTime::BusinessDays(2)),
        calendar: Some(id("c1")),
    };
    let values = [
        (Field::Title, Value::text("Договор «№ 1»")),
        (Field::Number, Value::Nothing),
        (Field::FirstDay, Value::Day(read_day("2028-02-29").expect("a day"))),
        (Field::LastDay, Value::Nothing),
        (Field::Manager, Value::Reference(id("u1"))),
        (Field::Services, Value::references([id("s1"), id("s2")].into())),
        (Field::Recipients, Value::Nothing),
        (Field::Targets, Value::targets([(key, target)].into())),
        (Field::Attribute("cost".into()), Value::Integer(7)),
        (Field::Attribute("vip".into()), Value::Bool(true)),
    ];
    for (field, value) in values {
        let json = write_value(&field, &value);
        assert_eq!(read_value(&field, &json), Ok(value), "{field}: {json}");
    }
    assert_eq!(write_value(&Field::Services, &Value::Nothing), json!([]));
    assert_eq!(write_value(&Field::LastDay, &Value::Nothing), Json::Null);
}

#[test]
fn a_value_of_another_form_is_an_error() {
    for (field, json) in [
        (Field::Title, json!(7)),
        (Field::FirstDay, json!("2027-01-31T00:00:00Z")),
        (Field::FirstDay, json!("31.01.2027")),
        (Field::LastDay, json!("2027-02-29")),
        (Field::Manager, json!("")),
        (Field::Manager, json!({ "id": "u1" })),
        (Field::Services, json!("s1")),
        (Field::Services, json!([null])),
        (Field::Targets, json!([{ "priority": "p1" }, { "priority": "p1" }])),
        (Field::Targets, json!([{ "priority": "p1", "response": "4h" }])),
        (Field::Attribute("cost".into()), json!(1.5)),
    ] {
        assert!(read_value(&field, &json).is_err(), "{field}: {json}");
    }
}

#[test]
fn an_agreement_that_cannot_be_read_is_unknown_and_not_absent() {
    let mapping = carried(&description(&["title", "first_day"]), &Mapping::bridge()).expect("a mapping");
    let whole =
        json!({ "id": "1", "key": "sv:a", "state": "new", "fields": { "title": "A", "first_day": null } });
    let read = |change: &dyn Fn(&mut Json)| {
        let mut message = whole.clone();
        change(&mut message);
        read_agreement(&message, &mapping)
    };
    let found = read(&|_| ()).expect("an id").interpreted.expect("it can be read");
    assert_eq!(found.owner.expect("an owner").as_str(), "a");
    for change in [
        &(|message: &mut Json| message["state"] = json!("")) as &dyn Fn(&mut Json),
        &|message| message["fields"] = json!({ "title": "A" }),
        &|message| message["fields"]["first_day"] = json!("soon"),
        &|message| message["archived"] = json!("no"),
        &|message| message["unreadable"] = json!("no right to read it"),
    ] {
        let received = read(change).expect("an id");
        assert!(received.interpreted.is_err() && received.key == "sv:a", "{received:?}");
    }
    assert!(read(&|message| message["id"] = json!("")).is_err());
    assert!(read(&|message| message["id"] = json!(7)).is_err());
    // Without its key it would be taken for an agreement that is not managed.
    assert!(read(&|message| message["key"] = json!(7)).is_err());
    assert!(read_agreement(&json!({ "id": "1", "unreadable": "no right to read it" }), &mapping).is_err());
    assert_eq!(read(&|message| message["key"] = Json::Null).expect("not managed").key, "");
}

#[test]
fn the_mapping_is_what_the_adapter_stores() {
    let mapping = carried(
        &description(&["title", "services", "attributes.cost", "of_a_later_version"]),
        &Mapping::bridge(),
    );
    let mapping = mapping.expect("a mapping");
    let fields: Vec<String> = mapping.attributes.keys().map(ToString::to_string).collect();
    assert_eq!(fields, ["title", "services", "attributes.cost"]);
    assert_eq!(mapping.states[&State::Active], "in-use");
    assert!(mapping.recipients.is_single && !mapping.carries(&Field::Targets));
    let refused = |change: &dyn Fn(&mut Description)| {
        let mut described = description(&["title"]);
        change(&mut described);
        carried(&described, &Mapping::bridge()).expect_err("it is refused")
    };
    assert!(refused(&|described| described.versions = [2, 3].into()).contains("version 2, 3"));
    assert!(refused(&|described| described.fields.clear()).contains("title"));
    assert!(refused(&|described| described.states.expired.clear()).contains("expired"));
    assert!(refused(&|described| described.states.expired = "in-use".to_owned()).contains("expired"));
}

#[test]
fn an_event_names_its_part_by_the_fields_of_the_description() {
    let mapping = carried(&description(&["title"]), &Mapping::bridge()).expect("a mapping");
    let part = |part: Option<&str>| {
        let event = json!({ "object": "1", "part": part, "when": "2027-01-31T09:00:00Z" });
        read_event(serde_json::from_value(event).expect("an event"), &mapping).expect("an object").part
    };
    assert_eq!(part(Some("state")), Some(DriftPart::State));
    assert_eq!(part(Some("title")), Some(DriftPart::Field(Field::Title)));
    assert_eq!(part(Some("number")), None);
    assert_eq!(part(None), None);
}

/// The bytes of version 1, which an adapter of today sends forever.
const GOLDEN: &str = include_str!("../../tests/cases/adapter.json");

#[test]
fn the_messages_of_version_1_are_read_and_fit_the_document() {
    let document = openapi();
    let golden: Json = serde_json::from_str(GOLDEN).expect("JSON");
    for call in Call::ALL {
        let pair = &golden[call.as_str()];
        let operation = &document["paths"][format!("/v1/{}", call.as_str())]["post"];
        for (message, schema) in [
            (&pair["request"], &operation["requestBody"]["content"]["application/json"]["schema"]),
            (&pair["answer"], &operation["responses"]["200"]["content"]["application/json"]["schema"]),
        ] {
            let schema = json!({ "components": document["components"], "allOf": [schema] });
            let schema = jsonschema::draft202012::new(&schema).expect("a schema");
            let faults: Vec<String> = schema.iter_errors(message).map(|error| error.to_string()).collect();
            assert!(faults.is_empty() && message.is_object(), "{}: {faults:#?}", call.as_str());
        }
    }
    let described: Description =
        serde_json::from_value(golden["describe"]["answer"].clone()).expect("a description");
    let mapping = carried(&described, &Mapping::bridge()).expect("a mapping");
    let agreement = golden["get"]["answer"]["agreement"].clone();
    let received = read_agreement(&agreement, &mapping).expect("an id");
    assert_eq!(received.interpreted.expect("it can be read").record.fields.len(), 12);
    let message: AgreementMessage = serde_json::from_value(agreement).expect("a message");
    assert_eq!(message.offers.map(|offers| offers.len()), Some(1));
}

#[test]
fn every_key_of_the_document_is_described() {
    let document = openapi();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{name}.{key}: {property}");
        }
    }
}
