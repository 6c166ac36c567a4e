//! A change: everything that an apply does to one agreement, with its causes, risks and steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::ident::{AgreementId, ClientSlug, HelpdeskName, LiveId};
use crate::live::{LiveTarget, TargetKey, Value};
use crate::mapping::Field;
use crate::status::{State, StatusReason};

/// One agreement's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The agreement.
    pub id: AgreementId,
    /// The kind of change.
    pub verb: Verb,
    /// Its client; `None` where the document is gone.
    pub client: Option<ClientSlug>,
    /// Its title.
    pub title: String,
    /// The live object; `None` where the helpdesk has none.
    pub object: Option<LiveId>,
    /// The status of the document at the instant of the plan; `None` where the document is gone.
    pub status: Option<State>,
    /// The part of the agreement that gives it this status.
    pub because: Option<StatusReason>,
    /// The change of the tenant's own state.
    pub state: Option<StateChange>,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
    /// The calendar of the agreement on both sides, on which targets without their own hours are counted.
    #[serde(default)]
    pub hours: AgreementHours,
    /// The change of the ownership key, where an object is created, adopted or renamed.
    pub ownership_key: Option<OwnershipKey>,
    /// Whether clients gain or lose by it; gains are applied first.
    pub phase: Phase,
    /// The changes that must be confirmed before this one.
    pub after: Vec<AgreementId>,
    /// The agreement that must be confirmed in another helpdesk before this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// The risks that a reviewer must not overlook.
    pub risks: Vec<Risk>,
    /// The digest of the live object, by which apply detects a stale plan; `None` where there is no object yet.
    pub before: Option<String>,
    /// The steps of the apply, in order. Every prefix of them leaves a legal state.
    pub steps: Vec<Step>,
}

/// An agreement that lives in another helpdesk of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// The agreement.
    pub agreement: AgreementId,
    /// The helpdesk in which it lives.
    pub helpdesk: HelpdeskName,
}

/// The calendar of an agreement on both sides of a change; `None` for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementHours {
    /// The live one.
    pub before: Option<LiveId>,
    /// The desired one.
    pub after: Option<LiveId>,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// The helpdesk has no such agreement.
    Create,
    /// The live agreement differs from the document.
    Update,
    /// The document is gone, and the live agreement is deactivated.
    Retire,
    /// The document names another helpdesk, and the live agreement is deactivated once it is confirmed there.
    Move,
}

/// A change of the tenant's own state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateChange {
    /// The live state; `None` where there is no object yet.
    pub before: Option<String>,
    /// The desired state.
    pub after: String,
    /// The cause; `None` where there is no last-applied state to tell it from.
    pub cause: Option<Cause>,
}

/// A change of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// The live value.
    pub before: Value,
    /// The desired value.
    pub after: Value,
    /// The cause; `None` where there is no last-applied state to tell it from.
    pub cause: Option<Cause>,
}

/// The cause of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody edited the files.
    Edit,
    /// A date passed.
    Date,
    /// Somebody changed the helpdesk by hand.
    Drift,
}

/// A change of the ownership key, the attribute that says which agreement an object belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnershipKey {
    /// The agreement that the object belongs to now; `None` for an object that Servanda does not manage yet.
    pub before: Option<AgreementId>,
    /// The agreement that it will belong to.
    pub after: AgreementId,
}

/// Whether clients gain or lose by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A creation, an activation, or any change that takes nothing away.
    Gain,
    /// A deactivation.
    Loss,
}

/// A risk that reviewers see first and guards count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Clients can no longer request anything under the agreement.
    Deactivates,
    /// Recipients lose access, or targets, services or hours are weakened or removed.
    Weakens(Vec<Weakened>),
    /// The document is gone.
    Retires,
    /// The agreement lives in another helpdesk now.
    Moves(Elsewhere),
    /// An object that Servanda did not manage is adopted.
    Adopts,
    /// The last day comes earlier than the live one.
    Shortens,
    /// Texts that people wrote into these fields are lost.
    Overwrites(Vec<Field>),
    /// An active agreement with the same recipients and services is no longer in the files, probably since it moved.
    Duplicates(AgreementId),
}

