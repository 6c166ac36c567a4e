//! The published schemas are up to date, and ajv validates documents with them as Servanda does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use servanda::diagnostic::Sources;
use servanda::document::{self, DocumentKind, KnownSlugs};
use servanda::render::json::pretty;
use servanda::render::outputs::OUTPUTS;

use crate::cases::sample_of;
use crate::missing::did_not_run;

/// The part that is skipped where ajv is missing.
const TESTED: &str = "the comparison with ajv";

/// The number of changed documents that are compared.
const ALL: usize = 8_000;
/// The number of them in a sample.
const SAMPLE: usize = 2_000;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schemas_in_the_repository_are_up_to_date() {
    let schemas = document::published_schemas().into_iter().map(|(file, text)| (file.to_owned(), text));
    let outputs = OUTPUTS.iter().map(|output| (format!("{}.json", output.name), pretty(&output.schema())));
    let adapter = [("adapter.json".to_owned(), pretty(&servanda::bridge::openapi()))];
    for (file, text) in schemas.chain(outputs).chain(adapter) {
        let kept = std::fs::read_to_string(root().join("schemas").join(&file)).unwrap_or_default();
        assert!(kept == text, "schemas/{file} is out of date: run `cargo run -- schema --out schemas`");
    }
}

/// The rules of the JSON Schema Store for a schema and for its entry of the catalog.
#[test]
fn the_schemas_are_ready_for_the_schema_store() {
    let kinds = DocumentKind::ALL.map(|kind| (kind.schema_file().to_owned(), document::schema(kind, None)));
    let outputs = OUTPUTS.iter().map(|output| (format!("{}.json", output.name), output.schema()));
    let schemas: BTreeMap<String, Value> = kinds.into_iter().chain(outputs).collect();
    for (file, schema) in &schemas {
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{file}");
        assert_eq!(schema["$id"], document::schema_address(file.trim_end_matches(".json")), "{file}");
        for key in ["title", "description"] {
            assert!(schema[key].as_str().is_some_and(|text| !text.is_empty()), "{file} has no {key}");
        }
        let is_local = |text: &str| text.split("\"$ref\":\"").skip(1).all(|rest| rest.starts_with('#'));
        assert!(is_local(&schema.to_string()), "{file} refers to another file");
    }
    let entry = std::fs::read_to_string(root().join("packaging/schemastore.json")).unwrap();
    let entry: Value = serde_json::from_str(&entry).unwrap();
    let keys: BTreeSet<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["description", "fileMatch", "name", "url"].into());
    assert_eq!(entry["url"], schemas["settings.json"]["$id"]);
    for key in ["name", "description"] {
        assert!(!entry[key].as_str().unwrap().to_lowercase().contains("schema"), "{key}");
    }
    // A pattern that other programs' files match is refused.
    assert_eq!(entry["fileMatch"], json!(["servanda.yaml"]));
}

#[test]
fn every_key_of_a_schema_has_a_description_and_no_internal_keyword_is_left() {
    for kind in DocumentKind::ALL {
        let schema = document::schema(kind, None);
        assert!(!schema.to_string().contains("x-kind") && !schema.to_string().contains("null"), "{kind:?}");
        let mut without = Vec::new();
        keys_without_description(&schema, &schema, kind.schema_file(), &mut without);
        assert_eq!(without, [""; 0]);
    }
}

fn keys_without_description(whole: &Value, schema: &Value, way: &str, without: &mut Vec<String>) {
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        let referred =
            below["$ref"].as_str().map(|pointer| whole.pointer(&pointer[1..]).expect("it leads somewhere"));
        let below = referred.unwrap_or(below);
        let way = format!("{way}/{key}");
        if below["description"].as_str().is_none_or(|page| page.len() < 10) {
            without.push(way.clone());
        }
        keys_without_description(whole, below, &way, without);
    }
    for inside in ["items", "additionalProperties"] {
        if schema[inside].is_object() {
            keys_without_description(whole, &schema[inside], way, without);
        }
    }
}

