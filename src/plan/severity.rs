//! How grave a change is for clients: what is shown first, and what a reviewer is called back for.

use crate::plan::{Change, Risk, Verb};

/// How grave a change is, the most_severe first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSeverity {
    /// Clients can no longer ask for anything under it.
    Stops,
    /// Something that was promised is promised less.
    Weakens,
    /// No document stands behind it any more.
    Retires,
    /// It ends earlier than the helpdesk has it.
    Shortens,
    /// An object that bore no mark of ours is taken over.
    Adopts,
    /// Something new, which takes nothing away.
    Creates,
    /// Anything else.
    Changes,
}

impl ChangeSeverity {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Stops,
        Self::Weakens,
        Self::Retires,
        Self::Shortens,
        Self::Adopts,
        Self::Creates,
        Self::Changes,
    ];

    /// Whether a reviewer must not overlook it.
    pub fn is_risk(self) -> bool {
        self <= Self::Adopts
    }

    /// How grave one risk is.
    pub fn of(risk: &Risk) -> Self {
        match risk {
            Risk::Deactivates => Self::Stops,
            Risk::Weakens(_) => Self::Weakens,
            Risk::Retires => Self::Retires,
            Risk::Shortens => Self::Shortens,
            Risk::Adopts => Self::Adopts,
        }
    }
}

impl Change {
    /// The most_severe that it does.
    pub fn severity(&self) -> ChangeSeverity {
        let otherwise =
            if self.verb == Verb::Create { ChangeSeverity::Creates } else { ChangeSeverity::Changes };
        self.risks.iter().map(ChangeSeverity::of).min().unwrap_or(otherwise)
    }
}
