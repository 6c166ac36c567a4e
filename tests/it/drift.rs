//! Why a change is there, through the program: edits, the date and hands in the helpdesk, distinguished.

use serde_json::{Value, json};

use crate::helpdesk::Helpdesk;
use crate::repository::Repository;

const DAY: &str = "2026-09-01";
const ID: &str = "severny-veter-2026";

fn plan(repository: &Repository, day: &str) -> Value {
    repository.json(0, &["plan", "--as-of", day, "--format", "json"])["plan"].take()
}

fn change<'a>(plan: &'a Value, id: &str) -> &'a Value {
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().find(|change| change["id"] == id).unwrap_or_else(|| panic!("no change of {id}: {plan}"))
}

fn causes(change: &Value) -> Vec<(&str, &str)> {
    let fields = change["fields"].as_array().unwrap().iter();
    let fields = fields.map(|field| (field["field"].as_str().unwrap(), field["cause"].as_str().unwrap()));
    let state = change["state"]["cause"].as_str().map(|cause| ("state", cause));
    fields.chain(state).collect()
}

/// Applies the example, then does this by hand in the helpdesk.
fn applied_then(by_hand: impl FnOnce(&Helpdesk)) -> Repository {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", DAY]);
    let helpdesk = Helpdesk::serve(&repository);
    by_hand(&helpdesk);
    drop(helpdesk);
    repository
}

#[test]
fn an_edit_a_passing_day_and_a_hand_are_distinguished_on_one_agreement() {
    let repository = applied_then(|helpdesk| {
        helpdesk.edit(ID, &json!({ "contractNumber": "by hand" }));
    });
    let file = repository.root().join(format!("agreements/2026/{ID}.yaml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\ntitle: An edited title\n")).unwrap();
    // The day after its last one.
    let later = plan(&repository, "2027-03-01");
    let change = change(&later, ID);
    assert_eq!(causes(change), [("title", "edit"), ("number", "drift"), ("state", "date")]);
    let drift: Vec<&Value> =
        later["drift"].as_array().unwrap().iter().filter(|drift| drift["id"] == ID).collect();
    assert_eq!(drift.len(), 1);
    assert_eq!(drift[0]["part"], json!({ "field": "number" }));
    assert_eq!(
        drift[0]["touch"]["name"], "S.",
        "the initials of the key's own person, whose key the hand used"
    );
}

#[test]
fn targets_that_were_changed_by_hand_are_drift_and_are_put_back() {
    let repository = applied_then(|helpdesk| {
        let agreement = helpdesk.agreement(ID)["UUID"].clone();
        let (_, rules) = helpdesk.post("find/agreementRule", &json!({ "agreement": agreement }));
        let rule = rules[0]["UUID"].as_str().unwrap();
        let slower = json!({ "reactionTime": { "length": 99, "interval": "HOUR" } });
        let (status, answer) = helpdesk.post(&format!("edit-m2m/{rule}"), &slower);
        assert!(status < 300, "{answer}");
    });
    let today = plan(&repository, DAY);
    assert_eq!(causes(change(&today, ID)), [("targets", "drift")]);
    assert!(today["drift"][0]["touch"]["when"].is_string());
    let text = repository.expect(0, &["plan", "--as-of", DAY]).stdout;
    assert!(text.contains("Drift: edited in the helpdesk") && text.contains("↳ targets by S."), "{text}");
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    assert_eq!(plan(&repository, DAY)["changes"], json!([]));
}

#[test]
fn what_is_to_be_reported_is_left_as_it_is_and_reported_every_time() {
    let repository = applied_then(|helpdesk| {
        helpdesk.edit(ID, &json!({ "contractNumber": "by hand", "title": "By hand" }));
    });
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}\nhelpdesk: {{ drift: {{ number: report }} }}\n"));
    for round in 0..2 {
        repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
        let again = plan(&repository, DAY);
        assert_eq!(again["changes"], json!([]), "{round}");
        let drift = again["drift"].as_array().unwrap();
        let reported: Vec<_> = drift.iter().map(|drift| (&drift["held"], &drift["is_corrected"])).collect();
        assert_eq!(reported, [(&json!({ "text": "by hand" }), &json!(false))], "{round}");
        let text = repository.expect(0, &["plan", "--as-of", DAY, "--exit-code"]).stdout;
        assert!(text.contains("not corrected: ") && text.contains("1 with drift not corrected"), "{text}");
    }
    let helpdesk = Helpdesk::serve(&repository);
    assert_eq!(helpdesk.agreement(ID)["contractNumber"], "by hand");
    assert_ne!(helpdesk.agreement(ID)["title"], "By hand", "what is not to be left is put back");
    drop(helpdesk);
    // An edit of that very field is an edit, and is written.
    let file = format!("agreements/2026/{ID}.yaml");
    let text = repository.read(&file);
    let number = text.lines().find(|line| line.starts_with("number:")).unwrap().to_owned();
    repository.file(&file, &text.replace(&number, "number: Новый-1"));
    let edited = plan(&repository, DAY);
    // The title is made of the number.
    assert_eq!(causes(change(&edited, ID)), [("title", "edit"), ("number", "edit")]);
}

#[test]
fn without_a_memory_no_cause_is_claimed() {
    let repository = applied_then(|helpdesk| {
        helpdesk.edit(ID, &json!({ "contractNumber": "by hand" }));
    });
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(repository.root().join(".servanda").join(name));
    }
    let plan = plan(&repository, DAY);
    let change = change(&plan, ID);
    assert!(change["fields"].as_array().unwrap().iter().all(|field| field["cause"].is_null()), "{change}");
    assert_eq!(plan["drift"], json!([]));
}
