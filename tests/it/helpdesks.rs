//! Several helpdesks in one repository: planned and applied each by itself, and agreements that move between them.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::cases::is_full;
use crate::processes::{KEY, MAPPING, Served};
use crate::repository::Repository;

pub(crate) const DAY: &str = "2026-09-01";

/// An agreement of the example that is active on that day, and its file.
const MOVED: (&str, &str) = ("severny-veter-2026", "agreements/2026/severny-veter-2026.yaml");

/// The settings with these helpdesks.
pub(crate) fn settings(helpdesks: &str) -> String {
    format!("timezone: Europe/Moscow\nlanguage: en\nhelpdesks:\n{helpdesks}")
}

/// The example with two embedded helpdesks, of which `moscow` has the agreements of one client.
pub(crate) fn two_sandboxes() -> Repository {
    let repository = Repository::example();
    let helpdesks = "  berlin: { kind: sandbox, default: true }\n  moscow: { kind: sandbox }\n";
    repository.file("servanda.yaml", &settings(helpdesks));
    repository.edit(
        "catalog.yaml",
        "    title: АО «Портовик»\n",
        "    title: АО «Портовик»\n    lives_in: moscow\n",
    );
    repository.expect(0, &["validate"]);
    repository
}

pub(crate) fn plans(repository: &Repository) -> Value {
    repository.json(0, &["plan", "--as-of", DAY, "--format", "json"])
}

pub(crate) fn changes<'a>(plans: &'a Value, helpdesk: &str) -> &'a Vec<Value> {
    plans["helpdesks"][helpdesk]["plan"]["changes"].as_array().expect("a plan of the helpdesk")
}

#[track_caller]
pub(crate) fn assert_converged(plans: &Value) {
    for (name, guarded) in plans["helpdesks"].as_object().expect("plans") {
        assert_eq!(
            (&guarded["plan"]["changes"], &guarded["plan"]["blocked"]),
            (&json!([]), &json!([])),
            "{name}"
        );
    }
    assert_eq!((&plans["unavailable"], &plans["verdict"]["exit_code"]), (&json!({}), &json!(0)));
}

/// Lets an agreement live in the other helpdesk.
pub(crate) fn relocate(repository: &Repository, (_, file): (&str, &str)) {
    let text = repository.read(file);
    repository.file(file, &format!("{text}helpdesk: moscow\n"));
}

#[test]
fn each_helpdesk_gets_its_own_agreements_and_the_second_plan_is_empty() {
    let repository = two_sandboxes();
    let first = plans(&repository);
    let clients = |helpdesk: &str| -> std::collections::BTreeSet<String> {
        changes(&first, helpdesk).iter().map(|change| change["client"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(clients("moscow"), ["portovik".to_owned()].into());
    assert!(clients("berlin").len() > 3 && !clients("berlin").contains("portovik"));
    let text = repository.expect(0, &["plan", "--as-of", DAY]).stdout;
    assert!(text.contains("Helpdesk berlin") && text.contains("Helpdesk moscow"), "{text}");
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    assert_converged(&plans(&repository));
    let only = repository.json(0, &["plan", "--as-of", DAY, "--helpdesk", "moscow", "--format", "json"]);
    assert_eq!(only["helpdesks"].as_object().unwrap().keys().collect::<Vec<_>>(), ["moscow"]);
    let unknown = repository.expect(1, &["plan", "--helpdesk", "moskau"]);
    assert!(unknown.stderr.contains("--helpdesk berlin"), "{}", unknown.stderr);
    for command in ["discover", "import"] {
        let several = repository.expect(1, &[command]);
        assert!(several.stderr.contains("--helpdesk moscow"), "{command}: {}", several.stderr);
    }
}

#[test]
fn a_saved_plan_of_several_helpdesks_is_shown_and_applied() {
    let repository = two_sandboxes();
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    for format in ["text", "markdown", "summary", "html", "json"] {
        let shown = repository.expect(0, &["show", "saved.plan", "--format", format]).stdout;
        assert!(shown.contains("berlin") && shown.contains("moscow"), "{format}");
    }
    repository.expect(0, &["comment", "saved.plan", "--dry-run"]);
    repository.expect(0, &["apply", "--yes", "saved.plan"]);
    assert_converged(&plans(&repository));
    repository.edit("saved.plan", "\"format\": 1", "\"format\":  1");
    repository.expect(1, &["show", "saved.plan"]);
}

#[test]
fn a_saved_plan_is_about_the_helpdesks_that_it_has() {
    let repository = two_sandboxes();
    repository.expect(0, &["plan", "--as-of", DAY, "--helpdesk", "moscow", "--out", "saved.plan"]);
    repository.expect(0, &["apply", "--yes", "saved.plan"]);
    let after = plans(&repository);
    assert_eq!(changes(&after, "moscow").len(), 0);
    assert!(!changes(&after, "berlin").is_empty());
    // The plan of one of two has no changes.
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "both.plan"]);
    repository.expect(0, &["apply", "--yes", "both.plan"]);
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "empty.plan"]);
    repository.expect(0, &["apply", "--yes", "empty.plan"]);
    for command in [&["status"][..], &["report", "--csv", "all.csv"], &["forecast"], &["notify", "--preview"]]
    {
        repository.expect(1, &[command, &["--helpdesk", "nope"]].concat());
    }
}

