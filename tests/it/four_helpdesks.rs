//! One repository with two sandboxes, a small iTop and an adapter, all behind one gate: applied, with each of them down,
//! killed at a request, and with an agreement that moves from one to the next.
//!
//! The adapter is the template, or the one that `SERVANDA_RT_ADAPTER` and `SERVANDA_RT_TOKEN` name: `.ci/run` runs these tests
//! once more with Request Tracker behind it. With `SERVANDA_FULL` a run is killed at each request; `SERVANDA_PART=2/8` takes
//! every eighth of them, from the second on, since Request Tracker has all that earlier runs left behind.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::adapters::start_template;
use crate::cases::is_full;
use crate::gate::{Gate, Silence, forward};
use crate::helpdesk::Helpdesk;
use crate::helpdesks::{DAY, assert_converged, changes, settings};
use crate::processes::{KEY, MAPPING};
use crate::repository::Repository;
use crate::server_process::ServerProcess;
use crate::small_itop::{PASSWORD, SmallItop};

/// The default helpdesk, and three others.
const NAMES: [&str; 4] = ["berlin", "moscow", "prague", "desk"];

/// The client of each helpdesk, and its title.
const CLIENTS: [(&str, &str); 4] =
    [("north", "Company 8"), ("south", "Company 9"), ("west", "Company 10"), ("acme", "Company 7")];

/// The agreement that moves, which lives in `moscow` at first.
const MOVED: &str = "south-2026";

const PROVIDER: &str = "Company 41";

/// Each estate has ownership keys of its own, since one Request Tracker serves all of them.
static ESTATES: AtomicUsize = AtomicUsize::new(1);

/// The servers themselves, without the gate.
struct Servers {
    prefix: String,
    sandboxes: [Helpdesk; 2],
    itop: SmallItop,
    desk: Desk,
}

/// The adapter, which is the template or was started by others.
struct Desk {
    _process: Option<ServerProcess>,
    url: String,
    token: String,
}

impl Desk {
    /// Starts the template, unless the environment names an adapter; `None` where Python is missing.
    fn start() -> Option<Self> {
        let [url, token] = ["SERVANDA_RT_ADAPTER", "SERVANDA_RT_TOKEN"].map(|name| std::env::var(name).ok());
        if let Some((url, token)) = url.zip(token) {
            return Some(Self { _process: None, url, token });
        }
        let process = start_template(KEY)?;
        Some(Self { url: process.url.clone(), _process: Some(process), token: KEY.to_owned() })
    }

    /// The number of services that the agreement with this ownership key offers.
    fn offered(&self, key: &str) -> usize {
        let address = self.url.trim_start_matches("http://");
        let body = json!({ "key": key }).to_string();
        let request = format!(
            "POST /v1/find HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let response = String::from_utf8(forward(address, request.as_bytes()).unwrap()).unwrap();
        let answer: Value = serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap();
        let found = answer["agreements"].as_array().unwrap_or_else(|| panic!("{response}"));
        found.iter().map(|found| found["offers"].as_array().map_or(0, Vec::len)).sum()
    }
}

impl Servers {
    /// The helpdesks in which the client can use both services of an agreement.
    fn serving(&self, id: &str) -> Vec<&'static str> {
        let key = format!("{}{id}", self.prefix);
        let in_sandbox = |sandbox: &Helpdesk| {
            let (_, found) =
                sandbox.post("find/agreement", &json!({ "inventoryNumber": key, "state": "active" }));
            found
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| one["services"].as_array().map_or(0, Vec::len))
                .sum()
        };
        let [berlin, moscow] = self.sandboxes.each_ref().map(in_sandbox);
        let offered: [usize; 4] = [berlin, moscow, self.itop.offered(&key), self.desk.offered(&key)];
        NAMES.into_iter().zip(offered).filter(|(_, services)| *services == 2).map(|(name, _)| name).collect()
    }
}

/// The helpdesks in which the client that moves could use the services after each write.
type Looks = Arc<Mutex<Vec<Vec<&'static str>>>>;

/// Takes what was noted, and expects that the client was never without service.
fn assert_served(looks: &Looks) -> usize {
    let looks = std::mem::take(&mut *looks.lock().unwrap());
    assert!(looks.iter().all(|serving| !serving.is_empty()), "{looks:?}");
    looks.len()
}

