//! The difference between what is desired and what is live, as data: versioned, sorted, serialisable.
//!
//! A plan leaves nothing to decide: each change lists the steps of its apply in order, and the digest of
//! the object it was made from. No sentences in here (`render` makes those) and no way to write.

mod cause;
mod diff;
mod drift;
mod severity;
mod risk;
pub mod scope;
mod simulate;
mod freshness;
mod steps;
#[cfg(test)]
mod tests;

pub use cause::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied, assign_causes};
pub use diff::{DiffContext, diff};
pub use drift::{Drift, DriftPart, keep_drift};
pub use freshness::{Freshness, freshness};
pub use severity::ChangeSeverity;
pub use simulate::{apply_step, simulate};

use std::collections::BTreeMap;

use crate::calendar::Instant;
use crate::desired::{OtherTitle, Unresolved};
use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::Field;
use crate::status::{State, StatusReason};

/// The version of the plan's JSON. A reader refuses any other.
pub const FORMAT: u32 = 1;

/// What an apply would do, and what it would leave.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// The version of this shape.
    pub format: u32,
    /// What the plan was made from.
    pub header: Header,
    /// The changes in the order of their apply.
    pub changes: Vec<Change>,
    /// What somebody changed in the helpdesk by hand since the last apply.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// What was not planned, and why.
    pub blocked: Vec<Blocked>,
    /// Worth knowing; nothing follows from them.
    pub notes: Vec<Note>,
    /// How many agreements were looked at and what is to happen to them.
    pub totals: Totals,
    /// What the objects that are mentioned are called.
    pub names: BTreeMap<LiveId, String>,
}

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Header {
    /// The one instant of the run.
    #[schemars(with = "String")]
    pub as_of: Instant,
    /// The zone that a bare date was read in, for showing `as_of`.
    pub zone: String,
    /// The release of the zone data that turned days into instants.
    pub zone_data: String,
    /// The version of the program.
    pub version: String,
    /// The commit of the files, where they are in a repository.
    pub commit: Option<String>,
    /// The digest of all files that were read.
    pub files: String,
    /// The helpdesk, without anything secret.
    pub helpdesk: String,
}

/// All that happens to one agreement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// The agreement.
    pub id: AgreementId,
    /// What kind of change it is.
    pub verb: Verb,
    /// Its client; `None` where the document is gone.
    pub client: Option<ClientSlug>,
    /// What people call it.
    pub title: String,
    /// The live object, where there is one.
    pub object: Option<LiveId>,
    /// The status that the document has at the instant of the plan; `None` where the document is gone.
    pub status: Option<State>,
    /// Which part of the agreement makes it so.
    pub because: Option<StatusReason>,
    /// The change of the tenant's own state.
    pub state: Option<StateChange>,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// The mark that is written: the id itself where an object is created, adopted or renamed.
    pub ownership_key: Option<OwnershipKey>,
    /// Whether clients gain or lose by it; gains are applied first.
    pub phase: Phase,
    /// Changes that must be confirmed before this one.
    pub after: Vec<AgreementId>,
    /// What a reviewer must not overlook.
    pub risks: Vec<Risk>,
    /// The digest of the live object; apply refuses when it has moved. `None` where there is none yet.
    pub before: Option<String>,
    /// What apply does, in order. Every prefix leaves a legal state.
    pub steps: Vec<Step>,
}

/// The kinds of change.
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
pub enum Verb {
    /// The helpdesk has no such agreement.
    Create,
    /// It has one, and it differs.
    Update,
    /// The document is gone, and the agreement is deactivated.
    Retire,
}

/// A change of the tenant's own state.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct StateChange {
    /// The state now; `None` where the object does not exist.
    pub before: Option<String>,
    /// The state to come.
    pub after: String,
    /// Whether an edit, the date or drift brought it about; `None` where nobody can say.
    pub cause: Option<Cause>,
}

/// A change of one field.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// Which.
    pub field: Field,
    /// What the helpdesk holds.
    pub before: Value,
    /// What the files say.
    pub after: Value,
    /// Whether an edit, the date or drift brought it about; `None` where nobody can say.
    pub cause: Option<Cause>,
}

/// What brought a change about.
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
pub enum Cause {
    /// Somebody changed the files.
    Edit,
    /// Time went by.
    Date,
    /// Somebody changed the helpdesk.
    Drift,
}

/// What is written into the key attribute, and what stood there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct OwnershipKey {
    /// The agreement whose mark the object bears; `None` where it bears none.
    pub before: Option<AgreementId>,
    /// The agreement whose mark it will bear.
    pub after: AgreementId,
}

/// Whether clients gain or lose by a change.
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
pub enum Phase {
    /// Creations, activations, and all that takes nothing away.
    Gain,
    /// Deactivations.
    Loss,
}

