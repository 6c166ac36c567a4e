//! One change is carried out: its object is read again, each step is one request, and a lost answer is
//! looked up before anything is sent again.
//!
//! Whatever is created is marked in the ledger first, so that a run that dies here leaves word of it.

use std::time::Duration;

use servanda::ident::LiveId;
use servanda::live::{LiveAgreement, Observed};
use servanda::outcome::{Altered, ChangeResult, NotTried, StepFailure, Stopped};
use servanda::plan::{Change, Freshness, Step, freshness};
use tokio::time::Instant;

use super::Tools;
use super::effect::{altered, creates, took_effect};
use crate::helpdesk::{ReadError, Reader, StepResult, WriteError, Writer};
use crate::ledger::records::Pending;
use crate::ledger::{LedgerError, LedgerStore};
use crate::process::context::clock;

/// How long a run that was asked to stop waits for the answer that is on the way.
const GRACE: Duration = Duration::from_secs(3);
/// How long is waited at most before what was created is looked for again.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// How an attempt ended.
pub(crate) struct End {
    pub(crate) result: ChangeResult,
    /// Whether something may have been created that nobody has seen.
    pub(crate) is_in_doubt: bool,
    /// Whether the whole run has to end.
    pub(crate) stops: Option<Stopped>,
}

/// A change at work.
pub(crate) struct Attempt<'a, R, W, L> {
    change: &'a Change,
    tools: &'a Tools<'a, R, W, L>,
    object: Option<LiveId>,
    altered: Vec<Altered>,
    step: usize,
    is_writing: bool,
    is_marked: bool,
    is_in_doubt: bool,
}

/// Why an attempt goes no further.
enum Halt {
    ChangeResult(ChangeResult),
    Stop(Stopped, ChangeResult),
}

/// What a look after a lost answer showed.
enum Look {
    Done(LiveAgreement),
    NotDone,
    Unclear,
}

impl<'a, R: Reader, W: Writer, L: LedgerStore> Attempt<'a, R, W, L> {
    pub(crate) fn of(change: &'a Change, tools: &'a Tools<'a, R, W, L>) -> Self {
        Self {
            change,
            tools,
            object: change.object.clone(),
            altered: Vec::new(),
            step: 0,
            is_writing: false,
            is_marked: false,
            is_in_doubt: false,
        }
    }

    /// Carries the change out. Asked to stop, it begins no step and waits a little for the one on the way.
    pub(crate) async fn run(mut self) -> End {
        let asked = self.tools.stop.clone();
        let ended = {
            let abandoned = async move {
                asked.wait().await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                ended = self.steps() => Some(ended),
                () = abandoned => None,
            }
        };
        let (result, stops) = match ended {
            None => (self.abandoned(), Some(Stopped::Signal)),
            Some(Err(Halt::ChangeResult(result))) => (result, None),
            Some(Err(Halt::Stop(stopped, result))) => (result, Some(stopped)),
            Some(Ok(())) => {
                let object = self.object.expect("a change that creates nothing has an object from the start");
                (ChangeResult::Done { object, altered: self.altered }, None)
            }
        };
        End { result, is_in_doubt: self.is_in_doubt, stops }
    }

    async fn steps(&mut self) -> Result<(), Halt> {
        if self.is_done_already().await? {
            return Ok(());
        }
        let change = self.change;
        for (number, step) in change.steps.iter().enumerate() {
            self.step = number;
            if self.tools.stop.is_asked() {
                return Err(Halt::Stop(Stopped::Signal, self.unfinished()));
            }
            self.tools
                .journal
                .step(change, number, "sent")
                .map_err(|failure| self.no_trace(failure.message))?;
            self.one(step).await?;
            self.tools
                .journal
                .step(change, number, "done")
                .map_err(|failure| self.no_trace(failure.message))?;
        }
        Ok(())
    }

    /// The live object has to be the one that the plan was made from. What the plan wants may be there already, where
    /// another change mended what both share; then nothing is written.
    async fn is_done_already(&self) -> Result<bool, Halt> {
        match self.look().await {
            Ok(Observed::Present(found)) => match freshness(self.change, &found) {
                Freshness::Pending => Ok(false),
                Freshness::AlreadyApplied => Ok(true),
                Freshness::Conflict => Err(Halt::ChangeResult(ChangeResult::Stale)),
            },
            Ok(Observed::Absent) if self.change.before.is_none() => Ok(false),
            Ok(Observed::Absent) => Err(Halt::ChangeResult(ChangeResult::Stale)),
            Ok(Observed::Unknown(why)) => Err(Halt::ChangeResult(self.failed(why))),
            Err(error) if error.is_credentials() => Err(self.refused(error.to_string())),
            Err(error) => Err(Halt::ChangeResult(self.failed(error.to_string()))),
        }
    }

