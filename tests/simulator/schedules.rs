//! Simulates weeks of runs over agreements that change. Runs are late, missing, concurrent, killed at any step or stalled
//! for days, and replies are lost or refused. No notice is sent twice, none is lost silently, and the ledger agrees with
//! the channel.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use servanda::agreement::{Agreement, PeriodEnd, Termination};
use servanda::calendar::{Instant, TimeOfDay};
use servanda::catalog::Catalog;
use servanda::check;
use servanda::diagnostic::{Diagnostics, Sources};
use servanda::document::{self, DocumentKind};
use servanda::notice::delivery::{
    Delivery, DeliveryGuarantee, Effect, Message, RecordChange, Reply, TAKEOVER_AFTER, may_submit,
};
use servanda::notice::due::past_events;
use servanda::notice::event::Succession;
use servanda::notice::{
    Channel, Confirmation, DueInput, NoticeKey, NoticeRecord, NoticeRecords, NoticeResult, PastEvents, due,
    scheduled_events,
};
use servanda::status::{State, state_at};
use servanda::template::Library;

use crate::random::Random;

const USUAL: TimeOfDay = TimeOfDay::constant(9, 0, 0, 0);
const DAYS: i64 = 30;

const SETTINGS: &str = "timezone: Europe/Moscow\nmail: { url: 'smtp://localhost', from: 'sd@acme.example', allow: { domains: [acme.example, client.example] } }\n";
const CATALOG: &str = "
clients:
  mayak: { title: Маяк, contacts: { main: { email: main@client.example }, boss: { email: boss@client.example } } }
services: { email: { title: Почта }, vpn: { title: VPN }, phone: { title: Телефон } }
managers: { ira: { title: Ира, email: ira@acme.example } }
";
const AGREEMENTS: [(&str, &str); 4] = [
    (
        "ends",
        "period: { first_day: 2026-01-20, last_day: 2026-03-10 }\nsuspensions: [{ from: 2026-02-03, until: 2026-02-05, reason: rest }]\nservices: { vpn: true }",
    ),
    ("before", "period: { first_day: 2025-08-01, last_day: 2026-01-31 }\nservices: { email: true }"),
    (
        "after",
        "period: { first_day: 2026-02-01, last_day: 2026-02-20 }\nrenews: before\nservices: { email: true }",
    ),
    (
        "rolls",
        "period: { first_day: 2025-11-15, term: 1mo }\nrenewal: { mode: auto, term: 1mo, notice_period: 7d }\nservices: { phone: true }",
    ),
];
const NOTICES: &str = "
client: mayak
manager: ira
notices:
  activated: { to: [client, manager] }
  deactivated: { to: [client, manager] }
  expiring: { before: [30d, 7d, 1d], to: [client, manager] }
  notice_deadline: { before: [3d], to: [manager] }
";

/// The agreements and the catalog with which all schedules begin.
struct Estate {
    agreements: Vec<Agreement>,
    catalog: Catalog,
}

