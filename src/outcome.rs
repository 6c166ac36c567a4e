//! What became of a plan: the result of each change, and what that means for the run as a whole.
//!
//! A value like any other, so that it can be journalled, rendered and turned into an exit code. Knows no
//! way to write and no text.

use std::collections::BTreeMap;

use crate::ident::{AgreementId, LiveId};
use crate::live::Value;
use crate::mapping::Field;

/// The results of all changes of a plan.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Outcome {
    /// The result of each change, by agreement.
    pub results: BTreeMap<AgreementId, ChangeResult>,
    /// How many changes remain to be done, by a plan made after the apply; `None` where none was made.
    pub remaining: Option<usize>,
    /// What ended the run before its time, if anything did.
    pub stopped: Option<Stopped>,
}

/// What ends a run before its time. What was carried out until then stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// Somebody asked it to stop.
    Signal,
    /// The helpdesk refused the key, again and again.
    Credentials,
    /// The journal or the memory could not be written, and nothing is sent that leaves no trace.
    NoTrace(String),
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeResult {
    /// All its steps were carried out.
    Done {
        /// The live object.
        object: LiveId,
        /// Fields that the helpdesk holds otherwise than they were written, as a tenant's script may do.
        altered: Vec<Altered>,
    },
    /// The object moved since the plan was made, or is no longer there; nothing was written.
    Stale,
    /// The helpdesk refused a step; those before it stand.
    Failed(StepFailure),
    /// The answer to a step was lost, and a look did not settle whether it was carried out.
    Unknown(StepFailure),
    /// The run ended before this step, counted from 0; those before it stand.
    Stopped {
        /// Which.
        step: usize,
    },
    /// It was not tried.
    NotTried(NotTried),
}

/// A field that the helpdesk holds otherwise than it was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Altered {
    /// Which.
    pub field: Field,
    /// What was written.
    pub sent: Value,
    /// What is held.
    pub held: Value,
}

/// A step that did not go through.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct StepFailure {
    /// Which step of the change, from 0.
    pub step: usize,
    /// What the helpdesk or the network said, without anything secret.
    pub message: String,
}

/// Why a change was not tried.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotTried {
    /// A change that it waits for was not confirmed.
    Waits(AgreementId),
    /// The run was stopped before its turn.
    Stopped,
}

impl Outcome {
    /// Whether every change was carried out.
    pub fn is_complete(&self) -> bool {
        self.results.values().all(|result| matches!(result, ChangeResult::Done { .. }))
    }

    /// Whether anything at all was written.
    pub fn has_written(&self) -> bool {
        self.results.values().any(|result| match result {
            ChangeResult::Done { .. } | ChangeResult::Unknown(_) => true,
            ChangeResult::Failed(StepFailure { step, .. }) | ChangeResult::Stopped { step } => *step > 0,
            ChangeResult::Stale | ChangeResult::NotTried(_) => false,
        })
    }

    /// Whether it is not known of some change whether it was carried out.
    pub fn is_in_doubt(&self) -> bool {
        self.results.values().any(|result| matches!(result, ChangeResult::Unknown(_)))
    }

    /// Whether nothing stands in the way but that objects moved.
    pub fn is_only_stale(&self) -> bool {
        let open = self.results.values().filter(|result| !matches!(result, ChangeResult::Done { .. }));
        let mut open = open.peekable();
        open.peek().is_some()
            && open.all(|result| {
                matches!(result, ChangeResult::Stale | ChangeResult::NotTried(NotTried::Waits(_)))
            })
    }
}
