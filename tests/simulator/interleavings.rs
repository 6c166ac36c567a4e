//! Every interleaving of a few runners over two notices, with every pair of faults: none is told twice, none
//! is lost in silence, and what the ledger says is what happened.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher};

use servanda::agreement::NoticeEvent;
use servanda::calendar::{Day, Instant, read_day};
use servanda::ident::AgreementId;
use servanda::notice::delivery::{
    Change, Delivery, DeliveryGuarantee, Effect, LEASE, Message, Reply, TAKE_OVER,
};
use servanda::notice::{Address, Channel, Due, How, Identity, Key, Mark, Notice, Recipient, Record, Told};
use servanda::status::State;

/// How long what was prepared can still be submitted.
const SESSION: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

fn day(text: &str) -> Day {
    read_day(text).expect("a day")
}

fn notice(name: &str) -> Notice {
    let address = format!("{name}@client.example");
    let key = Key {
        agreement: AgreementId::new(name).expect("an id"),
        event: NoticeEvent::Activated,
        day: day("2026-02-01"),
        mark: Mark::Only,
        recipient: "client.main".to_owned(),
        channel: Channel::Mail,
    };
    let told = Told { first_day: Some(day("2026-02-01")), last_day: Some(day("2027-01-31")) };
    let identity = Identity::Contact("main".to_owned());
    let recipient = Recipient { identity, address: Address::Known(address) };
    Notice { key, planned: Instant::UNIX_EPOCH, recipient, told, state: State::Active, by_date: true }
}

/// How the names of runners begin, and nothing else does.
const NAME: &str = "run-";

/// Ledger, channel and runners.
#[derive(Clone, Debug)]
struct World {
    memorable: DeliveryGuarantee,
    records: BTreeMap<Key, Record>,
    /// What was delivered, by key, each time.
    delivered: BTreeMap<Key, u32>,
    /// The messages that the channel has.
    messages: Vec<String>,
    runners: Vec<Runner>,
    faults_left: u32,
    /// The one time that all live in.
    now: Instant,
}

#[derive(Clone, Debug, Hash)]
struct Runner {
    name: String,
    delivery: Delivery,
    demand: Effect,
    /// When it acts next, at the earliest.
    wakes: Instant,
    /// When it prepared what it is about to submit.
    prepared: Instant,
}

/// What goes wrong with one demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The runner dies before it acts.
    DiesBefore,
    /// The runner dies after it acted.
    DiesAfter,
    /// It acts and never hears of it.
    LosesAnswer,
    /// It does not act and does not know that.
    FailsUnknown,
    /// It is told no.
    Refused,
    /// It stalls, and acts much later.
    Stalls,
}

const FAULTS: [Fault; 6] = [
    Fault::DiesBefore,
    Fault::DiesAfter,
    Fault::LosesAnswer,
    Fault::FailsUnknown,
    Fault::Refused,
    Fault::Stalls,
];

impl World {
    fn new(memorable: DeliveryGuarantee, starts: &[jiff::SignedDuration], faults_left: u32) -> Self {
        let runners = starts.iter().enumerate().map(|(number, start)| {
            let name = format!("{NAME}{number}");
            let delivery = Delivery::new(name.clone(), [(Channel::Mail, memorable)]);
            let wakes = Instant::UNIX_EPOCH.checked_add(*start).expect("an instant");
            Runner { name, delivery, demand: Effect::End, wakes, prepared: wakes }
        });
        let mut runners: Vec<Runner> = runners.collect();
        for runner in &mut runners {
            runner.demand = runner.delivery.next(Reply::Go, runner.wakes);
        }
        Self {
            memorable,
            records: BTreeMap::new(),
            delivered: BTreeMap::new(),
            messages: Vec::new(),
            runners,
            faults_left,
            now: Instant::UNIX_EPOCH,
        }
    }

    fn write(&mut self, changes: &[Change]) -> Reply {
        let is = |change: &Change, record: &Option<Record>| self.records.get(&change.key) == record.as_ref();
        if changes.iter().all(|change| is(change, &Some(change.value.clone()))) {
            return Reply::Written;
        }
        if !changes.iter().all(|change| is(change, &change.expected)) {
            return Reply::Moved;
        }
        for change in changes {
            self.records.insert(change.key.clone(), change.value.clone());
        }
        Reply::Written
    }

