//! The main job through the program: plan, apply, plan again; what moved in between; what is not ours.

use serde_json::{Value, json};

use crate::helpdesk::Helpdesk;
use crate::repository::Repository;

const DAY: &str = "2026-09-01";

fn changed(plan: &Value) -> Vec<&str> {
    plan["plan"]["changes"].as_array().unwrap().iter().map(|change| change["id"].as_str().unwrap()).collect()
}

#[test]
fn the_example_is_applied_and_then_nothing_is_left_to_do() {
    let repository = Repository::example();
    let first = repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    assert!(first.stdout.contains("severny-veter-2026"), "{}", first.stdout);
    let plan = repository.json(0, &["plan", "--as-of", DAY, "--exit-code", "--format", "json"]);
    assert_eq!(changed(&plan), Vec::<&str>::new());
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
}

#[test]
fn pending_changes_have_an_exit_code_only_when_asked() {
    let repository = Repository::example();
    repository.expect(2, &["plan", "--as-of", DAY, "--exit-code"]);
    repository.expect(0, &["plan", "--as-of", DAY]);
}

#[test]
fn a_plan_writes_nothing() {
    let repository = Repository::example();
    let before = repository.json(0, &["plan", "--as-of", DAY, "--format", "json"]);
    let after = repository.json(0, &["plan", "--as-of", DAY, "--format", "json"]);
    assert_eq!(before, after);
    assert!(!changed(&before).is_empty());
}

#[test]
fn a_hand_edit_between_plan_and_apply_makes_just_that_change_stale() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    repository.edit("templates/support-standard.yaml", "30m", "25m");
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "reviewed.plan"]);
    let helpdesk = Helpdesk::serve(&repository);
    helpdesk.edit("severny-veter-2026", &json!({ "description": "not mapped, so no matter" }));
    helpdesk.edit("severny-veter-2026", &json!({ "title": "Changed by hand" }));
    drop(helpdesk);
    let run = repository.expect(6, &["apply", "--yes", "reviewed.plan"]);
    assert!(run.stdout.contains("severny-veter-2026"), "{}", run.stdout);
    let left = repository.json(0, &["plan", "--as-of", DAY, "--format", "json"]);
    assert_eq!(changed(&left), ["severny-veter-2026"]);
}

#[test]
fn a_plan_of_which_everything_moved_is_stale_and_applies_nothing() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    helpdesk.edit("severny-veter-2026", &json!({ "title": "Changed by hand" }));
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "reviewed.plan"]);
    helpdesk.edit("severny-veter-2026", &json!({ "title": "And again" }));
    drop(helpdesk);
    repository.expect(5, &["apply", "--yes", "reviewed.plan"]);
}

#[test]
fn objects_without_our_mark_are_never_in_a_plan_nor_touched() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    let unit = helpdesk.agreement("severny-veter-2026")["recipientsOU"][0]["UUID"].clone();
    let foreign = json!({ "title": "Somebody else's", "recipientsOU": [unit], "inventoryNumber": "B001" });
    let (status, made) = helpdesk.post("create-m2m/agreement$agreement", &foreign);
    assert_eq!(status, 201, "{made}");
    let get = || {
        let (_, found) = helpdesk.post("find/agreement", &json!({ "inventoryNumber": "B001" }));
        found
    };
    let before = get();
    let plan = repository.json(0, &["plan", "--as-of", "2027-09-01", "--prune", "--format", "json"]);
    assert!(!plan.to_string().contains("Somebody else's"));
    repository.run(&["apply", "--yes", "--as-of", "2027-09-01", "--prune"]);
    assert_eq!(get(), before);
}

#[test]
fn no_prompt_appears_without_a_terminal() {
    let repository = Repository::example();
    let run = repository.expect(1, &["apply", "--as-of", DAY]);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
}

#[test]
fn an_empty_repository_is_a_wrong_folder_and_no_request_to_end_everything() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    std::fs::remove_dir_all(repository.root().join("agreements")).unwrap();
    repository.expect(4, &["plan", "--as-of", DAY]);
    repository.expect(4, &["apply", "--yes", "--as-of", DAY, "--prune"]);
}

#[test]
fn a_weakened_promise_waits_for_its_exact_number() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    repository.edit("templates/support-standard.yaml", "30m", "2h");
    let held = repository.json(4, &["plan", "--as-of", DAY, "--format", "json"]);
    let count = held["awaiting"][0]["count"].as_u64().unwrap();
    assert!(count > 0);
    repository.expect(4, &["apply", "--yes", "--as-of", DAY, "--accept", &format!("weakened={}", count + 1)]);
    repository.expect(0, &["apply", "--yes", "--as-of", DAY, "--accept", &format!("weakened={count}")]);
    let plan = repository.json(0, &["plan", "--as-of", DAY, "--format", "json"]);
    assert_eq!(changed(&plan), Vec::<&str>::new());
}

#[test]
fn an_agreement_gone_from_the_files_is_blocked_until_pruning_is_requested() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let path = find(&repository, "severny-veter-2026.yaml");
    repository.remove(&path);
    let plan = repository.json(0, &["plan", "--as-of", DAY, "--format", "json"]);
    assert_eq!(changed(&plan), Vec::<&str>::new());
    assert!(plan["plan"]["blocked"].to_string().contains("severny-veter-2026"));
    repository.expect(4, &["apply", "--yes", "--as-of", DAY, "--prune"]);
    repository.expect(0, &["apply", "--yes", "--as-of", DAY, "--prune", "--accept", "orphans=1"]);
    let helpdesk = Helpdesk::serve(&repository);
    assert_eq!(helpdesk.agreement("severny-veter-2026")["state"], "inactive");
}

/// The path of an agreement's file within the repository.
fn find(repository: &Repository, name: &str) -> String {
    let mut folders = vec![repository.root().join("agreements")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return path.strip_prefix(repository.root()).unwrap().to_string_lossy().into_owned();
            }
        }
    }
    panic!("no {name}")
}

#[test]
fn a_request_is_taken_only_for_a_service_of_an_active_agreement() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    let request = |agreement: &Value| {
        let body = json!({
            "agreement": agreement["UUID"],
            "service": agreement["services"][0]["UUID"],
            "clientOU": agreement["recipientsOU"][0]["UUID"],
            "shortDescr": "The printer is on fire",
        });
        helpdesk.post("create-m2m/serviceCall$call", &body).0
    };
    let agreement = helpdesk.agreement("severny-veter-2026");
    assert_eq!(request(&agreement), 201);
    helpdesk.edit("severny-veter-2026", &json!({ "state": "inactive" }));
    assert_eq!(request(&agreement), 500);
}

#[test]
fn a_plan_made_from_a_recording_is_to_be_read_and_not_to_be_applied() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    let ahead = ["plan", "--as-of", "2026-11-01", "--format", "json"];
    let live = repository.json(0, &ahead);
    let offline =
        repository.json(0, &[&ahead[..], &["--snapshot", "live.json", "--out", "offline.plan"]].concat());
    assert_eq!(changed(&offline), changed(&live));
    assert!(!changed(&live).is_empty());
    repository.expect(5, &["apply", "--yes", "offline.plan"]);
}

#[test]
fn a_plan_of_another_version_is_refused() {
    let repository = Repository::example();
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "old.plan"]);
    repository.edit("old.plan", "\"format\": 1", "\"format\": 0");
    for command in [&["show", "old.plan"][..], &["apply", "--yes", "old.plan"]] {
        let run = repository.expect(1, command);
        assert!(run.stderr.contains("servanda plan --out"), "{}", run.stderr);
    }
}
