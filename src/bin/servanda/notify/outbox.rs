//! A message becomes a file in a folder, as a mail program would open it. For helpdesks without clients.
//!
//! A file is named after its message, so that writing it again is the same message.

use std::path::{Path, PathBuf};

use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::Letter;

use super::mail::compose;
use crate::workspace::files;

/// A folder of messages.
pub(crate) struct Outbox {
    folder: PathBuf,
    from: String,
}

/// A message that is not written yet.
pub(crate) struct Prepared {
    path: PathBuf,
    text: String,
    name: String,
}

impl Outbox {
    /// The outbox in a folder, whether or not it is there yet.
    pub(crate) fn at(folder: &Path, from: &str) -> Self {
        Self { folder: folder.to_path_buf(), from: from.to_owned() }
    }

    /// Where messages lie.
    pub(crate) fn place(&self) -> String {
        self.folder.display().to_string()
    }

    /// Makes the mail.
    pub(crate) fn prepare(&self, message: &Message, letter: &Letter) -> Result<Prepared, String> {
        let from = self.from.parse().map_err(|_| "mail.from is no sender".to_owned())?;
        let mail = compose(message, letter, &from)?;
        let text = String::from_utf8(mail.formatted()).map_err(|_| "the mail is no text".to_owned())?;
        let path = self.folder.join(format!("{}.eml", message.name));
        Ok(Prepared { path, text, name: message.name.clone() })
    }
}

impl Prepared {
    /// Writes it.
    pub(crate) fn submit(self) -> Reply {
        match files::write_whole(&self.path, &self.text) {
            Ok(()) => Reply::Sent(self.name),
            Err(failure) => Reply::Refused(failure.message),
        }
    }
}