/// Whether a document has no errors. Its JSON is read as YAML.
fn is_valid(kind: DocumentKind, value: &Value) -> bool {
    let mut sources = Sources::default();
    let file = sources.add(path_of(kind), value.to_string());
    let (document, _) = document::read(&sources, file, kind);
    if document.sound {
        assert_eq!(document.tree().to_json(), *value, "the tree is what was written");
    }
    document.sound
}

fn path_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Agreement => "agreements/a.yaml",
        DocumentKind::Template => "templates/a.yaml",
        DocumentKind::Catalog => "catalog.yaml",
        DocumentKind::Settings => "servanda.yaml",
        DocumentKind::Calendar => "calendars/a.yaml",
    }
}

/// The documents of the example, and one of each kind with nearly every key.
fn originals() -> Vec<(DocumentKind, Value)> {
    let mut originals = vec![
        (DocumentKind::Agreement, full_agreement()),
        (DocumentKind::Settings, full_settings()),
        (DocumentKind::Calendar, full_calendar()),
    ];
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            if path.is_dir()
                && ["agreements", "templates", "calendars"].iter().any(|top| relative.starts_with(top))
            {
                folders.push(path);
            } else if let Some(kind) = document::kind_of(&relative) {
                let mut sources = Sources::default();
                let file = sources.add(&*relative, std::fs::read_to_string(&path).unwrap());
                originals.push((kind, document::read(&sources, file, kind).0.tree().to_json()));
            }
        }
    }
    originals.sort_by_cached_key(|(kind, value)| (*kind, value.to_string()));
    originals
}

fn full_agreement() -> Value {
    json!({
        "extends": ["support-standard", "in-english"], "title": "{{ client.title }}", "number": "1", "client": "a",
        "recipients": ["a", "a/b"], "manager": "m", "provider": "p", "contacts": { "x": "a@b", "y": { "helpdesk": "employee$1" } },
        "period": { "first_day": "2026-01-01", "term": "1y", "timezone": "Europe/Moscow" },
        "activation": [{ "status": "active", "on": "2026-01-01", "reason": "r", "by": "m" }, { "status": "ended", "at": "2026-01-01T00:00:00+03:00" }],
        "suspensions": [{ "from": "2026-01-01", "until": "2026-01-02", "reason": "r" }],
        "termination": { "last_day": "2026-01-01", "reason": "r" },
        "renewal": { "mode": "auto", "term": "P1Y", "notice_period": "30d", "max_terms": 3 },
        "renews": "b", "formerly": ["c", "d/e"], "adopts": "agreement$1",
        "services": { "email": true, "print": false, "vpn": { "calendar": "24x7", "targets": { "low": false, "high": { "response": "PT1H" } } } },
        "sla": { "calendar": "o", "targets": { "low": { "response": "4h", "resolution": "2 business days" } } },
        "notices": { "at": "09:00", "activated": { "to": ["client"], "at": "10:00" }, "expiring": { "before": ["7d"], "to": ["a@b"] }, "renewed": false },
        "labels": { "a": "b" }, "attributes": { "a": 1, "b": 1.5, "c": true, "d": "x" },
        "allow": { "W306": { "reason": "r", "until": "2026-01-01" } },
    })
}

fn full_settings() -> Value {
    json!({
        "timezone": "Europe/Moscow", "language": "ru",
        "helpdesk": {
            "kind": "itsm365", "url": "https://acme.itsm365.com/sd", "access_key": { "env": "KEY" }, "rate": 5, "concurrency": 4, "rehearsal": true,
            "agreement": {
                "class": "agreement$agreement", "key": { "attribute": "inventoryNumber", "prefix": "sv:" },
                "attributes": { "title": "title", "last_day": { "attribute": "endDate", "as": "end_of_day" } },
                "states": { "planned": "p", "active": "a" }, "recipients": { "side": "agreement", "mode": "additive" },
                "deactivate": "archive", "state_in_own_edit": false,
            },
            "dates": { "timezone": "Europe/Moscow", "form": "date" },
            "sla_rules": { "class": "c", "interval": "object" }, "drift": { "title": "report" },
        },
        "ledger": { "at": "git:origin#x", "secret": { "env": "S" } },
        "mail": { "url": { "env": "U" }, "from": "a", "allow": { "domains": ["a.b"], "catalog": true } },
        "guards": { "deactivations": { "more_than": 5, "and_share": "10%" }, "weakened": 0, "orphans": 0, "vanished": 2 },
    })
}

