use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use servanda::calendar::Instant;
use tokio::sync::watch;

use super::{PlanPage, ServerState, Watcher, WorkspaceSource, serve};
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::workspace::settings_file::SettingsFile;

/// Two valid workspaces that differ in a template and in an agreement. A mixture of the two would have targets that
/// neither has: 1h on business hours, or 9h around the clock.
const WORKSPACES: [[(&str, &str); 3]; 2] = [
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

/// A server over a folder or a branch, its watcher and its address.
struct Fixture {
    folder: tempfile::TempDir,
    watcher: Watcher,
    address: String,
    client: reqwest::Client,
    _stop: watch::Sender<Option<Exit>>,
}

impl Fixture {
    async fn new() -> Self {
        let (folder, source) = Self::folder();
        Self::serve(folder, source).await
    }

    /// Serves a page with a plan, below a path.
    async fn with_plan(plan: PlanPage) -> Self {
        let (folder, source) = Self::folder();
        let configure = |state: ServerState| state.below("/sla".to_owned()).with_plan(Some(plan));
        Self::serve_with(folder, source, configure).await
    }

    fn folder() -> (tempfile::TempDir, WorkspaceSource) {
        let folder = tempfile::tempdir().unwrap();
        for file in COMMON.iter().chain(&WORKSPACES[0]) {
            write(folder.path(), *file);
        }
        let source = WorkspaceSource::Folder {
            root: folder.path().to_path_buf(),
            settings: SettingsFile::default(),
            settle: Duration::from_secs(1),
        };
        (folder, source)
    }

    /// Serves the branch `main` of a repository.
    async fn of_branch() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        for file in COMMON.iter().chain(&WORKSPACES[0]) {
            write(folder.path(), *file);
        }
        commit(folder.path());
        let source = WorkspaceSource::Revision {
            root: folder.path().to_path_buf(),
            settings: SettingsFile::default(),
            name: "main".to_owned(),
        };
        Self::serve(folder, source).await
    }

    async fn serve(folder: tempfile::TempDir, source: WorkspaceSource) -> Self {
        Self::serve_with(folder, source, |state| state).await
    }

    async fn serve_with(
        folder: tempfile::TempDir,
        source: WorkspaceSource,
        configure: impl FnOnce(ServerState) -> ServerState,
    ) -> Self {
        let (version, workspace) = source.load(clock()).await.unwrap().unwrap();
        let state = Arc::new(configure(ServerState::new(workspace, clock)));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(None);
        tokio::spawn(serve(listener, Arc::clone(&state), 64, Stop::by(stopped)));
        let client = crate::http::client::test_client();
        Self { folder, watcher: Watcher::new(source, version, state), address, client, _stop: stop }
    }

    fn write(&self, file: (&str, &str)) {
        write(self.folder.path(), file);
    }

    #[expect(clippy::disallowed_methods, reason = "a test that reads responses as they are")]
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

/// The answers that distinguish the two workspaces from each other and from any mixture.
async fn answers(fixture: &Fixture) -> String {
    let email = fixture.json(EMAIL).await;
    let vpn = fixture.json(VPN).await;
    format!("{} {}", email["entitlement"]["response"]["due"]["local"], vpn["verdict"])
}

#[tokio::test]
async fn every_answer_is_of_one_workspace_while_files_change() {
    let mut fixture = Fixture::new().await;
    let valid = [
        "\"2026-09-07T15:00:00+03:00\" \"not_entitled\"".to_owned(),
        "\"2026-09-04T16:00:00+03:00\" \"entitled\"".to_owned(),
    ];
    assert_eq!(answers(&fixture).await, valid[0]);
    let mut draw = 0x9e37_79b9_u64;
    let mut seen = [0, 0];
    for turn in 1..=60 {
        let mut files = WORKSPACES[turn % 2];
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        files.rotate_left(usize::try_from(draw >> 62).unwrap() % 3);
        for (index, file) in files.into_iter().enumerate() {
            fixture.write(file);
            // The author pauses less than the server waits, so at most one poll falls between two writes.
            if (draw >> (40 + index)) & 1 == 1 && index + 1 < files.len() {
                fixture.watcher.poll().await;
            }
            let found = answers(&fixture).await;
            assert!(found == valid[(turn + 1) % 2], "turn {turn}, file {index}: {found}");
        }
        for _ in 0..3 {
            fixture.watcher.poll().await;
            let found = answers(&fixture).await;
            let which = valid.iter().position(|valid| *valid == found);
            seen[which.unwrap_or_else(|| panic!("turn {turn}: {found}"))] += 1;
        }
        assert_eq!(answers(&fixture).await, valid[turn % 2], "turn {turn}: the change was loaded");
    }
    assert!(seen.iter().all(|times| *times > 30), "{seen:?}");
}

#[tokio::test]
async fn invalid_files_are_reported_and_the_old_answers_stay() {
    let mut fixture = Fixture::new().await;
    let before = fixture.json(EMAIL).await;
    fixture.write(("agreements/a.yaml", "client: veter\nservices: { emial: true }\n"));
    for _ in 0..3 {
        fixture.watcher.poll().await;
    }
    let (status, headers, body) = fixture.get(EMAIL).await;
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (200, before));
    assert_eq!(headers["servanda-stale-since"], "2026-09-04T09:00:00Z");
    let health = fixture.json("/healthz").await;
    assert_eq!(health["status"], "stale");
    assert!(health["refused"].as_str().unwrap().contains("agreements/a.yaml:"), "{health}");
    assert!(fixture.get("/metrics").await.2.contains("\nservanda_stale 1\n"));
    for file in WORKSPACES[0] {
        fixture.write(file);
    }
    for _ in 0..3 {
        fixture.watcher.poll().await;
    }
    let (_, headers, _) = fixture.get(EMAIL).await;
    assert!(!headers.contains_key("servanda-stale-since"));
    assert_eq!(fixture.json("/healthz").await["status"], "ok");
}

