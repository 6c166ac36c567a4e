//! Compares a live object with the change that was planned for it: pending, already applied, or a conflict.
//!
//! Agreements may share an object, so that the first change writes it for all of them, and two runs may write the same.
//! An object that moved only toward the plan is not a conflict.

use crate::live::{LiveAgreement, Targets, Value};
use crate::plan::{Change, FieldChange, StateChange, Step};

/// The state of an object relative to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As the plan saw it, or between that and the desired state.
    Pending,
    /// As desired; nothing is left to write.
    AlreadyApplied,
    /// Somebody changed another part of it, or to another value.
    Conflict,
}

/// Whether an object belongs to a change, which alone allows a write to it: it has the ownership key of the agreement, or
/// the one that the change of an existing object replaces. An object that is adopted has none yet.
pub fn is_owned(change: &Change, found: &LiveAgreement) -> bool {
    let replaced = change.ownership_key.as_ref().filter(|_| change.object.is_some());
    found.owner.as_ref() == Some(&change.id) || replaced.is_some_and(|key| key.before == found.owner)
}

/// Compares an object with a change.
pub fn freshness(change: &Change, found: &LiveAgreement) -> Freshness {
    if change.before == Some(found.digest()) {
        return Freshness::Pending;
    }
    // Only whole values are safe to write twice; creations, links and ownership keys are not, or do not show in the object.
    let is_full_values =
        change.steps.iter().all(|step| matches!(step, Step::Edit { ownership_key: None, .. }));
    match reverted(change, found) {
        Some((before, is_applied)) if is_full_values && change.before == Some(before.digest()) => {
            if is_applied {
                Freshness::AlreadyApplied
            } else {
                Freshness::Pending
            }
        }
        _ => Freshness::Conflict,
    }
}

/// Reverts the change on the object, and returns whether all of it had been applied; `None` where some value is neither
/// the old nor the new one.
fn reverted(change: &Change, found: &LiveAgreement) -> Option<(LiveAgreement, bool)> {
    let mut before = found.clone();
    let mut is_applied = true;
    for FieldChange { field, before: old, after: new, .. } in &change.fields {
        let held = before.record.fields.insert(field.clone(), old.clone())?;
        if !is_between(&held, old, new) {
            return None;
        }
        is_applied &= held == *new;
    }
    if let Some(StateChange { before: Some(old), after: new, .. }) = &change.state {
        let held = std::mem::replace(&mut before.record.state, old.clone());
        if held != *old && held != *new {
            return None;
        }
        is_applied &= held == *new;
    }
    Some((before, is_applied))
}

/// Whether a value is the old or the new one, or each of its targets is that of the old or the new value.
fn is_between(held: &Value, old: &Value, new: &Value) -> bool {
    let targets = |value: &Value| match value {
        Value::Targets(targets) => Some((**targets).clone()),
        Value::Nothing => Some(Targets::new()),
        _ => None,
    };
    if held == old || held == new {
        return true;
    }
    let (Some(held), Some(old), Some(new)) = (targets(held), targets(old), targets(new)) else {
        return false;
    };
    let mut keys = held.keys().chain(old.keys()).chain(new.keys());
    keys.all(|key| held.get(key) == old.get(key) || held.get(key) == new.get(key))
}
