//! `doctor`: each defect makes its own check fail, with a help, and the other checks still run.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::processes::{KEY, Served, point};
use crate::repository::Repository;

/// Status, message and help, by check.
type Lines = BTreeMap<String, (String, String, String)>;

/// The line of a check in the output of `doctor --format json`.
#[track_caller]
pub(crate) fn line_of<'a>(found: &'a Value, check: &str) -> &'a Value {
    let lines = found["checks"].as_array().unwrap();
    lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{found:#}"))
}

/// Runs it with a key, and asserts what every result must contain.
#[track_caller]
fn check(repository: &Repository, key: &str) -> Lines {
    let ask = |format: &str| {
        let mut program = repository.program(&["doctor", "--format", format]);
        program.env("KEY", key).env("LEDGER", "a secret that is long enough to be one").output().unwrap()
    };
    let output = ask("json");
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let mut lines = Lines::new();
    for line in found["checks"].as_array().unwrap() {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let (name, status, message, help) = (text("check"), text("status"), text("message"), text("help"));
        assert!(!message.is_empty(), "{name} has no message");
        assert!(status == "ok" || !help.is_empty(), "{name}: {message}, without a help");
        let before = lines.insert(name.clone(), (status, message, help));
        assert_eq!(before, None, "{name} is listed twice");
    }
    let has_failed = lines.values().any(|(status, ..)| status == "failed");
    assert_eq!(output.status.code(), Some(i32::from(has_failed)));
    let text = String::from_utf8(ask("text").stdout).unwrap();
    for (name, (status, ..)) in &lines {
        let mark = match status.as_str() {
            "ok" => "ok",
            "warning" => "warn",
            _ => "FAILED",
        };
        let mut starts = text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
        assert!(starts.any(|start| start == [mark, name]), "{mark} {name} is not in\n{text}");
    }
    lines
}

/// Asserts that exactly these checks failed, and that message and help of the first contain these texts.
#[track_caller]
fn assert_failed(lines: &Lines, checks: &[&str], message: &str, help: &str) {
    let failing: Vec<&str> =
        lines.iter().filter(|(_, line)| line.0 == "failed").map(|(name, _)| name.as_str()).collect();
    assert_eq!(failing, checks, "{lines:#?}");
    let line = &lines[checks[0]];
    assert!(line.1.contains(message), "`{message}` is not in {line:?}");
    assert!(line.2.contains(help), "`{help}` is not in {line:?}");
}

/// The example, with a helpdesk in another process that plays these faults.
fn served(faults: &Value, more: &str) -> (Repository, Served) {
    let repository = Repository::example();
    let served = Served::accepting(&repository, KEY, faults);
    point(&repository, &served.url, more);
    (repository, served)
}

#[test]
fn a_complete_setup_passes_every_check() {
    let repository = Repository::example();
    let lines = check(&repository, "");
    assert_none_failed(&lines);
    for name in ["files", "zone", "helpdesk", "plan", "apply", "clock", "ledger", "mail", "notices"] {
        assert!(lines.contains_key(name), "{name} was not checked: {lines:#?}");
    }
    assert!(lines["zone"].1.contains("Europe/Moscow"), "{lines:#?}");
    assert!(lines["ledger"].2.contains("--init-ledger"), "{lines:#?}");
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let after = check(&repository, "");
    assert_eq!(after["ledger"].0, "ok", "{after:#?}");

    let (repository, _served) = served(&json!([]), "");
    assert_none_failed(&check(&repository, KEY));
}

#[track_caller]
fn assert_none_failed(lines: &Lines) {
    assert!(lines.values().all(|line| line.0 != "failed"), "{lines:#?}");
}

#[test]
fn a_wrong_or_missing_key_fails_only_the_helpdesk_check() {
    let (repository, _served) = served(&json!([]), "");
    assert_failed(
        &check(&repository, "another key altogether"),
        &["helpdesk"],
        "does not accept the key",
        "issue a new one",
    );
    assert_failed(&check(&repository, ""), &["helpdesk"], "KEY holds no key", "helpdesk:");
}

#[test]
fn a_helpdesk_that_does_not_keep_ownership_keys_fails_the_check_of_the_key() {
    let repository = Repository::example();
    let options = json!({ "inventory_number": { "cut": 6 } });
    let served = Served::with_options(&repository, KEY, &json!([]), &options);
    point(&repository, &served.url, "");
    assert_eq!(check(&repository, KEY)["key"].0, "warning");
    let mut apply = repository.program(&["apply", "--yes", "--as-of", "2026-09-01"]);
    let applied =
        apply.env("KEY", KEY).env("LEDGER", "a secret that is long enough to be one").output().unwrap();
    assert_eq!(applied.status.code(), Some(6), "{}", String::from_utf8_lossy(&applied.stderr));
    assert_failed(&check(&repository, KEY), &["key"], "key-not-kept", "helpdesk.agreement.key");
}

