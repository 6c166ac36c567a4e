//! The guarded plan: what `plan --out` saves, `apply` reads and every rendering starts from.
//!
//! It also decides what a plan and its apply come to. Exit codes follow from this module and from no other.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::guard::AwaitingAcknowledgement;
use crate::ident::AgreementId;
use crate::live::{Live, Observed, digest};
use crate::notice::Announced;
use crate::outcome::{ChangeResult, Outcome, Stopped};
use crate::plan::scope::Scope;
use crate::plan::{Change, ChangeSeverity, DriftPart, GuardName, Note, Plan, Reason, Risk, Totals, on_base};
use crate::selection::{AgreementSelection, UnknownName};

/// A value that is saved with a digest of all the rest of it.
pub trait Sealed: Clone + PartialEq + Serialize {
    /// The digest, which only a saved value has.
    fn digest_mut(&mut self) -> &mut Option<String>;

    /// Adds the digest of everything else, with which it is saved.
    #[must_use]
    fn sealed(mut self) -> Self {
        *self.digest_mut() = None;
        let digest = digest(&self);
        *self.digest_mut() = Some(digest);
        self
    }

    /// Whether the value is exactly as it was sealed. This detects damage and careless edits; someone who computes the
    /// digest again gains nothing, since an apply derives every change anew.
    fn is_intact(&self) -> bool {
        self.clone().sealed() == *self
    }
}

impl Sealed for GuardedPlan {
    fn digest_mut(&mut self) -> &mut Option<String> {
        &mut self.digest
    }
}

/// All exit codes, the most severe first: of two results, that of the earlier one is the result of the run.
const EXIT_CODES_BY_SEVERITY: [u8; 14] = [130, 143, 1, 9, 8, 3, 4, 7, 6, 5, 11, 10, 2, 0];

/// The place of an exit code among all; an unknown one is as severe as a failure.
pub fn severity_of_exit_code(code: u8) -> usize {
    let place = |code: u8| EXIT_CODES_BY_SEVERITY.iter().position(|other| *other == code);
    place(code).or_else(|| place(1)).unwrap_or_default()
}

/// A plan together with the decisions of its guards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardedPlan {
    /// The expected end of an apply of this plan, if the helpdesk accepts every write.
    pub verdict: Verdict,
    /// The plan, without the changes that a guard blocked.
    pub plan: Plan,
    /// The guards whose number is not acknowledged.
    pub awaiting: Vec<AwaitingAcknowledgement>,
    /// The changes that are not in the plan because a guard blocked them, or blocked a change that they wait for.
    pub guarded_changes: Vec<Change>,
    /// The notices of the run that applies the plan, as counts.
    #[serde(default)]
    pub announced: Vec<Announced>,
    /// Whether the ledger was not read, so that only notices about the changes are counted, and some may have been sent.
    #[serde(default)]
    pub announced_at_most: bool,
    /// The agreements and settings that a pull request touches, where the plan was made for one (`--base`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
    /// The digest of all of the above; only a saved plan has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The expected end of an apply, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The exit code of the apply.
    pub exit_code: u8,
    /// The reason for that code.
    pub meaning: Meaning,
    /// Whether the plan has any change; `--exit-code` reports that as exit code 2.
    pub changes_pending: bool,
}

/// The expected end of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The helpdesk equals the files, or will.
    Complete,
    /// A guard awaits the acknowledgement of a number.
    RefusedByAGuard,
    /// Some agreements stay blocked until somebody fixes the cause.
    Partial,
}

/// The end of a run, which decides its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// A signal ended the run.
    Interrupted,
    /// The helpdesk refused the credentials.
    Credentials,
    /// The journal or the ledger could not be written.
    NotRecorded,
    /// A guard awaits the acknowledgement of a number.
    RefusedByAGuard,
    /// The result of at least one write is unknown.
    InDoubt,
    /// Every open change was stale, and nothing was written.
    Stale,
    /// Some changes were not applied, remain after the apply or could not be confirmed, or some agreements are blocked.
    Partial,
    /// The helpdesk equals the files.
    Complete,
}

impl GuardedPlan {
    /// Combines the plan that a guard let through with the changes of the `proposed` plan that it blocked.
    pub fn new(proposed: &Plan, plan: Plan, awaiting: Vec<AwaitingAcknowledgement>) -> Self {
        let is_guarded = |reason: &Reason| matches!(reason, Reason::Guarded(_) | Reason::Waits(_));
        let guarded: BTreeSet<&AgreementId> = plan
            .blocked
            .iter()
            .filter(|blocked| is_guarded(&blocked.reason))
            .map(|blocked| &blocked.id)
            .collect();
        let guarded_changes = proposed.changes.iter().filter(|change| guarded.contains(&change.id));
        Self {
            verdict: Verdict::of(&plan, &awaiting),
            guarded_changes: guarded_changes.cloned().collect(),
            plan,
            awaiting,
            announced: Vec::new(),
            announced_at_most: false,
            scope: None,
            digest: None,
        }
    }

