//! What the helpdesk itself tells when an answer of its is lost, and two repositories that remember in one place.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::notices::outbox;
use crate::processes::{KEY, Served, point};
use crate::repository::Repository;

/// The day before anything is told, the day on which an agreement comes to rest, and the next.
const BEFORE: &str = "2026-09-01";
const DAY: &str = "2026-09-21";
const AFTER: &str = "2026-09-22";

/// Runs on a day and gives what was told, by kind.
#[track_caller]
fn run(repository: &Repository, code: i32, day: &str, more: &[&str]) -> Value {
    let arguments = [&["run", "--as-of", day, "--format", "json"], more].concat();
    let output = repository.program(&arguments).env("KEY", KEY).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{day}: {said}\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["notices"].clone()
}

fn number(told: &Value, kind: &str) -> usize {
    told[kind].as_array().map_or(0, Vec::len)
}

/// The comments that the helpdesk holds.
fn comments(repository: &Repository) -> Vec<String> {
    let connection = rusqlite::Connection::open(repository.root().join("desk.db")).unwrap();
    let mut select = connection.prepare("SELECT body FROM object WHERE class = 'comment'").unwrap();
    select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn after_a_lost_answer_the_helpdesk_is_asked_whether_it_has_the_comment() {
    let deaf = json!({ "verb": "find", "target": "comment", "effect": { "answer": { "status": 400 } } });
    // The answer is lost after the comment was written, or with it before anything was; the helpdesk says at once whether it
    // has it, or only on the next day.
    for (done, is_deaf) in [(true, false), (false, false), (true, true), (false, true)] {
        let case = format!("written: {done}, told at once: {}", !is_deaf);
        let repository = Repository::example();
        let mut faults =
            vec![json!({ "verb": "create", "target": "comment", "effect": { "drop": { "done": done } } })];
        faults.extend(is_deaf.then(|| deaf.clone()));
        let served = Served::accepting(&repository, KEY, &json!(faults));
        point(&repository, &served.url, "notices: { comment: private }\n");
        run(&repository, 0, BEFORE, &["--init-ledger"]);
        let told = run(&repository, 0, DAY, &[]);
        // What it does not have yet may be on its way, so that a later run asks again.
        let is_open = is_deaf || !done;
        assert_eq!(number(&told, "elsewhere"), usize::from(is_open), "{case}: {told}");
        assert_eq!(number(&told, "held"), 0, "{case}: {told}");
        let mut sent = number(&told, "sent");
        let told = run(&repository, 0, AFTER, &[]);
        sent += number(&told, "sent");
        assert_eq!(number(&told, "held"), 0, "{case}: {told}");
        let comments = comments(&repository);
        let different: BTreeSet<&String> = comments.iter().collect();
        assert_eq!((comments.len(), different.len()), (sent, sent), "{case}: each is there once");
        let told = run(&repository, 0, AFTER, &[]);
        assert_eq!(number(&told, "sent"), 0, "{case}: {told}");
    }
}

#[test]
fn a_module_of_the_tenant_is_told_once_whatever_becomes_of_its_answers() {
    let lost = json!({ "drop": { "done": true } });
    let broken = json!({ "answer": { "status": 500, "body": "groovy.lang.MissingPropertyException" } });
    let refused = json!({ "answer": { "status": 400, "body": "no" } });
    // What befalls the first call, whether the module knows an id again, the exit of that day and of the next.
    for (effect, remembers, first, second) in [
        (None, false, 0, 0),
        (Some(&refused), false, 6, 0),
        (Some(&broken), true, 0, 0),
        (Some(&broken), false, 7, 7),
        (Some(&lost), true, 0, 0),
        (Some(&lost), false, 7, 7),
    ] {
        let repository = Repository::example();
        let faults: Vec<Value> =
            effect.iter().map(|effect| json!({ "verb": "exec", "effect": effect })).collect();
        let options = json!({ "module": "slaNotify.send" });
        let mut served = Served::with_options(&repository, KEY, &json!(faults), &options);
        let module = format!("notices: {{ module: {{ call: slaNotify.send, remembers: {remembers} }} }}\n");
        point(&repository, &served.url, &module);
        run(&repository, 0, BEFORE, &["--init-ledger"]);
        let case = format!("{effect:?}, remembers: {remembers}");
        let told = run(&repository, first, DAY, &[]);
        let on_the_day = number(&told, "sent");
        assert_eq!(number(&told, "held"), usize::from(first == 7), "{case}: {told}");
        let told = run(&repository, second, AFTER, &[]);
        assert_eq!(number(&told, "held"), usize::from(second == 7), "{case}: {told}");
        let calls = served.calls();
        let new = calls.iter().filter(|line| line.contains("is_new=true")).count();
        let is_lost_and_held = effect == Some(&lost) && !remembers;
        assert_eq!(
            new,
            on_the_day + number(&told, "sent") + usize::from(is_lost_and_held),
            "{case}: {calls:?}"
        );
        let again = calls.len() - new;
        assert_eq!(again, usize::from(effect == Some(&lost) && remembers), "{case}: {calls:?}");
    }
}

#[test]
fn a_module_that_is_not_there_is_told_of_and_tried_again() {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, &json!([]));
    point(&repository, &served.url, "notices: { module: { call: slaNotify.send } }\n");
    run(&repository, 0, BEFORE, &["--init-ledger"]);
    let told = run(&repository, 6, DAY, &[]);
    assert!(told.to_string().contains("Script module or method not found"), "{told}");
}

/// What lies in a file of the ledger, but for the lock.
fn entries(ledger: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(ledger).unwrap();
    let mut select = connection.prepare("SELECT key, value FROM entry ORDER BY key").unwrap();
    let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).filter(|(key, _): &(String, String)| key != "seal" && key != "lock").collect()
}

#[test]
fn two_repositories_on_one_ledger_and_one_helpdesk_leave_each_other_s_notices_alone() {
    let (first, second) = (Repository::example(), Repository::example());
    let served = Served::accepting(&first, KEY, &json!([]));
    let shared = first.root().join("shared.sqlite");
    let mail = "mail: { url: \"file:.servanda/outbox\", from: \"Desk <sd@acme.example>\", allow: { catalog: true } }\n";
    let settings = format!("{mail}ledger: {{ at: \"sqlite:{}\" }}\n", shared.display());
    for repository in [&first, &second] {
        point(repository, &served.url, &settings);
    }
    second.edit("servanda.yaml", "prefix: \"sv:\"", "prefix: \"north:\"");
    run(&first, 0, BEFORE, &["--init-ledger"]);
    // The other's beginning is none of its own.
    run(&second, 4, BEFORE, &[]);
    run(&second, 0, BEFORE, &["--init-ledger"]);
    let sent = number(&run(&first, 0, DAY, &[]), "sent");
    assert!(sent > 0);
    let of_first = entries(&shared);
    let told = run(&second, 0, DAY, &[]);
    assert_eq!(number(&told, "sent"), sent, "what the first told is not told for the second");
    let after = entries(&shared);
    let untouched = of_first.iter().filter(|entry| after.contains(entry)).count();
    let of_second = of_first.iter().filter(|(key, _)| !key.contains("/notice/")).count();
    assert!(untouched + of_second >= of_first.len(), "no notice of the first was touched");
    assert_eq!(outbox(&first).len(), outbox(&second).len());
    for repository in [&first, &second] {
        let told = run(repository, 0, DAY, &[]);
        assert_eq!((number(&told, "sent"), number(&told, "superseded")), (0, 0), "{told}");
    }
}
