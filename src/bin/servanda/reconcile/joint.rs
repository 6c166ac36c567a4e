//! One reconciliation of several helpdesks: one lock, one confirmation, and two passes over all of them.
//!
//! The first pass applies what awaits nothing of another helpdesk, creations above all. The second one applies the rest, each
//! change only after the agreement that it awaits was read in the other helpdesk as it should be. So an agreement that moves
//! is there before it is withdrawn here, and a run that was killed in between leaves it in both. A helpdesk that fails holds
//! back its own agreements, and those that await one there.

use std::collections::{BTreeMap, BTreeSet};

use servanda::envelope::GuardedPlan;
use servanda::helpdesks::{
    HelpdeskPlans, Unavailable, are_separate, is_confirmed, is_same_object, split, without_done,
};
use servanda::ident::{AgreementId, HelpdeskName};
use servanda::outcome::{ChangeResult, NotTried, Outcome, Stopped};
use servanda::plan::Change;
use servanda::planner::Sides;

use crate::ledger::LedgerRecords;
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::reconcile::audience::Audience;
use crate::reconcile::locking::LedgerLock;
use crate::reconcile::run::Reconciliation;
use crate::reconcile::work::{Reconciled, Work};

/// A finished reconciliation of several helpdesks.
pub(crate) struct JointlyReconciled {
    /// The plans that were applied, and the helpdesks that have none.
    pub(crate) plans: HelpdeskPlans,
    /// The outcome of each apply.
    pub(crate) outcomes: BTreeMap<HelpdeskName, Outcome>,
    /// The exit code that follows for each helpdesk.
    pub(crate) exits: BTreeMap<HelpdeskName, Exit>,
}

impl JointlyReconciled {
    /// The exit code of the run: the most severe one.
    pub(crate) fn exit(&self) -> Exit {
        let exit = self.exits.values().copied().fold(Exit::Fine, Exit::most_severe);
        // Nothing is stale as a whole if another helpdesk was written to.
        match exit {
            Exit::Stale if self.outcomes.values().any(Outcome::has_written) => Exit::Partial,
            exit => exit,
        }
    }
}

/// A reconciliation of several helpdesks.
pub(crate) struct JointReconciliation<'a, A> {
    audience: &'a A,
    helpdesks: BTreeMap<HelpdeskName, Reconciliation<'a, A>>,
    /// The failures so far. What failed is left as it is from then on.
    failures: BTreeMap<HelpdeskName, Failure>,
}

/// The exit code of a run in which one of several helpdesks failed: it holds back a part of the agreements.
pub(crate) const fn exit_of(failure: &Failure) -> Exit {
    match failure.exit {
        exit @ (Exit::Credentials | Exit::Refused | Exit::Interrupted | Exit::Terminated) => exit,
        _ => Exit::Partial,
    }
}

/// The failure of one of several helpdesks as a part of their plans.
fn unavailable(failure: &Failure) -> Unavailable {
    Unavailable {
        exit_code: exit_of(failure) as u8,
        code: failure.code.to_owned(),
        message: failure.message.clone(),
        help: failure.help.clone(),
    }
}

/// The changes, by helpdesk, that await an agreement which is certainly in another helpdesk than their own: its plan creates
/// it, or the states from which both plans were made differ. What the apply writes later shows neither.
fn separate(works: &BTreeMap<HelpdeskName, Work>) -> BTreeSet<(HelpdeskName, AgreementId)> {
    let mut separate = BTreeSet::new();
    for (name, work) in works {
        for (other, there) in works.iter().filter(|(other, _)| *other != name) {
            let creations = there.guarded.plan.changes.iter().filter(|change| change.object.is_none());
            let created: BTreeSet<&AgreementId> = creations.map(|change| &change.id).collect();
            let states = work.sides.as_ref().zip(there.sides.as_ref());
            let is_separate = states.is_some_and(|(own, other)| are_separate(&own.live, &other.live));
            let awaits = |change: &&Change| {
                let awaited = change.elsewhere.as_ref().filter(|awaited| awaited.helpdesk == *other);
                awaited.is_some_and(|awaited| is_separate || created.contains(&awaited.agreement))
            };
            let changes = work.guarded.plan.changes.iter().filter(awaits);
            separate.extend(changes.map(|change| (name.clone(), change.id.clone())));
        }
    }
    separate
}

