//! The plans of a repository with several helpdesks: one guarded plan for each, and what one awaits of another.
//!
//! Each helpdesk is planned by itself, with the agreements that live there. An agreement that moves to another helpdesk is
//! created there and withdrawn here; the withdrawal awaits the creation, so that its client never has neither.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::envelope::{GuardedPlan, Meaning, Sealed, Verdict, severity_of_exit_code};
use crate::ident::{AgreementId, HelpdeskName, LiveId};
use crate::live::{Live, Observed};
use crate::plan::{Blocked, Change, Drift, Elsewhere, Note, Plan, Reason, dependents};
use crate::selection::AgreementSelection;

/// The version of the JSON of [`HelpdeskPlans`]. A reader refuses any other.
pub const FORMAT: u32 = 1;

/// The plans of several helpdesks: what `plan --out` saves for a repository with `helpdesks:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskPlans {
    /// The version of this shape.
    pub format: u32,
    /// The expected end of an apply of all plans.
    pub verdict: Verdict,
    /// The plan of each helpdesk, by its name.
    pub helpdesks: BTreeMap<HelpdeskName, GuardedPlan>,
    /// The helpdesks that could not be planned, with the reason.
    pub unavailable: BTreeMap<HelpdeskName, Unavailable>,
    /// The digest of all of the above; only saved plans have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The reason why a helpdesk could not be planned or applied. Its agreements are left as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unavailable {
    /// The exit code of a run in which this is the only problem.
    pub exit_code: u8,
    /// The stable code of the failure.
    pub code: String,
    /// The problem.
    pub message: String,
    /// The advice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Sealed for HelpdeskPlans {
    fn digest_mut(&mut self) -> &mut Option<String> {
        &mut self.digest
    }
}

impl HelpdeskPlans {
    /// Combines the plans of helpdesks. Changes that await what no other plan can bring about are blocked.
    pub fn new(
        mut helpdesks: BTreeMap<HelpdeskName, GuardedPlan>,
        unavailable: BTreeMap<HelpdeskName, Unavailable>,
    ) -> Self {
        // What is held back in one helpdesk may be awaited in another.
        loop {
            let impossible = impossible(&helpdesks);
            if impossible.is_empty() {
                break;
            }
            for guarded in helpdesks.values_mut() {
                hold(guarded, &impossible);
            }
        }
        for (name, guarded) in &mut helpdesks {
            guarded.awaiting.iter_mut().for_each(|held| held.helpdesk = Some(name.clone()));
        }
        let verdict = verdict(&helpdesks, &unavailable);
        Self { format: FORMAT, verdict, helpdesks, unavailable, digest: None }
    }

    /// Keeps the helpdesks and the rows about agreements that are selected, as [`GuardedPlan::retain`] does.
    pub fn retain(&mut self, selection: &AgreementSelection) {
        self.helpdesks.retain(|name, _| selection.selects_helpdesk(name));
        self.unavailable.retain(|name, _| selection.selects_helpdesk(name));
        let within = selection.within_helpdesks();
        if !within.is_everything() {
            self.helpdesks.values_mut().for_each(|guarded| guarded.retain(&within));
        }
    }

    /// Whether no plan has a change.
    pub fn is_empty(&self) -> bool {
        self.helpdesks.values().all(|guarded| guarded.plan.is_empty())
    }

    /// The number of changes of all plans.
    pub fn changes(&self) -> usize {
        self.helpdesks.values().map(|guarded| guarded.plan.changes.len()).sum()
    }
}

/// The agreements that changes await and that no plan can confirm.
fn impossible(helpdesks: &BTreeMap<HelpdeskName, GuardedPlan>) -> BTreeSet<Elsewhere> {
    let changes = helpdesks.values().flat_map(|guarded| &guarded.plan.changes);
    let awaited = changes.filter_map(|change| change.elsewhere.clone());
    awaited.filter(|awaited| !can_confirm(helpdesks.get(&awaited.helpdesk), awaited)).collect()
}

/// Whether the apply of a plan may confirm an agreement. What is blocked or stopped by a guard stays as it is.
fn can_confirm(plan: Option<&GuardedPlan>, awaited: &Elsewhere) -> bool {
    plan.is_some_and(|guarded| {
        let waiting = guarded.guarded_changes.iter().map(|change| &change.id);
        let mut stuck = guarded.plan.blocked.iter().map(|blocked| &blocked.id).chain(waiting);
        !stuck.any(|id| *id == awaited.agreement)
    })
}