fn instant(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn estate() -> Estate {
    let mut sources = Sources::default();
    let mut documents = Vec::new();
    let files = AGREEMENTS.map(|(name, own)| (format!("agreements/{name}.yaml"), format!("{own}{NOTICES}")));
    let fixed = [("servanda.yaml", SETTINGS), ("catalog.yaml", CATALOG)];
    let fixed = fixed.map(|(path, text)| (path.to_owned(), text.to_owned()));
    for (path, text) in fixed.into_iter().chain(files) {
        let kind = document::kind_of(&path).expect("a known place");
        let (id, fault) = document::add_source(&mut sources, &path, text.into_bytes());
        assert!(fault.is_none(), "{path}: {fault:?}");
        documents.push((id, kind));
    }
    let mut faults = Diagnostics::default();
    let documents = documents.into_iter().map(|(id, kind)| {
        let (document, found) = document::read(&sources, id, kind);
        faults.extend(found);
        document
    });
    let (agreements, others): (Vec<_>, Vec<_>) =
        documents.partition(|document| document.kind == DocumentKind::Agreement);
    let of_kind = |kind| others.iter().find(|document| document.kind == kind);
    let (library, _) = Library::new(&[]);
    let resolved: Vec<_> = agreements.iter().flat_map(|document| library.resolve(document).0).collect();
    let estate = check::CheckInput {
        basis: check::Basis::read(of_kind(DocumentKind::Settings), of_kind(DocumentKind::Catalog), &[]),
        agreements: &resolved,
        unread: BTreeSet::new(),
        diagnostics: faults,
        judged: Vec::new(),
    };
    let checked = check::check(estate, &sources, instant("2026-01-10T06:00:00Z"));
    let said = servanda::render::diagnostics::text(
        &checked.diagnostics,
        &sources,
        servanda::render::Paint { colour: false, width: 100 },
    );
    assert!(!checked.diagnostics.has_errors(), "{said}");
    Estate { agreements: checked.agreements, catalog: checked.catalog }
}

/// The probability of each fault in a step, in thousandths.
#[derive(Clone, Copy)]
struct FaultRates {
    dies: u64,
    loses: u64,
    refuses: u64,
    stalls: u64,
}

const NONE: FaultRates = FaultRates { dies: 0, loses: 0, refuses: 0, stalls: 0 };
const LOW: FaultRates = FaultRates { dies: 1, loses: 1, refuses: 10, stalls: 1 };
const HIGH: FaultRates = FaultRates { dies: 50, loses: 50, refuses: 50, stalls: 50 };

struct Runner {
    delivery: Delivery,
    effect: Effect,
    wakes: Instant,
    prepared: Instant,
}

/// How the ledger writes changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// With compare-and-set.
    Compares,
    /// Without it, which is a flaw that the simulator must find.
    Overwrites,
}

struct Simulation<'a> {
    estate: &'a Estate,
    agreements: Vec<Agreement>,
    random: Random,
    guarantee: DeliveryGuarantee,
    rates: FaultRates,
    now: Instant,
    past: PastEvents,
    records: BTreeMap<NoticeKey, NoticeRecord>,
    ledger: Ledger,
    delivered: BTreeMap<NoticeKey, u32>,
    messages: BTreeSet<String>,
    runners: Vec<Runner>,
    runs: u32,
    in_doubt: BTreeSet<NoticeKey>,
    trace: Option<String>,
    /// Whether each step is printed at once, so that a failing schedule shows them.
    is_printed: bool,
}

/// The results of a schedule.
#[derive(Default)]
struct Tally {
    sent: u64,
    superseded: u64,
    late: u64,
    in_doubt: u64,
}

