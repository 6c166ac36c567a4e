//! HTTP in front of the verbs: address, method, access key, the form of answers and their `Date`.
//!
//! Strict to what is proven: JSON bodies by POST, no attributes in the address, no forbidden characters.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value};
use servanda::calendar::Instant;

use super::connection::Scissors;
use super::database;
use super::error::Refusal;
use super::faults::{Course, Ending, Instead, RetryAfter};
use super::operations::{self, Call};
use super::request_log::Verb;
use super::server::{Inner, Sandbox};

/// The largest body that is read.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What the product's front door turns away, wherever it stands in an address.
const FORBIDDEN: &[&str] = &["%2e", ";", "%3b", "%2f", "\\", "%5c"];

/// The reserved names of the query; no attribute travels there.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(rename = "accessKey")]
    access_key: Option<String>,
    attrs: Option<String>,
    offset: Option<u32>,
    limit: Option<u32>,
    func: Option<String>,
    params: Option<String>,
}

/// What goes back, unless the connection is cut.
#[derive(Debug)]
struct Reply {
    status: u16,
    kind: String,
    retry_after: Option<String>,
    body: String,
}

/// A request that has arrived whole.
struct Arrived {
    method: Method,
    uri: Uri,
    path: String,
    body: Bytes,
}

/// The addresses of the interface.
pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new().route("/sd/services/rest/{*path}", any(answer)).with_state(sandbox)
}

async fn answer(
    State(sandbox): State<Sandbox>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let inner = sandbox.0;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let arrived = Arrived { method: parts.method, uri: parts.uri, path, body };
    let course = enter(&inner, &arrived);
    let number = course.number;
    tracing::debug!(number, path = arrived.path, "a request came");
    if course.delay > 0 {
        tokio::time::sleep(Duration::from_millis(course.delay)).await;
    }
    let ending = course.ending.clone();
    let worker = Arc::clone(&inner);
    // SQLite blocks, so it works beside the threads that serve connections.
    let replied = tokio::task::spawn_blocking(move || {
        course.works().then(|| Reply::from(carry_out(&worker, &course, &arrived), &worker))
    });
    let broken = |_| Some(Reply::text(500, "Внутренняя ошибка".to_owned()));
    let reply = replied.await.unwrap_or_else(broken);
    let reply = match ending {
        Ending::Instead(instead) => Some(Reply::instead(instead, inner.clock.second())),
        Ending::Silent { done } => {
            tracing::info!(number, done, "left without an answer");
            silence(&inner).await;
            None
        }
        Ending::Dropped { .. } => None,
        Ending::Cut => {
            let whole = reply.as_ref().map_or(0, |reply| reply.body.len());
            scissors.cut_body_after(whole / 2);
            reply
        }
        Ending::Answered => reply,
    };
    let reply = reply.unwrap_or_else(|| {
        scissors.cut_now();
        Reply::text(500, String::new())
    });
    reply.respond(inner.clock.second())
}

fn enter(inner: &Inner, arrived: &Arrived) -> Course {
    let (name, target) = split(&arrived.path);
    let body = String::from_utf8_lossy(&arrived.body);
    let text = format!("{}\n{body}", arrived.uri);
    inner.desk().enter(verb_of(name), target, &text)
}

/// Waits until the helpdesk is told to stop.
async fn silence(inner: &Inner) {
    let mut closing = inner.closing.subscribe();
    inner.silences.send_modify(|silences| *silences += 1);
    // An error means that the helpdesk itself is gone, which is an end as well.
    drop(closing.wait_for(|closing| *closing).await);
}

