//! Reads the body of a response: up to a limit, and without secrets. No other code reads one. Errors of requests become
//! texts here too.
#![expect(clippy::disallowed_methods, reason = "the one place that reads the bodies of responses")]

use serde_json::Value;

use super::redact::{self, Redactor};

/// The number of characters of a server's text that are shown in an error.
const EXCERPT_LENGTH: usize = 500;
/// The number of bytes of a body from which the shown text is taken.
const EXCERPT_BYTES: usize = 64 * 1024;

/// The body of a response.
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Reads a body to its end. Fails as soon as it is larger than the limit, which is in bytes.
    pub(crate) async fn read(mut response: reqwest::Response, limit: usize) -> Result<Self, String> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(error_text)? {
            if bytes.len() + chunk.len() > limit {
                return Err(format!("the response is larger than {} MiB", limit / (1024 * 1024)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Self(bytes))
    }

    /// The beginning as a text without secrets, short enough for a message.
    pub(crate) fn excerpt(&self) -> String {
        let beginning = &self.0[..self.0.len().min(EXCERPT_BYTES)];
        excerpt(&redact::text(&String::from_utf8_lossy(beginning)))
    }

    /// The JSON without the client's own secret, which a server may hold in one of its texts; `Null` if the body is empty,
    /// `None` if it is not JSON. The secrets of other clients stay: data may hold the same word by chance.
    pub(crate) fn json(&self, redactor: &Redactor) -> Option<Value> {
        if self.0.is_empty() {
            return Some(Value::Null);
        }
        let mut value = serde_json::from_slice(&self.0).ok()?;
        redactor.json(&mut value);
        Some(value)
    }
}

/// The beginning of a server's text, short enough for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_LENGTH).collect()
}

/// The text of an HTTP error and of its causes, without secrets and without the address, which may contain one.
pub(crate) fn error_text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    redact::text(&text)
}
