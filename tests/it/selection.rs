//! Commands that are restricted to some agreements.

use std::collections::BTreeSet;

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
    let unknown = repository.expect(1, &["show", "part.plan", "--client", "severniy-veter"]).stderr;
    assert!(unknown.contains("--client severny-veter"), "{unknown}");
    let excerpt = repository.expect(0, &["show", "part.plan", "--id", "nothing"]).stdout;
    assert!(
        excerpt.contains("No changes in this selection.") && !excerpt.contains("agreements)"),
        "{excerpt}"
    );
    let part = changes(&planned["plan"]);
    repository.expect(0, &["apply", "--yes", "part.plan"]);
    let rest: Vec<String> = left.into_iter().filter(|id| !part.contains(id)).collect();
    let after = plan(&[]);
    assert_eq!(changes(&after), rest);
    // What was never applied is an edit, and not drift.
    assert!(after["changes"].as_array().unwrap().iter().all(|change| change["state"]["cause"] == "edit"));
}

/// A name with a typing mistake would select nothing, and the command would seem to have succeeded.
#[test]
fn a_name_that_matches_nothing_is_refused_by_every_command() {
    let repository = Repository::example();
    let commands: [&[&str]; 10] = [
        &["status"],
        &["validate"],
        &["validate", "--changed-since", "HEAD"],
        &["forecast"],
        &["explain", "sla"],
        &["renew", "--ending-within", "42d", "--dry-run"],
        &["report", "--csv", "all.csv"],
        &["plan"],
        &["apply", "--yes"],
        &["notify", "--preview"],
    ];
    repository.commit();
    for command in commands {
        let refused = repository.expect(1, &[command, &["--client", "portovic"]].concat());
        assert!(refused.stderr.contains("error[usage]"), "{command:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("--client portovik"), "{command:?}: {}", refused.stderr);
        repository.expect(1, &[command, &["--label", "region=nowhere"]].concat());
    }
    for (switch, wrong, right) in [
        ("--template", "suport-standard", "support-standard"),
        ("--service", "emial", "email"),
        ("--manager", "i.petrov", "i.petrova"),
    ] {
        let refused = repository.expect(1, &["status", switch, wrong]).stderr;
        assert!(refused.contains(&format!("{switch} {right}")), "{refused}");
        repository.expect(0, &["status", switch, right]);
        repository.expect(1, &["status", switch, "nothing-*"]);
    }
    // Only the agreements of the client were read.
    repository.expect(0, &["status", "--client", "portovik", "--template", "dental-basic"]);
}

#[test]
fn a_check_of_a_branch_is_restricted_to_the_selected_agreements() {
    let repository = Repository::example();
    let base = repository.commit();
    for name in ["gimnaziya-5-2026", "severny-veter-2026"] {
        let path = format!("agreements/2026/{name}.yaml");
        repository.file(&path, &format!("{}# touched\n", repository.read(&path)));
    }
    let check = |more: &[&str]| -> BTreeSet<String> {
        let command = ["validate", "--changed-since", &base, "--as-of", "2026-12-20", "--format", "json"];
        let found = repository.json(0, &[&command, more].concat());
        let found = found["diagnostics"].as_array().unwrap().iter();
        found.map(|found| found["place"]["path"].as_str().unwrap().to_owned()).collect()
    };
    let (all, part) = (check(&[]), check(&["--client", "severny-veter"]));
    assert!(all.contains("agreements/2026/gimnaziya-5-2026.yaml"), "{all:?}");
    assert!(!part.contains("agreements/2026/gimnaziya-5-2026.yaml") && !part.is_empty(), "{part:?}");
}

/// A pull request that renames a client is about both names.
#[test]
fn a_name_that_either_side_of_a_pull_request_has_is_known() {
    let repository = Repository::example();
    let base = repository.commit();
    repository.edit("catalog.yaml", "  gimnaziya-5:", "  gimnaziya-6:");
    repository.edit("agreements/2026/gimnaziya-5-2026.yaml", "client: gimnaziya-5", "client: gimnaziya-6");
    let names = ["--client", "gimnaziya-5", "--client", "gimnaziya-6"];
    let plan = ["plan", "--as-of", DAY, "--base", &base, "--format", "json"];
    let planned = repository.json(0, &[&plan[..], &names].concat());
    assert_eq!(ids(&planned["plan"]["changes"]), ["gimnaziya-5-2026"]);
    let check = ["validate", "--as-of", DAY, "--changed-since", &base];
    repository.expect(0, &[&check[..], &names].concat());
    for command in [&plan[..], &check] {
        let run = repository.expect(1, &[command, &names, &["--client", "gimnaziya-7"]].concat());
        assert!(run.stderr.contains("`gimnaziya-7`"), "{}", run.stderr);
    }
}

#[test]
fn a_name_may_be_in_a_file_with_an_error_that_does_not_concern_the_branch() {
    let repository = Repository::example();
    let path = "agreements/2026/portovik-2026.yaml";
    assert!(repository.read(path).contains("region: baltic"));
    repository.file(path, &format!("{}unheard_of: 1\n", repository.read(path)));
    let base = repository.commit();
    let check = ["validate", "--as-of", DAY, "--changed-since", &base];
    repository.expect(0, &[&check[..], &["--label", "region=baltic"]].concat());
}
