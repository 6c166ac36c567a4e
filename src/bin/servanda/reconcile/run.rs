//! One pass over a helpdesk: look, plan, carry out, look again, remember. Under the lock from first to last.
//!
//! Knows nothing of commands and terminals: whoever wants to see, be asked or stop it is an [`Audience`].

use std::time::Duration;

use servanda::envelope::{GuardedPlan, Meaning};
use servanda::ident::AgreementId;
use servanda::live::Observed;
use servanda::outcome::{ChangeResult, Outcome, Stopped};
use servanda::plan::{LastApplied, Plan};

use crate::helpdesk::connect::Connection;
use crate::ledger::{self, AnyLedger, Checksummed, Holder, LedgerStore, Records};
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};
use crate::process::shutdown::Stop;
use crate::reconcile::apply::pending::unseen;
use crate::reconcile::apply::{self, Applied, Progress, Tools};
use crate::reconcile::journal::Journal;
use crate::reconcile::last_applied;
use crate::reconcile::plan::{PlanTerms, Sides, make};
use crate::workspace::files;
use crate::workspace::load::Workspace;

/// A clock that differs this much from the helpdesk's is not to be trusted with dates.
pub(crate) const CLOCK_TOLERANCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Those who look on, are asked, and may stop it.
pub(crate) trait Audience {
    /// The plan, before anything is written.
    fn show(&self, envelope: &GuardedPlan) -> Result<(), Failure>;
    /// Whether it may be carried out; a refusal is a failure.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure>;
    /// Something worth saying on the way, a line each.
    fn say(&self, text: &str);
    /// How long another run may hold the lock.
    fn patience(&self) -> Duration;
    /// Where it is told how far it is.
    fn progress(&self, changes: usize) -> impl Progress;
    /// Begins to listen for the wish to stop.
    fn listen(&self) -> Stop;
}

/// How a pass ended.
pub(crate) struct Concluded {
    /// The plan that was carried out.
    pub(crate) envelope: GuardedPlan,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// What that means for whoever called.
    pub(crate) exit: Exit,
}

/// What keeps other runs out.
pub(crate) type Lock = <Checksummed<AnyLedger> as LedgerStore>::Lock;

/// A pass.
pub(crate) struct Reconciliation<'a, A> {
    workspace: &'a Workspace,
    connection: &'a Connection,
    terms: &'a PlanTerms,
    /// The name of this run, that no other has.
    name: String,
    audience: &'a A,
    /// The memory; `None` where it cannot be had.
    book: Option<Records<Checksummed<AnyLedger>>>,
    /// What was last applied.
    last_applied: Option<LastApplied>,
    /// What was seen last: the plan that is left, and both sides.
    seen: Option<(GuardedPlan, Sides)>,
}

impl<'a, A: Audience> Reconciliation<'a, A> {
    /// A pass of an workspace over a helpdesk.
    pub(crate) fn new(
        workspace: &'a Workspace,
        connection: &'a Connection,
        terms: &'a PlanTerms,
        name: String,
        audience: &'a A,
    ) -> Self {
        let book = Some(ledger::open(workspace));
        Self { workspace, connection, terms, name, audience, book, last_applied: None, seen: None }
    }

    /// Carries out a saved plan, or one that is made now. Of two passes at once, one comes after the other.
    pub(crate) async fn whole(&mut self, saved: Option<GuardedPlan>) -> Result<Concluded, Failure> {
        let lock = self.lock().await?;
        let concluded = self.alone(saved).await;
        self.unlock(lock).await;
        concluded
    }

    /// The memory, where it can be had.
    pub(crate) const fn book(&self) -> Option<&Records<Checksummed<AnyLedger>>> {
        self.book.as_ref()
    }

    /// The plan that is left and both sides, as they were seen last.
    pub(crate) const fn seen(&self) -> Option<&(GuardedPlan, Sides)> {
        self.seen.as_ref()
    }

    /// Looks at both sides, and writes nothing.
    pub(crate) async fn look(&mut self) -> Result<GuardedPlan, Failure> {
        let (envelope, sides) = self.make().await?;
        self.seen = Some((envelope.clone(), sides));
        self.refuse_a_wrong_clock()?;
        Ok(envelope)
    }

    /// Gives the lock back.
    pub(crate) async fn unlock(&self, lock: Option<Lock>) {
        if let (Some(book), Some(lock)) = (&self.book, lock) {
            book.unlock(lock).await;
        }
    }

