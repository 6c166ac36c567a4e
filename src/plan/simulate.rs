//! Simulates an apply on the live state, step by step.
//!
//! Tests prove with it that the plan after an apply is empty, and that every prefix of an apply leaves a legal state. A
//! created object gets an id that no helpdesk would assign.

use std::collections::BTreeMap;

use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, LiveTarget, Observed, Record, Rules, TargetKey, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{Change, Plan, Step};
use crate::status::State;

/// The live state after all changes of the plan.
pub fn simulate(plan: &Plan, live: &Live, mapping: &Mapping) -> Live {
    let mut live = live.clone();
    for change in &plan.changes {
        for step in &change.steps {
            apply_step(change, step, &mut live, mapping);
        }
    }
    live
}

/// Applies one step of a change to the live state.
pub fn apply_step(change: &Change, step: &Step, live: &mut Live, mapping: &Mapping) {
    let owned =
        change.ownership_key.as_ref().and_then(|key| key.before.as_ref()).unwrap_or(&change.id).clone();
    let adopted = change.object.as_ref().and_then(|object| live.adoptable.remove(object));
    let mut found = match (live.agreements.remove(&owned), live.agreements.remove(&change.id), adopted) {
        (Some(Observed::Present(found)), _, _)
        | (_, Some(Observed::Present(found)), _)
        | (_, _, Some(Observed::Present(found))) => found,
        _ => blank(&change.id, mapping),
    };
    let mut owner = if found.object == blank_object(&change.id) { change.id.clone() } else { owned };
    match step {
        Step::Create { fields } => write(&mut found, fields),
        Step::Edit { fields, state, ownership_key } => {
            write(&mut found, fields);
            if let Some(state) = state {
                found.record.state.clone_from(state);
            }
            if let Some(key) = ownership_key {
                owner = key.clone();
            }
        }
        Step::PutRule { rule, key, target } => put_rule(&mut found, rule.as_ref(), key, target),
        Step::DropRule { key, .. } => drop_rule(&mut found, key),
        Step::Link { unit } => relink(&mut found, unit, true),
        Step::Unlink { unit } => relink(&mut found, unit, false),
        Step::Archive => found.archived = true,
        Step::Restore => found.archived = false,
    }
    found.owner = Some(owner.clone());
    live.agreements.insert(owner, Observed::Present(found));
}

fn blank_object(id: &AgreementId) -> LiveId {
    LiveId::new(&format!("created${id}")).expect("an agreement's id makes a live id")
}

fn blank(id: &AgreementId, mapping: &Mapping) -> LiveAgreement {
    let mut fields: BTreeMap<Field, Value> =
        mapping.attributes.keys().map(|field| (field.clone(), Value::Nothing)).collect();
    if mapping.rules.is_some() {
        fields.insert(Field::Targets, Value::Nothing);
    }
    let state = mapping.states.get(&State::Planned).cloned().unwrap_or_default();
    LiveAgreement {
        object: blank_object(id),
        record: Record { state, fields },
        rules: Rules::new(),
        archived: false,
        modified: None,
        owner: Some(id.clone()),
    }
}

fn write(found: &mut LiveAgreement, fields: &BTreeMap<Field, Value>) {
    found.record.fields.extend(fields.iter().map(|(field, value)| (field.clone(), value.clone())));
}

fn targets_of(found: &LiveAgreement) -> BTreeMap<TargetKey, LiveTarget> {
    match found.record.fields.get(&Field::Targets) {
        Some(Value::Targets(targets)) => (**targets).clone().into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

fn put_rule(found: &mut LiveAgreement, rule: Option<&LiveId>, key: &TargetKey, target: &LiveTarget) {
    let mut targets = targets_of(found);
    targets.insert(key.clone(), target.clone());
    found.record.fields.insert(Field::Targets, Value::targets(targets));
    let count = found.rules.len();
    let object = rule.cloned().or_else(|| LiveId::new(&format!("created-rule${}-{count}", found.object)));
    found.rules.insert(key.clone(), object.expect("an object's id makes a live id"));
}

fn drop_rule(found: &mut LiveAgreement, key: &TargetKey) {
    let mut targets = targets_of(found);
    targets.remove(key);
    found.record.fields.insert(Field::Targets, Value::targets(targets));
    found.rules.remove(key);
}

fn relink(found: &mut LiveAgreement, unit: &LiveId, linked: bool) {
    let mut units = match found.record.fields.get(&Field::Recipients) {
        Some(Value::References(units)) => (**units).clone(),
        _ => std::collections::BTreeSet::new(),
    };
    if linked {
        units.insert(unit.clone());
    } else {
        units.remove(unit);
    }
    found.record.fields.insert(Field::Recipients, Value::references(units));
}
