//! Weeks of runs over agreements that change: late, missing, doubled, killed at any step, stalled for days, with
//! lost answers and refusals. None is told twice; none is lost in silence; what the ledger says is what happened.

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
    Change, Delivery, DeliveryGuarantee, Effect, Message, Reply, TAKE_OVER, may_submit,
};
use servanda::notice::due::beginning;
use servanda::notice::event::Kin;
use servanda::notice::{Beginning, Channel, Fact, How, Key, Memory, Record, Setting, due, occasions};
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

/// The estate that all schedules begin with.
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
        basis: check::Basis::of(of_kind(DocumentKind::Settings), of_kind(DocumentKind::Catalog), &[]),
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

/// How often what goes wrong, of a thousand steps.
#[derive(Clone, Copy)]
struct Weather {
    dies: u64,
    loses: u64,
    refuses: u64,
    stalls: u64,
}

const CALM: Weather = Weather { dies: 0, loses: 0, refuses: 0, stalls: 0 };
const MILD: Weather = Weather { dies: 1, loses: 1, refuses: 10, stalls: 1 };
const HEAVY: Weather = Weather { dies: 50, loses: 50, refuses: 50, stalls: 50 };

struct Runner {
    delivery: Delivery,
    demand: Effect,
    wakes: Instant,
    prepared: Instant,
}

/// How the ledger takes what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// Where what was there is what the writer takes to be there.
    Compares,
    /// Always, which is a flaw that has to be found.
    Forgets,
}

struct World<'a> {
    estate: &'a Estate,
    agreements: Vec<Agreement>,
    random: Random,
    memorable: DeliveryGuarantee,
    weather: Weather,
    now: Instant,
    beginning: Beginning,
    records: BTreeMap<Key, Record>,
    ledger: Ledger,
    delivered: BTreeMap<Key, u32>,
    messages: BTreeSet<String>,
    runners: Vec<Runner>,
    runs: u32,
    held: BTreeSet<Key>,
    trace: Option<String>,
    /// Whether each step is told as it is made.
    is_told: bool,
}

/// What a schedule came to.
#[derive(Default)]
struct Tally {
    sent: u64,
    superseded: u64,
    late: u64,
    held: u64,
}

