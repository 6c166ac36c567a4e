//! HTTP in front of the verbs: address, method, access key, the form of answers and their `Date`.
//!
//! Strict to what is proven: JSON bodies by POST, no attributes in the address, no forbidden characters.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value};
use servanda::calendar::Instant;

use super::desk::Verb;
use super::refusal::Refusal;
use super::verbs::{self, Call};
use super::{Inner, Sandbox, database};

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

/// A status and a body.
#[derive(Debug)]
struct Reply {
    status: u16,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Json(Value),
    Text(String),
}

/// The addresses of the interface.
pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/sd/services/rest/{*path}", any(answer))
        .with_state(sandbox)
}

async fn answer(
    State(sandbox): State<Sandbox>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let inner = sandbox.0;
    let (verb, _) = split(&path);
    let number = inner.desk().enter(verb_of(verb));
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let worker = Arc::clone(&inner);
    // SQLite blocks, so it works beside the threads that serve connections.
    let replied = tokio::task::spawn_blocking(move || {
        reply(&worker, number, &parts.method, &parts.uri, &path, &body)
    });
    let reply = replied.await.unwrap_or_else(|_| Reply {
        status: 500,
        content: Content::Text("Внутренняя ошибка".to_owned()),
    });
    respond(&inner, reply)
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

fn reply(
    inner: &Inner,
    number: u64,
    method: &Method,
    uri: &Uri,
    path: &str,
    body: &Bytes,
) -> Reply {
    match carry_out(inner, number, method, uri, path, body) {
        Ok((status, value)) => Reply {
            status,
            content: Content::Json(value),
        },
        Err(refusal) => Reply {
            status: refusal.status(&inner.dialect.knobs),
            content: Content::Text(refusal.text()),
        },
    }
}

fn carry_out(
    inner: &Inner,
    number: u64,
    method: &Method,
    uri: &Uri,
    path: &str,
    body: &Bytes,
) -> Result<verbs::Answer, Refusal> {
    let written = uri.to_string().to_ascii_lowercase();
    if FORBIDDEN.iter().any(|part| written.contains(part)) {
        return Err(Refusal::ForbiddenCharacters);
    }
    let asked = Query::<Asked>::try_from_uri(uri)
        .map_err(|error| Refusal::Unreadable(error.to_string()))?
        .0;
    let author = author(inner, asked.access_key)?;
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
    let call = Call {
        number,
        target,
        attrs: asked.attrs.as_deref(),
        offset: asked.offset.unwrap_or(0),
        limit: asked.limit,
        body: match verb {
            Verb::Find | Verb::Create | Verb::Edit => object(body)?,
            _ => Map::new(),
        },
        author,
    };
    match verb {
        Verb::Find => verbs::find(inner, &call),
        Verb::Get => verbs::get(inner, &call),
        Verb::Create => verbs::create(inner, &call),
        Verb::Edit => verbs::edit(inner, &call),
        Verb::Delete => verbs::delete(inner, &call),
        Verb::Exec | Verb::Other => {
            Err(verbs::exec(asked.func.as_deref(), asked.params.as_deref()))
        }
    }
}

fn author(inner: &Inner, key: Option<String>) -> Result<i64, Refusal> {
    let key = key.filter(|key| !key.is_empty()).ok_or(Refusal::NoKey)?;
    let holder = database::key_holder(&inner.connection(), &key)?;
    holder.ok_or(Refusal::UnknownKey(key))
}

/// The JSON object of a body; an empty body is an empty object.
fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(error.to_string()))
}

fn respond(inner: &Inner, reply: Reply) -> Response {
    let (kind, text) = match reply.content {
        Content::Json(value) => ("application/json;charset=UTF-8", value.to_string()),
        Content::Text(text) => ("text/plain;charset=UTF-8", text),
    };
    Response::builder()
        .status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header(header::CONTENT_TYPE, kind)
        .header(header::DATE, date(inner.clock.second()))
        .body(Body::from(text))
        .expect("the status and the headers are well formed")
}

/// The time of the `Date` header, which is the helpdesk's own and not the machine's.
pub(crate) fn date(second: i64) -> String {
    let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
    let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&instant);
    printed.unwrap_or_default()
}
