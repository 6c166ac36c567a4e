//! Sends requests within a rate limit and retries them where that is safe.
//!
//! Works over an [`HttpSender`], which sends each request once. The meaning of a response is up to the
//! product's adapter; whether a failed write may have taken effect is decided here, by
//! [`HttpError::is_ambiguous`].

use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use servanda::calendar::Instant;
use servanda::settings::Pace;
use tokio::sync::Semaphore;

use super::client::{Endpoint, HttpClient, HttpError, HttpSender, JsonResponse, Protocol, Request};
use super::rate_limit::{RateLimit, RetryBudget};

/// The largest number of tries of one request.
const TRIES: u32 = 4;
/// The number of consecutive rejections of the key after which no further request is sent, so that the tenant
/// does not lock the account.
pub(crate) const REJECTION_LIMIT: u32 = 3;
/// The first backoff: its upper limit here, its length for forges. It doubles with each retry. Builds with debug assertions,
/// which the tests use, have servers on the same machine, which do not recover by waiting.
pub(crate) const FIRST_BACKOFF: Duration =
    Duration::from_millis(if cfg!(debug_assertions) { 20 } else { 500 });

/// When a failed request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// A read, which is idempotent: retried after any transient failure.
    Read,
    /// A write: retried only if it was certainly not sent. Otherwise the caller reads the object first,
    /// since a second edit may send mail again and a second creation makes a second object.
    Write,
}

/// The longest time between the view of the helpdesk that a write relies on and the moment in which it leaves. It exceeds
/// every wait of a healthy run, and is shorter than the lease of a lock.
const VIEW_EXPIRY: SignedDuration = SignedDuration::from_mins(3);

/// Reads the wall clock, which goes on while this machine is suspended.
pub(crate) type WallClock<'a> = &'a (dyn Fn() -> Instant + Sync);

/// The time in which a write may leave. A run that was stopped for a while sends nothing that another run may have sent
/// meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct SendWindow<'a> {
    /// When the helpdesk was last seen in the state that the write relies on.
    pub(crate) seen: Instant,
    /// When the lock of the run expires by itself, if it does.
    pub(crate) lease_end: Option<Instant>,
    /// The wall clock.
    pub(crate) clock: WallClock<'a>,
    /// Whether a request may have left, for a caller that stops to wait. It is clear while the request waits for its turn,
    /// and again once it is known that the server was not reached.
    pub(crate) has_left: &'a AtomicBool,
}

impl SendWindow<'_> {
    /// Checks that the write may leave now. A clock that was set back by more than the window proves nothing either.
    fn check(&self) -> Result<(), HttpError> {
        let now = (self.clock)();
        let age = now.duration_since(self.seen);
        if age.abs() > VIEW_EXPIRY {
            let seconds = age.as_secs();
            return Err(HttpError::TooLate(format!(
                "the helpdesk was last read {seconds} s before, by this clock"
            )));
        }
        match self.lease_end {
            Some(end) if now >= end => {
                Err(HttpError::TooLate(format!("the lock of this run expired at {end}")))
            }
            _ => Ok(()),
        }
    }

    /// Awaits the response to a write that leaves now, while the connection may still be in the making. If the machine
    /// sleeps meanwhile, the write is given up as lost, since its bytes must not leave afterwards.
    async fn awake<T>(self, mut exchange: impl Future<Output = T> + Unpin) -> Result<T, HttpError> {
        let in_flight = SendWindow { seen: (self.clock)(), ..self };
        self.has_left.store(true, Ordering::Relaxed);
        std::future::poll_fn(|context| match in_flight.check() {
            Ok(()) => Pin::new(&mut exchange).poll(context).map(Ok),
            Err(late) => Poll::Ready(Err(HttpError::Lost(late.to_string()))),
        })
        .await
    }
}

/// A connection to a server, with rate limit, concurrency limit and retries.
pub(crate) struct Transport<S> {
    sender: S,
    slots: Semaphore,
    concurrency: usize,
    /// Whether the key was accepted once. Until then requests are sent one by one.
    is_accepted: AtomicBool,
    rejections: AtomicU32,
    rate_limit: RateLimit,
    budget: RetryBudget,
    deadline: Duration,
    first_date: OnceLock<(Instant, tokio::time::Instant)>,
}

impl<P: Protocol> Transport<HttpClient<P>> {
    /// Connects to an endpoint over the network.
    pub(crate) fn to(endpoint: &Endpoint<'_>, protocol: P, pace: &Pace) -> Result<Self, HttpError> {
        Ok(Self::over(HttpClient::new(endpoint, protocol, pace.deadline)?, pace))
    }

    /// The address without a secret.
    pub(crate) fn safe_name(&self) -> String {
        self.sender.safe_name().to_owned()
    }
}

impl<S: HttpSender> Transport<S> {
    /// A transport over any sender.
    pub(crate) fn over(sender: S, pace: &Pace) -> Self {
        Self {
            sender,
            slots: Semaphore::new(1),
            concurrency: pace.concurrency.max(1),
            is_accepted: AtomicBool::new(false),
            rejections: AtomicU32::new(0),
            rate_limit: RateLimit::new(pace.per_second),
            budget: RetryBudget::default(),
            deadline: pace.deadline,
            first_date: OnceLock::new(),
        }
    }

