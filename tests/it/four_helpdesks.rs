//! One repository with two sandboxes and an adapter, each behind a proxy that counts what is written: applied, with one of
//! them down, killed at a write, and with an agreement that moves between kinds of helpdesks.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::adapters::start_template;
use crate::helpdesk::Helpdesk;
use crate::helpdesks::{DAY, assert_converged, changes, settings};
use crate::processes::{KEY, MAPPING, is_full};
use crate::repository::Repository;
use crate::server_process::ServerProcess;

const CATALOG: &str = "clients:
  acme: { title: Company 7, lives_in: desk }
  north: { title: Company 8 }
  south: { title: Company 9, lives_in: moscow }
services: { vpn: { title: VPN }, email: { title: E-mail } }
managers: { petrova: { title: Petrova } }
calendars: { office: { title: office } }
priorities: { critical: { title: Critical } }
";

const CLIENTS: [&str; 3] = ["acme", "north", "south"];

/// The writes of all proxies.
struct Writes {
    /// The number of the write that gets no answer, and whether it is done.
    silent_at: Option<(usize, bool)>,
    count: usize,
    fell_silent: Sender<()>,
}

type Shared = Arc<Mutex<Writes>>;

/// A whole message: its head, and as much as it says.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut block) = (Vec::new(), [0; 8192]);
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = head.len() + 4 + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if bytes.len() >= whole {
                return bytes;
            }
        }
        match stream.read(&mut block) {
            Ok(length) if length > 0 => bytes.extend(&block[..length]),
            _ => return Vec::new(),
        }
    }
}

/// Passes a request on, and gives the whole response.
fn forward(target: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let end = request.windows(2).position(|pair| pair == b"\r\n").expect("a first line");
    let mut stream = TcpStream::connect(target)?;
    stream.write_all(&request[..end])?;
    stream.write_all(b"\r\nConnection: close")?;
    stream.write_all(&request[end..])?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    Ok(response)
}

/// Whether a request changes an agreement.
fn is_write(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let line = text.lines().next().unwrap_or_default();
    ["/create", "/edit", "/delete", "/v1/step"].iter().any(|write| line.contains(write))
}

/// Starts a proxy of a server at this address, and gives its own.
fn proxy(target: String, writes: &Shared) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let writes = Arc::clone(writes);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (target, writes) = (target.clone(), Arc::clone(&writes));
            std::thread::spawn(move || {
                let request = message(&mut stream);
                if request.is_empty() {
                    return;
                }
                let mut silence = None;
                if is_write(&request) {
                    let mut writes = writes.lock().unwrap();
                    writes.count += 1;
                    silence = writes.silent_at.filter(|(at, _)| *at == writes.count);
                }
                let Some((_, is_done)) = silence else {
                    // A server that is gone has no response, and a client that was killed reads none.
                    let _ = forward(&target, &request).and_then(|response| stream.write_all(&response));
                    return;
                };
                if is_done {
                    forward(&target, &request).unwrap();
                }
                writes.lock().unwrap().fell_silent.send(()).unwrap();
                // Until the client is killed.
                let _ = stream.read(&mut [0; 1]);
            });
        }
    });
    address
}

/// Three helpdesks, and a repository whose clients live in one each.
struct Estate {
    repository: Repository,
    berlin: Helpdesk,
    moscow: Helpdesk,
    desk: ServerProcess,
    writes: Shared,
    silent: Receiver<()>,
}