    fn look(&self) -> Reply {
        let open = |notice: &Notice| !self.records.get(&notice.key).is_some_and(Record::is_done);
        let send = [notice("a"), notice("b")].into_iter().filter(open).collect();
        Reply::Looked(Due { send, ..Due::default() }, self.records.clone())
    }

    fn submit(&mut self, message: &Message) -> Reply {
        let is_new = !self.messages.contains(&message.name);
        if is_new || self.memorable != DeliveryGuarantee::Idempotent {
            for notice in &message.notices {
                *self.delivered.entry(notice.key.clone()).or_default() += 1;
            }
        }
        self.messages.push(message.name.clone());
        Reply::Sent(message.name.clone())
    }

    /// What the world does on a demand, and whether the runner lives to see it.
    fn act(&mut self, demand: &Effect, fault: Fault, age: jiff::SignedDuration) -> Option<Reply> {
        if fault == Fault::DiesBefore {
            return None;
        }
        let fails = |acted: Reply| match (fault, demand) {
            (Fault::LosesAnswer | Fault::FailsUnknown, Effect::Write(_)) => {
                Reply::LedgerFailed("lost".to_owned())
            }
            (Fault::LosesAnswer | Fault::FailsUnknown, _) => Reply::Unknown("lost".to_owned()),
            _ => acted,
        };
        let acts = fault != Fault::FailsUnknown;
        let reply = match demand {
            Effect::Look => self.look(),
            Effect::Write(_) if fault == Fault::Refused => Reply::Moved,
            Effect::Write(changes) => fails(if acts { self.write(changes) } else { Reply::Written }),
            Effect::Prepare(_) if fault == Fault::Refused => Reply::Refused("no".to_owned()),
            Effect::Prepare(_) => Reply::Ready,
            // Whoever stalled has lost its connection.
            Effect::Submit(_) if fault == Fault::Refused || age > SESSION => Reply::Refused("no".to_owned()),
            Effect::Submit(message) => fails(if acts { self.submit(message) } else { Reply::Go }),
            Effect::Abandon(_) => Reply::Go,
            Effect::Ask(message) if self.messages.contains(&message.name) => {
                Reply::Sent(message.name.clone())
            }
            Effect::Ask(_) => Reply::NotThere,
            Effect::End => return None,
        };
        (fault != Fault::DiesAfter).then_some(reply)
    }

    /// The world after one runner went one step.
    fn step(&self, index: usize, fault: Fault) -> Self {
        let mut next = self.clone();
        let mut runner = next.runners.remove(index);
        if fault != Fault::None {
            next.faults_left -= 1;
        }
        if fault == Fault::Stalls {
            runner.wakes = next.now.max(runner.wakes).checked_add(TAKE_OVER + LEASE).expect("an instant");
            next.runners.insert(index, runner);
            return next;
        }
        next.now = next.now.max(runner.wakes);
        runner.wakes = next.now;
        if matches!(runner.demand, Effect::Prepare(_)) {
            runner.prepared = next.now;
        }
        let age = next.now.duration_since(runner.prepared);
        if matches!(runner.demand, Effect::Submit(_)) {
            runner.prepared = Instant::UNIX_EPOCH;
        }
        if let Some(reply) = next.act(&runner.demand, fault, age) {
            runner.demand = runner.delivery.next(reply, next.now);
            if runner.demand != Effect::End {
                next.runners.insert(index, runner);
            }
        }
        // Worlds that differ only in what is past are one.
        next.runners.iter_mut().for_each(|runner| runner.wakes = runner.wakes.max(next.now));
        next
    }

    fn faults(&self, demand: &Effect) -> Vec<Fault> {
        let mut faults = vec![Fault::None];
        if self.faults_left > 0 {
            // Looking changes nothing, so that dying at it is dying after it.
            let is_write = matches!(demand, Effect::Write(_) | Effect::Submit(_));
            faults.extend(FAULTS.into_iter().filter(|fault| {
                is_write || matches!(fault, Fault::DiesAfter | Fault::Refused | Fault::Stalls)
            }));
        }
        faults
    }

    /// What must hold at every moment.
    fn check(&self) {
        for (key, times) in &self.delivered {
            assert!(*times <= 1, "{key} was told {times} times: {self:#?}");
            let says = self.records.get(key);
            let knows = matches!(says, Some(Record::Submitting { .. } | Record::Done { how: How::Sent, .. }));
            assert!(knows, "{key} was told, and the ledger says {says:?}");
        }
        for (key, record) in &self.records {
            if matches!(record, Record::Done { how: How::Sent, .. }) {
                assert!(self.delivered.contains_key(key), "{key} was never told: {self:#?}");
            }
        }
    }

