//! Servers of every kind that repeat the secrets which they were sent, in every form: none comes out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::processes::point;
use crate::repository::Repository;
use crate::silence::{assert_files_silent, assert_silent};

#[path = "../../src/bin/servanda/http/redact/tests/forms.rs"]
mod forms;

/// A secret with signs that every encoding writes in its own way.
const SECRET: &str = "canary-7f3e/+ =&\"'%<9>~Qz";

/// The secret as a part of an address.
fn encoded() -> String {
    let signs: Vec<String> = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    signs.concat()
}

fn all_forms() -> Vec<String> {
    forms::forms(SECRET)
}

/// Listens on a port of loopback, and answers each connection in this way until the test ends.
fn listen(answer: impl Fn(TcpStream) -> Option<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = std::sync::Arc::new(answer);
    let serve = move || {
        for stream in listener.incoming() {
            let answer = std::sync::Arc::clone(&answer);
            // A client that goes away is no failure.
            std::thread::Builder::new().spawn(move || answer(stream.ok()?)).unwrap();
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    port
}

/// Reads an HTTP request.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok().map(drop)
}

/// An HTTP server with one answer to everything.
fn http(status: u16, content_type: &'static str, body: String) -> u16 {
    listen(move |mut stream| {
        read_request(&mut BufReader::new(stream.try_clone().ok()?))?;
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} Answer\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .ok()
    })
}

/// A mail server that refuses the login and says all about it.
fn smtp() -> u16 {
    listen(|mut stream| {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        write!(stream, "220 mail.example\r\n").ok()?;
        loop {
            let line = lines.next()?.ok()?;
            if line.starts_with("EHLO") {
                write!(stream, "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n").ok()?;
            } else if line.starts_with("AUTH") {
                for form in all_forms() {
                    write!(stream, "535-{form}\r\n").ok()?;
                }
                write!(stream, "535 5.7.8 refused: {line}\r\n").ok()?;
            } else {
                write!(stream, "221 bye\r\n").ok()?;
            }
        }
    })
}

/// A database that refuses every connection.
fn database() -> u16 {
    listen(|mut stream| {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut startup = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?.checked_sub(4)?];
        stream.read_exact(&mut startup).ok()?;
        let message = format!("SFATAL\0VFATAL\0C28P01\0M{}\0\0", all_forms().join(" | "));
        stream.write_all(b"E").ok()?;
        stream.write_all(&u32::try_from(message.len() + 4).ok()?.to_be_bytes()).ok()?;
        stream.write_all(message.as_bytes()).ok()
    })
}

/// The secret in any form, also where a file writes that form as JSON.
fn all_written_forms() -> Vec<String> {
    let written = |form: String| {
        let quoted = Value::from(form.as_str()).to_string();
        [quoted[1..quoted.len() - 1].to_owned(), form]
    };
    all_forms().into_iter().flat_map(written).collect()
}

/// Runs a command at the most verbose level with the secret in all its variables, and every second one with a log in JSON.
/// Returns what it says.
#[track_caller]
fn run(repository: &Repository, variables: &[(&str, String)], command: &[&str]) -> String {
    let mut program = repository.program(command);
    let format = if (command.len() + variables.len()).is_multiple_of(2) { "json" } else { "text" };
    program
        .args(["-vvv", "--log-format", format])
        .env("KEY", SECRET)
        .env("SERVANDA_FORGE_TOKEN", SECRET)
        .env("HOOK_SECRET", SECRET);
    program.env("LEDGER_SECRET", SECRET).env("RUST_BACKTRACE", "full");
    program.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = program.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains("Usage:"), "{command:?}: {said}");
    let forms = all_written_forms();
    assert_silent(&forms, &format!("{command:?}"), &said);
    assert_files_silent(&forms, "a file", repository.files());
    said
}

fn with_settings(more: &str) -> Repository {
    let repository = Repository::example();
    let settings = repository.read("servanda.yaml");
    repository.file("servanda.yaml", &format!("{settings}\n{more}\n"));
    repository
}

const DAY: &[&str] = &["--as-of", "2026-09-01"];

