//! What remains after an apply: it is no success, and nothing is announced of it.

use serde_json::{Value, json};

use crate::processes::{KEY, Served, point};
use crate::repository::Repository;

const DAY: &str = "2026-09-01";
/// A day on which agreements of the example become active, are renewed or end.
const LATER: &str = "2026-09-21";

/// The example with comments as its notices, and with a helpdesk in another process, whose scripts empty one attribute of every agreement.
fn with_script(attribute: &str) -> (Repository, Served) {
    let fault = |verb: &str| {
        json!({ "verb": verb, "target": "agreement", "containing": attribute, "at": 1, "times": null,
                "effect": { "alter": { "attribute": attribute, "to": [] } } })
    };
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, &json!([fault("create"), fault("edit")]));
    point(&repository, &served.url, "notices: { comment: private }\n");
    (repository, served)
}

fn run(repository: &Repository, code: i32, arguments: &[&str]) -> Value {
    let mut program = repository.program(&[arguments, &["--format", "json"]].concat());
    let output = program.env("KEY", KEY).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
fn an_apply_of_which_the_helpdesk_keeps_a_part_is_no_success() {
    for (attribute, part) in [("recipientsOU", "recipients"), ("services", "services")] {
        let (repository, _served) = with_script(attribute);
        let said = run(&repository, 6, &["apply", "--yes", "--as-of", DAY]);
        let results = said["outcome"]["results"].as_object().unwrap();
        assert!(!results.is_empty());
        for (id, result) in results {
            let parts = result["not_kept"]["parts"].as_array().unwrap_or_else(|| panic!("{id}: {result}"));
            assert!(parts.contains(&json!({ "field": part })), "{id}: {result}");
        }
        assert_eq!(said["outcome"]["remaining"], results.len());
    }
}

#[test]
fn a_notice_waits_for_the_recipients_and_services_that_it_speaks_of() {
    for attribute in ["recipientsOU", "services"] {
        let (repository, _served) = with_script(attribute);
        run(&repository, 6, &["run", "--init-ledger", "--as-of", DAY]);
        // The ledger began before any of these events, so that their notices are due.
        let said = run(&repository, 6, &["run", "--as-of", LATER]);
        let deferred = said["notices"]["deferred"].as_object().unwrap();
        assert!(!deferred.is_empty(), "{said}");
        let changes = ["/activated/", "/deactivated/", "/renewed/", "/amended/"];
        let sent = said["notices"]["sent"].as_array().unwrap();
        let is_about_a_change =
            |key: &&Value| changes.iter().any(|change| key.as_str().unwrap().contains(change));
        assert_eq!(sent.iter().find(is_about_a_change), None, "{attribute}: {said}");
    }
}
