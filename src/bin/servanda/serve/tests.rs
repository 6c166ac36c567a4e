use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use servanda::calendar::Instant;
use tokio::sync::watch;

use super::{ServerState, Source, Watcher, serve};
use crate::process::failure::Exit;
use crate::process::shutdown::Stop;

/// Two legal estates that differ in a template and in an agreement at once. A mixture of the two would promise
/// what neither does: 1h on a calendar by day, or 9h round the clock.
const ESTATES: [[(&str, &str); 3]; 2] = [
    [
        ("templates/standard.yaml", "sla: { calendar: day, targets: { normal: { response: 9h } } }\n"),
        (
            "agreements/a.yaml",
            "extends: standard\nclient: veter\nperiod: { first_day: 2026-01-01, open_ended: true }\nservices: { email: true }\n",
        ),
        ("calendars/day.yaml", "timezone: Europe/Moscow\nweek: { mon-fri: 09:00-18:00 }\n"),
    ],
    [
        ("templates/standard.yaml", "sla: { calendar: 24x7, targets: { normal: { response: 1h } } }\n"),
        (
            "agreements/a.yaml",
            "extends: standard\nclient: veter\nperiod: { first_day: 2026-01-01, open_ended: true }\nservices: { email: true, vpn: true }\n",
        ),
        ("calendars/day.yaml", "timezone: Europe/Moscow\nweek: { mon-fri: 10:00-18:00 }\n"),
    ],
];
const COMMON: [(&str, &str); 2] = [
    ("servanda.yaml", "timezone: Europe/Moscow\n"),
    (
        "catalog.yaml",
        "clients: { veter: { title: V } }\nservices: { email: { title: E }, vpn: { title: VPN } }\npriorities: { normal: { title: N } }\n",
    ),
];

#[expect(clippy::disallowed_methods, reason = "a test that writes the files that are watched")]
fn write(root: &Path, (path, text): (&str, &str)) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test that makes commits")]
fn git(folder: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=T", "-c", "user.email=t@acme.example"]).args(arguments);
    let done = git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "A change"]);
}

fn clock() -> Instant {
    "2026-09-04T12:00:00+03:00".parse().unwrap()
}

/// A desk over a folder or a branch of it, its watcher and its address.
struct World {
    folder: tempfile::TempDir,
    watcher: Watcher,
    address: String,
    client: reqwest::Client,
    _stop: watch::Sender<Option<Exit>>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in COMMON.iter().chain(&ESTATES[0]) {
            write(folder.path(), *file);
        }
        let source = Source::Folder { root: folder.path().to_path_buf(), settle: Duration::from_secs(1) };
        Self::over(folder, source).await
    }

    /// What the branch `main` says, in a repository of which the folder is another work tree.
    async fn of_branch() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        for file in COMMON.iter().chain(&ESTATES[0]) {
            write(folder.path(), *file);
        }
        commit(folder.path());
        let source = Source::Revision { root: folder.path().to_path_buf(), name: "main".to_owned() };
        Self::over(folder, source).await
    }

    async fn over(folder: tempfile::TempDir, source: Source) -> Self {
        let (state, served) = source.read(clock()).await.unwrap().unwrap();
        let desk = Arc::new(ServerState::new(served, clock));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(None);
        tokio::spawn(serve(listener, Arc::clone(&desk), 64, Stop::by(stopped)));
        crate::http::client::use_ring();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, watcher: Watcher::new(source, state, desk), address, client, _stop: stop }
    }

    fn write(&self, file: (&str, &str)) {
        write(self.folder.path(), file);
    }

    async fn get(&self, path: &str) -> (u16, BTreeMap<String, String>, String) {
        let answer = self.client.get(format!("{}{path}", self.address)).send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        (status, headers, answer.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.2).unwrap()
    }
}

const EMAIL: &str =
    "/v1/entitlement?client=veter&service=email&priority=normal&at=2026-09-04T15:00:00%2B03:00";
const VPN: &str = "/v1/entitlement?client=veter&service=vpn&priority=normal&at=2026-09-04T15:00:00%2B03:00";

/// The answers by which the two estates are told apart, and any mixture from both.
async fn answers(world: &World) -> String {
    let email = world.json(EMAIL).await;
    let vpn = world.json(VPN).await;
    format!("{} {}", email["entitlement"]["response"]["due"]["local"], vpn["verdict"])
}

#[tokio::test]
async fn no_answer_is_wrong_while_files_change() {
    let mut world = World::new().await;
    let legal = [
        "\"2026-09-07T15:00:00+03:00\" \"not_entitled\"".to_owned(),
        "\"2026-09-04T16:00:00+03:00\" \"entitled\"".to_owned(),
    ];
    assert_eq!(answers(&world).await, legal[0]);
    let mut draw = 0x9e37_79b9_u64;
    let mut seen = [0, 0];
    for turn in 1..=60 {
        let mut files = ESTATES[turn % 2];
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        files.rotate_left(usize::try_from(draw >> 62).unwrap() % 3);
        for (index, file) in files.into_iter().enumerate() {
            world.write(file);
            // Whoever writes a change makes no longer rest within it than the server waits, so that one look at most
            // falls between two writes.
            if (draw >> (40 + index)) & 1 == 1 && index + 1 < files.len() {
                world.watcher.look().await;
            }
            let found = answers(&world).await;
            assert!(found == legal[(turn + 1) % 2], "turn {turn}, file {index}: {found}");
        }
        for _ in 0..3 {
            world.watcher.look().await;
            let found = answers(&world).await;
            let which = legal.iter().position(|legal| *legal == found);
            seen[which.unwrap_or_else(|| panic!("turn {turn}: {found}"))] += 1;
        }
        assert_eq!(answers(&world).await, legal[turn % 2], "turn {turn}: the change was taken in");
    }
    assert!(seen.iter().all(|times| *times > 30), "{seen:?}");
}