#[test]
fn a_saved_plan_of_one_helpdesk_without_changes_is_applied() {
    let repository = Repository::example();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "empty.plan"]);
    repository.expect(0, &["apply", "--yes", "empty.plan"]);
}

#[test]
fn an_agreement_that_moves_is_there_before_it_is_withdrawn_here() {
    let repository = two_sandboxes();
    repository.expect(0, &["run", "--init-ledger", "--as-of", DAY]);
    relocate(&repository, MOVED);
    let moving = plans(&repository);
    let [change] = &changes(&moving, "berlin")[..] else { panic!("{moving:#}") };
    assert_eq!((&change["id"], &change["verb"]), (&json!(MOVED.0), &json!("move")));
    assert_eq!(change["elsewhere"], json!({ "agreement": MOVED.0, "helpdesk": "moscow" }));
    assert_eq!(changes(&moving, "moscow")[0]["verb"], "create");
    // The other helpdesk is left out, so that nothing can be confirmed there.
    let held = repository.json(0, &["plan", "--as-of", DAY, "--helpdesk", "berlin", "--format", "json"]);
    assert_eq!(held["verdict"]["exit_code"], 6);
    assert_eq!(held["helpdesks"]["berlin"]["plan"]["changes"], json!([]));
    repository.expect(6, &["apply", "--yes", "--as-of", DAY, "--helpdesk", "berlin"]);
    assert_eq!(changes(&plans(&repository), "berlin").len(), 1, "it is still active here");
    let run = repository.json(0, &["run", "--as-of", DAY, "--format", "json"]);
    assert_eq!(run["notices"]["sent"], json!([]), "the notices were sent before: {:#}", run["notices"]);
    assert_converged(&plans(&repository));
}

/// The records of notices stay where they began, so that another default helpdesk neither stops notices nor sends them twice.
#[test]
fn another_default_helpdesk_does_not_begin_the_notices_anew() {
    let repository = two_sandboxes();
    repository.expect(0, &["run", "--init-ledger", "--as-of", DAY]);
    let preview = || repository.expect(0, &["notify", "--preview", "--as-of", DAY]);
    let before = preview();
    change_default(&repository);
    repository.expect(0, &["ledger", "verify"]);
    let after = preview();
    assert_eq!((&after.stdout, &after.stderr), (&before.stdout, &before.stderr));
    let sent = repository.json(0, &["notify", "--as-of", DAY, "--format", "json"]);
    assert_eq!(sent["sent"], json!([]));
}

/// Makes the other helpdesk the default one.
fn change_default(repository: &Repository) {
    repository.edit("servanda.yaml", "berlin: { kind: sandbox, default: true }", "berlin: { kind: sandbox }");
    repository.edit("servanda.yaml", "moscow: { kind: sandbox }", "moscow: { kind: sandbox, default: true }");
}

/// The witness stays where the records are.
#[test]
fn another_default_helpdesk_leaves_the_witness_where_the_notices_began() {
    let repository = two_sandboxes();
    let witness = "ledger: { witness: { object: \"ou$6001\", attribute: idHolder } }\n";
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}{witness}"));
    repository.expect(0, &["run", "--init-ledger", "--as-of", DAY]);
    let ledger = repository.root().join(".servanda/ledger.sqlite");
    let backup = std::fs::read(&ledger).unwrap();
    change_default(&repository);
    let notify = ["notify", "--as-of", DAY];
    repository.expect(0, &notify);
    let checks = repository.run(&["doctor", "--format", "json"]).stdout;
    let checks: Value = serde_json::from_str(&checks).unwrap();
    let of = |name: &str| {
        let found = checks["checks"].as_array().unwrap().iter().find(|line| line["check"] == name);
        found.map(|line| line["status"].clone())
    };
    assert_eq!((of("witness"), of("ledger")), (Some(json!("ok")), Some(json!("ok"))), "{checks:#}");
    // What the helpdesk notes there detects an older ledger.
    repository.run(&["run", "--as-of", "2026-09-21"]);
    std::fs::write(&ledger, backup).unwrap();
    let run = repository.expect(4, &notify);
    assert!(run.stderr.contains("error[ledger-outdated]"), "{}", run.stderr);
}

