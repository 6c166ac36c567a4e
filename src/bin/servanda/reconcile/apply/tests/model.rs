//! A model of a helpdesk: steps have the effect of the core's simulation, reads lag, and responses get lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, LiveTarget, Observed, TargetKey, Value};
use servanda::mapping::{Field, Mapping};
use servanda::outcome::ChangeResult;
use servanda::plan::{AgreementHours, Change, HistoryEvent, Phase, Plan, Step, Verb, apply_step, creates};
use servanda::status::State;
use tokio::time::Instant;

use crate::helpdesk::{ReadError, Reader, Selection, StepResult, StoredKey, WriteError, Writer};
use crate::http::transport::SendWindow;
use crate::ledger::{Records, SqliteLedger};
use crate::process::failure::Exit;
use crate::process::shutdown::Stop;
use crate::reconcile::apply::{Applied, Progress, Tools, apply};
use crate::reconcile::journal::Journal;

/// The result of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteFate {
    Answered,
    LostBefore,
    LostAfter,
    /// Applied as to the first half of several steps, and the response is lost.
    LostHalf,
    /// The same of the second half.
    LostOtherHalf,
    /// Refused, and yet applied.
    RefusedAfter,
    /// The server could not be reached.
    NotSent,
    /// Refused by the values, by the key, or by a server that fails.
    Refused,
    Credentials,
    ServerFailed,
    /// It waits for its turn, and never leaves.
    Waiting,
    /// It leaves, and is never answered.
    Never,
}

impl WriteFate {
    /// Whether the caller cannot know that the write had no effect.
    pub(crate) const fn may_have_happened(self) -> bool {
        match self {
            Self::Answered
            | Self::LostBefore
            | Self::LostAfter
            | Self::LostHalf
            | Self::LostOtherHalf
            | Self::ServerFailed
            | Self::Never => true,
            Self::RefusedAfter | Self::NotSent | Self::Refused | Self::Credentials | Self::Waiting => false,
        }
    }
}

/// The helpdesk.
pub(crate) struct Model {
    plan: Plan,
    mapping: Mapping,
    /// The live states, each with its start.
    history: Mutex<Vec<(Instant, Live)>>,
    lag: Duration,
    /// The results of writes in the order in which they come; later ones are answered.
    results: Mutex<Vec<WriteFate>>,
    /// Whether an object may have been created, as far as a caller can know.
    may_have_created: AtomicBool,
    /// The steps that were applied, in order.
    pub(crate) done: Mutex<Vec<(AgreementId, Step)>>,
    /// The numbers of targets that were compared at once, in order.
    pub(crate) compared: Mutex<Vec<usize>>,
    /// Whether targets of a new agreement share a request.
    is_together: bool,
    /// The numbers of steps of each request, in order; 0 where targets were compared.
    pub(crate) sent: Mutex<Vec<usize>>,
}

impl Model {
    /// An empty helpdesk whose reads lag, and the plan that will be applied to it.
    pub(crate) fn new(plan: &Plan, lag: Duration, results: &[WriteFate]) -> Self {
        Self {
            plan: plan.clone(),
            mapping: Mapping::default(),
            history: Mutex::new(vec![(Instant::now(), Live::default())]),
            lag,
            results: Mutex::new(results.iter().rev().copied().collect()),
            may_have_created: AtomicBool::new(false),
            done: Mutex::default(),
            compared: Mutex::default(),
            is_together: false,
            sent: Mutex::default(),
        }
    }

    /// The same, where targets of a new agreement share a request or do not.
    pub(crate) fn together(self, is_together: bool) -> Self {
        Self { is_together, ..self }
    }

    async fn write(
        &self,
        id: &AgreementId,
        steps: &[&Step],
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let has_left = window.expect("each step has its window").has_left;
        let result = self.results.lock().expect("no test panics here").pop().unwrap_or(WriteFate::Answered);
        self.sent.lock().expect("no test panics here").push(steps.len());
        let lost = || Err(WriteError::Ambiguous("lost".to_owned()));
        has_left.store(!matches!(result, WriteFate::NotSent | WriteFate::Waiting), Ordering::Relaxed);
        if creates(steps[0]) && result.may_have_happened() {
            self.may_have_created.store(true, Ordering::Relaxed);
        }
        let why = || format!("{result:?}");
        let done = match result {
            WriteFate::LostBefore => return lost(),
            WriteFate::NotSent => return Err(WriteError::NotSent(why())),
            WriteFate::Refused => return Err(WriteError::Refused(why())),
            WriteFate::Credentials => return Err(WriteError::Credentials(why())),
            WriteFate::ServerFailed => return Err(WriteError::ServerFailed(why())),
            WriteFate::Never | WriteFate::Waiting => std::future::pending().await,
            WriteFate::LostHalf => &steps[..steps.len() / 2],
            WriteFate::LostOtherHalf => &steps[steps.len() / 2..],
            WriteFate::Answered | WriteFate::LostAfter | WriteFate::RefusedAfter => steps,
        };
        for step in done {
            self.execute(id, step);
        }
        match result {
            WriteFate::LostAfter | WriteFate::LostHalf | WriteFate::LostOtherHalf => lost(),
            WriteFate::RefusedAfter => Err(WriteError::Refused("500".to_owned())),
            _ => Ok(()),
        }
    }

