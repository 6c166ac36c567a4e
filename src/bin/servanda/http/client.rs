//! Sends one request and reads its response, once. Where the secret travels and how a response signals a
//! refusal is defined by each product's [`Protocol`].
//!
//! A request is a path, a query and a JSON body. The resulting [`HttpExchange`] or [`HttpError`] contains no
//! secret. Retries are the responsibility of `transport`; the meaning of a response is that of the product's
//! adapter.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use servanda::calendar::Instant;
use servanda::settings::{AddressPolicy, is_this_machine};
use tokio::sync::OnceCell;

use super::body::{Body, error_text};
use super::proxy::Proxy;
use super::redact::{self, Redactor};
use super::resolver::Resolver;

/// The default of [`Protocol::body_limit`], in bytes.
const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// The upper limit of a wait that a server asks for.
const RETRY_AFTER_LIMIT: Duration = Duration::from_mins(1);
/// The timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The reason why a request failed. No variant contains the secret or an address with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    /// The secret is missing, unknown, expired or used up.
    #[error("{0}")]
    Credentials(RefusedLogin),
    /// The server refused the request by its HTTP status.
    #[error("the server answered {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of the response body.
        text: String,
    },
    /// The server refused the request in the body of a successful response, by a code of its own.
    #[error("the server answered with code {code}: {text}")]
    Declined {
        /// The code.
        code: i64,
        /// The beginning of the message.
        text: String,
    },
    /// The request was sent, and its result is unknown.
    #[error("no readable response: {0}")]
    Lost(String),
    /// The request was not sent.
    #[error("the server could not be reached: {0}")]
    NotSent(String),
    /// The request was not sent, since what it relies on was read too long ago.
    #[error("it was not sent any more: {0}")]
    TooLate(String),
    /// A successful response that is not JSON, as a proxy or a login page returns it.
    #[error("the response is not JSON: {0}")]
    NotJson(String),
}

/// A login that the server refused, and the advice for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server does not accept the {noun}: {text}")]
pub(crate) struct RefusedLogin {
    /// The kind of login.
    pub(crate) noun: &'static str,
    /// The answer of the server.
    pub(crate) text: String,
    /// The advice, in the imperative.
    pub(crate) help: &'static str,
}

impl RefusedLogin {
    /// A refused access key.
    pub(crate) fn key(text: String) -> Self {
        Self {
            noun: "key",
            text,
            help: "keys expire and can be used up: issue a new one and put it into the variable that servanda.yaml names",
        }
    }
}

/// One request.
pub(crate) struct Request<'a> {
    /// The path after the base address: `find/agreement`.
    pub(crate) path: &'a str,
    /// The query, without the secret.
    pub(crate) query: &'a [(&'a str, String)],
    /// The JSON body.
    pub(crate) body: &'a Value,
}

/// The result of one try, with what the response headers say about time.
#[derive(Debug)]
pub(crate) struct HttpExchange {
    /// The successful response, or why there is none.
    pub(crate) result: Result<JsonResponse, HttpError>,
    /// The server's `Retry-After`, limited to one minute.
    pub(crate) retry_after: Option<Duration>,
    /// The server's `Date`.
    pub(crate) server_date: Option<Instant>,
}