/// Four helpdesks, and a repository with a client in each.
struct Estate {
    repository: Repository,
    servers: Arc<Servers>,
    gate: Gate,
}

/// The catalog for the seeds of the sandboxes, and the one that says where the clients live.
fn catalog(is_seed: bool) -> String {
    let clients = CLIENTS.iter().zip(NAMES).map(|((slug, title), name)| {
        let lives_in = if is_seed { String::new() } else { format!(", lives_in: {name}") };
        format!("  {slug}: {{ title: {title}{lives_in} }}\n")
    });
    let id = if is_seed { "" } else { ", helpdesk: { desk: petrova }" };
    format!(
        "clients:\n{}services: {{ vpn: {{ title: VPN }}, email: {{ title: E-mail }} }}\nmanagers: {{ petrova: {{ title: Petrova{id} }} }}\n\
         providers: {{ acme: {{ title: {PROVIDER} }} }}\ncalendars: {{ office: {{ title: office }} }}\n\
         priorities: {{ critical: {{ title: Critical }} }}\n",
        clients.collect::<String>()
    )
}

/// The entries of `helpdesks:`, with the servers at these addresses.
fn helpdesks(urls: [String; 4], prefix: &str) -> String {
    let tenant = MAPPING.replace("\n  ", "\n    ").replacen("  agreement:", "    agreement:", 1);
    let tenant = tenant.replace("\"sv:\"", &format!("\"{prefix}\""));
    let key = format!("    agreement: {{ key: {{ prefix: \"{prefix}\" }} }}\n");
    let login = "    user: { env: ITOP_USER }\n    password: { env: ITOP_PASSWORD }\n    provider: acme\n    rate: 1000\n";
    let more = [
        format!(
            "    kind: itsm365\n    default: true\n    access_key: {{ env: KEY }}\n    rate: 1000\n{tenant}"
        ),
        format!("    kind: itsm365\n    access_key: {{ env: KEY }}\n    rate: 1000\n{tenant}"),
        format!(
            "    kind: itop\n{login}{key}    sla_rules: {{ business_day: 8h, priorities: {{ critical: 1 }} }}\n"
        ),
        format!("    kind: http\n    access_key: {{ env: DESK_KEY }}\n    rate: 1000\n{key}"),
    ];
    let entries = NAMES.iter().zip(urls).zip(more).map(|((name, url), more)| {
        format!(
            "  {name}:\n    url: {url}\n    rehearsal: true\n    concurrency: 1\n    search_lag: 0s\n{more}"
        )
    });
    entries.collect()
}

impl Estate {
    /// Starts the servers; `None` where Python is missing.
    fn start() -> Option<Self> {
        let desk = Desk::start()?;
        let prefix = format!("e{}:", ESTATES.fetch_add(1, Ordering::Relaxed));
        let repository = Repository::empty();
        repository.file("servanda.yaml", "timezone: Europe/Moscow\n").file("catalog.yaml", &catalog(true));
        let sandboxes =
            ["berlin.db", "moscow.db"].map(|name| Helpdesk::serve_with(&repository, &["--db", name]));
        let companies = [CLIENTS.map(|(_, title)| title).as_slice(), &[PROVIDER]].concat();
        let itop = SmallItop::start(&companies, &["VPN", "E-mail"], "Petrova");
        let gate = Gate::new();
        let [berlin, moscow] = sandboxes.each_ref().map(Helpdesk::url);
        let urls = [berlin, moscow, itop.url(), desk.url.clone()].map(|url| gate.open(&url));
        let settings = settings(&helpdesks(urls, &prefix)) + "guards: { deactivations: { more_than: 9 } }\n";
        repository.file("servanda.yaml", &settings).file("catalog.yaml", &catalog(false));
        for (client, _) in CLIENTS {
            let text = format!(
                "client: {client}\nmanager: petrova\nprovider: acme\nperiod: {{ first_day: 2026-01-01, last_day: 2026-12-31 }}\n\
                 services: {{ vpn: true, email: true }}\nsla: {{ calendar: office, targets: {{ critical: {{ response: 30m, resolution: 2 business days }} }} }}\n"
            );
            repository.file(&format!("agreements/{client}-2026.yaml"), &text);
        }
        let servers = Arc::new(Servers { prefix, sandboxes, itop, desk });
        let estate = Self { repository, servers, gate };
        estate.run(0, &["validate"]);
        Some(estate)
    }