    /// A pass for whoever holds the lock.
    pub(crate) async fn alone(&mut self, saved: Option<GuardedPlan>) -> Result<Concluded, Failure> {
        let (envelope, sides) = self.made(saved).await?;
        self.audience.show(&envelope)?;
        let mut applied = Applied::default();
        applied.outcome.remaining = Some(0);
        let mut signal = None;
        if envelope.plan.is_empty() {
            if let Some(sides) = sides {
                self.remember(&envelope, &sides, &applied).await;
                self.seen = Some((envelope.clone(), sides));
            }
        } else {
            self.refuse_a_wrong_clock()?;
            self.audience.confirm(&envelope.plan)?;
            let stop = self.audience.listen();
            applied = self.carry_out(&envelope.plan, &stop).await?;
            self.look_again(&mut applied, &stop).await;
            signal = stop.is_asked().then(|| stop.exit());
        }
        let exit = exit_of(&envelope, &applied.outcome, signal);
        Ok(Concluded { envelope, outcome: applied.outcome, exit })
    }

    /// Takes the lock. Where the memory cannot be had the apply goes on without it, for the helpdesk itself is
    /// looked at before each write; only causes are not told then, and creations not marked.
    pub(crate) async fn lock(&mut self) -> Result<Option<Lock>, Failure> {
        let Some(book) = &self.book else {
            return Ok(None);
        };
        let holder = Holder { run: self.name.clone(), since: clock() };
        let taken = {
            let say = |text: &str| self.audience.say(text);
            ledger::take_lock(book, &holder, self.audience.patience(), say).await
        };
        let remembered = match taken {
            Err(failure) if failure.exit == Exit::Locked => return Err(failure),
            Err(failure) => Err(failure),
            Ok(lock) => {
                book.last_applied().await.map(|last_applied| (lock, last_applied)).map_err(Failure::from)
            }
        };
        match remembered {
            Ok((lock, last_applied)) => {
                self.last_applied = last_applied;
                Ok(Some(lock))
            }
            Err(failure) => {
                self.audience.say(&format!("going on without memory: {}", failure.message));
                self.book = None;
                Ok(None)
            }
        }
    }

    /// The plan to carry out: the saved one, or one made now. What an earlier run may have created unseen is
    /// waited for first.
    async fn made(&self, saved: Option<GuardedPlan>) -> Result<(GuardedPlan, Option<Sides>), Failure> {
        let Some(saved) = saved else {
            let (envelope, sides) = self.make().await?;
            let has_waited = self.wait_for_the_unseen(&envelope.plan).await?;
            let (envelope, sides) = if has_waited { self.make().await? } else { (envelope, sides) };
            return Ok((envelope, Some(sides)));
        };
        let saved = self.fitting(saved)?;
        self.wait_for_the_unseen(&saved.plan).await?;
        Ok((saved, None))
    }

    /// Whether anything had to be waited for.
    async fn wait_for_the_unseen(&self, plan: &Plan) -> Result<bool, Failure> {
        let Some(book) = &self.book else {
            return Ok(false);
        };
        let lag = self.workspace.settings.helpdesk.search_lag;
        let Some(unseen) = unseen(plan, &book.pending().await?, lag, clock()) else {
            return Ok(false);
        };
        let ids: Vec<&str> = unseen.ids.iter().map(|id| id.as_str()).collect();
        let seconds = unseen.wait.as_secs() + 1;
        let ids = ids.join(", ");
        self.audience
            .say(&format!("an earlier run may have created {ids}; waiting {seconds} s for it to show"));
        tokio::time::sleep(unseen.wait).await;
        Ok(true)
    }

    async fn make(&self) -> Result<(GuardedPlan, Sides), Failure> {
        make(self.workspace, self.connection, self.terms, self.last_applied.as_ref()).await
    }

    /// A saved plan is carried out as it was reviewed, and only on the helpdesk that it was made for.
    fn fitting(&self, saved: GuardedPlan) -> Result<GuardedPlan, Failure> {
        let (made_for, here) = (&saved.plan.header.helpdesk, self.connection.name());
        if *made_for != here {
            return Err(Failure::new(
                Exit::Stale,
                "reconcile-stale",
                format!("the plan was made for {made_for}, and this is {here}"),
            )
            .help("make one for this helpdesk with `servanda plan --out FILE`"));
        }
        if saved.plan.header.files != self.workspace.digest {
            self.audience
                .say("the files have changed since the plan was made; it is carried out as it was reviewed");
        }
        Ok(saved)
    }

