//! Splits changes that a guard stopped: the part that the date alone brings about is applied, the rest waits.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::Desired;
use crate::ident::AgreementId;
use crate::mapping::{Field, Mapping};
use crate::plan::{Cause, Change, Phase, Plan, Reason, Risk, Verb};

/// The ids of the changes that a guard stopped and that the date brought about in part.
pub fn dated_in_part(proposed: &Plan, guarded: &Plan) -> BTreeSet<AgreementId> {
    let stopped = guarded.blocked.iter().filter(|blocked| matches!(blocked.reason, Reason::Guarded(_)));
    let stopped: BTreeSet<&AgreementId> = stopped.map(|blocked| &blocked.id).collect();
    let dated = proposed
        .changes
        .iter()
        .filter(|change| change.verb == Verb::Update && stopped.contains(&change.id) && change.is_dated());
    dated.map(|change| change.id.clone()).collect()
}

/// Makes the live values desired where the date did not bring about the difference.
pub fn keep_what_waits(
    desired: &mut Desired,
    proposed: &Plan,
    split: &BTreeSet<AgreementId>,
    mapping: &Mapping,
) {
    for change in proposed.changes.iter().filter(|change| split.contains(&change.id)) {
        let Some(agreement) = desired.agreements.get_mut(&change.id) else {
            continue;
        };
        let mut is_hidden = false;
        if let Some(state) = &change.state {
            if state.cause == Some(Cause::Date) {
                // What the new state withdraws is withdrawn whole, edited or not.
                is_hidden = !mapping.publishes(agreement.status.state);
            } else {
                agreement.record.state = state.before.clone().unwrap_or_default();
                agreement.archived = false;
            }
        }
        for field in change.fields.iter().filter(|field| field.cause != Some(Cause::Date)) {
            if !(is_hidden && mapping.is_published(&field.field)) {
                agreement.record.fields.insert(field.field.clone(), field.before.clone());
            }
        }
    }
}

/// Adds the changes of `dated` for the split agreements to a guarded plan, and takes these parts out of the proposed
/// plan, from which the changes that wait are read. Changes that waited only for such a part wait no longer.
pub fn add_dated(
    guarded: &mut Plan,
    proposed: &mut Plan,
    dated: Plan,
    split: &BTreeSet<AgreementId>,
    mapping: &Mapping,
) {
    let mut wholes: BTreeMap<AgreementId, &mut Change> =
        proposed.changes.iter_mut().map(|change| (change.id.clone(), change)).collect();
    for mut change in dated.changes.into_iter().filter(|change| split.contains(&change.id)) {
        change.fields.iter_mut().for_each(|field| field.cause = Some(Cause::Date));
        change.state.iter_mut().for_each(|state| state.cause = Some(Cause::Date));
        if let Some(whole) = wholes.get_mut(&change.id) {
            whole.fields.retain(|field| change.fields.iter().all(|dated| dated.field != field.field));
            whole.state = whole.state.take().filter(|_| change.state.is_none());
            whole.phase = if whole.state.is_some() { whole.phase } else { Phase::Gain };
            let has_last_day = whole.fields.iter().any(|field| field.field == Field::LastDay);
            whole.risks.retain(|risk| match risk {
                Risk::Deactivates => whole.state.is_some(),
                Risk::Shortens => has_last_day,
                Risk::Weakens(_)
                | Risk::Overwrites(_)
                | Risk::Retires
                | Risk::Moves(_)
                | Risk::Adopts
                | Risk::Duplicates(_) => true,
            });
            // They begin with the object as the date leaves it; the next plan makes them.
            whole.steps.clear();
        }
        guarded.changes.push(change);
    }
    release(guarded, proposed, split);
    guarded.changes.sort_by(|left, right| (left.phase, &left.id).cmp(&(right.phase, &right.id)));
    guarded.count(mapping.states.get(&crate::status::State::Active));
}

/// Moves the changes back into the plan that wait only for others of which no state waits any more.
fn release(guarded: &mut Plan, proposed: &Plan, split: &BTreeSet<AgreementId>) {
    let otherwise = guarded.blocked.iter().filter(|blocked| !matches!(blocked.reason, Reason::Waits(_)));
    let otherwise: BTreeSet<&AgreementId> = otherwise.map(|blocked| &blocked.id).collect();
    let states: BTreeSet<&AgreementId> = proposed
        .changes
        .iter()
        .filter(|change| change.state.is_some() && split.contains(&change.id))
        .map(|change| &change.id)
        .collect();
    let mut planned: BTreeSet<AgreementId> = guarded.changes.iter().map(|change| change.id.clone()).collect();
    let mut open: Vec<&Change> = proposed
        .changes
        .iter()
        .filter(|change| !otherwise.contains(&change.id) && !planned.contains(&change.id))
        .collect();
    let mut freed = BTreeSet::new();
    while let Some(at) = open
        .iter()
        .position(|change| change.after.iter().all(|id| planned.contains(id) && !states.contains(id)))
    {
        let change = open.remove(at);
        planned.insert(change.id.clone());
        freed.insert(change.id.clone());
        guarded.changes.push(change.clone());
    }
    guarded.blocked.retain(|blocked| !freed.contains(&blocked.id));
}
