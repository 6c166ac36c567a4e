//! The errors of reading from and writing to a helpdesk, and what they mean for a run.

use crate::http::client::HttpError;
use crate::process::failure::{Exit, Failure};

/// The reason why the helpdesk could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {error}")]
pub(crate) struct ReadError {
    /// The call, without a secret: `find agreement$agreement`.
    pub(crate) call: String,
    /// The problem.
    pub(crate) error: ReadErrorKind,
}

/// The problem of a read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadErrorKind {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The response is JSON of an unexpected shape.
    #[error("{0}")]
    Unexpected(String),
    /// The list does not end within its bounds.
    #[error("{0}")]
    Endless(String),
    /// The pages of a list do not fit together, so that objects may be missing.
    #[error("{0}")]
    Unstable(String),
}

impl ReadError {
    /// Whether every further request would fail in the same way.
    pub(crate) const fn is_credentials(&self) -> bool {
        matches!(self.error, ReadErrorKind::Http(HttpError::Credentials(_)))
    }
}

impl From<HttpError> for ReadError {
    fn from(error: HttpError) -> Self {
        Self { call: "connecting to the helpdesk".to_owned(), error: error.into() }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let text = error.to_string();
        match error.error {
            ReadErrorKind::Http(HttpError::Credentials(refused)) => {
                Self::new(Exit::Credentials, "credentials-refused", text).help(refused.help)
            }
            ReadErrorKind::Http(HttpError::NotSent(_)) => {
                Self::new(Exit::Failure, "helpdesk-unreachable", text).help(
                    "check the address under `helpdesk:` in servanda.yaml and the network, then try again",
                )
            }
            ReadErrorKind::Http(HttpError::Refused { status: 404, .. }) => {
                Self::new(Exit::Failure, "helpdesk-request-failed", text)
                    .help("check the address and the settings under `helpdesk:` in servanda.yaml")
            }
            ReadErrorKind::Http(_) => Self::new(Exit::Failure, "helpdesk-request-failed", text)
                .help("try again later; if the error persists, check the settings under `helpdesk:`"),
            ReadErrorKind::Endless(_) => Self::new(Exit::Failure, "helpdesk-list-endless", text)
                .help("ask the operator of the helpdesk why the list does not end; nothing was planned"),
            ReadErrorKind::Unstable(_) => Self::new(Exit::Failure, "helpdesk-list-unstable", text).help(
                "try again while no one edits the list; nothing was planned, since an object that is not seen would be created again",
            ),
            ReadErrorKind::Unexpected(_) => Self::new(Exit::Failure, "helpdesk-response-unexpected", text)
                .help("check the settings under `helpdesk:`; `servanda discover` proposes them"),
        }
    }
}

/// The reason why a step of a plan was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The helpdesk refused the write, which had no effect.
    #[error("{0}")]
    Refused(String),
    /// The object has changed since it was read; nothing was written.
    #[error("the object was changed by somebody else in the meantime")]
    Conflict,
    /// The helpdesk does not accept the key; nothing was written.
    #[error("{0}")]
    Credentials(String),
    /// The request was sent, and its result is unknown.
    #[error("{0}")]
    Ambiguous(String),
    /// The helpdesk itself failed, and may have stored the write before.
    #[error("{0}")]
    ServerFailed(String),
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
}

impl WriteError {
    /// The refusal of a step on an object that is not named.
    pub(crate) fn without_object() -> Self {
        Self::Refused("the object to write to is unknown".to_owned())
    }

    /// The refusal of a step that this helpdesk does not have.
    pub(crate) fn no_such_step(helpdesk: &str) -> Self {
        Self::Refused(format!("{helpdesk} has no such step: the plan was made for another helpdesk"))
    }
}

impl From<HttpError> for WriteError {
    fn from(error: HttpError) -> Self {
        let text = error.to_string();
        match error {
            HttpError::Credentials(_) => Self::Credentials(text),
            error if error.is_ambiguous() => Self::Ambiguous(text),
            HttpError::NotSent(_) | HttpError::TooLate(_) => Self::NotSent(text),
            error if error.is_of_the_server() => Self::ServerFailed(text),
            _ => Self::Refused(text),
        }
    }
}
