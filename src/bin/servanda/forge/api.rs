//! One request to a forge, with the manners of those to a helpdesk: no redirect, no address in an error, the token in
//! no text, and another try only where that cannot say anything twice.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::is_this_machine;

use super::{ForgeError, Question};
use crate::http::client::{error_text, plain_client};
use crate::http::redact::Redactor;
use crate::process::failure::{Exit, Failure};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How often a request is tried.
const TRIES: u32 = 4;
/// The first wait between two tries; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest that a forge may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Larger answers are no answers.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
/// How much of a refusal is shown.
const SHOWN: usize = 300;

/// What speaks to a forge.
pub(crate) struct Api {
    client: reqwest::Client,
    header: (&'static str, SecretString),
    mask: Redactor,
}

/// The address of a forge's interface, which must be encrypted unless it is on this machine.
pub(crate) fn safe_base(address: &str) -> Result<String, Failure> {
    let wrong = |what: &str| {
        Failure::usage(format!("the address of the forge: {what}"), "write it as https://api.github.com")
    };
    let parsed = reqwest::Url::parse(address).map_err(|_| wrong("this is no address"))?;
    let is_safe = parsed.scheme() == "https"
        || (parsed.scheme() == "http" && parsed.host_str().is_some_and(is_this_machine));
    let is_bare = parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
    if !is_safe || !is_bare || parsed.password().is_some() {
        return Err(wrong("it is not encrypted, or has more in it than a host and a path"));
    }
    Ok(address.trim_end_matches('/').to_owned())
}

/// What came of one try.
struct Tried {
    error: ForgeError,
    may_repeat: bool,
    wait: Option<Duration>,
}

impl Api {
    /// An interface that is spoken to with this token in the header that the dialect names.
    pub(crate) fn new(
        token: &SecretString,
        header: impl FnOnce(&str) -> (&'static str, String),
    ) -> Result<Self, Failure> {
        let client = plain_client(LIMIT).map_err(|why| Failure::new(Exit::Failure, "forge-failure", why))?;
        let (name, value) = header(token.expose_secret());
        Ok(Self { client, header: (name, SecretString::from(value)), mask: Redactor::new(token) })
    }

    /// Asks, again where that is safe, and gives the JSON of an answer of success.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Value, ForgeError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let failed = match self.once(question).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if tried >= TRIES || !failed.may_repeat {
                return Err(failed.error);
            }
            let wait = failed.wait.unwrap_or(FIRST_WAIT * (1 << (tried - 1)));
            tracing::info!(tried, "asking the forge again: {}", failed.error);
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        }
    }

    async fn once(&self, question: &Question) -> Result<Value, Tried> {
        let (name, value) = &self.header;
        let mut request = self
            .client
            .request(question.method.clone(), &question.url)
            .header(*name, value.expose_secret())
            .header("accept", "application/json");
        if let Some(body) = &question.body {
            request = request.json(body);
        }
        // A comment that may have been posted is not posted again; all else says the same however often it is said.
        let is_repeatable = question.method != Method::POST;
        let response = request.send().await.map_err(|error| {
            let may_repeat = is_repeatable || error.is_connect();
            Tried {
                error: ForgeError::Other(format!("the forge could not be asked: {}", error_text(error))),
                may_repeat,
                wait: None,
            }
        })?;
        let status = response.status();
        let wait = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(Duration::from_secs);
        let bytes = read_limited(response).await.map_err(|why| Tried {
            error: ForgeError::Other(why),
            may_repeat: is_repeatable,
            wait: None,
        })?;
        if status.is_success() {
            return self.parsed(&bytes).map_err(|error| Tried { error, may_repeat: false, wait: None });
        }
        let text = self.mask.text(&String::from_utf8_lossy(&bytes)).chars().take(SHOWN).collect::<String>();
        let text = format!("{} {text}", status.as_u16());
        let is_limit =
            status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && wait.is_some());
        let may_repeat = is_limit || (status.is_server_error() && is_repeatable);
        let error = match status.as_u16() {
            401 | 403 => ForgeError::Credentials(text),
            404 => ForgeError::NotFound(text),
            400 | 413 | 422 => ForgeError::Refused(text),
            _ => ForgeError::Other(format!("the forge answered {text}")),
        };
        Err(Tried { error, may_repeat, wait })
    }

    fn parsed(&self, bytes: &[u8]) -> Result<Value, ForgeError> {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(bytes).map_err(|_| {
            let text: String = self.mask.text(&String::from_utf8_lossy(bytes)).chars().take(SHOWN).collect();
            ForgeError::Other(format!("the forge's answer is no JSON: {text}"))
        })
    }
}

async fn read_limited(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(error_text)? {
        if bytes.len() + chunk.len() > ANSWER_LIMIT {
            return Err("the forge's answer is larger than 16 MiB".to_owned());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