#[test]
fn a_helpdesk_that_repeats_its_key() {
    let all = all_forms().join(" | ");
    let raw: Vec<String> = all_forms().into_iter().filter(|form| !form.contains(['"', '\''])).collect();
    let raw: Vec<String> = raw.iter().map(|form| format!("\"{form}\": \"{form}\"")).collect();
    let answers = [
        (400, "text/html", format!("<pre>{all}</pre>")),
        (200, "text/html", all.clone()),
        (422, "application/json", json!({ "error": all, all.clone(): 1 }).to_string()),
        (200, "application/json", format!("[{{ \"UUID\": \"agreement$1\", {} }}]", raw.join(", "))),
        (200, "application/json", json!({ "code": 100, "message": all }).to_string()),
    ];
    for (status, content_type, body) in answers {
        let port = http(status, content_type, body);
        let repository = Repository::example();
        point(&repository, &format!("http://127.0.0.1:{port}/sd"), "");
        for command in [["doctor"].as_slice(), &["plan"], &["apply", "--yes"], &["discover"]] {
            run(&repository, &[], &[command, if command.len() == 1 { &[] } else { DAY }].concat());
        }
        let itop = format!(
            "timezone: Europe/Moscow\nlanguage: ru\nhelpdesk:\n  kind: itop\n  url: http://127.0.0.1:{port}/itop\n  \
             user: {{ env: USER_NAME }}\n  password: {{ env: KEY }}\n  rehearsal: true\n  rate: 1000\n"
        );
        repository.file("servanda.yaml", &itop);
        let said = run(&repository, &[("USER_NAME", "servanda-bot".to_owned())], &["discover"]);
        // Classes that are refused are findings and no failure.
        assert!(said.contains("error[") || said.contains("cannot read"), "{said}");
    }
}

#[test]
fn a_mail_server_that_repeats_its_password() {
    let repository =
        with_settings("mail: { url: { env: MAIL_URL }, from: \"a@acme.example\", allow: { catalog: true } }");
    let variables = [("MAIL_URL", format!("smtp://desk:{}@127.0.0.1:{}", encoded(), smtp()))];
    run(&repository, &variables, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
    let command = ["run", "--as-of", "2026-09-29", "--report", "run.json", "--metrics", "servanda.prom"];
    let said = run(&repository, &variables, &command);
    assert!(said.contains("5.7.8") && said.contains("***"), "{said}");
    assert!(repository.read("run.json").contains("***"));
    let said = run(&repository, &variables, &["doctor"]);
    assert!(said.contains("(535)") && said.contains("***"), "{said}");
    run(&repository, &variables, &["ledger", "show"]);
}

#[test]
fn a_chat_that_repeats_its_token() {
    for (form, status) in [("json", 400), ("telegram", 200), ("telegram", 500)] {
        let port = http(status, "application/json", json!({ "ok": false, "token": all_forms() }).to_string());
        let repository = with_settings(&format!(
            "webhook: {{ url: {{ env: HOOK_URL }}, secret: {{ env: HOOK_SECRET }}, form: {form}, chat: \"-1\" }}"
        ));
        let variables = [("HOOK_URL", format!("http://127.0.0.1:{port}/bot1:{}/sendMessage", encoded()))];
        run(&repository, &variables, &["run", "--init-ledger", "--as-of", "2026-09-01"]);
        run(&repository, &variables, &["run", "--as-of", "2026-09-29", "--report", "run.json"]);
    }
}

#[test]
fn a_forge_that_repeats_its_token() {
    let repository = Repository::example();
    repository.expect(0, &["plan", "--as-of", "2026-09-01", "--out", "saved.plan"]);
    let all = all_forms().join(" | ");
    for (status, body) in
        [(403, all.clone()), (422, json!({ "message": all }).to_string()), (200, all.clone())]
    {
        let url = format!("http://127.0.0.1:{}", http(status, "application/json", body));
        let command = [
            "comment",
            "saved.plan",
            "--forge",
            "github",
            "--api",
            &url,
            "--project",
            "a/b",
            "--pull-request",
            "1",
        ];
        let said = run(&repository, &[], &command);
        assert!(said.contains("***"), "{said}");
    }
}

#[test]
fn a_database_that_repeats_its_password() {
    let repository = with_settings("ledger: { at: { env: LEDGER_AT }, secret: { env: LEDGER_SECRET } }");
    let address = format!("postgres://desk:{}@127.0.0.1:{}/sla", encoded(), database());
    let said = run(&repository, &[("LEDGER_AT", address)], &["ledger", "show"]);
    assert!(said.contains("***"), "{said}");
}

#[test]
fn a_git_server_that_repeats_its_password() {
    let repository = with_settings("ledger: { at: { env: LEDGER_AT }, secret: { env: LEDGER_SECRET } }");
    repository.git(&["init", "--quiet"]);
    let port = http(403, "text/plain", all_forms().join("\n"));
    let address = format!("git:http://desk:{}@127.0.0.1:{port}/sla.git#ledger", encoded());
    let variables = [("LEDGER_AT", address)];
    let said = run(&repository, &variables, &["ledger", "show"]);
    assert!(said.contains("127.0.0.1") && said.contains("***"), "{said}");
    run(&repository, &variables, &["run", "--init-ledger", "--as-of", "2026-09-01", "--report", "run.json"]);
}