    /// The number of requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.budget.requests()
    }

    /// Whether the key was rejected so often that no further request is sent.
    pub(crate) fn is_locked_out(&self) -> bool {
        self.rejections.load(Ordering::Relaxed) >= REJECTION_LIMIT
    }

    /// The time of the server's clock, from its first response and the time since; `None` if it sends no date.
    pub(crate) fn server_clock(&self) -> Option<Instant> {
        let (date, since) = self.first_date.get()?;
        date.checked_add(SignedDuration::try_from(since.elapsed()).ok()?).ok()
    }

    /// Posts a JSON body, with retries where `policy` allows them, and returns the successful response.
    pub(crate) async fn post(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
        policy: RetryPolicy,
    ) -> Result<JsonResponse, HttpError> {
        self.send(&Request { path, query, body }, policy, None).await
    }

    /// Posts the JSON body of a write, unless its time is over when it is about to leave.
    pub(crate) async fn post_within(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
        window: Option<SendWindow<'_>>,
    ) -> Result<JsonResponse, HttpError> {
        self.send(&Request { path, query, body }, RetryPolicy::Write, window).await
    }

    async fn send(
        &self,
        request: &Request<'_>,
        policy: RetryPolicy,
        window: Option<SendWindow<'_>>,
    ) -> Result<JsonResponse, HttpError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (error, wait) = match self.try_once(request, window).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            if tries >= TRIES || !may_retry(policy, &error) || !self.budget.allow_retry() {
                return Err(error);
            }
            let wait = wait.unwrap_or_else(|| backoff(tries));
            tracing::info!(path = request.path, tries, wait_ms = wait.as_millis(), "retrying: {error}");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends a request once, as soon as the rate limit allows it. An error comes with the wait that the
    /// server asked for.
    async fn try_once(
        &self,
        request: &Request<'_>,
        window: Option<SendWindow<'_>>,
    ) -> Result<JsonResponse, (HttpError, Option<Duration>)> {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        self.rate_limit.acquire().await;
        if self.is_locked_out() {
            let why = format!("it was rejected {REJECTION_LIMIT} times, and no further request was sent");
            return Err((HttpError::Credentials(self.sender.refused_login(why)), None));
        }
        if let Some(window) = window {
            window.check().map_err(|late| (late, None))?;
        }
        let had_left = window.is_some_and(|window| window.has_left.load(Ordering::Relaxed));
        self.budget.count_request();
        tracing::debug!(path = request.path, query = ?request.query, "request");
        let exchange = Box::pin(tokio::time::timeout(self.deadline, self.sender.send_once(request)));
        let exchange = match window {
            Some(window) => window.awake(exchange).await.map_err(|late| (late, None))?,
            None => exchange.await,
        };
        let Ok(exchange) = exchange else {
            let why = format!("no response within {} s", self.deadline.as_secs_f32());
            return Err((HttpError::Lost(why), None));
        };
        if let (Some(window), Err(HttpError::NotSent(_))) = (window, &exchange.result) {
            window.has_left.store(had_left, Ordering::Relaxed);
        }
        if let Some(date) = exchange.server_date {
            self.first_date.get_or_init(|| (date, tokio::time::Instant::now()));
        }
        if let Some(wait) = exchange.retry_after {
            self.rate_limit.pause(wait);
        }
        self.record(&exchange.result);
        exchange.result.map_err(|error| (error, exchange.retry_after.filter(|wait| !wait.is_zero())))
    }

    /// Counts rejections of the key, and allows concurrent requests once it was accepted.
    fn record(&self, result: &Result<JsonResponse, HttpError>) {
        match result {
            Err(HttpError::Credentials(_)) => {
                self.rejections.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {
                // A key may be allowed some classes and not others, so that only consecutive rejections count.
                self.rejections.store(0, Ordering::Relaxed);
                if !self.is_accepted.swap(true, Ordering::Relaxed) {
                    self.slots.add_permits(self.concurrency - 1);
                }
            }
            Err(_) => {}
        }
    }
}

impl HttpError {
    /// Whether a write that failed with this error may have taken effect.
    ///
    /// The response of a gateway says nothing about the server behind it: a timeout, a redirect to another page, or a
    /// limit that was counted after the work was done. An unreadable response may have been a success.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                matches!(status, ..400 | 408 | 409 | 425 | 429 | 499 | 502..=504 | 520..)
            }
            Self::Lost(_) | Self::NotJson(_) => true,
            Self::Credentials(_) | Self::NotSent(_) | Self::TooLate(_) | Self::Declined { .. } => false,
        }
    }

    /// Whether the server itself failed, so that it may have failed after its database had stored the write.
    pub(crate) fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Refused { status: 500.., .. })
    }
}

fn may_retry(policy: RetryPolicy, error: &HttpError) -> bool {
    match (policy, error) {
        (_, HttpError::NotSent(_)) | (RetryPolicy::Read, HttpError::Lost(_) | HttpError::NotJson(_)) => true,
        (RetryPolicy::Read, HttpError::Refused { status, .. }) => {
            matches!(status, 408 | 425 | 429 | 500..)
        }
        (_, HttpError::Credentials(_) | HttpError::TooLate(_) | HttpError::Declined { .. })
        | (RetryPolicy::Write, _) => false,
    }
}

/// Exponential backoff with full jitter (Brooker, 2015): from a millisecond to a limit that doubles with each try.
fn backoff(tries: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};

    let limit = FIRST_BACKOFF * (1 << (tries - 1).min(6));
    let random = std::hash::RandomState::new().build_hasher().finish();
    Duration::from_millis(1 + random % u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
