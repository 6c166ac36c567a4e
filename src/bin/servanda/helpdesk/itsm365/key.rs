//! The key of this product travels in the query of every request; here it is put there, and nowhere else.

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::Pace;

use crate::http::client::{Endpoint, HttpError, Protocol, Request};
use crate::http::transport::Transport;

/// The access key of a tenant.
pub(crate) struct AccessKey(SecretString);

impl AccessKey {
    /// A key as it was found.
    pub(crate) const fn new(key: SecretString) -> Self {
        Self(key)
    }
}

impl Protocol for AccessKey {
    fn address(&self, url: &str, request: &Request<'_>) -> String {
        format!("{url}/services/rest/{}", request.path)
    }

    fn dress(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
        let key = ("accessKey", self.0.expose_secret().to_owned());
        post.query(&[key]).query(request.query).json(request.body)
    }

    fn secret(&self) -> &SecretString {
        &self.0
    }

    /// It answers a key that it does not know with 500 and a sentence.
    fn is_refusal(&self, _: StatusCode, text: &str) -> bool {
        text.contains("ключ авторизации") && text.contains("не найден")
    }

    fn judge(&self, body: Value) -> Result<Value, HttpError> {
        Ok(body)
    }
}

impl Transport {
    /// A transport to a tenant over the network.
    pub(crate) fn new(place: &Endpoint<'_>, key: SecretString, pace: &Pace) -> Result<Self, HttpError> {
        Self::to(place, AccessKey::new(key), pace)
    }
}
