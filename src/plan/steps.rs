//! The steps of a change, in an order of which every prefix leaves a legal state.
//!
//! Within an object publishing comes last and withdrawing first, so that no client ever sees a service without its
//! targets.

use std::collections::BTreeMap;

use crate::desired::DesiredAgreement;
use crate::ident::AgreementId;
use crate::live::{LiveAgreement, LiveTarget, Rules, TargetKey, Targets, Value};
use crate::mapping::{Deactivation, Field, Mapping, RecipientSide};
use crate::plan::{AgreementHours, Change, Phase, Risk, StateChange, Step, Verb};
use crate::status::State;

/// Creates the object hidden, fills it, and publishes it last.
pub(super) fn creation(desired: &DesiredAgreement, mapping: &Mapping) -> Vec<Step> {
    let fields = desired.record.fields.iter().filter(|(_, value)| **value != Value::Nothing);
    let on_object = fields
        .filter(|(field, _)| is_on_object(field, mapping))
        .map(|(field, value)| (field.clone(), value.clone()));
    let (published, filled): (BTreeMap<_, _>, BTreeMap<_, _>) =
        on_object.partition(|(field, _)| mapping.is_published(field));
    let mut steps = vec![Step::Create { fields: filled }];
    if mapping.rules.is_some() {
        steps.extend(rule_writes(desired.record.fields.get(&Field::Targets), &Rules::new(), &Value::Nothing));
    }
    steps.extend(links(&Value::Nothing, recipients(&desired.record.fields), mapping));
    let moves = Some(&desired.record.state) != mapping.states.get(&State::Planned);
    if moves || !published.is_empty() {
        let state = moves.then(|| desired.record.state.clone());
        steps.push(Step::Edit { fields: published, state, ownership_key: None });
    }
    steps
}

/// Fills before publishing, and withdraws before removing.
pub(super) fn update(
    change: &Change,
    before: &LiveAgreement,
    desired: &DesiredAgreement,
    mapping: &Mapping,
) -> Vec<Step> {
    let targets = change.fields.iter().find(|field| field.field == Field::Targets);
    let (puts, drops) = match targets {
        Some(field) if mapping.rules.is_some() => (
            rule_writes(Some(&field.after), &before.rules, &field.before),
            rule_removals(&field.after, &before.rules),
        ),
        _ => (Vec::new(), Vec::new()),
    };
    let relinked = change.fields.iter().find(|field| field.field == Field::Recipients);
    let links = relinked.map_or_else(Vec::new, |field| links(&field.before, &field.after, mapping));
    let (links, unlinks): (Vec<Step>, Vec<Step>) =
        links.into_iter().partition(|step| matches!(step, Step::Link { .. }));
    let edits = edits(change, mapping);
    let mut steps = Vec::new();
    steps.extend((before.archived && !desired.archived).then_some(Step::Restore));
    if change.phase == Phase::Loss {
        steps.extend(edits);
        steps.extend(unlinks);
        steps.extend(puts);
    } else {
        // A recipient who leaves must not see the new services, nor one who joins the old ones.
        steps.extend(unlinks);
        steps.extend(puts);
        steps.extend(edits);
    }
    steps.extend(links);
    steps.extend(drops);
    steps.extend((desired.archived && !before.archived).then_some(Step::Archive));
    steps
}

/// Deactivates an agreement whose document is gone; its fields stay for reference.
pub(super) fn retirement(
    id: &AgreementId,
    found: &LiveAgreement,
    title: String,
    mapping: &Mapping,
) -> Change {
    let after = mapping.states.get(&State::Terminated).cloned().unwrap_or_default();
    let held = recipients(&found.record.fields);
    let mut fields = BTreeMap::new();
    if mapping.deactivate == Deactivation::Detach && mapping.recipients.side == RecipientSide::Agreement {
        fields.insert(Field::Recipients, Value::Nothing);
    }
    let published = found.record.fields.keys().filter(|field| mapping.is_published(field));
    fields.extend(published.map(|field| (field.clone(), Value::Nothing)));
    let mut steps = vec![Step::Edit { fields, state: Some(after.clone()), ownership_key: None }];
    if mapping.deactivate == Deactivation::Detach {
        steps.extend(links(held, &Value::Nothing, mapping));
    }
    steps.extend((mapping.deactivate == Deactivation::Archive).then_some(Step::Archive));
    let mut risks = vec![Risk::Retires];
    if Some(&found.record.state) == mapping.states.get(&State::Active) {
        risks.insert(0, Risk::Deactivates);
    }
    Change {
        id: id.clone(),
        verb: Verb::Retire,
        client: None,
        title,
        object: Some(found.object.clone()),
        status: None,
        because: None,
        state: Some(StateChange { before: Some(found.record.state.clone()), after, cause: None }),
        fields: Vec::new(),
        hours: AgreementHours::default(),
        ownership_key: None,
        phase: Phase::Loss,
        after: Vec::new(),
        elsewhere: None,
        risks,
        before: Some(found.digest()),
        steps,
    }
}

