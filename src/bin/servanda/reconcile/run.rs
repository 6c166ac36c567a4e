//! One reconciliation: lock, plan, apply, verify, remember. The lock is held from the first to the last of these.
//!
//! It knows neither commands nor terminals; a caller sees, confirms and stops it through an [`Audience`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use servanda::calendar::Instant;
use servanda::envelope::{Conclusion, GuardedPlan, Verdict};
use servanda::guard::{Acknowledged, read_acknowledgement};
use servanda::helpdesks::HelpdeskPlans;
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, Outcome, Stopped};
use servanda::plan::{LastApplied, Plan, Verb, pending_creations};
use servanda::planner::Sides;

use crate::helpdesk::connect::Connection;
use crate::http::transport::WallClock;
use crate::ledger::{self, AnyLedger, Checksummed, Holder, LedgerRecords, LedgerStore, RecordedNotices};
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::reconcile::apply::{self, Applied, Creation, Progress, Tools};
use crate::reconcile::clock::{NOT_REPORTED, compare_clocks};
use crate::reconcile::journal::Journal;
use crate::reconcile::plan::{FromLedger, PlanTerms, make, make_reviewed};
use crate::reconcile::plan_file;
use crate::reconcile::shared::LedgerCreations;
use crate::reconcile::wait::{SearchWait, end_of_wait};
use crate::workspace::files;
use crate::workspace::git::{self, ACKNOWLEDGEMENT_TRAILER};
use crate::workspace::load::Workspace;

/// The lock of the ledger.
pub(crate) type LedgerLock = <Checksummed<AnyLedger> as LedgerStore>::Lock;

/// The caller of a reconciliation, who sees the plan, confirms it and may stop the apply.
pub(crate) trait Audience {
    /// Shows the plan, before anything is written.
    fn show(&self, plan: &GuardedPlan) -> Result<(), Failure>;
    /// Asks whether to apply the plan; a refusal is a failure.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure>;
    /// Shows the plans of several helpdesks.
    fn show_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure>;
    /// Asks whether to apply the plans of several helpdesks.
    fn confirm_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure>;
    /// Receives one line of information.
    fn inform(&self, text: &str);
    /// The longest time to wait for the lock.
    fn lock_timeout(&self) -> Duration;
    /// Receives the progress of an apply of this many changes.
    fn progress(&self, changes: usize) -> impl Progress;
    /// Starts to listen for a request to stop.
    fn listen(&self) -> Stop;
}

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
    sides: Option<Sides>,
    left_out: BTreeMap<AgreementId, ChangeResult>,
    pub(super) applied: Applied,
    /// The verdict of the plan made after the apply.
    after: Option<Verdict>,
}

