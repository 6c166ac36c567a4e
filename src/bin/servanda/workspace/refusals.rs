//! The workspaces that no command plans from or writes for.

use crate::process::context::AsOf;
use crate::process::failure::{Exit, Failure};
use crate::workspace::load::Workspace;

impl Workspace {
    /// Refuses a workspace without agreements: planned as it is, it would retire every managed object.
    pub(crate) fn refuse_empty(self) -> Result<Self, Failure> {
        if !self.agreements.is_empty() {
            return Ok(self);
        }
        let message = format!("no agreement was found in {}/agreements", self.root.display());
        Err(Failure::new(Exit::Refused, "no-agreements", message).help(
            "refused: an empty directory would retire every agreement; check the path of the repository",
        ))
    }

    /// Refuses to write for another day than today, unless the settings mark the helpdesk as a rehearsal.
    pub(crate) fn refuse_other_days(&self, as_of: AsOf) -> Result<(), Failure> {
        if !as_of.is_asked || self.settings.helpdesk.rehearsal {
            return Ok(());
        }
        Err(Failure::new(Exit::Refused, "other-day", "cannot write for another day than today").help(
            "preview that day with `servanda plan --as-of`, or apply it to a helpdesk with `rehearsal: true`",
        ))
    }
}
