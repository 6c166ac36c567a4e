//! One reconciliation: lock, plan, apply, verify, remember. The lock is held from the first to the last of these.
//!
//! It knows neither commands nor terminals; a caller sees, confirms and stops it through an [`Audience`].

use std::collections::{BTreeMap, BTreeSet};

use servanda::calendar::Instant;
use servanda::envelope::{GuardedPlan, Verdict};
use servanda::guard::{Acknowledged, acknowledged_in, read_acknowledgement, sums};
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, Outcome, Stopped};
use servanda::plan::{LastApplied, Plan, Verb, pending_creations};
use servanda::planner::Sides;

use crate::helpdesk::connect::Connection;
use crate::http::transport::WallClock;
use crate::ledger::{self, LedgerRecords, RecordedNotices};
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::reconcile::apply::{self, Applied, Creation, Tools};
use crate::reconcile::audience::Audience;
use crate::reconcile::clock::compare_clocks;
use crate::reconcile::journal::Journal;
use crate::reconcile::plan::{FromLedger, PlanTerms, make, make_reviewed};
use crate::reconcile::plan_file;
use crate::reconcile::shared::LedgerCreations;
use crate::reconcile::wait::{SearchWait, end_of_wait};
use crate::reconcile::work::{LoadedPlan, Reconciled, Work};
use crate::workspace::files;
use crate::workspace::git::{self, ACKNOWLEDGEMENT_TRAILER};
use crate::workspace::load::Workspace;

/// A reconciliation of one workspace with one helpdesk.
pub(crate) struct Reconciliation<'a, A> {
    pub(super) workspace: &'a Workspace,
    pub(super) connection: &'a Connection,
    pub(super) terms: &'a PlanTerms,
    /// The unique name of this run.
    pub(super) run_name: String,
    pub(super) audience: &'a A,
    /// The wall clock.
    pub(super) clock: WallClock<'a>,
    /// The ledger; `None` once it proved unavailable.
    pub(super) records: Option<LedgerRecords>,
    /// The acknowledged numbers: those of the terms, and those of the messages of the commits that are applied.
    pub(super) acknowledged: Acknowledged,
    /// The last-applied state, read under the lock.
    pub(super) last_applied: Option<LastApplied>,
    /// The records of notices, read under the lock.
    pub(super) notices: Option<RecordedNotices>,
    /// The last-applied state of a run that changed nothing in it but its instant.
    pub(super) unchanged: Option<LastApplied>,
    /// The latest plan, with both of its sides.
    pub(super) latest: Option<(GuardedPlan, Sides)>,
    /// Whether the latest plan is asked for after the run.
    is_latest_kept: bool,
}

impl<'a, A: Audience> Reconciliation<'a, A> {
    /// The ledger, unless it is unavailable.
    pub(crate) const fn records(&self) -> Option<&LedgerRecords> {
        self.records.as_ref()
    }

    /// Prepares a reconciliation; nothing is read yet.
    pub(crate) fn new(
        workspace: &'a Workspace,
        connection: &'a Connection,
        terms: &'a PlanTerms,
        run_name: String,
        audience: &'a A,
    ) -> Self {
        let records = Some(ledger::open(workspace));
        let (clock, acknowledged) =
            (&clock, acknowledged_in(workspace.settings.helpdesk.name.as_ref(), &terms.acknowledged));
        Self {
            workspace,
            connection,
            terms,
            run_name,
            audience,
            clock,
            records,
            acknowledged,
            last_applied: None,
            notices: None,
            unchanged: None,
            latest: None,
            is_latest_kept: true,
        }
    }

    /// Uses the ledger of another reconciliation of the same repository, and its lock.
    pub(super) fn sharing_ledger_of(mut self, other: &Self) -> Self {
        let helpdesk = &self.workspace.settings.helpdesk;
        self.records = other.records.as_ref().map(|records| ledger::beside(records, helpdesk));
        self
    }

