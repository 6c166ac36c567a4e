//! A message becomes a post of JSON: signed, with the message's name as its idempotency key.
//!
//! Body: `{"id", "subject", "text", "notices": [{"agreement", "event", "day", "state", …}]}`. The header
//! `X-Servanda-Signature` is `sha256=` and the HMAC of the body. The address may hold a token and is shown nowhere.
//! For Slack, Mattermost and Telegram the body is what these take: a text with their own signs.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::Letter;
use servanda::settings::{WebhookFormat, is_this_machine};
use sha2::Sha256;

use crate::http::client::{error_text, plain_client};
use crate::process::failure::{Exit, Failure};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_mins(1);

/// An address that messages are posted to.
pub(crate) struct Webhook {
    client: reqwest::Client,
    url: SecretString,
    key: Option<SecretString>,
    form: WebhookFormat,
    chat: Option<String>,
}

/// A message that is not posted yet.
pub(crate) struct Prepared {
    request: reqwest::RequestBuilder,
    name: String,
    form: WebhookFormat,
}

impl Webhook {
    /// An address; `https`, unless it is this machine.
    pub(crate) fn new(url: &SecretString, key: Option<SecretString>) -> Result<Self, Failure> {
        let wrong = |what: &str| {
            Failure::new(Exit::Failure, "notify-failure", format!("webhook.url: {what}"))
                .help("write an address that begins with https://")
        };
        let parsed = reqwest::Url::parse(url.expose_secret()).map_err(|_| wrong("this is no address"))?;
        let is_safe = parsed.scheme() == "https"
            || (parsed.scheme() == "http" && parsed.host_str().is_some_and(is_this_machine));
        if !is_safe {
            return Err(wrong("it is not encrypted"));
        }
        let client = plain_client(LIMIT).map_err(|why| {
            Failure::new(Exit::Failure, "notify-failure", format!("no client for the webhook: {why}"))
        })?;
        Ok(Self { client, url: url.clone(), key, form: WebhookFormat::Json, chat: None })
    }

    /// The same, in the form that whoever listens understands.
    #[must_use]
    pub(crate) fn speaking(mut self, form: WebhookFormat, chat: Option<String>) -> Self {
        (self.form, self.chat) = (form, chat);
        self
    }

    /// What is posted.
    pub(crate) const fn form(&self) -> WebhookFormat {
        self.form
    }

    /// Makes the request.
    pub(crate) fn prepare(&self, message: &Message, letter: &Letter) -> Prepared {
        let body = match self.form {
            WebhookFormat::Json => everything(message, letter),
            WebhookFormat::Slack | WebhookFormat::Mattermost => json!({ "text": letter.text }),
            WebhookFormat::Telegram => json!({
                "chat_id": self.chat,
                "text": letter.text,
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
        Prepared { request: request.body(body), name: message.name.clone(), form: self.form }
    }
}

/// A message for programs.
pub(crate) fn everything(message: &Message, letter: &Letter) -> Value {
    let notices = message.notices.iter().map(|notice| {
        json!({
            "agreement": notice.key.agreement,
            "event": notice.key.event.as_str(),
            "day": notice.key.day.to_string(),
            "first_day": notice.told.first_day.map(|day| day.to_string()),
            "last_day": notice.told.last_day.map(|day| day.to_string()),
            "state": notice.state,
        })
    });
    let notices: Vec<Value> = notices.collect();
    json!({ "id": message.name, "subject": letter.subject, "text": letter.text, "notices": notices })
}

/// What Telegram calls a message that it took. A success without one came from somebody else.
async fn taken(answer: reqwest::Response) -> Reply {
    let body: Value = match answer.json().await {
        Ok(body) => body,
        Err(error) => {
            return Reply::Unknown(format!("it answered with success and no JSON: {}", error_text(error)));
        }
    };
    match (&body["ok"], &body["result"]["message_id"]) {
        (Value::Bool(true), Value::Number(id)) => Reply::Sent(id.to_string()),
        _ => Reply::Unknown("it answered with success and named no message".to_owned()),
    }
}

fn signature(key: &SecretString, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).expect("a key of any length");
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

impl Prepared {
    /// Posts it.
    pub(crate) async fn submit(self) -> Reply {
        match self.request.send().await {
            Ok(answer) if answer.status().is_success() && self.form == WebhookFormat::Telegram => {
                taken(answer).await
            }
            Ok(answer) if answer.status().is_success() => Reply::Sent(self.name),
            // What was not understood was not passed on; what failed within may have been.
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