    fn program(&self, arguments: &[&str]) -> std::process::Command {
        let mut program = self.repository.program(arguments);
        program.env("KEY", KEY).env("ITOP_USER", "planner").env("ITOP_PASSWORD", PASSWORD);
        program.env("DESK_KEY", &self.servers.desk.token);
        program
    }

    #[track_caller]
    fn run(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.program(arguments).output().unwrap();
        let (said, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}{said}");
        said.into_owned()
    }

    #[track_caller]
    fn apply(&self, code: i32) {
        self.run(code, &["apply", "--yes", "--as-of", DAY]);
    }

    #[track_caller]
    fn plans(&self, code: i32) -> Value {
        serde_json::from_str(&self.run(code, &["plan", "--as-of", DAY, "--format", "json"])).unwrap()
    }

    /// Gives each agreement this number.
    fn number(&self, number: usize) {
        for (client, _) in CLIENTS {
            let path = format!("agreements/{client}-2026.yaml");
            let text = self.repository.read(&path);
            let rest = text.split_once('\n').filter(|(first, _)| first.starts_with("number: "));
            let rest = rest.map_or(text.as_str(), |(_, rest)| rest);
            self.repository.file(&path, &format!("number: {client}/{number}\n{rest}"));
        }
    }

    /// Lets the client that moves live in another helpdesk.
    fn relocate(&self, from: &str, to: &str) {
        let (client, title) = CLIENTS[1];
        let lives_in = |name: &str| format!("{client}: {{ title: {title}, lives_in: {name} }}");
        self.repository.edit("catalog.yaml", &lives_in(from), &lives_in(to));
    }

    /// The requests of an apply.
    fn requests(&self) -> Vec<bool> {
        self.gate.begin(None);
        self.apply(0);
        self.gate.requests()
    }

    /// Applies until a request has no answer, and kills it there.
    fn kill_at(&self, silence: Silence) {
        self.gate.begin(Some(silence));
        let mut apply = self.program(&["apply", "--yes", "--as-of", DAY]);
        let mut killed = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.gate.fell_silent();
        killed.kill().unwrap();
        assert!(killed.wait().unwrap().code().is_none(), "{silence:?}: it was still running");
        self.gate.begin(None);
    }

    /// Notes after each write from now on where the client that moves can use the services.
    fn watch(&self) -> Looks {
        let (servers, looks) = (Arc::clone(&self.servers), Looks::default());
        let noted = Arc::clone(&looks);
        self.gate.after_each_write(move || noted.lock().unwrap().push(servers.serving(MOVED)));
        looks
    }
}

/// The requests at which a run is killed: with `SERVANDA_FULL` each of them, else the writes of these numbers, the last first.
fn points(requests: &[bool], sample: &[(usize, bool)]) -> Vec<Silence> {
    if is_full() {
        let each = (1..).zip(requests).flat_map(|(at, is_write)| {
            let done = is_write.then_some(Silence { at, is_done: true });
            std::iter::once(Silence { at, is_done: false }).chain(done)
        });
        let (part, parts) = part();
        let of_part = each.enumerate().filter(|(index, _)| index % parts == part - 1);
        let points: Vec<Silence> = of_part.map(|(_, at)| at).collect();
        assert!(!points.is_empty(), "no request is in part {part} of {parts}");
        return points;
    }
    let writes: Vec<usize> =
        (1..).zip(requests).filter(|(_, is_write)| **is_write).map(|(at, _)| at).collect();
    sample
        .iter()
        .map(|(number, is_done)| Silence { at: writes[writes.len() - number], is_done: *is_done })
        .collect()
}

/// The part of the full set that is run, from 1, and the number of parts.
fn part() -> (usize, usize) {
    let Ok(text) = std::env::var("SERVANDA_PART") else { return (1, 1) };
    let (part, parts) = text.split_once('/').expect("SERVANDA_PART is such as 2/8");
    let (part, parts) = (part.parse().unwrap(), parts.parse().unwrap());
    assert!((1..=parts).contains(&part), "SERVANDA_PART is such as 2/8: {text}");
    (part, parts)
}