#[tokio::test]
async fn invalid_files_leave_the_old_answers_and_say_so() {
    let mut world = World::new().await;
    let before = world.json(EMAIL).await;
    world.write(("agreements/a.yaml", "client: veter\nservices: { emial: true }\n"));
    for _ in 0..3 {
        world.watcher.look().await;
    }
    let (status, headers, body) = world.get(EMAIL).await;
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (200, before));
    assert_eq!(headers["servanda-stale-since"], "2026-09-04T09:00:00Z");
    let health = world.json("/healthz").await;
    assert_eq!(health["status"], "stale");
    assert!(health["refused"].as_str().unwrap().contains("agreements/a.yaml:"), "{health}");
    assert!(world.get("/metrics").await.2.contains("\nservanda_stale 1\n"));
    for file in ESTATES[0] {
        world.write(file);
    }
    for _ in 0..3 {
        world.watcher.look().await;
    }
    let (_, headers, _) = world.get(EMAIL).await;
    assert!(!headers.contains_key("servanda-stale-since"));
    assert_eq!(world.json("/healthz").await["status"], "ok");
}

#[tokio::test]
async fn a_branch_is_served_commit_by_commit() {
    let mut world = World::of_branch().await;
    let (first, second) = (answers(&world).await, "\"2026-09-04T16:00:00+03:00\" \"entitled\"");
    let served = world.json("/healthz").await["commit"].clone();
    assert!(served.is_string());
    // What is not committed is not served.
    for file in ESTATES[1] {
        world.write(file);
    }
    world.watcher.look().await;
    assert_eq!(answers(&world).await, first);
    commit(world.folder.path());
    world.watcher.look().await;
    assert_eq!(answers(&world).await, second);
    let now = world.json("/healthz").await["commit"].clone();
    assert_ne!(now, served);
    world.write(("agreements/a.yaml", "client: veter\nservices: { emial: true }\n"));
    commit(world.folder.path());
    world.watcher.look().await;
    assert_eq!(answers(&world).await, second);
    let health = world.json("/healthz").await;
    assert_eq!((&health["status"], &health["commit"]), (&"stale".into(), &now));
    git(world.folder.path(), &["revert", "--no-edit", "HEAD"]);
    world.watcher.look().await;
    assert_eq!(world.json("/healthz").await["status"], "ok");
    // A branch that is gone leaves the answers as they are.
    git(world.folder.path(), &["branch", "--move", "other"]);
    world.watcher.look().await;
    assert_eq!(answers(&world).await, second);
    assert_eq!(world.json("/healthz").await["status"], "stale");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_loses_the_place_to_who_waits() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let folder = tempfile::tempdir().unwrap();
    for file in COMMON.iter().chain(&ESTATES[0]) {
        write(folder.path(), *file);
    }
    let source = Source::Folder { root: folder.path().to_path_buf(), settle: Duration::from_secs(1) };
    let (_, served) = source.read(clock()).await.unwrap().unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(None);
    tokio::spawn(serve(listener, Arc::new(ServerState::new(served, clock)), 2, Stop::by(stopped)));
    let start = tokio::time::Instant::now();
    let mut silent = Vec::new();
    for _ in 0..2 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
        silent.push(stream);
    }
    let mut waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    waiting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(start.elapsed() >= super::server::PATIENCE, "there was no place before: {:?}", start.elapsed());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_advice() {
    let world = World::new().await;
    for (path, status, error) in [
        ("/v1/entitlement?client=veter&service=email", 400, "`priority` is missing"),
        ("/v1/entitlement?client=veter&service=emial&priority=normal", 404, "no service is called `emial`"),
        (
            "/v1/entitlement?client=veter&client=veter&service=email&priority=normal",
            400,
            "`client` stands twice",
        ),
        ("/v1/entitlement?client=veter&service=email&priority=normal&at=now", 400, "`now` is not an instant"),
        (
            "/v1/entitlement?client=veter&service=email&priority=normal&who=me",
            400,
            "nobody knows the parameter `who`",
        ),
        ("/v1/services?client=veer", 404, "no client is called `veer`"),
    ] {
        let (found, _, body) = world.get(path).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, body["error"].as_str().unwrap()), (status, error), "{path}");
    }
    let offered = world.json("/v1/services?client=veter").await;
    assert_eq!(offered["services"][0]["service"], "email");
    assert_eq!(offered["services"].as_array().unwrap().len(), 1);
    let described = world.json("/openapi.json").await;
    for path in described["paths"].as_object().unwrap().keys() {
        assert_ne!(world.get(path).await.0, 405, "{path}");
    }
    let (status, _, _) = world.get("/v2").await;
    assert_eq!(status, 404);
}
