//! Findings and plans as programs of others read them: by their schemas, by the matcher we ship, and through the
//! program as a job of a CI would call it.

use std::path::Path;

use serde_json::Value;

use crate::missing::did_not_run;
use crate::repository::Repository;

/// What does not run where a program of others is missing.
const TESTED: &str = "the check by the schema of SARIF";

const TYPO: &str = "agreements/2026/severny-veter-2026.yaml";

/// The example with an unknown manager.
fn broken() -> Repository {
    let repository = Repository::example();
    repository.edit(TYPO, "manager: i.petrova", "manager: i.petrowa");
    repository
}

#[test]
fn a_log_is_valid_by_the_schema_of_sarif() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/sarif/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
    let Ok(schema) = std::fs::read_to_string(schema) else {
        let why = "the schema is missing: npm install --ignore-scripts --prefix target/sarif @microsoft/jest-sarif@1.0.0-beta.0";
        return did_not_run(TESTED, why);
    };
    // Its pattern of languages is a regular expression only where stray brackets are forgiven.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for (repository, code) in [(Repository::example(), 0), (broken(), 3)] {
        let run = repository.run(&["validate", "--format", "sarif", "--as-of", "2026-09-01"]);
        assert_eq!(run.code, code, "{}", run.stderr);
        let log: Value = serde_json::from_str(&run.stdout).unwrap();
        let faults: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{}", run.stdout);
    }
    let nonsense = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!schema.is_valid(&nonsense), "the schema says no to nothing");
}

#[test]
fn the_matcher_reads_the_short_form() {
    let matcher = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/problem-matcher.json");
    let matcher: Value = serde_json::from_str(&std::fs::read_to_string(matcher).unwrap()).unwrap();
    let pattern = &matcher["problemMatcher"][0]["pattern"][0];
    let regexp = regex::Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
    let run = broken().run(&["validate", "--short", "--as-of", "2026-09-01"]);
    assert_eq!(run.code, 3);
    let found: Vec<regex::Captures<'_>> =
        run.stdout.lines().filter_map(|line| regexp.captures(line)).collect();
    let reported = run.stdout.lines().filter(|line| !line.contains(": note[")).count();
    assert_eq!(found.len(), reported, "{}", run.stdout);
    let part = |found: &regex::Captures<'_>, name: &str| {
        found[usize::try_from(pattern[name].as_u64().unwrap()).unwrap()].to_owned()
    };
    let error = found.iter().find(|found| part(found, "severity") == "error").unwrap();
    assert_eq!(part(error, "file"), TYPO);
    assert_eq!(part(error, "code"), "E101");
    assert!(part(error, "message").contains("i.petrowa"));
    assert!(part(error, "line").parse::<u32>().is_ok() && part(error, "column").parse::<u32>().is_ok());
}

#[test]
fn each_format_says_the_same_and_ends_with_the_same_code() {
    let repository = broken();
    for format in ["text", "json", "github", "sarif", "gitlab", "junit"] {
        let run = repository.run(&["validate", "--format", format, "--as-of", "2026-09-01"]);
        assert_eq!(run.code, 3, "{format}");
        assert!(run.stdout.contains("i.petrowa") && run.stdout.contains("E101"), "{format}: {}", run.stdout);
        let written =
            repository.run(&["validate", "--format", format, "--as-of", "2026-09-01", "--out", "report"]);
        assert_eq!((written.code, written.stdout.as_str()), (3, ""), "{format}");
        assert_eq!(repository.read("report"), run.stdout, "{format}");
    }
}

#[test]
fn the_report_counts_as_ending_what_renew_would_write() {
    let repository = Repository::example();
    repository.edit("servanda.yaml", "language: en", "language: ru");
    repository.expect(0, &["report", "--as-of", "2026-09-01", "--no-ledger", "--csv", "all.csv"]);
    let table = repository.read("all.csv");
    let line = |line: &str| line.trim_matches('"').split("\";\"").map(str::to_owned).collect::<Vec<_>>();
    let mut lines = table.trim_start_matches('\u{feff}').lines().map(line);
    let columns = lines.next().unwrap();
    let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (id, left, renewal, follows) = (at("agreement"), at("days_left"), at("renewal"), at("follows"));
    let ends = |cells: &&Vec<String>| {
        cells[follows] == "nothing"
            && cells[renewal] == "due"
            && cells[left].parse::<u32>().is_ok_and(|days| days <= 90)
    };
    let rows: Vec<Vec<String>> = lines.collect();
    let due: Vec<&str> = rows.iter().filter(ends).map(|cells| cells[id].as_str()).collect();
    let renewed = repository.run(&["renew", "--ending-within", "90d", "--as-of", "2026-09-01", "--dry-run"]);
    assert_eq!(renewed.code, 0, "{}", renewed.stderr);
    let written = renewed.stdout.matches("\n+renews: ").count();
    assert_eq!((due.len(), due.as_slice()), (written, ["brueckner-2025"].as_slice()), "{}", renewed.stdout);
    let ends_soon =
        rows.iter().filter(|cells| cells[left].parse::<u32>().is_ok_and(|days| days <= 90)).count();
    assert_eq!(ends_soon, 5, "two are terminated, one renews by itself, one has a successor");
}

#[test]
fn a_report_says_that_the_ledger_was_not_read() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}\nledger: {{ secret: {{ env: UNSET_SECRET }} }}\n"));
    let is_said = |arguments: &[&str]| {
        let report = ["report", "--as-of", "2026-09-01", "--out", "r.html"];
        repository.expect(0, &[&report, arguments].concat()).stderr.contains("UNSET_SECRET is not set")
    };
    assert!(is_said(&[]) && !is_said(&["--no-ledger"]));
}

#[test]
fn a_plan_is_drawn_for_a_pull_request_and_as_a_page() {
    let repository = Repository::example();
    let plan = |arguments: &[&str]| {
        let run = repository.run(&[&["plan", "--as-of", "2026-09-01"], arguments].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout
    };
    plan(&["--out", "today.plan"]);
    for forge in ["github", "gitlab", "gitea", "bitbucket"] {
        let text = plan(&["--format", "markdown", "--forge", forge]);
        assert!(text.starts_with("### Plan: no risks\n"), "{text}");
        assert_eq!(text.contains("<details>"), forge != "bitbucket");
        let shown = repository.run(&["show", "today.plan", "--format", "markdown", "--forge", forge]);
        assert_eq!((shown.code, shown.stdout), (0, text));
    }
    assert!(plan(&["--format", "summary"]).starts_with("### Plan: no risks\n"));
    assert!(plan(&["--format", "html"]).starts_with("<!doctype html>\n"));
}
