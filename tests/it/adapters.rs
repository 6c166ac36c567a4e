//! Adapters as a user has them: the template in a process of its own, an adapter that a reader of the documentation writes,
//! and adapters that lie, hang, send too much, redirect, or speak another version.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::cases::sample_of;
use crate::missing::did_not_run;
use crate::python::interpreter;
use crate::repository::{Repository, side_by_side};
use crate::server_process::ServerProcess;
use crate::silence::assert_silent;

/// What does not run where Python is missing.
const TESTED: &str = "the adapters in Python";

/// The token, which appears in no output and no file.
const CANARY: &str = "canary-5c1e/adapter+token";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Starts an adapter in Python on a free port; `None` where Python is missing.
fn start(program: &Path, token: Option<&str>) -> Option<ServerProcess> {
    let mut command = Command::new(interpreter());
    command.arg(program).args(["--port", "0"]).env("PYTHONPATH", root().join("adapters/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("SERVANDA_ADAPTER_TOKEN");
    if let Some(token) = token {
        command.env("SERVANDA_ADAPTER_TOKEN", token);
    }
    let Ok(served) = ServerProcess::start(command.current_dir(program.parent().expect("a folder"))) else {
        did_not_run(TESTED, "python3 is missing");
        return None;
    };
    assert!(served.url.starts_with("http://127.0.0.1:"), "it did not start: {}", served.url);
    Some(served)
}

/// Starts the template with this token; `None` where Python is missing.
pub(crate) fn start_template(token: &str) -> Option<ServerProcess> {
    start(&root().join("adapters/template/adapter.py"), Some(token))
}

fn settings(url: &str, more: &str) -> String {
    format!(
        "timezone: Europe/Moscow\nhelpdesk:\n  kind: http\n  url: {url}\n  access_key: {{ env: KEY }}\n  rate: 1000\n  search_lag: 0s\n  rehearsal: true\n{more}"
    )
}

/// A repository about one client of the template's helpdesk.
fn repository(url: &str, more: &str) -> Repository {
    let repository = Repository::empty();
    repository
        .file("servanda.yaml", &settings(url, more))
        .file(
            "catalog.yaml",
            "clients:\n  acme: { title: Company 7, contacts: { main: { helpdesk: sokolov } } }\nservices:\n  vpn: { title: VPN }\n  email: { title: E-mail }\nmanagers:\n  petrova: { title: Petrova, helpdesk: petrova }\ncalendars:\n  office: { title: office, helpdesk: office }\npriorities:\n  critical: { title: Critical }\n",
        )
        .file(
            "agreements/acme-2027.yaml",
            "client: acme\nnumber: 7/2027\nmanager: petrova\nperiod: { first_day: 2027-01-01, last_day: 2027-12-31 }\nservices: { vpn: true, email: true }\nsla: { calendar: office, targets: { critical: { response: 30m, resolution: 2 business days } } }\n",
        );
    repository
}

/// Every command that speaks to the helpdesk, with its exit code.
const COMMANDS: [(&[&str], i32); 14] = [
    (&["validate"], 0),
    (&["doctor", "--no-push"], 0),
    (&["discover"], 0),
    (&["catalog", "check"], 0),
    (&["plan", "--as-of", "2027-02-01", "--exit-code"], 2),
    (&["plan", "--as-of", "2027-02-01", "--out", "saved.plan"], 0),
    (&["apply", "--yes", "saved.plan"], 0),
    (&["plan", "--as-of", "2027-02-01", "--exit-code"], 0),
    (&["snapshot", "--out", "live.json"], 0),
    (&["plan", "--as-of", "2027-02-01", "--exit-code", "--snapshot", "live.json"], 0),
    (&["plan", "--as-of", "2028-01-01", "--exit-code", "--snapshot", "live.json"], 2),
    (&["run", "--init-ledger", "--as-of", "2028-01-01"], 0),
    (&["plan", "--as-of", "2028-01-01", "--exit-code"], 0),
    (&["import", "--as-of", "2028-01-01", "--dry-run"], 0),
];

/// The token as it stands in texts, addresses and Base64.
const FORMS: [&str; 3] = [CANARY, "canary-5c1e%2Fadapter%2Btoken", "Y2FuYXJ5LTVjMWUvYWRhcHRlcit0b2tlbg"];

fn run(repository: &Repository, arguments: &[&str], token: &str) -> (Option<i32>, String) {
    let mut program = repository.program(arguments);
    let output = program.arg("-vvv").env("KEY", token).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn an_agreement_lives_through_a_year_on_the_template_and_its_token_appears_nowhere() {
    let Some(served) = start_template(CANARY) else {
        return;
    };
    let repository = repository(&served.url, "");
    for (arguments, code) in COMMANDS {
        let (found, said) = run(&repository, arguments, CANARY);
        assert_eq!(found, Some(code), "{arguments:?}: {said}");
        assert_silent(&FORMS, &format!("{arguments:?}"), &said);
    }
    let (code, said) =
        run(&repository, &["apply", "--yes", "--as-of", "2027-03-01"], "another-token-than-that");
    assert_eq!(code, Some(9), "{said}");
    for name in ["saved.plan", "live.json", ".servanda/ledger.sqlite"] {
        let bytes = std::fs::read(repository.root().join(name)).unwrap();
        assert_silent(&FORMS, name, &String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_template_conforms() {
    let Some(served) = start_template(CANARY) else {
        return;
    };
    let repository = Repository::empty();
    let arguments = ["conformance", &served.url, "--access-key", "KEY"];
    let (code, said) = run(&repository, &arguments, CANARY);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("table of states") && said.contains("comments"), "{said}");
    assert_silent(&FORMS, "the table", &said);
}

/// Writes an answer.
type Answer = Box<dyn Fn(&mut TcpStream) + Send>;

/// Answers every request by its first line, and keeps these lines.
fn listener(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let ears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let line = text.lines().next().unwrap_or_default();
            ears.lock().unwrap().push(line.to_owned());
            answer(line, &mut stream);
        }
    });
    (url, heard)
}

/// Always sends the same bytes.
fn fixed(answer: String) -> Answer {
    Box::new(move |stream: &mut TcpStream| {
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// A whole answer with this body.
fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What a whole adapter says about itself.
const DESCRIBED: &str = r#"{"versions":[1],"adapter":"x","fields":["title","first_day","last_day","services","recipients"],"states":{"planned":"a","active":"b","suspended":"c","expired":"d","terminated":"e"},"kinds":["unit","service"],"capabilities":["rehearsal"]}"#;

#[test]
fn no_write_follows_from_an_adapter_that_lies_after_its_description() {
    let lists = r#"{"items":[],"next":null,"total":0}"#;
    let cases = [
        ("a list that is not whole", json(r#"{"items":[],"next":null,"total":7}"#)),
        ("a list without an end", json(r#"{"items":[],"next":"x","total":0}"#)),
        ("an agreement without its key", json(r#"{"items":[{"id":"1","kind":"unit","title":"A","unreadable":"no right"}],"next":null,"total":1}"#)),
        ("a page", json("<html>")),
        ("a redirect", "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()),
    ];
    side_by_side(cases, |(what, answer)| {
        let (described, lied) = (fixed(json(DESCRIBED)), fixed(answer));
        let listed = fixed(json(lists));
        let (url, heard) = listener(move |line, stream| {
            if line.starts_with("POST /v1/describe ") {
                described(stream);
            } else if line.starts_with("POST /v1/directory ") {
                listed(stream);
            } else {
                lied(stream);
            }
        });
        let repository = repository(&url, "  timeout: 1s\n");
        let (found, said) = run(&repository, &["apply", "--yes", "--as-of", "2027-02-01"], CANARY);
        assert!(found.is_some_and(|code| code != 0), "{what}: {said}");
        let error = said.lines().find(|line| line.contains("error["));
        assert!(error.is_some_and(|error| error.contains("agreement")), "{what}: {said}");
        assert_silent(&FORMS, what, &said);
        let heard = heard.lock().unwrap().clone();
        assert!(heard.iter().any(|line| line.starts_with("POST /v1/agreements ")), "{what}: {heard:?}");
        assert!(!heard.iter().any(|line| line.starts_with("POST /v1/step ")), "{what}: {heard:?}");
    });
}

#[test]
fn a_rehearsal_needs_an_adapter_without_real_clients() {
    let described = fixed(json(&DESCRIBED.replace("\"rehearsal\"", "\"offers\"")));
    let (url, heard) = listener(move |_, stream| described(stream));
    let repository = repository(&url, "");
    let (found, said) = run(&repository, &["apply", "--yes", "--as-of", "2027-02-01"], CANARY);
    assert!(found.is_some_and(|code| code != 0) && said.contains("not-a-rehearsal"), "{said}");
    assert!(heard.lock().unwrap().iter().all(|line| line.starts_with("POST /v1/describe ")), "{said}");
}

#[test]
fn no_write_follows_from_an_adapter_that_lies_hangs_sends_too_much_or_redirects() {
    let other = r#"{"versions":[2],"adapter":"x","fields":["title"],"states":{"planned":"a","active":"b","suspended":"c","expired":"d","terminated":"e"},"kinds":[]}"#;
    let large = |stream: &mut TcpStream| {
        let size = 100 * 1024 * 1024;
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").as_bytes());
        let block = vec![b'x'; 1024 * 1024];
        for _ in 0..100 {
            if stream.write_all(&block).is_err() {
                break;
            }
        }
    };
    let echo = format!(
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{CANARY}",
        CANARY.len()
    );
    let cases: [(&str, i32, Answer); 7] = [
        ("a lie", 1, fixed(json("{\"versions\":[1]}"))),
        ("a page", 1, fixed(json("<html>"))),
        ("another version", 1, fixed(json(other))),
        ("a redirect", 1, fixed("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned())),
        ("100 MiB", 1, Box::new(large)),
        ("an echo", 9, fixed(echo)),
        ("silence", 1, Box::new(|stream| { let _ = stream.read(&mut [0; 1]); })),
    ];
    // The silent one is waited for through four timeouts, and another test has one too.
    let cases = cases.into_iter().take(sample_of(6, 7));
    side_by_side(cases, |(what, code, answer)| {
        let (url, heard) = listener(move |_, stream| answer(stream));
        let repository = repository(&url, "  timeout: 1s\n");
        let (found, said) = run(&repository, &["apply", "--yes", "--as-of", "2027-02-01"], CANARY);
        assert_eq!(found, Some(code), "{what}: {said}");
        let error = said.lines().find(|line| line.contains("error["));
        assert!(error.is_some_and(|error| error.contains("describe: ")), "{what}: {said}");
        assert_silent(&FORMS, what, &said);
        let heard = heard.lock().unwrap().clone();
        assert!(heard.iter().all(|line| line.starts_with("POST /v1/describe ")), "{what}: {heard:?}");
    });
}

/// Of two adapters, one hangs: the agreements of the other are applied, and those of the first are left as they are.
#[test]
fn one_of_two_adapters_that_hangs_holds_back_its_own_agreements() {
    let Some(served) = start_template(CANARY) else { return };
    let (url, heard) = listener(|_, stream| {
        let _ = stream.read(&mut [0; 1]);
    });
    let repository = repository(&served.url, "");
    let one = |name: &str, url: &str, more: &str| {
        format!(
            "  {name}: {{ kind: http, url: \"{url}\", access_key: {{ env: KEY }}, rate: 1000, search_lag: 0s, rehearsal: true{more} }}\n"
        )
    };
    let helpdesks = one("good", &served.url, ", default: true") + &one("silent", &url, ", timeout: 1s");
    repository.file("servanda.yaml", &format!("timezone: Europe/Moscow\nhelpdesks:\n{helpdesks}"));
    let agreement = repository.read("agreements/acme-2027.yaml");
    let other = agreement.replace("client: acme", "client: beta").replace("7/2027", "8/2027");
    repository.file("agreements/beta-2027.yaml", &format!("helpdesk: silent\n{other}"));
    repository.edit("catalog.yaml", "clients:\n", "clients:\n  beta: { title: Company 8 }\n");
    let (code, said) = run(&repository, &["apply", "--yes", "--as-of", "2027-02-01"], CANARY);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("Helpdesk silent\nNot available: describe: "), "{said}");
    assert_silent(&FORMS, "apply", &said);
    let (code, said) =
        run(&repository, &["plan", "--as-of", "2027-02-01", "--helpdesk", "good", "--exit-code"], CANARY);
    assert_eq!(code, Some(0), "{said}");
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().all(|line| line.starts_with("POST /v1/describe ")), "{heard:?}");
}

/// The blocks of a page in this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let mut blocks = Vec::new();
    for part in page.split("\n```").skip(1).step_by(2) {
        if let Some((first, text)) = part.split_once('\n')
            && first == language
        {
            blocks.push(text);
        }
    }
    blocks
}

/// The page is followed from nothing: each file is written where the page says, and each command prints what it shows.
#[test]
fn the_page_about_adapters_can_be_followed_with_python_alone() {
    let page = std::fs::read_to_string(root().join("docs/adapters.md")).unwrap();
    let repository = Repository::empty();
    let files = blocks(&page, "python").into_iter().chain(blocks(&page, "yaml"));
    let mut written = 0;
    for text in files {
        if let Some(name) = text.lines().next().and_then(|line| line.strip_prefix("# file: ")) {
            repository.file(name, text);
            written += 1;
        }
    }
    assert_eq!(written, 4, "the files of the page");
    let Some(served) = start(&repository.root().join("adapter.py"), None) else { return };
    let at = repository.read("servanda.yaml").replace("http://127.0.0.1:8788", &served.url);
    repository.file("servanda.yaml", &at);
    let mut shown = 0;
    for block in blocks(&page, "sh-session") {
        let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ servanda ") {
                commands.push((command, Vec::new()));
            } else if let Some((_, output)) = commands.last_mut() {
                output.push(line.trim());
            }
        }
        for (command, output) in commands {
            let command = command.replace("http://127.0.0.1:8788", &served.url);
            let arguments: Vec<&str> = command.split_whitespace().collect();
            let run = repository.run(&arguments);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.code, 0, "{command}: {said}");
            let mut lines = said.lines().map(str::trim);
            for expected in output.into_iter().filter(|line| !line.is_empty() && *line != "...") {
                let found = lines.any(|line| line.replace(&served.url, "http://127.0.0.1:8788") == expected);
                assert!(
                    found,
                    "`{expected}` is not in the output of {command}, or not in this order:\n{said}"
                );
                shown += 1;
            }
        }
    }
    assert!(shown >= 30, "only {shown} lines were compared");
}
