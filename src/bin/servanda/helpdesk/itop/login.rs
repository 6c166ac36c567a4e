//! The login travels in a field of the form, never in an address; here it is put there, and nowhere else.

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::http::client::{HttpError, Protocol, Request, excerpt};

/// The version of the interface that is spoken.
const VERSION: &str = "1.3";
/// Codes by which it says that it does not let us in: a wrong login, no name, no password.
const NOT_LET_IN: [i64; 3] = [1, 2, 3];
/// From here on a code is one of its database.
const DATABASE: i64 = 1000;
/// From here on it says that the database was not reached, or left in the middle.
const DATABASE_LOST: i64 = 2000;

/// How one proves to an iTop who one is.
pub(crate) enum Form {
    /// By a token.
    Token(SecretString),
    /// By a name and its password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Protocol for Form {
    fn address(&self, url: &str, _: &Request<'_>) -> String {
        format!("{url}/webservices/rest.php")
    }

    fn dress(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
        let mut fields = vec![("version", VERSION.to_owned()), ("json_data", request.body.to_string())];
        match self {
            Self::Token(token) => fields.push(("auth_token", token.expose_secret().to_owned())),
            Self::Password { user, password } => {
                fields.push(("auth_user", user.clone()));
                fields.push(("auth_pwd", password.expose_secret().to_owned()));
            }
        }
        post.form(&fields)
    }

    fn secret(&self) -> &SecretString {
        match self {
            Self::Token(secret) | Self::Password { password: secret, .. } => secret,
        }
    }

    /// It says so in bodies of success alone.
    fn is_refusal(&self, _: StatusCode, _: &str) -> bool {
        false
    }

    /// What it says is for people, and never matched on. What its database says holds whole statements with values in
    /// them, and is not excerpt at all.
    fn judge(&self, body: Value) -> Result<Value, HttpError> {
        let Some(code) = body.get("code").and_then(Value::as_i64) else {
            return Err(HttpError::NotJson("an answer without a code".to_owned()));
        };
        let text = excerpt(body.get("message").and_then(Value::as_str).unwrap_or_default());
        match code {
            0 => Ok(body),
            code if NOT_LET_IN.contains(&code) => Err(HttpError::Credentials(text)),
            code if code >= DATABASE_LOST => Err(HttpError::Lost(format!("its database failed with {code}"))),
            code if code >= DATABASE => {
                Err(HttpError::Declined { code, text: "its database refused a value".to_owned() })
            }
            code => Err(HttpError::Declined { code, text }),
        }
    }
}
