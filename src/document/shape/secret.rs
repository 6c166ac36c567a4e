//! The shape of a secret: the name of the environment variable that contains it.

use serde::Deserialize;

use super::text;

/// A secret, given by the name of its environment variable, never by its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-kind" = "secret"))]
pub struct SecretShape {
    /// The environment variable that contains the secret. Example: `ITSM365_ACCESS_KEY`.
    #[schemars(with = "text::Variable")]
    pub env: String,
}
