//! Pings to a monitor in the style of healthchecks.io: `/start` when a run begins, `/<exit code>` when it ends.
//!
//! The URL is a secret. A monitor that cannot be reached does not change the result of the run.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::http::body::error_text;
use crate::http::client::plain_client;
use crate::http::redact;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};

/// The environment variable with the URL.
const VARIABLE: &str = "SERVANDA_PING_URL";
/// The deadline of one ping.
const LIMIT: Duration = Duration::from_secs(5);

/// The monitor, if one is configured.
pub(crate) struct Monitor(Option<(reqwest::Client, SecretString)>);

impl Monitor {
    /// The monitor of `SERVANDA_PING_URL`.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let Some(url) = Context::secret(VARIABLE) else {
            return Ok(Self(None));
        };
        let client = plain_client(url.expose_secret(), LIMIT)
            .map_err(|why| Failure::new(Exit::Failure, "monitor-unavailable", why))?;
        redact::register_address(&url);
        Ok(Self(Some((client, url))))
    }

    /// Reports that the run began.
    pub(crate) async fn begun(&self) {
        self.ping("start").await;
    }

    /// Reports how the run ended.
    pub(crate) async fn ended(&self, exit: Exit) {
        self.ping(&(exit as u8).to_string()).await;
    }

    async fn ping(&self, event: &str) {
        let Some((client, url)) = &self.0 else {
            return;
        };
        let answer =
            client.get(format!("{}/{event}", url.expose_secret().trim_end_matches('/'))).send().await;
        if let Err(error) = answer.and_then(reqwest::Response::error_for_status) {
            tracing::warn!("the monitor could not be reached: {}", error_text(error));
        }
    }
}