/// Blocks the changes of a plan that await something impossible, and those that wait for them in turn.
fn hold(guarded: &mut GuardedPlan, impossible: &BTreeSet<Elsewhere>) {
    let plan = &mut guarded.plan;
    let is_held =
        |change: &Change| change.elsewhere.as_ref().filter(|awaited| impossible.contains(*awaited)).cloned();
    let mut held: BTreeMap<AgreementId, Reason> = plan
        .changes
        .iter()
        .filter_map(|change| Some((change.id.clone(), Reason::Elsewhere(is_held(change)?))))
        .collect();
    if held.is_empty() {
        return;
    }
    let waiting = dependents(&plan.changes, held.keys().cloned().collect());
    held.extend(waiting.into_iter().map(|(id, awaited)| (id, Reason::Waits(awaited))));
    plan.changes.retain(|change| !held.contains_key(&change.id));
    plan.blocked.extend(held.into_iter().map(|(id, reason)| Blocked { id, reason }));
    plan.blocked.sort();
    plan.count_again();
    guarded.verdict = Verdict::of(&guarded.plan, &guarded.awaiting);
}

/// The verdict of all plans: the most severe one.
fn verdict(
    helpdesks: &BTreeMap<HelpdeskName, GuardedPlan>,
    unavailable: &BTreeMap<HelpdeskName, Unavailable>,
) -> Verdict {
    let plans = helpdesks.values().map(|guarded| guarded.verdict.exit_code);
    let codes = plans.chain(unavailable.values().map(|failure| failure.exit_code));
    let exit_code = codes.min_by_key(|code| severity_of_exit_code(*code)).unwrap_or_default();
    let meaning = match exit_code {
        4 => Meaning::RefusedByAGuard,
        0 => Meaning::Complete,
        _ => Meaning::Partial,
    };
    let changes_pending = helpdesks.values().any(|guarded| guarded.verdict.changes_pending);
    Verdict { exit_code, meaning, changes_pending }
}

/// Whether an agreement is confirmed in its helpdesk: it is there, and a plan that was made from `live` leaves it as it is.
/// Drift that is only reported keeps it from that. One that is over needs no object.
pub fn is_confirmed(agreement: &AgreementId, plan: &GuardedPlan, live: &Live) -> bool {
    let is_over =
        plan.plan.notes.iter().any(|note| matches!(note, Note::OverAndAbsent(id) if id == agreement));
    let is_there = matches!(live.agreements.get(agreement), Some(Observed::Present(_)));
    let is_other = |drift: &Drift| drift.id == *agreement && !drift.is_corrected;
    (is_there || is_over)
        && !plan.open_agreements().contains(agreement)
        && !plan.plan.drift.iter().any(is_other)
}

/// Whether two states of one time are certainly of two helpdesks: an ownership key of one has no object in the other, or
/// another one. Creations rely on such an absence too.
pub fn are_separate(one: &Live, other: &Live) -> bool {
    let lacks = |live: &Live, id: &AgreementId, object: &LiveId| match live.agreements.get(id) {
        Some(Observed::Present(found)) => found.object != *object,
        Some(Observed::Unknown(_)) => false,
        Some(Observed::Absent) | None => !live.same_ownership_key.contains_key(id),
    };
    [(one, other), (other, one)].into_iter().any(|(here, there)| {
        here.agreements.iter().any(
            |(id, observed)| matches!(observed, Observed::Present(found) if lacks(there, id, &found.object)),
        )
    })
}

/// Whether the object that a change withdraws has the id and the content of the one that it awaits. Either both names lead
/// to one helpdesk, or two helpdesks number their objects alike, which [`are_separate`] and a creation show.
pub fn is_same_object(change: &Change, awaited: &Elsewhere, live: &Live) -> bool {
    match live.agreements.get(&awaited.agreement) {
        Some(Observed::Present(found)) => {
            Some(&found.object) == change.object.as_ref() && Some(found.digest()) == change.before
        }
        _ => false,
    }
}

/// Splits a plan for its apply: the changes that await nothing of other helpdesks, and those that do, which are applied
/// when all others of all helpdesks are, with the changes that wait for them here.
pub fn split(plan: &Plan) -> (Plan, Plan) {
    let awaits = plan.changes.iter().filter(|change| change.elsewhere.is_some());
    let awaits: BTreeSet<AgreementId> = awaits.map(|change| change.id.clone()).collect();
    let waiting = dependents(&plan.changes, awaits.clone());
    let is_last = |change: &Change| awaits.contains(&change.id) || waiting.contains_key(&change.id);
    let (last, first) = plan.changes.iter().cloned().partition(is_last);
    (Plan { changes: first, ..plan.clone() }, Plan { changes: last, ..plan.clone() })
}

/// The second part of a plan, whose changes wait no longer for those that the first pass has `done`.
#[must_use]
pub fn without_done(mut last: Plan, done: &BTreeSet<AgreementId>) -> Plan {
    last.changes.iter_mut().for_each(|change| change.after.retain(|id| !done.contains(id)));
    last
}