/// By the records of one, what the other has sent would be sent again.
#[test]
fn records_of_notices_under_two_helpdesks_stop_notices() {
    let repository = two_sandboxes();
    repository.expect(0, &["run", "--init-ledger", "--as-of", DAY]);
    let first = repository.read("servanda.yaml");
    let helpdesks = "  moscow: { kind: sandbox, default: true }\n  riga: { kind: sandbox }\n";
    repository.file("servanda.yaml", &settings(helpdesks));
    repository.expect(0, &["notify", "--init-ledger", "--as-of", DAY]);
    repository.file("servanda.yaml", &first);
    for _ in 0..2 {
        for command in [
            &["notify", "--as-of", DAY][..],
            &["notify", "--preview", "--as-of", DAY],
            &["notify", "--init-ledger", "--as-of", DAY],
            &["ledger", "verify"],
        ] {
            let run = repository.expect(4, command);
            assert!(run.stderr.contains("error[ledger-begun-twice]"), "{command:?}: {}", run.stderr);
            assert!(run.stderr.contains("berlin") && run.stderr.contains("moscow"), "{}", run.stderr);
        }
        if repository.read("servanda.yaml") == first {
            change_default(&repository);
        }
    }
    // A new ledger is the way out.
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}ledger: {{ at: \"sqlite:new.sqlite\" }}\n"));
    repository.expect(0, &["notify", "--init-ledger", "--as-of", DAY]);
    repository.expect(0, &["notify", "--as-of", DAY]);
}

/// The default helpdesk is embedded, the other one is at this address.
pub(crate) fn with_remote(url: &str) -> Repository {
    let repository = two_sandboxes();
    let mapping = MAPPING.replace("\n  ", "\n    ").replacen("  agreement:", "    agreement:", 1);
    let helpdesks = format!(
        "  berlin: {{ kind: sandbox, default: true }}\n  moscow:\n    kind: itsm365\n    url: {url}\n    \
         access_key: {{ env: KEY }}\n    rehearsal: true\n    rate: 1000\n    concurrency: 1\n    search_lag: 0s\n{mapping}"
    );
    repository.file("servanda.yaml", &settings(&helpdesks));
    repository.expect(0, &["validate"]);
    repository
}