impl World<'_> {
    fn tell(&mut self, text: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = text(self);
            let now = self.now;
            if self.is_told {
                println!("{now} {line}");
            }
            if let Some(trace) = &mut self.trace {
                writeln!(trace, "{now} {line}").expect("a string takes all that is written");
            }
        }
    }

    fn ask<T>(&mut self, question: impl FnOnce(&Setting<'_>) -> T) -> T {
        let confirmed = self.weather.refuses == 0 || !self.random.chance(100);
        let fact = if confirmed { Fact::AsTold } else { Fact::Unconfirmed };
        question(&Setting {
            agreements: &self.agreements,
            catalog: &self.estate.catalog,
            usual: USUAL,
            late_after: jiff::SignedDuration::from_hours(72),
            channels: &[Channel::Mail],
            at: self.now,
            fact: &|_| fact,
            is_edited: &|_| false,
            address: &|_| None,
            hide: &str::to_owned,
        })
    }

    fn look(&mut self) -> Reply {
        let memory = Memory { beginning: self.beginning.clone(), records: self.records.clone() };
        let due = self.ask(|setting| due(setting, &memory));
        Reply::Looked(due, memory.records)
    }

    fn write(&mut self, changes: &[Change]) -> Reply {
        let is = |record: Option<&Record>, change: &Change| self.records.get(&change.key) == record;
        if changes.iter().all(|change| is(Some(&change.value), change)) {
            return Reply::Written;
        }
        let is_expected = |change: &Change| is(change.expected.as_ref(), change);
        if self.ledger == Ledger::Compares && !changes.iter().all(is_expected) {
            return Reply::Moved;
        }
        for change in changes {
            let before = self.records.insert(change.key.clone(), change.value.clone());
            assert!(!before.is_some_and(|before| before.is_done()), "{} was over already", change.key);
        }
        Reply::Written
    }

    fn submit(&mut self, message: &Message) -> Reply {
        if self.messages.insert(message.name.clone()) || self.memorable != DeliveryGuarantee::Idempotent {
            for notice in &message.notices {
                let times = self.delivered.entry(notice.key.clone()).or_default();
                *times += 1;
                assert!(*times == 1, "{} was told {times} times", notice.key);
            }
        }
        Reply::Sent(message.name.clone())
    }

    fn start(&mut self) {
        self.runs += 1;
        let mut delivery = Delivery::new(format!("run-{}", self.runs), [(Channel::Mail, self.memorable)]);
        let demand = delivery.next(Reply::Go, self.now);
        self.runners.push(Runner { delivery, demand, wakes: self.now, prepared: self.now });
    }

    /// One step of one runner, and what goes wrong with it.
    fn step(&mut self, index: usize) {
        let mut runner = self.runners.swap_remove(index);
        let weather = self.weather;
        if self.random.chance(weather.stalls) {
            let minutes = i64::try_from(self.random.below(4000)).expect("few");
            runner.wakes = self.now + jiff::SignedDuration::from_mins(minutes);
            self.tell(|_| format!("a runner sleeps for {minutes} min"));
            self.runners.push(runner);
            return;
        }
        let dies = self.random.chance(weather.dies);
        if dies && self.random.chance(500) {
            self.tell(|_| format!("a runner dies before {}", kind(&runner.demand)));
            return;
        }
        let (loses, refused) = (self.random.chance(weather.loses), self.random.chance(weather.refuses));
        let acts = !loses || self.random.chance(500);
        if matches!(runner.demand, Effect::Prepare(_)) {
            runner.prepared = self.now;
        }
        let is_dead = !may_submit(runner.prepared, self.now);
        let reply = match &runner.demand {
            Effect::Look => self.look(),
            Effect::Write(_) if refused => Reply::Moved,
            Effect::Write(changes) => {
                let done = if acts { self.write(changes) } else { Reply::Go };
                if loses { Reply::LedgerFailed("lost".to_owned()) } else { done }
            }
            Effect::Prepare(_) if refused => Reply::Refused("no".to_owned()),
            Effect::Prepare(_) => Reply::Ready,
            Effect::Submit(_) if refused || is_dead => Reply::Refused("no".to_owned()),
            Effect::Submit(message) => {
                let done = if acts { self.submit(message) } else { Reply::Go };
                if loses { Reply::Unknown("lost".to_owned()) } else { done }
            }
            Effect::Abandon(_) => Reply::Go,
            Effect::Ask(_) if loses => Reply::Unknown("lost".to_owned()),
            Effect::Ask(message) if self.messages.contains(&message.name) => {
                Reply::Sent(message.name.clone())
            }
            Effect::Ask(_) => Reply::NotThere,
            Effect::End => return,
        };
        self.tell(|_| format!("{} -> {}", kind(&runner.demand), outcome(&reply)));
        if dies {
            self.tell(|_| "a runner dies after it".to_owned());
            return;
        }
        runner.demand = runner.delivery.next(reply, self.now);
        if runner.demand == Effect::End {
            self.held = runner.delivery.report().held.iter().cloned().collect();
        } else {
            self.runners.push(runner);
        }
    }

    /// Lets all runners that are awake go on until none is.
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

    /// People change their files.
    fn edit(&mut self) {
        let ends = &mut self.agreements[2];
        debug_assert_eq!(ends.id.as_str(), "ends");
        let today = ends.zone.day_of(self.now);
        let days = i32::try_from(self.random.below(60)).expect("few");
        let last_day = today.checked_add(jiff::Span::new().days(days)).expect("a day");
        if self.random.chance(300) {
            let at = ends.zone.start_of(last_day.tomorrow().expect("a day"));
            ends.termination = Some(Termination { at, last_day, reason: None });
        } else {
            ends.termination = None;
            ends.period.end = PeriodEnd::LastDay(last_day);
        }
        self.tell(|world| {
            format!("an edit: ends on {last_day} ({})", world.agreements[2].termination.is_some())
        });
    }

    fn live(&mut self) {
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
        // Then the weather is fine for as long as it takes to settle what can be settled.
        self.weather = CALM;
        let end = self.now + jiff::SignedDuration::from_hours(24 * 4);
        self.run_until(end);
        for _ in 0..3 {
            self.start();
            let next = self.now + TAKE_OVER + jiff::SignedDuration::from_hours(2);
            self.run_until(next);
        }
    }

    /// What must hold in the end.
    fn judge(&mut self) -> Tally {
        let mut tally = Tally::default();
        for (key, record) in &self.records {
            let was_told = self.delivered.contains_key(key);
            match record {
                Record::Done { how: How::Sent, .. } => {
                    assert!(was_told, "{key} was never told, and the ledger says that it was");
                    tally.sent += 1;
                }
                Record::Done { how: How::Superseded, told, .. } => {
                    assert!(
                        !was_told || told.is_some(),
                        "{key} was told, and the ledger says that it was not"
                    );
                    tally.superseded += 1;
                }
                Record::Done { how: How::Late, .. } => {
                    assert!(!was_told, "{key} was told, and the ledger says that it was too late");
                    tally.late += 1;
                }
                Record::Submitting { .. } => {
                    assert!(self.memorable == DeliveryGuarantee::AtMostOnce, "{key} is held for no reason");
                    assert!(self.held.contains(key), "{key} is held, and nobody says so");
                    tally.held += 1;
                }
                Record::Claimed { .. } | Record::Waiting { .. } => panic!("{key} is left: {record:?}"),
            }
        }
        for key in self.delivered.keys() {
            assert!(self.records.contains_key(key), "{key} was told, and nobody remembers");
        }
        let memory = Memory { beginning: self.beginning.clone(), records: self.records.clone() };
        let left = self.ask(|setting| due(setting, &memory));
        assert!(left.waiting.is_empty() && left.settle.is_empty(), "something is still due: {left:?}");
        self.judge_silence();
        tally
    }

    /// Every occasion has ended in a way that somebody can read.
    fn judge_silence(&self) {
        let kin = Kin::of(&self.agreements);
        for agreement in &self.agreements {
            let past = self.beginning.past.get(&agreement.id);
            for occasion in occasions(agreement, &kin, USUAL, self.now) {
                let is_past = past.is_some_and(|past| past.contains(&Beginning::name(&occasion)));
                let state = state_at(agreement, self.now).0;
                // Ahead of a day nothing is said while an agreement rests.
                let rests = occasion.tells.is_none() && matches!(state, State::Planned | State::Suspended);
                let is_known = self.records.keys().any(|key| {
                    key.agreement == agreement.id
                        && (key.event, key.day, key.mark) == (occasion.event, occasion.day, occasion.mark)
                });
                assert!(is_past || rests || is_known, "{}: {occasion:?} was lost in silence", agreement.id);
            }
        }
    }
}

