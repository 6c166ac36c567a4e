//! Drift: changes that somebody made in the helpdesk by hand since the last apply.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, Observed, Touch, Value};
use crate::mapping::Field;
use crate::plan::change::{Cause, Change};

/// One value that was changed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// The agreement.
    pub id: AgreementId,
    /// Its title.
    pub title: String,
    /// The live object.
    pub object: LiveId,
    /// The part of it that was changed.
    pub part: DriftPart,
    /// The value that the helpdesk holds.
    pub held: Value,
    /// The value of the files.
    pub wanted: Value,
    /// Whether an apply corrects it; otherwise the settings ask to report it only.
    pub is_corrected: bool,
    /// The person and the time, as far as the helpdesk records them.
    pub touch: Option<Touch>,
}

/// A part of an agreement that people may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftPart {
    /// The tenant's own state.
    State,
    /// A field.
    Field(Field),
}

impl fmt::Display for DriftPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => formatter.write_str("state"),
            Self::Field(field) => field.fmt(formatter),
        }
    }
}

/// One event of the helpdesk's own history of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// The object.
    pub object: LiveId,
    /// The part of an agreement that changed; `None` where the mapping knows no such part.
    pub part: Option<DriftPart>,
    /// The person and the time.
    pub touch: Touch,
}

/// Lists the parts of a change whose cause is drift.
pub(super) fn of(change: &Change) -> Vec<Drift> {
    // A missing object was lost and not changed; the plan shows it as a creation.
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

/// Makes the live values desired, so that a plan leaves this drift as it is.
pub fn keep_drift(desired: &mut Desired, kept: &[Drift]) {
    for drift in kept {
        let Some(agreement) = desired.agreements.get_mut(&drift.id) else {
            continue;
        };
        match (&drift.part, &drift.held) {
            (DriftPart::State, Value::Text(state)) => agreement.record.state.clone_from(state),
            (DriftPart::State, _) => {}
            (DriftPart::Field(field), held) => {
                agreement.record.fields.insert(field.clone(), held.clone());
            }
        }
    }
}

/// Adds the person and the time to each drift, from the helpdesk's history or from the object's own timestamp.
pub fn attribute_drift(drift: &mut [Drift], live: &Live, history: &[HistoryEvent]) {
    for drift in drift {
        let Some(Observed::Present(found)) = live.agreements.get(&drift.id) else {
            continue;
        };
        let is_of_targets = drift.part == DriftPart::Field(Field::Targets);
        let is_about = |event: &&HistoryEvent| {
            // Some helpdesks hold targets in objects of their own, which have a history of their own.
            let is_target = is_of_targets && found.rules.values().any(|rule| *rule == event.object);
            is_target || (event.object == found.object && event.part.as_ref() == Some(&drift.part))
        };
        let last = history.iter().rfind(is_about).map(|event| event.touch.clone());
        let modified = || found.modified.clone().map(|when| Touch { who: None, name: None, when });
        drift.touch = last.or_else(modified);
    }
}
