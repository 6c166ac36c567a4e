//! Ties adopted agreements that belong together: the successor of an agreement, and agreements that share a number.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::adoption::{DraftFile, SkipReason, path_of};
use super::observed::{Candidate, FOUND};
use crate::author;

/// Writes `renews:` into each successor, and an allowance into each other agreement that shares its number with one of
/// the same client.
pub(super) fn tie(candidates: &[Candidate<'_>], attempts: &mut [Result<DraftFile, SkipReason>]) {
    let mut by_client: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate().filter(|(index, _)| attempts[*index].is_ok()) {
        by_client.entry(candidate.facts.client.to_string()).or_default().push(index);
    }
    for mut indices in by_client.into_values() {
        indices.sort_by_key(|index| (candidates[*index].facts.first_day, candidates[*index].object));
        let predecessors = predecessors(candidates, &indices);
        for (successor, predecessor) in &predecessors {
            add(attempts, candidates, *successor, "renews", &json!(candidates[*predecessor].id));
        }
        let mut numbers = BTreeSet::new();
        indices.sort_by_key(|index| &candidates[*index].id);
        for index in indices {
            let number = candidates[index].facts.fields.get("number").map(Json::to_string);
            let shares =
                |other: &usize| number == candidates[*other].facts.fields.get("number").map(Json::to_string);
            let is_new = number.as_ref().is_none_or(|number| numbers.insert(number.clone()));
            if !is_new && !predecessors.get(&index).is_some_and(shares) {
                add(attempts, candidates, index, "allow", &json!({ "E103": { "reason": FOUND } }));
            }
        }
    }
}

/// The predecessor of each successor, among the agreements of one client in the order of their first days.
fn predecessors(candidates: &[Candidate<'_>], indices: &[usize]) -> BTreeMap<usize, usize> {
    let mut predecessors = BTreeMap::new();
    let mut followed = BTreeSet::new();
    for (position, successor) in indices.iter().enumerate() {
        let earlier = indices[..position].iter().rev();
        let found = earlier.copied().find(|earlier| {
            !followed.contains(earlier) && follows(&candidates[*successor], &candidates[*earlier])
        });
        if let Some(predecessor) = found {
            followed.insert(predecessor);
            predecessors.insert(*successor, predecessor);
        }
    }
    predecessors
}

/// Whether an agreement begins after the other one ends, for the same recipients, and has its number, or begins on the
/// next day with the same services. An agreement that was switched by hand is part of no chain.
fn follows(later: &Candidate<'_>, earlier: &Candidate<'_>) -> bool {
    let (Some(first_day), Some(last_day)) = (later.facts.first_day, earlier.facts.last_day) else {
        return false;
    };
    let same = |key: &str| later.facts.fields.get(key) == earlier.facts.fields.get(key);
    let keys = |candidate: &Candidate<'_>| -> Vec<String> {
        let services = candidate.facts.fields.get("services").and_then(Json::as_object);
        services.into_iter().flat_map(Map::keys).cloned().collect()
    };
    let is_switched = |candidate: &Candidate<'_>| candidate.facts.fields.contains_key("activation");
    let is_next = last_day.tomorrow().is_ok_and(|day| day == first_day) && keys(later) == keys(earlier);
    let has_number = later.facts.fields.contains_key("number") && same("number");
    first_day > last_day
        && earlier.facts.first_day.is_some()
        && same("recipients")
        && (has_number || is_next)
        && ![later, earlier].into_iter().any(is_switched)
}

fn add(
    attempts: &mut [Result<DraftFile, SkipReason>],
    candidates: &[Candidate<'_>],
    index: usize,
    key: &str,
    value: &Json,
) {
    if let Ok(draft) = &mut attempts[index] {
        for document in [&mut draft.own, &mut draft.resolved] {
            if let Json::Object(fields) = document {
                fields.insert(key.to_owned(), value.clone());
                *document = author::in_field_order(std::mem::take(fields));
            }
        }
        draft.text = author::file_text(&path_of(&candidates[index].id), &draft.own);
    }
}