/// A successful response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonResponse {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The addressing and authentication of one product's requests, and the form of its refusals. Only
/// the implementation knows the secret.
pub(crate) trait Protocol: Send + Sync {
    /// The address of a request.
    fn address(&self, base: &str, request: &Request<'_>) -> String;
    /// Adds body, query and secret to a request.
    fn authenticate(&self, post: reqwest::RequestBuilder, request: &Request<'_>) -> reqwest::RequestBuilder;
    /// The secret, to be redacted from every response.
    fn secret(&self) -> &SecretString;
    /// The largest response body that is read, in bytes.
    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
    /// A refusal of the login with this text.
    fn refused_login(&self, text: String) -> RefusedLogin {
        RefusedLogin::key(text)
    }
    /// Whether a response without success means that the secret is not accepted.
    fn rejects_secret(&self, status: StatusCode, text: &str) -> bool;
    /// Checks the body of a successful response for a refusal.
    fn check_body(&self, body: Value) -> Result<Value, HttpError>;
}

/// Sends a request once. Tests replace the network by an implementation of their own.
pub(crate) trait HttpSender: Send + Sync {
    /// Sends a request and reads its response, without a retry.
    fn send_once(&self, request: &Request<'_>) -> impl Future<Output = HttpExchange> + Send;
    /// A refusal of the login with this text.
    fn refused_login(&self, text: String) -> RefusedLogin {
        RefusedLogin::key(text)
    }
}

/// The address of a server and the rules for connecting to it.
pub(crate) struct Endpoint<'a> {
    /// The address up to and including the context path.
    pub(crate) url: &'a str,
    /// The networks that the secret may be sent to.
    pub(crate) reach: AddressPolicy,
    /// Additional certificates to trust, as PEM.
    pub(crate) certificates: Option<&'a [u8]>,
}

impl<'a> Endpoint<'a> {
    /// An endpoint in the public network or on this machine.
    pub(crate) fn at(url: &'a str) -> Self {
        Self { url, reach: AddressPolicy::default(), certificates: None }
    }
}

/// A client for one server, speaking the protocol of its product.
pub(crate) struct HttpClient<P> {
    client: reqwest::Client,
    url: String,
    protocol: P,
    redactor: Arc<Redactor>,
    /// Judges the target once, if a proxy connects to it in place of this process.
    judge: Option<Resolver>,
    judged: OnceCell<()>,
}

impl<P: Protocol> HttpClient<P> {
    /// A client whose requests time out after `deadline`.
    pub(crate) fn new(endpoint: &Endpoint<'_>, protocol: P, deadline: Duration) -> Result<Self, HttpError> {
        let resolver = Resolver::of_the_system(&host_of(endpoint.url), endpoint.reach);
        Self::with_resolver(endpoint, resolver, protocol, deadline)
    }

    fn with_resolver(
        endpoint: &Endpoint<'_>,
        resolver: Resolver,
        protocol: P,
        deadline: Duration,
    ) -> Result<Self, HttpError> {
        let url = endpoint.reach.read(endpoint.url);
        let url = url.map_err(|refused| HttpError::NotSent(refused.message))?;
        let client = client(&url, resolver.clone(), deadline, endpoint.certificates);
        let client = client.map_err(|error| HttpError::NotSent(error_text(error)))?;
        redact::register(protocol.secret());
        let judge = proxy_before(&url).map(|_| resolver);
        let redactor = Arc::new(Redactor::new(protocol.secret()));
        Ok(Self { client, url, redactor, protocol, judge, judged: OnceCell::new() })
    }

    /// The address without a secret.
    pub(crate) fn safe_name(&self) -> &str {
        &self.url
    }

    async fn send(&self, request: &Request<'_>) -> Result<reqwest::Response, HttpError> {
        if let Some(judge) = &self.judge {
            let judged = self.judged.get_or_try_init(|| judge.judge_target()).await;
            judged.map_err(|error| HttpError::NotSent(error.to_string()))?;
        }
        let post = self.client.post(self.protocol.address(&self.url, request));
        self.protocol.authenticate(post, request).send().await.map_err(|error| self.send_error(error))
    }

    /// Distinguishes a request that was never sent, to a host that the error names, from one whose result is unknown.
    fn send_error(&self, error: reqwest::Error) -> HttpError {
        if !error.is_connect() && !error.is_builder() {
            return HttpError::Lost(error_text(error));
        }
        let host = reqwest::Url::parse(&self.url).ok();
        let host = host.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
        let host = host.map_or_else(String::new, |(host, port)| format!("{host}:{port}: "));
        HttpError::NotSent(format!("{host}{}", error_text(error)))
    }

    async fn interpret(&self, status: StatusCode, body: Body) -> Result<JsonResponse, HttpError> {
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            let json = body.into_json(&self.redactor).await.map_err(HttpError::NotJson)?;
            return Ok(JsonResponse { status: status.as_u16(), body: self.protocol.check_body(json)? });
        }
        let text = body.excerpt();
        let is_forbidden = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        Err(if is_forbidden || self.protocol.rejects_secret(status, &text) {
            HttpError::Credentials(self.protocol.refused_login(text))
        } else {
            HttpError::Refused { status: status.as_u16(), text }
        })
    }
}

impl<P: Protocol> HttpSender for HttpClient<P> {
    async fn send_once(&self, request: &Request<'_>) -> HttpExchange {
        let response = match self.send(request).await {
            Ok(response) => response,
            Err(error) => return HttpExchange { result: Err(error), retry_after: None, server_date: None },
        };
        let (status, retry_after, server_date) = (response.status(), retry_after(&response), date(&response));
        let body = Body::read(response, self.protocol.body_limit()).await.map_err(HttpError::Lost);
        let result = match body {
            Ok(body) => self.interpret(status, body).await,
            Err(lost) => Err(lost),
        };
        HttpExchange { result, retry_after, server_date }
    }

