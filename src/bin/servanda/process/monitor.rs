//! A monitor is told that a run began, and how it ended (healthchecks style: `/start`, `/<exit code>`).
//!
//! The address is a secret, and a monitor that cannot be reached changes nothing about the run.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::http::client::{error_text, plain_client};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};

/// The variable that holds the address.
const VARIABLE: &str = "SERVANDA_PING_URL";
/// How long the monitor may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The monitor, if there is one.
pub(crate) struct Ping(Option<(reqwest::Client, SecretString)>);

impl Ping {
    /// The monitor that the environment names.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let Some(url) = Context::secret(VARIABLE) else {
            return Ok(Self(None));
        };
        let client =
            plain_client(LIMIT).map_err(|why| Failure::new(Exit::Failure, "process-failure", why))?;
        Ok(Self(Some((client, url))))
    }

    /// The run began.
    pub(crate) async fn begun(&self) {
        self.tell("start").await;
    }

    /// The run ended so.
    pub(crate) async fn ended(&self, exit: Exit) {
        self.tell(&(exit as u8).to_string()).await;
    }

    async fn tell(&self, what: &str) {
        let Some((client, url)) = &self.0 else {
            return;
        };
        let told = client.get(format!("{}/{what}", url.expose_secret().trim_end_matches('/'))).send().await;
        if let Err(error) = told.and_then(reqwest::Response::error_for_status) {
            tracing::warn!("the monitor was not told: {}", error_text(error));
        }
    }
}