#[test]
fn classes_that_the_key_may_not_read_are_named() {
    let refused = json!({ "answer": { "status": 403, "body": "нет прав на чтение" } });
    for class in ["employee", "agreementRule"] {
        let faults = json!([{ "verb": "find", "target": class, "times": null, "effect": refused }]);
        let (repository, _served) = served(&faults, "");
        let lines = check(&repository, KEY);
        assert_eq!(lines["plan"].0, "failed", "{lines:#?}");
        assert!(lines["plan"].1.contains(class) && lines["plan"].1.contains("нет прав"), "{lines:#?}");
        assert!(lines["plan"].2.contains("right to read"), "{lines:#?}");
        assert_eq!(lines["helpdesk"].0, "ok", "the key itself is accepted: {lines:#?}");
    }
}

#[test]
fn an_unreachable_helpdesk_does_not_stop_the_other_checks() {
    let repository = Repository::example();
    point(&repository, "http://127.0.0.1:9/sd", "");
    let lines = check(&repository, KEY);
    assert_failed(&lines, &["helpdesk"], "could not be reached", "");
    assert_eq!(lines["ledger"].0, "warning", "{lines:#?}");
}

#[test]
fn an_unknown_time_zone_is_reported_with_its_line_and_ends_the_check() {
    let repository = Repository::example();
    repository.edit("servanda.yaml", "Europe/Moscow", "Europe/Moskow");
    let lines = check(&repository, "");
    assert_failed(&lines, &["files", "settings"], "1 error", "servanda validate");
    let (_, message, help) = &lines["settings"];
    assert!(message.starts_with("servanda.yaml:5:11: ") && message.contains("Europe/Moskow"), "{lines:#?}");
    assert!(help.contains("Europe/Moscow"), "{lines:#?}");
    assert!(!lines.contains_key("helpdesk"), "the default helpdesk must not be contacted: {lines:#?}");
    let run = repository.expect(3, &["discover"]);
    assert!(run.stdout.is_empty() && run.stderr.contains("Europe/Moskow"), "{}", run.stderr);
}

#[test]
fn an_error_in_an_agreement_does_not_stop_the_other_checks() {
    let repository = Repository::example();
    repository.edit("agreements/2026/severny-veter-2026.yaml", "support-standard", "support-standart");
    let lines = check(&repository, "");
    assert_failed(&lines, &["files"], "1 error", "servanda validate");
    assert_eq!(lines["helpdesk"].0, "ok", "{lines:#?}");
}

/// Starts a server that treats each connection alike.
fn serving(answer: impl Fn(BufReader<TcpStream>, TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            answer(BufReader::new(stream.try_clone().unwrap()), stream);
        }
    });
    address
}

/// Starts an empty helpdesk whose clock shows another time.
pub(crate) fn with_clock_at(date: &'static str) -> String {
    let address = serving(move |mut reader, mut stream| {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        );
        // The client may have closed the connection.
        let _ = write!(stream, "{head}Connection: close\r\n\r\n[]");
    });
    format!("http://{address}/sd")
}

#[test]
fn a_clock_difference_fails_unless_the_helpdesk_is_for_rehearsals() {
    let repository = Repository::example();
    point(&repository, &with_clock_at("Thu, 01 Jan 2026 00:00:00 GMT"), "");
    assert_eq!(check(&repository, KEY)["clock"].0, "ok");
    repository.edit("servanda.yaml", "rehearsal: true", "rehearsal: false");
    let lines = check(&repository, KEY);
    assert_eq!(lines["clock"].0, "failed", "{lines:#?}");
    assert!(lines["clock"].1.contains("apart"), "{lines:#?}");
    assert!(lines["clock"].2.contains("set the clock"), "{lines:#?}");
}