impl Simulation<'_> {
    fn trace(&mut self, text: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = text(self);
            let now = self.now;
            if self.is_printed {
                println!("{now} {line}");
            }
            if let Some(trace) = &mut self.trace {
                writeln!(trace, "{now} {line}").expect("writing to a string cannot fail");
            }
        }
    }

    fn with_input<T>(&mut self, question: impl FnOnce(&DueInput<'_>) -> T) -> T {
        let confirmed = self.rates.refuses == 0 || !self.random.chance(100);
        let confirmation = if confirmed { Confirmation::AsDesired } else { Confirmation::Unconfirmed };
        question(&DueInput {
            agreements: &self.agreements,
            everywhere: &[],
            catalog: &self.estate.catalog,
            usual: USUAL,
            late_after: jiff::SignedDuration::from_hours(72),
            channels: &[Channel::Mail],
            at: self.now,
            confirmation: &|_| confirmation,
            is_edited: &|_| false,
            address: &|_| None,
            hide: &str::to_owned,
        })
    }

    fn look(&mut self) -> Reply {
        let records = NoticeRecords { past: self.past.clone(), records: self.records.clone() };
        let due = self.with_input(|input| due(input, &records));
        Reply::Due(due, records.records)
    }

    fn write(&mut self, changes: &[RecordChange]) -> Reply {
        let is =
            |record: Option<&NoticeRecord>, change: &RecordChange| self.records.get(&change.key) == record;
        if changes.iter().all(|change| is(Some(&change.value), change)) {
            return Reply::Written;
        }
        let is_expected = |change: &RecordChange| is(change.expected.as_ref(), change);
        if self.ledger == Ledger::Compares && !changes.iter().all(is_expected) {
            return Reply::Conflict;
        }
        for change in changes {
            let before = self.records.insert(change.key.clone(), change.value.clone());
            assert!(!before.is_some_and(|before| before.is_done()), "{} was already final", change.key);
        }
        Reply::Written
    }

    fn submit(&mut self, message: &Message) -> Reply {
        if self.messages.insert(message.name.clone()) || self.guarantee != DeliveryGuarantee::Idempotent {
            for notice in &message.notices {
                let times = self.delivered.entry(notice.key.clone()).or_default();
                *times += 1;
                assert!(*times == 1, "{} was sent {times} times", notice.key);
            }
        }
        Reply::Sent(message.name.clone())
    }

    fn start(&mut self) {
        self.runs += 1;
        let mut delivery = Delivery::new(format!("run-{}", self.runs), [(Channel::Mail, self.guarantee)]);
        let effect = delivery.next(Reply::Continue, self.now);
        self.runners.push(Runner { delivery, effect, wakes: self.now, prepared: self.now });
    }

    /// One step of one runner, with its faults.
    fn step(&mut self, index: usize) {
        let mut runner = self.runners.swap_remove(index);
        let rates = self.rates;
        if self.random.chance(rates.stalls) {
            let minutes = i64::try_from(self.random.below(4000)).expect("few");
            runner.wakes = self.now + jiff::SignedDuration::from_mins(minutes);
            self.trace(|_| format!("a runner stalls for {minutes} min"));
            self.runners.push(runner);
            return;
        }
        let dies = self.random.chance(rates.dies);
        if dies && self.random.chance(500) {
            self.trace(|_| format!("a runner dies before {}", effect_text(&runner.effect)));
            return;
        }
        let (loses, refused) = (self.random.chance(rates.loses), self.random.chance(rates.refuses));
        let acts = !loses || self.random.chance(500);
        if matches!(runner.effect, Effect::Prepare(_)) {
            runner.prepared = self.now;
        }
        let is_dead = !may_submit(runner.prepared, self.now);
        let reply = match &runner.effect {
            Effect::ReadDue => self.look(),
            Effect::Write(_) if refused => Reply::Conflict,
            Effect::Write(changes) => {
                let done = if acts { self.write(changes) } else { Reply::Continue };
                if loses { Reply::LedgerFailed("lost".to_owned()) } else { done }
            }
            Effect::Prepare(_) if refused => Reply::Refused("no".to_owned()),
            Effect::Prepare(_) => Reply::Prepared,
            Effect::Submit(_) if refused || is_dead => Reply::Refused("no".to_owned()),
            Effect::Submit(message) => {
                let done = if acts { self.submit(message) } else { Reply::Continue };
                if loses { Reply::Unknown("lost".to_owned()) } else { done }
            }
            Effect::Abandon(_) => Reply::Continue,
            Effect::Query(_) if loses => Reply::Unknown("lost".to_owned()),
            Effect::Query(message) if self.messages.contains(&message.name) => {
                Reply::Sent(message.name.clone())
            }
            Effect::Query(_) => Reply::NotFound,
            Effect::End => return,
        };
        self.trace(|_| format!("{} -> {}", effect_text(&runner.effect), reply_text(&reply)));
        if dies {
            self.trace(|_| "a runner dies after it".to_owned());
            return;
        }
        runner.effect = runner.delivery.next(reply, self.now);
        if runner.effect == Effect::End {
            self.in_doubt = runner.delivery.report().in_doubt.iter().cloned().collect();
        } else {
            self.runners.push(runner);
        }
    }

    /// Runs all runners that are awake, until none is.
    fn run_until(&mut self, end: Instant) {
        loop {
            let awake: Vec<usize> =
                (0..self.runners.len()).filter(|index| self.runners[*index].wakes <= self.now).collect();
            if awake.is_empty() {
                match self.runners.iter().map(|runner| runner.wakes).min().filter(|wakes| *wakes <= end) {
                    Some(wakes) => self.now = self.now.max(wakes),
                    None => break,
                }
                continue;
            }
            let chosen = self.random.below(awake.len() as u64);
            self.step(awake[usize::try_from(chosen).expect("few")]);
            self.now += jiff::SignedDuration::from_secs(i64::try_from(self.random.below(20)).expect("few"));
        }
        self.now = self.now.max(end);
    }

    /// Edits the last day or the termination of an agreement.
    fn edit(&mut self) {
        let ends = &mut self.agreements[2];
        debug_assert_eq!(ends.id.as_str(), "ends");
        let today = ends.zone.day_of(self.now);
        let days = i32::try_from(self.random.below(60)).expect("few");
        let last_day = today.checked_add(jiff::Span::new().days(days)).expect("a day");
        if self.random.chance(300) {
            let at = ends.zone.start_of(last_day.tomorrow().expect("a day"));
            ends.termination = Some(Box::new(Termination { at, last_day, reason: None, is_of_entry: false }));
        } else {
            ends.termination = None;
            ends.period.end = PeriodEnd::LastDay(last_day);
        }
        self.trace(|simulation| {
            format!("an edit: ends on {last_day} ({})", simulation.agreements[2].termination.is_some())
        });
    }

    fn run(&mut self) {
        let start = self.now;
        for day in 0..DAYS {
            let morning = start + jiff::SignedDuration::from_hours(24 * day);
            let late = i64::try_from(self.random.below(700)).expect("few");
            self.run_until(morning + jiff::SignedDuration::from_mins(late));
            if self.random.chance(60) {
                self.edit();
            }
            for _ in 0..[0, 1, 1, 1, 1, 1, 1, 2, 2, 3][usize::try_from(self.random.below(10)).expect("few")] {
                self.start();
            }
        }
        // Then a few runs without faults settle everything that can be settled.
        self.rates = NONE;
        let end = self.now + jiff::SignedDuration::from_hours(24 * 4);
        self.run_until(end);
        for _ in 0..3 {
            self.start();
            let next = self.now + TAKEOVER_AFTER + jiff::SignedDuration::from_hours(2);
            self.run_until(next);
        }
    }

    /// Checks the invariants at the end.
    fn check(&mut self) -> Tally {
        let mut tally = Tally::default();
        for (key, record) in &self.records {
            let was_sent = self.delivered.contains_key(key);
            match record {
                NoticeRecord::Done { result: NoticeResult::Sent, .. } => {
                    assert!(was_sent, "{key} was never sent, and the ledger says it was");
                    tally.sent += 1;
                }
                NoticeRecord::Done { result: NoticeResult::Superseded, announced, .. } => {
                    assert!(
                        !was_sent || announced.is_some(),
                        "{key} was sent, and the ledger says it was not"
                    );
                    tally.superseded += 1;
                }
                NoticeRecord::Done { result: NoticeResult::Late, .. } => {
                    assert!(!was_sent, "{key} was sent, and the ledger says it was late");
                    tally.late += 1;
                }
                NoticeRecord::Submitting { .. } => {
                    assert!(
                        self.guarantee == DeliveryGuarantee::AtMostOnce,
                        "{key} is in doubt without reason"
                    );
                    assert!(self.in_doubt.contains(key), "{key} is in doubt, and no run reported it");
                    tally.in_doubt += 1;
                }
                NoticeRecord::Claimed { .. } | NoticeRecord::Deferred { .. } => {
                    panic!("{key} is not final: {record:?}")
                }
            }
        }
        for key in self.delivered.keys() {
            assert!(self.records.contains_key(key), "{key} was sent, and has no record");
        }
        let records = NoticeRecords { past: self.past.clone(), records: self.records.clone() };
        let left = self.with_input(|input| due(input, &records));
        assert!(left.deferred.is_empty() && left.settle.is_empty(), "something is still due: {left:?}");
        self.check_no_silent_loss();
        tally
    }

    /// Checks that every event is past, skipped or recorded.
    fn check_no_silent_loss(&self) {
        let succession = Succession::of(&self.agreements);
        for agreement in &self.agreements {
            let past = self.past.by_agreement.get(&agreement.id);
            for event in scheduled_events(agreement, &succession, USUAL, self.now) {
                let is_past = past.is_some_and(|past| past.contains(&event.name()));
                let state = state_at(agreement, self.now).0;
                // No reminders are sent before the beginning and during a suspension.
                let is_skipped =
                    event.new_state.is_none() && matches!(state, State::Planned | State::Suspended);
                let is_known = self.records.keys().any(|key| {
                    key.agreement == agreement.id
                        && (key.event, key.day, key.variant) == (event.event, event.day, event.variant)
                });
                assert!(is_past || is_skipped || is_known, "{}: {event:?} was lost silently", agreement.id);
            }
        }
    }
}