    /// Uses the clock of a test.
    #[cfg(test)]
    pub(crate) fn with_clock(mut self, clock: WallClock<'a>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes the lock, applies a saved plan or one made now, and returns the lock. The plan made afterwards is not kept.
    pub(crate) async fn run(&mut self, saved: Option<GuardedPlan>) -> Result<Reconciled, Failure> {
        self.is_latest_kept = false;
        let lock = self.lock().await?;
        let reconciled = self.run_locked(saved).await;
        self.unlock(lock).await;
        reconciled
    }

    /// The latest plan, with both of its sides.
    pub(crate) const fn latest(&self) -> Option<&(GuardedPlan, Sides)> {
        self.latest.as_ref()
    }

    /// Makes a plan without applying it.
    pub(crate) async fn plan_only(&mut self) -> Result<GuardedPlan, Failure> {
        let (guarded, sides) = self.make().await?;
        self.compare_clocks().await?;
        self.latest = Some((guarded.clone(), sides));
        Ok(guarded)
    }

    /// Applies a saved plan, or one made now. The caller holds the lock.
    pub(crate) async fn run_locked(&mut self, saved: Option<GuardedPlan>) -> Result<Reconciled, Failure> {
        let loaded = self.load_or_make_plan(saved).await?;
        self.apply_loaded(loaded).await
    }

    /// Applies a plan that was made at another time, without deriving it anew, as a run does that slept in between.
    #[cfg(test)]
    pub(crate) async fn run_as_it_is(&mut self, plan: GuardedPlan) -> Result<Reconciled, Failure> {
        let lock = self.lock().await?;
        let reconciled = self.apply_loaded((plan, None, BTreeMap::new())).await;
        self.unlock(lock).await;
        reconciled
    }

    async fn apply_loaded(&mut self, loaded: LoadedPlan) -> Result<Reconciled, Failure> {
        let mut work = Work::of(loaded);
        // Once more: this machine may have slept since the lock was taken.
        self.compare_clocks().await?;
        self.audience.show(&work.guarded)?;
        if work.guarded.plan.is_empty() {
            self.keep_unchanged(&mut work).await;
            return Ok(work.conclude(None));
        }
        self.audience.confirm(&work.guarded.plan)?;
        let stop = self.audience.listen();
        self.apply_part(&mut work, None, &stop).await?;
        Ok(work.conclude(stop.is_asked().then(|| stop.exit())))
    }

    /// Refuses a clock of this machine that differs from the helpdesk's; `false` if the helpdesk tells none.
    pub(super) async fn compare_clocks(&self) -> Result<bool, Failure> {
        compare_clocks(self.workspace, self.connection, (self.clock)()).await
    }

    /// Records the last-applied state of a plan without changes.
    pub(super) async fn keep_unchanged(&mut self, work: &mut Work) {
        if let Some(sides) = work.sides.take() {
            let kept = Box::pin(self.remember(&work.guarded, sides, &work.applied)).await;
            self.latest = kept.map(|sides| (work.guarded.clone(), sides));
        }
    }

    /// Applies a plan, or a part of it, and plans again.
    pub(super) async fn apply_part(
        &mut self,
        work: &mut Work,
        part: Option<&Plan>,
        stop: &Stop,
    ) -> Result<(), Failure> {
        // Both sides are read again after the apply.
        work.sides = None;
        let Applied { outcome, creations } = self.apply(part.unwrap_or(&work.guarded.plan), stop).await?;
        work.applied.outcome.results.extend(outcome.results);
        if part.is_none() {
            work.forget_done_steps();
        }
        // Nothing is known of what remains until a plan is made again.
        work.applied.outcome.remaining = outcome.remaining;
        work.applied.outcome.stopped = work.applied.outcome.stopped.take().or(outcome.stopped);
        work.applied.creations.extend(creations);
        work.after = self.verify(&mut work.applied, stop).await;
        Ok(())
    }

    /// Makes a plan now; of a saved one, only the changes that still follow. Creations of earlier runs that may not be
    /// visible yet are waited for.
    ///
    /// Also returns both sides, unless the plan lacks changes because a saved one does not permit them, and the results of
    /// the saved changes that are left out.
    pub(super) async fn load_or_make_plan(
        &mut self,
        saved: Option<GuardedPlan>,
    ) -> Result<LoadedPlan, Failure> {
        self.read_acknowledgements();
        if let Some(saved) = &saved {
            plan_file::refuse_foreign(saved, self.workspace, &self.connection.name())?;
            if saved.plan.header.files != self.workspace.digest {
                self.audience.inform(
                    "the files have changed since the plan was made; changes that no longer follow from them are stale",
                );
            }
        }
        let reviewed = saved.as_ref().map(|saved| &saved.plan);
        let loaded = self.make_loaded(reviewed).await?;
        let has_waited = self.await_pending_creations(&loaded.0.plan).await?;
        if has_waited { self.make_loaded(reviewed).await } else { Ok(loaded) }
    }

    async fn make_loaded(&self, reviewed: Option<&Plan>) -> Result<LoadedPlan, Failure> {
        let Some(reviewed) = reviewed else {
            let (guarded, sides) = self.make().await?;
            return Ok((guarded, Some(sides), BTreeMap::new()));
        };
        let terms = self.terms_with_acknowledgements();
        let (guarded, left_out) =
            make_reviewed(self.workspace, self.connection, &terms, self.ledger_state(), reviewed).await?;
        Ok((guarded, None, left_out))
    }

    /// Reads the acknowledgements in the messages of the commits that were merged since the last apply. A number may count
    /// the changes of earlier merges too, so that the numbers are added up from the newest backwards, and each sum counts. An
    /// option that acknowledges the same guard takes precedence.
    fn read_acknowledgements(&mut self) {
        let since = self.last_applied.as_ref().and_then(|last_applied| last_applied.commit.as_deref());
        let settings = &self.workspace.settings;
        let here = settings.helpdesk.name.as_ref();
        let mut found = Vec::new();
        for written in git::trailers(&self.workspace.root, since, ACKNOWLEDGEMENT_TRAILER) {
            let known = read_acknowledgement(&written);
            let known =
                known.filter(|held| held.helpdesk.iter().all(|name| settings.helpdesks.contains_key(name)));
            if known.as_ref().is_some_and(|held| held.helpdesk.is_some() && held.helpdesk.as_ref() != here) {
                // The reconciliation of that helpdesk reads it.
                continue;
            }
            let verb = if known.is_some() { "acknowledged" } else { "ignored" };
            self.audience
                .inform(&format!("{verb} in a commit message: {ACKNOWLEDGEMENT_TRAILER}: {written}"));
            found.extend(known);
        }
        for (guard, sums) in sums(&found, here) {
            self.acknowledged.entry(guard).or_insert(sums);
        }
    }

    /// Waits for the creations of earlier runs that the plan would send again, and returns whether there were any.
    async fn await_pending_creations(&self, plan: &Plan) -> Result<bool, Failure> {
        let Some(records) = &self.records else {
            return Ok(false);
        };
        let pending = records.pending().await?;
        let sent: BTreeMap<AgreementId, Instant> =
            pending.into_iter().map(|(id, pending)| (id, pending.at)).collect();
        let search_lag = self.workspace.settings.helpdesk.search_lag;
        let Some(pending) = pending_creations(plan, &sent, search_lag, (self.clock)()) else {
            return Ok(false);
        };
        let ids: Vec<&str> = pending.ids.iter().map(AgreementId::as_str).collect();
        let (end, ids) = (end_of_wait((self.clock)(), pending.wait), ids.join(", "));
        self.audience
            .inform(&format!("waiting until {end}: an earlier run may have created {ids}, not visible yet"));
        tokio::time::sleep(pending.wait).await;
        Ok(true)
    }

    async fn make(&self) -> Result<(GuardedPlan, Sides), Failure> {
        let terms = self.terms_with_acknowledgements();
        make(self.workspace, self.connection, &terms, self.ledger_state()).await
    }

    const fn ledger_state(&self) -> FromLedger<'_> {
        FromLedger { last_applied: self.last_applied.as_ref(), notices: self.notices.as_ref() }
    }

