//! Authentication: the token is sent in a header, and only this file puts it there.

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::bridge::VERSION;

use crate::http::client::{HttpClient, HttpError, Protocol, RefusedLogin, Request};
use crate::http::transport::Transport;

/// The largest answer that is read, in bytes. A page of 500 agreements is a hundredth of it.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The token of an adapter; empty for an adapter on this machine that needs none.
pub(crate) struct BridgeToken(pub(crate) SecretString);

/// A connection to an adapter.
pub(crate) type BridgeTransport = Transport<HttpClient<BridgeToken>>;

impl Protocol for BridgeToken {
    fn address(&self, base: &str, request: &Request<'_>) -> String {
        format!("{base}/v{VERSION}/{}", request.path)
    }

    fn authenticate(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
        let post = post.json(request.body);
        match self.0.expose_secret() {
            "" => post,
            token => post.bearer_auth(token),
        }
    }

    fn secret(&self) -> &SecretString {
        &self.0
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }

    fn refused_login(&self, text: String) -> RefusedLogin {
        let help = "check the token in the variable that `helpdesk.access_key` names, and the rights of the adapter in its helpdesk";
        RefusedLogin { noun: "token", text, help }
    }

    fn rejects_secret(&self, _: StatusCode, _: &str) -> bool {
        false
    }

    fn check_body(&self, body: Value) -> Result<Value, HttpError> {
        Ok(body)
    }
}
