//! What an apply did, line by line as it does it, so that a run that is killed leaves a trace.
//!
//! One JSON object a line in `.servanda/journal.jsonl`: a line is complete or it is the last. The journal
//! is for people; the next run looks at the helpdesk and never at it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use servanda::outcome::{Fate, Outcome};
use servanda::plan::{Change, Plan};

use crate::failure::Failure;
use crate::files;

/// An open journal.
pub(crate) struct Journal {
    file: std::fs::File,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal of a repository and says which plan begins.
    pub(crate) fn open(folder: &Path, plan: &Plan) -> Result<Self, Failure> {
        let path = folder.join("journal.jsonl");
        let mut journal = Self { file: files::append(&path)?, path };
        journal.line(&json!({
            "event": "apply",
            "as_of": plan.header.as_of,
            "commit": plan.header.commit,
            "files": plan.header.files,
            "helpdesk": plan.header.helpdesk,
            "version": plan.header.version,
            "changes": plan.changes.len(),
        }))?;
        Ok(journal)
    }

    pub(crate) fn begin(&mut self, change: &Change) -> Result<(), Failure> {
        self.line(&json!({ "event": "begin", "agreement": change.id, "verb": change.verb, "steps": change.steps.len() }))
    }

    pub(crate) fn step(&mut self, change: &Change, number: usize) -> Result<(), Failure> {
        self.line(&json!({ "event": "step", "agreement": change.id, "step": number }))
    }

    pub(crate) fn end(&mut self, change: &Change, fate: &Fate) -> Result<(), Failure> {
        self.line(&json!({ "event": "end", "agreement": change.id, "fate": fate }))
    }

    /// Says how the run ended, and makes sure that the disk has it.
    pub(crate) fn close(mut self, outcome: &Outcome) -> Result<(), Failure> {
        self.line(
            &json!({ "event": "closed", "complete": outcome.is_complete(), "remaining": outcome.remaining }),
        )?;
        self.file.sync_all().map_err(|error| Failure::file(&self.path, &error))
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        let written = self.file.write_all(format!("{value}\n").as_bytes());
        written.map_err(|error| Failure::file(&self.path, &error))
    }
}