fn split(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

fn verb_of(name: &str) -> Verb {
    match name {
        "find" => Verb::Find,
        "get" => Verb::Get,
        "create-m2m" => Verb::Create,
        "edit-m2m" => Verb::Edit,
        "delete" => Verb::Delete,
        "exec-post" => Verb::Exec,
        _ => Verb::Other,
    }
}

fn carry_out(inner: &Inner, course: &Course, arrived: &Arrived) -> Result<operations::Answer, Refusal> {
    let Arrived { method, uri, path, body } = arrived;
    let written = uri.to_string().to_ascii_lowercase();
    if FORBIDDEN.iter().any(|part| written.contains(part)) {
        return Err(Refusal::ForbiddenCharacters);
    }
    let asked = Query::<Asked>::try_from_uri(uri).map_err(|error| Refusal::Unreadable(error.to_string()))?.0;
    let author = author(inner, asked.access_key, course.key_expired)?;
    let (name, target) = split(path);
    let verb = verb_of(name);
    let spoken = match verb {
        Verb::Get => matches!(*method, Method::GET | Method::POST),
        Verb::Delete => method == Method::GET,
        Verb::Other => false,
        Verb::Find | Verb::Create | Verb::Edit | Verb::Exec => method == Method::POST,
    };
    if !spoken || (target.is_empty() != (verb == Verb::Exec)) {
        return Err(Refusal::NoVerb(format!("{method} {name}")));
    }
    for edit in &course.meanwhile {
        let object = edit.object.as_deref().unwrap_or(target);
        inner.hand_edit(object, &edit.attributes, &edit.who)?;
    }
    let call = Call {
        number: course.number,
        target,
        attrs: asked.attrs.as_deref(),
        offset: asked.offset.unwrap_or(0),
        limit: asked.limit,
        body: match verb {
            Verb::Find | Verb::Exec => object(body)?,
            Verb::Create | Verb::Edit => {
                let mut written = object(body)?;
                written.extend(course.alter.clone());
                written
            }
            _ => Map::new(),
        },
        author,
    };
    match verb {
        Verb::Find => operations::find(inner, &call),
        Verb::Get => operations::get(inner, &call),
        Verb::Create => operations::create(inner, &call),
        Verb::Edit => operations::edit(inner, &call),
        Verb::Delete => operations::delete(inner, &call),
        Verb::Exec | Verb::Other => {
            operations::exec(inner, asked.func.as_deref(), asked.params.as_deref(), &call.body)
        }
    }
}

fn author(inner: &Inner, key: Option<String>, expired: bool) -> Result<i64, Refusal> {
    let key = key.filter(|key| !key.is_empty()).ok_or(Refusal::NoKey)?;
    let holder = database::key_holder(&inner.connection(), &key)?;
    holder.filter(|_| !expired).ok_or(Refusal::UnknownKey(key))
}

/// The JSON object of a body; an empty body is an empty object.
fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(error.to_string()))
}

impl Reply {
    fn from(answer: Result<operations::Answer, Refusal>, inner: &Inner) -> Self {
        match answer {
            Ok((status, value)) => Self {
                status,
                kind: "application/json;charset=UTF-8".to_owned(),
                retry_after: None,
                body: value.to_string(),
            },
            Err(refusal) => Self::text(refusal.status(&inner.dialect.options), refusal.text()),
        }
    }

    fn text(status: u16, body: String) -> Self {
        Self { status, kind: "text/plain;charset=UTF-8".to_owned(), retry_after: None, body }
    }

    fn instead(instead: Instead, now: i64) -> Self {
        let later = |after| match after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => date(now + i64::from(seconds)),
        };
        let plain = || "text/plain;charset=UTF-8".to_owned();
        Self {
            status: instead.status,
            kind: instead.content_type.unwrap_or_else(plain),
            retry_after: instead.retry_after.map(later),
            body: instead.body,
        }
    }

    fn respond(self, now: i64) -> Response {
        let status = StatusCode::from_u16(self.status);
        let mut response = Response::builder()
            .status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header(header::CONTENT_TYPE, self.kind)
            .header(header::DATE, date(now));
        if let Some(after) = self.retry_after {
            response = response.header(header::RETRY_AFTER, after);
        }
        let response = response.body(Body::from(self.body));
        response.unwrap_or_else(|_| Response::new(Body::from("a header of the script is no header")))
    }
}

/// The time of the `Date` header, which is the helpdesk's own and not the machine's.
fn date(second: i64) -> String {
    let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
    let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&instant);
    printed.unwrap_or_default()
}
