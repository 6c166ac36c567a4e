//! The JSON outputs of the commands, as they are printed, pass their published schemas and hold no field that these lack.

use serde_json::{Value, json};
use servanda::render::outputs::OUTPUTS;

use crate::repository::Repository;

/// The schema of an output, which refuses unknown fields wherever an object lists its own.
fn strict_schema(name: &str) -> Value {
    let output = OUTPUTS.iter().find(|output| output.name == name).unwrap_or_else(|| panic!("{name}"));
    let mut schema = output.schema();
    refuse_unknown(&mut schema, false);
    schema
}

fn refuse_unknown(schema: &mut Value, is_part: bool) {
    if let Value::Object(keywords) = schema {
        let has_parts = ["oneOf", "anyOf", "allOf"].iter().any(|part| keywords.contains_key(*part));
        if keywords.contains_key("properties") && !has_parts && !is_part {
            keywords.entry("additionalProperties").or_insert(json!(false));
        }
        for (keyword, below) in keywords.iter_mut() {
            match (keyword.as_str(), below) {
                ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                    for part in parts {
                        refuse_unknown(part, true);
                    }
                }
                ("properties" | "definitions", Value::Object(named)) => {
                    for below in named.values_mut() {
                        refuse_unknown(below, false);
                    }
                }
                ("items" | "additionalProperties", below) => refuse_unknown(below, false),
                _ => {}
            }
        }
    }
}

/// The faults of an output.
pub(crate) fn faults(name: &str, output: &Value) -> Vec<String> {
    let schema = jsonschema::draft7::new(&strict_schema(name)).unwrap();
    schema
        .iter_errors(output)
        .map(|error| format!("{name}: {} at {}", error, error.instance_path()))
        .collect()
}

#[test]
fn every_output_passes_its_schema() {
    let repository = Repository::example();
    let day = ["--as-of", "2026-11-24"];
    // In this order: what an apply creates is shown by the later ones.
    let commands: [(&str, i32, &[&str]); 14] = [
        ("plan", 0, &["plan", "--as-of", "2026-11-24"]),
        ("outcome", 0, &["apply", "--yes", "--as-of", "2026-11-24"]),
        ("run", 0, &["run", "--init-ledger", "--as-of", "2026-11-24"]),
        ("notices", 0, &["notify", "--as-of", "2026-12-01"]),
        ("plan", 0, &["plan", "--as-of", "2027-02-01"]),
        ("status", 0, &["status", "--as-of", "2026-11-24"]),
        ("forecast", 0, &["forecast", "--as-of", "2026-11-24"]),
        ("explanation", 0, &["explain", "severny-veter-2026"]),
        ("explanations", 0, &["explain", "--client", "severny-veter"]),
        (
            "entitlement",
            0,
            &[
                "entitled",
                "--client",
                "portovik",
                "--service",
                "email",
                "--priority",
                "high",
                "--at",
                "2026-11-24T12:00:00Z",
            ],
        ),
        ("mapping", 0, &["discover"]),
        ("catalog-differences", 0, &["catalog", "check"]),
        ("adoption", 0, &["import", "--dry-run", "--as-of", "2026-11-24"]),
        ("checks", 0, &["doctor"]),
    ];
    let mut found = Vec::new();
    let mut seen = vec!["services"]; // over HTTP, in `replicas`
    for (name, code, arguments) in commands {
        let output = repository.json(code, &[arguments, &["--format", "json"]].concat());
        found.extend(faults(name, &output));
        seen.push(name);
    }
    // With a name for the helpdesk.
    let settings = "timezone: Europe/Moscow\nhelpdesks: { berlin: {}, moscow: { default: true } }\n";
    let several = Repository::example();
    several.file("servanda.yaml", settings);
    for (name, arguments) in [
        ("plans", &["plan"][..]),
        ("outcomes", &["apply", "--yes"]),
        ("run", &["run", "--init-ledger"]),
        ("status", &["status"]),
        ("forecast", &["forecast"]),
    ] {
        let output = several.json(0, &[arguments, &["--as-of", "2026-11-24", "--format", "json"]].concat());
        found.extend(faults(name, &output));
        seen.push(name);
    }
    // With faults in the files.
    repository.edit("agreements/2026/severny-veter-2026.yaml", "support-standard", "support-standart");
    for (name, arguments) in [("findings", &["validate"][..]), ("status", &["status", "--as-of", day[1]])] {
        let output = repository.json(3, &[arguments, &["--format", "json"]].concat());
        found.extend(faults(name, &output));
        seen.push(name);
    }
    assert!(found.is_empty(), "{found:#?}");
    let untried: Vec<&str> =
        OUTPUTS.iter().map(|output| output.name).filter(|name| !seen.contains(name)).collect();
    assert!(untried.is_empty(), "{untried:?}");
    assert!(!faults("status", &json!({ "format": 1, "unknown": 1 })).is_empty());
}