    fn terms_with_acknowledgements(&self) -> PlanTerms {
        let acknowledged = self.acknowledged.clone().into_iter();
        let acknowledged = acknowledged.map(|(guard, numbers)| ((None, guard), numbers)).collect();
        let selection = self.terms.selection.clone();
        PlanTerms { acknowledged, selection, ..*self.terms }
    }

    async fn apply(&self, plan: &Plan, stop: &Stop) -> Result<Applied, Failure> {
        let folder = files::own_folder(&self.workspace.root)?;
        let journal = Journal::open(&folder, plan, &self.run_name)?;
        let helpdesk = &self.workspace.settings.helpdesk;
        let mut progress = self.audience.progress(plan.changes.len());
        let (records, run_name) = (self.records.as_ref(), self.run_name.as_str());
        let shared =
            LedgerCreations { records, run_name, clock: self.clock, search_lag: helpdesk.search_lag };
        let tools = Tools {
            reader: &self.connection.reader(),
            writer: &self.connection.writer(run_name, &shared),
            records,
            key_settings: apply::key_settings(&helpdesk.mapping),
            clock: self.clock,
            journal: &journal,
            stop,
            run_name,
            concurrency: helpdesk.pace.concurrency,
            search_lag: helpdesk.search_lag,
        };
        let mut applied = apply::apply(plan, &tools, &mut progress).await;
        drop(progress);
        if let Err(failure) = journal.close(&applied.outcome) {
            applied.outcome.stopped.get_or_insert(Stopped::NoTrace(failure.message));
        }
        Ok(applied)
    }