#[tokio::test]
async fn a_branch_is_served_commit_by_commit() {
    let mut fixture = Fixture::of_branch().await;
    let (first, second) = (answers(&fixture).await, "\"2026-09-04T16:00:00+03:00\" \"entitled\"");
    let served = fixture.json("/healthz").await["commit"].clone();
    assert!(served.is_string());
    // Uncommitted changes are not served.
    for file in WORKSPACES[1] {
        fixture.write(file);
    }
    fixture.watcher.poll().await;
    assert_eq!(answers(&fixture).await, first);
    commit(fixture.folder.path());
    fixture.watcher.poll().await;
    assert_eq!(answers(&fixture).await, second);
    let now = fixture.json("/healthz").await["commit"].clone();
    assert_ne!(now, served);
    fixture.write(("agreements/a.yaml", "client: veter\nservices: { emial: true }\n"));
    commit(fixture.folder.path());
    fixture.watcher.poll().await;
    assert_eq!(answers(&fixture).await, second);
    let health = fixture.json("/healthz").await;
    assert_eq!((&health["status"], &health["commit"]), (&"stale".into(), &now));
    git(fixture.folder.path(), &["revert", "--no-edit", "HEAD"]);
    fixture.watcher.poll().await;
    assert_eq!(fixture.json("/healthz").await["status"], "ok");
    // A deleted branch does not change the answers.
    git(fixture.folder.path(), &["branch", "--move", "other"]);
    fixture.watcher.poll().await;
    assert_eq!(answers(&fixture).await, second);
    assert_eq!(fixture.json("/healthz").await["status"], "stale");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_for_a_waiting_client() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let folder = tempfile::tempdir().unwrap();
    for file in COMMON.iter().chain(&WORKSPACES[0]) {
        write(folder.path(), *file);
    }
    let source = WorkspaceSource::Folder {
        root: folder.path().to_path_buf(),
        settings: SettingsFile::default(),
        settle: Duration::from_secs(1),
    };
    let (_, workspace) = source.load(clock()).await.unwrap().unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(None);
    tokio::spawn(serve(listener, Arc::new(ServerState::new(workspace, clock)), 2, Stop::by(stopped)));
    let start = tokio::time::Instant::now();
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
        idle.push(stream);
    }
    let mut waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    waiting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        start.elapsed() >= super::server::HEADER_TIMEOUT,
        "no connection was free before: {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_request_for_a_foreign_host_is_refused() {
    let fixture = Fixture::new().await;
    for path in ["/v1/services?client=veter", "/metrics", "/nothing"] {
        let get =
            fixture.client.get(format!("{}{path}", fixture.address)).header("host", "evil.example:8788");
        assert_eq!(get.send().await.unwrap().status().as_u16(), 421, "{path}");
    }
}