/// One edit of all fields; or two, where the mapping wants the state in an edit of its own.
fn edits(change: &Change, mapping: &Mapping) -> Vec<Step> {
    let on_object = change.fields.iter().filter(|field| is_on_object(&field.field, mapping));
    let fields: BTreeMap<Field, Value> =
        on_object.map(|field| (field.field.clone(), field.after.clone())).collect();
    let state = change.state.as_ref().map(|state| state.after.clone());
    let ownership_key = change.ownership_key.as_ref().map(|key| key.after.clone());
    let has_fields = !fields.is_empty() || ownership_key.is_some();
    if !mapping.state_in_own_edit || state.is_none() || !has_fields {
        let any = has_fields || state.is_some();
        return any.then_some(Step::Edit { fields, state, ownership_key }).into_iter().collect();
    }
    let filling = Step::Edit { fields, state: None, ownership_key };
    let switching = Step::Edit { fields: BTreeMap::new(), state, ownership_key: None };
    if change.phase == Phase::Loss { vec![switching, filling] } else { vec![filling, switching] }
}

/// Whether the field is an attribute of the agreement's own object.
fn is_on_object(field: &Field, mapping: &Mapping) -> bool {
    match field {
        Field::Targets => mapping.holds_targets_with_services(),
        Field::Recipients => mapping.recipients.side == RecipientSide::Agreement,
        _ => true,
    }
}

/// The targets to write: those that are new or differ.
fn rule_writes(after: Option<&Value>, rules: &Rules, before: &Value) -> Vec<Step> {
    let held = targets(before);
    let wanted = after.and_then(targets).into_iter().flatten();
    let differs =
        |(key, target): &(&TargetKey, &LiveTarget)| held.and_then(|held| held.get(*key)) != Some(*target);
    let put = |(key, target): (&TargetKey, &LiveTarget)| Step::PutRule {
        rule: rules.get(key).cloned(),
        key: key.clone(),
        target: target.clone(),
    };
    wanted.filter(differs).map(put).collect()
}

/// The targets to archive: those that are live and not desired.
fn rule_removals(after: &Value, rules: &Rules) -> Vec<Step> {
    let wanted = targets(after);
    let gone = rules.iter().filter(|(key, _)| wanted.is_none_or(|wanted| !wanted.contains_key(*key)));
    gone.map(|(key, rule)| Step::DropRule { rule: rule.clone(), key: key.clone() }).collect()
}

fn targets(value: &Value) -> Option<&Targets> {
    match value {
        Value::Targets(targets) => Some(targets),
        _ => None,
    }
}

fn recipients(fields: &BTreeMap<Field, Value>) -> &Value {
    fields.get(&Field::Recipients).unwrap_or(&Value::Nothing)
}

/// The links to write on the recipients' side, where the mapping keeps them there.
fn links(before: &Value, after: &Value, mapping: &Mapping) -> Vec<Step> {
    if mapping.recipients.side == RecipientSide::Agreement {
        return Vec::new();
    }
    let set = |value: &Value| match value {
        Value::References(set) => (**set).clone(),
        _ => std::collections::BTreeSet::new(),
    };
    let (before, after) = (set(before), set(after));
    let linked = after.difference(&before).map(|unit| Step::Link { unit: unit.clone() });
    let unlinked = before.difference(&after).map(|unit| Step::Unlink { unit: unit.clone() });
    linked.chain(unlinked).collect()
}
