//! Properties of the merge of random layers.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use serde_json::{Map, Value, json};

use super::Repository;
use crate::cases::sample_of;
use crate::diagnostic::Sources;
use crate::document::{DocumentKind, read};

/// Whether layers may contain drops and exclusive keys, for which the order of merging matters.
#[derive(Clone, Copy, PartialEq)]
enum Dropping {
    Never,
    Sometimes,
}

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![Just("a"), Just("b c"), Just("it's: \"x\""), Just("тема"), Just("0049"), Just("true")]
        .prop_map(Value::from)
}

fn slug() -> impl Strategy<Value = String> {
    prop_oneof![Just("email"), Just("vpn"), Just("print.it"), Just("24x7")].prop_map(str::to_owned)
}

fn object(fields: Vec<(&'static str, Option<Value>)>) -> Value {
    let present = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(present.collect())
}

fn dropped(dropping: Dropping) -> impl Strategy<Value = Option<bool>> {
    option::of(any::<bool>()).prop_map(move |flag| flag.filter(|_| dropping == Dropping::Sometimes))
}

fn targets(dropping: Dropping) -> impl Strategy<Value = Value> {
    let length = prop_oneof![Just(json!("1h")), Just(json!("2 business days"))];
    let times = (option::of(length.clone()), option::of(length))
        .prop_map(|(response, resolution)| object(vec![("response", response), ("resolution", resolution)]));
    let target = (times, dropped(dropping)).prop_map(
        |(times, drop)| {
            if drop == Some(true) { json!(false) } else { times }
        },
    );
    btree_map(slug(), target, 0..4).prop_map(|targets| json!(targets))
}

fn services(dropping: Dropping) -> impl Strategy<Value = Value> {
    let terms = (option::of(slug()), option::of(targets(dropping))).prop_map(|(calendar, targets)| {
        object(vec![("calendar", calendar.map(Value::from)), ("targets", targets)])
    });
    let service = (option::of(terms), dropped(dropping)).prop_map(|(terms, drop)| match (terms, drop) {
        (_, Some(true)) => json!(false),
        (Some(terms), _) => terms,
        (None, _) => json!(true),
    });
    btree_map(slug(), service, 0..4).prop_map(|services| json!(services))
}

fn period(dropping: Dropping) -> impl Strategy<Value = Value> {
    let end = prop_oneof![
        Just(("term", json!("1y"))),
        Just(("last_day", json!("2026-12-31"))),
        Just(("open_ended", json!(true))),
    ];
    (option::of(Just(json!("2026-01-01"))), option::of(Just(json!("Europe/Moscow"))), option::of(end))
        .prop_map(move |(first_day, timezone, end)| {
            let mut fields = vec![("first_day", first_day), ("timezone", timezone)];
            if let Some((key, value)) = end.filter(|_| dropping == Dropping::Sometimes) {
                fields.push((key, Some(value)));
            }
            object(fields)
        })
}

/// A layer that may be a template or an agreement.
fn layer(dropping: Dropping) -> impl Strategy<Value = Value> {
    (
        option::of(services(dropping)),
        option::of(targets(dropping)),
        option::of(period(dropping)),
        option::of(word()),
        option::of(btree_map(slug(), word(), 0..3)),
        option::of(vec(Just(json!("client")), 1..3)),
    )
        .prop_map(|(services, targets, period, title, labels, to)| {
            object(vec![
                ("title", title),
                ("services", services),
                ("sla", targets.map(|targets| json!({ "calendar": "office", "targets": targets }))),
                ("period", period),
                ("labels", labels.map(|labels| json!(labels))),
                ("notices", to.map(|to| json!({ "at": "09:00", "activated": { "to": to } }))),
                // So that no layer is an empty file.
                ("renewal", Some(json!({ "mode": "none" }))),
            ])
        })
}

/// YAML as people write it: blocks, plain texts where they can be plain, a comment here and there.
fn yaml(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let blank = " ".repeat(indent);
                if value.as_object().is_some_and(|map| !map.is_empty()) {
                    text.extend([&*blank, key, ":   # ", key, "\n"]);
                    yaml(value, indent + 2, text);
                } else {
                    text.extend([&*blank, key, ": "]);
                    yaml(value, indent, text);
                    *text += "\n";
                }
            }
        }
        Value::String(word) if word.bytes().all(|byte| byte.is_ascii_alphabetic()) && word != "true" => {
            text.push_str(word);
        }
        Value::String(word) => text.extend(["'", &word.replace('\'', "''"), "'"]),
        _ => *text += &value.to_string(),
    }
}