    /// Runs later and without faults, until nothing is left to do; then everything is told or held.
    fn settle(mut self) {
        for turn in 1..=2 {
            let later = (TAKE_OVER + LEASE).checked_mul(10 * turn).expect("a while");
            let mut last = Self::new(self.memorable, &[later], 0).runners.remove(0);
            while last.demand != Effect::End {
                let reply = self.act(&last.demand, Fault::None, jiff::SignedDuration::ZERO);
                last.demand = last.delivery.next(reply.expect("no fault"), last.wakes);
                self.check();
            }
            let held = &last.delivery.report().held;
            for notice in [notice("a"), notice("b")] {
                let is_done = self.records.get(&notice.key).is_some_and(Record::is_done);
                let is_held = held.contains(&notice.key);
                assert!(is_done != is_held, "{} is neither told nor held, or both: {self:#?}", notice.key);
                assert!(
                    !is_held || self.memorable == DeliveryGuarantee::AtMostOnce,
                    "{} is held for no reason",
                    notice.key
                );
            }
        }
    }
}

/// Runners differ in their names alone. A hash that takes each name for the place at which it was first met (or, where
/// no places are kept, all names for one) is the same for worlds in which they only change places.
struct Nameless {
    hasher: DefaultHasher,
    met: Option<Vec<Vec<u8>>>,
}

impl Nameless {
    /// The place of a runner's name, where it was met.
    fn place(&self, name: &str) -> usize {
        let mut met = self.met.iter().flatten();
        met.position(|known| known == name.as_bytes()).unwrap_or(usize::MAX)
    }
}

impl Hasher for Nameless {
    fn write(&mut self, bytes: &[u8]) {
        if !bytes.starts_with(NAME.as_bytes()) {
            return self.hasher.write(bytes);
        }
        let place = self.met.as_mut().map_or(0, |met| {
            met.iter().position(|known| known == bytes).unwrap_or_else(|| {
                met.push(bytes.to_owned());
                met.len() - 1
            })
        });
        self.hasher.write_usize(place);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

impl World {
    /// One number for all worlds that are this one but for who is who.
    fn name(&self) -> u64 {
        let mut hasher = Nameless { hasher: DefaultHasher::new(), met: Some(Vec::new()) };
        let Self { memorable, records, delivered, messages, runners, faults_left, now } = self;
        (memorable, records, delivered, messages, faults_left, now).hash(&mut hasher);
        let look = |runner: &Runner| {
            let mut blank = Nameless { hasher: DefaultHasher::new(), met: None };
            runner.hash(&mut blank);
            (blank.finish(), hasher.place(&runner.name))
        };
        let mut sorted: Vec<_> = runners.iter().map(|runner| (look(runner), runner)).collect();
        sorted.sort_by_key(|(look, _)| *look);
        for (_, runner) in sorted {
            runner.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// How many schedules there are from here on. Worlds that were seen before are not walked again.
fn explore(world: World, seen: &mut BTreeMap<u64, u128>) -> u128 {
    let name = world.name();
    if let Some(known) = seen.get(&name) {
        return *known;
    }
    world.check();
    let mut schedules = 0;
    for index in 0..world.runners.len() {
        for fault in world.faults(&world.runners[index].demand) {
            schedules += explore(world.step(index, fault), seen);
        }
    }
    if world.runners.is_empty() {
        world.settle();
        schedules = 1;
    }
    seen.insert(name, schedules);
    schedules
}

/// Walks every schedule of runners that start so many minutes apart, with so many faults.
pub(crate) fn enumerate(starts: &[i64], faults: u32) {
    let waits: Vec<_> = starts.iter().map(|minutes| jiff::SignedDuration::from_mins(*minutes)).collect();
    for memorable in
        [DeliveryGuarantee::AtMostOnce, DeliveryGuarantee::Idempotent, DeliveryGuarantee::Queryable]
    {
        let mut seen = BTreeMap::new();
        let schedules = explore(World::new(memorable, &waits, faults), &mut seen);
        let worlds = seen.len();
        println!(
            "runners at {starts:?} min, up to {faults} faults, {memorable:?}: {schedules} schedules, {worlds} worlds, 0 violations"
        );
        assert!(schedules > 100);
    }
}
