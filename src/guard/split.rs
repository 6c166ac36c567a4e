//! Splits changes that a guard stopped: the part that the date alone brings about is applied, the rest waits.

use std::collections::BTreeSet;

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
        .filter(|change| change.verb == Verb::Update && stopped.contains(&change.id) && is_dated(change));
    dated.map(|change| change.id.clone()).collect()
}

fn is_dated(change: &Change) -> bool {
    let causes = change.state.iter().map(|state| state.cause);
    causes.chain(change.fields.iter().map(|field| field.cause)).any(|cause| cause == Some(Cause::Date))
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
    for mut change in dated.changes.into_iter().filter(|change| split.contains(&change.id)) {
        change.fields.iter_mut().for_each(|field| field.cause = Some(Cause::Date));
        change.state.iter_mut().for_each(|state| state.cause = Some(Cause::Date));
        if let Some(whole) = proposed.changes.iter_mut().find(|whole| whole.id == change.id) {
            whole.fields.retain(|field| change.fields.iter().all(|dated| dated.field != field.field));
            whole.state = whole.state.take().filter(|_| change.state.is_none());
            whole.phase = if whole.state.is_some() { whole.phase } else { Phase::Gain };
            let has_last_day = whole.fields.iter().any(|field| field.field == Field::LastDay);
            whole.risks.retain(|risk| match risk {
                Risk::Deactivates => whole.state.is_some(),
                Risk::Shortens => has_last_day,
                Risk::Weakens(_) | Risk::Retires | Risk::Adopts | Risk::Duplicates(_) => true,
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
    loop {
        let planned: BTreeSet<&AgreementId> = guarded.changes.iter().map(|change| &change.id).collect();
        let state_waits = |id: &AgreementId| {
            split.contains(id)
                && proposed.changes.iter().any(|change| change.id == *id && change.state.is_some())
        };
        let waits_only = |id: &AgreementId| {
            let mut blocked = guarded.blocked.iter().filter(|blocked| blocked.id == *id);
            blocked.all(|blocked| matches!(blocked.reason, Reason::Waits(_)))
        };
        let freed = proposed.changes.iter().find(|change| {
            !planned.contains(&change.id)
                && waits_only(&change.id)
                && change.after.iter().all(|id| planned.contains(id) && !state_waits(id))
        });
        let Some(freed) = freed.cloned() else {
            return;
        };
        guarded.blocked.retain(|blocked| blocked.id != freed.id);
        guarded.changes.push(freed);
    }
}
