//! The routes of the pages, and the form of a client's service request.
//!
//! Reading needs no key: everything that can reach loopback may read the pages. A service request is created as through
//! the interface, by the rule of the portal; its form contains a token that a foreign page cannot read.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::Deserialize;
use serde_json::{Map, json};
use servanda::render::sandbox_pages::{self, ErrorPage, PageContext};

use super::operator::{self, ListParameters};
use super::requester;
use crate::sandbox::error::{RequestError, SandboxError};
use crate::sandbox::operations;
use crate::sandbox::request::ApiRequest;
use crate::sandbox::state::SandboxState;

/// The employee who is the author of service requests from the portal.
const PORTAL: &str = "Портал";

/// The largest accepted form, in bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// The state of the pages.
#[derive(Clone)]
struct PagesState {
    state: Arc<SandboxState>,
    context: Arc<PageContext>,
    /// The token of every form. Only a page that this server sent contains it.
    token: Arc<str>,
}

/// The query of a client's page.
#[derive(Debug, Default, Deserialize)]
struct PortalParameters {
    /// The number of the service request that was just created.
    made: Option<String>,
}

/// The fields of a service request's form.
#[derive(Debug, Deserialize)]
struct RequestForm {
    token: String,
    agreement: String,
    service: String,
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    person: String,
}

/// The router of the pages.
pub(in crate::sandbox) fn router(
    state: &Arc<SandboxState>,
    context: PageContext,
) -> Result<Router, SandboxError> {
    let token: String =
        state.connection().query_row("SELECT lower(hex(randomblob(24)))", [], |row| row.get(0))?;
    let pages = PagesState { state: Arc::clone(state), context: Arc::new(context), token: token.into() };
    let router = Router::new()
        .route("/", get(agreements))
        .route("/agreements/{uuid}", get(agreement))
        .route("/portal", get(clients))
        .route("/portal/{uuid}", get(portal))
        .route("/portal/{uuid}/requests", post(create_request))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(middleware::map_response(add_security_headers));
    Ok(router.with_state(pages))
}

/// Adds the headers that limit what a browser does with a page, and that forbid caching it.
async fn add_security_headers(mut response: Response) -> Response {
    let policy = HeaderValue::from_str(&sandbox_pages::content_security_policy());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.expect("the policy is a valid header value"));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer`, a browser would send `Origin: null` with a form.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn agreements(State(pages): State<PagesState>, Query(parameters): Query<ListParameters>) -> Response {
    pages
        .show(move |state, context| {
            Ok(sandbox_pages::agreements(context, &operator::agreements(state, &parameters)?))
        })
        .await
}

async fn agreement(State(pages): State<PagesState>, Path(uuid): Path<String>) -> Response {
    pages
        .show(move |state, context| {
            Ok(sandbox_pages::agreement(context, &operator::agreement(state, &uuid)?))
        })
        .await
}

async fn clients(State(pages): State<PagesState>) -> Response {
    pages.show(|state, context| Ok(sandbox_pages::clients(context, &requester::clients(state)?))).await
}

async fn portal(
    State(pages): State<PagesState>,
    Path(uuid): Path<String>,
    Query(parameters): Query<PortalParameters>,
) -> Response {
    let token = pages.token.to_string();
    pages
        .show(move |state, context| {
            let mut portal = requester::portal(state, &uuid)?;
            portal.token = token;
            portal.made = parameters.made.filter(|made| made.bytes().all(|byte| byte.is_ascii_digit()));
            Ok(sandbox_pages::portal(context, &portal))
        })
        .await
}

async fn create_request(
    State(pages): State<PagesState>,
    Path(uuid): Path<String>,
    Form(form): Form<RequestForm>,
) -> Response {
    let back = format!("/portal/{uuid}");
    if form.token != *pages.token {
        return error_page(&pages.context, StatusCode::FORBIDDEN, None, back);
    }
    let state = Arc::clone(&pages.state);
    let created = tokio::task::spawn_blocking(move || register(&state, &uuid, &form)).await;
    match created.unwrap_or_else(|_| Err(internal_error())) {
        Ok(number) => Redirect::to(&format!("{back}?made={number}")).into_response(),
        Err(error) => error_page(&pages.context, StatusCode::CONFLICT, Some(error.text()), back),
    }
}

/// Creates a service request as through the interface, and returns its number.
fn register(state: &SandboxState, unit: &str, form: &RequestForm) -> Result<i64, RequestError> {
    let author = operations::person(state, PORTAL)?;
    let client = if form.person.is_empty() { unit } else { &form.person };
    let mut body = Map::new();
    for (code, value) in [
        ("agreement", form.agreement.as_str()),
        ("service", &form.service),
        ("client", client),
        ("shortDescr", form.subject.trim()),
        ("descriptionRTF", &form.text),
    ] {
        body.insert(code.to_owned(), json!(value));
    }
    let request = ApiRequest {
        number: 0,
        target: "serviceCall$call",
        attrs: Some("number"),
        offset: 0,
        limit: None,
        body,
        author,
    };
    let (_, created) = operations::create(state, &request)?;
    Ok(created["number"].as_i64().unwrap_or_default())
}

impl PagesState {
    /// Renders a page on a thread for blocking work, since `SQLite` blocks.
    async fn show(
        self,
        render: impl FnOnce(&SandboxState, &PageContext) -> Result<String, RequestError> + Send + 'static,
    ) -> Response {
        let (state, context) = (Arc::clone(&self.state), Arc::clone(&self.context));
        let page = tokio::task::spawn_blocking(move || render(&state, &context)).await;
        match page.unwrap_or_else(|_| Err(internal_error())) {
            Ok(page) => Html(page).into_response(),
            Err(error) => {
                let status = match error {
                    RequestError::NotFound(_) => StatusCode::NOT_FOUND,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                error_page(&self.context, status, Some(error.text()), "/".to_owned())
            }
        }
    }
}

fn error_page(context: &PageContext, status: StatusCode, reason: Option<String>, back: String) -> Response {
    let page = sandbox_pages::error(context, &ErrorPage { reason, back });
    (status, Html(page)).into_response()
}

fn internal_error() -> RequestError {
    RequestError::invalid("Внутренняя ошибка")
}