    fn execute(&self, id: &AgreementId, step: &Step) {
        let change = self.plan.changes.iter().find(|change| change.id == *id).expect("it is planned");
        let mut history = self.history.lock().expect("no test panics here");
        let mut live = history.last().expect("a beginning").1.clone();
        apply_step(change, step, &mut live, &self.mapping);
        history.push((Instant::now(), live));
        self.done.lock().expect("no test panics here").push((id.clone(), step.clone()));
    }

    fn seen(&self, id: &AgreementId) -> Observed<LiveAgreement> {
        let history = self.history.lock().expect("no test panics here");
        let old_enough = |at: &Instant| at.elapsed() >= self.lag;
        let live = history.iter().rev().find(|(at, _)| old_enough(at)).unwrap_or(&history[0]);
        live.1.agreements.get(id).cloned().unwrap_or(Observed::Absent)
    }

    fn object(&self, id: &AgreementId) -> LiveId {
        let history = self.history.lock().expect("no test panics here");
        match history.last().and_then(|(_, live)| live.agreements.get(id)) {
            Some(Observed::Present(found)) => found.object.clone(),
            other => panic!("{id} is {other:?}"),
        }
    }

    /// Whether an object may have been created, as far as a caller can know.
    pub(crate) fn may_have_created(&self) -> bool {
        self.may_have_created.load(Ordering::Relaxed)
    }

    /// The number of objects that were created twice.
    pub(crate) fn duplicates(&self) -> usize {
        let done = self.done.lock().expect("no test panics here");
        let creations = done.iter().filter(|(_, step)| creates(step));
        let mut made: Vec<String> = creations.map(|made| format!("{made:?}")).collect();
        let count = made.len();
        made.sort();
        made.dedup();
        count - made.len()
    }
}

impl Reader for Model {
    async fn read_live(&self, _: &Selection) -> Result<Live, ReadError> {
        Ok(self.history.lock().expect("no test panics here").last().expect("a beginning").1.clone())
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        Ok(Inventory::default())
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        Ok(self.seen(id))
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        let id = object.as_str().strip_prefix("created$").and_then(AgreementId::new);
        Ok(self.seen(&id.expect("only what was created is asked for")))
    }

    async fn stored_key(&self, object: &LiveId) -> Result<StoredKey, ReadError> {
        let owner = object.as_str().strip_prefix("created$").and_then(AgreementId::new);
        Ok(StoredKey { owner, text: String::new() })
    }

    async fn bearers(&self, id: &AgreementId) -> Result<Vec<LiveId>, ReadError> {
        Ok(vec![self.object(id)])
    }

    async fn history(&self, _: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        Ok(Vec::new())
    }

    async fn addresses(&self, _: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        Ok(BTreeMap::new())
    }

    async fn note(&self, _: &LiveId, _: &str) -> Result<String, ReadError> {
        Ok(String::new())
    }

    fn requests(&self) -> u64 {
        0
    }

    fn is_locked_out(&self) -> bool {
        false
    }
}

impl Writer for Model {
    fn creates_targets_together(&self) -> bool {
        self.is_together
    }

    async fn create_targets_within(
        &self,
        agreement: &LiveId,
        steps: &[&Step],
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let id = agreement.as_str().strip_prefix("created$").and_then(AgreementId::new);
        self.write(&id.expect("it was created"), steps, window).await
    }

    async fn keep_oldest_targets(&self, _: &LiveId, keys: &BTreeSet<TargetKey>) -> Result<(), WriteError> {
        self.compared.lock().expect("no test panics here").push(keys.len());
        let mut sent = self.sent.lock().expect("no test panics here");
        if sent.last() != Some(&0) {
            sent.push(0);
        }
        Ok(())
    }

    async fn write_note(&self, _: &LiveId, _: &str, _: &str) -> Result<(), WriteError> {
        Ok(())
    }

    async fn withdraw(&self, _: &LiveId) -> Result<(), WriteError> {
        Ok(())
    }

    async fn perform_within(
        &self,
        id: &AgreementId,
        _: Option<&LiveId>,
        step: &Step,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        self.write(id, &[step], window).await?;
        Ok(StepResult { object: self.object(id), altered: Vec::new() })
    }
}

/// Counts the waits that a person is informed of.
#[derive(Default)]
struct Waits(usize);

impl Progress for Waits {
    fn begin(&mut self, _: &Change) {}
    fn wait(&mut self, _: &Change, _: servanda::calendar::Instant) {
        self.0 += 1;
    }
    fn end(&mut self, _: &Change, _: &ChangeResult) {}
}

