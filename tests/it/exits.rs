//! Every exit code is reached in at least two ways. Scripts depend on them, so they must never change.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use servanda::render::saved_plan;

use crate::forge::Forge;
use crate::processes::{KEY, Served, point};
use crate::repository::{Repository, side_by_side};

const DAY: &str = "2026-09-01";

/// One way to an exit code: a preparation of the example, and a command line.
struct Way {
    code: i32,
    before: fn(&Repository),
    typed: &'static [&'static str],
}

fn nothing(_: &Repository) {}

fn broken(repository: &Repository) {
    repository.file("agreements/broken.yaml", "client: no-one\n");
}

fn empty(repository: &Repository) {
    std::fs::remove_dir_all(repository.root().join("agreements")).unwrap();
}

fn weakened(repository: &Repository) {
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 9h");
}

fn recorded(repository: &Repository) {
    repository.expect(0, &["snapshot", "--out", "live.json"]);
}

fn planned_offline(repository: &Repository) {
    recorded(repository);
    repository.expect(0, &["plan", "--as-of", DAY, "--snapshot", "live.json", "--out", "saved.plan"]);
}

fn planned_elsewhere(repository: &Repository) {
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    let mut plan = saved_plan::read(&repository.read("saved.plan")).unwrap();
    plan.plan.header.helpdesk = String::from("https://acme.itsm365.com/sd");
    repository.file("saved.plan", &saved_plan::write(&plan));
}

fn without_a_key(repository: &Repository) {
    point(repository, "http://127.0.0.1:9/sd", "");
}

const WAYS: [Way; 20] = [
    Way { code: 0, before: nothing, typed: &["validate"] },
    Way { code: 0, before: nothing, typed: &["plan", "--as-of", DAY] },
    Way { code: 1, before: nothing, typed: &["show", "no-such-file"] },
    Way { code: 1, before: nothing, typed: &["plan", "--base", "no-such-commit"] },
    Way { code: 1, before: nothing, typed: &["no-such-command"] },
    Way { code: 2, before: nothing, typed: &["plan", "--as-of", DAY, "--exit-code"] },
    Way {
        code: 2,
        before: recorded,
        typed: &["plan", "--as-of", DAY, "--exit-code", "--snapshot", "live.json"],
    },
    Way { code: 3, before: broken, typed: &["validate"] },
    Way { code: 3, before: broken, typed: &["plan"] },
    Way { code: 3, before: broken, typed: &["apply", "--yes"] },
    Way { code: 4, before: weakened, typed: &["plan", "--as-of", DAY] },
    Way { code: 4, before: weakened, typed: &["apply", "--yes", "--as-of", DAY] },
    Way { code: 4, before: empty, typed: &["plan"] },
    Way { code: 5, before: planned_offline, typed: &["apply", "--yes", "saved.plan"] },
    Way { code: 5, before: planned_elsewhere, typed: &["apply", "--yes", "saved.plan"] },
    Way { code: 9, before: without_a_key, typed: &["plan"] },
    Way { code: 9, before: without_a_key, typed: &["apply", "--yes"] },
    Way {
        code: 9,
        before: planned_offline,
        typed: &[
            "comment",
            "saved.plan",
            "--forge",
            "github",
            "--api",
            "http://127.0.0.1:9",
            "--project",
            "a/b",
            "--pull-request",
            "1",
        ],
    },
    Way { code: 0, before: planned_offline, typed: &["comment", "saved.plan", "--dry-run"] },
    Way { code: 1, before: planned_offline, typed: &["comment", "saved.plan", "--forge", "github"] },
];

#[test]
fn each_situation_keeps_its_exit_code() {
    let mut reached: BTreeMap<i32, usize> = BTreeMap::new();
    for Way { code, before, typed } in &WAYS {
        let repository = Repository::example();
        before(&repository);
        repository.expect(*code, typed);
        *reached.entry(*code).or_default() += 1;
    }
    for code in [0, 1, 2, 3, 4, 5, 9] {
        assert!(reached.get(&code).is_some_and(|ways| *ways >= 2), "{code}: {reached:?}");
    }
}

#[test]
fn a_comment_on_a_pull_request_that_moved_on_is_stale() {
    let repository = Repository::example();
    planned_offline(&repository);
    let forge = Forge::serve(&"a".repeat(40));
    let comment = |commit: &str| {
        let arguments =
            ["comment", "saved.plan", "--pull-request", "1", "--commit", commit, "--forge", "gitea"];
        let mut program = repository.program(&arguments);
        program.args(["--api", &forge.url, "--project", "a/b"]).env("SERVANDA_FORGE_TOKEN", "a-token");
        program.output().unwrap().status.code()
    };
    assert_eq!(comment(&"b".repeat(40)), Some(5));
    assert_eq!(comment(&"a".repeat(40)), Some(0));
    assert_eq!(forge.comments().len(), 1);
}

/// The two commands that write to a helpdesk.
const WRITING: [&[&str]; 2] =
    [&["apply", "--yes", "--as-of", DAY], &["run", "--init-ledger", "--as-of", DAY]];

fn writing(repository: &Repository, arguments: &[&str]) -> Command {
    let mut program = repository.program(arguments);
    program.env("KEY", KEY).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

/// The example, connected to a helpdesk in another process that injects these faults.
fn served(faults: &Value) -> (Repository, Served) {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, faults);
    point(&repository, &served.url, "");
    (repository, served)
}

#[test]
fn an_unresolved_reference_leaves_a_part_undone() {
    for command in WRITING {
        let (repository, _served) = served(&json!([]));
        repository.edit("catalog.yaml", "helpdesk: ou$7001", "helpdesk: ou$7099");
        let output = writing(&repository, command).output().unwrap();
        assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_write_with_an_unknown_result_is_in_doubt() {
    let away = json!({ "answer": { "status": 503, "content_type": "text/plain", "body": "away" } });
    let faults = json!([
        { "verb": "create", "times": null, "effect": { "drop": { "done": true } } },
        // The search for the new object, after the one that precedes its creation.
        { "verb": "find", "containing": "\"inventoryNumber\":", "at": 2, "times": null, "effect": away },
    ]);
    for command in WRITING {
        let (repository, _served) = served(&faults);
        let output = writing(&repository, command).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn a_held_lock_and_a_signal_have_exit_codes_of_their_own() {
    let silence = json!([{ "at": 20, "effect": { "silence": { "done": true } } }]);
    let signals = [("-INT", 130), ("-TERM", 143)];
    let cases = WRITING.into_iter().flat_map(|command| signals.map(|signal| (command, signal)));
    side_by_side(cases, |(command, (signal, code))| {
        let (repository, mut served) = served(&silence);
        let first = writing(&repository, command).spawn().unwrap();
        served.fell_silent();
        let second = writing(&repository, command).output().unwrap();
        assert_eq!(second.status.code(), Some(8), "{command:?}");
        assert!(Command::new("kill").args([signal, &first.id().to_string()]).status().unwrap().success());
        let output = first.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command:?}");
    });
}