#[tokio::test]
async fn invalid_requests_are_refused_with_a_code_and_help() {
    let fixture = Fixture::new().await;
    for (path, status, code) in [
        ("/v1/entitlement?client=veter&service=email", 400, "parameter-missing"),
        ("/v1/entitlement?client=veter&service=emial&priority=normal", 404, "name-unknown"),
        (
            "/v1/entitlement?client=veter&client=veter&service=email&priority=normal",
            400,
            "parameter-repeated",
        ),
        ("/v1/entitlement?client=veter&service=email&priority=normal&at=now", 400, "value-invalid"),
        ("/v1/entitlement?client=veter&service=email&priority=normal&who=me", 400, "parameter-unknown"),
        ("/v1/services?client=veer", 404, "name-unknown"),
    ] {
        let (found, _, body) = fixture.get(path).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, body["code"].as_str().unwrap()), (status, code), "{path}");
        assert!(body["error"].is_string() && body["help"].is_string(), "{path}: {body}");
    }
    let offered = fixture.json("/v1/services?client=veter").await;
    assert_eq!(offered["services"][0]["service"], "email");
    assert_eq!(offered["services"].as_array().unwrap().len(), 1);
    let described = fixture.json("/openapi.json").await;
    for path in described["paths"].as_object().unwrap().keys() {
        assert_ne!(fixture.get(path).await.0, 405, "{path}");
    }
    let (status, _, _) = fixture.get("/v2").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn pages_are_of_one_workspace_and_have_safe_headers() {
    let mut fixture = Fixture::new().await;
    let (status, headers, report) = fixture.get("/").await;
    assert_eq!(status, 200);
    assert!(report.contains("\"served\":true") && !report.contains("href=\"plan\""));
    let policy = &headers["content-security-policy"];
    for part in ["default-src 'none'", "script-src 'sha256-", "connect-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cache-control", "private, no-cache"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(headers[name], value);
    }
    let again = |tag: String| {
        let request = fixture.client.get(format!("{}/", fixture.address)).header("if-none-match", tag);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let tag = headers["etag"].clone();
    assert_eq!(again(tag.clone()).await, 304);
    assert_eq!(again("W/\"other\"".to_owned()).await, 200);
    let (status, headers, client) = fixture.get("/clients/veter").await;
    assert_eq!((status, client.contains("<h1><bdi>V</bdi></h1>")), (200, true), "{client}");
    assert!(!headers["content-security-policy"].contains("script-src"));
    let (status, headers, _) = fixture.get("/clients/unknown").await;
    assert_eq!((status, headers["cache-control"].as_str()), (404, "no-store"));
    assert_eq!(fixture.get("/plan").await.0, 404, "there is no snapshot");
    let post = fixture.client.post(format!("{}/", fixture.address)).send().await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
    for file in WORKSPACES[1] {
        fixture.write(file);
    }
    for _ in 0..3 {
        fixture.watcher.poll().await;
    }
    let (_, headers, newer) = fixture.get("/").await;
    assert_ne!(headers["etag"], tag);
    assert!(newer.contains("\"vpn\"") && !report.contains("\"vpn\""));
    fixture.write(("agreements/a.yaml", "client: veter\nservices: { emial: true }\n"));
    for _ in 0..3 {
        fixture.watcher.poll().await;
    }
    let (status, _, stale) = fixture.get("/").await;
    assert_eq!((status, stale.matches("class=\"left-out\"").count()), (200, 1));
    assert!(stale.contains("\"vpn\"") && stale.contains("agreements&#x2f;a.yaml:"));
}

#[tokio::test]
async fn a_base_path_is_in_front_of_every_route_and_a_plan_has_a_page() {
    let plan: PlanPage = Box::new(|workspace, _| {
        assert_eq!(workspace.agreements.len(), 1);
        Ok("<!doctype html>a plan".to_owned())
    });
    let fixture = Fixture::with_plan(plan).await;
    let (_, headers, report) = fixture.get("/sla/").await;
    assert!(report.contains("href=\"plan\""));
    let (_, without, _) = Fixture::new().await.get("/").await;
    assert_ne!(headers["etag"], without["etag"], "the same files, but another page");
    let (status, headers, _) = fixture.get("/sla").await;
    assert_eq!((status, headers["location"].as_str()), (307, "/sla/"));
    assert_eq!(fixture.get("/sla/plan").await.2, "<!doctype html>a plan");
    assert_eq!(fixture.get("/sla/healthz").await.0, 200);
    for path in ["/", "/plan", "/healthz"] {
        assert_eq!(fixture.get(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_plan_that_cannot_be_made_is_not_tried_again_at_once() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let plan: PlanPage = Box::new(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(Failure::new(Exit::Failure, "x", "secret path"))
    });
    let fixture = Fixture::with_plan(plan).await;
    for _ in 0..2 {
        let (status, headers, body) = fixture.get("/sla/plan").await;
        assert_eq!((status, headers["cache-control"].as_str()), (503, "no-store"));
        assert!(!body.contains("secret path"), "{body}");
    }
    assert_eq!(tries.load(Ordering::Relaxed), 1);
}