    /// The first client of a selection that no change of these plans is about.
    pub fn unknown_client(plans: &[&Self], selection: &AgreementSelection) -> Option<UnknownName> {
        let changed = plans.iter().flat_map(|guarded| guarded.all_changes());
        let changed = changed.filter_map(|change| change.client.as_ref()).map(|client| client.as_str());
        let planned = plans.iter().flat_map(|guarded| &guarded.plan.header.selection.clients);
        selection.unknown_client(&changed.chain(planned.map(String::as_str)).collect())
    }

    /// Keeps the rows about selected agreements, of which a saved plan knows id, client and status. The totals are then
    /// those of the rows, without the agreements that have none; the verdict stays that of the whole plan.
    pub fn retain(&mut self, selection: &AgreementSelection) {
        let selects = |change: &Change| {
            let client = change.client.as_ref().map(|client| client.as_str());
            selection.selects_row(change.id.as_str(), client, change.status)
        };
        let changes = self.plan.changes.iter().chain(&self.guarded_changes);
        let changed: BTreeMap<AgreementId, bool> =
            changes.map(|change| (change.id.clone(), selects(change))).collect();
        let keep = |id: &AgreementId| {
            changed.get(id).copied().unwrap_or_else(|| selection.selects_row(id.as_str(), None, None))
        };
        self.plan.changes.retain(|change| keep(&change.id));
        self.guarded_changes.retain(|change| keep(&change.id));
        self.plan.drift.retain(|drift| keep(&drift.id));
        self.plan.blocked.retain(|blocked| keep(&blocked.id));
        self.plan.notes.clear();
        self.announced.clear();
        self.plan.header.selection = selection.clone();
        self.plan.count_again();
        let totals = Totals { agreements: 0, unchanged: 0, is_excerpt: true, ..self.plan.totals };
        self.plan.totals = totals;
    }

    /// Adds the notices of the run that applies it.
    #[must_use]
    pub fn announcing(self, announced: Vec<Announced>, announced_at_most: bool) -> Self {
        Self { announced, announced_at_most, ..self }
    }

    /// Adds the scope of a pull request, and marks in it what the plan of its base contains as well.
    #[must_use]
    pub fn for_pull_request(self, mut scope: Scope, base: &Self) -> Self {
        scope.on_base = on_base(self.all_changes(), base.all_changes());
        let (guards, guards_of_base) = (self.guards(), base.guards());
        let is_on_base = |held: &&AwaitingAcknowledgement| {
            let stopped = |guards: &BTreeMap<&AgreementId, GuardName>| -> BTreeSet<AgreementId> {
                guards.iter().filter(|(_, name)| **name == held.guard).map(|(id, _)| (*id).clone()).collect()
            };
            let is_same_number =
                |other: &AwaitingAcknowledgement| (other.guard, other.count) == (held.guard, held.count);
            let mut changes =
                self.guarded_changes.iter().filter(|change| guards.get(&change.id) == Some(&held.guard));
            base.awaiting.iter().any(is_same_number)
                && stopped(&guards) == stopped(&guards_of_base)
                && changes.all(|change| scope.split_risks(change).0.is_empty())
        };
        let guards_on_base = self.awaiting.iter().filter(is_on_base).map(|held| held.guard).collect();
        scope.guards_on_base = guards_on_base;
        Self { scope: Some(Box::new(scope)), ..self }
    }

    /// All changes, those that a guard stopped included.
    pub fn all_changes(&self) -> impl Iterator<Item = &Change> {
        self.plan.changes.iter().chain(&self.guarded_changes)
    }

