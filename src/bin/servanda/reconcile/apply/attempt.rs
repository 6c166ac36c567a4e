//! Applies one change: reads its object again, sends each step as one request, and reads the object after a lost
//! response before anything is sent again. The targets of a new agreement may share one request.
//!
//! A creation is recorded in the ledger before it is sent, so that a run that dies here leaves a trace of it. Only an
//! object that belongs to the agreement is written, and a new one only after it proved to have the ownership key.

mod targets;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use servanda::calendar;
use servanda::ident::LiveId;
use servanda::live::{LiveAgreement, Observed, TargetKey};
use servanda::mapping::Field;
use servanda::outcome::{ChangeResult, NotTried, StepFailure, Stopped, WithoutKey};
use servanda::plan::{Altered, Change, Freshness, Step, altered, creates, freshness, is_owned, took_effect};
use tokio::time::Instant;

use super::proof::{KeyProof, prove, withdraw_if_later, writes_key};
use super::tools::{Creation, Tools};
use crate::helpdesk::{ReadError, Reader, StepResult, WriteError, Writer};
use crate::http::transport::SendWindow;
use crate::ledger::records::Pending;
use crate::ledger::{LedgerError, LedgerStore};
use crate::reconcile::wait::SearchWait;

/// The end of an attempt.
pub(crate) struct AttemptEnd {
    pub(crate) result: ChangeResult,
    /// The objects that it created.
    pub(crate) creation: Creation,
    /// The reason why the whole run has to end, if it has to.
    pub(crate) stops: Option<Stopped>,
}

/// The attempt to apply one change.
pub(crate) struct Attempt<'a, R, W, L> {
    change: &'a Change,
    tools: &'a Tools<'a, R, W, L>,
    /// Receives the end of each wait for a new object.
    on_wait: &'a dyn Fn(calendar::Instant),
    object: Option<LiveId>,
    /// The objects of its targets, which are written by their own ids.
    rules: BTreeSet<LiveId>,
    /// When the helpdesk was last seen in the state that the next step relies on, by the wall clock.
    seen: calendar::Instant,
    altered: Vec<Altered>,
    /// Targets whose objects it created and that were not compared yet with what other runs created.
    uncompared: BTreeSet<TargetKey>,
    step: usize,
    /// Whether the result of a request is awaited.
    is_writing: bool,
    /// Whether this request may have left.
    has_left: AtomicBool,
    /// Whether the creation is recorded in the ledger.
    is_recorded: bool,
    /// Whether an object was created for certain.
    has_created: bool,
    /// Whether an object may have been created that is not visible yet.
    is_in_doubt: bool,
}

/// Whether the step may create objects that several agreements share: those of targets that an agreement itself holds.
fn may_create_shared(step: &Step) -> bool {
    matches!(step, Step::Edit { fields, .. } if fields.contains_key(&Field::Targets))
}

/// The target whose object a step creates.
fn new_target(step: &Step) -> Option<&TargetKey> {
    match step {
        Step::PutRule { rule: None, key, .. } => Some(key),
        _ => None,
    }
}

/// The greatest number of targets that one request creates.
const TARGETS_TOGETHER: usize = 100;

/// The reason why an attempt ends early: alone, or with the whole run.
enum Halt {
    ChangeResult(ChangeResult),
    Stop(Stopped, ChangeResult),
}

/// The state of steps, as read from the helpdesk after their response was lost.
enum StepState<'a> {
    Applied(LiveAgreement),
    /// These of them had no effect.
    NotApplied(Vec<&'a Step>),
    Unclear,
}

impl<'a, R: Reader, W: Writer, L: LedgerStore> Attempt<'a, R, W, L> {
    /// Prepares the attempt. `on_wait` receives the end of each wait for a new object.
    pub(crate) fn of(
        change: &'a Change,
        tools: &'a Tools<'a, R, W, L>,
        on_wait: &'a dyn Fn(calendar::Instant),
    ) -> Self {
        Self {
            change,
            tools,
            on_wait,
            object: change.object.clone(),
            rules: BTreeSet::new(),
            seen: (tools.clock)(),
            altered: Vec::new(),
            uncompared: BTreeSet::new(),
            step: 0,
            is_writing: false,
            has_left: AtomicBool::new(false),
            is_recorded: false,
            has_created: false,
            is_in_doubt: false,
        }
    }

