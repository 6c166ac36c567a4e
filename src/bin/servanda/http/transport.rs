//! Requests at the pace that a helpdesk bears, tried again where that is safe, and no more than it helps.
//!
//! Over a [`HttpSender`] that carries out one try. What an answer means is the dialect's affair; what an error
//! means for a write is settled here once, by [`HttpError::is_ambiguous`].

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use servanda::calendar::Instant;
use servanda::settings::Pace;
use tokio::sync::Semaphore;

use super::client::{Endpoint, HttpClient, HttpError, HttpSender, JsonResponse, Protocol, Request};
use super::rate_limit::{Budget, RateLimit};

/// How often a request is tried at most.
const TRIES: u32 = 4;
/// After so many refusals of the key no further request goes out, lest the tenant locks the account.
pub(crate) const REFUSALS: u32 = 3;
/// The longest that the first repeat waits; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// How a request may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// A read: repeated whatever became of it.
    Read,
    /// A write: repeated only where it is certain that nothing was done. All else is looked up first, since an
    /// edit may send mail, and a creation makes a second object.
    Write,
}

/// A way to a helpdesk, walked at a certain pace.
pub(crate) struct Transport<W: HttpSender = HttpClient> {
    wire: W,
    places: Semaphore,
    concurrency: usize,
    /// Whether the key was accepted once. Until then requests go one by one.
    is_known: AtomicBool,
    refusals: AtomicU32,
    turns: RateLimit,
    budget: Budget,
    deadline: Duration,
    first_date: OnceLock<(Instant, tokio::time::Instant)>,
}

impl<M: Protocol> Transport<HttpClient<M>> {
    /// A transport to a helpdesk over the network that is asked in this manner.
    pub(crate) fn to(place: &Endpoint<'_>, manner: M, pace: &Pace) -> Result<Self, HttpError> {
        Ok(Self::over(HttpClient::new(place, manner, pace.deadline)?, pace))
    }

    /// The address without anything secret.
    pub(crate) fn safe_name(&self) -> String {
        self.wire.safe_name().to_owned()
    }
}

impl<W: HttpSender> Transport<W> {
    /// A transport over what carries out one try.
    pub(crate) fn over(wire: W, pace: &Pace) -> Self {
        Self {
            wire,
            places: Semaphore::new(1),
            concurrency: pace.concurrency.max(1),
            is_known: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
            turns: RateLimit::new(pace.per_second),
            budget: Budget::default(),
            deadline: pace.deadline,
            first_date: OnceLock::new(),
        }
    }

    /// How many requests went out so far.
    pub(crate) fn requests(&self) -> u64 {
        self.budget.requests()
    }

    /// Whether the key was refused so often that no further request goes out.
    pub(crate) fn is_locked_out(&self) -> bool {
        self.refusals.load(Ordering::Relaxed) >= REFUSALS
    }

    /// What the server's clock says now, by its first answer and the time since; `None` where it does not tell.
    pub(crate) fn server_clock(&self) -> Option<Instant> {
        let (date, since) = self.first_date.get()?;
        date.checked_add(jiff::SignedDuration::try_from(since.elapsed()).ok()?).ok()
    }

    /// Posts a JSON body, tries again where that is safe, and gives the JSON of an answer of success.
    pub(crate) async fn post(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
        class: RetryPolicy,
    ) -> Result<JsonResponse, HttpError> {
        let request = Request { path, query, body };
        let mut tried = 0;
        loop {
            tried += 1;
            let (error, wait) = match self.once(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if tried >= TRIES || !may_repeat(class, &error) || !self.budget.allows_repeat() {
                return Err(error);
            }
            let wait = wait.unwrap_or_else(|| jitter(tried));
            tracing::info!(path, tried, wait_ms = wait.as_millis(), "trying again: {error}");
            tokio::time::sleep(wait).await;
        }
    }

    /// One try, at its turn.
    async fn once(&self, request: &Request<'_>) -> Result<JsonResponse, (HttpError, Option<Duration>)> {
        let _place = self.places.acquire().await.expect("the semaphore is never closed");
        self.turns.take().await;
        if self.is_locked_out() {
            let why = format!("it was refused {REFUSALS} times, and no further request was sent");
            return Err((HttpError::Credentials(why), None));
        }
        self.budget.count();
        tracing::debug!(path = request.path, query = ?request.query, "request");
        let exchanged = tokio::time::timeout(self.deadline, self.wire.exchange(request)).await;
        let Ok(reply) = exchanged else {
            let why = format!("nothing came within {} s", self.deadline.as_secs_f32());
            return Err((HttpError::Lost(why), None));
        };
        if let Some(date) = reply.date {
            self.first_date.get_or_init(|| (date, tokio::time::Instant::now()));
        }
        if let Some(wait) = reply.wait {
            self.turns.pause(wait);
        }
        self.note(&reply.result);
        reply.result.map_err(|error| (error, reply.wait.filter(|wait| !wait.is_zero())))
    }

    /// Counts refusals of the key, and lets requests go side by side once it was accepted.
    fn note(&self, result: &Result<JsonResponse, HttpError>) {
        match result {
            Err(HttpError::Credentials(_)) => {
                self.refusals.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {
                // Between refusals of one thing the key was good for another.
                self.refusals.store(0, Ordering::Relaxed);
                if !self.is_known.swap(true, Ordering::Relaxed) {
                    self.places.add_permits(self.concurrency - 1);
                }
            }
            Err(_) => {}
        }
    }
}

impl HttpError {
    /// Whether a write that ended so may have been carried out all the same.
    ///
    /// A gateway that gives up says nothing about the server behind it, and an answer that cannot be read may
    /// tell of success. 429 is given before any work is done.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 502..=504),
            Self::Lost(_) | Self::NotJson(_) => true,
            Self::Credentials(_) | Self::NotSent(_) | Self::Declined { .. } => false,
        }
    }
}

fn may_repeat(class: RetryPolicy, error: &HttpError) -> bool {
    match (class, error) {
        (_, HttpError::NotSent(_) | HttpError::Refused { status: 429, .. })
        | (RetryPolicy::Read, HttpError::Lost(_) | HttpError::NotJson(_)) => true,
        (RetryPolicy::Read, HttpError::Refused { status, .. }) => *status == 408 || *status >= 500,
        (_, HttpError::Credentials(_) | HttpError::Declined { .. }) | (RetryPolicy::Write, _) => false,
    }
}

/// Full jitter (Brooker, 2015): anything between nothing and a limit that doubles.
fn jitter(tried: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};

    let limit = FIRST_WAIT * (1 << (tried - 1).min(6));
    let random = std::hash::RandomState::new().build_hasher().finish();
    Duration::from_millis(random % u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
