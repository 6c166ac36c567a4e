mod further;
mod interleaving;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use servanda::render::comment_state::{CommentMarker, CommentSeverity, marked};
use servanda::render::markdown::{Budget, Forge};
use tokio::sync::Barrier;

use super::client::{ForgeAddress, ForgeClient};
use super::error::ForgeError;
use super::sticky_comment::{CommentOutcome, CommentText, post};
use interleaving::Interleaving;

const FORGES: [Forge; 3] = [Forge::GitHub, Forge::GitLab, Forge::Gitea];
const TOKEN: &str = "a-secret-token";
const KEY: &str = "plan";
/// The pull request that is spoken on.
const NUMBER: u64 = 7;
/// Whose the token is, and somebody else.
const OURS: u64 = 41_898_282;
const THEIRS: u64 = 1;

/// A forge that never was: the shapes and limits of three, and what tests do to it.
#[derive(Default)]
struct World {
    comments: BTreeMap<u64, Said>,
    next: u64,
    /// The longest text that is taken, in characters.
    limit: usize,
    /// Answers that are given in place of the next ones of a method.
    instead: Vec<(Method, StatusCode, Option<&'static str>)>,
    /// Where lists wait for each other, so that neither job sees the other's comment.
    gate: Option<(Arc<Barrier>, usize)>,
    /// Whose request is answered next, where that is to be settled.
    turns: Option<Arc<Interleaving>>,
    pull_requests: Vec<(u64, String)>,
    requests: Vec<(Method, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    author: u64,
    body: String,
    is_folded: bool,
}

impl World {
    fn say(&mut self, author: u64, body: &str) -> u64 {
        self.next += 1;
        self.comments.insert(self.next, Said { author, body: body.to_owned(), is_folded: false });
        self.next
    }

    /// The own comments that are found again.
    fn found(&self) -> Vec<&Said> {
        let ours = self.comments.values().filter(|said| said.author == OURS);
        ours.filter(|said| matches!(CommentMarker::of(&said.body, KEY), Some(CommentMarker::First { .. })))
            .collect()
    }
}

type Shared = Arc<Mutex<World>>;

/// A fake that is being served until this is dropped.
struct Fake {
    forge: ForgeClient,
    address: ForgeAddress,
    world: Shared,
    served: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Fake {
    async fn serve(name: Forge) -> Self {
        let limit = if name == Forge::GitLab { 1_000_000 } else { 65_536 };
        let world = Arc::new(Mutex::new(World { limit, ..World::default() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = format!("http://{}", listener.local_addr().expect("an address"));
        let served = tokio::spawn(async move { axum::serve(listener, router).await.expect("it is served") });
        let repository = if name == Forge::GitLab { "group/sub/name" } else { "owner/name" };
        let address = ForgeAddress { forge: name, api, repository: repository.to_owned() };
        let forge = ForgeClient::new(&address, &SecretString::from(TOKEN)).expect("an address");
        Self { forge, address, world, served }
    }

    /// A client of another job, which the fake recognises by its token.
    fn job(&self, name: &str) -> ForgeClient {
        ForgeClient::new(&self.address, &SecretString::from(format!("{name}-{TOKEN}"))).expect("an address")
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().expect("no test panics here")
    }

    async fn post(&self, text: &Sample) -> CommentOutcome {
        post(&self.forge, NUMBER, KEY, text).await.expect("it is taken")
    }
}

/// A text as long as it may be, or a short one.
#[derive(Clone)]
struct Sample {
    text: String,
    class: Option<CommentSeverity>,
    is_long: bool,
    /// The number of texts go on with that the first.
    further: usize,
}

impl Sample {
    fn new(text: &str, class: CommentSeverity) -> Self {
        Self { text: text.to_owned(), class: Some(class), is_long: false, further: 0 }
    }
}

impl CommentText for Sample {
    fn within(&self, budget: Budget) -> Vec<String> {
        let filler = "x".repeat(if self.is_long { budget.most() - self.text.len() - 10 } else { 0 });
        let further = (2..2 + self.further).map(|part| format!("{}, part {part}{filler}", self.text));
        std::iter::once(format!("{}{filler}", self.text)).chain(further).collect()
    }

    fn severity(&self) -> Option<CommentSeverity> {
        self.class
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

fn comment(id: u64, said: &Said) -> Value {
    // Each forge tells the names of the others too, so that reading a wrong one shows.
    json!({
        "id": id, "node_id": format!("IC_{id}"), "body": said.body, "system": false,
        "user": { "id": said.author, "login": "x" }, "author": { "id": said.author, "username": "x" },
    })
}

fn pull_request(number: u64, head: &str) -> Value {
    json!({
        "id": number + 1000, "number": number, "iid": number, "sha": head, "head": { "sha": head }, "state": "open",
    })
}

/// One page of a list, as the query asks for it.
fn page(all: Vec<Value>, query: &str) -> Value {
    let asked = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
    let (size, page) = (asked("per_page=").or(asked("limit=")).unwrap_or(30), asked("page=").unwrap_or(1));
    all.into_iter().skip(size * (page - 1)).take(size).collect()
}

async fn answer(State(world): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 8 << 20).await.expect("a body");
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let says = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if ![says("authorization"), says("private-token")].iter().any(|said| said.ends_with(TOKEN)) {
        return json_response(StatusCode::UNAUTHORIZED, &json!({ "message": "Bad credentials" }));
    }
    let turns = world.lock().expect("no test panics here").turns.clone();
    if let Some(turns) = turns {
        let said = [says("authorization"), says("private-token")].concat();
        turns.wait(if said.contains("one-") { "one" } else { "other" }).await;
    }
    let gate = {
        let mut world = world.lock().expect("no test panics here");
        world.requests.push((parts.method.clone(), path.clone()));
        if let Some(at) = world.instead.iter().position(|(method, _, _)| *method == parts.method) {
            let (_, status, wait) = world.instead.remove(at);
            // Some servers tell what they were asked with.
            let body = json!({ "message": format!("no: {TOKEN}") }).to_string();
            let mut response = (status, body).into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert("retry-after", wait.parse().expect("a header"));
            }
            if status.is_redirection() {
                response.headers_mut().insert("location", "/elsewhere".parse().expect("a header"));
            }
            return response;
        }
        let is_list =
            parts.method == Method::GET && (path.ends_with("/comments") || path.ends_with("/notes"));
        match &mut world.gate {
            Some((gate, left)) if is_list && *left > 0 => {
                *left -= 1;
                Some(Arc::clone(gate))
            }
            _ => None,
        }
    };
    let response = perform(&world, &parts.method, &path, &query, &body);
    if let Some(gate) = gate {
        gate.wait().await;
    }
    response
}

fn perform(world: &Shared, method: &Method, path: &str, query: &str, body: &Value) -> Response {
    let mut world = world.lock().expect("no test panics here");
    let text = body["body"].as_str().unwrap_or_default();
    let is_writing = matches!(*method, Method::POST | Method::PATCH | Method::PUT);
    if path == "/graphql" {
        if let Some(node) = body["variables"]["id"].as_str() {
            let id = node.trim_start_matches("IC_").parse::<u64>().expect("a node of ours");
            world.comments.get_mut(&id).expect("it is there").is_folded = true;
        }
        return json_response(StatusCode::OK, &json!({ "data": { "viewer": { "databaseId": OURS } } }));
    }
    if path == "/user" {
        return json_response(StatusCode::OK, &json!({ "id": OURS }));
    }
    if is_writing && text.chars().count() > world.limit {
        let refused =
            if world.limit > 500_000 { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY };
        return json_response(refused, &json!({ "message": "Body is too long" }));
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if let ("comments" | "notes", &Method::POST) = (last, method) {
        let id = world.say(OURS, text);
        return json_response(StatusCode::CREATED, &comment(id, &world.comments[&id]));
    }
    if matches!(last, "comments" | "notes") {
        let all = world.comments.iter().map(|(id, said)| comment(*id, said)).collect();
        return json_response(StatusCode::OK, &page(all, query));
    }
    if matches!(last, "pulls" | "merge_requests") {
        let all = world.pull_requests.iter().map(|(number, head)| pull_request(*number, head)).collect();
        return json_response(StatusCode::OK, &page(all, query));
    }
    let Ok(id) = last.parse::<u64>() else {
        return json_response(StatusCode::NOT_FOUND, &json!({}));
    };
    if path.contains("/pulls/") || (path.contains("/merge_requests/") && !path.contains("/notes/")) {
        let found = world.pull_requests.iter().find(|(number, _)| *number == id);
        return found.map_or_else(
            || json_response(StatusCode::NOT_FOUND, &json!({})),
            |(number, head)| json_response(StatusCode::OK, &pull_request(*number, head)),
        );
    }
    let Some(said) = world.comments.get_mut(&id) else {
        return json_response(StatusCode::NOT_FOUND, &json!({}));
    };
    if *method == Method::DELETE {
        world.comments.remove(&id);
        return StatusCode::NO_CONTENT.into_response();
    }
    text.clone_into(&mut said.body);
    json_response(StatusCode::OK, &comment(id, said))
}

/// A comment that somebody else forged to look like one of Servanda.
fn fake() -> String {
    marked(&["### Plan: nothing changes".to_owned()], KEY, CommentSeverity::Harmless).concat()
}

#[tokio::test]
async fn fifty_runs_leave_one_comment_and_others_are_not_touched() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        for number in 0..230 {
            let body = if number % 100 == 0 { fake() } else { format!("comment {number}") };
            fake_forge.world().say(THEIRS, &body);
        }
        let theirs = fake_forge.world().comments.clone();
        for run in 0..50 {
            let posted =
                fake_forge.post(&Sample::new(&format!("plan {}", run / 2), CommentSeverity::Harmless)).await;
            let expected = match run {
                0 => CommentOutcome::Created,
                run if run % 2 == 1 => CommentOutcome::Unchanged,
                _ => CommentOutcome::Updated,
            };
            assert_eq!(posted, expected, "{name:?} {run}");
            if run == 25 {
                fake_forge.world().say(THEIRS, &fake());
            }
        }
        let world = fake_forge.world();
        assert_eq!(world.found().len(), 1, "{name:?}");
        assert!(world.found()[0].body.starts_with("plan 24\n"), "{name:?}");
        assert_eq!(world.comments.len(), 232, "{name:?}");
        assert!(theirs.iter().all(|(id, said)| world.comments[id] == *said), "{name:?}");
        assert_eq!(world.comments.values().filter(|said| said.body == fake()).count(), 4, "{name:?}");
    }
}

#[tokio::test]
async fn of_two_jobs_that_post_at_the_same_time_one_comment_remains() {
    for name in FORGES {
        for _ in 0..10 {
            let fake_forge = Fake::serve(name).await;
            fake_forge.world().say(THEIRS, &fake());
            fake_forge.world().gate = Some((Arc::new(Barrier::new(2)), 2));
            let (one, other) = (
                Sample::new("one", CommentSeverity::Harmless),
                Sample::new("other", CommentSeverity::RedLine),
            );
            let (first, second) = tokio::join!(fake_forge.post(&one), fake_forge.post(&other));
            assert_eq!(
                (first, second),
                (CommentOutcome::Created, CommentOutcome::Created),
                "neither saw the other"
            );
            let world = fake_forge.world();
            assert_eq!(world.found().len(), 1, "{name:?}: {:?}", world.comments);
            assert_eq!(world.comments.len(), 2, "{name:?}: {:?}", world.comments);
        }
    }
}

#[tokio::test]
async fn a_more_severe_plan_is_posted_anew_and_a_less_severe_one_is_not() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        assert_eq!(
            fake_forge.post(&Sample::new("calm", CommentSeverity::Harmless)).await,
            CommentOutcome::Created
        );
        assert_eq!(
            fake_forge.post(&Sample::new("grave", CommentSeverity::RedLine)).await,
            CommentOutcome::Escalated
        );
        assert_eq!(
            fake_forge.post(&Sample::new("calm again", CommentSeverity::Harmless)).await,
            CommentOutcome::Updated
        );
        assert_eq!(
            fake_forge.post(&Sample::new("grave again", CommentSeverity::RedLine)).await,
            CommentOutcome::Escalated
        );
        let world = fake_forge.world();
        let bodies: Vec<&str> =
            world.comments.values().map(|said| said.body.lines().next().unwrap_or_default()).collect();
        assert_eq!(bodies.len(), 3);
        assert!(bodies[..2].iter().all(|body| body.starts_with("Superseded: ")), "{bodies:?}");
        assert_eq!(bodies[2], "grave again");
        let folded: Vec<bool> = world.comments.values().map(|said| said.is_folded).collect();
        let github = name == Forge::GitHub;
        assert_eq!(folded, [github, github, false], "only GitHub folds comments away");
    }
}

#[tokio::test]
async fn a_plan_that_failed_replaces_an_older_one() {
    let fake_forge = Fake::serve(Forge::GitHub).await;
    fake_forge.post(&Sample::new("grave", CommentSeverity::RedLine)).await;
    let failed = Sample { class: None, ..Sample::new("none", CommentSeverity::Harmless) };
    assert_eq!(fake_forge.post(&failed).await, CommentOutcome::Updated);
    // A severity that was reported before causes no further notification.
    assert_eq!(
        fake_forge.post(&Sample::new("grave", CommentSeverity::RedLine)).await,
        CommentOutcome::Updated
    );
    assert_eq!(fake_forge.world().comments.len(), 1);
}

#[tokio::test]
async fn a_refused_text_is_shortened_down_to_the_minimum() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        let long = |text: &str| Sample { is_long: true, ..Sample::new(text, CommentSeverity::Harmless) };
        fake_forge.post(&long("first")).await;
        for limit in [20_000, 5_000, 1_500] {
            fake_forge.world().limit = limit;
            fake_forge.post(&long(&limit.to_string())).await;
            let world = fake_forge.world();
            let length = world.found()[0].body.chars().count();
            assert!(length <= limit && length > 700, "{name:?}: {length} of {limit}");
        }
        fake_forge.world().limit = 10;
        let refused =
            post(&fake_forge.forge, NUMBER, KEY, &long("last")).await.expect_err("every text is refused");
        assert!(matches!(refused, ForgeError::Refused(_)), "{refused}");
    }
}

#[tokio::test]
async fn failures_of_the_forge_post_nothing_twice_and_show_no_token() {
    let text = Sample::new("plan", CommentSeverity::Harmless);
    let credentials = |error: &ForgeError| matches!(error, ForgeError::Credentials(_));
    let other = |error: &ForgeError| matches!(error, ForgeError::Other(_));
    for (method, status, wait, expected) in [
        (Method::GET, StatusCode::BAD_GATEWAY, Some("0"), Ok(CommentOutcome::Created)),
        (Method::GET, StatusCode::TOO_MANY_REQUESTS, Some("0"), Ok(CommentOutcome::Created)),
        (Method::GET, StatusCode::FORBIDDEN, Some("0"), Ok(CommentOutcome::Created)),
        (Method::GET, StatusCode::FORBIDDEN, None, Err(credentials as fn(&ForgeError) -> bool)),
        (Method::GET, StatusCode::UNAUTHORIZED, None, Err(credentials as fn(&ForgeError) -> bool)),
        (Method::GET, StatusCode::FOUND, None, Err(other)),
        (Method::POST, StatusCode::TOO_MANY_REQUESTS, Some("0"), Ok(CommentOutcome::Created)),
        (Method::POST, StatusCode::BAD_GATEWAY, None, Err(other)),
    ] {
        // Of GitHub the first question is posted too, and is not what is meant.
        let fake_forge = Fake::serve(Forge::Gitea).await;
        fake_forge.world().instead = vec![(method.clone(), status, wait)];
        let posted = post(&fake_forge.forge, NUMBER, KEY, &text).await;
        match (posted, expected) {
            (Ok(posted), Ok(expected)) => assert_eq!(posted, expected, "{method} {status}"),
            (Err(error), Err(expected)) => {
                assert!(expected(&error), "{method} {status}: {error}");
                assert!(error.to_string().contains(status.as_str()), "{method} {status}: {error}");
                assert!(!error.to_string().contains(TOKEN), "{error}");
            }
            (posted, expected) => panic!("{method} {status}: {posted:?} in place of {expected:?}"),
        }
        let world = fake_forge.world();
        assert!(world.comments.len() <= 1, "{method} {status}");
        assert!(world.requests.iter().all(|(_, path)| path != "/elsewhere"), "no redirect is followed");
    }
}

#[tokio::test]
async fn pull_requests_are_found_by_their_head_commit() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        fake_forge.world().pull_requests =
            (1..=120).map(|number| (number, format!("{:040x}", number / 2))).collect();
        let proposing = |head: u64| {
            let fake_forge = &fake_forge;
            async move { fake_forge.forge.with_head(&format!("{head:040x}")).await.expect("the forge answers") }
        };
        assert_eq!(proposing(55).await, [110, 111], "{name:?}: on the second page too");
        assert_eq!(proposing(99).await, Vec::<u64>::new(), "{name:?}");
        assert_eq!(fake_forge.forge.head(9).await, Ok(format!("{:040x}", 4)), "{name:?}");
        assert!(matches!(fake_forge.forge.head(500).await, Err(ForgeError::NotFound(_))), "{name:?}");
    }
}