    async fn look(&self) -> Result<Observed<LiveAgreement>, ReadError> {
        match &self.object {
            Some(object) => self.tools.reader.get(object).await,
            None => self.tools.reader.find(&self.change.id).await,
        }
    }

    /// One step, sent a second time at most, and only after a look has shown that the first did nothing.
    async fn one(&mut self, step: &Step) -> Result<(), Halt> {
        let mut is_last = false;
        loop {
            if creates(step) {
                self.mark().await.map_err(|error| Halt::ChangeResult(self.failed(error.to_string())))?;
            }
            let sent = Instant::now();
            self.is_writing = true;
            self.is_in_doubt = creates(step);
            let written = self.tools.writer.perform(&self.change.id, self.object.as_ref(), step).await;
            self.is_writing = false;
            let message = match written {
                Ok(done) => return self.confirm(done),
                Err(WriteError::Credentials(message)) => {
                    self.is_in_doubt = false;
                    return Err(self.refused(message));
                }
                Err(WriteError::Conflict) if self.step == 0 => {
                    return Err(Halt::ChangeResult(ChangeResult::Stale));
                }
                Err(moved @ WriteError::Conflict) => {
                    return Err(Halt::ChangeResult(self.failed(moved.to_string())));
                }
                Err(WriteError::NotSent(message)) => {
                    self.is_in_doubt = false;
                    return Err(Halt::ChangeResult(self.failed(message)));
                }
                // A server may say no after it said yes to its database: what it refused is looked for once.
                Err(WriteError::Refused(message)) => match self.seen(step).await {
                    Look::Done(found) if creates(step) => return self.take(step, found),
                    _ => {
                        self.is_in_doubt = false;
                        return Err(Halt::ChangeResult(self.failed(message)));
                    }
                },
                Err(WriteError::Ambiguous(message)) => message,
            };
            match self.settle(step, sent).await {
                Look::Done(found) => return self.take(step, found),
                Look::NotDone if !is_last => {
                    tracing::info!(agreement = %self.change.id, "sent again, since it is not there: {message}");
                    is_last = true;
                }
                Look::NotDone => {
                    self.is_in_doubt = false;
                    return Err(Halt::ChangeResult(self.failed(message)));
                }
                Look::Unclear => {
                    let step = self.step;
                    return Err(Halt::ChangeResult(ChangeResult::Unknown(StepFailure { step, message })));
                }
            }
        }
    }

    /// The step is there, though its answer was lost.
    fn take(&mut self, step: &Step, found: LiveAgreement) -> Result<(), Halt> {
        let altered = altered(step, &found);
        self.confirm(StepResult { object: found.object, altered })
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends the step, as every other way out of it does")]
    fn confirm(&mut self, done: StepResult) -> Result<(), Halt> {
        self.is_in_doubt = false;
        self.altered.extend(done.altered);
        self.object = Some(done.object);
        Ok(())
    }

    /// Leaves word of a creation before it is sent. What cannot be marked is not sent.
    async fn mark(&mut self) -> Result<(), LedgerError> {
        if let Some(book) = self.tools.book
            && !self.is_marked
        {
            let pending = Pending { run: self.tools.run.to_owned(), at: clock() };
            book.mark(&self.change.id, &pending).await?;
            self.is_marked = true;
        }
        Ok(())
    }

    async fn seen(&self, step: &Step) -> Look {
        match self.look().await {
            Ok(Observed::Present(found)) if took_effect(step, &found) => Look::Done(found),
            Ok(Observed::Present(_) | Observed::Absent) => Look::NotDone,
            Ok(Observed::Unknown(_)) | Err(_) => Look::Unclear,
        }
    }

    /// After a lost answer: looks until the step shows or, for what is created, until the search cannot lag any more.
    async fn settle(&self, step: &Step, sent: Instant) -> Look {
        let mut wait = Duration::from_secs(1);
        loop {
            let look = self.seen(step).await;
            let left = self.tools.search_lag.saturating_sub(sent.elapsed());
            if !matches!(look, Look::NotDone) || !creates(step) || left.is_zero() {
                return look;
            }
            tracing::info!(agreement = %self.change.id, left_s = left.as_secs(), "not to be seen yet");
            tokio::time::sleep(wait.min(left)).await;
            wait = (wait * 2).min(LONGEST_LOOK);
        }
    }

    fn failed(&self, message: String) -> ChangeResult {
        ChangeResult::Failed(StepFailure { step: self.step, message })
    }

    /// The key was refused: once may be a right that is missing for one object, three times is the key itself.
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

    /// The run waits no longer: what was sent may have been carried out or not.
    fn abandoned(&self) -> ChangeResult {
        if self.is_writing || self.is_in_doubt {
            let message = "the run was stopped before it came".to_owned();
            ChangeResult::Unknown(StepFailure { step: self.step, message })
        } else {
            self.unfinished()
        }
    }
}
