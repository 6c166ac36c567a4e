//! The limits of an apply: what goes beyond one is blocked until its exact number is acknowledged.
//!
//! A guard withholds only what it guards; everything else, and always what the date alone brought about,
//! goes on. Knows no text and no way to write.

use std::collections::{BTreeMap, BTreeSet};

use crate::ident::AgreementId;
use crate::mapping::Mapping;
use crate::plan::{Blocked, Cause, Change, GuardName, Plan, Reason, Verb};
use crate::settings::Guards;
use crate::status::State;

/// The numbers that somebody acknowledged, by guard.
pub type Acknowledged = BTreeMap<GuardName, usize>;

/// A guard that blocked something.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AwaitingAcknowledgement {
    /// Which.
    pub guard: GuardName,
    /// How many there are: the number to acknowledge.
    pub count: usize,
    /// How many go through without being asked.
    pub limit: usize,
    /// Another number that was acknowledged, where one was.
    pub acknowledged: Option<usize>,
}

/// Takes out of the plan what a guard withholds, and what waits for that.
pub fn guard(
    mut plan: Plan,
    guards: &Guards,
    acknowledged: &Acknowledged,
    mapping: &Mapping,
) -> (Plan, Vec<AwaitingAcknowledgement>) {
    let share = plan.totals.live_active * guards.deactivations.and_share_percent as usize / 100;
    let limits = [
        (GuardName::Deactivations, guards.deactivations.more_than.max(share)),
        (GuardName::Weakened, guards.weakened),
        (GuardName::Orphans, guards.orphans),
        (GuardName::Vanished, if is_bare(&plan) { 0 } else { guards.vanished }),
    ];
    let mut held = Vec::new();
    let mut blocked: BTreeMap<AgreementId, Reason> = BTreeMap::new();
    for (name, limit) in limits {
        let count = match name {
            GuardName::Vanished => plan.totals.vanished,
            _ => plan.changes.iter().map(|change| weight(name, change)).sum(),
        };
        let given = acknowledged.get(&name).copied();
        if count <= limit || given == Some(count) {
            continue;
        }
        held.push(AwaitingAcknowledgement { guard: name, count, limit, acknowledged: given });
        let guarded = plan.changes.iter().filter(|change| weight(name, change) > 0);
        blocked.extend(guarded.map(|change| (change.id.clone(), Reason::Guarded(name))));
    }
    await_withheld(&plan, &mut blocked);
    plan.changes.retain(|change| !blocked.contains_key(&change.id));
    plan.blocked.extend(blocked.into_iter().map(|(id, reason)| Blocked { id, reason }));
    plan.blocked.sort();
    plan.count(mapping.states.get(&State::Active));
    (plan, held)
}

/// How much a change counts for a guard: what people did, never what the date did to unchanged files.
fn weight(name: GuardName, change: &Change) -> usize {
    match name {
        GuardName::Deactivations => {
            let by_date = change.state.as_ref().is_some_and(|state| state.cause == Some(Cause::Date));
            usize::from(change.deactivates() && change.verb != Verb::Retire && !by_date)
        }
        GuardName::Weakened => change.weakened().len(),
        GuardName::Orphans => usize::from(change.verb == Verb::Retire),
        // Where much has vanished nothing is created at all, for it may be another helpdesk, or one that does not
        // show what it holds.
        GuardName::Vanished => usize::from(change.verb == Verb::Create),
    }
}

/// Whether nothing of ours is in the helpdesk.
fn is_bare(plan: &Plan) -> bool {
    plan.totals.unchanged == 0 && plan.changes.iter().all(|change| change.object.is_none())
}

/// A change that waits for a blocked one is blocked too.
fn await_withheld(plan: &Plan, blocked: &mut BTreeMap<AgreementId, Reason>) {
    loop {
        let gone: BTreeSet<AgreementId> = blocked.keys().cloned().collect();
        let waiting = plan.changes.iter().filter(|change| !gone.contains(&change.id)).find_map(|change| {
            let awaited = change.after.iter().find(|id| gone.contains(*id))?;
            Some((change.id.clone(), Reason::Waits(awaited.clone())))
        });
        match waiting {
            Some((id, reason)) => blocked.insert(id, reason),
            None => return,
        };
    }
}

#[cfg(test)]
mod tests;
