//! The severity of a change for clients: the order in which changes are shown, and when a reviewer is notified again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Change, Risk, Verb};

/// A severity, the most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSeverity {
    /// Clients can no longer request anything under the agreement.
    Stops,
    /// A commitment is weakened.
    Weakens,
    /// The document is gone.
    Retires,
    /// The agreement lives in another helpdesk now.
    Moves,
    /// The last day comes earlier than the live one.
    Shortens,
    /// A text of people is overwritten.
    Overwrites,
    /// The creation is a second active agreement for the same recipients and services.
    Duplicates,
    /// An unmanaged object is adopted.
    Adopts,
    /// An agreement is created.
    Creates,
    /// Any other change.
    Changes,
}

impl ChangeSeverity {
    /// All severities, the most severe first.
    pub const ALL: [Self; 10] = [
        Self::Stops,
        Self::Weakens,
        Self::Retires,
        Self::Moves,
        Self::Shortens,
        Self::Overwrites,
        Self::Duplicates,
        Self::Adopts,
        Self::Creates,
        Self::Changes,
    ];

    /// Whether a reviewer must not overlook it.
    pub fn is_risk(self) -> bool {
        self <= Self::Adopts
    }

    /// The severity of one risk.
    pub fn of(risk: &Risk) -> Self {
        match risk {
            Risk::Deactivates => Self::Stops,
            Risk::Weakens(_) => Self::Weakens,
            Risk::Retires => Self::Retires,
            Risk::Moves(_) => Self::Moves,
            Risk::Shortens => Self::Shortens,
            Risk::Overwrites(_) => Self::Overwrites,
            Risk::Duplicates(_) => Self::Duplicates,
            Risk::Adopts => Self::Adopts,
        }
    }
}

impl Change {
    /// The highest severity of its risks.
    pub fn severity(&self) -> ChangeSeverity {
        self.severity_of(&self.risks)
    }

    /// The highest severity of some of its risks.
    pub fn severity_of(&self, risks: &[Risk]) -> ChangeSeverity {
        let otherwise =
            if self.verb == Verb::Create { ChangeSeverity::Creates } else { ChangeSeverity::Changes };
        risks.iter().map(ChangeSeverity::of).min().unwrap_or(otherwise)
    }
}