/// What a reviewer must not overlook, and guards count.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Clients can no longer ask for anything under it.
    Deactivates,
    /// Something that was promised is promised less, or no longer: the fields, services and priorities.
    Weakens(Vec<Weakened>),
    /// The document is gone.
    Retires,
    /// An object that bears no mark of ours is taken over.
    Adopts,
    /// A last day comes earlier than the helpdesk has it.
    Shortens,
}

/// One promise that becomes less.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Weakened {
    /// A service is no longer covered.
    Service(LiveId),
    /// A response or resolution takes longer, is counted on other hours, or is gone.
    Target(TargetKey),
    /// The hours of the whole agreement change to others than round the clock.
    Calendar,
}

/// One step of an apply, at most one request each.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Creates the agreement in the helpdesk's initial state, of no use to anybody yet, with its mark.
    Create {
        /// All fields that hold something, but for targets and recipients that are written elsewhere.
        fields: BTreeMap<Field, Value>,
    },
    /// One edit of the agreement.
    Edit {
        /// The fields that change.
        fields: BTreeMap<Field, Value>,
        /// The tenant's state, where it changes too.
        state: Option<String>,
        /// The mark, where it changes too.
        ownership_key: Option<AgreementId>,
    },
    /// Writes one promise.
    PutRule {
        /// The object that holds it; `None` to create one.
        rule: Option<LiveId>,
        /// What it is about.
        key: TargetKey,
        /// What is promised.
        target: LiveTarget,
    },
    /// Archives one promise.
    DropRule {
        /// The object that holds it.
        rule: LiveId,
        /// What it was about.
        key: TargetKey,
    },
    /// Writes the agreement into the recipient's own set, uniting with what is there.
    Link {
        /// The recipient.
        unit: LiveId,
    },
    /// Takes the agreement out of the recipient's own set.
    Unlink {
        /// The recipient.
        unit: LiveId,
    },
    /// Archives the agreement.
    Archive,
    /// Brings the agreement back from the archive.
    Restore,
}

/// An agreement that was left alone, and why.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Blocked {
    /// The agreement.
    pub id: AgreementId,
    /// Why.
    pub reason: Reason,
}

/// Why an agreement was left alone.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A slug cannot be tied to a live object.
    Unresolved(Unresolved),
    /// The helpdesk's answer could not be understood.
    Unreadable(String),
    /// Several live objects bear the agreement's mark.
    SameOwnershipKey(Vec<LiveId>),
    /// The agreement has gone from the files, and nobody asked to retire it.
    Orphan {
        /// What the helpdesk calls it.
        title: String,
        /// The live object.
        object: LiveId,
        /// The tenant's state.
        state: String,
    },
    /// It would take over an object that bears another mark, or that is not there.
    CannotAdopt(LiveId),
    /// A guard waits for the exact number.
    Guarded(GuardName),
    /// A change that it waits for is blocked itself.
    Waits(AgreementId),
    /// The live object is archived, and the settings do not say that deactivation archives.
    Archived(LiveId),
}

/// The guards.
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
pub enum GuardName {
    /// Agreements deactivated.
    Deactivations,
    /// Promises weakened.
    Weakened,
    /// Orphans retired.
    Orphans,
    /// Agreements that were applied once and are not in the helpdesk any more.
    Vanished,
}

/// Worth knowing.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The helpdesk does not carry this field, so it is left out on both sides.
    NotCarried(Field),
    /// These services have hours of their own but no targets, which is what the helpdesk could hold them by.
    HoursNotCarried(AgreementId),
    /// The helpdesk holds one recipient of an agreement, and this one has more.
    RecipientsNotCarried(AgreementId),
    /// The agreement is over and the helpdesk never had it; nothing is created.
    OverAndAbsent(AgreementId),
    /// The helpdesk calls an object otherwise than the catalog does.
    OtherTitle(OtherTitle),
    /// This many agreements bear no mark of ours and were not looked at.
    Unmanaged(usize),
}

/// How many of what.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Totals {
    /// Agreements in the files.
    pub agreements: usize,
    /// Agreements that are as they should be.
    pub unchanged: usize,
    /// Agreements that are active in the helpdesk now.
    pub live_active: usize,
    /// Creations.
    pub creations: usize,
    /// Updates.
    pub updates: usize,
    /// Retirements.
    pub retirements: usize,
    /// Changes that make an agreement active.
    pub activations: usize,
    /// Changes by which an agreement is no longer active.
    pub deactivations: usize,
    /// Agreements that were applied once and are not in the helpdesk any more, whether or not they are over.
    #[serde(default)]
    pub vanished: usize,
}

impl Change {
    /// Whether clients lose the agreement by it.
    pub fn deactivates(&self) -> bool {
        self.risks.contains(&Risk::Deactivates)
    }

    /// The promises that become less by it.
    pub fn weakened(&self) -> &[Weakened] {
        self.risks
            .iter()
            .find_map(|risk| match risk {
                Risk::Weakens(list) => Some(list.as_slice()),
                Risk::Deactivates | Risk::Retires | Risk::Adopts | Risk::Shortens => None,
            })
            .unwrap_or_default()
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
