//! The HTTP interface: address, method, access key, and the form of responses.
//!
//! Accepts only what public material shows: JSON bodies by POST, no attributes in the address, no forbidden characters.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Deserialize;
use serde_json::{Map, Value};
use servanda::calendar::Instant;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::connection::ConnectionCutter;
use super::database;
use super::error::RequestError;
use super::faults::{RequestEnding, RequestHandling, RetryAfter, SubstituteResponse};
use super::operations;
use super::request::{ApiRequest, ApiResponse, CREATE_TOGETHER, Operation};
use super::state::SandboxState;
use super::turns::Turns;

/// The largest accepted body, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Parts of an address that the product's reverse proxy rejects.
const FORBIDDEN: &[&str] = &["%2e", ";", "%3b", "%2f", "\\", "%5c"];

const JSON: &str = "application/json;charset=UTF-8";
const PLAIN_TEXT: &str = "text/plain;charset=UTF-8";

/// The parameters of the query; attributes are not accepted there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryParameters {
    #[serde(rename = "accessKey")]
    access_key: Option<String>,
    attrs: Option<String>,
    offset: Option<u32>,
    limit: Option<u32>,
    func: Option<String>,
    params: Option<String>,
}

/// A response, unless a fault cuts the connection.
#[derive(Debug)]
struct HttpReply {
    status: u16,
    content_type: String,
    retry_after: Option<String>,
    body: String,
}

/// A request that arrived completely.
struct IncomingRequest {
    method: Method,
    uri: Uri,
    path: String,
    body: Bytes,
}

impl IncomingRequest {
    /// The operation and its target: the segments of the path. The first segment is as written.
    fn operation(&self) -> (Operation, &str, &str) {
        let path = self.path.trim_end_matches('/');
        let (segment, target) = path.split_once('/').unwrap_or((path, ""));
        (Operation::of_segment(segment), segment, target)
    }
}

/// The router of the interface.
pub(super) fn router(state: &Arc<SandboxState>) -> Router {
    Router::new().route("/sd/services/rest/{*path}", any(respond)).with_state(Arc::new(Turns::over(state)))
}

async fn respond(
    State(turns): State<Arc<Turns>>,
    ConnectInfo(cutter): ConnectInfo<ConnectionCutter>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let state = Arc::clone(&turns.state);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let incoming = IncomingRequest { method: parts.method, uri: parts.uri, path, body };
    let handling = record(&state, &incoming);
    let number = handling.number;
    tracing::debug!(number, path = incoming.path, "request received");
    if handling.delay > 0 {
        tokio::time::sleep(Duration::from_millis(handling.delay)).await;
    }
    let ending = handling.ending.clone();
    let worker = Arc::clone(&state);
    let may_write = !matches!(incoming.operation().0, Operation::Find | Operation::Get)
        || !handling.concurrent_edits.is_empty();
    let reply = with_database(&turns, may_write, move || {
        if handling.is_executed() && handling.is_doubled {
            drop(execute(&worker, &handling, &incoming));
        }
        handling.is_executed().then(|| HttpReply::new(execute(&worker, &handling, &incoming), &worker))
    })
    .await;
    let reply = reply.unwrap_or_else(|| Some(HttpReply::text(500, "Внутренняя ошибка".to_owned())));
    let reply = match ending {
        RequestEnding::Answered => reply,
        RequestEnding::Substituted(response) => Some(HttpReply::substitute(response, state.clock.second())),
        RequestEnding::Cut => {
            let length = reply.as_ref().map_or(0, |reply| reply.body.len());
            cutter.cut_body_after(length / 2);
            reply
        }
        RequestEnding::Dropped { .. } => None,
        RequestEnding::Silent { done } => {
            tracing::info!(number, done, "request left unanswered");
            wait_for_stop(&state).await;
            None
        }
    };
    let reply = reply.unwrap_or_else(|| {
        cutter.cut_now();
        HttpReply::text(500, String::new())
    });
    reply.into_response(state.clock.second())
}

/// Runs work that waits for the database: on a thread for that, since `SQLite` blocks, unless this thread serves alone.
/// `None` if the work panicked or could not be stored.
async fn with_database<T: Send + 'static>(
    turns: &Arc<Turns>,
    may_write: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => turns.take(may_write, work).await,
        _ => tokio::task::spawn_blocking(work).await.ok(),
    }
}

fn record(state: &SandboxState, incoming: &IncomingRequest) -> RequestHandling {
    let (operation, segment, target) = incoming.operation();
    let first = (segment == CREATE_TOGETHER).then(|| operations::first_class(&incoming.body));
    let target = first.as_deref().unwrap_or(target);
    let text = || format!("{}\n{}", incoming.uri, String::from_utf8_lossy(&incoming.body));
    state.request_log().record(operation, target, text)
}