impl Work {
    pub(super) fn of((guarded, sides, left_out): LoadedPlan) -> Self {
        let mut applied = Applied::default();
        // A reviewed plan without changes permits none, and has no sides.
        let is_empty = guarded.plan.is_empty() && left_out.is_empty();
        applied.outcome.remaining = (sides.is_some() || is_empty).then_some(0);
        Self { guarded, sides, left_out, applied, after: None }
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

/// A reconciliation of one workspace with one helpdesk.
pub(crate) struct Reconciliation<'a, A> {
    workspace: &'a Workspace,
    connection: &'a Connection,
    terms: &'a PlanTerms,
    /// The unique name of this run.
    run_name: String,
    audience: &'a A,
    /// The wall clock.
    clock: WallClock<'a>,
    /// The ledger; `None` once it proved unavailable.
    records: Option<LedgerRecords>,
    /// The acknowledged numbers: those of the terms, and those of the messages of the commits that are applied.
    acknowledged: Acknowledged,
    /// The last-applied state, read under the lock.
    last_applied: Option<LastApplied>,
    /// The records of notices, read under the lock.
    notices: Option<RecordedNotices>,
    /// The last-applied state of a run that changed nothing in it but its instant.
    unchanged: Option<LastApplied>,
    /// The latest plan, with both of its sides.
    latest: Option<(GuardedPlan, Sides)>,
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
        let (clock, acknowledged) = (&clock, terms.acknowledged.clone());
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

    /// Takes the lock, applies a saved plan or one made now, and returns the lock.
    pub(crate) async fn run(&mut self, saved: Option<GuardedPlan>) -> Result<Reconciled, Failure> {
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

    /// Returns the lock. The instant of a run that changed nothing is recorded with it.
    pub(crate) async fn unlock(&self, lock: Option<LedgerLock>) {
        Self::unlock_all([self], lock).await;
    }

    /// Returns the lock that several reconciliations have together.
    pub(super) async fn unlock_all<'s>(
        all: impl IntoIterator<Item = &'s Self> + Clone,
        lock: Option<LedgerLock>,
    ) where
        Self: 's,
    {
        let unchanged = all.clone().into_iter();
        let unchanged = unchanged.filter_map(|one| one.records.as_ref().zip(one.unchanged.as_ref()));
        if lock.is_some()
            && let Err(error) = LedgerRecords::keep_last(unchanged).await
            && let Some(one) = all.clone().into_iter().next()
        {
            one.audience.inform(&format!("cannot record the last-applied state: {error}"));
        }
        if let Some(lock) = lock
            && let Some(records) = all.into_iter().find_map(|one| one.records.as_ref())
        {
            records.unlock(lock).await;
        }
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
            self.remember(&work.guarded, &sides, &work.applied).await;
            self.latest = Some((work.guarded.clone(), sides));
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
        // Nothing is known of what remains until a plan is made again.
        work.applied.outcome.remaining = outcome.remaining;
        work.applied.outcome.stopped = work.applied.outcome.stopped.take().or(outcome.stopped);
        work.applied.creations.extend(creations);
        work.after = self.verify(&mut work.applied, stop).await;
        Ok(())
    }

    /// Compares the clocks, takes the lock and reads the last-applied state.
    ///
    /// An unavailable ledger does not stop the apply, since each object is read again before it is written. Without the
    /// ledger, causes are unknown and creations are not recorded before they are sent.
    pub(crate) async fn lock(&mut self) -> Result<Option<LedgerLock>, Failure> {
        self.announce_clock().await?;
        let taken = self.take_lock().await;
        self.read_ledger(taken).await
    }

    /// Compares the clocks, and tells of a helpdesk that has none.
    pub(super) async fn announce_clock(&self) -> Result<(), Failure> {
        if !self.compare_clocks().await? {
            self.audience.inform(NOT_REPORTED);
        }
        Ok(())
    }

    /// Takes the lock of the ledger. The inner error is that the ledger is unavailable.
    pub(super) async fn take_lock(&self) -> Result<Result<Option<LedgerLock>, Failure>, Failure> {
        let Some(records) = &self.records else {
            return Ok(Ok(None));
        };
        // The ledger may be a file in this folder.
        files::own_folder(&self.workspace.root)?;
        let holder = Holder { run: self.run_name.clone(), since: (self.clock)() };
        let inform = |text: &str| self.audience.inform(text);
        match ledger::take_lock(records, &holder, self.audience.lock_timeout(), inform).await {
            Err(failure) if failure.exit == Exit::Locked => Err(failure),
            Err(failure) => Ok(Err(failure)),
            Ok(lock) => Ok(Ok(Some(lock))),
        }
    }

    /// Reads what the ledger has of this helpdesk, under a lock that was taken, and returns the lock.
    async fn read_ledger(
        &mut self,
        taken: Result<Result<Option<LedgerLock>, Failure>, Failure>,
    ) -> Result<Option<LedgerLock>, Failure> {
        let lock = match taken? {
            Ok(lock) => lock,
            Err(failure) => {
                self.go_without_ledger(&failure);
                return Ok(None);
            }
        };
        Ok(if self.read_last_applied().await { lock } else { None })
    }

    /// Reads the last-applied state and the records of notices, and returns whether the ledger could be read.
    pub(super) async fn read_last_applied(&mut self) -> bool {
        let Some(records) = &self.records else {
            return false;
        };
        match records.last_applied().await {
            Ok(last_applied) => {
                self.last_applied = last_applied;
                let of_notices = ledger::beside(records, self.workspace.settings.default_helpdesk());
                self.notices = RecordedNotices::read(self.workspace, &of_notices).await.ok().flatten();
                true
            }
            Err(error) => {
                self.go_without_ledger(&Failure::from(error));
                false
            }
        }
    }

    /// Goes on without the ledger.
    pub(super) fn go_without_ledger(&mut self, failure: &Failure) {
        self.audience.inform(&format!("continuing without the ledger: {}", failure.message));
        self.records = None;
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
        let (mut found, mut sums) = (Acknowledged::new(), BTreeMap::new());
        for written in git::trailers(&self.workspace.root, since, ACKNOWLEDGEMENT_TRAILER) {
            let known = read_acknowledgement(&written);
            let verb = if known.is_some() { "acknowledged" } else { "ignored" };
            self.audience
                .inform(&format!("{verb} in a commit message: {ACKNOWLEDGEMENT_TRAILER}: {written}"));
            if let Some((guard, number)) = known {
                let sum = sums.entry(guard).or_insert(0);
                *sum += number;
                found.entry(guard).or_default().insert(*sum);
            }
        }
        for (guard, sums) in found {
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
        let (acknowledged, selection) = (self.acknowledged.clone(), self.terms.selection.clone());
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
        self.remember(&remaining, &sides, applied).await;
        let verdict = remaining.verdict;
        self.latest = Some((remaining, sides));
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
    /// be written, the next plan knows no causes.
    async fn remember(&mut self, guarded: &GuardedPlan, sides: &Sides, applied: &Applied) {
        let Some(records) = &self.records else {
            return;
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
        let settled = known.filter(|id| !is_pending(id)).cloned();
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
