//! A saved plan permits changes and dictates none: one that was edited, made elsewhere or made on another day writes
//! nothing that a new plan of the present files would not write too.

use serde_json::{Value, json};
use servanda::envelope::GuardedPlan;
use servanda::render::saved_plan;

use crate::helpdesk::Helpdesk;
use crate::repository::{Repository, copy};

const DAY: &str = "2026-09-01";

/// The example after its first apply.
fn applied() -> Repository {
    Repository::example_after(&["apply", "--yes", "--as-of", DAY])
}

/// What differs between the files and the helpdesk, which is the same as long as nothing is written.
fn difference(repository: &Repository) -> Value {
    let plan = repository.run(&["plan", "--as-of", DAY, "--format", "json"]).stdout;
    serde_json::from_str(&plan).unwrap()
}

fn changed(plan: &Value) -> Vec<String> {
    let changes = plan["plan"]["changes"].as_array().unwrap().iter();
    changes.map(|change| change["id"].as_str().unwrap().to_owned()).collect()
}

/// Edits a saved plan as somebody would who computes its digest again.
fn forge(repository: &Repository, file: &str, edit: impl FnOnce(&mut Value)) {
    let mut plan: Value = serde_json::from_str(&repository.read(file)).unwrap();
    edit(&mut plan);
    let plan: GuardedPlan = serde_json::from_value(plan).unwrap();
    repository.file(file, &saved_plan::write(&plan));
}

fn has_code(text: &str, code: &str) -> bool {
    text.contains(&format!("error[{code}]"))
}

#[test]
fn a_careless_edit_of_a_saved_plan_is_refused_by_every_reader() {
    let repository = applied();
    repository.edit("templates/support-standard.yaml", "30m", "25m");
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "a.plan"]);
    repository.expect(0, &["show", "a.plan"]);
    repository.edit("a.plan", "\"changes_pending\": true", "\"changes_pending\": false");
    for command in [&["show", "a.plan"][..], &["apply", "--yes", "a.plan"]] {
        let run = repository.expect(1, command);
        assert!(has_code(&run.stderr, "plan-damaged"), "{}", run.stderr);
    }
}

type Edit = fn(&mut Value, &str);

/// Edits of a plan, each with a digest that fits. The text is the id of an object that is not ours.
const FORGERIES: [(&str, Edit); 8] = [
    ("another value in the steps than in the fields", |plan, _| {
        let steps = plan["plan"]["changes"][0]["steps"].as_array_mut().unwrap();
        let title = json!({ "edit": { "fields": { "title": { "text": "forged" } }, "state": null, "ownership_key": null } });
        steps.push(title);
    }),
    ("another state in a step", |plan, _| {
        let steps = plan["plan"]["changes"][0]["steps"].as_array_mut().unwrap();
        steps.push(json!({ "edit": { "fields": {}, "state": "inactive", "ownership_key": null } }));
    }),
    ("an object that is not ours", |plan, foreign| plan["plan"]["changes"][0]["object"] = json!(foreign)),
    ("an object that is not ours, archived", |plan, foreign| {
        let change = &mut plan["plan"]["changes"][0];
        change["object"] = json!(foreign);
        change["steps"] = json!(["archive"]);
    }),
    ("a retirement of an agreement that has a document", |plan, _| {
        let change = &mut plan["plan"]["changes"][0];
        change["verb"] = json!("retire");
        change["steps"] = json!([{ "edit": { "fields": {}, "state": "inactive", "ownership_key": null } }]);
    }),
    ("a creation that no file asks for", |plan, _| {
        let change = &mut plan["plan"]["changes"][0];
        for (key, value) in [
            ("id", json!("forged")),
            ("verb", json!("create")),
            ("object", Value::Null),
            ("before", Value::Null),
        ] {
            change[key] = value;
        }
        change["steps"] = json!([{ "create": { "fields": { "title": { "text": "forged" } } } }]);
    }),
    ("without its risks", |plan, _| plan["plan"]["changes"][0]["risks"] = json!(["shortens"])),
    ("without its steps", |plan, _| plan["plan"]["changes"][0]["steps"] = json!([])),
];

#[test]
fn a_forged_plan_with_a_digest_that_fits_writes_nothing() {
    let repository = applied();
    let helpdesk = Helpdesk::serve(&repository);
    let foreign = json!({ "title": "Somebody else's", "inventoryNumber": "B001" });
    let (status, made) = helpdesk.post("create-m2m/agreement$agreement", &foreign);
    assert_eq!(status, 201, "{made}");
    drop(helpdesk);
    let foreign = made["UUID"].as_str().unwrap();
    // One client with one change.
    repository.edit("agreements/2026/severny-veter-2026.yaml", "number: ", "labels: { a: b }\nnumber: X-");
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "honest.plan"]);
    let honest = repository.read("honest.plan");
    let before = difference(&repository);
    assert_eq!(changed(&before), ["severny-veter-2026"]);
    for (what, edit) in FORGERIES {
        repository.file("forged.plan", &honest);
        forge(&repository, "forged.plan", |plan| edit(plan, foreign));
        let run = repository.run(&["apply", "--yes", "forged.plan"]);
        assert_eq!(run.code, 5, "{what}: {} {}", run.stdout, run.stderr);
        assert_eq!(difference(&repository), before, "{what}");
    }
    repository.expect(0, &["apply", "--yes", "honest.plan"]);
}