#[test]
fn a_missing_ledger_and_one_with_another_secret_fail() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let nowhere = repository.root().join("no/such/folder.git").display().to_string();
    repository.file(
        "servanda.yaml",
        &format!("{settings}ledger: {{ at: \"git:{nowhere}#ledger\", secret: {{ env: LEDGER }} }}\n"),
    );
    assert_failed(&check(&repository, ""), &["ledger"], "", "");

    repository.file("servanda.yaml", &format!("{settings}ledger: {{ secret: {{ env: FORMER }} }}\n"));
    let mut begin = repository.program(&["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let begun = begin.env("FORMER", "the secret of those who were here before").output().unwrap();
    assert_eq!(begun.status.code(), Some(0), "{}", String::from_utf8_lossy(&begun.stderr));
    repository.edit("servanda.yaml", "FORMER", "LEDGER");
    assert_failed(&check(&repository, ""), &["ledger"], "secret", "");
    repository.edit("servanda.yaml", "LEDGER", "NOT_SET_ANYWHERE");
    assert_failed(&check(&repository, ""), &["ledger"], "NOT_SET_ANYWHERE", "");
}

/// The example with a ledger on a branch of this remote.
fn on_branch_of(remote: &Repository) -> Repository {
    remote.git(&["init", "--quiet", "--bare"]);
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let ledger = "ledger: { at: \"git:origin#ledger\", secret: { env: LEDGER } }";
    repository.file("servanda.yaml", &format!("{settings}\n{ledger}\n"));
    repository.git(&["init", "--quiet"]);
    repository.git(&["remote", "add", "origin", &remote.root().to_string_lossy()]);
    repository
}

#[cfg(unix)]
#[test]
fn a_rule_that_refuses_pushes_to_the_ledger_is_found_before_a_run_meets_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let remote = Repository::empty();
    let repository = on_branch_of(&remote);
    let script =
        "#!/bin/sh\necho 'GH013: Repository rule violations found for refs/heads/ledger' >&2\nexit 1\n";
    let hook = remote.file("hooks/pre-receive", script).root().join("hooks/pre-receive");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let lines = check(&repository, "");
    assert_failed(&lines, &["push"], "GH013: Repository rule violations", "exempt the branch");
    assert_eq!(lines["ledger"].0, "warning", "it does not exist yet: {lines:#?}");
    let run =
        repository.program(&["doctor", "--no-push"]).env("LEDGER", "a long random text").output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn a_push_that_is_tried_changes_nothing_of_the_ledger() {
    let remote = Repository::empty();
    let repository = on_branch_of(&remote);
    assert_eq!(check(&repository, "")["push"].0, "ok", "the branch is made, and is empty");
    assert_eq!(remote.git(&["ls-tree", "-r", "ledger"]), "");
    let mut begin = repository.program(&["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let begun = begin.env("LEDGER", "a secret that is long enough to be one").output().unwrap();
    assert_eq!(begun.status.code(), Some(0), "{}", String::from_utf8_lossy(&begun.stderr));
    let tree = remote.git(&["rev-parse", "ledger^{tree}"]);
    let commits = remote.git(&["rev-list", "--count", "ledger"]);
    let lines = check(&repository, "");
    assert_eq!((&*lines["push"].0, &*lines["ledger"].0), ("ok", "ok"), "{lines:#?}");
    assert_eq!(remote.git(&["rev-parse", "ledger^{tree}"]), tree);
    assert_ne!(remote.git(&["rev-list", "--count", "ledger"]), commits);
}

#[test]
fn a_variable_that_names_another_repository_is_reported_as_ignored() {
    let (repository, other) = (Repository::example(), Repository::empty());
    repository.commit();
    other.git(&["init", "--quiet"]);
    let mut program = repository.program(&["doctor", "--format", "json"]);
    let output = program.env("GIT_DIR", other.root().join(".git")).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = line_of(&found, "git");
    assert_eq!(line["status"], "ok");
    assert!(line["message"].as_str().unwrap().contains("GIT_DIR of the environment is ignored"), "{line}");
}

/// Starts a mail server that takes connections and offers nothing.
fn plain_mail_server() -> String {
    let address = serving(|mut reader, mut stream| {
        stream.write_all(b"220 here\r\n").unwrap();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or_default() > 0 {
            // The client may have closed the connection.
            let _ = stream.write_all(b"250 here\r\n");
            line.clear();
        }
    });
    format!("smtp://{address}")
}

#[test]
fn addresses_that_the_mail_server_does_not_take_are_found_before_a_run_meets_them() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let url = plain_mail_server();
    let mail =
        format!("mail: {{ url: \"{url}\", from: \"Desk <sd@acme.example>\", allow: {{ catalog: true }} }}");
    repository.file("servanda.yaml", &format!("{settings}{mail}\n"));
    assert_eq!(check(&repository, "")["mail"].0, "ok");
    let catalog = repository.read("catalog.yaml");
    let address =
        catalog.lines().find_map(|line| line.split("email: ").nth(1)?.split([' ', '}', ',']).next());
    let (_, domain) = address.unwrap().split_once('@').unwrap();
    repository.edit("catalog.yaml", address.unwrap(), &format!("офис@{domain}"));
    let lines = check(&repository, "");
    assert_failed(&lines, &["mail"], "SMTPUTF8", "W511");
    assert!(!lines["mail"].1.contains("офис"), "no address is shown: {lines:#?}");
    assert_eq!(lines["files"].0, "warning", "validate warns of it too: {lines:#?}");
}

#[test]
fn an_unreachable_mail_server_fails() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let mail =
        "mail: { url: \"smtp://127.0.0.1:9\", from: \"Desk <sd@acme.example>\", allow: { catalog: true } }";
    repository.file("servanda.yaml", &format!("{settings}{mail}\n"));
    assert_failed(&check(&repository, ""), &["mail"], "127.0.0.1:9", "mail.url");
}