/// Merges layers, the farthest first: all but the last are templates.
fn merge(layers: &[&Value]) -> (Value, Vec<String>) {
    let files: Vec<(String, String)> = layers
        .iter()
        .enumerate()
        .map(|(level, layer)| {
            let mut text = if level == 0 { String::new() } else { format!("extends: t{}\n", level - 1) };
            yaml(layer, 0, &mut text);
            let path = if level + 1 == layers.len() {
                "agreements/a.yaml".to_owned()
            } else {
                format!("templates/t{level}.yaml")
            };
            (path, text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let repository = Repository::new(&files);
    let (mut merged, faults) = repository.resolve(|resolved| {
        for value in resolved.explain() {
            // A map whose entries are all dropped is empty, unlike its source.
            let Some(tree) = value.value.filter(|tree| !tree.is_map()) else {
                continue;
            };
            assert_eq!(read_again(repository.sources.slice(tree.span())), tree.to_json(), "{:?}", value.path);
        }
        resolved.tree.to_json()
    });
    let mut reported: Vec<String> =
        faults.iter().map(|fault| format!("{} {}", fault.code, fault.message)).collect();
    reported.sort();
    (merged.remove("a").unwrap_or_default(), reported)
}

/// Parses a slice of a source on its own.
fn read_again(slice: &str) -> Value {
    let mut sources = Sources::default();
    let file = sources.add("agreements/again.yaml", format!("again: {slice}\n"));
    let (document, _) = read(&sources, file, DocumentKind::Agreement);
    document.tree().get(&["again"]).map_or(Value::Null, |tree| tree.to_json())
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let turned: Map<String, Value> =
                map.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect();
            Value::Object(turned)
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sample_of(64, 256), ..ProptestConfig::default() })]

    #[test]
    fn without_drops_and_groups_it_does_not_matter_which_layers_are_merged_first(
        far in layer(Dropping::Never),
        middle in layer(Dropping::Never),
        near in layer(Dropping::Never),
    ) {
        let all = merge(&[&far, &middle, &near]).0;
        let far_first = merge(&[&merge(&[&far, &middle]).0, &near]).0;
        let near_first = merge(&[&far, &merge(&[&middle, &near]).0]).0;
        prop_assert_eq!(&all, &far_first);
        prop_assert_eq!(&all, &near_first);
    }

    #[test]
    fn the_order_of_keys_changes_no_value_and_every_value_has_its_position(
        layers in vec(layer(Dropping::Sometimes), 1..5),
    ) {
        let turned: Vec<Value> = layers.iter().map(reversed).collect();
        let (merged, reported) = merge(&layers.iter().collect::<Vec<_>>());
        let (of_turned, reported_of_turned) = merge(&turned.iter().collect::<Vec<_>>());
        prop_assert_eq!(merged, of_turned);
        prop_assert_eq!(reported, reported_of_turned);
    }

    #[test]
    fn a_layer_over_itself_changes_nothing(layer in layer(Dropping::Sometimes)) {
        prop_assert_eq!(merge(&[&layer, &layer]).0, merge(&[&layer]).0);
    }

    #[test]
    fn no_dropped_entry_and_no_second_key_of_a_group_is_left(layers in vec(layer(Dropping::Sometimes), 1..5)) {
        let merged = merge(&layers.iter().collect::<Vec<_>>()).0;
        let ends = ["last_day", "term", "open_ended"].iter().filter(|key| !merged["period"][**key].is_null());
        prop_assert!(ends.count() <= 1);
        for dropping in [&merged["services"], &merged["sla"]["targets"], &merged["notices"]] {
            prop_assert!(!dropping.as_object().into_iter().flatten().any(|(_, value)| *value == json!(false)));
        }
    }
}
