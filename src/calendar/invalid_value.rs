//! The reason why a text is not a day, a zone, a term or a length of time.

/// Why a text is no length of time, day or zone: what is wrong, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl InvalidValue {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}
