//! The routes: read-only, each answered from one workspace and told which that was.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use servanda::calendar::{Instant, InvalidValue, Pauses, read_instant};
use servanda::entitlement::EntitlementAnswer;
use servanda::entitlement::query::{ServiceQuery, parse_pause, parse_recipient};
use servanda::render;

use super::metrics::Outcome;
use super::state::{ServerState, Standing};

/// More pauses than these are no question.
const PAUSES_LIMIT: usize = 100;
/// The digest of the files that an answer is made from.
const ESTATE: HeaderName = HeaderName::from_static("servanda-workspace");
/// Since when newer files are refused; only there where they are.
const STALE: HeaderName = HeaderName::from_static("servanda-stale-since");

type Parameters = Query<Vec<(String, String)>>;

/// The routes over a desk.
pub(super) fn router(desk: Arc<ServerState>) -> Router {
    Router::new()
        .route("/v1/entitlement", get(entitlement))
        .route("/v1/services", get(services))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(async || axum::Json(render::openapi::document())))
        .with_state(desk)
}

/// Why a question gets no answer.
struct Refusal(StatusCode, InvalidValue);

impl Refusal {
    fn bad(misread: InvalidValue) -> Self {
        Self(StatusCode::BAD_REQUEST, misread)
    }

    fn unknown(misread: InvalidValue) -> Self {
        Self(StatusCode::NOT_FOUND, misread)
    }
}

/// What a request names, each at most once but for pauses.
struct Asked<'a>(&'a [(String, String)]);

impl<'a> Asked<'a> {
    fn of(parameters: &'a [(String, String)], known: &[&str]) -> Result<Self, Refusal> {
        for (index, (name, _)) in parameters.iter().enumerate() {
            let again = parameters[..index].iter().any(|(other, _)| other == name);
            if !known.contains(&name.as_str()) {
                return Err(bad(
                    format!("nobody knows the parameter `{name}`"),
                    format!("there are {}", known.join(", ")),
                ));
            }
            if again && name != "pause" {
                return Err(bad(format!("`{name}` stands twice"), "name it once"));
            }
        }
        Ok(Self(parameters))
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn needed(&self, name: &str) -> Result<&'a str, Refusal> {
        self.value(name)
            .ok_or_else(|| bad(format!("`{name}` is missing"), "GET /openapi.json has what to send"))
    }

    fn at(&self, now: Instant) -> Result<Instant, Refusal> {
        self.value("at").map_or(Ok(now), |text| read_instant(text).map_err(Refusal::bad))
    }

    fn pauses(&self) -> Result<Pauses, Refusal> {
        let texts = self.0.iter().filter(|(name, _)| name == "pause");
        if texts.clone().count() > PAUSES_LIMIT {
            return Err(bad("there are too many pauses", format!("send at most {PAUSES_LIMIT}")));
        }
        let stretches: Result<Vec<_>, InvalidValue> = texts.map(|(_, text)| parse_pause(text)).collect();
        stretches.map(Pauses::new).map_err(Refusal::bad)
    }
}

fn bad(message: impl Into<String>, help: impl Into<String>) -> Refusal {
    Refusal::bad(InvalidValue { message: message.into(), help: help.into() })
}

async fn entitlement(State(desk): State<Arc<ServerState>>, Query(parameters): Parameters) -> Response {
    answered(&desk, |standing| {
        let asked = Asked::of(&parameters, &["client", "service", "priority", "at", "pause"])?;
        let register = &standing.served.register;
        let (at, pauses) = (asked.at(desk.now())?, asked.pauses()?);
        let (client, service, priority) =
            (asked.needed("client")?, asked.needed("service")?, asked.needed("priority")?);
        let query = ServiceQuery::parse(register, client, service, priority).map_err(Refusal::unknown)?;
        let question = query.question(at, &pauses);
        let answer = register.answer(&question);
        let outcome = match answer {
            EntitlementAnswer::Entitled(_) => Outcome::Entitled,
            EntitlementAnswer::NotEntitled(_) => Outcome::NotEntitled,
            EntitlementAnswer::Ambiguous(_) => Outcome::Ambiguous,
        };
        Ok((outcome, json_of(&render::entitlement::envelope(&question, &answer))))
    })
}

async fn services(State(desk): State<Arc<ServerState>>, Query(parameters): Parameters) -> Response {
    answered(&desk, |standing| {
        let asked = Asked::of(&parameters, &["client", "at"])?;
        let register = &standing.served.register;
        let at = asked.at(desk.now())?;
        let recipient = parse_recipient(register, asked.needed("client")?).map_err(Refusal::unknown)?;
        let offer = render::entitlement::offer(register, &recipient, at);
        Ok((Outcome::Listed, json_of(&offer)))
    })
}

async fn health(State(desk): State<Arc<ServerState>>) -> Response {
    let standing = desk.standing();
    let served = &standing.served;
    let refused = standing.refused.as_ref();
    let body = json!({
        "status": if refused.is_some() { "stale" } else { "ok" },
        "workspace": served.digest,
        "commit": served.commit,
        "since": served.since.to_string(),
        "agreements": served.register.agreements().len(),
        "stale_since": refused.map(|refused| refused.since.to_string()),
        "refused": refused.map(|refused| refused.why.as_str()),
        "zone_data": servanda::calendar::ZONE_DATA,
    });
    respond(StatusCode::OK, &standing, json_of(&body))
}

async fn metrics(State(desk): State<Arc<ServerState>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, desk.metrics.page(&desk.standing())).into_response()
}

/// Takes the workspace once, so that one answer is never made of two, and counts what it was.
fn answered(
    desk: &ServerState,
    answer: impl FnOnce(&Standing) -> Result<(Outcome, Vec<u8>), Refusal>,
) -> Response {
    let begun = tokio::time::Instant::now();
    let standing = desk.standing();
    let (outcome, status, body) = match answer(&standing) {
        Ok((outcome, body)) => (outcome, StatusCode::OK, body),
        Err(Refusal(status, misread)) => {
            let body: Value = json!({ "error": misread.message, "help": misread.help });
            (Outcome::Refused, status, json_of(&body))
        }
    };
    desk.metrics.answered(outcome, begun.elapsed());
    respond(status, &standing, body)
}

fn json_of(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("an answer is plain JSON")
}

fn respond(status: StatusCode, standing: &Standing, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"));
    headers.insert(ESTATE, value(&standing.served.digest));
    if let Some(refused) = &standing.refused {
        headers.insert(STALE, value(&refused.since.to_string()));
    }
    (status, headers, body).into_response()
}
