//! The errors of a forge, and what they mean for a run.

use crate::process::failure::{Exit, Failure};

/// The reason why a request to a forge failed. No variant contains the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForgeError {
    /// The token is missing, invalid or lacks a permission.
    #[error("the forge does not accept the token for this: {0}")]
    Credentials(String),
    /// The forge refused the text, for example because it is too long.
    #[error("the forge refuses the text: {0}")]
    Refused(String),
    /// The pull request, comment or repository does not exist.
    #[error("the forge did not find it: {0}")]
    NotFound(String),
    /// Any other failure.
    #[error("{0}")]
    Other(String),
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let text = error.to_string();
        match error {
            ForgeError::Credentials(_) => Self::new(Exit::Credentials, "token-refused", text)
                .help("give the token the permission to write comments on pull requests, and no other"),
            ForgeError::NotFound(_) => Self::new(Exit::Failure, "pull-request-not-found", text)
                .help("check `--project` and `--pull-request`, and that the token may read the repository"),
            ForgeError::Refused(_) => Self::new(Exit::Failure, "comment-refused", text),
            ForgeError::Other(_) => {
                Self::new(Exit::Failure, "forge-unavailable", text).help("try again later")
            }
        }
    }
}
