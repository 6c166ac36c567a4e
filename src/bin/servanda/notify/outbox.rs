//! Writes messages into a folder as `.eml` files, for the embedded helpdesk and for tests.
//!
//! A file is named after its message, so writing it again is idempotent.

use std::path::{Path, PathBuf};

use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::RenderedMessage;

use crate::notify::channel::{DeliveryChannel, Submit};
use crate::notify::mail::compose;
use crate::workspace::files;

/// A folder of messages.
pub(crate) struct Outbox {
    root: PathBuf,
    folder: PathBuf,
    from: String,
}

/// A file that is not written yet.
pub(crate) struct PreparedFile {
    root: PathBuf,
    path: PathBuf,
    text: String,
    name: String,
}

impl Outbox {
    /// The outbox in a folder of a repository, which may not exist yet.
    pub(crate) fn at(root: &Path, folder: &str, from: &str) -> Self {
        Self { root: root.to_path_buf(), folder: root.join(folder), from: from.to_owned() }
    }

    /// The folder, for people.
    pub(crate) fn place(&self) -> String {
        self.folder.display().to_string()
    }
}

impl DeliveryChannel for Outbox {
    type Prepared = PreparedFile;

    fn guarantee(&self) -> DeliveryGuarantee {
        DeliveryGuarantee::Idempotent
    }

    async fn prepare(&self, message: &Message, rendered: &RenderedMessage) -> Result<PreparedFile, String> {
        let from = self.from.parse().map_err(|_| format!("`mail.from` is not a sender: {}", self.from))?;
        let mail = compose(message, rendered, &from)?;
        let text = String::from_utf8(mail.formatted()).map_err(|_| "the mail is not UTF-8".to_owned())?;
        let path = self.folder.join(format!("{}.eml", message.name));
        Ok(PreparedFile { root: self.root.clone(), path, text, name: message.name.clone() })
    }
}

impl Submit for PreparedFile {
    async fn submit(self) -> Reply {
        match files::write_within(&self.root, &self.path, &self.text) {
            Ok(()) => Reply::Sent(self.name),
            Err(failure) => Reply::Refused(failure.message),
        }
    }
}