fn full_calendar() -> Value {
    json!({
        "extends": ["office-9x5"], "title": "8x5", "timezone": "Europe/Moscow", "known_through": "2026-12-31",
        "week": { "mon-thu": ["09:00-13:00", "14:00-18:00"], "fri": "22:00-06:00", "sun": "closed" },
        "exceptions": { "2026-05-01": "closed", "2026-05-02/2026-05-04": ["10:00-12:00"], "2026-05-05": "usual" },
        "effective_from": { "2026-07-01": { "week": { "fri": ["09:00-17:00"] }, "exceptions": { "2026-07-03": "closed" } } },
    })
}

/// Values that replace another one.
fn others() -> Vec<Value> {
    let texts = [
        "x",
        "",
        " ",
        "\u{a0}",
        "a b",
        "Bad Slug",
        "a/b",
        "a/b/c",
        "2026-02-30",
        "2026-2-3",
        "2026-01-01T00:00Z",
        "1y",
        "1mo",
        "1 m",
        "30m",
        "1 day",
        "2 business days",
        "PT4H",
        "09:00",
        "09:00-18:00",
        "9:00-18:00",
        "closed",
        "9:00",
        "auto",
        "off",
        "report",
        "client",
        "a@b",
        "a@b@c",
        "W306",
        "10%",
        "https://a.b/c",
        "https://u:p@a.b",
        "smtp://a:1",
        "smtp://u:p@a",
        "Europe/Moscow",
        "employee$1",
        "two\nlines",
        "тема",
        "🙂",
        "active",
        "manual",
    ];
    let mut others: Vec<Value> = texts.into_iter().map(Value::from).collect();
    others.extend([
        json!(0),
        json!(1),
        json!(-1),
        json!(7000),
        json!(1.5),
        json!(true),
        json!(false),
        Value::Null,
    ]);
    others.extend([
        json!([]),
        json!(["client"]),
        json!(["a", 1]),
        json!({}),
        json!({ "env": "X" }),
        json!({ "a": "b" }),
        json!({ "to": ["client"] }),
    ]);
    others
}

