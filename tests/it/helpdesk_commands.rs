//! Commands that read a repository with several helpdesks: what each of them says of which one, and names that it does not
//! have.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::helpdesks::{DAY, changes, plans, remote, two_sandboxes, with_remote};
use crate::repository::Repository;
use crate::server_process::ServerProcess;

/// The status and the helpdesk of each line of a check.
fn lines_of(found: &Value, check: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = found["checks"].as_array().unwrap().iter().filter(|line| line["check"] == check);
    lines.map(|line| (text(&line["status"]), text(&line["helpdesk"]))).collect()
}

fn page(served: &ServerProcess, path: &str) -> String {
    let address = served.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_helpdesk_that_is_unknown_is_refused_by_every_command() {
    let repository = two_sandboxes();
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    let commands: [&[&str]; 14] = [
        &["validate"],
        &["validate", "--id", "portovik-2026"],
        &["explain"],
        &["explain", "sla"],
        &["renew", "--ending-within", "42d", "--dry-run"],
        &["show", "saved.plan"],
        &["snapshot", "--out", "live.json"],
        &["doctor", "--no-push"],
        &["plan"],
        &["apply", "--yes"],
        &["run", "--init-ledger"],
        &["catalog", "check"],
        &["status"],
        &["forecast"],
    ];
    let refused = |repository: &Repository, command: &[&str]| {
        let run = repository.expect(1, &[command, &["--helpdesk", "moskau"]].concat());
        assert!(run.stderr.contains("error[usage]"), "{command:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{command:?}");
        run.stderr
    };
    for command in commands {
        assert!(refused(&repository, command).contains("--helpdesk moscow"), "{command:?}");
        repository.expect(1, &[command, &["--helpdesk", "moscow", "--helpdesk", "moskau"]].concat());
    }
    for command in &commands[..5] {
        repository.expect(0, &[command, &["--helpdesk", "moscow"][..]].concat());
    }
    // Errors of the settings are shown, and not that a helpdesk is missing in them.
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &settings.replace("kind: sandbox", "kind: sandbx"));
    repository.expect(3, &["validate", "--helpdesk", "moscow"]);
    let single = Repository::example();
    single.expect(0, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    for command in [&["validate"][..], &["explain"], &["show", "saved.plan"], &["plan"], &["status"]] {
        refused(&single, command);
    }
}

#[test]
fn a_snapshot_of_each_helpdesk_is_what_plans_and_the_page_are_made_from() {
    let repository = two_sandboxes();
    repository.expect(0, &["apply", "--yes", "--as-of", DAY]);
    repository.expect(1, &["snapshot"]);
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    assert!(!repository.root().join("live.json").exists());
    let later = ["plan", "--as-of", "2027-02-01", "--format", "json"];
    let live = repository.json(0, &later);
    let from_files = repository.json(0, &[&later[..], &["--snapshot", "live.json"]].concat());
    for helpdesk in ["berlin", "moscow"] {
        assert!(changes(&live, helpdesk) == changes(&from_files, helpdesk), "{helpdesk}");
    }
    assert!(!changes(&live, "berlin").is_empty());
    let one =
        repository.json(0, &[&later[..], &["--snapshot", "live.json", "--helpdesk", "moscow"]].concat());
    assert_eq!(one["helpdesks"].as_object().unwrap().keys().collect::<Vec<_>>(), ["moscow"]);
    let serve = || {
        let mut server = repository.program(&["serve", "--listen", "127.0.0.1:0", "--snapshot", "live.json"]);
        ServerProcess::start(&mut server).unwrap()
    };
    let shown = page(&serve(), "/plan");
    assert!(shown.starts_with("HTTP/1.1 200 "), "{shown}");
    assert!(shown.contains("berlin") && shown.contains("moscow"), "{shown}");
    repository.remove("live-moscow.json");
    let shown = page(&serve(), "/plan");
    assert!(shown.starts_with("HTTP/1.1 200 ") && shown.contains("live-moscow.json"), "{shown}");
    let half = repository.json(6, &[&later[..], &["--snapshot", "live.json"]].concat());
    assert!(changes(&half, "berlin") == changes(&live, "berlin"));
    assert_eq!(half["unavailable"]["moscow"]["code"], "file-inaccessible");
    repository.expect(1, &[&later[..], &["--snapshot", "live.json", "--helpdesk", "moscow"]].concat());
    repository.expect(0, &[&later[..], &["--snapshot", "live.json", "--helpdesk", "berlin"]].concat());
}

#[test]
fn a_helpdesk_that_is_down_is_named_by_the_commands_that_read() {
    // Nothing listens on this port.
    let repository = with_remote("http://127.0.0.1:9/sd");
    remote(&repository, 6, &["snapshot", "--out", "live.json"]);
    let exists = |name: &str| repository.root().join(name).exists();
    assert!(exists("live-berlin.json") && !exists("live-moscow.json"));
    remote(&repository, 0, &["snapshot", "--out", "live.json", "--helpdesk", "berlin"]);
    let doctor = |code: i32, more: &[&str]| -> Value {
        let arguments = [&["doctor", "--no-push", "--format", "json"], more].concat();
        serde_json::from_str(&remote(&repository, code, &arguments)).unwrap()
    };
    let found = doctor(1, &[]);
    let lines =
        [("ok", "berlin"), ("failed", "moscow")].map(|(status, name)| (status.to_owned(), name.to_owned()));
    assert_eq!(lines_of(&found, "helpdesk"), lines, "{found:#}");
    assert_eq!(found["checks"][0]["helpdesk"], Value::Null, "the files are those of all");
    let text = remote(&repository, 1, &["doctor", "--no-push"]);
    assert!(text.contains("  moscow: "), "{text}");
    let found = doctor(0, &["--helpdesk", "berlin"]);
    assert_eq!(lines_of(&found, "helpdesk").len(), 1, "{found:#}");
    // The saved plan says what was down, and the comment does.
    remote(&repository, 6, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    let shown = repository.json(0, &["show", "saved.plan", "--format", "json"]);
    assert_eq!(shown["unavailable"]["moscow"]["exit_code"], 6);
    assert_eq!(shown["verdict"]["exit_code"], 6);
    let only = repository.json(0, &["show", "saved.plan", "--helpdesk", "moscow", "--format", "json"]);
    assert_eq!((&only["helpdesks"], &only["unavailable"]), (&json!({}), &shown["unavailable"]));
    let comment = repository.expect(0, &["comment", "saved.plan", "--dry-run"]).stdout;
    assert!(comment.contains("berlin") && comment.contains("moscow"), "{comment}");
}

#[test]
fn a_comment_has_the_changes_of_each_helpdesk() {
    let repository = two_sandboxes();
    repository.expect(0, &["plan", "--as-of", DAY, "--out", "saved.plan"]);
    let comment = repository.expect(0, &["comment", "saved.plan", "--dry-run"]).stdout;
    let planned = plans(&repository);
    for helpdesk in ["berlin", "moscow"] {
        assert!(comment.contains(helpdesk), "{comment}");
        for change in changes(&planned, helpdesk) {
            assert!(comment.contains(change["id"].as_str().unwrap()), "{change:#}\n{comment}");
        }
    }
}

/// The cells of two columns in each line of a table.
fn cells(table: &str, columns: [&str; 2]) -> Vec<(String, String)> {
    let line =
        |line: &str| -> Vec<String> { line[1..line.len() - 1].split("\",\"").map(str::to_owned).collect() };
    let mut lines = table.trim_start_matches('\u{feff}').lines().map(line);
    let names = lines.next().unwrap();
    let [key, value] = columns.map(|name| names.iter().position(|column| column == name).unwrap());
    lines.map(|cells| (cells[key].clone(), cells[value].clone())).collect()
}

#[test]
fn each_agreement_is_listed_with_its_helpdesk() {
    let several = two_sandboxes();
    let single = Repository::example();
    let expected = |id: &str| if id.starts_with("portovik") { "moscow" } else { "berlin" };
    let commands: [(&[&str], _, _); 2] =
        [(&["status"], "agreements", "id"), (&["forecast", "--days", "365"], "coming", "agreement")];
    for (command, list, key) in commands {
        let shown = |repository: &Repository, format: &str| {
            let day = ["--as-of", DAY, "--format", format];
            repository.expect(0, &[command, &day[..]].concat()).stdout
        };
        let rows = |repository: &Repository| -> Vec<Value> {
            let shown: Value = serde_json::from_str(&shown(repository, "json")).unwrap();
            shown[list].as_array().unwrap().clone()
        };
        for row in rows(&several) {
            assert_eq!(row["helpdesk"], expected(row[key].as_str().unwrap()), "{command:?}: {row:#}");
        }
        assert!(rows(&single).iter().all(|row| row["helpdesk"].is_null()), "{command:?}");
        let found = cells(&shown(&several, "csv"), ["agreement", "helpdesk"]);
        assert!(found.len() > 3, "{command:?}: {found:?}");
        assert!(found.iter().all(|(id, helpdesk)| helpdesk == expected(id)), "{command:?}: {found:?}");
        let text = shown(&several, "text");
        assert!(text.contains("moscow") && text.contains("berlin"), "{command:?}: {text}");
        let found = cells(&shown(&single, "csv"), ["agreement", "helpdesk"]);
        assert!(found.iter().all(|(_, helpdesk)| helpdesk.is_empty()), "{command:?}: {found:?}");
    }
    assert!(!single.expect(0, &["status", "--as-of", DAY]).stdout.contains("HELPDESK"));
    let report = |repository: &Repository| {
        let table = ["report", "--as-of", DAY, "--no-ledger", "--csv", "-"];
        cells(&repository.expect(0, &table).stdout, ["agreement", "helpdesk"])
    };
    assert!(report(&several).iter().all(|(id, helpdesk)| helpdesk == expected(id)));
    assert!(report(&single).iter().all(|(_, helpdesk)| helpdesk.is_empty()));
}