    /// Whether the base of the pull request, if the plan was made for one, brings about all changes of an agreement.
    pub fn is_on_base(&self, id: &AgreementId) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.is_on_base(id))
    }

    /// The agreements that the plan changes, of which the pull request, if it was made for one, causes a part.
    pub fn own_agreements(&self) -> BTreeSet<&AgreementId> {
        self.all_changes().map(|change| &change.id).filter(|id| !self.is_on_base(id)).collect()
    }

    /// The risks of a change that the pull request causes, and those that are on its base as well. Without a pull request,
    /// all are of the first kind.
    pub fn split_risks(&self, change: &Change) -> (Vec<Risk>, Vec<Risk>) {
        match &self.scope {
            Some(scope) => scope.split_risks(change),
            None => (change.risks.clone(), Vec::new()),
        }
    }

    /// Whether a guard awaits the acknowledgement of what the pull request causes; without one, of anything.
    pub fn is_refused(&self) -> bool {
        self.awaiting.iter().any(|held| !self.is_guard_on_base(held.guard))
    }

    /// Whether a guard stops nothing but what it stops on the base of the pull request as well.
    pub fn is_guard_on_base(&self, guard: GuardName) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.guards_on_base.contains(&guard))
    }

    /// Notes the number of notices that its apply makes due and that are not sent, since the settings name no channel.
    #[must_use]
    pub fn not_announcing(mut self, notices: usize) -> Self {
        self.plan.notes.extend((notices > 0).then_some(Note::NoticesNotSent(notices)));
        self
    }

    /// The highest severity of all changes, guarded ones included, without the risks that are on the base as well; `None`
    /// where nothing changes.
    pub fn most_severe(&self) -> Option<ChangeSeverity> {
        let own = self.all_changes().filter(|change| !self.is_on_base(&change.id));
        own.map(|change| change.severity_of(&self.split_risks(change).0)).min()
    }

    /// The guard that blocks each guarded change.
    pub fn guards(&self) -> BTreeMap<&AgreementId, GuardName> {
        let guarded = self.plan.blocked.iter().filter_map(|blocked| match blocked.reason {
            Reason::Guarded(name) => Some((&blocked.id, name)),
            _ => None,
        });
        guarded.collect()
    }

    /// The agreements that are not known to equal their document: those that change, wait for a guard or are blocked.
    pub fn open_agreements(&self) -> BTreeSet<&AgreementId> {
        let changes = self.plan.changes.iter().chain(&self.guarded_changes).map(|change| &change.id);
        changes.chain(self.plan.blocked.iter().map(|blocked| &blocked.id)).collect()
    }

    /// Settles unknown results with this plan, which was made after the apply from `live`: a change whose agreement now
    /// equals its document was applied. Returns the agreements that were settled.
    pub fn settle(&self, outcome: &mut Outcome, live: &Live) -> BTreeSet<AgreementId> {
        let open = self.open_agreements();
        let mut settled = BTreeSet::new();
        for (id, result) in &mut outcome.results {
            if let (ChangeResult::Unknown(_), Some(Observed::Present(found))) =
                (&*result, live.agreements.get(id))
                && !open.contains(id)
            {
                *result = ChangeResult::Done { object: found.object.clone(), altered: Vec::new() };
                settled.insert(id.clone());
            }
        }
        settled
    }

    /// Withdraws the results that this plan, which was made after the apply, contradicts: a change that it still
    /// contains was not kept by the helpdesk. Returns their agreements.
    pub fn contradict(&self, outcome: &mut Outcome) -> BTreeSet<AgreementId> {
        outcome.remaining = Some(self.plan.changes.len());
        let mut contradicted = BTreeSet::new();
        for change in &self.plan.changes {
            if let Some(result) = outcome.results.get_mut(&change.id)
                && let ChangeResult::Done { object, .. } = &*result
            {
                let state = change.state.iter().map(|_| DriftPart::State);
                let fields = change.fields.iter().map(|field| DriftPart::Field(field.field.clone()));
                *result =
                    ChangeResult::NotKept { object: object.clone(), parts: state.chain(fields).collect() };
                contradicted.insert(change.id.clone());
            }
        }
        contradicted
    }
}

impl Verdict {
    /// The verdict of a run whose plan after the apply has the verdict `after`: the more severe of both.
    #[must_use]
    pub fn and_after(self, after: Option<Self>) -> Self {
        let severity = |verdict: &Self| severity_of_exit_code(verdict.exit_code);
        match after {
            Some(after) if severity(&after) < severity(&self) => after,
            _ => self,
        }
    }

    /// Derives the verdict from what is blocked and what awaits acknowledgement.
    pub fn of(plan: &Plan, awaiting: &[AwaitingAcknowledgement]) -> Self {
        let is_open = |reason: &Reason| match reason {
            Reason::Orphan { .. } | Reason::Guarded(_) => false,
            Reason::Unresolved(_)
            | Reason::Unreadable(_)
            | Reason::SameOwnershipKey(_)
            | Reason::CannotAdopt(_)
            | Reason::Waits(_)
            | Reason::Elsewhere(_)
            | Reason::Archived(_) => true,
        };
        let (exit_code, meaning) = if !awaiting.is_empty() {
            (4, Meaning::RefusedByAGuard)
        } else if plan.blocked.iter().any(|blocked| is_open(&blocked.reason)) {
            (6, Meaning::Partial)
        } else {
            (0, Meaning::Complete)
        };
        Self { exit_code, meaning, changes_pending: !plan.is_empty() }
    }
}

