//! Authentication: the login is sent in fields of the form, never in an address, and only this file puts it
//! there.

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::http::body::excerpt;
use crate::http::client::{HttpClient, HttpError, Protocol, RefusedLogin, Request};
use crate::http::transport::Transport;

/// The version of the REST interface.
const VERSION: &str = "1.3";
/// The codes of a refused login: unauthorised, no version, no user or password.
const LOGIN_REFUSED: [i64; 3] = [1, 2, 3];
/// The first code of a database error.
const DATABASE_ERROR: i64 = 1000;
/// The first code of a lost database connection.
const DATABASE_LOST: i64 = 2000;

/// The advice for a refused login.
const PASSWORD_HELP: &str = "check the user and the password in the variables that servanda.yaml names; the user needs the profile REST Services User, also as an administrator, and profiles that may read the class";
/// The advice for a refused token.
const TOKEN_HELP: &str = "check the token in the variable that servanda.yaml names: its scope is REST/JSON, and `token` is one of the `allowed_login_types`; its user needs profiles that may read the class";

/// The credentials of an iTop user.
pub(crate) enum ItopLogin {
    /// A token.
    Token(SecretString),
    /// A user with a password.
    Password {
        /// The user's name.
        user: String,
        /// The user's password.
        password: SecretString,
    },
}

/// A connection to an iTop.
pub(crate) type ItopTransport = Transport<HttpClient<ItopLogin>>;

impl Protocol for ItopLogin {
    fn address(&self, base: &str, _: &Request<'_>) -> String {
        format!("{base}/webservices/rest.php")
    }

    fn authenticate(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
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

    fn refused_login(&self, text: String) -> RefusedLogin {
        match self {
            Self::Token(_) => RefusedLogin { noun: "token", text, help: TOKEN_HELP },
            Self::Password { .. } => RefusedLogin { noun: "login", text, help: PASSWORD_HELP },
        }
    }

    /// iTop refuses a login only in the body of a successful response.
    fn rejects_secret(&self, _: StatusCode, _: &str) -> bool {
        false
    }

    /// Only the code is interpreted; the message is for people. Messages of the database contain SQL
    /// statements with values, and are not shown.
    fn check_body(&self, body: Value) -> Result<Value, HttpError> {
        let Some(code) = body.get("code").and_then(Value::as_i64) else {
            return Err(HttpError::NotJson("a response without a code".to_owned()));
        };
        let text = excerpt(body.get("message").and_then(Value::as_str).unwrap_or_default());
        match code {
            0 => Ok(body),
            code if LOGIN_REFUSED.contains(&code) => Err(HttpError::Credentials(self.refused_login(text))),
            code if code >= DATABASE_LOST => {
                Err(HttpError::Lost(format!("the database of iTop failed with code {code}")))
            }
            code if code >= DATABASE_ERROR => {
                Err(HttpError::Declined { code, text: "the database of iTop refused a value".to_owned() })
            }
            code => Err(HttpError::Declined { code, text }),
        }
    }
}