    /// Applies the change. After a request to stop it begins no step, and waits briefly for the one on the way.
    pub(crate) async fn run(mut self) -> AttemptEnd {
        let asked = self.tools.stop.clone();
        let ended = {
            tokio::select! {
                ended = self.steps() => Some(ended),
                () = asked.wait_out() => None,
            }
        };
        if matches!(ended, Some(Err(_))) {
            self.compare_the_rest().await;
        }
        let (result, stops) = match ended {
            None => (self.abandoned(), Some(Stopped::Signal)),
            Some(Err(Halt::ChangeResult(result))) => (result, None),
            Some(Err(Halt::Stop(stopped, result))) => (result, Some(stopped)),
            Some(Ok(())) => {
                let object = self.object.take();
                let object = object.expect("a change that creates nothing has an object from the start");
                (ChangeResult::Done { object, altered: std::mem::take(&mut self.altered) }, None)
            }
        };
        let creation = match (self.is_in_doubt, self.has_created) {
            (true, _) => Creation::InDoubt,
            (false, true) => Creation::Known,
            (false, false) => Creation::Nothing,
        };
        if creation == Creation::Nothing {
            self.erase_record().await;
        }
        AttemptEnd { result, creation, stops }
    }

    async fn steps(&mut self) -> Result<(), Halt> {
        if self.is_done_already().await? {
            return Ok(());
        }
        let mut rest = &self.change.steps[..];
        while let (together @ [first, ..], others) = rest.split_at(self.shared_request(rest)) {
            rest = others;
            self.step = self.number_of(first);
            if self.tools.stop.is_asked() {
                return Err(Halt::Stop(Stopped::Signal, self.unfinished()));
            }
            let numbers = self.step..self.step + together.len();
            self.record(numbers.clone(), "sent")?;
            self.apply_steps(together.iter().collect()).await?;
            self.record(numbers, "done")?;
        }
        Ok(())
    }

    /// The number of the first of these steps that share one request: the targets of a new agreement that follow each other,
    /// on which nothing relies before it is published.
    fn shared_request(&self, steps: &[Step]) -> usize {
        let is_shared = self.change.object.is_none() && self.tools.writer.creates_targets_together();
        let targets = steps.iter().take_while(|step| new_target(step).is_some()).take(TARGETS_TOGETHER);
        if is_shared { targets.count().max(1) } else { 1 }.min(steps.len())
    }

    /// The number of a step of this change.
    fn number_of(&self, step: &Step) -> usize {
        let number = self.change.steps.iter().position(|own| std::ptr::eq(own, step));
        number.expect("the step is one of this change")
    }

    fn record(&self, steps: Range<usize>, event: &str) -> Result<(), Halt> {
        let recorded = self.tools.journal.steps(self.change, steps, event);
        recorded.map_err(|failure| self.no_trace(failure.message))
    }

    /// Checks that the live object is still the one that the plan was made from. Where another change has already
    /// written what both share, nothing is left to write.
    async fn is_done_already(&mut self) -> Result<bool, Halt> {
        self.seen = (self.tools.clock)();
        match self.read().await {
            Ok(Observed::Present(found)) if !is_owned(self.change, &found) => {
                Err(self.without_key(found.object, None))
            }
            Ok(Observed::Present(found)) => {
                let state = freshness(self.change, &found);
                self.rules = found.rules.into_iter().map(|(_, rule)| rule).collect();
                match state {
                    Freshness::Pending => Ok(false),
                    Freshness::AlreadyApplied => Ok(true),
                    Freshness::Conflict => Err(Halt::ChangeResult(ChangeResult::Stale)),
                }
            }
            Ok(Observed::Absent) if self.change.before.is_none() => Ok(false),
            Ok(Observed::Absent) => Err(Halt::ChangeResult(ChangeResult::Stale)),
            Ok(Observed::Unknown(why)) => Err(Halt::ChangeResult(self.failed(why))),
            Err(error) if error.is_credentials() => Err(self.refused(error.to_string())),
            Err(error) => Err(Halt::ChangeResult(self.failed(error.to_string()))),
        }
    }

