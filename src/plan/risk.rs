//! The risks of an update: the losses of clients, which guards count and reviewers see first.
//!
//! A target that cannot be compared with the old one counts as weakened.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::DesiredAgreement;
use crate::ident::LiveId;
use crate::live::{LiveAgreement, LiveTarget, TargetKey, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{Change, Risk, Weakened};
use crate::status::State;

/// The risks of an update, in a fixed order.
pub(super) fn of_update(
    change: &Change,
    before: &LiveAgreement,
    desired: &DesiredAgreement,
    mapping: &Mapping,
    round_the_clock: Option<&LiveId>,
) -> Vec<Risk> {
    let active = mapping.states.get(&State::Active);
    let was_active = !before.archived && Some(&before.record.state) == active;
    let is_active = !desired.archived && Some(&desired.record.state) == active;
    let mut risks = Vec::new();
    if was_active && !is_active {
        risks.push(Risk::Deactivates);
    }
    if !desired.status.state.is_over() {
        let weakened = weakened(before, desired, was_active, round_the_clock);
        // Where the state withdraws services, their loss is the deactivation itself.
        if !weakened.is_empty() && mapping.publishes(desired.status.state) {
            risks.push(Risk::Weakens(weakened));
        }
        if change
            .fields
            .iter()
            .any(|field| field.field == Field::LastDay && is_earlier(&field.after, &field.before))
        {
            risks.push(Risk::Shortens);
        }
    }
    if change.ownership_key.as_ref().is_some_and(|key| key.before.is_none()) {
        risks.push(Risk::Adopts);
    }
    risks
}

/// Whether a last day comes earlier; open-ended is the latest of all.
fn is_earlier(after: &Value, before: &Value) -> bool {
    match (after, before) {
        (Value::Day(after), Value::Day(before)) => after < before,
        (Value::Day(_), Value::Nothing) => true,
        _ => false,
    }
}

/// Lists the weakened commitments. An agreement that was never active is compared by its explicit targets only: one
/// that an interrupted run left half created commits to nothing, and completing it weakens nothing.
fn weakened(
    before: &LiveAgreement,
    desired: &DesiredAgreement,
    was_active: bool,
    round_the_clock: Option<&LiveId>,
) -> Vec<Weakened> {
    let held = Commitments::of(&before.record.fields);
    let wanted = Commitments::of(&desired.record.fields);
    let lost =
        held.services.difference(&wanted.services).map(|service| Weakened::Service((*service).clone()));
    let mut weakened: Vec<Weakened> = lost.collect();
    if held.calendar != wanted.calendar && wanted.calendar != round_the_clock {
        weakened.push(Weakened::Calendar);
    }
    let keys: BTreeSet<&TargetKey> = held.targets.keys().chain(wanted.targets.keys()).copied().collect();
    for key in keys {
        let still_covered = key
            .service
            .as_ref()
            .is_none_or(|service| held.services.contains(service) && wanted.services.contains(service));
        let old = if was_active { held.effective(key) } else { held.targets.get(key).copied() };
        let Some(old) = old.filter(|_| still_covered) else {
            continue;
        };
        if wanted.effective(key).is_none_or(|new| is_less(new, old, round_the_clock)) {
            weakened.push(Weakened::Target(key.clone()));
        }
    }
    weakened
}

/// The commitments of one side.
struct Commitments<'a> {
    services: BTreeSet<&'a LiveId>,
    calendar: Option<&'a LiveId>,
    targets: BTreeMap<&'a TargetKey, &'a LiveTarget>,
}

impl<'a> Commitments<'a> {
    fn of(fields: &'a BTreeMap<Field, Value>) -> Self {
        let services = match fields.get(&Field::Services) {
            Some(Value::References(services)) => services.iter().collect(),
            _ => BTreeSet::new(),
        };
        let calendar = match fields.get(&Field::Calendar) {
            Some(Value::Reference(calendar)) => Some(calendar),
            _ => None,
        };
        let targets = match fields.get(&Field::Targets) {
            Some(Value::Targets(targets)) => targets.iter().collect(),
            _ => BTreeMap::new(),
        };
        Self { services, calendar, targets }
    }

    /// The target in effect for a key: its own, or the one for all services.
    fn effective(&self, key: &TargetKey) -> Option<&'a LiveTarget> {
        let general = TargetKey { service: None, priority: key.priority.clone() };
        self.targets.get(key).or_else(|| self.targets.get(&general)).copied()
    }
}

fn is_less(new: &LiveTarget, old: &LiveTarget, round_the_clock: Option<&LiveId>) -> bool {
    let pairs = [(new.response, old.response), (new.resolution, old.resolution)];
    let longer = pairs.into_iter().any(|pair| match pair {
        (Some(new), Some(old)) => new.is_weaker_than(old).unwrap_or(true),
        (None, Some(_)) => true,
        (_, None) => false,
    });
    longer || (new.calendar != old.calendar && new.calendar.as_ref() != round_the_clock)
}