/// Waits until the server shuts down.
async fn wait_for_stop(state: &SandboxState) {
    let mut stopping = state.stopping.subscribe();
    state.unanswered.send_modify(|unanswered| *unanswered += 1);
    // An error means that the sandbox was dropped, which is a stop too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// Checks address, key and method, applies the faults, and runs the operation.
fn execute(
    state: &SandboxState,
    handling: &RequestHandling,
    incoming: &IncomingRequest,
) -> Result<ApiResponse, RequestError> {
    let IncomingRequest { method, uri, body, .. } = incoming;
    let address = uri.to_string().to_ascii_lowercase();
    if FORBIDDEN.iter().any(|part| address.contains(part)) {
        return Err(RequestError::ForbiddenCharacters);
    }
    let query = Query::<QueryParameters>::try_from_uri(uri);
    let Query(query) = query.map_err(|error| RequestError::Malformed(error.to_string()))?;
    let author = author(state, query.access_key, handling.key_expired)?;
    let (operation, segment, target) = incoming.operation();
    let has_target = operation != Operation::Exec && segment != CREATE_TOGETHER;
    if !accepts(operation, method) || target.is_empty() == has_target {
        return Err(RequestError::UnknownOperation(format!("{method} {segment}")));
    }
    for edit in &handling.concurrent_edits {
        let object = edit.object.as_deref().unwrap_or(target);
        operations::hand_edit(state, object, &edit.attributes, &edit.who)?;
    }
    let request = ApiRequest {
        number: handling.number,
        target,
        attrs: query.attrs.as_deref(),
        offset: query.offset.unwrap_or(0),
        limit: query.limit,
        body: match operation {
            Operation::Find | Operation::Exec => object(body)?,
            Operation::Create if segment == CREATE_TOGETHER => handling.altered_values.clone(),
            Operation::Create | Operation::Edit => {
                let mut written = object(body)?;
                written.extend(handling.altered_values.clone());
                written
            }
            Operation::Get | Operation::Delete | Operation::Other => Map::new(),
        },
        author,
    };
    let answer = match operation {
        Operation::Find => operations::find(state, &request),
        Operation::Get => operations::get(state, &request),
        Operation::Create if segment == CREATE_TOGETHER => {
            Ok(operations::create_together(state, &request, objects(body)?))
        }
        Operation::Create => operations::create(state, &request),
        Operation::Edit => operations::edit(state, &request),
        Operation::Delete => operations::delete(state, &request),
        Operation::Exec | Operation::Other => {
            operations::exec(state, query.func.as_deref(), query.params.as_deref(), &request.body)
        }
    };
    answer.map(|(status, mut value)| {
        let first = if value.is_array() { value.get_mut(0) } else { Some(&mut value) };
        if let (Some(uuid), Some(object)) = (&handling.named, first.and_then(Value::as_object_mut)) {
            object.insert("UUID".to_owned(), Value::from(uuid.as_str()));
        }
        (status, value)
    })
}

/// Whether an operation can be called with this method.
fn accepts(operation: Operation, method: &Method) -> bool {
    match operation {
        Operation::Get => matches!(*method, Method::GET | Method::POST),
        Operation::Other => false,
        // The product deletes by GET. A web page makes a browser send a GET by the address of an image, so none writes.
        Operation::Find | Operation::Create | Operation::Edit | Operation::Delete | Operation::Exec => {
            method == Method::POST
        }
    }
}

fn author(state: &SandboxState, key: Option<String>, is_expired: bool) -> Result<i64, RequestError> {
    let key = key.filter(|key| !key.is_empty()).ok_or(RequestError::MissingKey)?;
    let employee = database::employee_of_key(&state.connection(), &key)?;
    employee.filter(|_| !is_expired).ok_or(RequestError::UnknownKey(key))
}

/// Parses the JSON object of a body; an empty body is an empty object.
fn object(body: &Bytes) -> Result<Map<String, Value>, RequestError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| RequestError::Malformed(error.to_string()))
}

/// Parses the JSON objects of a body.
fn objects(body: &Bytes) -> Result<Vec<Map<String, Value>>, RequestError> {
    serde_json::from_slice(body).map_err(|error| RequestError::Malformed(error.to_string()))
}

impl HttpReply {
    fn new(response: Result<ApiResponse, RequestError>, state: &SandboxState) -> Self {
        match response {
            Ok((status, value)) => {
                Self { status, content_type: JSON.to_owned(), retry_after: None, body: value.to_string() }
            }
            Err(error) => {
                let status = error.status(&state.wire_format.options);
                tracing::debug!(status, code = error.code(), "request refused");
                Self::text(status, error.text())
            }
        }
    }

    fn text(status: u16, body: String) -> Self {
        Self { status, content_type: PLAIN_TEXT.to_owned(), retry_after: None, body }
    }

    fn substitute(response: SubstituteResponse, now: i64) -> Self {
        let retry_after = |after| match after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => http_date(now + i64::from(seconds)),
        };
        Self {
            status: response.status,
            content_type: response.content_type.unwrap_or_else(|| PLAIN_TEXT.to_owned()),
            retry_after: response.retry_after.map(retry_after),
            body: response.body,
        }
    }

    fn into_response(self, now: i64) -> Response {
        let status = StatusCode::from_u16(self.status);
        let mut response = Response::builder()
            .status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::DATE, http_date(now));
        if let Some(after) = self.retry_after {
            response = response.header(header::RETRY_AFTER, after);
        }
        let response = response.body(Body::from(self.body));
        response.unwrap_or_else(|_| Response::new(Body::from("invalid header value in the fault script")))
    }
}

/// Formats the value of a `Date` header. It shows the sandbox's clock, not that of the machine.
fn http_date(second: i64) -> String {
    let instant = Instant::from_second(second).unwrap_or(Instant::UNIX_EPOCH);
    let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&instant);
    printed.unwrap_or_default()
}
