//! Judges from a live object whether a step took effect, and which of its values the helpdesk altered.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::LiveId;
use crate::live::{LiveAgreement, Value};
use crate::mapping::Field;
use crate::plan::Step;

/// A field that the helpdesk holds with another value than was written, as a tenant's script may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Altered {
    /// The field.
    pub field: Field,
    /// The value that was written.
    pub sent: Value,
    /// The value that the helpdesk holds.
    pub held: Value,
}

/// Whether the object looks as the step leaves it.
pub fn took_effect(step: &Step, found: &LiveAgreement) -> bool {
    match step {
        // The object was found by its ownership key, which only the creation can have written.
        Step::Create { .. } => true,
        Step::Edit { fields, state, ownership_key } => {
            deviations(fields, found).is_empty()
                && ownership_key.as_ref().is_none_or(|key| found.owner.as_ref() == Some(key))
                && state.as_ref().is_none_or(|state| *state == found.record.state)
        }
        Step::PutRule { key, target, .. } => match found.record.fields.get(&Field::Targets) {
            Some(Value::Targets(targets)) => targets.get(key) == Some(target),
            _ => false,
        },
        Step::DropRule { key, .. } => !found.rules.contains_key(key),
        Step::Link { unit } => recipients(found).is_some_and(|units| units.contains(unit)),
        Step::Unlink { unit } => recipients(found).is_none_or(|units| !units.contains(unit)),
        Step::Archive => found.archived,
        Step::Restore => !found.archived,
    }
}

/// Whether the step makes a new object, so that sending it twice makes two.
pub fn creates(step: &Step) -> bool {
    matches!(step, Step::Create { .. } | Step::PutRule { rule: None, .. })
}

/// The fields that the step wrote and the object holds with another value.
pub fn altered(step: &Step, found: &LiveAgreement) -> Vec<Altered> {
    match step {
        Step::Create { fields } | Step::Edit { fields, .. } => deviations(fields, found),
        _ => Vec::new(),
    }
}

fn deviations(fields: &BTreeMap<Field, Value>, found: &LiveAgreement) -> Vec<Altered> {
    let held = |field: &Field| found.record.fields.get(field).cloned().unwrap_or(Value::Nothing);
    let compared = fields.iter().map(|(field, sent)| (field, sent, held(field)));
    let differing = compared.filter(|(_, sent, held)| *sent != held);
    differing.map(|(field, sent, held)| Altered { field: field.clone(), sent: sent.clone(), held }).collect()
}

fn recipients(found: &LiveAgreement) -> Option<&BTreeSet<LiveId>> {
    match found.record.fields.get(&Field::Recipients) {
        Some(Value::References(units)) => Some(units),
        _ => None,
    }
}