fn effect_text(effect: &Effect) -> String {
    match effect {
        Effect::Write(changes) => format!("write of {} ({})", changes.len(), changes[0].key),
        Effect::Prepare(message) => format!("prepare {}", message.name),
        Effect::Submit(message) => format!("submit {}", message.name),
        Effect::Abandon(message) => format!("abandon {}", message.name),
        Effect::Query(message) => format!("query {}", message.name),
        Effect::ReadDue => "read".to_owned(),
        Effect::End => "end".to_owned(),
    }
}

fn reply_text(reply: &Reply) -> String {
    match reply {
        Reply::Due(due, _) => format!(
            "{} to send, {} deferred, {} settled, {} orphaned",
            due.send.len(),
            due.deferred.len(),
            due.settle.len(),
            due.orphaned.len()
        ),
        other => format!("{other:?}"),
    }
}

/// Runs the schedule of a seed.
fn schedule(estate: &Estate, ledger: Ledger, seed: u64, traced: bool, is_printed: bool) -> (Tally, String) {
    let mut random = Random::of(seed);
    let guarantee =
        [DeliveryGuarantee::AtMostOnce, DeliveryGuarantee::Idempotent, DeliveryGuarantee::Queryable]
            [usize::try_from(seed % 3).expect("few")];
    let rates = if random.chance(500) { HIGH } else { LOW };
    let mut simulation = Simulation {
        estate,
        agreements: estate.agreements.clone(),
        random,
        guarantee,
        rates,
        now: instant("2026-01-10T05:00:00Z"),
        past: PastEvents::default(),
        records: BTreeMap::new(),
        ledger,
        delivered: BTreeMap::new(),
        messages: BTreeSet::new(),
        runners: Vec::new(),
        runs: 0,
        in_doubt: BTreeSet::new(),
        trace: traced.then(String::new),
        is_printed,
    };
    simulation.agreements.sort_by_key(|agreement| {
        ["after", "before", "ends", "rolls"].iter().position(|id| *id == agreement.id.as_str())
    });
    simulation.past = simulation.with_input(past_events);
    simulation.run();
    let tally = simulation.check();
    (tally, simulation.trace.unwrap_or_default())
}

