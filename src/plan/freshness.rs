//! How a live object stands to a change that was planned for it: as the plan saw it, on the way, or there already.
//!
//! What several agreements share is put right for all of them by the first change that gets to it, and two runs at once
//! may write the same. An object that moved toward the plan and nowhere else is not somebody else's.

use crate::live::{LiveAgreement, Value};
use crate::plan::{Change, FieldChange, StateChange, Step};

/// How an object stands to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As the plan saw it, or on the way from there to what the plan wants.
    Pending,
    /// As the plan wants it; nothing is left to do.
    AlreadyApplied,
    /// Somebody changed what the plan says nothing of, or to something else.
    Conflict,
}

/// How the object stands to the change.
pub fn freshness(change: &Change, found: &LiveAgreement) -> Freshness {
    if change.before == Some(found.digest()) {
        return Freshness::Pending;
    }
    // Full values may be written again; what is created, linked or marked may not, or does not show in the object.
    let is_full_values =
        change.steps.iter().all(|step| matches!(step, Step::Edit { ownership_key: None, .. }));
    match back(change, found) {
        Some((before, is_there)) if is_full_values && change.before == Some(before.digest()) => {
            if is_there {
                Freshness::AlreadyApplied
            } else {
                Freshness::Pending
            }
        }
        _ => Freshness::Conflict,
    }
}

/// The object with all that the change is about put back, and whether all of it was there; nothing where some of it is
/// neither as it was nor as it shall be.
fn back(change: &Change, found: &LiveAgreement) -> Option<(LiveAgreement, bool)> {
    let mut before = found.clone();
    let mut is_there = true;
    for FieldChange { field, before: old, after: new, .. } in &change.fields {
        let held = before.record.fields.insert(field.clone(), old.clone())?;
        if !is_between(&held, old, new) {
            return None;
        }
        is_there &= held == *new;
    }
    if let Some(StateChange { before: Some(old), after: new, .. }) = &change.state {
        let held = std::mem::replace(&mut before.record.state, old.clone());
        if held != *old && held != *new {
            return None;
        }
        is_there &= held == *new;
    }
    Some((before, is_there))
}

/// Whether a value is one of two, or each of its promises is that of one of them.
fn is_between(held: &Value, old: &Value, new: &Value) -> bool {
    let promises = |value: &Value| match value {
        Value::Targets(targets) => Some(targets.clone()),
        Value::Nothing => Some(std::collections::BTreeMap::new()),
        _ => None,
    };
    if held == old || held == new {
        return true;
    }
    let (Some(held), Some(old), Some(new)) = (promises(held), promises(old), promises(new)) else {
        return false;
    };
    let mut keys = held.keys().chain(old.keys()).chain(new.keys());
    keys.all(|key| held.get(key) == old.get(key) || held.get(key) == new.get(key))
}
