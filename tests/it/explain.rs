//! `explain` of agreements with errors: it shows what it can, and the errors.

use serde_json::Value;

use crate::repository::Repository;

fn repository(agreement: &str, template: &str) -> Repository {
    let repository = Repository::empty();
    repository
        .file("servanda.yaml", "timezone: Europe/Moscow\n")
        .file("catalog.yaml", "clients: { acme: { title: Acme } }\nservices: { email: { title: Mail } }\n")
        .file("templates/std.yaml", template)
        .file("agreements/a.yaml", agreement);
    repository
}

/// The explained values, by their paths.
fn values(explained: &Value) -> Vec<(String, Value)> {
    let path = |value: &Value| {
        let keys = value["path"].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
        keys.collect::<Vec<_>>().join(".")
    };
    let values = explained["values"].as_array().unwrap().iter();
    values.map(|value| (path(value), value["value"].clone())).collect()
}

const AGREEMENT: &str = "extends: std\nclient: acme\nperiod: { first_day: 2026-01-01 }\n";
const TEMPLATE: &str = "period: { term: 1y }\nservices: { email: true }\n";

#[test]
fn an_agreement_with_an_error_is_explained_with_it() {
    for (agreement, template, code) in [
        // Of a checked value, of the schema, of an unknown template, of a template, and of one with a cycle.
        (format!("{AGREEMENT}services: {{ vpn: true }}\n"), TEMPLATE.to_owned(), "E101"),
        (format!("{AGREEMENT}titel: x\n"), TEMPLATE.to_owned(), "E008"),
        (AGREEMENT.replace("std", "[std, stf]"), TEMPLATE.to_owned(), "E101"),
        (AGREEMENT.to_owned(), format!("{TEMPLATE}titel: x\n"), "E008"),
        (AGREEMENT.to_owned(), format!("extends: std\n{TEMPLATE}"), "E104"),
    ] {
        let repository = repository(&agreement, &template);
        let arguments = ["explain", "a", "--format", "json"];
        let found = values(&repository.json(3, &arguments));
        for (path, value) in [("client", "acme"), ("period.first_day", "2026-01-01"), ("period.term", "1y")] {
            assert!(found.contains(&(path.to_owned(), value.into())), "{code}: {path} in {found:?}");
        }
        let run = repository.expect(3, &arguments);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{code}: {}", run.stderr);
    }
}

#[test]
fn an_agreement_without_an_error_is_explained_although_others_have_some() {
    let repository = repository(AGREEMENT, TEMPLATE);
    repository.file("agreements/b.yaml", "client: unknown-client\ntitel: x\n");
    let run = repository.expect(0, &["explain", "a"]);
    assert!(!run.stderr.contains("error["), "{}", run.stderr);
    repository.expect(1, &["explain", "c"]);
}

#[test]
fn the_client_of_an_entry_has_an_origin() {
    let repository =
        repository("extends: std\nperiod: { first_day: 2026-01-01 }\nclients:\n  acme: true\n", TEMPLATE);
    let explained = repository.json(0, &["explain", "a/acme", "client", "--format", "json"]);
    let step = &explained["values"][0]["history"][0];
    assert_eq!(explained["values"][0]["value"], "acme");
    assert_eq!((&step["place"]["path"], &step["place"]["line"]), (&"agreements/a.yaml".into(), &4.into()));
}

#[test]
fn a_selection_explains_one_value_of_each() {
    let repository = repository(AGREEMENT, TEMPLATE);
    repository.file(
        "agreements/b.yaml",
        "client: acme\nservices: { email: true }\nperiod: { first_day: 2027-01-01, term: 1y }\n",
    );
    let explained = repository.json(0, &["explain", "--client", "acme", "period.term", "--format", "json"]);
    let origins = explained["agreements"].as_array().unwrap().iter();
    let origins: Vec<&str> =
        origins.map(|one| one["values"][0]["history"][0]["place"]["path"].as_str().unwrap()).collect();
    assert_eq!(origins, ["templates/std.yaml", "agreements/b.yaml"]);
    let of_template = repository.json(0, &["explain", "--template", "std", "--format", "json"]);
    assert_eq!(of_template["agreements"].as_array().unwrap().len(), 1);
    repository.expect(0, &["explain"]);
}
