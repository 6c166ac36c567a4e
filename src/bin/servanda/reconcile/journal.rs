//! The journal of applies: one JSON object a line in `.servanda/journal.jsonl`, appended as each step happens.
//!
//! A killed run leaves complete lines, except perhaps the last. The journal is for people; a later run reads the
//! helpdesk and never the journal.

use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use servanda::outcome::{ChangeResult, Outcome};
use servanda::plan::{Change, Plan};

use crate::process::failure::Failure;
use crate::workspace::files;

/// An open journal.
pub(crate) struct Journal {
    file: Mutex<File>,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal in a folder, and records the start of an apply.
    pub(crate) fn open(folder: &Path, plan: &Plan, run_name: &str) -> Result<Self, Failure> {
        let path = folder.join("journal.jsonl");
        let journal = Self { file: Mutex::new(files::append(&path)?), path };
        journal.append(&json!({
            "event": "apply",
            "run": run_name,
            "as_of": plan.header.as_of,
            "commit": plan.header.commit,
            "files": plan.header.files,
            "helpdesk": plan.header.helpdesk,
            "version": plan.header.version,
            "changes": plan.changes.len(),
        }))?;
        Ok(journal)
    }

    /// Records that a change begins.
    pub(crate) fn begin(&self, change: &Change) -> Result<(), Failure> {
        let steps = change.steps.len();
        self.append(&json!({ "event": "begin", "agreement": change.id, "verb": change.verb, "steps": steps }))
    }

    /// Records steps before they are `sent`, and once they are `done`.
    pub(crate) fn steps(&self, change: &Change, numbers: Range<usize>, event: &str) -> Result<(), Failure> {
        let line = |step| format!("{}\n", json!({ "event": event, "agreement": change.id, "step": step }));
        self.write(&numbers.map(line).collect::<String>())
    }

    /// Records the result of a change.
    pub(crate) fn end(&self, change: &Change, result: &ChangeResult) -> Result<(), Failure> {
        self.append(&json!({ "event": "end", "agreement": change.id, "result": result }))
    }

    /// Records the end of the apply, and flushes the journal to disk.
    pub(crate) fn close(&self, outcome: &Outcome) -> Result<(), Failure> {
        let complete = outcome.is_complete();
        self.append(&json!({ "event": "closed", "complete": complete, "stopped": outcome.stopped }))?;
        self.file().sync_all().map_err(|error| Failure::file(&self.path, &error))
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, value: &Value) -> Result<(), Failure> {
        self.write(&format!("{value}\n"))
    }

    fn write(&self, lines: &str) -> Result<(), Failure> {
        let written = self.file().write_all(lines.as_bytes());
        written.map_err(|error| Failure::file(&self.path, &error))
    }
}