fn kind(demand: &Effect) -> String {
    match demand {
        Effect::Write(changes) => format!("write of {} ({})", changes.len(), changes[0].key),
        Effect::Prepare(message) => format!("prepare {}", message.name),
        Effect::Submit(message) => format!("submit {}", message.name),
        Effect::Abandon(message) => format!("abandon {}", message.name),
        Effect::Ask(message) => format!("ask {}", message.name),
        Effect::Look => "look".to_owned(),
        Effect::End => "end".to_owned(),
    }
}

fn outcome(reply: &Reply) -> String {
    match reply {
        Reply::Looked(due, _) => format!(
            "{} to send, {} wait, {} over, {} held",
            due.send.len(),
            due.waiting.len(),
            due.settle.len(),
            due.held.len()
        ),
        other => format!("{other:?}"),
    }
}

/// One schedule, by its seed alone.
fn schedule(estate: &Estate, ledger: Ledger, seed: u64, traced: bool, is_told: bool) -> (Tally, String) {
    let mut random = Random::of(seed);
    let memorable =
        [DeliveryGuarantee::AtMostOnce, DeliveryGuarantee::Idempotent, DeliveryGuarantee::Queryable]
            [usize::try_from(seed % 3).expect("few")];
    let weather = if random.chance(500) { HEAVY } else { MILD };
    let mut world = World {
        estate,
        agreements: estate.agreements.clone(),
        random,
        memorable,
        weather,
        now: instant("2026-01-10T05:00:00Z"),
        beginning: Beginning::default(),
        records: BTreeMap::new(),
        ledger,
        delivered: BTreeMap::new(),
        messages: BTreeSet::new(),
        runners: Vec::new(),
        runs: 0,
        held: BTreeSet::new(),
        trace: traced.then(String::new),
        is_told,
    };
    world.agreements.sort_by_key(|agreement| {
        ["after", "before", "ends", "rolls"].iter().position(|id| *id == agreement.id.as_str())
    });
    world.beginning = world.ask(beginning);
    world.live();
    let tally = world.judge();
    (tally, world.trace.unwrap_or_default())
}

/// Tells one schedule step by step.
pub(crate) fn replay(seed: u64, ledger: Ledger) -> ExitCode {
    let (tally, _) = schedule(&estate(), ledger, seed, true, true);
    println!(
        "seed {seed}: {} sent, {} superseded, {} late, {} held",
        tally.sent, tally.superseded, tally.late, tally.held
    );
    ExitCode::SUCCESS
}

/// Tries so many schedules on all cores.
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
                    all.held += tally.held;
                }
                Ok(all)
            })
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().expect("it says what failed")).collect::<Vec<_>>()
    });
    let mut all = Tally::default();
    for tally in tried {
        match tally {
            Ok(tally) => {
                all.sent += tally.sent;
                all.superseded += tally.superseded;
                all.late += tally.late;
                all.held += tally.held;
            }
            Err(seed) => {
                println!(
                    "seed {seed} fails; `cargo test --test simulator -- --seed {seed}` tells it step by step"
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{schedules} schedules of {DAYS} days: {} sent, {} superseded, {} too late, {} held and reported; 0 doubled, 0 lost",
        all.sent, all.superseded, all.late, all.held
    );
    ExitCode::SUCCESS
}
