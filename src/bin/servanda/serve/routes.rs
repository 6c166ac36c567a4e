//! The read-only routes. Each answer comes from one workspace, and its headers tell which.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, middleware};
use serde::Serialize;
use serde_json::{Value, json};
use servanda::calendar::{Instant, InvalidValue, Pauses, read_instant};
use servanda::entitlement::EntitlementAnswer;
use servanda::entitlement::query::{ServiceQuery, parse_pause, parse_recipient};
use servanda::render;
use servanda::render::report::ServedState;

use super::host_guard;
use super::metrics::AnswerResult;
use super::pages::{PageInput, RenderedPage, off_the_threads};
use super::state::{CurrentWorkspace, ServerState};

/// The largest number of pauses in one request.
const PAUSE_LIMIT: usize = 100;

/// The header with the digest of the files behind an answer.
const WORKSPACE: HeaderName = HeaderName::from_static("servanda-workspace");

/// The header with the time since which newer files are rejected; absent if they are not.
const STALE_SINCE: HeaderName = HeaderName::from_static("servanda-stale-since");

type RawQuery = Query<Vec<(String, String)>>;

/// The router over the server's state.
pub(super) fn router(state: Arc<ServerState>) -> Router {
    let base = state.base_path();
    let below = |path: &str| format!("{base}{path}");
    let mut routes = Router::new()
        .route(&below("/"), get(report_page))
        .route(&below("/clients/{slug}"), get(client_page))
        .route(&below("/v1/entitlement"), get(entitlement))
        .route(&below("/v1/services"), get(services))
        .route(&below("/healthz"), get(health))
        .route(&below("/metrics"), get(metrics))
        .route(&below("/openapi.json"), get(async || axum::Json(render::openapi::document())));
    if state.plan.is_some() {
        routes = routes.route(&below("/plan"), get(plan_page));
    }
    if !base.is_empty() {
        // The links of the report are relative to its folder.
        let to = below("/");
        routes = routes.route(base, get(async move || Redirect::temporary(&to)));
    }
    routes.layer(middleware::from_fn_with_state(Arc::clone(&state), host_guard::guard)).with_state(state)
}

/// An invalid request: the status, a stable code, and the error.
struct QueryError {
    status: StatusCode,
    code: &'static str,
    error: InvalidValue,
}

impl QueryError {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let error = InvalidValue { message: message.into(), help: help.into() };
        Self { status: StatusCode::BAD_REQUEST, code, error }
    }

    fn invalid(error: InvalidValue) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "value-invalid", error }
    }

    fn unknown_name(error: InvalidValue) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "name-unknown", error }
    }
}

/// The parameters of a request. Only `pause` may be given more than once.
struct ServiceParameters<'a>(&'a [(String, String)]);

impl<'a> ServiceParameters<'a> {
    fn parse(parameters: &'a [(String, String)], known: &[&str]) -> Result<Self, QueryError> {
        for (index, (name, _)) in parameters.iter().enumerate() {
            let is_repeated = parameters[..index].iter().any(|(other, _)| other == name);
            if !known.contains(&name.as_str()) {
                return Err(QueryError::new(
                    "parameter-unknown",
                    format!("unknown parameter `{name}`"),
                    format!("use {}", known.join(", ")),
                ));
            }
            if is_repeated && name != "pause" {
                return Err(QueryError::new(
                    "parameter-repeated",
                    format!("`{name}` is given more than once"),
                    "give it once",
                ));
            }
        }
        Ok(Self(parameters))
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&'a str, QueryError> {
        self.value(name).ok_or_else(|| {
            QueryError::new(
                "parameter-missing",
                format!("`{name}` is missing"),
                "add it; GET /openapi.json describes all parameters",
            )
        })
    }

    fn at(&self, now: Instant) -> Result<Instant, QueryError> {
        self.value("at").map_or(Ok(now), |text| read_instant(text).map_err(QueryError::invalid))
    }

    fn pauses(&self) -> Result<Pauses, QueryError> {
        let texts = self.0.iter().filter(|(name, _)| name == "pause");
        let count = texts.clone().count();
        if count > PAUSE_LIMIT {
            return Err(QueryError::new(
                "pauses-too-many",
                format!("{count} pauses are too many"),
                format!("send at most {PAUSE_LIMIT}"),
            ));
        }
        let pauses: Result<Vec<_>, InvalidValue> = texts.map(|(_, text)| parse_pause(text)).collect();
        pauses.map(Pauses::new).map_err(QueryError::invalid)
    }
}

async fn entitlement(State(state): State<Arc<ServerState>>, Query(query): RawQuery) -> Response {
    answer(&state, |current| {
        let known = ["client", "service", "priority", "at", "pause"];
        let parameters = ServiceParameters::parse(&query, &known)?;
        let register = &current.workspace.register;
        let (at, pauses) = (parameters.at(state.now())?, parameters.pauses()?);
        let client = parameters.required("client")?;
        let service = parameters.required("service")?;
        let priority = parameters.required("priority")?;
        let query =
            ServiceQuery::parse(register, client, service, priority).map_err(QueryError::unknown_name)?;
        let question = query.question(at, &pauses);
        let answer = register.answer(&question);
        let result = match answer {
            EntitlementAnswer::Entitled(_) => AnswerResult::Entitled,
            EntitlementAnswer::NotEntitled(_) => AnswerResult::NotEntitled,
            EntitlementAnswer::Ambiguous(_) => AnswerResult::Ambiguous,
        };
        Ok((result, to_json(&render::entitlement::envelope(&question, &answer))))
    })
}