impl Estate {
    /// Starts the servers; `None` where Python is missing.
    fn start() -> Option<Self> {
        let desk = start_template(KEY)?;
        let repository = Repository::empty();
        let single = "timezone: Europe/Moscow\n";
        repository
            .file("servanda.yaml", single)
            .file("catalog.yaml", &CATALOG.replace(", lives_in: desk", "").replace(", lives_in: moscow", ""));
        let sandbox = |name: &str| Helpdesk::serve_with(&repository, &["--db", name]);
        let (berlin, moscow) = (sandbox("berlin.db"), sandbox("moscow.db"));
        let (fell_silent, silent) = channel();
        let writes: Shared = Arc::new(Mutex::new(Writes { silent_at: None, count: 0, fell_silent }));
        let through = |url: &str| {
            let (address, path) = url
                .trim_start_matches("http://")
                .split_once('/')
                .unwrap_or((url.trim_start_matches("http://"), ""));
            format!("http://{}/{path}", proxy(address.to_owned(), &writes))
        };
        let mapping = MAPPING.replace("\n  ", "\n    ").replacen("  agreement:", "    agreement:", 1);
        let one = |name: &str, kind: &str, url: &str, more: &str| {
            format!(
                "  {name}:\n    kind: {kind}\n    url: {url}\n    access_key: {{ env: KEY }}\n    rehearsal: true\n    concurrency: 1\n    search_lag: 0s\n{more}"
            )
        };
        let tenant = format!("    rate: 1000\n{mapping}");
        let helpdesks = [
            one("berlin", "itsm365", &through(&berlin.url()), &format!("    default: true\n{tenant}")),
            one("moscow", "itsm365", &through(&moscow.url()), &tenant),
            one("desk", "http", &through(&desk.url), ""),
        ];
        repository.file("servanda.yaml", &settings(&helpdesks.concat())).file("catalog.yaml", CATALOG);
        for client in CLIENTS {
            let text = format!(
                "client: {client}\nmanager: petrova\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n\
                 services: {{ vpn: true, email: true }}\nsla: {{ calendar: office, targets: {{ critical: {{ response: 30m, resolution: 2 business days }} }} }}\n"
            );
            repository.file(&format!("agreements/{client}-2026.yaml"), &text);
        }
        repository.expect(0, &["validate"]);
        Some(Self { repository, berlin, moscow, desk, writes, silent })
    }

    #[track_caller]
    fn run(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.repository.program(arguments).env("KEY", KEY).output().unwrap();
        let (said, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}{said}");
        said.into_owned()
    }

    fn apply(&self, code: i32) {
        self.run(code, &["apply", "--yes", "--as-of", DAY]);
    }

    #[track_caller]
    fn plans(&self, code: i32) -> Value {
        serde_json::from_str(&self.run(code, &["plan", "--as-of", DAY, "--format", "json"])).unwrap()
    }

    /// The ids of the changes of each helpdesk.
    fn planned(&self) -> Value {
        let plans = self.plans(0);
        let ids = |name: &str| -> Vec<Value> {
            changes(&plans, name).iter().map(|change| change["id"].clone()).collect()
        };
        json!({ "berlin": ids("berlin"), "moscow": ids("moscow"), "desk": ids("desk") })
    }

    /// Gives an agreement a number of its own.
    fn renumber(&self, client: &str) {
        let path = format!("agreements/{client}-2026.yaml");
        let text = self.repository.read(&path);
        self.repository.file(&path, &format!("number: {client}/7\n{text}"));
    }

    /// The number of writes of an apply from here on.
    fn count(&self) -> usize {
        self.writes.lock().unwrap().count = 0;
        self.apply(0);
        self.writes.lock().unwrap().count
    }

