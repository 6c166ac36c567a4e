//! Requests over the network: the one place that knows a key, and the one that decides what is tried again.
//!
//! A request is a path, a query and a JSON body; an answer is JSON or an [`HttpError`] that holds nothing
//! secret. What an answer means is the dialect's affair.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::Pace;
use tokio::sync::Semaphore;

/// Larger answers are no answers.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// How much of an answer that is no JSON is shown.
const SHOWN: usize = 500;
/// How often a read is tried at most.
const TRIES: u32 = 4;
/// The longest that a server may tell us to wait.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// What went wrong with a request. No variant holds the key or an address with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    /// The key is missing, unknown, expired or spent.
    #[error("the helpdesk does not accept the key: {0}")]
    Credentials(String),
    /// The helpdesk said no.
    #[error("the helpdesk answered {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
    /// The request went out, and what became of it is not known.
    #[error("no answer that could be read: {0}")]
    Lost(String),
    /// The request did not go out.
    #[error("the helpdesk could not be reached: {0}")]
    NotSent(String),
    /// It answered with success and something else than JSON, as a proxy or a login page does.
    #[error("the answer is no JSON: {0}")]
    NotJson(String),
}

/// How a request may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A read: repeated as often as is reasonable.
    Read,
    /// A write of whole values: repeated once, where the server was overloaded.
    Edit,
    /// A creation: never repeated.
    Create,
}

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A helpdesk's address with its key, reached at a certain pace.
pub(crate) struct Transport {
    client: reqwest::Client,
    base: String,
    key: SecretString,
    places: Semaphore,
    schedule: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    interval: Option<Duration>,
    requests: AtomicU64,
}

impl Transport {
    /// A transport to `url` (up to and with the context path). `certificates` are further ones to trust, as PEM.
    pub(crate) fn new(
        url: &str,
        key: SecretString,
        pace: &Pace,
        certificates: Option<&[u8]>,
    ) -> Result<Self, HttpError> {
        let client = client(certificates).map_err(|error| HttpError::NotSent(said(error)))?;
        Ok(Self {
            client,
            base: format!("{}/services/rest", url.trim_end_matches('/')),
            key,
            places: Semaphore::new(pace.concurrency.max(1)),
            schedule: tokio::sync::Mutex::new(None),
            interval: pace.per_second.map(|rate| Duration::from_secs(1) / rate.max(1)),
            requests: AtomicU64::new(0),
        })
    }

    /// The address without anything secret.
    pub(crate) fn safe_name(&self) -> String {
        self.base.trim_end_matches("/services/rest").to_owned()
    }

    /// How many requests went out so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Posts a JSON body, tries again where that is safe, and gives the JSON of an answer of success.
    pub(crate) async fn post(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
        class: Class,
    ) -> Result<Answer, HttpError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (error, wait) = match self.once(path, query, body).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if tried >= TRIES || !may_repeat(class, &error, tried) {
                return Err(error);
            }
            let wait = wait.unwrap_or_else(|| jitter(tried));
            tracing::info!(path, tried, wait_ms = wait.as_millis(), "trying again: {error}");
            tokio::time::sleep(wait).await;
        }
    }

    /// One try, at its turn.
    async fn once(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
    ) -> Result<Answer, (HttpError, Option<Duration>)> {
        let _place = self.places.acquire().await.expect("the semaphore is never closed");
        self.take_turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(path, ?query, "request");
        // The only place that puts the key into an address.
        let key = ("accessKey", self.key.expose_secret().to_owned());
        let address = format!("{}/{path}", self.base);
        let request = self.client.post(address).query(&[key]).query(query).json(body);
        let response = request.send().await.map_err(|error| (unsent(error), None))?;
        let status = response.status();
        let wait = retry_after(&response);
        let bytes = self.read_limited(response).await.map_err(|error| (error, None))?;
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
            let body = body.map_err(|_| (HttpError::NotJson(self.masked(&bytes)), None))?;
            return Ok(Answer { status: status.as_u16(), body });
        }
        let text = self.masked(&bytes);
        let is_key = text.contains("ключ авторизации") && text.contains("не найден");
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let error = if is_key || refused {
            HttpError::Credentials(text)
        } else {
            HttpError::Refused { status: status.as_u16(), text }
        };
        Err((error, wait))
    }

    /// Waits until the rate allows one more request. Turns are handed out evenly, so that no burst goes over.
    async fn take_turn(&self) {
        let Some(interval) = self.interval else {
            return;
        };
        let turn = {
            let mut schedule = self.schedule.lock().await;
            let now = tokio::time::Instant::now();
            let turn = schedule.map_or(now, |last| (last + interval).max(now));
            *schedule = Some(turn);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    async fn read_limited(&self, mut response: reqwest::Response) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(bytes),
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_LIMIT => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Err(HttpError::Lost("the answer is larger than 64 MiB".to_owned()));
                }
                Err(error) => return Err(HttpError::Lost(said(error))),
            }
        }
    }

    /// The beginning of an answer for people, with the key taken out in each of the forms it may come back in.
    fn masked(&self, bytes: &[u8]) -> String {
        let key = self.key.expose_secret();
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for form in [key.to_owned(), percent_encoded(key)] {
            if !form.is_empty() {
                text = text.replace(&form, "***");
            }
        }
        text.chars().take(SHOWN).collect()
    }
}

/// A client that follows no redirect, says not where it comes from, and trusts no certificate it should not.
fn client(certificates: Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error> {
    use_ring();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .user_agent(concat!("servanda/", env!("CARGO_PKG_VERSION")));
    for certificate in
        certificates.map(reqwest::Certificate::from_pem_bundle).transpose()?.into_iter().flatten()
    {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build()
}

/// Settles which cryptography the process uses. A second call finds it settled, which is as good.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The words of a transport error without the address, which holds the key.
fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether the request left at all decides what its failure means.
fn unsent(error: reqwest::Error) -> HttpError {
    if error.is_connect() || error.is_builder() {
        HttpError::NotSent(said(error))
    } else {
        HttpError::Lost(said(error))
    }
}

fn may_repeat(class: Class, error: &HttpError, tried: u32) -> bool {
    let overloaded = |status: u16| matches!(status, 429 | 502 | 503 | 504);
    match (class, error) {
        (_, HttpError::Credentials(_)) | (Class::Create, _) | (Class::Edit, HttpError::NotJson(_)) => false,
        (Class::Read, HttpError::Refused { status, .. }) => *status == 429 || *status >= 500,
        (Class::Read, _) => true,
        (Class::Edit, HttpError::Refused { status, .. }) => overloaded(*status) && tried < 2,
        (Class::Edit, HttpError::NotSent(_) | HttpError::Lost(_)) => tried < 2,
    }
}

/// `Retry-After` in seconds, or as a date against the server's own clock; what is absurd is capped.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    let wanted = header("retry-after")?;
    let seconds = if let Ok(seconds) = wanted.parse::<i64>() {
        seconds
    } else {
        let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
        date(wanted)?.duration_since(date(header("date")?)?).as_secs()
    };
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(WAIT_LIMIT))
}

/// Full jitter (Brooker, 2015): anything between nothing and a limit that doubles.
fn jitter(tried: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};

    let limit = 250_u64 << tried.min(6);
    let random = std::hash::RandomState::new().build_hasher().finish();
    Duration::from_millis(random % limit)
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;

    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all that is written");
        }
        encoded
    })
}
