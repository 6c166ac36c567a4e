//! The difference between desired and live state, as data.
//!
//! A plan leaves nothing to decide: each change lists the steps of its apply in order, and the digest of the object
//! that it was made from. It holds no text for people (`render` makes that) and cannot write.

mod change;
mod in_effect;
mod effect;
mod severity;
mod drift;
mod model;
mod on_base;
pub mod scope;
mod last_applied;
mod overwritten;
mod cause;
mod freshness;
mod risk;
mod steps;
mod diff;
mod pending;
mod restrict;
mod simulate;
#[cfg(test)]
mod tests;

pub use cause::assign_causes;
pub use change::{
    AgreementHours, Cause, Change, Elsewhere, FieldChange, OwnershipKey, Phase, Risk, StateChange, Step,
    Verb, Weakened,
};
pub use diff::{DiffContext, diff};
pub use drift::{Drift, DriftPart, HistoryEvent, attribute_drift, keep_drift};
pub use effect::{Altered, altered, creates, took_effect};
pub use freshness::{Freshness, freshness, is_owned};
pub use in_effect::in_effect;
pub use last_applied::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};
pub use model::{Blocked, FORMAT, GuardName, Header, Note, Plan, Reason, Totals};
pub use on_base::{OnBase, on_base};
pub use pending::{PendingCreations, pending_creations, time_left};
pub use restrict::{dependents, restrict};
pub use severity::ChangeSeverity;
pub use simulate::{apply_step, simulate};
