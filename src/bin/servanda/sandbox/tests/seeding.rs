//! The initial objects, and that a second start does not change them.

use serde_json::{Value, json};

use super::{clock, seed};
use crate::sandbox::error::SandboxError;
use crate::sandbox::{DatabasePath, Sandbox, SandboxClock, SandboxOptions, Seed, SeedObject};

fn open(path: &DatabasePath, seed: &Seed, clock: SandboxClock) -> Result<Sandbox, SandboxError> {
    Sandbox::open(path, seed, clock, SandboxOptions::default())
}

fn titles(sandbox: &Sandbox, fqn: &str) -> Vec<String> {
    let objects = sandbox.find(fqn, &json!({})).expect("finds");
    let title = |object: &Value| object["title"].as_str().expect("a title").to_owned();
    objects.iter().map(title).collect()
}

#[test]
fn objects_have_the_types_parents_and_codes_of_the_seed() {
    let sandbox = open(&DatabasePath::Memory, &seed(), clock()).expect("opens");
    let one = |uuid: &str, fqn: &str| {
        let found = sandbox.find(fqn, &json!({ "UUID": uuid })).expect("finds");
        found.into_iter().next().expect("is there")
    };
    assert_eq!(one("ou$7001", "ou")["metaClass"], json!("ou$company"));
    assert_eq!(one("ou$7002", "ou")["metaClass"], json!("ou$ou"));
    assert_eq!(one("ou$7002", "ou")["parent"]["UUID"], json!("ou$7001"));
    assert_eq!(one("employee$811", "employee")["metaClass"], json!("employee$contactPerson"));
    assert_eq!(one("employee$811", "employee")["email"], json!("anna@veter.example"));
    assert_eq!(one("servicetime$37001", "servicetime")["code"], json!("8x5"));
    assert_eq!(one("root$101", "root")["metaClass"], json!("root"));
}

#[test]
fn a_second_start_adds_and_never_overwrites() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = DatabasePath::File(folder.path().join("sandbox.db"));
    let first = open(&path, &seed(), clock()).expect("opens");
    first.hand_edit("ou$7001", &json!({ "title": "Переименовано" }), "Пётр").expect("edits");
    drop(first);

    let mut more = seed();
    more.units.push(SeedObject::titled("ООО «Ива»"));
    for _ in 0..2 {
        let again = open(&path, &more, clock()).expect("opens again");
        let titles = titles(&again, "ou");
        assert_eq!(titles, ["Переименовано", "Бухгалтерия", "ООО «Ромашка»", "ООО «Ива»"]);
    }
}

#[test]
fn an_object_without_an_id_is_identified_by_title_and_parent() {
    let seed = Seed {
        units: vec![
            SeedObject::titled("Склад").within("ООО «Ива»"),
            SeedObject::titled("Склад").within("ООО «Клён»"),
            SeedObject::titled("ООО «Ива»"),
            SeedObject::titled("ООО «Клён»"),
            SeedObject::titled("ООО «Ива»"),
        ],
        ..Seed::default()
    };
    let sandbox = open(&DatabasePath::Memory, &seed, clock()).expect("opens");
    assert_eq!(titles(&sandbox, "ou"), ["ООО «Ива»", "ООО «Клён»", "Склад", "Склад"]);
}

#[test]
fn an_invalid_seed_object_is_named_in_the_error() {
    let seed = |unit: SeedObject| Seed { units: vec![unit], ..Seed::default() };
    for (unit, part) in [
        (SeedObject::titled("Склад").within("Нигде"), "Нигде"),
        (SeedObject::known("employee$1", "Склад"), "employee$1"),
        (SeedObject { kind: Some("branch".to_owned()), ..SeedObject::titled("Склад") }, "branch"),
    ] {
        let error = open(&DatabasePath::Memory, &seed(unit), clock()).err().expect("refused");
        let text = error.to_string();
        assert!(text.contains("Склад") && text.contains(part), "{text}");
    }
}

#[test]
fn a_file_with_another_schema_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sandbox.db");
    let connection = rusqlite::Connection::open(&file).expect("opens");
    connection.pragma_update(None, "user_version", 99).expect("writes");
    drop(connection);
    let opened = open(&DatabasePath::File(file), &Seed::default(), clock());
    assert!(matches!(opened.err(), Some(SandboxError::SchemaVersion { found: 99 })));
}

#[test]
fn seeds_have_the_time_of_the_given_clock() {
    let sandbox = open(&DatabasePath::Memory, &seed(), clock()).expect("opens");
    let root = &sandbox.find("root", &json!({})).expect("finds")[0];
    assert_eq!(root["creationDate"], json!("2026.03.01 09:00:00"));
}

#[test]
fn the_stock_seed_contains_what_tenants_share() {
    let sandbox = open(&DatabasePath::Memory, &Seed::stock(), clock()).expect("opens");
    assert_eq!(titles(&sandbox, "agreement"), ["IT (8x5)"]);
    assert_eq!(titles(&sandbox, "slmService"), ["Почта"]);
}
