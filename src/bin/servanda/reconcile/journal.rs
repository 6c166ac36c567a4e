//! What an apply did, line by line as it does it, so that a run that is killed leaves a trace.
//!
//! One JSON object a line in `.servanda/journal.jsonl`: a line is complete or it is the last. The journal
//! is for people; the next run looks at the helpdesk and never at it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use servanda::outcome::{ChangeResult, Outcome};
use servanda::plan::{Change, Plan};

use crate::process::failure::Failure;
use crate::workspace::files;

/// An open journal.
pub(crate) struct Journal {
    file: Mutex<std::fs::File>,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal of a repository and says which plan begins.
    pub(crate) fn open(folder: &Path, plan: &Plan, run: &str) -> Result<Self, Failure> {
        let path = folder.join("journal.jsonl");
        let journal = Self { file: Mutex::new(files::append(&path)?), path };
        journal.line(&json!({
            "event": "apply",
            "run": run,
            "as_of": plan.header.as_of,
            "commit": plan.header.commit,
            "files": plan.header.files,
            "helpdesk": plan.header.helpdesk,
            "version": plan.header.version,
            "changes": plan.changes.len(),
        }))?;
        Ok(journal)
    }

    pub(crate) fn begin(&self, change: &Change) -> Result<(), Failure> {
        self.line(&json!({ "event": "begin", "agreement": change.id, "verb": change.verb, "steps": change.steps.len() }))
    }

    /// A step before it is sent (`sent`), and once it is confirmed (`done`).
    pub(crate) fn step(&self, change: &Change, number: usize, what: &str) -> Result<(), Failure> {
        self.line(&json!({ "event": what, "agreement": change.id, "step": number }))
    }

    pub(crate) fn end(&self, change: &Change, result: &ChangeResult) -> Result<(), Failure> {
        self.line(&json!({ "event": "end", "agreement": change.id, "result": result }))
    }

    /// Says how the run ended, and makes sure that the disk has it.
    pub(crate) fn close(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.line(
            &json!({ "event": "closed", "complete": outcome.is_complete(), "stopped": outcome.stopped }),
        )?;
        self.file().sync_all().map_err(|error| Failure::file(&self.path, &error))
    }

    fn file(&self) -> std::sync::MutexGuard<'_, std::fs::File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, value: &serde_json::Value) -> Result<(), Failure> {
        let written = self.file().write_all(format!("{value}\n").as_bytes());
        written.map_err(|error| Failure::file(&self.path, &error))
    }
}