pub(crate) fn remote(repository: &Repository, code: i32, arguments: &[&str]) -> String {
    let output = repository.program(arguments).env("KEY", KEY).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{errors}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn remote_plans(repository: &Repository, code: i32) -> Value {
    serde_json::from_str(&remote(repository, code, &["plan", "--as-of", DAY, "--format", "json"])).unwrap()
}

#[test]
fn a_helpdesk_that_is_down_holds_back_its_own_agreements_only() {
    // Nothing listens on this port.
    let repository = with_remote("http://127.0.0.1:9/sd");
    let first = remote_plans(&repository, 6);
    assert_eq!(first["unavailable"]["moscow"]["exit_code"], 6);
    assert!(!changes(&first, "berlin").is_empty());
    remote(&repository, 6, &["apply", "--yes", "--as-of", DAY]);
    let second = remote_plans(&repository, 6);
    assert_eq!((changes(&second, "berlin").len(), &second["verdict"]["exit_code"]), (0, &json!(6)));
    relocate(&repository, MOVED);
    remote(&repository, 6, &["apply", "--yes", "--as-of", DAY]);
    let held = remote_plans(&repository, 6);
    let reason = &held["helpdesks"]["berlin"]["plan"]["blocked"][0]["reason"];
    assert_eq!(reason["elsewhere"]["helpdesk"], "moscow", "{held:#}");
    // Refused credentials come first in the exit code, and the other helpdesk is applied all the same.
    let metrics = ["run", "--init-ledger", "--as-of", DAY, "--metrics", "run.prom"];
    let output = repository.program(&metrics).output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    let metrics = repository.read("run.prom");
    assert!(metrics.contains("servanda_helpdesk_last_run_exit_code{helpdesk=\"moscow\"} 9"), "{metrics}");
}

/// Two helpdesks that number their objects alike, so that the moved agreement has the same id and content in both.
#[test]
fn an_agreement_moves_to_a_helpdesk_that_gives_it_the_same_id() {
    let only = |client: &'static str| ["apply", "--yes", "--as-of", DAY, "--client", client];
    for is_there_already in [false, true] {
        let repository = Repository::example();
        let served = Served::accepting(&repository, KEY, &json!([]));
        let moving = with_remote(&served.url);
        let made = remote(&moving, 0, &only("severny-veter"));
        let object =
            made.split_once("created, active [").and_then(|(_, rest)| rest.split_once(']')).unwrap().0;
        // Of this one the other helpdesk has nothing.
        remote(&moving, 0, &only("uralstal"));
        relocate(&moving, MOVED);
        if is_there_already {
            remote(&moving, 0, &[&only("severny-veter")[..], &["--helpdesk", "moscow"]].concat());
        }
        let moved = remote(&moving, 0, &only("severny-veter"));
        assert!(moved.contains(&format!("in its new helpdesk [{object}]")), "{moved}");
        assert_eq!(moved.contains(&format!("created, active [{object}]")), !is_there_already, "{moved}");
        remote(&moving, 0, &["apply", "--yes", "--as-of", DAY]);
        assert_converged(&remote_plans(&moving, 0));
    }
}

/// A second name for one helpdesk withdraws nothing there, although both plans want it.
#[test]
fn a_second_name_for_one_helpdesk_withdraws_nothing() {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, &json!([]));
    let moving = with_remote(&served.url);
    let settings = moving.read("servanda.yaml");
    let other = settings.split_once("  moscow:\n").unwrap().1.replace("127.0.0.1", "localhost");
    let twice = settings.replace(
        "  berlin: { kind: sandbox, default: true }\n",
        &format!("  berlin:\n    default: true\n{other}"),
    );
    moving.file("servanda.yaml", &twice);
    let only = ["apply", "--yes", "--as-of", DAY, "--client", "severny-veter", "--format", "json"];
    remote(&moving, 0, &only);
    relocate(&moving, MOVED);
    let outcome = remote(&moving, 6, &only);
    let outcome: Value = serde_json::from_str(&outcome).unwrap();
    let berlin = &outcome["helpdesks"]["berlin"]["outcome"];
    let awaited = json!({ "agreement": MOVED.0, "helpdesk": "moscow" });
    let expected = json!({ MOVED.0: { "not_tried": { "same_object": awaited } } });
    // No plan was made after it.
    assert_eq!((&berlin["results"], &berlin["remaining"]), (&expected, &Value::Null), "{outcome:#}");
}

/// A run is killed while one request of a move is not answered. The next run converges.
#[test]
fn a_move_that_is_killed_at_a_request_is_completed_by_the_next_run() {
    // The move takes 46 requests.
    let points: Vec<(u64, bool)> = if is_full() {
        (1..=46).flat_map(|number| [(number, false), (number, true)]).collect()
    } else {
        [(9, false), (12, true), (16, true)].into()
    };
    for (number, done) in points {
        let repository = Repository::example();
        let served = Served::accepting(&repository, KEY, &json!([]));
        let remote_repository = with_remote(&served.url);
        remote(&remote_repository, 0, &["apply", "--yes", "--as-of", DAY]);
        drop(served);
        let faults = json!([{ "at": number, "effect": { "silence": { "done": done } } }]);
        let mut served = Served::accepting(&repository, KEY, &faults);
        let settings = remote_repository.read("servanda.yaml");
        let url = settings.lines().find_map(|line| line.trim().strip_prefix("url: ")).unwrap().to_owned();
        remote_repository.file("servanda.yaml", &settings.replace(&url, &served.url));
        relocate(&remote_repository, MOVED);
        let mut apply = remote_repository.program(&["apply", "--yes", "--as-of", DAY]);
        let apply = apply.env("KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null());
        let mut killed = apply.spawn().unwrap();
        served.fell_silent();
        killed.kill().unwrap();
        assert!(killed.wait().unwrap().code().is_none(), "it was still running");
        remote(&remote_repository, 0, &["apply", "--yes", "--as-of", DAY]);
        assert_converged(&remote_plans(&remote_repository, 0));
    }
}
