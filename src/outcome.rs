//! The outcome of an apply: the result of each change, and what ended the run early.
//!
//! A plain value, so that it can be journalled, rendered and turned into an exit code.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::{AgreementId, LiveId};
use crate::plan::Altered;

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
    /// The run was stopped first.
    Stopped,
}

impl Outcome {
    /// Whether every change was applied.
    pub fn is_complete(&self) -> bool {
        self.results.values().all(|result| matches!(result, ChangeResult::Done { .. }))
    }

    /// Whether anything was, or may have been, written.
    pub fn has_written(&self) -> bool {
        self.results.values().any(|result| match result {
            ChangeResult::Done { .. } | ChangeResult::Unknown(_) => true,
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