/// The failure of all helpdesks, which is that of the most severe one.
fn all_failed(failures: BTreeMap<HelpdeskName, Failure>) -> Option<Failure> {
    let severity = |failure: &Failure, other: &Failure| Exit::most_severe(failure.exit, other.exit);
    failures
        .into_iter()
        .map(|(name, failure)| failure.of_helpdesk(&name))
        .reduce(|first, next| if severity(&first, &next) == first.exit { first } else { next })
}

/// The plans of several helpdesks together, with the failures of the others; a failure if there is no plan.
pub(crate) fn combined(
    plans: BTreeMap<HelpdeskName, GuardedPlan>,
    failures: &BTreeMap<HelpdeskName, Failure>,
) -> Result<HelpdeskPlans, Failure> {
    if plans.is_empty()
        && let Some(failure) = all_failed(failures.clone())
    {
        return Err(failure);
    }
    let failed = failures.iter().map(|(name, failure)| (name.clone(), unavailable(failure)));
    Ok(HelpdeskPlans::new(plans, failed.collect()))
}

impl<'a, A: Audience> JointReconciliation<'a, A> {
    /// Prepares the reconciliation of helpdesks, of which some may have failed before. The first has the ledger.
    pub(crate) fn new(
        audience: &'a A,
        sessions: impl IntoIterator<Item = (HelpdeskName, Reconciliation<'a, A>)>,
        failures: BTreeMap<HelpdeskName, Failure>,
    ) -> Self {
        let mut helpdesks: BTreeMap<HelpdeskName, Reconciliation<'a, A>> = BTreeMap::new();
        for (name, session) in sessions {
            let session = match helpdesks.values().next() {
                Some(first) => session.sharing_ledger_of(first),
                None => session,
            };
            helpdesks.insert(name, session);
        }
        Self { audience, helpdesks, failures }
    }

    /// The ledger, unless it is unavailable.
    pub(crate) fn records(&self) -> Option<&LedgerRecords> {
        self.helpdesks.values().find_map(Reconciliation::records)
    }

    /// The latest plan of each helpdesk, with both of its sides.
    pub(crate) fn latest(&self) -> impl Iterator<Item = (&HelpdeskName, &(GuardedPlan, Sides))> {
        let sound = self.helpdesks.iter().filter(|(name, _)| !self.failures.contains_key(*name));
        sound.filter_map(|(name, helpdesk)| Some((name, helpdesk.latest()?)))
    }

    /// The exit codes of the helpdesks that failed so far.
    pub(crate) fn failed_exits(&self) -> impl Iterator<Item = (HelpdeskName, Exit)> {
        self.failures.iter().map(|(name, failure)| (name.clone(), failure.exit))
    }

    /// Takes the lock, applies saved plans or plans made now, and returns the lock.
    pub(crate) async fn run(&mut self, saved: Option<HelpdeskPlans>) -> Result<JointlyReconciled, Failure> {
        let lock = self.lock().await?;
        let reconciled = self.run_locked(saved).await;
        self.unlock(lock).await;
        reconciled
    }

    /// Compares the clocks, takes the lock of the ledger, which is that of all helpdesks, and reads it.
    pub(crate) async fn lock(&mut self) -> Result<Option<LedgerLock>, Failure> {
        for name in self.names() {
            let compared = self.helpdesks[&name].announce_clock().await;
            self.kept(&name, compared);
        }
        let Some(first) = self.helpdesks.values().next() else {
            return Ok(None);
        };
        let lock = match first.take_lock().await? {
            Ok(lock) => lock,
            Err(failure) => {
                self.helpdesks.values_mut().for_each(|helpdesk| helpdesk.go_without_ledger(&failure));
                return Ok(None);
            }
        };
        for helpdesk in self.helpdesks.values_mut() {
            helpdesk.read_last_applied().await;
        }
        Ok(lock)
    }

    /// Returns the lock.
    pub(crate) async fn unlock(&self, lock: Option<LedgerLock>) {
        let all: Vec<&Reconciliation<'a, A>> = self.helpdesks.values().collect();
        Reconciliation::unlock_all(all, lock).await;
    }

    /// Makes the plan of each helpdesk without applying it. Fails only if there is none.
    pub(crate) async fn plan_only(&mut self) -> Result<HelpdeskPlans, Failure> {
        let mut plans = BTreeMap::new();
        for name in self.names() {
            let planned = self.session(&name).plan_only().await;
            plans.extend(self.kept(&name, planned).map(|guarded| (name, guarded)));
        }
        combined(plans, &self.failures)
    }

    /// Applies saved plans, or plans made now. The caller holds the lock.
    pub(crate) async fn run_locked(
        &mut self,
        saved: Option<HelpdeskPlans>,
    ) -> Result<JointlyReconciled, Failure> {
        let mut works = self.load(saved).await;
        let made = works.iter().map(|(name, work)| (name.clone(), work.guarded.clone())).collect();
        let plans = combined(made, &self.failures)?;
        for (name, work) in &mut works {
            work.guarded.clone_from(&plans.helpdesks[name]);
        }
        self.audience.show_all(&plans)?;
        let mut signal = None;
        if plans.is_empty() {
            for (name, work) in &mut works {
                self.session(name).keep_unchanged(work).await;
            }
        } else {
            self.audience.confirm_all(&plans)?;
            let stop = self.audience.listen();
            let separate = separate(&works);
            self.first_pass(&mut works, &stop).await;
            self.second_pass(&mut works, &separate, &stop).await;
            signal = stop.is_asked().then(|| stop.exit());
        }
        Ok(self.conclude(works, &plans, signal))
    }

    /// Loads or makes the plan of each helpdesk. Of saved plans, a helpdesk that they lack is left as it is.
    async fn load(&mut self, saved: Option<HelpdeskPlans>) -> BTreeMap<HelpdeskName, Work> {
        let mut works = BTreeMap::new();
        for name in self.names() {
            let reviewed = saved.as_ref().map(|saved| saved.helpdesks.get(&name).cloned());
            let loaded = match reviewed {
                Some(None) => continue,
                Some(Some(reviewed)) => self.session(&name).load_or_make_plan(Some(reviewed)).await,
                None => self.session(&name).load_or_make_plan(None).await,
            };
            // Once more: this machine may have slept since the lock was taken.
            let compared = match loaded {
                Ok(loaded) => self.helpdesks[&name].compare_clocks().await.map(|_| loaded),
                Err(failure) => Err(failure),
            };
            works.extend(self.kept(&name, compared).map(|loaded| (name, Work::of(loaded))));
        }
        works
    }

    /// Applies what awaits nothing of another helpdesk.
    async fn first_pass(&mut self, works: &mut BTreeMap<HelpdeskName, Work>, stop: &Stop) {
        for name in works.keys().cloned().collect::<Vec<_>>() {
            let Some(work) = works.get_mut(&name) else { continue };
            let (first, last) = split(&work.guarded.plan);
            if first.is_empty() {
                self.session(&name).keep_unchanged(work).await;
            } else {
                let part = Some(&first).filter(|_| !last.is_empty());
                let applied = self.session(&name).apply_part(work, part, stop).await;
                if self.kept(&name, applied).is_none() {
                    works.remove(&name);
                }
            }
        }
    }

    /// Applies the changes that await agreements of other helpdesks, where these are confirmed, and those that wait for
    /// such a change.
    async fn second_pass(
        &mut self,
        works: &mut BTreeMap<HelpdeskName, Work>,
        separate: &BTreeSet<(HelpdeskName, AgreementId)>,
        stop: &Stop,
    ) {
        self.read_awaited(works).await;
        for name in works.keys().cloned().collect::<Vec<_>>() {
            let Some(work) = works.get_mut(&name) else { continue };
            let results = work.applied.outcome.results.iter();
            let done = results.filter(|(_, result)| matches!(result, ChangeResult::Done { .. }));
            let done: BTreeSet<AgreementId> = done.map(|(id, _)| id.clone()).collect();
            let mut ready = without_done(split(&work.guarded.plan).1, &done);
            if ready.is_empty() {
                continue;
            }
            let is_stopped = stop.is_asked() || work.applied.outcome.stopped.is_some();
            let obstacle = |change: &Change| {
                let is_separate = separate.contains(&(name.clone(), change.id.clone()));
                if is_stopped { Some(NotTried::Stopped) } else { self.obstacle(change, is_separate) }
            };
            for change in std::mem::take(&mut ready.changes) {
                match obstacle(&change) {
                    None => ready.changes.push(change),
                    Some(why) => {
                        work.applied.outcome.results.insert(change.id, ChangeResult::NotTried(why));
                    }
                }
            }
            if is_stopped && stop.is_asked() {
                work.applied.outcome.stopped.get_or_insert(Stopped::Signal);
            }
            if ready.is_empty() {
                continue;
            }
            let applied = self.session(&name).apply_part(work, Some(&ready), stop).await;
            self.kept(&name, applied);
        }
    }

    /// Reads the helpdesks that others await and that were not read since the plan, which is so for saved plans.
    async fn read_awaited(&mut self, works: &BTreeMap<HelpdeskName, Work>) {
        let changes = works.values().flat_map(|work| &work.guarded.plan.changes);
        let awaited = changes.filter_map(|change| Some(change.elsewhere.as_ref()?.helpdesk.clone()));
        let awaited: BTreeSet<HelpdeskName> = awaited.collect();
        for name in self.names().into_iter().filter(|name| awaited.contains(name)) {
            if self.helpdesks[&name].latest().is_none()
                && let Err(failure) = self.session(&name).plan_only().await
            {
                self.audience.inform(&format!("{name}: {}", failure.message));
            }
        }
    }

    /// The reason why a change cannot be applied yet: the agreement that it awaits was not read in its helpdesk as it should
    /// be, or its object may be the one that the change withdraws, unless the helpdesks are certainly separate.
    fn obstacle(&self, change: &Change, is_separate: bool) -> Option<NotTried> {
        let awaited = change.elsewhere.as_ref()?;
        let latest = self.latest().find(|(name, _)| **name == awaited.helpdesk);
        let confirmed = latest.map(|(_, (guarded, sides))| (guarded, &sides.live));
        match confirmed.filter(|(guarded, live)| is_confirmed(&awaited.agreement, guarded, live)) {
            None => Some(NotTried::Elsewhere(awaited.clone())),
            Some((_, live)) if !is_separate && is_same_object(change, awaited, live) => {
                Some(NotTried::SameObject(awaited.clone()))
            }
            Some(_) => None,
        }
    }

    /// Combines the results. Plans of helpdesks that failed meanwhile are kept beside their failure.
    fn conclude(
        &self,
        works: BTreeMap<HelpdeskName, Work>,
        plans: &HelpdeskPlans,
        signal: Option<Exit>,
    ) -> JointlyReconciled {
        let failed = self.failures.iter().map(|(name, failure)| (name.clone(), unavailable(failure)));
        let unavailable: BTreeMap<HelpdeskName, Unavailable> = failed.collect();
        let (mut outcomes, mut exits) = (BTreeMap::new(), BTreeMap::new());
        for (name, work) in works {
            let Reconciled { outcome, exit, .. } = work.conclude(signal);
            exits.insert(name.clone(), exit);
            outcomes.insert(name, outcome);
        }
        for (name, failure) in &self.failures {
            let exit = exits.entry(name.clone()).or_insert(Exit::Fine);
            *exit = Exit::most_severe(*exit, exit_of(failure));
        }
        let plans = HelpdeskPlans { unavailable, ..plans.clone() };
        JointlyReconciled { plans, outcomes, exits }
    }

    fn names(&self) -> Vec<HelpdeskName> {
        self.helpdesks.keys().filter(|name| !self.failures.contains_key(*name)).cloned().collect()
    }

    fn session(&mut self, name: &HelpdeskName) -> &mut Reconciliation<'a, A> {
        self.helpdesks.get_mut(name).expect("a helpdesk that has not failed")
    }

    /// Keeps the result of a helpdesk, or notes that it failed and leaves it out from here on.
    fn kept<T>(&mut self, name: &HelpdeskName, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.audience.inform(&format!("{name}: {}", failure.message));
                self.failures.insert(name.clone(), failure);
                None
            }
        }
    }
}