    async fn read(&self) -> Result<Observed<LiveAgreement>, ReadError> {
        match &self.object {
            Some(object) => self.tools.reader.get(object).await,
            None => self.tools.reader.find(&self.change.id).await,
        }
    }

    /// Applies one step, or several that share a request. Each is sent a second time at most, and only after the object shows
    /// that the first request had no effect.
    async fn apply_steps(&mut self, mut steps: Vec<&'a Step>) -> Result<(), Halt> {
        let (first, next) = (steps[0], self.step + steps.len());
        self.refuse_foreign_rule(first)?;
        let mut is_last = false;
        loop {
            if creates(first) {
                self.record_creation()
                    .await
                    .map_err(|error| Halt::ChangeResult(self.failed(error.to_string())))?;
            }
            let sent = Instant::now();
            let message = match self.send(&steps).await {
                Ok(done) => match self.check_written(&steps, next, &done.object).await? {
                    None => return self.confirm(first, done).await,
                    Some(unclear) => unclear,
                },
                Err(WriteError::Ambiguous(message)) => message,
                Err(error) => {
                    let found = self.refusal(&steps, sent, error).await?;
                    return self.accept(first, found).await;
                }
            };
            match self.settle(&steps, sent).await {
                StepState::Applied(found) => return self.accept(first, found).await,
                StepState::NotApplied(missing) => {
                    (self.is_in_doubt, self.step) = (false, self.number_of(missing[0]));
                    steps = missing;
                    if is_last {
                        return Err(Halt::ChangeResult(self.failed(message)));
                    }
                    tracing::info!(agreement = %self.change.id, "retrying, since the step had no effect: {message}");
                    is_last = true;
                }
                StepState::Unclear => {
                    let step = self.step;
                    return Err(Halt::ChangeResult(ChangeResult::Unknown(StepFailure { step, message })));
                }
            }
        }
    }

    /// Sends steps as one request, if the view that they rely on is recent when it is about to leave.
    async fn send(&mut self, steps: &[&Step]) -> Result<StepResult, WriteError> {
        let (clock, first) = (self.tools.clock, steps[0]);
        let lease_end = match self.tools.records {
            Some(records) if creates(first) || may_create_shared(first) => records.lease_end().await,
            _ => None,
        };
        let window = SendWindow { seen: self.seen, lease_end, clock, has_left: &self.has_left };
        let begun = clock();
        (self.is_writing, self.is_in_doubt) = (true, creates(first));
        let writer = self.tools.writer;
        let written = match &self.object {
            Some(object) if steps.len() > 1 => {
                let created = writer.create_targets_within(object, steps, Some(window)).await;
                created.map(|()| StepResult { object: object.clone(), altered: Vec::new() })
            }
            object => writer.perform_within(&self.change.id, object.as_ref(), first, Some(window)).await,
        };
        self.is_writing = false;
        self.has_left.store(false, Ordering::Relaxed);
        if written.is_ok() {
            self.seen = begun;
        }
        written
    }

