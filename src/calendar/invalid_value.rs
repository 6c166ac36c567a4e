//! The error of the parsers for days, zones, terms and durations.

/// The reason why a value is invalid, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// The message, without a full stop.
    pub message: String,
    /// The help: what to write instead.
    pub help: String,
}

impl InvalidValue {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}
