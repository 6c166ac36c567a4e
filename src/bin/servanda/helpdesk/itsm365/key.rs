//! Authentication: the access key is sent in the query of every request, and only this file puts it there.

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::Pace;

use crate::http::client::{Endpoint, HttpClient, HttpError, Protocol, Request};
use crate::http::transport::Transport;

/// The access key of a tenant.
pub(crate) struct AccessKey(SecretString);

/// A connection to a tenant.
pub(crate) type Itsm365Transport = Transport<HttpClient<AccessKey>>;

impl Itsm365Transport {
    /// Connects to a tenant over the network.
    pub(crate) fn new(endpoint: &Endpoint<'_>, key: SecretString, pace: &Pace) -> Result<Self, HttpError> {
        Self::to(endpoint, AccessKey(key), pace)
    }
}

impl Protocol for AccessKey {
    fn address(&self, base: &str, request: &Request<'_>) -> String {
        format!("{base}/services/rest/{}", request.path)
    }

    fn authenticate(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
        let key = ("accessKey", self.0.expose_secret().to_owned());
        post.query(&[key]).query(request.query).json(request.body)
    }

    fn secret(&self) -> &SecretString {
        &self.0
    }

    /// An unknown key is answered with status 500 and a Russian sentence.
    fn rejects_secret(&self, _: StatusCode, text: &str) -> bool {
        text.contains("ключ авторизации") && text.contains("не найден")
    }

    fn check_body(&self, body: Value) -> Result<Value, HttpError> {
        Ok(body)
    }
}