    /// What is due hangs on the date, so that a machine with a wrong clock writes nothing.
    fn refuse_a_wrong_clock(&self) -> Result<(), Failure> {
        let Some(theirs) = self.connection.server_clock() else {
            return Ok(());
        };
        let ours = clock();
        if self.workspace.settings.helpdesk.rehearsal || theirs.duration_since(ours).abs() <= CLOCK_TOLERANCE
        {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Refused,
            "reconcile-refused",
            format!("the clock of this machine says {ours}, and the helpdesk's {theirs}"),
        )
        .help("set the clock; nothing that hangs on the date is written by one that is wrong"))
    }

    async fn carry_out(&self, plan: &Plan, stop: &Stop) -> Result<Applied, Failure> {
        let folder = files::own_folder(&self.workspace.root)?;
        let journal = Journal::open(&folder, plan, &self.name)?;
        let helpdesk = &self.workspace.settings.helpdesk;
        let mut progress = self.audience.progress(plan.changes.len());
        let tools = Tools {
            reader: &self.connection.reader(),
            writer: &self.connection.writer(&self.name),
            book: self.book.as_ref(),
            journal: &journal,
            stop,
            run: &self.name,
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

    /// Plans again, which shows what is left to do and settles what was in doubt. A run that was ended early
    /// leaves this to the next one.
    async fn look_again(&mut self, applied: &mut Applied, stop: &Stop) {
        if applied.outcome.stopped.is_some() {
            return;
        }
        let made = tokio::select! {
            made = self.make() => made,
            () = stop.wait() => return,
        };
        let (again, sides) = match made {
            Ok(made) => made,
            Err(failure) => {
                if failure.exit == Exit::Credentials {
                    applied.outcome.stopped = Some(Stopped::Credentials);
                }
                self.audience.say(&format!("the helpdesk could not be read again: {}", failure.message));
                return;
            }
        };
        applied.outcome.remaining = Some(again.plan.changes.len());
        settle_doubts(applied, &again, &sides);
        self.remember(&again, &sides, applied).await;
        self.seen = Some((again, sides));
    }

    /// Keeps what was applied, and takes the marks off what is seen to be there. A memory that cannot be written
    /// costs the next plan its causes, and no more.
    async fn remember(&self, envelope: &GuardedPlan, sides: &Sides, applied: &Applied) {
        let Some(book) = &self.book else {
            return;
        };
        let plan = &envelope.plan;
        let open = open(envelope).collect();
        let (commit, instant) = (plan.header.commit.clone(), self.terms.as_of.instant);
        let kept = last_applied::after(
            self.last_applied.clone(),
            &sides.desired,
            &sides.live,
            &open,
            commit,
            instant,
        );
        let marked = sides.live.agreements.keys().chain(applied.outcome.results.keys());
        let settled = marked.filter(|id| !applied.in_doubt.contains(*id)).cloned();
        let written = async {
            book.settle(settled).await?;
            book.keep(&kept).await
        };
        if let Err(error) = written.await {
            self.audience.say(&format!("what was applied is not remembered: {error}"));
        }
    }
}

/// The agreements of which a plan does not say that they are as they should be.
fn open(envelope: &GuardedPlan) -> impl Iterator<Item = &AgreementId> {
    let changes = envelope.plan.changes.iter().chain(&envelope.guarded_changes).map(|change| &change.id);
    changes.chain(envelope.plan.blocked.iter().map(|blocked| &blocked.id))
}

/// What was in doubt and is now as it was wished for was carried out.
fn settle_doubts(applied: &mut Applied, again: &GuardedPlan, sides: &Sides) {
    for (id, result) in &mut applied.outcome.results {
        if let (ChangeResult::Unknown(_), Some(Observed::Present(found))) =
            (&*result, sides.live.agreements.get(id))
            && open(again).all(|open| open != id)
        {
            *result = ChangeResult::Done { object: found.object.clone(), altered: Vec::new() };
            applied.in_doubt.remove(id);
        }
    }
}

/// The precedence of design §13: signal, credentials, refused by a guard, in doubt, in part, stale, fine.
fn exit_of(envelope: &GuardedPlan, outcome: &Outcome, signal: Option<Exit>) -> Exit {
    match &outcome.stopped {
        Some(Stopped::Signal) => signal.unwrap_or(Exit::Interrupted),
        Some(Stopped::Credentials) => Exit::Credentials,
        Some(Stopped::NoTrace(_)) => Exit::Failure,
        None if signal.is_some() => signal.unwrap_or(Exit::Interrupted),
        None if envelope.verdict.meaning == Meaning::RefusedByAGuard => Exit::Refused,
        None if outcome.is_in_doubt() => Exit::InDoubt,
        None if !outcome.is_complete() && outcome.is_only_stale() && !outcome.has_written() => Exit::Stale,
        None if !outcome.is_complete() || envelope.verdict.meaning == Meaning::Partial => Exit::Partial,
        None => Exit::Fine,
    }
}