#[test]
fn guards_are_judged_again_when_a_plan_is_applied() {
    let repository = applied();
    repository.edit("templates/support-standard.yaml", "30m", "2h");
    let guarded = repository.json(4, &["plan", "--as-of", DAY, "--out", "guarded.plan", "--format", "json"]);
    let accept = format!("weakened={}", guarded["awaiting"][0]["count"]);
    let before = difference(&repository);
    // Moved past its guard, with a digest that fits.
    forge(&repository, "guarded.plan", |plan| {
        plan["plan"]["changes"] = plan["guarded_changes"].clone();
        for key in ["awaiting", "guarded_changes"] {
            plan[key] = json!([]);
        }
        plan["plan"]["blocked"] = json!([]);
    });
    repository.expect(4, &["apply", "--yes", "guarded.plan"]);
    // An acknowledgement belongs to who applies, and not to a file.
    repository.expect(0, &["plan", "--as-of", DAY, "--accept", &accept, "--out", "accepted.plan"]);
    repository.expect(4, &["apply", "--yes", "accepted.plan"]);
    assert_eq!(difference(&repository), before);
    // The settings of today count.
    repository.edit("servanda.yaml", "weakened: 0 ", "weakened: 100 ");
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "permitted.plan"]);
    repository.edit("servanda.yaml", "weakened: 100 ", "weakened: 0 ");
    repository.expect(4, &["apply", "--yes", "permitted.plan"]);
    assert_eq!(difference(&repository), before);
    repository.expect(0, &["apply", "--yes", "--accept", &accept, "accepted.plan"]);
    assert_eq!(changed(&difference(&repository)), [""; 0]);
}

#[test]
fn a_plan_of_another_repository_is_refused_or_stale() {
    let repository = applied();
    let before = difference(&repository);
    // Another estate with the same helpdesk and the same keys.
    let other = Repository::empty();
    copy(repository.root(), &other.root().to_owned());
    other.edit("templates/support-standard.yaml", "30m", "25m");
    other.file(
        "agreements/other.yaml",
        "client: gimnaziya-5\nperiod: { first_day: 2026-08-01, term: 1y }\nservices: { vpn: true }\n",
    );
    other.expect(0, &["plan", "--as-of", DAY, "--out", "same-keys.plan"]);
    // Another estate with keys of its own.
    other.file(
        "servanda.yaml",
        &format!(
            "{}\nhelpdesk: {{ agreement: {{ key: {{ prefix: \"zz:\" }} }} }}\n",
            other.read("servanda.yaml")
        ),
    );
    other.expect(0, &["plan", "--as-of", DAY, "--out", "other-keys.plan"]);
    for name in ["same-keys.plan", "other-keys.plan"] {
        repository.file(name, &other.read(name));
        let run = repository.expect(5, &["apply", "--yes", name]);
        assert_eq!(
            has_code(&run.stderr, "plan-of-another-repository"),
            name == "other-keys.plan",
            "{}",
            run.stderr
        );
        assert_eq!(difference(&repository), before, "{name}");
    }
}

#[test]
fn only_the_changes_that_still_follow_from_the_files_are_applied() {
    let repository = applied();
    repository.edit("templates/support-standard.yaml", "30m", "25m");
    let planned = repository.json(0, &["plan", "--as-of", DAY, "--out", "a.plan", "--format", "json"]);
    let ids = changed(&planned);
    assert!(ids.len() > 2 && ids.contains(&"severny-veter-2026".to_owned()), "{ids:?}");
    let file = "agreements/2026/severny-veter-2026.yaml";
    repository.edit(file, "number: ", "number: X-");
    let outcome = repository.json(6, &["apply", "--yes", "a.plan", "--format", "json"]);
    let results = outcome["outcome"]["results"].as_object().unwrap();
    assert_eq!(results.len(), ids.len(), "{results:?}");
    let stale: Vec<&String> =
        results.iter().filter(|(_, result)| **result == json!("stale")).map(|(id, _)| id).collect();
    assert_eq!(stale, ["severny-veter-2026"]);
    assert_eq!(changed(&difference(&repository)), ["severny-veter-2026"]);
    // None of it follows any more, and the rest was applied.
    let again = repository.expect(6, &["apply", "--yes", "a.plan"]);
    assert!(again.stdout.contains("severny-veter-2026"), "{}", again.stdout);
    assert_eq!(changed(&difference(&repository)), ["severny-veter-2026"]);
    // With its old files back the plan holds again.
    repository.edit(file, "number: X-", "number: ");
    repository.expect(0, &["apply", "--yes", "a.plan"]);
    assert_eq!(changed(&difference(&repository)), [""; 0]);
}

#[test]
fn a_plan_for_another_day_asks_for_a_new_one() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}\nhelpdesk: {{ rehearsal: false }}\n"));
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "old.plan"]);
    let run = repository.expect(5, &["apply", "--yes", "old.plan"]);
    assert!(has_code(&run.stderr, "plan-for-another-day"), "{}", run.stderr);
    assert!(run.stderr.contains("servanda plan --out"), "{}", run.stderr);
}
