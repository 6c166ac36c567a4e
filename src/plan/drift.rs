//! What somebody changed in the helpdesk by hand since the last apply, and whether an apply puts it back.
//!
//! A view of the plan for those who review it. To leave something as it is means to wish for what is held.

use crate::desired::Desired;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Touch, Value};
use crate::mapping::Field;
use crate::plan::{Cause, Change, Plan};

/// One thing that was changed by hand.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Drift {
    /// The agreement.
    pub id: AgreementId,
    /// What people call it.
    pub title: String,
    /// The live object.
    pub object: LiveId,
    /// Which part of it.
    pub part: DriftPart,
    /// What the helpdesk holds.
    pub held: Value,
    /// What the files say.
    pub wanted: Value,
    /// Whether an apply puts it back; else the settings ask to leave it as it is.
    pub is_corrected: bool,
    /// Who did it and when, as far as the helpdesk tells.
    pub touch: Option<Touch>,
}

/// A part of an agreement that people may change.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DriftPart {
    /// The tenant's own state.
    State,
    /// A field.
    Field(Field),
}

impl std::fmt::Display for DriftPart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::State => formatter.write_str("state"),
            Self::Field(field) => field.fmt(formatter),
        }
    }
}

/// What of a plan's changes is there because somebody changed the helpdesk.
pub(super) fn of(plan: &Plan) -> Vec<Drift> {
    plan.changes.iter().flat_map(of_change).collect()
}

fn of_change(change: &Change) -> Vec<Drift> {
    // What is not there at all was not changed but lost, and is told as a creation.
    let Some(object) = &change.object else {
        return Vec::new();
    };
    let drift = |part, held, wanted| Drift {
        id: change.id.clone(),
        title: change.title.clone(),
        object: object.clone(),
        part,
        held,
        wanted,
        is_corrected: true,
        touch: None,
    };
    let state = change.state.iter().filter(|state| state.cause == Some(Cause::Drift)).map(|state| {
        let held = state.before.as_deref().map_or(Value::Nothing, Value::text);
        drift(DriftPart::State, held, Value::text(&state.after))
    });
    let fields = change.fields.iter().filter(|field| field.cause == Some(Cause::Drift));
    let fields = fields
        .map(|field| drift(DriftPart::Field(field.field.clone()), field.before.clone(), field.after.clone()));
    state.chain(fields).collect()
}

/// Wishes for what is held, so that a plan leaves it as it is.
pub fn keep_drift(desired: &mut Desired, left: &[Drift]) {
    for drift in left {
        let Some(wish) = desired.agreements.get_mut(&drift.id) else {
            continue;
        };
        match (&drift.part, &drift.held) {
            (DriftPart::State, Value::Text(state)) => wish.record.state.clone_from(state),
            (DriftPart::State, _) => {}
            (DriftPart::Field(field), held) => {
                wish.record.fields.insert(field.clone(), held.clone());
            }
        }
    }
}
