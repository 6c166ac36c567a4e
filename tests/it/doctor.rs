//! `doctor`: whatever is broken is the one line that fails, with what to do below it, and all else is looked at still.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::processes::{KEY, Served, point};
use crate::repository::Repository;

/// What was looked at: its health, what was said, what to do.
type Lines = BTreeMap<String, (String, String, String)>;

/// Runs it with a key, and holds what every answer has to have.
#[track_caller]
fn look(repository: &Repository, key: &str) -> Lines {
    let ask = |format: &str| {
        let mut program = repository.program(&["doctor", "--format", format]);
        program.env("KEY", key).env("LEDGER", "a secret that is long enough to be one").output().unwrap()
    };
    let output = ask("json");
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let mut lines = Lines::new();
    for line in found.as_array().unwrap() {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let (subject, health, said, help) = (text("subject"), text("health"), text("said"), text("help"));
        assert!(!said.is_empty(), "{subject} says nothing");
        assert!(health == "well" || !help.is_empty(), "{subject}: {said}, and nothing says what to do");
        let before = lines.insert(subject.clone(), (health, said, help));
        assert_eq!(before, None, "{subject} is told twice");
    }
    let fails = lines.values().any(|(health, ..)| health == "fails");
    assert_eq!(output.status.code(), Some(i32::from(fails)));
    let text = String::from_utf8(ask("text").stdout).unwrap();
    for (subject, (health, ..)) in &lines {
        let mark = match health.as_str() {
            "well" => "ok",
            "known" => "note",
            _ => "FAILS",
        };
        let mut starts = text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
        assert!(starts.any(|start| start == [mark, subject]), "{mark} {subject} is not in\n{text}");
    }
    lines
}

/// That just these fail, and that the first of them says this, and to do that.
#[track_caller]
fn assert_fails(lines: &Lines, subjects: &[&str], said: &str, help: &str) {
    let failing: Vec<&str> =
        lines.iter().filter(|(_, line)| line.0 == "fails").map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(failing, subjects, "{lines:#?}");
    let line = &lines[subjects[0]];
    assert!(line.1.contains(said), "`{said}` is not in {line:?}");
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
fn where_all_is_there_nothing_fails() {
    let repository = Repository::example();
    let lines = look(&repository, "");
    assert_fails_nothing(&lines);
    for subject in ["files", "zone", "helpdesk", "plan", "apply", "clock", "ledger", "mail", "notices"] {
        assert!(lines.contains_key(subject), "{subject} was not looked at: {lines:#?}");
    }
    assert!(lines["zone"].1.contains("Europe/Moscow"), "{lines:#?}");
    assert!(lines["ledger"].2.contains("--init-ledger"), "{lines:#?}");
    repository.expect(0, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let after = look(&repository, "");
    assert_eq!(after["ledger"].0, "well", "{after:#?}");

    let (repository, _served) = served(&json!([]), "");
    assert_fails_nothing(&look(&repository, KEY));
}

#[track_caller]
fn assert_fails_nothing(lines: &Lines) {
    assert!(lines.values().all(|line| line.0 != "fails"), "{lines:#?}");
}

#[test]
fn a_key_that_is_wrong_or_missing_is_the_one_thing_that_fails() {
    let (repository, _served) = served(&json!([]), "");
    assert_fails(
        &look(&repository, "another key altogether"),
        &["helpdesk"],
        "does not accept the key",
        "issue a new one",
    );
    assert_fails(&look(&repository, ""), &["helpdesk"], "KEY holds no key", "helpdesk:");
}

#[test]
fn what_the_key_may_not_read_is_named() {
    let refused = json!({ "answer": { "status": 403, "body": "нет прав на чтение" } });
    for class in ["employee", "agreementRule"] {
        let faults = json!([{ "verb": "find", "target": class, "times": null, "effect": refused }]);
        let (repository, _served) = served(&faults, "");
        let lines = look(&repository, KEY);
        assert_eq!(lines["plan"].0, "fails", "{lines:#?}");
        assert!(lines["plan"].1.contains(class) && lines["plan"].1.contains("нет прав"), "{lines:#?}");
        assert!(lines["plan"].2.contains("right to read"), "{lines:#?}");
        assert_eq!(lines["helpdesk"].0, "well", "the key itself is taken: {lines:#?}");
    }
}

#[test]
fn a_helpdesk_that_is_not_there_is_told_beside_all_else() {
    let repository = Repository::example();
    point(&repository, "http://127.0.0.1:9/sd", "");
    let lines = look(&repository, KEY);
    assert_fails(&lines, &["helpdesk"], "could not be reached", "");
    assert_eq!(lines["ledger"].0, "known", "{lines:#?}");
}

#[test]
fn a_zone_that_is_none_is_told_with_its_line_and_nothing_is_looked_at_by_another() {
    let repository = Repository::example();
    repository.edit("servanda.yaml", "Europe/Moscow", "Europe/Moskow");
    let lines = look(&repository, "");
    assert_fails(&lines, &["files", "settings"], "1 error", "servanda validate");
    let (_, said, help) = &lines["settings"];
    assert!(said.starts_with("servanda.yaml:5:11: ") && said.contains("Europe/Moskow"), "{lines:#?}");
    assert!(help.contains("Europe/Moscow"), "{lines:#?}");
    assert!(!lines.contains_key("helpdesk"), "the usual one is not the one that is meant: {lines:#?}");
    let run = repository.expect(3, &["discover"]);
    assert!(run.stdout.is_empty() && run.stderr.contains("Europe/Moskow"), "{}", run.stderr);
}

#[test]
fn a_fault_in_a_file_leaves_the_rest_to_be_looked_at() {
    let repository = Repository::example();
    repository.edit("agreements/2026/severny-veter-2026.yaml", "support-standard", "support-standart");
    let lines = look(&repository, "");
    assert_fails(&lines, &["files"], "1 error", "servanda validate");
    assert_eq!(lines["helpdesk"].0, "well", "{lines:#?}");
}

/// A helpdesk that holds nothing and lives at another hour.
fn elsewhen(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
                    break;
                }
                if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = said.trim().parse().unwrap();
                }
            }
            std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            );
            // Whoever has heard enough may be gone.
            let _ = write!(stream, "{head}Connection: close\r\n\r\n[]");
        }
    });
    format!("http://{address}/sd")
}