    /// Returns the object if the steps were applied although they were refused, or why the change ends.
    async fn refusal(
        &mut self,
        steps: &[&'a Step],
        sent: Instant,
        error: WriteError,
    ) -> Result<LiveAgreement, Halt> {
        let (message, creates) = (error.to_string(), creates(steps[0]));
        match error {
            WriteError::Conflict if self.step == 0 => Err(Halt::ChangeResult(ChangeResult::Stale)),
            WriteError::Credentials(_) => {
                self.is_in_doubt = false;
                Err(self.refused(message))
            }
            // A server may answer with an error after its database has committed, so that the object is read once. Where
            // it says that it failed itself, a new object may be there without being visible yet. Where it refuses one of
            // several, the others are there, and may not be visible yet.
            WriteError::Refused(_) | WriteError::ServerFailed(_) => {
                let is_shared = steps.len() > 1;
                let state =
                    if is_shared { self.settle(steps, sent).await } else { self.state_of(steps).await };
                match state {
                    StepState::Applied(found) if creates => return Ok(found),
                    StepState::NotApplied(missing) => self.step = self.number_of(missing[0]),
                    StepState::Applied(_) | StepState::Unclear => {}
                }
                self.is_in_doubt = creates && matches!(error, WriteError::ServerFailed(_));
                Err(Halt::ChangeResult(self.failed(message)))
            }
            WriteError::Conflict | WriteError::NotSent(_) | WriteError::Ambiguous(_) => {
                self.is_in_doubt = false;
                Err(Halt::ChangeResult(self.failed(message)))
            }
        }
    }

    /// Refuses to write to the object of a target that does not belong to the agreement.
    fn refuse_foreign_rule(&self, step: &Step) -> Result<(), Halt> {
        match step {
            Step::PutRule { rule: Some(rule), .. } | Step::DropRule { rule, .. }
                if !self.rules.contains(rule) =>
            {
                Err(self.without_key(rule.clone(), None))
            }
            _ => Ok(()),
        }
    }

    /// Checks what was just written before the step of the number `next`: the ownership key, or that a new object of a target
    /// is the only one. Returns why this is unclear.
    async fn check_written(
        &mut self,
        steps: &[&Step],
        next: usize,
        object: &LiveId,
    ) -> Result<Option<String>, Halt> {
        if writes_key(steps[0]) {
            return self.prove(object).await;
        }
        self.uncompared.extend(steps.iter().filter_map(|step| new_target(step)).cloned());
        // Targets that follow each other are compared at once: of many, each would cost a search.
        if self.change.steps.get(next).is_some_and(|next| new_target(next).is_some()) {
            return Ok(None);
        }
        Ok(self.keep_oldest_targets().await.err().map(|error| error.to_string()))
    }

    /// Reads the ownership key that was just written. Returns why its state is unclear, or ends the change if the
    /// helpdesk has stored something else.
    async fn prove(&mut self, object: &LiveId) -> Result<Option<String>, Halt> {
        match prove(self.tools.reader, &self.change.id, object).await {
            Ok(KeyProof::Kept) => Ok(None),
            Ok(KeyProof::NotKept(stored)) => Err(self.without_key(object.clone(), Some(stored))),
            Err(error) => Ok(Some(error.to_string())),
        }
    }

    fn without_key(&self, object: LiveId, stored: Option<String>) -> Halt {
        Halt::ChangeResult(ChangeResult::WithoutKey(WithoutKey { step: self.step, object, stored }))
    }

    /// Accepts a step whose response was lost and whose effect is visible.
    async fn accept(&mut self, step: &Step, found: LiveAgreement) -> Result<(), Halt> {
        let altered = altered(step, &found);
        self.confirm(step, StepResult { object: found.object, altered }).await
    }

    /// Confirms a step. A new object is withdrawn if another run created one before.
    async fn confirm(&mut self, step: &Step, done: StepResult) -> Result<(), Halt> {
        self.is_in_doubt = false;
        self.has_created |= creates(step);
        self.altered.extend(done.altered);
        let object = self.object.insert(done.object);
        if !matches!(step, Step::Create { .. }) {
            return Ok(());
        }
        let Tools { reader, writer, .. } = self.tools;
        match withdraw_if_later(*reader, *writer, &self.change.id, object).await {
            Ok(None) => Ok(()),
            Ok(Some(withdrawn)) => Err(Halt::ChangeResult(ChangeResult::Withdrawn(withdrawn))),
            Err(error) => Err(Halt::ChangeResult(self.failed(error.to_string()))),
        }
    }

    /// Records a creation in the ledger before it is sent. One that cannot be recorded is not sent.
    async fn record_creation(&mut self) -> Result<(), LedgerError> {
        if let Some(records) = self.tools.records
            && !self.is_recorded
        {
            let pending = Pending { run: self.tools.run_name.to_owned(), at: (self.tools.clock)() };
            // Set before the call, since a note whose call is dropped may be stored all the same.
            self.is_recorded = true;
            records.mark(&self.change.id, &pending).await?;
        }
        Ok(())
    }

    /// Removes the record of a creation that certainly did not happen, so that no later run waits for its object.
    async fn erase_record(&self) {
        if let Some(records) = self.tools.records.filter(|_| self.is_recorded)
            && let Err(error) = records.settle([self.change.id.clone()]).await
        {
            let id = &self.change.id;
            tracing::warn!("cannot remove the note of the creation of {id}, which did not happen: {error}");
        }
    }

    async fn state_of(&mut self, steps: &[&'a Step]) -> StepState<'a> {
        self.uncompared.extend(steps.iter().filter_map(|step| new_target(step)).cloned());
        if self.keep_oldest_targets().await.is_err() {
            return StepState::Unclear;
        }
        match self.read().await {
            Ok(Observed::Present(found)) if !is_owned(self.change, &found) => StepState::Unclear,
            Ok(Observed::Present(found)) => {
                let missing: Vec<&Step> =
                    steps.iter().copied().filter(|step| !took_effect(step, &found)).collect();
                if missing.is_empty() { StepState::Applied(found) } else { StepState::NotApplied(missing) }
            }
            Ok(Observed::Absent) => StepState::NotApplied(steps.to_vec()),
            Ok(Observed::Unknown(_)) | Err(_) => StepState::Unclear,
        }
    }

    /// Reads the object after a lost response: until the steps show or, for a creation, until the search lag is over.
    async fn settle(&mut self, steps: &[&'a Step], sent: Instant) -> StepState<'a> {
        let mut wait = SearchWait::new(sent, self.tools.search_lag);
        loop {
            let begun = (self.tools.clock)();
            let state = self.state_of(steps).await;
            // Absence is all that a creation relies on. Later steps rely on more than what this step shows, so that it is
            // no recent view for them: another run may have made them while this one slept.
            if matches!((&state, steps), (StepState::NotApplied(_), [Step::Create { .. }])) {
                self.seen = begun;
            }
            let is_hidden = matches!(state, StepState::NotApplied(_)) && creates(steps[0]);
            if !is_hidden || !wait.pause(self.tools.clock, self.on_wait).await {
                return state;
            }
        }
    }

    fn failed(&self, message: String) -> ChangeResult {
        ChangeResult::Failed(StepFailure { step: self.step, message })
    }

    /// Handles refused credentials: once may be a missing right on one object, several times in a row is the key itself.
    fn refused(&self, message: String) -> Halt {
        let result = self.failed(message);
        if self.tools.reader.is_locked_out() {
            Halt::Stop(Stopped::Credentials, result)
        } else {
            Halt::ChangeResult(result)
        }
    }

    fn no_trace(&self, message: String) -> Halt {
        Halt::Stop(Stopped::NoTrace(message), self.unfinished())
    }

    fn unfinished(&self) -> ChangeResult {
        if self.step == 0 {
            ChangeResult::NotTried(NotTried::Stopped)
        } else {
            ChangeResult::Stopped { step: self.step }
        }
    }

    /// The result of a change whose pending request is no longer waited for.
    fn abandoned(&mut self) -> ChangeResult {
        if self.is_writing && !self.has_left.load(Ordering::Relaxed) {
            (self.is_writing, self.is_in_doubt) = (false, false);
        }
        if self.is_writing || self.is_in_doubt {
            let message = "the run was stopped before the response came".to_owned();
            ChangeResult::Unknown(StepFailure { step: self.step, message })
        } else {
            self.unfinished()
        }
    }
}
