//! Commands that are restricted to some agreements.

use serde_json::Value;

use crate::repository::Repository;

const DAY: &str = "2026-09-01";

/// The ids of rows.
fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn a_list_shows_the_selected_rows_sorted_limited_and_as_csv() {
    let repository = Repository::example();
    let list = |more: &[&str]| {
        let command = ["status", "--as-of", DAY, "--format", "json"];
        repository.json(0, &[&command, more].concat())
    };
    let all = list(&[]);
    let of_client: Vec<&Value> = all["agreements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["client"] == "severny-veter" && row["status"] == "active")
        .collect();
    assert!(!of_client.is_empty());
    let selected = list(&["--client", "severny-veter", "--status", "active"]);
    assert_eq!(selected["agreements"].as_array().unwrap().iter().collect::<Vec<_>>(), of_client);
    let sorted = list(&["--id", "dental-2026/*", "--sort", "id", "--limit", "2"]);
    let found = ids(&sorted["agreements"]);
    assert!(found.is_sorted() && found.len() == 2 && found[0].starts_with("dental-2026/"), "{found:?}");
    assert!(sorted["omitted"].as_u64().unwrap() > 0);
    let csv = repository
        .expect(0, &["status", "--as-of", DAY, "--format", "csv", "--template", "support-standard"])
        .stdout;
    assert!(csv.contains("\"severny-veter-2026\"") && !csv.contains("portovik-warranty"), "{csv}");
    let unknown = repository.expect(1, &["status", "--status", "asleep"]).stderr;
    assert!(unknown.contains("planned, active"), "{unknown}");
}

#[test]
fn a_restricted_apply_leaves_and_remembers_nothing_outside() {
    let repository = Repository::example();
    let plan = |more: &[&str]| {
        let command = ["plan", "--as-of", DAY, "--format", "json"];
        repository.json(0, &[&command, more].concat())["plan"].clone()
    };
    let (whole, part) = (plan(&[]), plan(&["--client", "portovik"]));
    let changes = |plan: &Value| ids(&plan["changes"]).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (whole, part) = (changes(&whole), changes(&part));
    assert!(
        !part.is_empty() && part.len() < whole.len() && part.iter().all(|id| whole.contains(id)),
        "{part:?}"
    );
    let applied = repository.expect(0, &["apply", "--yes", "--as-of", DAY, "--client", "portovik"]);
    assert!(!applied.stdout.contains("severny-veter"), "{}", applied.stdout);
    let left: Vec<String> = whole.iter().filter(|id| !part.contains(id)).cloned().collect();
    assert_eq!(changes(&plan(&[])), left);
    repository.expect(0, &["plan", "--as-of", DAY, "--manager", "i.*", "--out", "part.plan"]);
    let shown = repository.json(0, &["show", "part.plan", "--format", "json", "--id", "*2026"]);
    let planned = repository.json(0, &["show", "part.plan", "--format", "json"]);
    assert!(changes(&shown["plan"]).iter().all(|id| id.ends_with("2026")));
    let part = changes(&planned["plan"]);
    repository.expect(0, &["apply", "--yes", "part.plan"]);
    let rest: Vec<String> = left.into_iter().filter(|id| !part.contains(id)).collect();
    let after = plan(&[]);
    assert_eq!(changes(&after), rest);
    // What was never applied is an edit, and not drift.
    assert!(after["changes"].as_array().unwrap().iter().all(|change| change["state"]["cause"] == "edit"));
}
