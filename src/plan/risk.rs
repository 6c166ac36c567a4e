//! The risks of an update: the losses of clients, which guards count and reviewers see first.
//!
//! A target that cannot be compared with the old one counts as weakened.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::desired::DesiredAgreement;
use crate::ident::LiveId;
use crate::live::{LiveAgreement, LiveTarget, TargetKey, Targets, Value};
use crate::mapping::{DepartmentAccess, Field, Mapping};
use crate::plan::{AgreementHours, Change, Risk, Weakened, in_effect, overwritten};
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
        let mut weakened = weakened(before, desired, was_active, round_the_clock);
        weakened.extend(lost_access(change, desired, mapping));
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
    risks.extend(overwritten::risk(change, None));
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
    if held.hours != wanted.hours && wanted.hours != round_the_clock {
        let hours = AgreementHours { before: held.hours.cloned(), after: wanted.hours.cloned() };
        weakened.push(Weakened::Calendar(hours));
    }
    let keys: BTreeSet<&TargetKey> = held.targets.keys().chain(wanted.targets.keys()).collect();
    for key in keys {
        let still_covered = key
            .service
            .as_ref()
            .is_none_or(|service| held.services.contains(service) && wanted.services.contains(service));
        let is_held = was_active || held.targets.contains_key(key);
        let Some(old) = held.in_effect(key).filter(|_| is_held && still_covered) else {
            continue;
        };
        let new = wanted.in_effect(key);
        // Hours of the whole agreement count once, as its calendar.
        let has_own_hours = held.has_own_hours(key) || wanted.has_own_hours(key);
        let is_shorter_hours = |new: &LiveTarget| {
            has_own_hours && new.calendar != old.calendar && new.calendar.as_ref() != round_the_clock
        };
        if new.as_ref().is_none_or(|new| is_longer(new, &old) || is_shorter_hours(new)) {
            weakened.push(Weakened::Target { key: key.clone(), before: old, after: new });
        }
    }
    weakened
}

/// Lists the recipients that lose access. Where the state withdraws recipients, their loss is the deactivation itself.
fn lost_access(change: &Change, desired: &DesiredAgreement, mapping: &Mapping) -> Vec<Weakened> {
    let is_withdrawn = mapping.detaches(desired.status.state);
    let Some(field) = change.fields.iter().find(|field| field.field == Field::Recipients && !is_withdrawn)
    else {
        return Vec::new();
    };
    let nothing = BTreeSet::new();
    let set = |value: &'_ Value| match value {
        Value::References(units) => (**units).clone(),
        _ => nothing.clone(),
    };
    let (before, after) = (set(&field.before), set(&field.after));
    let units = &desired.units;
    let has_company = units.company.as_ref().is_some_and(|company| after.contains(company));
    let inherits = mapping.recipients.departments == DepartmentAccess::Inherit && has_company;
    let gained =
        units.company.iter().chain(&after).find(|unit| after.contains(*unit) && !before.contains(*unit));
    let lost = before.difference(&after).filter(|unit| !(inherits && units.departments.contains(*unit)));
    let lost = lost.map(|unit| {
        let is_own = units.company.as_ref() == Some(unit) || units.departments.contains(unit);
        match gained.filter(|_| !is_own) {
            Some(gained) => Weakened::Client { before: unit.clone(), after: gained.clone() },
            None => Weakened::Recipient(unit.clone()),
        }
    });
    lost.collect()
}

/// The commitments of one side.
struct Commitments<'a> {
    services: BTreeSet<&'a LiveId>,
    hours: Option<&'a LiveId>,
    targets: Cow<'a, Targets>,
}

impl<'a> Commitments<'a> {
    fn of(fields: &'a BTreeMap<Field, Value>) -> Self {
        let services = match fields.get(&Field::Services) {
            Some(Value::References(services)) => services.iter().collect(),
            _ => BTreeSet::new(),
        };
        let targets = match fields.get(&Field::Targets) {
            Some(Value::Targets(targets)) => Cow::Borrowed(&**targets),
            _ => Cow::Owned(Targets::new()),
        };
        Self { services, hours: calendar(fields), targets }
    }

    fn in_effect(&self, key: &TargetKey) -> Option<LiveTarget> {
        in_effect(&self.targets, key, self.hours)
    }

    fn has_own_hours(&self, key: &TargetKey) -> bool {
        self.targets.get(key).is_some_and(|target| target.calendar.is_some())
    }
}

/// The calendar of an agreement.
pub(super) fn calendar(fields: &BTreeMap<Field, Value>) -> Option<&LiveId> {
    match fields.get(&Field::Calendar) {
        Some(Value::Reference(calendar)) => Some(calendar),
        _ => None,
    }
}

fn is_longer(new: &LiveTarget, old: &LiveTarget) -> bool {
    let pairs = [(new.response, old.response), (new.resolution, old.resolution)];
    pairs.into_iter().any(|pair| match pair {
        (Some(new), Some(old)) => new.is_weaker_than(old).unwrap_or(true),
        (None, Some(_)) => true,
        (_, None) => false,
    })
}
