//! The files of a trusted commit, in place of those on disk that a pull request may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::process::failure::{Exit, Failure};
use crate::workspace::files;

/// The files of a trusted commit that its settings name.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedFiles {
    /// The first digits of the commit's hash.
    pub(crate) commit: String,
    /// The text of each file by its name in the settings; `None` where the commit does not have it.
    pub(crate) texts: BTreeMap<String, Option<String>>,
    /// Their paths from the top of the work tree.
    pub(crate) paths: BTreeSet<String>,
}

impl TrustedFiles {
    /// Reads a file that the settings name. With settings of a trusted commit, a file of the work tree comes from that
    /// commit too: the file on disk may come from a pull request.
    pub(crate) fn text(trusted: Option<&Self>, root: &Path, name: &str) -> Result<String, Failure> {
        let Some((base, text)) = trusted.and_then(|base| Some((base, base.texts.get(name)?))) else {
            return files::read_named(&root.join(name));
        };
        text.clone().ok_or_else(|| {
            let message = format!("commit {} does not contain {name}, which its settings name", base.commit);
            Failure::new(Exit::Failure, "trusted-file-missing", message)
                .help("commit the file, or name one outside of the repository")
        })
    }
}
