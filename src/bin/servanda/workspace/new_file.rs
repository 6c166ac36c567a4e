//! A file that a command is about to write.

use servanda::document::Node;

/// A file that is not on disk yet.
pub(crate) struct NewFile {
    /// Its path relative to the repository.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The parsed text, where the caller had to parse it anyway.
    pub(crate) root: Option<Node>,
}

impl NewFile {
    /// A file that has not been parsed yet.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), root: None }
    }
}
