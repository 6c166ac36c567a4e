//! The outcome of an apply: the result of each change, and what ended the run early.
//!
//! A plain value, so that it can be journalled, rendered and turned into an exit code.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::{AgreementId, LiveId};
use crate::plan::{Altered, DriftPart, Elsewhere};

/// The results of all changes of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The result of each change, by agreement.
    pub results: BTreeMap<AgreementId, ChangeResult>,
    /// The number of changes that remain, by a plan made after the apply; `None` where none was made.
    pub remaining: Option<usize>,
    /// The reason why the run ended early, if it did.
    pub stopped: Option<Stopped>,
}

/// The reason why a run ended early. Changes that were applied until then stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// A signal asked the run to stop.
    Signal,
    /// The helpdesk refused the credentials several times in a row.
    Credentials,
    /// The journal or the ledger could not be written; no request is sent without a trace.
    NoTrace(String),
}

/// The result of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeResult {
    /// All its steps were applied.
    Done {
        /// The live object.
        object: LiveId,
        /// The fields that the helpdesk holds with another value than was written.
        altered: Vec<Altered>,
    },
    /// The helpdesk accepted all its steps, and a plan made after the apply still contains the change.
    NotKept {
        /// The live object.
        object: LiveId,
        /// The parts that still differ from the files.
        parts: Vec<DriftPart>,
    },
    /// The object changed since the plan was made, or is gone; nothing was written.
    Stale,
    /// A step failed; the steps before it stay applied.
    Failed(StepFailure),
    /// The response to a step was lost, and reading the object again did not settle the result.
    Unknown(StepFailure),
    /// The run ended before this step; the steps before it stay applied.
    Stopped {
        /// The step, counted from 0.
        step: usize,
    },
    /// It was not tried.
    NotTried(NotTried),
    /// The object does not have the agreement's ownership key; nothing more was written to it.
    WithoutKey(WithoutKey),
    /// Another run created an object of the same agreement first; the new one was withdrawn.
    Withdrawn(Withdrawn),
}

/// An object that does not have the ownership key it should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithoutKey {
    /// The step of the change, counted from 0: the one that wrote the key, or the first one that was not sent.
    pub step: usize,
    /// The object, which stays as it is.
    pub object: LiveId,
    /// The value of the key attribute, if this run has just written an ownership key to it.
    pub stored: Option<String>,
}

/// An object that was withdrawn right after its creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// The new object, which was never published.
    pub object: LiveId,
    /// The earlier object, which stays.
    pub kept: LiveId,
    /// The reason why the new object could not be retired, if it could not.
    pub failure: Option<String>,
}

/// A step that failed, or whose result is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepFailure {
    /// The step of the change, counted from 0.
    pub step: usize,
    /// The message of the helpdesk or the network, without any secret.
    pub message: String,
}

/// The reason why a change was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotTried {
    /// A change that it waits for was not confirmed.
    Waits(AgreementId),
    /// An agreement that it waits for was not confirmed in another helpdesk.
    Elsewhere(Elsewhere),
    /// The object in another helpdesk has the same id and the same content, so that both names may lead to one helpdesk.
    SameObject(Elsewhere),
    /// The run was stopped first.
    Stopped,
    /// It creates an object, and this run creates none.
    NoCreation(NoCreation),
}

/// The reason why a run creates no objects. Edits go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoCreation {
    /// The ledger is unavailable, so that a creation would leave no trace.
    NoLedger,
    /// The helpdesk did not store the ownership key of this object.
    KeyNotKept(LiveId),
}

impl Outcome {
    /// Whether every change was applied.
    pub fn is_complete(&self) -> bool {
        self.results.values().all(|result| matches!(result, ChangeResult::Done { .. }))
    }

    /// Whether anything was, or may have been, written.
    pub fn has_written(&self) -> bool {
        self.results.values().any(|result| match result {
            ChangeResult::Done { .. }
            | ChangeResult::NotKept { .. }
            | ChangeResult::Unknown(_)
            | ChangeResult::Withdrawn(_) => true,
            ChangeResult::WithoutKey(WithoutKey { step, stored, .. }) => *step > 0 || stored.is_some(),
            ChangeResult::Failed(StepFailure { step, .. }) | ChangeResult::Stopped { step } => *step > 0,
            ChangeResult::Stale | ChangeResult::NotTried(_) => false,
        })
    }

    /// Whether the result of at least one change is unknown.
    pub fn is_in_doubt(&self) -> bool {
        self.results.values().any(|result| matches!(result, ChangeResult::Unknown(_)))
    }

    /// Whether some changes are open, and all of them only because objects changed since the plan was made.
    pub fn is_only_stale(&self) -> bool {
        let open = self.results.values().filter(|result| !matches!(result, ChangeResult::Done { .. }));
        let mut open = open.peekable();
        open.peek().is_some()
            && open.all(|result| {
                matches!(result, ChangeResult::Stale | ChangeResult::NotTried(NotTried::Waits(_)))
            })
    }
}