    /// Applies until a write has no answer, and kills it there.
    fn kill_at(&self, at: usize, is_done: bool) {
        {
            let mut writes = self.writes.lock().unwrap();
            (writes.count, writes.silent_at) = (0, Some((at, is_done)));
        }
        let mut apply = self.repository.program(&["apply", "--yes", "--as-of", DAY]);
        let apply = apply.env("KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null());
        let mut killed = apply.spawn().unwrap();
        self.silent.recv_timeout(Duration::from_mins(1)).expect("a write without an answer");
        killed.kill().unwrap();
        assert!(killed.wait().unwrap().code().is_none(), "it was still running");
        self.writes.lock().unwrap().silent_at = None;
    }

    /// Whether an agreement is active in the adapter's helpdesk.
    fn is_active_in_desk(&self, id: &str) -> bool {
        let address = self.desk.url.trim_start_matches("http://");
        let body = json!({ "key": format!("sv:{id}") }).to_string();
        let request = format!(
            "POST /v1/find HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = String::from_utf8(forward(address, request.as_bytes()).unwrap()).unwrap();
        let answer: Value = serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap();
        let found = answer["agreements"].as_array().unwrap_or_else(|| panic!("{response}"));
        found.iter().any(|found| found["state"] == "in use")
    }
}

/// The points at which a run is killed: all of them, or a sample.
fn points(count: usize, sample: &[(usize, bool)]) -> Vec<(usize, bool)> {
    assert!(sample.iter().all(|(at, _)| *at <= count), "only {count} writes");
    if is_full() { (1..=count).flat_map(|at| [(at, false), (at, true)]).collect() } else { sample.to_vec() }
}

#[test]
fn three_helpdesks_of_two_kinds_are_applied_and_one_that_is_down_holds_back_its_own() {
    let Some(mut estate) = Estate::start() else { return };
    assert_eq!(
        estate.planned(),
        json!({ "berlin": ["north-2026"], "moscow": ["south-2026"], "desk": ["acme-2026"] })
    );
    estate.apply(0);
    assert_converged(&estate.plans(0));
    assert_eq!(estate.berlin.agreement("north-2026")["state"], "active");
    assert_eq!(estate.moscow.agreement("south-2026")["state"], "active");
    assert!(estate.is_active_in_desk("acme-2026"));
    for client in CLIENTS {
        estate.renumber(client);
    }
    // The adapter is gone, and comes back without what it held.
    estate.desk = ServerProcess::start(&mut estate.repository.program(&["--version"])).unwrap();
    estate.apply(6);
    let after = estate.plans(6);
    assert_eq!(after["unavailable"].as_object().unwrap().keys().collect::<Vec<_>>(), ["desk"]);
    assert_eq!((changes(&after, "berlin").len(), changes(&after, "moscow").len()), (0, 0));
    assert_eq!(estate.moscow.agreement("south-2026")["contractNumber"], "south/7");
}

#[test]
fn an_apply_to_three_helpdesks_that_is_killed_at_a_write_converges_in_the_next_run() {
    let Some(first) = Estate::start() else { return };
    let count = first.count();
    for (at, is_done) in points(count, &[(2, true), (count - 1, true)]) {
        let Some(estate) = Estate::start() else { return };
        estate.kill_at(at, is_done);
        estate.apply(0);
        assert_converged(&estate.plans(0));
    }
}

/// At any write at which a run is killed, the agreement is active in one of the two helpdesks.
#[test]
fn a_client_that_moves_from_a_sandbox_to_an_adapter_is_never_without_service() {
    let moving = || {
        let estate = Estate::start()?;
        estate.apply(0);
        estate.repository.edit(
            "catalog.yaml",
            "{ title: Company 9, lives_in: moscow }",
            "{ title: Company 9, lives_in: desk }",
        );
        Some(estate)
    };
    let Some(first) = moving() else { return };
    let plans = first.plans(0);
    assert_eq!(changes(&plans, "moscow")[0]["verb"], "move");
    assert_eq!(changes(&plans, "desk")[0]["verb"], "create");
    let count = first.count();
    for (at, is_done) in points(count, &[(1, true), (count, true)]) {
        let Some(estate) = moving() else { return };
        estate.kill_at(at, is_done);
        let is_in_moscow = estate.moscow.agreement("south-2026")["state"] == "active";
        assert!(is_in_moscow || estate.is_active_in_desk("south-2026"), "{at} {is_done}");
        estate.apply(0);
        assert_converged(&estate.plans(0));
        assert!(estate.is_active_in_desk("south-2026"));
        assert_ne!(estate.moscow.agreement("south-2026")["state"], "active");
    }
}