impl Conclusion {
    /// Derives the end of a run. Where several apply, the first of the list of variants that matches counts; only the
    /// reason for which the run stopped comes before a signal that arrived later.
    pub fn of(verdict: &Verdict, outcome: &Outcome, is_interrupted: bool) -> Self {
        match &outcome.stopped {
            Some(Stopped::Signal) => Self::Interrupted,
            Some(Stopped::Credentials) => Self::Credentials,
            Some(Stopped::NoTrace(_)) => Self::NotRecorded,
            None if is_interrupted => Self::Interrupted,
            None if verdict.meaning == Meaning::RefusedByAGuard => Self::RefusedByAGuard,
            None if outcome.is_in_doubt() => Self::InDoubt,
            None if !outcome.is_complete() && outcome.is_only_stale() && !outcome.has_written() => {
                Self::Stale
            }
            // Without a plan made after the apply, nothing proves that the helpdesk equals the files.
            None if !outcome.is_complete()
                || outcome.remaining != Some(0)
                || verdict.meaning == Meaning::Partial =>
            {
                Self::Partial
            }
            None => Self::Complete,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Conclusion, GuardedPlan, Meaning, Verdict};
    use crate::guard::AwaitingAcknowledgement;
    use crate::ident::{AgreementId, ClientSlug, LiveId};
    use crate::outcome::{ChangeResult, Outcome, StepFailure, Stopped};
    use crate::plan::{Blocked, GuardName, Reason, Verb};
    use crate::render::plan::sample;
    use crate::selection::AgreementSelection;
    use crate::status::{State, StatusReason};

    fn id(text: &str) -> AgreementId {
        AgreementId::new(text).expect("an id")
    }

    /// A plan of which a guard blocked `a`, and with it `c`, which waits for `a`.
    pub(crate) fn guarded() -> GuardedPlan {
        let change =
            |name: &str| sample::change(name, Verb::Update, "T", State::Active, StatusReason::WithinPeriod);
        let proposed = sample::plan(vec![change("a"), change("b"), change("c")]);
        let mut plan = sample::plan(vec![change("b")]);
        plan.blocked = vec![
            Blocked { id: id("a"), reason: Reason::Guarded(GuardName::Weakened) },
            Blocked { id: id("c"), reason: Reason::Waits(id("a")) },
        ];
        let awaiting = AwaitingAcknowledgement {
            helpdesk: None,
            guard: GuardName::Weakened,
            count: 1,
            limit: 0,
            acknowledged: None,
        };
        GuardedPlan::new(&proposed, plan, vec![awaiting])
    }

    #[test]
    fn changes_that_a_guard_blocks_are_kept_beside_the_plan() {
        let guarded = guarded();
        let kept: Vec<&str> = guarded.guarded_changes.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(kept, ["a", "c"]);
        assert_eq!(
            guarded.verdict,
            Verdict { exit_code: 4, meaning: Meaning::RefusedByAGuard, changes_pending: true }
        );
        let open: Vec<&str> = guarded.open_agreements().into_iter().map(AgreementId::as_str).collect();
        assert_eq!(open, ["a", "b", "c"]);
    }

    #[test]
    fn an_excerpt_counts_its_rows_and_knows_the_clients_of_changes() {
        let mut guarded = guarded();
        guarded.plan.totals.agreements = 21;
        let changes = guarded.plan.changes.iter_mut().chain(&mut guarded.guarded_changes);
        changes.for_each(|change| change.client = ClientSlug::new("severny-veter"));
        let of = |client: &str| AgreementSelection {
            clients: vec![client.to_owned()],
            ..AgreementSelection::default()
        };
        let unknown = GuardedPlan::unknown_client(&[&guarded], &of("severniy-veter")).expect("unknown");
        assert_eq!(unknown.nearest.as_deref(), Some("severny-veter"));
        assert_eq!(GuardedPlan::unknown_client(&[&guarded], &of("severny-*")), None);
        guarded.retain(&AgreementSelection { ids: vec!["a".to_owned()], ..AgreementSelection::default() });
        let totals = guarded.plan.totals;
        assert_eq!((totals.agreements, totals.unchanged, totals.updates), (0, 0, 0));
        assert!(totals.is_excerpt);
    }

    #[test]
    fn a_blocked_agreement_makes_the_apply_partial_and_an_orphan_does_not() {
        let object = || LiveId::new("x$1").expect("a live id");
        let orphan = Reason::Orphan { title: String::new(), object: object(), state: String::new() };
        for (reason, exit_code) in [(orphan, 0), (Reason::Archived(object()), 6)] {
            let mut plan = sample::plan(Vec::new());
            plan.blocked = vec![Blocked { id: id("a"), reason }];
            assert_eq!(Verdict::of(&plan, &[]).exit_code, exit_code);
        }
    }

    #[test]
    fn the_most_severe_end_of_a_run_decides() {
        let verdict = |meaning| Verdict { exit_code: 0, meaning, changes_pending: true };
        let outcome = |results: Vec<ChangeResult>, stopped: Option<Stopped>| Outcome {
            results: results.into_iter().zip(["a", "b"]).map(|(result, name)| (id(name), result)).collect(),
            remaining: Some(0),
            stopped,
        };
        let failure = || StepFailure { step: 0, message: String::new() };
        let unknown = || ChangeResult::Unknown(failure());
        let failed = || ChangeResult::Failed(failure());
        let (complete, refused, partial) = (Meaning::Complete, Meaning::RefusedByAGuard, Meaning::Partial);
        for (meaning, results, stopped, is_interrupted, expected) in [
            (refused, vec![unknown()], Some(Stopped::Credentials), true, Conclusion::Credentials),
            (refused, vec![unknown()], Some(Stopped::Signal), true, Conclusion::Interrupted),
            (complete, vec![], Some(Stopped::NoTrace(String::new())), false, Conclusion::NotRecorded),
            (refused, vec![unknown()], None, true, Conclusion::Interrupted),
            (refused, vec![unknown()], None, false, Conclusion::RefusedByAGuard),
            (partial, vec![unknown(), failed()], None, false, Conclusion::InDoubt),
            (complete, vec![ChangeResult::Stale], None, false, Conclusion::Stale),
            (complete, vec![ChangeResult::Stale, failed()], None, false, Conclusion::Partial),
            (partial, vec![], None, false, Conclusion::Partial),
            (complete, vec![], None, false, Conclusion::Complete),
        ] {
            let outcome = outcome(results, stopped);
            assert_eq!(Conclusion::of(&verdict(meaning), &outcome, is_interrupted), expected, "{outcome:?}");
        }
    }

    #[test]
    fn what_a_plan_made_after_the_apply_still_contains_is_not_done() {
        let object = || LiveId::new("x$1").expect("a live id");
        let done = || ChangeResult::Done { object: object(), altered: Vec::new() };
        let results = [(id("b"), done()), (id("d"), done()), (id("e"), ChangeResult::Stale)];
        let mut outcome = Outcome { results: results.into(), remaining: None, stopped: None };
        assert_eq!(guarded().contradict(&mut outcome), [id("b")].into());
        assert!(
            matches!(&outcome.results[&id("b")], ChangeResult::NotKept { object: found, .. } if *found == object())
        );
        assert_eq!((&outcome.results[&id("d")], &outcome.results[&id("e")]), (&done(), &ChangeResult::Stale));
        assert_eq!((outcome.remaining, outcome.has_written(), outcome.is_complete()), (Some(1), true, false));
    }

    #[test]
    fn a_run_is_complete_only_if_nothing_remains_after_it() {
        let verdict = |exit_code, meaning| Verdict { exit_code, meaning, changes_pending: false };
        let (fine, partial, refused) = (
            verdict(0, Meaning::Complete),
            verdict(6, Meaning::Partial),
            verdict(4, Meaning::RefusedByAGuard),
        );
        for (before, after, remaining, expected) in [
            (fine, Some(fine), Some(0), Conclusion::Complete),
            (fine, None, Some(0), Conclusion::Complete),
            (fine, Some(fine), Some(1), Conclusion::Partial),
            (fine, None, None, Conclusion::Partial),
            (fine, Some(partial), Some(0), Conclusion::Partial),
            (partial, Some(fine), Some(0), Conclusion::Partial),
            (partial, Some(refused), Some(0), Conclusion::RefusedByAGuard),
            (refused, Some(partial), Some(0), Conclusion::RefusedByAGuard),
        ] {
            let outcome = Outcome { remaining, ..Outcome::default() };
            assert_eq!(Conclusion::of(&before.and_after(after), &outcome, false), expected);
        }
    }
}
