//! The pages of the helpdesk: what the operator and what a client sees, and the form by which a client asks.
//!
//! Reading needs no key, since everything that can reach loopback may look. A request is made by the same verb as over the
//! interface, with the same rule of the portal; its form brings a token that no page of others can read.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde_json::{Map, Value, json};
use servanda::render::sandbox_pages::{self, Manner, Refused};

use super::{operator, requester};
use crate::sandbox::error::Refusal;
use crate::sandbox::operations::{self, Call};
use crate::sandbox::seed;
use crate::sandbox::server::{Inner, Sandbox, SandboxError};

/// The employee who signs what comes through the portal.
const PORTAL: &str = "Портал";

/// The largest form that is read.
const FORM_LIMIT: usize = 64 * 1024;

/// What the pages are made with.
#[derive(Clone)]
struct Pages {
    inner: Arc<Inner>,
    manner: Arc<Manner>,
    /// What a form has to bring along. Whoever can read it was served a page.
    token: Arc<str>,
}

/// What the operator asks of the list.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) page: usize,
}

/// What a client's page is told about the request before.
#[derive(Debug, Default, serde::Deserialize)]
struct Before {
    made: Option<String>,
}

/// A request as its form has it.
#[derive(Debug, serde::Deserialize)]
struct Filled {
    token: String,
    agreement: String,
    service: String,
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    person: String,
}

/// The addresses of the pages.
pub(in crate::sandbox) fn router(sandbox: &Sandbox, manner: Manner) -> Result<Router, SandboxError> {
    let token: String =
        sandbox.0.connection().query_row("SELECT lower(hex(randomblob(24)))", [], |row| row.get(0))?;
    let pages = Pages { inner: Arc::clone(&sandbox.0), manner: Arc::new(manner), token: token.into() };
    let router = Router::new()
        .route("/", get(agreements))
        .route("/agreements/{uuid}", get(agreement))
        .route("/portal", get(clients))
        .route("/portal/{uuid}", get(portal))
        .route("/portal/{uuid}/requests", post(ask))
        .layer(axum::extract::DefaultBodyLimit::max(FORM_LIMIT))
        .layer(middleware::map_response(dress));
    Ok(router.with_state(pages))
}

/// What every answer bears: what a browser may do with it, and that it is kept nowhere.
async fn dress(mut response: Response) -> Response {
    let policy = HeaderValue::from_str(&sandbox_pages::policy());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        policy.expect("the policy is made of letters that a header may have"),
    );
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` a browser would call the origin of a form `null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn agreements(State(pages): State<Pages>, Query(asked): Query<Asked>) -> Response {
    pages
        .show(move |inner, manner| Ok(sandbox_pages::agreements(manner, &operator::list(inner, &asked)?)))
        .await
}

async fn agreement(State(pages): State<Pages>, Path(uuid): Path<String>) -> Response {
    pages
        .show(move |inner, manner| Ok(sandbox_pages::agreement(manner, &operator::sheet(inner, &uuid)?)))
        .await
}

async fn clients(State(pages): State<Pages>) -> Response {
    pages.show(|inner, manner| Ok(sandbox_pages::clients(manner, &requester::clients(inner)?))).await
}

async fn portal(
    State(pages): State<Pages>,
    Path(uuid): Path<String>,
    Query(before): Query<Before>,
) -> Response {
    let token = pages.token.to_string();
    pages
        .show(move |inner, manner| {
            let mut portal = requester::portal(inner, &uuid)?;
            portal.token = token;
            portal.made = before.made.filter(|made| made.bytes().all(|byte| byte.is_ascii_digit()));
            Ok(sandbox_pages::portal(manner, &portal))
        })
        .await
}

async fn ask(State(pages): State<Pages>, Path(uuid): Path<String>, Form(filled): Form<Filled>) -> Response {
    let back = format!("/portal/{uuid}");
    if filled.token != *pages.token {
        let reason = "Форма устарела: страница была открыта до перезапуска".to_owned();
        let refused = sandbox_pages::refused(&pages.manner, &Refused { reason, back });
        return (StatusCode::FORBIDDEN, Html(refused)).into_response();
    }
    let inner = Arc::clone(&pages.inner);
    let made = tokio::task::spawn_blocking(move || register(&inner, &uuid, &filled)).await;
    match made.unwrap_or_else(|_| Err(Refusal::invalid("Внутренняя ошибка"))) {
        Ok(number) => Redirect::to(&format!("{back}?made={number}")).into_response(),
        Err(refusal) => {
            let refused = Refused { reason: refusal.text(), back };
            (StatusCode::CONFLICT, Html(sandbox_pages::refused(&pages.manner, &refused))).into_response()
        }
    }
}

/// Makes a request by the verb of the interface, and gives its number.
fn register(inner: &Inner, unit: &str, filled: &Filled) -> Result<i64, Refusal> {
    let author = inner.prepare(|hand| seed::employee(hand, PORTAL));
    let client = if filled.person.is_empty() { unit } else { &filled.person };
    let mut body = Map::new();
    for (code, value) in [
        ("agreement", filled.agreement.as_str()),
        ("service", &filled.service),
        ("client", client),
        ("shortDescr", filled.subject.trim()),
        ("descriptionRTF", &filled.text),
    ] {
        body.insert(code.to_owned(), json!(value));
    }
    let call = Call {
        number: 0,
        target: "serviceCall$call",
        attrs: Some("number"),
        offset: 0,
        limit: None,
        body,
        author: author.map_err(|error| Refusal::invalid(error.to_string()))?,
    };
    let (_, made) = operations::create(inner, &call)?;
    Ok(made["number"].as_i64().unwrap_or_default())
}

impl Pages {
    /// Makes a page beside the threads that serve connections, since `SQLite` blocks.
    async fn show(
        self,
        make: impl FnOnce(&Inner, &Manner) -> Result<String, Refusal> + Send + 'static,
    ) -> Response {
        let (inner, manner) = (Arc::clone(&self.inner), Arc::clone(&self.manner));
        let made = tokio::task::spawn_blocking(move || make(&inner, &manner)).await;
        match made.unwrap_or_else(|_| Err(Refusal::invalid("Внутренняя ошибка"))) {
            Ok(page) => Html(page).into_response(),
            Err(refusal) => {
                let status = match refusal {
                    Refusal::Absent(_) => StatusCode::NOT_FOUND,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                let refused = Refused { reason: refusal.text(), back: "/".to_owned() };
                (status, Html(sandbox_pages::refused(&self.manner, &refused))).into_response()
            }
        }
    }
}

/// The title of a reference, or nothing.
pub(super) fn title(reference: &Value) -> Option<String> {
    reference["title"].as_str().map(str::to_owned)
}