#[test]
fn clocks_that_are_apart_are_told_unless_the_helpdesk_is_for_rehearsals() {
    let repository = Repository::example();
    point(&repository, &elsewhen("Thu, 01 Jan 2026 00:00:00 GMT"), "");
    assert_eq!(look(&repository, KEY)["clock"].0, "well");
    repository.edit("servanda.yaml", "rehearsal: true", "rehearsal: false");
    let lines = look(&repository, KEY);
    assert_eq!(lines["clock"].0, "fails", "{lines:#?}");
    assert!(lines["clock"].1.contains("apart"), "{lines:#?}");
    assert!(lines["clock"].2.contains("set the clock"), "{lines:#?}");
}

#[test]
fn a_ledger_that_is_not_there_and_one_of_another_secret_fail() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let nowhere = repository.root().join("no/such/folder.git").display().to_string();
    repository.file(
        "servanda.yaml",
        &format!("{settings}ledger: {{ at: \"git:{nowhere}#ledger\", secret: {{ env: LEDGER }} }}\n"),
    );
    assert_fails(&look(&repository, ""), &["ledger"], "", "");

    repository.file("servanda.yaml", &format!("{settings}ledger: {{ secret: {{ env: FORMER }} }}\n"));
    let mut begin = repository.program(&["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let begun = begin.env("FORMER", "the secret of those who were here before").output().unwrap();
    assert_eq!(begun.status.code(), Some(0), "{}", String::from_utf8_lossy(&begun.stderr));
    repository.edit("servanda.yaml", "FORMER", "LEDGER");
    assert_fails(&look(&repository, ""), &["ledger"], "secret", "");
    repository.edit("servanda.yaml", "LEDGER", "NOBODY_SET_THIS");
    assert_fails(&look(&repository, ""), &["ledger"], "NOBODY_SET_THIS", "");
}

#[test]
fn a_mail_server_that_is_not_there_fails() {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    let mail =
        "mail: { url: \"smtp://127.0.0.1:9\", from: \"Desk <sd@acme.example>\", allow: { catalog: true } }";
    repository.file("servanda.yaml", &format!("{settings}{mail}\n"));
    assert_fails(&look(&repository, ""), &["mail"], "127.0.0.1:9", "mail.url");
}
