//! Whether a step took effect, judged by the object as it is now. Pure; the looking is done elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use servanda::ident::LiveId;
use servanda::live::{LiveAgreement, Value};
use servanda::mapping::Field;
use servanda::outcome::Altered;
use servanda::plan::Step;

/// Whether the object looks as the step leaves it.
pub(crate) fn took_effect(step: &Step, found: &LiveAgreement) -> bool {
    match step {
        // It bears the mark, which only the creation can have written.
        Step::Create { .. } => true,
        Step::Edit { fields, state, .. } => {
            otherwise(fields, found).is_empty()
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
pub(crate) fn creates(step: &Step) -> bool {
    matches!(step, Step::Create { .. } | Step::PutRule { rule: None, .. })
}

/// What the step wrote and the object holds otherwise.
pub(crate) fn altered(step: &Step, found: &LiveAgreement) -> Vec<Altered> {
    match step {
        Step::Create { fields } | Step::Edit { fields, .. } => otherwise(fields, found),
        _ => Vec::new(),
    }
}

fn otherwise(fields: &BTreeMap<Field, Value>, found: &LiveAgreement) -> Vec<Altered> {
    let held = |field: &Field| found.record.fields.get(field).cloned().unwrap_or(Value::Nothing);
    let differs = fields.iter().map(|(field, sent)| (field, sent, held(field)));
    let differs = differs.filter(|(_, sent, held)| *sent != held);
    differs.map(|(field, sent, held)| Altered { field: field.clone(), sent: sent.clone(), held }).collect()
}

fn recipients(found: &LiveAgreement) -> Option<&BTreeSet<LiveId>> {
    match found.record.fields.get(&Field::Recipients) {
        Some(Value::References(units)) => Some(units),
        _ => None,
    }
}
