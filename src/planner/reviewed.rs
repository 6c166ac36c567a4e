//! Compares a reviewed plan with the one that follows from the present files and the live state.
//!
//! A reviewed plan permits changes and never dictates them: a change is applied only if it is derived anew, with the same
//! values, steps and risks. A plan that was edited, or was made in another repository, can therefore apply nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::envelope::{GuardedPlan, Verdict};
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, Observed};
use crate::outcome::ChangeResult;
use crate::plan::{Change, FieldChange, Freshness, freshness};

/// Keeps the changes of a new plan that the `reviewed` changes permit, and returns the results of the reviewed changes that
/// are left out: those that were applied before, and those that are stale. A reviewed change that a guard stopped keeps
/// waiting for its acknowledgement.
pub(super) fn keep_reviewed(
    guarded: &mut GuardedPlan,
    reviewed: &[Change],
    live: &Live,
) -> BTreeMap<AgreementId, ChangeResult> {
    let objects = objects(live);
    let by_id: BTreeMap<&AgreementId, &Change> = reviewed.iter().map(|change| (&change.id, change)).collect();
    let plan = &mut guarded.plan;
    plan.changes.retain(|change| by_id.get(&change.id).is_some_and(|old| permits(old, change, &objects)));
    let kept: BTreeSet<AgreementId> = plan.changes.iter().map(|change| change.id.clone()).collect();
    plan.drift.retain(|drift| !drift.is_corrected || kept.contains(&drift.id));
    guarded.guarded_changes.retain(|change| by_id.contains_key(&change.id) && !kept.contains(&change.id));
    if guarded.guarded_changes.is_empty() {
        guarded.awaiting.clear();
    }
    guarded.verdict = Verdict::of(&guarded.plan, &guarded.awaiting);
    let waiting: BTreeSet<&AgreementId> = guarded.guarded_changes.iter().map(|change| &change.id).collect();
    let left = by_id.into_iter().filter(|(id, _)| !kept.contains(*id) && !waiting.contains(id));
    left.map(|(id, change)| (id.clone(), result_of(change, live, &objects))).collect()
}

/// Whether a reviewed change permits one that was derived anew: the same, or the rest of it.
fn permits(reviewed: &Change, change: &Change, objects: &Objects<'_>) -> bool {
    without_circumstances(reviewed) == without_circumstances(change)
        || object_of(reviewed, objects).is_some_and(|found| is_rest(change, reviewed, found))
}

/// A change without what may differ between two plans of the same files: causes depend on the last apply, and the changes
/// that it waits for on what others applied in the meantime.
fn without_circumstances(change: &Change) -> Change {
    let mut change = change.clone();
    change.after.clear();
    if let Some(state) = &mut change.state {
        state.cause = None;
    }
    for field in &mut change.fields {
        field.cause = None;
    }
    change
}

/// Whether `change` is what is left of a reviewed change whose object moved toward the plan since.
fn is_rest(change: &Change, reviewed: &Change, found: &LiveAgreement) -> bool {
    let after_of = |of: &Change, field: &_| {
        of.fields.iter().find(|change| change.field == *field).map(|change| change.after.clone())
    };
    let is_same_value = |field: &_| {
        let wanted = after_of(reviewed, field);
        let planned = after_of(change, field).or_else(|| found.record.fields.get(field).cloned());
        wanted.is_some() && wanted == planned
    };
    let mut fields = reviewed.fields.iter().chain(&change.fields).map(|change| &change.field);
    let state_of = |of: &Change| of.state.as_ref().map(|state| state.after.clone());
    let state = state_of(change).unwrap_or_else(|| found.record.state.clone());
    reviewed.before != Some(found.digest())
        && freshness(reviewed, found) == Freshness::Pending
        && (change.verb, &change.object, &change.ownership_key)
            == (reviewed.verb, &reviewed.object, &reviewed.ownership_key)
        && fields.all(is_same_value)
        && state_of(reviewed).map_or(change.state.is_none(), |wanted| wanted == state)
}

/// The result of a reviewed change that no change of the new plan corresponds to.
fn result_of(reviewed: &Change, live: &Live, objects: &Objects<'_>) -> ChangeResult {
    let found = object_of(reviewed, objects).or_else(|| match live.agreements.get(&reviewed.id) {
        Some(Observed::Present(found)) if reviewed.object.is_none() => Some(found),
        _ => None,
    });
    match found {
        Some(found) if is_applied(reviewed, found) => {
            ChangeResult::Done { object: found.object.clone(), altered: Vec::new() }
        }
        _ => ChangeResult::Stale,
    }
}

/// Whether an object has all values of a change. An ownership key that was to be written does not show in it.
fn is_applied(reviewed: &Change, found: &LiveAgreement) -> bool {
    let has_value = |field: &FieldChange| found.record.fields.get(&field.field) == Some(&field.after);
    let state = reviewed.state.as_ref();
    let has_changes = state.is_some() || !reviewed.fields.is_empty();
    has_changes
        && state.is_none_or(|state| found.record.state == state.after)
        && reviewed.fields.iter().all(has_value)
}

/// The live objects, also those that may be adopted, by their ids.
type Objects<'a> = BTreeMap<&'a LiveId, &'a LiveAgreement>;

fn objects(live: &Live) -> Objects<'_> {
    let mut objects = Objects::new();
    for observed in live.agreements.values().chain(live.adoptable.values()) {
        if let Observed::Present(found) = observed {
            objects.entry(&found.object).or_insert(found);
        }
    }
    objects
}

fn object_of<'a>(change: &Change, objects: &Objects<'a>) -> Option<&'a LiveAgreement> {
    objects.get(change.object.as_ref()?).copied()
}