#[test]
fn tokens_go_to_encrypted_addresses_and_repositories_lead_nowhere_else() {
    let token = SecretString::from(TOKEN);
    for (forge, api, repository, code) in [
        (Forge::GitHub, "http://api.github.com", "a/b", "forge-url-not-encrypted"),
        (Forge::GitHub, "https://user@api.github.com", "a/b", "forge-url-invalid"),
        (Forge::GitHub, "https://user:secret@api.github.com", "a/b", "forge-url-invalid"),
        (Forge::GitHub, "https://api.github.com?x=y", "a/b", "forge-url-invalid"),
        (Forge::GitHub, "api.github.com", "a/b", "forge-url-invalid"),
        (Forge::GitHub, "file:///etc/passwd", "a/b", "forge-url-not-encrypted"),
        (Forge::GitHub, "https://api.github.com", "a", "repository-invalid"),
        (Forge::GitHub, "https://api.github.com", "../b", "repository-invalid"),
        (Forge::Gitea, "https://gitea.example", "a/b/c", "repository-invalid"),
        (Forge::Gitea, "https://gitea.example", "a/b?c", "repository-invalid"),
        (Forge::Bitbucket, "https://bitbucket.example", "a/b", "forge-unsupported"),
    ] {
        let address = ForgeAddress { forge, api: api.to_owned(), repository: repository.to_owned() };
        let refused = ForgeClient::new(&address, &token).err().map(|failure| failure.code);
        assert_eq!(refused, Some(code), "{api} {repository}");
    }
}
