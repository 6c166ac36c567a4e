//! The guards of an apply: a change beyond a limit is blocked until its exact number is acknowledged.
//!
//! A guard blocks only what it limits, and the changes that wait for those; all others are applied, and of a blocked change
//! the part that the date alone caused ([`split`]). Deactivations that the date alone caused are never counted.

pub mod split;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::{Day, Zone};
use crate::ident::{AgreementId, HelpdeskName};
use crate::mapping::Mapping;
use crate::plan::{Blocked, Cause, Change, GuardName, Plan, Reason, Verb, dependents};
use crate::settings::Guards;
use crate::status::State;

/// The numbers that were acknowledged, by guard. One of them must be exactly the number that the guard counts.
pub type Acknowledged = BTreeMap<GuardName, BTreeSet<usize>>;

/// The number by which a guard is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The helpdesk that it is about; without one, it holds for each.
    pub helpdesk: Option<HelpdeskName>,
    /// The guard.
    pub guard: GuardName,
    /// The number.
    pub count: usize,
}

/// The numbers that were acknowledged, by helpdesk and guard.
pub type Acknowledgements = BTreeMap<(Option<HelpdeskName>, GuardName), BTreeSet<usize>>;

/// Parses an acknowledgement, such as `weakened=2` or `moscow/weakened=2`.
pub fn read_acknowledgement(text: &str) -> Option<Acknowledgement> {
    let (name, number) = text.split_once('=')?;
    let (helpdesk, name) = match name.split_once('/') {
        Some((helpdesk, name)) => (Some(HelpdeskName::new(helpdesk)?), name),
        None => (None, name),
    };
    let guard = GuardName::ALL.into_iter().find(|guard| guard.as_str() == name)?;
    Some(Acknowledgement { helpdesk, guard, count: number.parse().ok()? })
}

/// The numbers that hold in a helpdesk: those under its name, and for other guards those without a name.
pub fn acknowledged_in(helpdesk: Option<&HelpdeskName>, all: &Acknowledgements) -> Acknowledged {
    let under = |name: Option<&HelpdeskName>| {
        let numbers = all.iter().filter(move |((held, _), _)| held.as_ref() == name);
        numbers.map(|((_, guard), numbers)| (*guard, numbers.clone())).collect::<Acknowledged>()
    };
    let mut found = under(None);
    found.extend(under(helpdesk));
    found
}

/// The numbers that acknowledgements come to in a helpdesk, the newest first. A number may count the changes of earlier ones
/// too, so that they are added up, and each sum counts; those under the name of the helpdesk also by themselves.
pub fn sums(newest_first: &[Acknowledgement], helpdesk: Option<&HelpdeskName>) -> Acknowledged {
    let (mut found, mut sums) = (Acknowledged::new(), BTreeMap::new());
    for held in newest_first {
        let is_named = held.helpdesk.is_some();
        if is_named && held.helpdesk.as_ref() != helpdesk {
            continue;
        }
        for by_name in [false, true].into_iter().filter(|by_name| is_named || !by_name) {
            let sum = sums.entry((held.guard, by_name)).or_insert(0_usize);
            *sum = sum.saturating_add(held.count);
            found.entry(held.guard).or_default().insert(*sum);
        }
    }
    found
}

/// A guard whose number is not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitingAcknowledgement {
    /// The helpdesk in which it counted, if that has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpdesk: Option<HelpdeskName>,
    /// The guard.
    pub guard: GuardName,
    /// The number to acknowledge.
    pub count: usize,
    /// The number up to which no acknowledgement is needed.
    pub limit: usize,
    /// The number that was acknowledged, where it was another one.
    pub acknowledged: Option<usize>,
}

impl AwaitingAcknowledgement {
    /// The acknowledgement as it is written, such as `weakened=2` or `moscow/weakened=2`.
    pub fn written(&self) -> String {
        self.written_with(self.count)
    }

    /// The acknowledgement of another number.
    pub fn written_with(&self, count: usize) -> String {
        let own = format!("{}={count}", self.guard.as_str());
        match &self.helpdesk {
            Some(name) => format!("{name}/{own}"),
            None => own,
        }
    }
}

/// Blocks the changes beyond a limit, and the changes that wait for those.
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
        (GuardName::Ended, guards.ended),
        (GuardName::Overwritten, guards.overwritten),
        (GuardName::Orphans, guards.orphans),
        (GuardName::Vanished, guards.vanished),
    ];
    let today = Zone::find(&plan.header.zone).unwrap_or(Zone::UTC).day_of(plan.header.as_of);
    let mut awaiting = Vec::new();
    let mut blocked: BTreeMap<AgreementId, Reason> = BTreeMap::new();
    for (name, limit) in limits {
        let count = match name {
            GuardName::Vanished => plan.totals.vanished,
            _ => plan.changes.iter().map(|change| weight(name, change, today)).sum(),
        };
        let given = acknowledged.get(&name);
        if count <= limit || given.is_some_and(|given| given.contains(&count)) {
            continue;
        }
        let given = given.and_then(|given| given.last().copied());
        awaiting.push(AwaitingAcknowledgement {
            helpdesk: None,
            guard: name,
            count,
            limit,
            acknowledged: given,
        });
        let guarded = plan.changes.iter().filter(|change| weight(name, change, today) > 0);
        blocked.extend(guarded.map(|change| (change.id.clone(), Reason::Guarded(name))));
    }
    block_dependents(&plan, &mut blocked);
    plan.changes.retain(|change| !blocked.contains_key(&change.id));
    plan.blocked.extend(blocked.into_iter().map(|(id, reason)| Blocked { id, reason }));
    plan.blocked.sort();
    plan.count(mapping.states.get(&State::Active));
    (plan, awaiting)
}

/// The number that a change adds to a guard's count. What the date did to unchanged files adds nothing.
fn weight(name: GuardName, change: &Change, today: Day) -> usize {
    match name {
        GuardName::Deactivations => {
            let by_date = change.state.as_ref().is_some_and(|state| state.cause == Some(Cause::Date));
            let is_loss = change.verb == Verb::Move || (change.deactivates() && change.verb != Verb::Retire);
            usize::from(is_loss && !by_date)
        }
        GuardName::Weakened => change.weakened().len(),
        GuardName::Ended => usize::from(change.ends_by_edit(today)),
        GuardName::Overwritten => change.overwritten().len(),
        GuardName::Orphans => usize::from(change.verb == Verb::Retire),
        // Where many agreements vanished nothing is created: it may be another helpdesk, or one whose lists are empty
        // by mistake.
        GuardName::Vanished => usize::from(change.verb == Verb::Create),
    }
}

/// The limits for a plan about all agreements, and for each part of it. Where the helpdesk manages nothing, a single vanished
/// agreement must be acknowledged.
pub fn limits(whole: &Plan, guards: &Guards) -> Guards {
    let vanished = if manages_nothing(whole) { 0 } else { guards.vanished };
    Guards { vanished, ..*guards }
}

/// Whether the helpdesk holds no managed agreement.
fn manages_nothing(plan: &Plan) -> bool {
    plan.totals.unchanged == 0 && plan.changes.iter().all(|change| change.object.is_none())
}

/// Blocks the changes that wait for a blocked one.
fn block_dependents(plan: &Plan, blocked: &mut BTreeMap<AgreementId, Reason>) {
    let waiting = dependents(&plan.changes, blocked.keys().cloned().collect());
    blocked.extend(waiting.into_iter().map(|(id, awaited)| (id, Reason::Waits(awaited))));
}

#[cfg(test)]
mod tests;
