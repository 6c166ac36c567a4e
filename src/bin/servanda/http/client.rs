//! One request over the network. Where the secret goes and how an answer says no is each product's [`Protocol`].
//!
//! A request is a path, a query and a JSON body; what comes back is a [`HttpExchange`] or an [`HttpError`], and
//! neither holds anything secret. Whether to try again is `transport`'s affair, what it means the dialect's.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use servanda::calendar::Instant;
use servanda::settings::AddressPolicy;

use super::redact::Redactor;
use super::resolver::Resolver;
use crate::helpdesk::itsm365::AccessKey;

/// Larger answers are no answers.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// How much of an answer that is no JSON is shown.
const SHOWN: usize = 500;
/// The longest that a server may tell us to wait.
const WAIT_LIMIT: Duration = Duration::from_mins(1);
/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

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
    /// The helpdesk said no in the body of an answer, by a code of its own.
    #[error("the helpdesk answered with code {code}: {text}")]
    Declined {
        /// The code.
        code: i64,
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

/// One request.
pub(crate) struct Request<'a> {
    /// What stands after the base address: `find/agreement`.
    pub(crate) path: &'a str,
    /// The query, without the key.
    pub(crate) query: &'a [(&'a str, String)],
    /// The body.
    pub(crate) body: &'a Value,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct HttpExchange {
    /// An answer of success, or what went wrong.
    pub(crate) result: Result<JsonResponse, HttpError>,
    /// How long the server asks us to wait; what is absurd is capped.
    pub(crate) wait: Option<Duration>,
    /// What the server's own clock says.
    pub(crate) date: Option<Instant>,
}

/// An answer of success.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonResponse {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// How a product is asked, and how it says no. The only place that knows its secret.
pub(crate) trait Protocol: Send + Sync {
    /// Where a request goes.
    fn address(&self, url: &str, request: &Request<'_>) -> String;
    /// The request with its body and the secret in their places.
    fn dress(&self, post: reqwest::RequestBuilder, request: &Request<'_>) -> reqwest::RequestBuilder;
    /// What must be in no text.
    fn secret(&self) -> &SecretString;
    /// Whether an answer without success says that the secret is not accepted.
    fn is_refusal(&self, status: StatusCode, text: &str) -> bool;
    /// What the body of an answer of success says.
    fn judge(&self, body: Value) -> Result<Value, HttpError>;
}

/// What carries a request out once.
pub(crate) trait HttpSender: Send + Sync {
    /// One try.
    fn exchange(&self, request: &Request<'_>) -> impl Future<Output = HttpExchange> + Send;
}

/// Where a helpdesk is.
pub(crate) struct Endpoint<'a> {
    /// The address up to and with the context path.
    pub(crate) url: &'a str,
    /// How far a key may travel.
    pub(crate) reach: AddressPolicy,
    /// Further certificates to trust, as PEM.
    pub(crate) certificates: Option<&'a [u8]>,
}

impl<'a> Endpoint<'a> {
    /// An address of the public network, or of this machine.
    pub(crate) fn at(url: &'a str) -> Self {
        Self { url, reach: AddressPolicy::default(), certificates: None }
    }
}

/// A helpdesk's address and how it is asked.
pub(crate) struct HttpClient<M = AccessKey> {
    client: reqwest::Client,
    url: String,
    manner: M,
    mask: Redactor,
}

impl<M: Protocol> HttpClient<M> {
    /// A helpdesk that is asked in this manner and answers within the deadline.
    pub(crate) fn new(place: &Endpoint<'_>, manner: M, deadline: Duration) -> Result<Self, HttpError> {
        Self::resolving(place, Resolver::of_the_system(place.reach), manner, deadline)
    }

    fn resolving(
        place: &Endpoint<'_>,
        resolver: Resolver,
        manner: M,
        deadline: Duration,
    ) -> Result<Self, HttpError> {
        let url = place.reach.read(place.url).map_err(|refused| HttpError::NotSent(refused.message))?;
        let client = client(&url, resolver, deadline, place.certificates);
        let client = client.map_err(|error| HttpError::NotSent(error_text(error)))?;
        Ok(Self { client, url, mask: Redactor::new(manner.secret()), manner })
    }

    /// The address without anything secret.
    pub(crate) fn safe_name(&self) -> &str {
        &self.url
    }

    async fn send(&self, request: &Request<'_>) -> Result<reqwest::Response, HttpError> {
        let post = self.client.post(self.manner.address(&self.url, request));
        self.manner.dress(post, request).send().await.map_err(unsent)
    }

    /// What an answer with these bytes says.
    fn understood(&self, status: StatusCode, bytes: &[u8]) -> Result<JsonResponse, HttpError> {
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            let body = self.parsed(bytes).ok_or_else(|| HttpError::NotJson(self.masked(bytes)))?;
            return Ok(JsonResponse { status: status.as_u16(), body: self.manner.judge(body)? });
        }
        let text = self.masked(bytes);
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        Err(if refused || self.manner.is_refusal(status, &text) {
            HttpError::Credentials(text)
        } else {
            HttpError::Refused { status: status.as_u16(), text }
        })
    }

    /// The JSON of an answer. A helpdesk may hold the key in a text of its own; it is taken out there too.
    fn parsed(&self, bytes: &[u8]) -> Option<Value> {
        if bytes.is_empty() {
            return Some(Value::Null);
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let masked = self.mask.json(text);
        serde_json::from_str(masked.as_deref().unwrap_or(text)).ok()
    }

    /// The beginning of an answer for people, without the key.
    fn masked(&self, bytes: &[u8]) -> String {
        excerpt(&self.mask.text(&String::from_utf8_lossy(bytes)))
    }
}

/// As much of a server's words as is shown.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

impl<M: Protocol> HttpSender for HttpClient<M> {
    async fn exchange(&self, request: &Request<'_>) -> HttpExchange {
        let response = match self.send(request).await {
            Ok(response) => response,
            Err(error) => return HttpExchange { result: Err(error), wait: None, date: None },
        };
        let (status, wait, date) = (response.status(), retry_after(&response), date(&response));
        let bytes = read_limited(response).await;
        HttpExchange { result: bytes.and_then(|bytes| self.understood(status, &bytes)), wait, date }
    }
}

async fn read_limited(mut response: reqwest::Response) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_LIMIT => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(HttpError::Lost("the answer is larger than 64 MiB".to_owned())),
            Err(error) => return Err(HttpError::Lost(error_text(error))),
        }
    }
}