    fn refused_login(&self, text: String) -> RefusedLogin {
        self.protocol.refused_login(text)
    }
}

/// A client that follows no redirect and sends no referer.
fn client(
    url: &str,
    resolver: Resolver,
    deadline: Duration,
    certificates: Option<&[u8]>,
) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder =
        builder(url, deadline).dns_resolver(resolver).connect_timeout(CONNECT_TIMEOUT.min(deadline));
    let certificates = certificates.map(reqwest::Certificate::from_pem_bundle).transpose()?;
    for certificate in certificates.into_iter().flatten() {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build()
}

/// A client for a server other than a helpdesk, which also follows no redirect and sends no referer.
pub(crate) fn plain_client(url: &str, timeout: Duration) -> Result<reqwest::Client, String> {
    builder(url, timeout).build().map_err(error_text)
}

/// A client for a server of a test on this machine.
#[cfg(test)]
pub(crate) fn test_client() -> reqwest::Client {
    plain_client("http://127.0.0.1", Duration::from_mins(1)).expect("a client")
}

fn builder(url: &str, timeout: Duration) -> reqwest::ClientBuilder {
    use_ring();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(timeout)
        .user_agent(concat!("servanda/", env!("CARGO_PKG_VERSION")));
    if !is_this_machine(&host_of(url)) {
        return builder;
    }
    // A proxy would look for this machine at its own place, and without TLS it would see the secret.
    let builder = builder.no_proxy();
    // The certificates of the system are hundreds, which are read anew for each client.
    if url.starts_with("http://") { builder.tls_certs_only([]) } else { builder }
}

/// The proxy between this process and a server; `None` for a direct connection, as to this machine.
pub(crate) fn proxy_before(url: &str) -> Option<Proxy> {
    if is_this_machine(&host_of(url)) { None } else { Proxy::before(url) }
}

/// The host of an address; empty if it has none.
pub(crate) fn host_of(url: &str) -> String {
    let url = reqwest::Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Installs ring as the process's TLS provider. Later calls have no effect.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// `Retry-After` in seconds, or as a date that is compared with the server's own clock.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let text = header(response, "retry-after")?;
    let seconds = if let Ok(seconds) = text.parse::<i64>() {
        seconds
    } else {
        parse_date(text)?.duration_since(date(response)?).as_secs()
    };
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(RETRY_AFTER_LIMIT))
}

fn date(response: &reqwest::Response) -> Option<Instant> {
    parse_date(header(response, "date")?)
}

fn parse_date(text: &str) -> Option<Instant> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
pub(crate) mod tests;