/// Pseudo-random numbers, the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// All values of a document, as JSON pointers.
fn places(value: &Value, way: &str, found: &mut Vec<String>) {
    found.push(way.to_owned());
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                places(below, &format!("{way}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) => {
            for (index, below) in list.iter().enumerate() {
                places(below, &format!("{way}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Changes one value: removes, renames, copies or adds a key, or replaces the value.
fn change(value: &mut Value, draw: &mut Draw, keys: &[String], others: &[Value]) {
    let mut found = Vec::new();
    places(value, "", &mut found);
    let place = found.swap_remove(draw.below(found.len()));
    let other = others[draw.below(others.len())].clone();
    let key = keys[draw.below(keys.len())].clone();
    let target = value.pointer_mut(&place).unwrap();
    match target {
        Value::Object(map) if !map.is_empty() => {
            let own = map.keys().nth(draw.below(map.len())).unwrap().clone();
            match draw.below(5) {
                0 => drop(map.shift_remove(&own)),
                1 => {
                    let moved = map.shift_remove(&own).unwrap();
                    map.insert(key, moved);
                }
                2 => {
                    let copy = map[&own].clone();
                    map.insert(key, copy);
                }
                3 => drop(map.insert(key, other)),
                _ => *target = other,
            }
        }
        Value::Array(list) if draw.below(2) == 0 => list.push(other),
        _ => *target = other,
    }
}

fn samples() -> Vec<(DocumentKind, Value)> {
    let originals = originals();
    let mut keys = BTreeSet::from(["unknown".to_owned(), "Bad Key".to_owned(), "W306".to_owned()]);
    for (_, value) in &originals {
        let mut found = Vec::new();
        places(value, "", &mut found);
        keys.extend(
            found
                .iter()
                .filter_map(|place| place.rsplit('/').next())
                .filter(|key| !key.is_empty())
                .map(|key| key.replace("~1", "/")),
        );
    }
    let (keys, others) = (Vec::from_iter(keys), others());
    let mut draw = Draw(0x005e_57a4_da00);
    let mut samples = originals.clone();
    while samples.len() < sample_of(SAMPLE, ALL) {
        let (kind, mut value) = originals[draw.below(originals.len())].clone();
        for _ in 0..=draw.below(3) {
            change(&mut value, &mut draw, &keys, &others);
        }
        samples.push((kind, value));
    }
    samples
}

/// The results of ajv; an error with the reason if it cannot run.
fn verdicts_of_ajv(
    schemas: &BTreeMap<&str, Value>,
    samples: &[(DocumentKind, Value)],
) -> Result<Vec<bool>, String> {
    let folder = root().join("target/ajv");
    if !folder.join("node_modules/ajv").exists() {
        return Err("ajv is missing: npm install --prefix target/ajv ajv@8".to_owned());
    }
    let mut input = serde_json::to_string(schemas).unwrap();
    for (kind, value) in samples {
        input.push('\n');
        input.push_str(&json!({ "kind": kind.schema_file(), "value": value }).to_string());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ajv.cjs");
    let mut node = Command::new("node")
        .arg(script)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("node cannot be started: {error}"))?;
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "ajv takes the schemas");
    Ok(String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "1").collect())
}

#[test]
fn ajv_validates_as_servanda_does() {
    let mut schemas: BTreeMap<&str, Value> =
        DocumentKind::ALL.map(|kind| (kind.schema_file(), document::schema(kind, None))).into();
    // Those of outputs are compiled only, in the strict mode.
    schemas.extend(OUTPUTS.iter().map(|output| (output.name, output.schema())));
    let samples = samples();
    let theirs = match verdicts_of_ajv(&schemas, &samples) {
        Ok(verdicts) => verdicts,
        Err(why) => return did_not_run(TESTED, &why),
    };
    assert_eq!(theirs.len(), samples.len());
    let mut valid = 0;
    for ((kind, value), theirs) in samples.iter().zip(theirs) {
        let ours = is_valid(*kind, value);
        assert_eq!(
            ours,
            theirs,
            "{kind:?} is {} for Servanda and not for ajv: {value}",
            if ours { "valid" } else { "invalid" }
        );
        valid += usize::from(ours);
    }
    // Both valid and invalid documents must occur.
    let all = samples.len();
    assert!(valid > all / 20 && valid < all * 19 / 20, "{valid} of {all} are valid");
}

#[test]
fn slugs_are_listed_for_the_keys_that_take_them() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let slugs = KnownSlugs {
        clients: names(&["a"]),
        recipients: names(&["a", "a/b"]),
        services: names(&["email"]),
        templates: names(&["support-standard"]),
        ..KnownSlugs::default()
    };
    let schemas =
        DocumentKind::ALL.map(|kind| (kind.schema_file(), document::schema(kind, Some(&slugs)))).into();
    // Editors complete an empty value from alternatives.
    let of_extends = &document::schema(DocumentKind::Agreement, Some(&slugs))["properties"]["extends"];
    assert_eq!(of_extends["anyOf"][0]["enum"], json!(["support-standard"]));
    let samples: Vec<(DocumentKind, Value)> = [
        json!({ "client": "a", "recipients": ["a/b"], "services": { "email": true }, "extends": ["support-standard"], "manager": "anybody" }),
        json!({ "client": "b" }),
        json!({ "recipients": ["a/c"] }),
        json!({ "services": { "emial": true } }),
        json!({ "extends": "support" }),
        json!({ "extends": ["support"] }),
    ]
    .map(|value| (DocumentKind::Agreement, value))
    .into_iter()
    .chain([(DocumentKind::Catalog, json!({ "services": { "email": { "helpdesk": "slmService$1" } } }))])
    .collect();
    match verdicts_of_ajv(&schemas, &samples) {
        Ok(verdicts) => assert_eq!(verdicts, [true, false, false, false, false, false, false]),
        Err(why) => did_not_run(TESTED, &why),
    }
}