async fn services(State(state): State<Arc<ServerState>>, Query(query): RawQuery) -> Response {
    answer(&state, |current| {
        let parameters = ServiceParameters::parse(&query, &["client", "at"])?;
        let register = &current.workspace.register;
        let at = parameters.at(state.now())?;
        let client = parameters.required("client")?;
        let recipient = parse_recipient(register, client).map_err(QueryError::unknown_name)?;
        let offer = render::entitlement::offer(register, &recipient, at);
        Ok((AnswerResult::Listed, to_json(&offer)))
    })
}

async fn health(State(state): State<Arc<ServerState>>) -> Response {
    let current = state.current();
    let workspace = &current.workspace;
    let rejected = current.rejected.as_ref();
    let body = json!({
        "status": if rejected.is_some() { "stale" } else { "ok" },
        "workspace": workspace.digest,
        "commit": workspace.commit,
        "since": workspace.since.to_string(),
        "agreements": workspace.register.agreements().len(),
        "stale_since": rejected.map(|rejected| rejected.since.to_string()),
        "refused": rejected.map(|rejected| rejected.reason.as_str()),
        "zone_data": servanda::calendar::ZONE_DATA,
    });
    respond(StatusCode::OK, &current, to_json(&body))
}

async fn metrics(State(state): State<Arc<ServerState>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let CurrentWorkspace { workspace, rejected } = state.current();
    let page = state.metrics.format(rejected.is_some(), workspace.register.agreements().len());
    (content_type, page).into_response()
}

/// The report. While it is made, other requests are answered.
async fn report_page(State(state): State<Arc<ServerState>>, request: HeaderMap) -> Response {
    page(state, move |state| {
        let (current, now) = (state.current(), state.now());
        let page =
            state.pages.report.get(&version(&current), now, || Ok(input(state, &current, now).report()));
        kept(page, &request)
    })
    .await
}

async fn client_page(
    State(state): State<Arc<ServerState>>,
    Path(slug): Path<String>,
    request: HeaderMap,
) -> Response {
    page(state, move |state| {
        let (current, now) = (state.current(), state.now());
        let page = input(state, &current, now).client(&slug);
        page.map_or_else(
            || no_page(StatusCode::NOT_FOUND, "no client of the catalog has this slug\n"),
            |page| page.respond(&request),
        )
    })
    .await
}

async fn plan_page(State(state): State<Arc<ServerState>>, request: HeaderMap) -> Response {
    page(state, move |state| {
        let (current, now) = (state.current(), state.now());
        let page = state.pages.plan.get(&version(&current), now, || {
            let plan = state.plan.as_ref().expect("the route exists only with a plan");
            plan(current.workspace.whole(), now).map(RenderedPage::plan)
        });
        kept(page, &request)
    })
    .await
}

/// Makes a page on another thread, of which only few do so at a time.
async fn page(
    state: Arc<ServerState>,
    make: impl FnOnce(&ServerState) -> Response + Send + 'static,
) -> Response {
    // The thread has the permit, because it goes on when the request is given up.
    let permit = Arc::clone(&state.making).acquire_owned().await;
    let made = off_the_threads(move || {
        let response = make(&state);
        drop(permit);
        response
    });
    let made = made.await;
    made.unwrap_or_else(|| no_page(StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made\n"))
}

/// The response with a page, if it could be made.
fn kept(page: Option<RenderedPage>, request: &HeaderMap) -> Response {
    page.map_or_else(
        || {
            let text = "the page cannot be made; the log of the server says why\n";
            no_page(StatusCode::SERVICE_UNAVAILABLE, text)
        },
        |page| page.respond(request),
    )
}

/// A response instead of a page, as plain text that no proxy keeps.
fn no_page(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

fn input<'a>(state: &ServerState, current: &'a CurrentWorkspace, now: Instant) -> PageInput<'a> {
    let workspace = &current.workspace;
    let rejected = current.rejected.as_ref();
    PageInput {
        register: &workspace.register,
        rest: &workspace.rest,
        facts: &workspace.facts,
        served: ServedState {
            has_plan: state.plan.is_some(),
            rejected: rejected.map(|rejected| (rejected.since, rejected.reason.as_str())),
        },
        now,
    }
}

/// Identifies the workspace and whether newer files are rejected.
fn version(current: &CurrentWorkspace) -> String {
    let rejected = current.rejected.as_ref().map(|rejected| rejected.reason.as_str());
    format!("{} {}", current.workspace.digest, rejected.unwrap_or_default())
}

/// Answers from the current workspace, which is taken only once, and counts the result.
fn answer(
    state: &ServerState,
    answer: impl FnOnce(&CurrentWorkspace) -> Result<(AnswerResult, Vec<u8>), QueryError>,
) -> Response {
    let start = tokio::time::Instant::now();
    let current = state.current();
    let (result, status, body) = match answer(&current) {
        Ok((result, body)) => (result, StatusCode::OK, body),
        Err(QueryError { status, code, error }) => {
            let body: Value = json!({ "code": code, "error": error.message, "help": error.help });
            (AnswerResult::Refused, status, to_json(&body))
        }
    };
    state.metrics.count_answer(result, start.elapsed());
    respond(status, &current, body)
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("an answer can always be written as JSON")
}

fn respond(status: StatusCode, current: &CurrentWorkspace, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"));
    headers.insert(WORKSPACE, value(&current.workspace.digest));
    if let Some(rejected) = &current.rejected {
        headers.insert(STALE_SINCE, value(&rejected.since.to_string()));
    }
    (status, headers, body).into_response()
}