/// Prints one schedule step by step.
pub(crate) fn replay(seed: u64, ledger: Ledger) -> ExitCode {
    let (tally, _) = schedule(&estate(), ledger, seed, true, true);
    println!(
        "seed {seed}: {} sent, {} superseded, {} late, {} in doubt",
        tally.sent, tally.superseded, tally.late, tally.in_doubt
    );
    ExitCode::SUCCESS
}

/// Runs so many schedules on all cores.
pub(crate) fn simulate(schedules: u64, ledger: Ledger) -> ExitCode {
    let estate = estate();
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let tried = std::thread::scope(|scope| {
        let workers = (0..cores).map(|core| {
            let estate = &estate;
            scope.spawn(move || {
                let mut all = Tally::default();
                for seed in (core..schedules).step_by(usize::try_from(cores).expect("few")) {
                    let tried = std::panic::catch_unwind(|| schedule(estate, ledger, seed, false, false).0);
                    let Ok(tally) = tried else { return Err(seed) };
                    all.sent += tally.sent;
                    all.superseded += tally.superseded;
                    all.late += tally.late;
                    all.in_doubt += tally.in_doubt;
                }
                Ok(all)
            })
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect::<Vec<_>>()
    });
    let mut all = Tally::default();
    for tally in tried {
        match tally {
            Ok(tally) => {
                all.sent += tally.sent;
                all.superseded += tally.superseded;
                all.late += tally.late;
                all.in_doubt += tally.in_doubt;
            }
            Err(seed) => {
                println!(
                    "seed {seed} fails; `cargo test --test simulator -- --seed {seed}` prints it step by step"
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{schedules} schedules of {DAYS} days: {} sent, {} superseded, {} late, {} in doubt and reported; 0 doubled, 0 lost",
        all.sent, all.superseded, all.late, all.in_doubt
    );
    ExitCode::SUCCESS
}
