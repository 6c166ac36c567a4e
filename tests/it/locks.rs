//! The lock of the ledger: of a wrong clock, of a run that hangs, and between containers.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::cases::sample_of;
use crate::missing::did_not_run;
use crate::processes::{KEY, Served, point};
use crate::repository::Repository;

const DAY: &str = "2026-09-01";

/// The example with a remote, which is a bare repository.
fn with_remote() -> (Repository, Repository) {
    let (repository, remote) = (Repository::example(), Repository::empty());
    remote.git(&["init", "--quiet", "--bare"]);
    repository.git(&["init", "--quiet"]);
    repository.git(&["remote", "add", "origin", &remote.root().to_string_lossy()]);
    (repository, remote)
}

fn name_ledger(repository: &Repository) {
    let settings = repository.read("servanda.yaml");
    let ledger = "ledger: { at: \"git:origin#ledger\", secret: { env: KEY } }";
    repository.file("servanda.yaml", &format!("{settings}{ledger}\n"));
}

fn expect(repository: &Repository, code: i32, arguments: &[&str]) -> String {
    let output = repository.program(arguments).env("KEY", KEY).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

#[test]
fn a_run_that_hangs_is_unlocked_with_a_reason() {
    let repository = Repository::example();
    let silence = json!([{ "at": 20, "effect": { "silence": { "done": true } } }]);
    let mut served = Served::accepting(&repository, KEY, &silence);
    point(&repository, &served.url, "");
    assert!(expect(&repository, 0, &["ledger", "unlock", "--reason", "why not"]).contains("No run"));
    let mut first = repository.program(&["apply", "--yes", "--as-of", DAY]);
    let mut first = first.env("KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    served.fell_silent();
    let holder = expect(&repository, 8, &["ledger", "compact"]);
    assert!(holder.contains("error[lock-held]"), "{holder}");
    for reason in [&["ledger", "unlock"][..], &["ledger", "unlock", "--reason", " "]] {
        expect(&repository, 1, reason);
    }
    expect(&repository, 8, &["ledger", "compact"]);
    let ended = expect(&repository, 0, &["ledger", "unlock", "--reason", "the runner is gone"]);
    let run = ended.split_whitespace().find(|word| word.contains('T') && word.contains("Z-")).unwrap();
    assert!(holder.contains(run.trim_end_matches(',')), "the same run is named: {holder}{ended}");
    let shown = expect(&repository, 0, &["ledger", "show"]);
    assert!(shown.contains("the runner is gone") && shown.contains(run.trim_end_matches(',')), "{shown}");
    assert!(expect(&repository, 0, &["ledger", "unlock", "--reason", "again"]).contains("No run"));
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_lock_from_the_future_stops_no_run() {
    let (repository, remote) = with_remote();
    name_ledger(&repository);
    expect(&repository, 0, &["run", "--init-ledger", "--as-of", DAY]);
    let script = "export GIT_INDEX_FILE=other.index; git read-tree ledger; \
        blob=$(git hash-object -w --stdin); git update-index --add --cacheinfo 100644,$blob,lock.json; \
        git update-ref refs/heads/ledger $(git -c user.name=a -c user.email=a@a commit-tree -p ledger -m lock $(git write-tree))";
    let lease = "{\"holder\":{\"run\":\"killed\",\"since\":\"2126-01-01T00:00:00Z\"},\"until\":\"2126-01-01T00:15:00Z\"}";
    let mut bash = Command::new("bash");
    bash.args(["-euc", &format!("printf '%s' '{lease}' | ( {script} )")]);
    let status = bash.current_dir(remote.root()).status().unwrap();
    assert!(status.success());
    expect(&repository, 0, &["run", "--as-of", DAY]);
    expect(&repository, 0, &["ledger", "verify"]);
}

#[test]
fn a_lock_is_returned_although_the_ledger_cannot_be_read_after_it_was_taken() {
    for helpdesks in ["", "helpdesks: { berlin: { default: true }, moscow: {} }\n"] {
        let (repository, remote) = with_remote();
        name_ledger(&repository);
        repository.edit("servanda.yaml", "ledger:", &format!("{helpdesks}ledger:"));
        // The first push, that of the lock, makes every later read of the remote fail, and no push.
        remote.file("hooks/post-receive", "#!/bin/sh\ngit config uploadpack.keepalive none\n");
        let hook = remote.root().join("hooks/post-receive");
        std::fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let said = expect(&repository, 6, &["apply", "--yes", "--as-of", DAY]);
        assert!(said.contains("continuing without the ledger"), "{said}");
        let git = |arguments: &[&str]| {
            let output = Command::new("git").args(arguments).current_dir(remote.root()).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(
            git(&["log", "--format=%s", "ledger", "--", "lock.json"]),
            "lock\nlock\n",
            "taken, returned"
        );
        assert_eq!(git(&["ls-tree", "--name-only", "ledger", "lock.json"]), "", "{helpdesks}");
    }
}

/// Starts a program as process 1 of a container of its own; `None` if this machine cannot.
fn contained(repository: &Repository, arguments: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--pid", "--fork"]);
    unshare.arg(env!("CARGO_BIN_EXE_servanda")).args(arguments);
    unshare.current_dir(repository.root()).env_clear().env("KEY", KEY).stdin(Stdio::null());
    unshare.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    unshare
}

fn is_one(root: &Path) -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--pid", "--fork", "sh", "-c", "test $$ = 1"]);
    unshare.current_dir(root).status().is_ok_and(|status| status.success())
}

#[test]
fn containers_on_one_checkout_create_nothing_twice() {
    let rounds = sample_of(1, 50);
    for round in 0..rounds {
        let containers = if rounds == 1 { 3 } else { 2 + round % 4 };
        let (repository, _remote) = with_remote();
        if !is_one(repository.root()) {
            return did_not_run("containers on one checkout", "this machine cannot `unshare --pid`");
        }
        let served = Served::accepting(&repository, KEY, &json!([]));
        point(&repository, &served.url, "");
        name_ledger(&repository);
        let start = |_| -> Child {
            let mut apply = contained(&repository, &["apply", "--yes", "--as-of", DAY, "--wait-lock", "3m"]);
            apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let running: Vec<Child> = (0..containers).map(start).collect();
        for container in running {
            let output = container.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{said}");
            assert!(!said.contains("without the ledger"), "{said}");
        }
        let plan = repository.program(&["plan", "--as-of", DAY, "--format", "json"]).env("KEY", KEY).output();
        let plan: serde_json::Value = serde_json::from_slice(&plan.unwrap().stdout).unwrap();
        assert_eq!((&plan["plan"]["changes"], &plan["plan"]["blocked"]), (&json!([]), &json!([])));
    }
}