/// A plan that creates one agreement with two rules and publishes it.
pub(crate) fn creation() -> Plan {
    let id = AgreementId::new("a").expect("an id");
    let live_id = |text: &str| LiveId::new(text).expect("a live id");
    let rule = |service: &str| Step::PutRule {
        rule: None,
        key: TargetKey { service: Some(live_id(service)), priority: live_id("priority$1") },
        target: LiveTarget {
            response: Some(servanda::calendar::TargetTime::Seconds(60)),
            resolution: None,
            calendar: None,
        },
    };
    let title = [(Field::Title, Value::text("Ромашка"))];
    let publish =
        Step::Edit { fields: BTreeMap::new(), state: Some("active".to_owned()), ownership_key: None };
    let change = Change {
        id,
        verb: Verb::Create,
        client: None,
        title: "Ромашка".to_owned(),
        object: None,
        status: Some(State::Active),
        because: None,
        state: None,
        fields: Vec::new(),
        hours: AgreementHours::default(),
        ownership_key: None,
        phase: Phase::Gain,
        after: Vec::new(),
        elsewhere: None,
        risks: Vec::new(),
        before: None,
        steps: vec![
            Step::Create { fields: title.into() },
            rule("slmService$1"),
            rule("slmService$2"),
            publish,
        ],
    };
    Plan {
        format: servanda::plan::FORMAT,
        header: servanda::plan::Header {
            as_of: servanda::calendar::read_instant("2026-09-01T09:00:00Z").expect("an instant"),
            zone: String::new(),
            zone_data: String::new(),
            version: String::new(),
            commit: None,
            files: String::new(),
            helpdesk: String::new(),
            key_prefix: String::new(),
            language: servanda::settings::Language::English,
            selection: servanda::selection::AgreementSelection::default(),
        },
        changes: vec![change],
        drift: Vec::new(),
        blocked: Vec::new(),
        notes: Vec::new(),
        totals: servanda::plan::Totals::default(),
        names: BTreeMap::new(),
        clients: BTreeMap::new(),
    }
}

/// The result of an apply, and its traces.
pub(crate) struct Trace {
    pub(crate) applied: Applied,
    /// Whether the creation of `a` is recorded in the ledger.
    pub(crate) was_recorded: bool,
    /// The events of the journal.
    pub(crate) journal: Vec<String>,
    /// The number of waits for a new object.
    pub(crate) waits: usize,
}

/// Applies the plan to the model; the run is asked to stop when `stop` completes.
pub(crate) async fn apply_on(
    plan: &Plan,
    model: &Model,
    search_lag: Duration,
    stop: impl Future<Output = ()>,
) -> Trace {
    let folder = tempfile::tempdir().expect("a folder");
    let mut waits = Waits::default();
    let applied = apply_in(folder.path(), plan, model, search_lag, stop, &mut waits).await;
    let (was_recorded, journal) = left_in(folder.path()).await;
    Trace { applied, was_recorded, journal, waits: waits.0 }
}

/// Applies the plan, and kills the run when it was polled so often. Returns whether it was killed, and as [`left_in`].
pub(crate) async fn kill_on(plan: &Plan, model: &Model, polls: usize) -> (bool, (bool, Vec<String>)) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut waits = Waits::default();
    let was_killed = {
        let never = std::future::pending();
        let mut apply =
            Box::pin(apply_in(folder.path(), plan, model, Duration::from_mins(10), never, &mut waits));
        let mut left = polls;
        std::future::poll_fn(|context| match (left, apply.as_mut().poll(context)) {
            (_, Poll::Ready(_)) => Poll::Ready(false),
            (0, Poll::Pending) => Poll::Ready(true),
            (_, Poll::Pending) => {
                left -= 1;
                Poll::Pending
            }
        })
        .await
    };
    (was_killed, left_in(folder.path()).await)
}

/// Whether the creation of `a` is recorded in the ledger of a folder, and the events of its journal.
async fn left_in(folder: &Path) -> (bool, Vec<String>) {
    let was_recorded = records(folder).pending().await.expect("read").contains_key("a");
    let text = crate::workspace::files::read_named(&folder.join("journal.jsonl")).expect("a journal");
    let event = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        line["event"].as_str().expect("an event").to_owned()
    };
    (was_recorded, text.lines().map(event).collect())
}

fn records(folder: &Path) -> Records<SqliteLedger> {
    Records::new(SqliteLedger::at(folder.join("ledger.sqlite")), "test")
}

async fn apply_in(
    folder: &Path,
    plan: &Plan,
    model: &Model,
    search_lag: Duration,
    stop: impl Future<Output = ()>,
    waits: &mut Waits,
) -> Applied {
    let records = records(folder);
    let journal = Journal::open(folder, plan, "test").expect("a journal");
    let (sender, receiver) = tokio::sync::watch::channel(None);
    let tools = Tools {
        reader: model,
        writer: model,
        records: Some(&records),
        key_settings: "test".to_owned(),
        clock: &crate::process::context::clock,
        journal: &journal,
        stop: &Stop::by(receiver),
        run_name: "test",
        concurrency: 2,
        search_lag,
    };
    let stopping = async {
        stop.await;
        sender.send(Some(Exit::Terminated)).expect("somebody listens");
        std::future::pending::<()>().await;
    };
    let applied = tokio::select! {
        applied = apply(plan, &tools, waits) => applied,
        () = stopping => unreachable!("it only asks"),
    };
    journal.close(&applied.outcome).expect("closed");
    applied
}
