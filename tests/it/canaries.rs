//! Two access keys at once: each helpdesk of a repository has its own, and neither appears in any output or file, also where
//! a helpdesk repeats its own key or the one of the other helpdesk.

use serde_json::{Value, json};

use crate::cases::every;
use crate::helpdesks::{DAY, settings, two_sandboxes};
use crate::processes::{MAPPING, Served};
use crate::repository::Repository;
use crate::silence::{assert_files_silent, assert_silent};

/// Without a slash, which the helpdesk accepts in no address, so that it does work with these keys.
const ONE: &str = "canary-7f3e+ ключ9";
const OTHER: &str = "second-9c1b+ ключ7";

/// Both keys as they stand in texts, addresses and Base64.
const FORMS: [&str; 8] = [
    "canary-7f3e+ ключ9",
    "canary-7f3e%2B+%D0%BA%D0%BB%D1%8E%D1%879",
    "canary-7f3e%2b%20%d0%ba%d0%bb%d1%8e%d1%879",
    "Y2FuYXJ5LTdmM2UrINC60LvRjtGHOQ",
    "second-9c1b+ ключ7",
    "second-9c1b%2B+%D0%BA%D0%BB%D1%8E%D1%877",
    "second-9c1b%2b%20%d0%ba%d0%bb%d1%8e%d1%877",
    "c2Vjb25kLTljMWIrINC60LvRjtGHNw",
];

const COMMANDS: [&[&str]; 13] = [
    &["doctor", "--no-push"],
    &["plan", "--as-of", DAY],
    &["plan", "--as-of", DAY, "--format", "json", "--out", "saved.plan"],
    &["show", "saved.plan"],
    &["comment", "saved.plan", "--dry-run"],
    &["snapshot", "--out", "live.json"],
    &["apply", "--yes", "saved.plan"],
    &["run", "--init-ledger", "--as-of", DAY, "--report", "run.json", "--metrics", "run.prom"],
    &["catalog", "check", "--helpdesk", "moscow", "--format", "json"],
    &["catalog", "pull", "--helpdesk", "moscow"],
    &["import", "--helpdesk", "moscow", "--as-of", DAY],
    &["ledger", "show"],
    &["ledger", "verify"],
];

/// Helpdesks at these addresses, each with a key of its own.
fn repository(berlin: &str, moscow: &str) -> Repository {
    let repository = two_sandboxes();
    let mapping = MAPPING.replace("\n  ", "\n    ").replacen("  agreement:", "    agreement:", 1);
    let one = |name: &str, url: &str, key: &str, more: &str| {
        format!(
            "  {name}:\n    kind: itsm365\n    url: {url}\n    access_key: {{ env: {key} }}\n    rehearsal: true\n    \
             rate: 1000\n    concurrency: 1\n    search_lag: 0s\n{more}{mapping}"
        )
    };
    let helpdesks = one("berlin", berlin, "ONE", "    default: true\n") + &one("moscow", moscow, "OTHER", "");
    repository.file("servanda.yaml", &settings(&helpdesks));
    repository.expect(0, &["validate"]);
    repository
}

/// Runs every command, and asserts that neither key is in what it says or leaves.
fn play(what: &str, repository: &Repository, keys: [&str; 2]) -> String {
    let mut all = String::new();
    for (number, command) in COMMANDS.iter().enumerate() {
        let mut program = repository.program(command);
        let format = if number % 2 == 0 { "json" } else { "text" };
        program.args(["-vvv", "--log-format", format]).env("ONE", keys[0]).env("OTHER", keys[1]);
        let output = program.env("RUST_BACKTRACE", "full").output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains("Usage:"), "{command:?} was not understood");
        assert_silent(&FORMS, &format!("{what}: {command:?}"), &said);
        all += &said;
    }
    assert_files_silent(&FORMS, what, repository.files());
    all
}

#[test]
fn neither_of_two_keys_appears_anywhere() {
    let answer = |status: u16, body: &str| json!([{ "times": null, "effect": { "answer": { "status": status, "content_type": "text/plain", "body": body } } }]);
    let titled =
        |key: &str| json!([{ "verb": "create", "effect": { "alter": { "attribute": "title", "to": key } } }]);
    let none = json!([]);
    let scenes: [(&str, Value, Value); 5] = [
        ("all is well", none.clone(), none.clone()),
        ("a wrong key of one", none.clone(), json!([{ "times": null, "effect": "expire_key" }])),
        ("each repeats its own", answer(400, ONE), answer(400, OTHER)),
        ("each repeats that of the other", answer(400, OTHER), answer(400, ONE)),
        ("a title that is the key", titled(ONE), titled(OTHER)),
    ];
    std::thread::scope(|scope| {
        for (what, of_berlin, of_moscow) in every(3, &scenes) {
            scope.spawn(move || {
                let (one, other) = (Repository::example(), Repository::example());
                let berlin = Served::accepting(&one, ONE, of_berlin);
                let moscow = Served::accepting(&other, OTHER, of_moscow);
                let repository = repository(&berlin.url, &moscow.url);
                let said = play(what, &repository, [ONE, OTHER]);
                assert!(said.contains("moscow"), "{what}");
                if *what == "all is well" {
                    let mut plan = repository.program(&["plan", "--as-of", DAY, "--exit-code"]);
                    let output = plan.env("ONE", ONE).env("OTHER", OTHER).output().unwrap();
                    assert_eq!(output.status.code(), Some(0), "everything was applied");
                }
            });
        }
    });
}

/// Each key is sent to its own helpdesk only, which refuses the other one.
#[test]
fn a_key_is_sent_to_its_own_helpdesk_only() {
    let (one, other) = (Repository::example(), Repository::example());
    let berlin = Served::accepting(&one, ONE, &json!([]));
    let moscow = Served::accepting(&other, OTHER, &json!([]));
    let repository = repository(&berlin.url, &moscow.url);
    let plan = |keys: [&str; 2]| {
        let mut program = repository.program(&["plan", "--as-of", DAY]);
        let output = program.env("ONE", keys[0]).env("OTHER", keys[1]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = plan([ONE, OTHER]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(plan([OTHER, ONE]).0, Some(9));
    play("keys the wrong way round", &repository, [OTHER, ONE]);
}