    /// Plans again: finds what remains, settles unknown results and records what was applied. Returns the verdict of
    /// that plan. A run that ended early leaves this to the next one.
    async fn verify(&mut self, applied: &mut Applied, stop: &Stop) -> Option<Verdict> {
        if applied.outcome.stopped.is_some() {
            return None;
        }
        let made = tokio::select! {
            made = self.make_visible(&applied.outcome) => made,
            () = stop.wait() => return None,
        };
        let (remaining, sides) = match made {
            Ok(made) => made,
            Err(failure) => {
                if failure.exit == Exit::Credentials {
                    applied.outcome.stopped = Some(Stopped::Credentials);
                }
                self.audience.inform(&format!("cannot read the helpdesk again: {}", failure.message));
                return None;
            }
        };
        for id in remaining.settle(&mut applied.outcome, &sides.live) {
            applied.creations.remove(&id);
        }
        remaining.contradict(&mut applied.outcome);
        let kept = Box::pin(self.remember(&remaining, sides, applied)).await;
        let verdict = remaining.verdict;
        self.latest = kept.map(|sides| (remaining, sides));
        Some(verdict)
    }

    /// Makes the plan after an apply. New objects that the helpdesk's search does not show yet are waited for.
    async fn make_visible(&self, outcome: &Outcome) -> Result<(GuardedPlan, Sides), Failure> {
        let search_lag = self.workspace.settings.helpdesk.search_lag;
        let mut wait = SearchWait::new(tokio::time::Instant::now(), search_lag);
        let terms = self.terms_with_acknowledgements();
        // The notices of this plan are not shown.
        let ledger = FromLedger { notices: None, ..self.ledger_state() };
        loop {
            let (guarded, sides) = make(self.workspace, self.connection, &terms, ledger).await?;
            let is_created = |id| matches!(outcome.results.get(id), Some(ChangeResult::Done { .. }));
            let creations = guarded.plan.changes.iter().filter(|change| change.verb == Verb::Create);
            let hidden = creations.filter(|change| is_created(&change.id)).count();
            let announce = |end| {
                self.audience.inform(&format!(
                    "waiting until {end}: the helpdesk does not list {hidden} new objects yet"
                ));
            };
            if hidden == 0 || !wait.pause(self.clock, announce).await {
                return Ok((guarded, sides));
            }
        }
    }

    /// Records the last-applied state, and clears the pending marks of objects that are visible. If the ledger cannot
    /// be written, the next plan knows no causes. Returns the sides if they are kept.
    async fn remember(&mut self, guarded: &GuardedPlan, sides: Sides, applied: &Applied) -> Option<Sides> {
        let Some(records) = &self.records else {
            return self.is_latest_kept.then_some(sides);
        };
        let planned: BTreeSet<&AgreementId> = guarded.plan.changes.iter().map(|change| &change.id).collect();
        let waiting = guarded.guarded_changes.iter().filter(|change| !planned.contains(&change.id));
        let open = guarded.open_agreements();
        let (mut unknown, mut commit) = (open.clone(), guarded.plan.header.commit.clone());
        if !self.terms.selection.is_everything() {
            let scope = self.terms.selection.scope(&self.workspace.agreements, self.terms.as_of.instant);
            // Nothing is known of what the plan leaves out, and the messages of its commits are still to be read.
            let earlier = self.last_applied.iter().flat_map(|earlier| earlier.agreements.keys());
            unknown.extend(earlier.chain(sides.desired.agreements.keys()).filter(|id| !scope.contains(id)));
            commit = self.last_applied.as_ref().and_then(|earlier| earlier.commit.clone());
        }
        let state = LastApplied::after(
            self.last_applied.clone(),
            &sides.desired,
            &sides.live,
            &unknown,
            waiting,
            commit,
            self.terms.as_of.instant,
        );
        // An object that was created stays pending as long as the plan may not see it.
        let is_pending = |id: &AgreementId| match applied.creations.get(id) {
            Some(Creation::InDoubt) => true,
            Some(Creation::Known) => open.contains(id),
            Some(Creation::Nothing) | None => false,
        };
        let known = sides.live.agreements.keys().chain(applied.outcome.results.keys());
        let settled: Vec<AgreementId> = known.filter(|id| !is_pending(id)).cloned().collect();
        // Of many agreements, the sides and the written entries would not be held at once.
        let sides = self.is_latest_kept.then_some(sides);
        let is_unchanged =
            self.last_applied.as_ref().is_some_and(|before| before.is_same_but_for_its_instant(&state));
        let written = async {
            records.settle(settled).await?;
            if is_unchanged { Ok(()) } else { records.keep(&state).await }
        };
        let written = written.await;
        self.unchanged = is_unchanged.then_some(state);
        if let Err(error) = written {
            self.audience.inform(&format!("cannot record the last-applied state: {error}"));
        }
        sides
    }
}
