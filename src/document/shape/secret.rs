//! The shape of a secret: the name of the variable of the environment that holds it.

use serde::Deserialize;

use super::text;

/// A secret: never its value, only where it is found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-kind" = "secret"))]
pub struct SecretShape {
    /// The variable of the environment that holds the secret. Example: `ITSM365_ACCESS_KEY`.
    #[schemars(with = "text::Variable")]
    pub env: String,
}