/// One commitment that is weakened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Weakened {
    /// A service is no longer covered.
    Service(LiveId),
    /// A response or resolution target becomes longer, is counted on other hours, or is removed. Both sides are the
    /// targets in effect, with their hours.
    Target {
        /// The service and the priority of the target.
        key: TargetKey,
        /// The live target.
        before: LiveTarget,
        /// The desired target; `None` if there is none.
        after: Option<LiveTarget>,
    },
    /// The hours of the whole agreement change, and not to round the clock.
    Calendar(AgreementHours),
    /// A company or department may no longer use the agreement.
    Recipient(LiveId),
    /// The agreement moves to another company: the client's slug means another live object.
    Client {
        /// The company that loses the agreement.
        before: LiveId,
        /// The company that gets it.
        after: LiveId,
    },
}

/// One step of an apply: at most one write request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Creates the agreement in the helpdesk's initial state, not usable yet, with its ownership key.
    Create {
        /// All fields that have a value, except targets and recipients that are written elsewhere.
        fields: BTreeMap<Field, Value>,
    },
    /// Edits the agreement once.
    Edit {
        /// The fields that change.
        fields: BTreeMap<Field, Value>,
        /// The tenant's state, where it changes too.
        state: Option<String>,
        /// The ownership key, where it changes too.
        ownership_key: Option<AgreementId>,
    },
    /// Writes one target.
    PutRule {
        /// The object that holds the target; `None` to create one.
        rule: Option<LiveId>,
        /// The service and the priority of the target.
        key: TargetKey,
        /// The target.
        target: LiveTarget,
    },
    /// Archives one target.
    DropRule {
        /// The object that holds the target.
        rule: LiveId,
        /// The service and the priority of the target.
        key: TargetKey,
    },
    /// Adds the agreement to the recipient's own set.
    Link {
        /// The recipient.
        unit: LiveId,
    },
    /// Removes the agreement from the recipient's own set.
    Unlink {
        /// The recipient.
        unit: LiveId,
    },
    /// Archives the agreement.
    Archive,
    /// Restores the agreement from the archive.
    Restore,
}

impl Change {
    /// The causes of its parts.
    pub fn causes(&self) -> impl Iterator<Item = Option<Cause>> + '_ {
        let state = self.state.iter().map(|state| state.cause);
        state.chain(self.fields.iter().map(|field| field.cause))
    }

    /// Whether the date brought about a part of it.
    pub fn is_dated(&self) -> bool {
        self.causes().any(|cause| cause == Some(Cause::Date))
    }

    /// Whether clients lose the agreement by it.
    pub fn deactivates(&self) -> bool {
        self.risks.contains(&Risk::Deactivates)
    }

    /// Whether an edit ends an active agreement at once. `today` is the day of the plan: what had its last live day before
    /// that was ended by the date.
    pub fn ends_by_edit(&self, today: Day) -> bool {
        let is_over = self.verb == Verb::Update && self.status.is_some_and(State::is_over);
        let is_edit = |cause: Option<Cause>| cause.is_none_or(|cause| cause == Cause::Edit);
        let is_moved = |field: &FieldChange| {
            let lasted = match field.before {
                Value::Nothing => true,
                Value::Day(last_day) => today <= last_day,
                _ => false,
            };
            field.field == Field::LastDay && lasted && is_edit(field.cause)
        };
        let is_edited = self.state.as_ref().is_some_and(|state| state.cause == Some(Cause::Edit));
        is_over && self.deactivates() && (is_edited || self.fields.iter().any(is_moved))
    }

    /// The commitments that it weakens.
    pub fn weakened(&self) -> &[Weakened] {
        self.risks
            .iter()
            .find_map(|risk| match risk {
                Risk::Weakens(list) => Some(list.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The fields whose texts of people it overwrites.
    pub fn overwritten(&self) -> &[Field] {
        let lost = self.risks.iter().find_map(|risk| match risk {
            Risk::Overwrites(fields) => Some(fields.as_slice()),
            _ => None,
        });
        lost.unwrap_or_default()
    }
}
