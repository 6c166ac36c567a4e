//! A canary as the key: it appears in no output and no file of a run, for any response of the helpdesk.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::cases::every;
use crate::processes::{KEY, Served, point};
use crate::repository::Repository;
use crate::silence::{assert_files_silent, assert_silent};

/// With letters that every encoding writes in its own way.
const CANARY: &str = "canary-7f3e/+ ключ&\"'%<9>";

/// The canary as it stands in an address, in Base64, and in JSON.
const IN_ADDRESS: &str = "canary-7f3e%2F%2B+%D0%BA%D0%BB%D1%8E%D1%87%26%22%27%25%3C9%3E";
const PERCENT: &str = "canary-7f3e%2f%2b%20%d0%ba%d0%bb%d1%8e%d1%87%26%22%27%25%3c9%3e";
const BASE64: &str = "Y2FuYXJ5LTdmM2UvKyDQutC70Y7RhyYiJyU8OT4";
const IN_JSON: &str = "canary-7f3e/+ ключ&\\\"'%<9>";

const FORMS: [&str; 5] = [CANARY, IN_ADDRESS, PERCENT, BASE64, IN_JSON];

const DAY: &str = "2026-09-01";

/// What asks the helpdesk, each command in one form.
const ASKING: [&[&str]; 13] = [
    &["doctor", "--format", "json"],
    &["discover"],
    &["catalog", "check"],
    &["import", "--as-of", DAY, "--format", "json"],
    &["plan", "--as-of", DAY, "--format", "json", "--out", "saved.plan"],
    &["show", "saved.plan"],
    &["snapshot", "--out", "live.json"],
    &["apply", "--yes", "--as-of", DAY],
    &["run", "--init-ledger", "--as-of", DAY, "--report", "run.json", "--metrics", "servanda.prom"],
    &["run", "--as-of", "2026-09-29", "--report", "again.json"],
    &["notify", "--preview", "--as-of", "2026-12-01", "--write", "mails"],
    &["ledger", "show"],
    &["catalog", "pull"],
];

/// Everything that reads or writes the helpdesk, or may repeat what it said, in each form.
const COMMANDS: [&[&str]; 25] = [
    &["validate"],
    &["init", "another", "--yes", "--client", "Ветер"],
    &["doctor"],
    &["doctor", "--format", "json"],
    &["discover"],
    &["discover", "--format", "json"],
    &["catalog", "check", "--format", "json"],
    &["import", "--as-of", DAY, "--format", "json"],
    &["status", "--as-of", DAY],
    &["plan", "--as-of", DAY],
    &["plan", "--as-of", DAY, "--format", "json", "--out", "saved.plan"],
    &["show", "saved.plan"],
    &["comment", "saved.plan", "--dry-run"],
    &["snapshot", "--out", "live.json"],
    &["apply", "--yes", "saved.plan"],
    &["apply", "--yes", "--as-of", DAY],
    &["run", "--init-ledger", "--as-of", DAY, "--report", "run.json", "--metrics", "servanda.prom"],
    &["run", "--as-of", "2026-09-29", "--report", "again.json"],
    &["notify", "--preview", "--as-of", "2026-12-01", "--write", "mails"],
    &["forecast", "--as-of", DAY],
    &["ledger", "show"],
    &["ledger", "verify"],
    &["catalog", "pull"],
    &["import", "--as-of", DAY],
    &["doctor"],
];

/// Runs every command with the canary, talking as much as it can, and gives all that is said. The log is JSON in every second
/// command, beginning with the first or the second one.
fn run_all(repository: &Repository, commands: &[&[&str]], first_json: usize) -> String {
    let mut said = String::new();
    for (number, command) in commands.iter().enumerate() {
        let mut program = repository.program(command);
        if number % 2 == first_json % 2 {
            program.args(["--log-format", "json"]);
        }
        program
            .arg("-vvv")
            .env("KEY", CANARY)
            .env("SERVANDA_FORGE_TOKEN", CANARY)
            .env("RUST_BACKTRACE", "full");
        let output = program.output().unwrap();
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("Usage:"),
            "{command:?} was not understood"
        );
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
    }
    said
}