/// A client that follows no redirect, says not where it comes from, and trusts no certificate it should not.
fn client(
    url: &str,
    resolver: Resolver,
    deadline: Duration,
    certificates: Option<&[u8]>,
) -> Result<reqwest::Client, reqwest::Error> {
    use_ring();
    let mut builder = reqwest::Client::builder()
        .dns_resolver(resolver)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT.min(deadline))
        .timeout(deadline)
        .user_agent(concat!("servanda/", env!("CARGO_PKG_VERSION")));
    // A proxy would see the key of what travels in the clear, and there is none between this machine and itself.
    if url.starts_with("http://") {
        builder = builder.no_proxy();
    }
    for certificate in
        certificates.map(reqwest::Certificate::from_pem_bundle).transpose()?.into_iter().flatten()
    {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build()
}

/// A client for whoever posts elsewhere than to the helpdesk, with the same manners.
pub(crate) fn plain_client(limit: Duration) -> Result<reqwest::Client, String> {
    use_ring();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(limit)
        .user_agent(concat!("servanda/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(error_text)
}

/// Settles which cryptography the process uses. A second call finds it settled, which is as good.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The words of a transport error without the address, which holds the key.
pub(crate) fn error_text(error: reqwest::Error) -> String {
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
        HttpError::NotSent(error_text(error))
    } else {
        HttpError::Lost(error_text(error))
    }
}

/// `Retry-After` in seconds, or as a date against the server's own clock; what is absurd is capped.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let wanted = header(response, "retry-after")?;
    let seconds = if let Ok(seconds) = wanted.parse::<i64>() {
        seconds
    } else {
        read_date(wanted)?.duration_since(date(response)?).as_secs()
    };
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(WAIT_LIMIT))
}

fn date(response: &reqwest::Response) -> Option<Instant> {
    read_date(header(response, "date")?)
}

fn read_date(text: &str) -> Option<Instant> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
