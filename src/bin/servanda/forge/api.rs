//! Sends requests to a forge, under the same rules as to a helpdesk: no redirect is followed, errors contain
//! neither address nor token, and a request is retried only if that cannot post a comment twice.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::is_this_machine;

use super::dialect::ApiRequest;
use super::error::ForgeError;
use crate::http::body::{Body, error_text};
use crate::http::client::plain_client;
use crate::http::redact::{self, Redactor};
use crate::http::transport::FIRST_BACKOFF;
use crate::process::failure::{Exit, Failure};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest number of tries of one request.
const TRIES: u32 = 4;
/// The upper limit of a wait that a forge asks for.
const RETRY_AFTER_LIMIT: Duration = Duration::from_mins(1);
/// The largest response body that is read, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The API of a forge.
pub(crate) struct Api {
    client: reqwest::Client,
    header: (&'static str, SecretString),
    redactor: Redactor,
}

/// Checks the URL of a forge's API, which must be encrypted unless it is on this machine.
pub(crate) fn safe_base(address: &str) -> Result<String, Failure> {
    let refused = |code, what: &str| {
        Failure::new(Exit::Failure, code, format!("the URL of the forge's API {what}"))
            .help("write it as https://api.github.com")
    };
    let parsed = reqwest::Url::parse(address).map_err(|_| refused("forge-url-invalid", "is invalid"))?;
    let is_safe = parsed.scheme() == "https"
        || (parsed.scheme() == "http" && parsed.host_str().is_some_and(is_this_machine));
    let is_bare = parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
    if !is_safe {
        return Err(refused("forge-url-not-encrypted", "does not begin with https://"));
    }
    if !is_bare || parsed.password().is_some() {
        return Err(refused("forge-url-invalid", "contains more than a host and a path"));
    }
    Ok(address.trim_end_matches('/').to_owned())
}

/// The failure of one try.
struct FailedTry {
    error: ForgeError,
    may_retry: bool,
    wait: Option<Duration>,
}

impl Api {
    /// An API at this address that is used with this token. `header` returns the name and the value of the header for it.
    pub(crate) fn new(
        base: &str,
        token: &SecretString,
        header: impl FnOnce(&str) -> (&'static str, String),
    ) -> Result<Self, Failure> {
        let client = plain_client(base, TIMEOUT)
            .map_err(|why| Failure::new(Exit::Failure, "http-client-failed", why))?;
        redact::register(token);
        let (name, value) = header(token.expose_secret());
        Ok(Self { client, header: (name, SecretString::from(value)), redactor: Redactor::new(token) })
    }

    /// Sends a request, with retries where that is safe, and returns the JSON of the successful response.
    pub(crate) async fn send(&self, request: &ApiRequest) -> Result<Value, ForgeError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match self.try_once(request).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if tries >= TRIES || !failed.may_retry {
                return Err(failed.error);
            }
            let wait = failed.wait.unwrap_or(FIRST_BACKOFF * (1 << (tries - 1)));
            tracing::info!(tries, "retrying the request to the forge: {}", failed.error);
            tokio::time::sleep(wait.min(RETRY_AFTER_LIMIT)).await;
        }
    }

    async fn try_once(&self, request: &ApiRequest) -> Result<Value, FailedTry> {
        let (name, value) = &self.header;
        let mut builder = self
            .client
            .request(request.method.clone(), &request.url)
            .header(*name, value.expose_secret())
            .header("accept", "application/json");
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        // A comment that may have been posted is not posted again; all other requests are idempotent.
        let is_idempotent = request.method != Method::POST;
        let response = builder.send().await.map_err(|error| {
            let may_retry = is_idempotent || error.is_connect();
            FailedTry {
                error: ForgeError::Other(format!("the forge could not be reached: {}", error_text(error))),
                may_retry,
                wait: None,
            }
        })?;
        let status = response.status();
        let wait = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(Duration::from_secs);
        let body = Body::read(response, BODY_LIMIT).await.map_err(|why| FailedTry {
            error: ForgeError::Other(format!("the response of the forge was not read: {why}")),
            may_retry: is_idempotent,
            wait: None,
        })?;
        if status.is_success() {
            return self.parsed(&body).map_err(|error| FailedTry { error, may_retry: false, wait: None });
        }
        let text = format!("{} {}", status.as_u16(), body.excerpt());
        let is_limit =
            status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && wait.is_some());
        let may_retry = is_limit || (status.is_server_error() && is_idempotent);
        let error = match status.as_u16() {
            401 | 403 => ForgeError::Credentials(text),
            404 => ForgeError::NotFound(text),
            400 | 413 | 422 => ForgeError::Refused(text),
            _ => ForgeError::Other(format!("the forge answered {text}")),
        };
        Err(FailedTry { error, may_retry, wait })
    }

    fn parsed(&self, body: &Body) -> Result<Value, ForgeError> {
        body.json(&self.redactor).ok_or_else(|| {
            ForgeError::Other(format!("the response of the forge is not JSON: {}", body.excerpt()))
        })
    }
}