fn answer(status: u16, content_type: &str, body: &str) -> Value {
    json!({ "answer": { "status": status, "content_type": content_type, "body": body } })
}

#[test]
fn the_key_appears_nowhere() {
    let key_text = format!(
        "Переход не может быть выполнен: ключ авторизации {CANARY} не найден или не может быть использован повторно"
    );
    let line = format!(
        "<h1>502</h1><pre>POST /sd/services/rest/find/ou?accessKey={IN_ADDRESS} HTTP/1.1</pre> {PERCENT}"
    );
    let scenes = [
        ("all is well", json!([])),
        ("a wrong key", json!([{ "times": null, "effect": "expire_key" }])),
        (
            "the product's own text",
            json!([{ "times": null, "effect": answer(500, "text/plain", &key_text) }]),
        ),
        ("a proxy's page", json!([{ "at": 3, "times": null, "effect": answer(502, "text/html", &line) }])),
        (
            "a page with success",
            json!([{ "at": 2, "times": null, "effect": answer(200, "text/html", &line) }]),
        ),
        (
            "packed",
            json!([{ "times": null, "effect": answer(400, "text/plain", &format!("Basic {BASE64}")) }]),
        ),
        (
            "json",
            json!([{ "times": null, "effect": answer(422, "application/json", &json!({ "key": CANARY }).to_string()) }]),
        ),
        (
            "moved",
            json!([{ "times": null, "effect": answer(302, "text/html", &format!("<a href=\"/?accessKey={IN_ADDRESS}\">")) }]),
        ),
        ("cut", json!([{ "at": 2, "times": null, "effect": "cut_body" }])),
        (
            "a refused write",
            json!([{ "verb": "create", "times": null, "effect": answer(500, "text/plain", CANARY) }]),
        ),
        ("a lost write", json!([{ "verb": "create", "effect": { "drop": { "done": true } } }])),
        (
            "a title of the helpdesk",
            json!([{ "verb": "create", "effect": { "alter": { "attribute": "title", "to": CANARY } } }]),
        ),
    ];
    // Most of the time is waiting before a second try.
    std::thread::scope(|scope| {
        for (number, (what, faults)) in every(3, scenes.iter().enumerate()) {
            scope.spawn(move || play(what, faults, number));
        }
    });
}

/// An agreement that bears no mark, for an import; where the helpdesk plays a fault there may be none.
fn make_by_hand(url: &str) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let body = json!({
        "title": format!("Договор {CANARY}"), "contractNumber": format!("№ {CANARY}"), "startDate": "2026.03.01 00:00:00",
        "services": ["slmService$605005"], "recipientsOU": ["ou$7001"], "state": "active",
    })
    .to_string();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /{path}/services/rest/create-m2m/agreement$agreement?accessKey={KEY} HTTP/1.1\r\nHost: {host}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    // A connection that is cut is one of the faults.
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

fn play(what: &str, faults: &Value, number: usize) {
    let repository = Repository::example();
    let served = Served::accepting(&repository, CANARY, faults);
    point(&repository, &served.url, "");
    make_by_hand(&served.url);
    let commands: &[&[&str]] = if number == 0 { &COMMANDS } else { &ASKING };
    let said = run_all(&repository, commands, number);
    assert!(said.len() > 1000, "{what}: something is said");
    assert_silent(&FORMS, what, &said);
    let is_of_helpdesk = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name == "faults.json" || name.starts_with("sandbox.db")
    };
    let files = repository.files().into_iter().filter(|(path, _)| !is_of_helpdesk(path));
    assert_files_silent(&FORMS, what, files);
    drop(served);
    let unreachable = run_all(&repository, &[&["plan", "--as-of", DAY]], 0);
    assert!(unreachable.contains("could not be reached"), "{unreachable}");
    assert_silent(&FORMS, "unreachable", &unreachable);
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    let repository = Repository::example();
    point(&repository, "http://127.0.0.1:9/sd", "");
    let output = repository.program(&["plan"]).env("KEY", "short").output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("error[key-too-short]"), "{errors}");
}
