//! Posts messages as JSON, signed, with the message's name as idempotency key.
//!
//! Body: `{"id", "subject", "text", "notices": [{"agreement", "event", "day", "state", …}]}`. The header
//! `X-Servanda-Signature` is `sha256=` and the HMAC of the body. The address may contain a token and is never shown.
//! For Slack, Mattermost and Telegram, the body is a text in their format.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::RenderedMessage;
use servanda::settings::{WebhookFormat, is_this_machine};

use crate::http::body::{Body, error_text};
use crate::http::client::plain_client;
use crate::http::redact::{self, Redactor};
use crate::http::signature::hmac_sha256;
use crate::notify::channel::{DeliveryChannel, Submit};
use crate::process::failure::{Exit, Failure};

/// The timeout of a response.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The largest answer that is read, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// The address to which messages are posted.
pub(crate) struct WebhookChannel {
    client: reqwest::Client,
    url: SecretString,
    key: Option<SecretString>,
    form: WebhookFormat,
    chat: Option<String>,
}

/// A message that is not posted yet.
pub(crate) struct PreparedPost {
    request: reqwest::RequestBuilder,
    name: String,
    form: WebhookFormat,
}

impl WebhookChannel {
    /// Checks the address: `https`, except on this machine.
    pub(crate) fn new(url: &SecretString, key: Option<SecretString>) -> Result<Self, Failure> {
        let invalid = |why: &str| {
            Failure::new(Exit::Failure, "webhook-url-invalid", format!("`webhook.url` is invalid: {why}"))
                .help("write an address that begins with https://")
        };
        let parsed = reqwest::Url::parse(url.expose_secret()).map_err(|_| invalid("it is not a URL"))?;
        let is_safe = parsed.scheme() == "https"
            || (parsed.scheme() == "http" && parsed.host_str().is_some_and(is_this_machine));
        if !is_safe {
            return Err(invalid("it is not encrypted"));
        }
        let client = plain_client(url.expose_secret(), TIMEOUT).map_err(|why| {
            let message = format!("the HTTP client of the webhook cannot be set up: {why}");
            Failure::new(Exit::Failure, "http-client", message)
        })?;
        redact::register_address(url);
        key.as_ref().inspect(|key| redact::register(key));
        Ok(Self { client, url: url.clone(), key, form: WebhookFormat::Json, chat: None })
    }

    /// Sets the form of the body, and the chat for Telegram.
    #[must_use]
    pub(crate) fn with_form(mut self, form: WebhookFormat, chat: Option<String>) -> Self {
        (self.form, self.chat) = (form, chat);
        self
    }

    /// The form of the body.
    pub(crate) const fn form(&self) -> WebhookFormat {
        self.form
    }
}

impl DeliveryChannel for WebhookChannel {
    type Prepared = PreparedPost;

    fn guarantee(&self) -> DeliveryGuarantee {
        DeliveryGuarantee::AtMostOnce
    }

    async fn prepare(&self, message: &Message, rendered: &RenderedMessage) -> Result<PreparedPost, String> {
        let body = match self.form {
            WebhookFormat::Json => body(message, rendered),
            WebhookFormat::Slack | WebhookFormat::Mattermost => json!({ "text": rendered.text }),
            WebhookFormat::Telegram => json!({
                "chat_id": self.chat,
                "text": rendered.text,
                "parse_mode": "HTML",
                "link_preview_options": { "is_disabled": true },
            }),
        };
        let body = body.to_string();
        let mut request = self
            .client
            .post(self.url.expose_secret())
            .header("content-type", "application/json")
            .header("idempotency-key", &message.name);
        if let Some(key) = &self.key {
            request = request.header("x-servanda-signature", signature(key, &body));
        }
        Ok(PreparedPost { request: request.body(body), name: message.name.clone(), form: self.form })
    }
}

/// The JSON of a message, for programs.
pub(crate) fn body(message: &Message, rendered: &RenderedMessage) -> Value {
    let notices = message.notices.iter().map(|notice| {
        json!({
            "agreement": notice.key.agreement,
            "event": notice.key.event.as_str(),
            "day": notice.key.day.to_string(),
            "first_day": notice.announced.first_day.map(|day| day.to_string()),
            "last_day": notice.announced.last_day.map(|day| day.to_string()),
            "state": notice.state,
        })
    });
    let notices: Vec<Value> = notices.collect();
    json!({ "id": message.name, "subject": rendered.subject, "text": rendered.text, "notices": notices })
}

/// Reads Telegram's id of the message. A success without one came from another server, such as a proxy.
async fn telegram_reply(answer: reqwest::Response) -> Reply {
    let body = match Body::read(answer, BODY_LIMIT).await {
        Ok(body) => body.json(&Redactor::new(&SecretString::default())),
        Err(why) => return Reply::Unknown(format!("it answered with success, but {why}")),
    };
    let Some(body) = body else {
        return Reply::Unknown("it answered with success, but without JSON".to_owned());
    };
    match (&body["ok"], &body["result"]["message_id"]) {
        (Value::Bool(true), Value::Number(id)) => Reply::Sent(id.to_string()),
        _ => Reply::Unknown("it answered with success, but without the id of a message".to_owned()),
    }
}

fn signature(key: &SecretString, body: &str) -> String {
    format!("sha256={}", hmac_sha256(key, body))
}

impl Submit for PreparedPost {
    async fn submit(self) -> Reply {
        match self.request.send().await {
            Ok(answer) if answer.status().is_success() && self.form == WebhookFormat::Telegram => {
                telegram_reply(answer).await
            }
            Ok(answer) if answer.status().is_success() => Reply::Sent(self.name),
            // A rejected request was not processed. After a server error, it may have been.
            Ok(answer) if answer.status().is_client_error() || answer.status().is_redirection() => {
                Reply::Refused(format!("it answered {}", answer.status()))
            }
            Ok(answer) => Reply::Unknown(format!("it answered {}", answer.status())),
            Err(error) if error.is_connect() || error.is_builder() => {
                Reply::Refused(format!("it could not be reached: {}", error_text(error)))
            }
            Err(error) => Reply::Unknown(error_text(error)),
        }
    }
}

#[cfg(test)]
mod tests;