#[test]
fn four_helpdesks_are_applied_and_one_that_is_down_holds_back_its_own() {
    let Some(estate) = Estate::start() else { return };
    let planned = estate.plans(0);
    for (name, (client, _)) in NAMES.into_iter().zip(CLIENTS) {
        let ids: Vec<&Value> = changes(&planned, name).iter().map(|change| &change["id"]).collect();
        assert_eq!(ids, [&json!(format!("{client}-2026"))], "{name}");
    }
    estate.apply(0);
    assert_converged(&estate.plans(0));
    for (name, (client, _)) in NAMES.into_iter().zip(CLIENTS) {
        assert_eq!(estate.servers.serving(&format!("{client}-2026")), [name]);
    }
    let settings = estate.repository.read("servanda.yaml");
    let urls: Vec<&str> = settings.lines().filter_map(|line| line.trim().strip_prefix("url: ")).collect();
    for (number, (down, url)) in (1..).zip(NAMES.into_iter().zip(urls)) {
        estate.number(number);
        // Nothing listens on this port.
        estate.repository.file("servanda.yaml", &settings.replace(url, "http://127.0.0.1:9"));
        estate.apply(6);
        estate.repository.file("servanda.yaml", &settings);
        let after = estate.plans(0);
        for name in NAMES {
            assert_eq!(changes(&after, name).len(), usize::from(name == down), "{down} was down: {name}");
        }
    }
    estate.apply(0);
    assert_converged(&estate.plans(0));
}

#[test]
fn an_apply_to_four_helpdesks_that_is_killed_at_a_request_converges_in_the_next_run() {
    let Some(first) = Estate::start() else { return };
    for silence in points(&first.requests(), &[(1, false), (4, true)]) {
        let Some(estate) = Estate::start() else { return };
        estate.kill_at(silence);
        estate.apply(0);
        assert_converged(&estate.plans(0));
        for (name, (client, _)) in NAMES.into_iter().zip(CLIENTS) {
            assert_eq!(estate.servers.serving(&format!("{client}-2026")), [name], "{silence:?}");
        }
    }
}

/// Through every helpdesk and back: after each write the client has the agreement in one of them.
#[test]
fn a_client_that_moves_from_helpdesk_to_helpdesk_is_never_without_service() {
    let Some(estate) = Estate::start() else { return };
    estate.apply(0);
    let looks = estate.watch();
    for (from, to) in [("moscow", "desk"), ("desk", "prague"), ("prague", "berlin"), ("berlin", "moscow")] {
        estate.relocate(from, to);
        let plans = estate.plans(0);
        assert_eq!(
            (&changes(&plans, from)[0]["verb"], changes(&plans, to).len()),
            (&json!("move"), 1),
            "{to}"
        );
        estate.apply(0);
        assert!(assert_served(&looks) > 1, "there were writes from {from} to {to}");
        assert_converged(&estate.plans(0));
        assert_eq!(estate.servers.serving(MOVED), [to]);
    }
}

/// At any request at which a run is killed, the agreement is in force in one of the two helpdesks.
#[test]
fn a_move_that_is_killed_at_a_request_leaves_the_client_with_service() {
    let moves = [("moscow", "desk"), ("moscow", "prague"), ("moscow", "berlin")];
    // Moves that do not touch an adapter are the same with any adapter.
    let is_own = std::env::var("SERVANDA_RT_ADAPTER").is_err();
    for (from, to) in moves.into_iter().take(if is_full() && is_own { 3 } else { 1 }) {
        let moving = || {
            let estate = Estate::start()?;
            estate.apply(0);
            estate.relocate(from, to);
            Some(estate)
        };
        let Some(first) = moving() else { return };
        for silence in points(&first.requests(), &[(1, true)]) {
            let Some(estate) = moving() else { return };
            let looks = estate.watch();
            estate.kill_at(silence);
            assert!(!estate.servers.serving(MOVED).is_empty(), "to {to}: {silence:?}");
            estate.apply(0);
            assert_served(&looks);
            assert_converged(&estate.plans(0));
            assert_eq!(estate.servers.serving(MOVED), [to], "{silence:?}");
        }
    }
}
