//! Notices through the helpdesk when its responses are lost, and two repositories that share a ledger.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::cases::every;
use crate::notices::outbox;
use crate::processes::{KEY, Served, point};
use crate::repository::{Repository, side_by_side};

/// The day before any event, the day on which an agreement is suspended, and the next.
const BEFORE: &str = "2026-09-01";
const DAY: &str = "2026-09-21";
const AFTER: &str = "2026-09-22";

/// Runs on a day and returns the results of the notices, by kind.
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

fn number(notices: &Value, kind: &str) -> usize {
    notices[kind].as_array().map_or(0, Vec::len)
}

/// The comments that the helpdesk holds.
fn comments(repository: &Repository) -> Vec<String> {
    let connection = rusqlite::Connection::open(repository.root().join("sandbox.db")).unwrap();
    let mut select = connection.prepare("SELECT body FROM object WHERE class = 'comment'").unwrap();
    select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn after_a_lost_response_the_helpdesk_is_queried_for_the_comment() {
    let deaf = json!({ "verb": "find", "target": "comment", "effect": { "answer": { "status": 400 } } });
    // The response is lost after the comment was written, or the request before it; the helpdesk can be queried at once, or
    // only on the next day.
    let cases = [(true, false), (false, false), (false, true), (true, true)];
    side_by_side(every(2, cases), |(done, is_deaf)| {
        let case = format!("written: {done}, queried at once: {}", !is_deaf);
        let repository = Repository::example();
        let mut faults =
            vec![json!({ "verb": "create", "target": "comment", "effect": { "drop": { "done": done } } })];
        faults.extend(is_deaf.then(|| deaf.clone()));
        let served = Served::accepting(&repository, KEY, &json!(faults));
        point(&repository, &served.url, "notices: { comment: private }\n");
        run(&repository, 0, BEFORE, &["--init-ledger"]);
        let notices = run(&repository, 0, DAY, &[]);
        // A comment that is not found yet may be on its way, so a later run queries again.
        let is_open = is_deaf || !done;
        assert_eq!(number(&notices, "pending"), usize::from(is_open), "{case}: {notices}");
        assert_eq!(number(&notices, "in_doubt"), 0, "{case}: {notices}");
        let mut sent = number(&notices, "sent");
        let notices = run(&repository, 0, AFTER, &[]);
        sent += number(&notices, "sent");
        assert_eq!(number(&notices, "in_doubt"), 0, "{case}: {notices}");
        let comments = comments(&repository);
        let different: BTreeSet<&String> = comments.iter().collect();
        assert_eq!((comments.len(), different.len()), (sent, sent), "{case}: each comment exists once");
        let notices = run(&repository, 0, AFTER, &[]);
        assert_eq!(number(&notices, "sent"), 0, "{case}: {notices}");
    });
}

#[test]
fn a_script_module_delivers_once_after_any_loss_of_its_responses() {
    let lost = json!({ "drop": { "done": true } });
    let broken = json!({ "answer": { "status": 500, "body": "groovy.lang.MissingPropertyException" } });
    let refused = json!({ "answer": { "status": 400, "body": "no" } });
    // The fault of the first call, whether the module recognises an id, the exit codes of that day and of the next.
    let cases = [
        (Some(&lost), true, 0, 0),
        (Some(&broken), true, 0, 0),
        (Some(&lost), false, 7, 7),
        (Some(&broken), false, 7, 7),
        (Some(&refused), false, 6, 0),
        (None, false, 0, 0),
    ];
    side_by_side(every(2, cases), |(effect, remembers, first, second)| {
        let repository = Repository::example();
        let faults: Vec<Value> =
            effect.iter().map(|effect| json!({ "verb": "exec", "effect": effect })).collect();
        let options = json!({ "module": "slaNotify.send" });
        let mut served = Served::with_options(&repository, KEY, &json!(faults), &options);
        let module = format!("notices: {{ module: {{ call: slaNotify.send, remembers: {remembers} }} }}\n");
        point(&repository, &served.url, &module);
        run(&repository, 0, BEFORE, &["--init-ledger"]);
        let case = format!("{effect:?}, remembers: {remembers}");
        let notices = run(&repository, first, DAY, &[]);
        let on_the_day = number(&notices, "sent");
        assert_eq!(number(&notices, "in_doubt"), usize::from(first == 7), "{case}: {notices}");
        let notices = run(&repository, second, AFTER, &[]);
        assert_eq!(number(&notices, "in_doubt"), usize::from(second == 7), "{case}: {notices}");
        let calls = served.calls();
        let new = calls.iter().filter(|line| line.contains("is_new=true")).count();
        let is_lost_and_in_doubt = effect == Some(&lost) && !remembers;
        assert_eq!(
            new,
            on_the_day + number(&notices, "sent") + usize::from(is_lost_and_in_doubt),
            "{case}: {calls:?}"
        );
        let again = calls.len() - new;
        assert_eq!(again, usize::from(effect == Some(&lost) && remembers), "{case}: {calls:?}");
    });
}

#[test]
fn a_missing_script_module_is_reported_and_called_again() {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, &json!([]));
    point(&repository, &served.url, "notices: { module: { call: slaNotify.send } }\n");
    run(&repository, 0, BEFORE, &["--init-ledger"]);
    let notices = run(&repository, 6, DAY, &[]);
    assert!(notices.to_string().contains("Script module or method not found"), "{notices}");
}

/// The entries of a ledger file, except for the lock.
fn entries(ledger: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(ledger).unwrap();
    let mut select = connection.prepare("SELECT key, value FROM entry ORDER BY key").unwrap();
    let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap)
        .filter(|(key, _): &(String, String)| key != "checksum" && key != "lock")
        .collect()
}

#[test]
fn two_repositories_that_share_a_ledger_do_not_touch_each_others_notices() {
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
    // The ledger is initialised for the first only.
    run(&second, 4, BEFORE, &[]);
    run(&second, 0, BEFORE, &["--init-ledger"]);
    let sent = number(&run(&first, 0, DAY, &[]), "sent");
    assert!(sent > 0);
    let of_first = entries(&shared);
    let notices = run(&second, 0, DAY, &[]);
    assert_eq!(number(&notices, "sent"), sent, "the notices of the first do not count for the second");
    let after = entries(&shared);
    let untouched = of_first.iter().filter(|entry| after.contains(entry)).count();
    let of_second = of_first.iter().filter(|(key, _)| !key.contains("/notice/")).count();
    assert!(untouched + of_second >= of_first.len(), "no notice of the first was touched");
    assert_eq!(outbox(&first).len(), outbox(&second).len());
    for repository in [&first, &second] {
        let notices = run(repository, 0, DAY, &[]);
        assert_eq!((number(&notices, "sent"), number(&notices, "superseded")), (0, 0), "{notices}");
    }
}
