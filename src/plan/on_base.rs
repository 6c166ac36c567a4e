//! Separates what a pull request causes from what its base brings about without it, such as what the date does.
//!
//! Both sides are planned against the same live state. A part of a change is on the base as well if the plan of the base
//! contains it with an equal value.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::AgreementId;
use crate::plan::{Change, FieldChange, Risk, Weakened};

/// The part of an agreement's changes that the base brings about as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnBase {
    /// Whether it is all of them.
    pub whole: bool,
    /// Its risks.
    pub risks: Vec<Risk>,
}

/// Compares the changes of a pull request with those of its base. Agreements without a common part are left out.
pub fn on_base<'a>(
    changes: impl Iterator<Item = &'a Change>,
    base: impl Iterator<Item = &'a Change>,
) -> BTreeMap<AgreementId, OnBase> {
    let base = by_id(base);
    let common = by_id(changes).into_iter().filter_map(|(id, changes)| {
        let before = base.get(id)?;
        let held: BTreeSet<Risk> = before.iter().flat_map(|change| single(&change.risks)).collect();
        let mut risks: BTreeSet<Risk> = changes.iter().flat_map(|change| single(&change.risks)).collect();
        let whole = risks.is_subset(&held) && changes.iter().all(|change| is_within(change, before));
        risks.retain(|risk| held.contains(risk));
        (whole || !risks.is_empty()).then(|| (id.clone(), OnBase { whole, risks: joined(risks) }))
    });
    common.collect()
}

/// Splits the risks of a change into those that the pull request causes and those that are on the base as well.
pub(super) fn split_risks(change: &Change, common: Option<&OnBase>) -> (Vec<Risk>, Vec<Risk>) {
    let known: BTreeSet<Risk> = common.map(|common| single(&common.risks).collect()).unwrap_or_default();
    let (common, own) = single(&change.risks).partition(|risk| known.contains(risk));
    (joined(own), joined(common))
}

fn by_id<'a>(changes: impl Iterator<Item = &'a Change>) -> BTreeMap<&'a AgreementId, Vec<&'a Change>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for change in changes {
        found.entry(&change.id).or_default().push(change);
    }
    found
}

/// Whether the changes of the base contain each part of a change.
fn is_within(change: &Change, base: &[&Change]) -> bool {
    let has_field = |field: &FieldChange| {
        let mut fields = base.iter().flat_map(|before| &before.fields);
        fields.any(|before| (&before.field, &before.after) == (&field.field, &field.after))
    };
    let has_state = change.state.as_ref().is_none_or(|state| {
        base.iter().filter_map(|before| before.state.as_ref()).any(|before| before.after == state.after)
    });
    let is_same =
        |before: &&Change| before.verb == change.verb && before.ownership_key == change.ownership_key;
    has_state && base.iter().any(is_same) && change.fields.iter().all(has_field)
}

/// The risks with one commitment each.
fn single(risks: &[Risk]) -> impl Iterator<Item = Risk> + '_ {
    risks.iter().flat_map(|risk| match risk {
        Risk::Weakens(weakened) => weakened.iter().map(|one| Risk::Weakens(vec![one.clone()])).collect(),
        risk => vec![risk.clone()],
    })
}

/// The risks with all weakened commitments in one.
fn joined(risks: BTreeSet<Risk>) -> Vec<Risk> {
    let mut weakened: Vec<Weakened> = Vec::new();
    let mut joined = Vec::new();
    for risk in risks {
        match risk {
            Risk::Weakens(one) => weakened.extend(one),
            risk => joined.push(risk),
        }
    }
    if !weakened.is_empty() {
        joined.push(Risk::Weakens(weakened));
        joined.sort();
    }
    joined
}
