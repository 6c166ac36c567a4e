//! The apply of one plan in progress, and its end.

use std::collections::BTreeMap;

use servanda::envelope::{Conclusion, GuardedPlan, Verdict};
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, Outcome};
use servanda::planner::Sides;

use crate::process::failure::Exit;
use crate::reconcile::apply::Applied;

/// A finished reconciliation.
pub(crate) struct Reconciled {
    /// The plan that was applied.
    pub(crate) guarded: GuardedPlan,
    /// The outcome of the apply.
    pub(crate) outcome: Outcome,
    /// The exit code that follows.
    pub(crate) exit: Exit,
}

/// A plan, both of its sides, and the results of changes that are left out.
pub(super) type LoadedPlan = (GuardedPlan, Option<Sides>, BTreeMap<AgreementId, ChangeResult>);

/// The apply of one plan in progress.
pub(super) struct Work {
    pub(super) guarded: GuardedPlan,
    /// Both sides of the plan, until something is written.
    pub(super) sides: Option<Sides>,
    left_out: BTreeMap<AgreementId, ChangeResult>,
    pub(super) applied: Applied,
    /// The verdict of the plan made after the apply.
    pub(super) after: Option<Verdict>,
}

impl Work {
    pub(super) fn of((guarded, sides, left_out): LoadedPlan) -> Self {
        let mut applied = Applied::default();
        // A reviewed plan without changes permits none, and has no sides.
        let is_known = sides.is_some() || left_out.is_empty();
        applied.outcome.remaining = (guarded.plan.is_empty() && is_known).then_some(0);
        Self { guarded, sides, left_out, applied, after: None }
    }

    /// Drops the steps of the changes that are done, which nothing shows. Of many they would be held while the helpdesk is read
    /// again.
    pub(super) fn forget_done_steps(&mut self) {
        for change in &mut self.guarded.plan.changes {
            if let Some(ChangeResult::Done { .. }) = self.applied.outcome.results.get(&change.id) {
                change.steps = Vec::new();
            }
        }
    }

    /// The end of the apply, which a signal may have stopped.
    pub(super) fn conclude(self, signal: Option<Exit>) -> Reconciled {
        let Self { guarded, left_out, mut applied, after, .. } = self;
        applied.outcome.results.extend(left_out);
        let conclusion =
            Conclusion::of(&guarded.verdict.and_after(after), &applied.outcome, signal.is_some());
        Reconciled { guarded, outcome: applied.outcome, exit: exit_of(conclusion, signal) }
    }
}

/// The exit code of a conclusion; an interrupted run has the code of its signal.
fn exit_of(conclusion: Conclusion, signal: Option<Exit>) -> Exit {
    match conclusion {
        Conclusion::Interrupted => signal.unwrap_or(Exit::Interrupted),
        Conclusion::Credentials => Exit::Credentials,
        Conclusion::NotRecorded => Exit::Failure,
        Conclusion::RefusedByAGuard => Exit::Refused,
        Conclusion::InDoubt => Exit::InDoubt,
        Conclusion::Stale => Exit::Stale,
        Conclusion::Partial => Exit::Partial,
        Conclusion::Complete => Exit::Fine,
    }
}
