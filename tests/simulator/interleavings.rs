//! Enumerates every interleaving of a few runners over two notices, with every pair of faults. No notice is sent twice,
//! none is lost silently, and the ledger agrees with the channel. Symmetric states are deduplicated.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher};

use servanda::agreement::NoticeEvent;
use servanda::calendar::{Day, Instant, read_day};
use servanda::ident::AgreementId;
use servanda::notice::delivery::{
    Delivery, DeliveryGuarantee, Effect, LEASE, Message, PREPARED_EXPIRY, RecordChange, Reply, TAKEOVER_AFTER,
};
use servanda::notice::{
    AnnouncedDays, Channel, DueNotices, Identity, MailAddress, Notice, NoticeKey, NoticeRecord, NoticeResult,
    Recipient, Variant,
};
use servanda::status::State;

fn day(text: &str) -> Day {
    read_day(text).expect("a day")
}

fn notice(name: &str) -> Notice {
    let address = format!("{name}@client.example");
    let key = NoticeKey {
        agreement: AgreementId::new(name).expect("an id"),
        event: NoticeEvent::Activated,
        day: day("2026-02-01"),
        variant: Variant::Only,
        recipient: "client.main".to_owned(),
        channel: Channel::Mail,
    };
    let announced = AnnouncedDays { first_day: Some(day("2026-02-01")), last_day: Some(day("2027-01-31")) };
    let identity = Identity::Contact("main".to_owned());
    let recipient = Recipient { identity, address: MailAddress::Known(address) };
    Notice { key, planned: Instant::UNIX_EPOCH, recipient, announced, state: State::Active, by_date: true }
}

/// The prefix of the names of runners, which nothing else has.
const NAME: &str = "run-";

/// The state of ledger, channel and runners.
#[derive(Clone, Debug)]
struct SystemState {
    guarantee: DeliveryGuarantee,
    records: BTreeMap<NoticeKey, NoticeRecord>,
    /// The number of deliveries, by key.
    delivered: BTreeMap<NoticeKey, u32>,
    /// The messages that the channel has.
    messages: Vec<String>,
    runners: Vec<Runner>,
    faults_left: u32,
    /// The clock, which all runners share.
    now: Instant,
}

#[derive(Clone, Debug, Hash)]
struct Runner {
    name: String,
    delivery: Delivery,
    effect: Effect,
    /// The earliest instant of its next step.
    wakes: Instant,
    /// The instant at which it prepared its message.
    prepared: Instant,
}

/// A fault of one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The runner dies before it acts.
    DiesBefore,
    /// The runner dies after it acted.
    DiesAfter,
    /// The effect is performed, and the reply is lost.
    LosesReply,
    /// The effect is not performed, and the reply is lost.
    FailsUnknown,
    /// The effect is refused.
    Refused,
    /// The runner stalls, and continues much later.
    Stalls,
}

const FAULTS: [Fault; 6] = [
    Fault::DiesBefore,
    Fault::DiesAfter,
    Fault::LosesReply,
    Fault::FailsUnknown,
    Fault::Refused,
    Fault::Stalls,
];

impl SystemState {
    fn new(guarantee: DeliveryGuarantee, starts: &[jiff::SignedDuration], faults_left: u32) -> Self {
        let runners = starts.iter().enumerate().map(|(number, start)| {
            let name = format!("{NAME}{number}");
            let delivery = Delivery::new(name.clone(), [(Channel::Mail, guarantee)]);
            let wakes = Instant::UNIX_EPOCH.checked_add(*start).expect("an instant");
            Runner { name, delivery, effect: Effect::End, wakes, prepared: wakes }
        });
        let mut runners: Vec<Runner> = runners.collect();
        for runner in &mut runners {
            runner.effect = runner.delivery.next(Reply::Continue, runner.wakes);
        }
        Self {
            guarantee,
            records: BTreeMap::new(),
            delivered: BTreeMap::new(),
            messages: Vec::new(),
            runners,
            faults_left,
            now: Instant::UNIX_EPOCH,
        }
    }

    fn write(&mut self, changes: &[RecordChange]) -> Reply {
        let is = |change: &RecordChange, record: &Option<NoticeRecord>| {
            self.records.get(&change.key) == record.as_ref()
        };
        if changes.iter().all(|change| is(change, &Some(change.value.clone()))) {
            return Reply::Written;
        }
        if !changes.iter().all(|change| is(change, &change.expected)) {
            return Reply::Conflict;
        }
        for change in changes {
            self.records.insert(change.key.clone(), change.value.clone());
        }
        Reply::Written
    }

    fn look(&self) -> Reply {
        let open = |notice: &Notice| !self.records.get(&notice.key).is_some_and(NoticeRecord::is_done);
        let send = [notice("a"), notice("b")].into_iter().filter(open).collect();
        Reply::Due(DueNotices { send, ..DueNotices::default() }, self.records.clone())
    }

    fn submit(&mut self, message: &Message) -> Reply {
        let is_new = !self.messages.contains(&message.name);
        if is_new || self.guarantee != DeliveryGuarantee::Idempotent {
            for notice in &message.notices {
                *self.delivered.entry(notice.key.clone()).or_default() += 1;
            }
        }
        self.messages.push(message.name.clone());
        Reply::Sent(message.name.clone())
    }

    /// Performs an effect. Returns the reply, or `None` if the runner died.
    fn act(&mut self, effect: &Effect, fault: Fault, age: jiff::SignedDuration) -> Option<Reply> {
        if fault == Fault::DiesBefore {
            return None;
        }
        let fails = |acted: Reply| match (fault, effect) {
            (Fault::LosesReply | Fault::FailsUnknown, Effect::Write(_)) => {
                Reply::LedgerFailed("lost".to_owned())
            }
            (Fault::LosesReply | Fault::FailsUnknown, _) => Reply::Unknown("lost".to_owned()),
            _ => acted,
        };
        let acts = fault != Fault::FailsUnknown;
        let reply = match effect {
            Effect::ReadDue => self.look(),
            Effect::Write(_) if fault == Fault::Refused => Reply::Conflict,
            Effect::Write(changes) => fails(if acts { self.write(changes) } else { Reply::Written }),
            Effect::Prepare(_) if fault == Fault::Refused => Reply::Refused("no".to_owned()),
            Effect::Prepare(_) => Reply::Prepared,
            // A runner that stalled has lost its connection.
            Effect::Submit(_) if fault == Fault::Refused || age > PREPARED_EXPIRY => {
                Reply::Refused("no".to_owned())
            }
            Effect::Submit(message) => fails(if acts { self.submit(message) } else { Reply::Continue }),
            Effect::Abandon(_) => Reply::Continue,
            Effect::Query(message) if self.messages.contains(&message.name) => {
                Reply::Sent(message.name.clone())
            }
            Effect::Query(_) => Reply::NotFound,
            Effect::End => return None,
        };
        (fault != Fault::DiesAfter).then_some(reply)
    }

    /// The state after one step of one runner.
    fn step(&self, index: usize, fault: Fault) -> Self {
        let mut next = self.clone();
        let mut runner = next.runners.remove(index);
        if fault != Fault::None {
            next.faults_left -= 1;
        }
        if fault == Fault::Stalls {
            runner.wakes =
                next.now.max(runner.wakes).checked_add(TAKEOVER_AFTER + LEASE).expect("an instant");
            next.runners.insert(index, runner);
            return next;
        }
        next.now = next.now.max(runner.wakes);
        runner.wakes = next.now;
        if matches!(runner.effect, Effect::Prepare(_)) {
            runner.prepared = next.now;
        }
        let age = next.now.duration_since(runner.prepared);
        if matches!(runner.effect, Effect::Submit(_)) {
            runner.prepared = Instant::UNIX_EPOCH;
        }
        if let Some(reply) = next.act(&runner.effect, fault, age) {
            runner.effect = runner.delivery.next(reply, next.now);
            if runner.effect != Effect::End {
                next.runners.insert(index, runner);
            }
        }
        // States that differ only in past instants are the same.
        next.runners.iter_mut().for_each(|runner| runner.wakes = runner.wakes.max(next.now));
        next
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        let mut faults = vec![Fault::None];
        if self.faults_left > 0 {
            // Reads and preparations change nothing, so dying before and after them is the same.
            let is_write = matches!(effect, Effect::Write(_) | Effect::Submit(_));
            faults.extend(FAULTS.into_iter().filter(|fault| {
                is_write || matches!(fault, Fault::DiesAfter | Fault::Refused | Fault::Stalls)
            }));
        }
        faults
    }

    /// Checks the invariants of every state.
    fn check(&self) {
        for (key, times) in &self.delivered {
            assert!(*times <= 1, "{key} was sent {times} times: {self:#?}");
            let record = self.records.get(key);
            let knows = matches!(
                record,
                Some(NoticeRecord::Submitting { .. } | NoticeRecord::Done { result: NoticeResult::Sent, .. })
            );
            assert!(knows, "{key} was sent, and the ledger has {record:?}");
        }
        for (key, record) in &self.records {
            if matches!(record, NoticeRecord::Done { result: NoticeResult::Sent, .. }) {
                assert!(self.delivered.contains_key(key), "{key} was never sent: {self:#?}");
            }
        }
    }

    /// Runs twice more without faults. Then every notice is sent or in doubt.
    fn settle(mut self) {
        for turn in 1..=2 {
            let later = (TAKEOVER_AFTER + LEASE).checked_mul(10 * turn).expect("a while");
            let mut last = Self::new(self.guarantee, &[later], 0).runners.remove(0);
            while last.effect != Effect::End {
                let reply = self.act(&last.effect, Fault::None, jiff::SignedDuration::ZERO);
                last.effect = last.delivery.next(reply.expect("no fault"), last.wakes);
                self.check();
            }
            let in_doubt = &last.delivery.report().in_doubt;
            for notice in [notice("a"), notice("b")] {
                let is_done = self.records.get(&notice.key).is_some_and(NoticeRecord::is_done);
                let is_in_doubt = in_doubt.contains(&notice.key);
                assert!(
                    is_done != is_in_doubt,
                    "{} is neither sent nor in doubt, or both: {self:#?}",
                    notice.key
                );
                assert!(
                    !is_in_doubt || self.guarantee == DeliveryGuarantee::AtMostOnce,
                    "{} is in doubt without reason",
                    notice.key
                );
            }
        }
    }
}

/// A hasher that ignores the names of runners, so that states which differ only in a permutation of runners have the same
/// hash. Each name counts as the position at which it was first seen, or all names as one if no positions are kept.
struct SymmetricHasher {
    hasher: DefaultHasher,
    seen: Option<Vec<Vec<u8>>>,
}

impl SymmetricHasher {
    /// The position at which a name was first seen.
    fn position(&self, name: &str) -> usize {
        let mut seen = self.seen.iter().flatten();
        seen.position(|known| known == name.as_bytes()).unwrap_or(usize::MAX)
    }
}

impl Hasher for SymmetricHasher {
    fn write(&mut self, bytes: &[u8]) {
        if !bytes.starts_with(NAME.as_bytes()) {
            return self.hasher.write(bytes);
        }
        let place = self.seen.as_mut().map_or(0, |seen| {
            seen.iter().position(|known| known == bytes).unwrap_or_else(|| {
                seen.push(bytes.to_owned());
                seen.len() - 1
            })
        });
        self.hasher.write_usize(place);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

impl SystemState {
    /// The hash of the state, up to a permutation of runners.
    fn symmetric_hash(&self) -> u64 {
        let mut hasher = SymmetricHasher { hasher: DefaultHasher::new(), seen: Some(Vec::new()) };
        let Self { guarantee, records, delivered, messages, runners, faults_left, now } = self;
        (guarantee, records, delivered, messages, faults_left, now).hash(&mut hasher);
        let order = |runner: &Runner| {
            let mut blank = SymmetricHasher { hasher: DefaultHasher::new(), seen: None };
            runner.hash(&mut blank);
            (blank.finish(), hasher.position(&runner.name))
        };
        let mut sorted: Vec<_> = runners.iter().map(|runner| (order(runner), runner)).collect();
        sorted.sort_by_key(|(order, _)| *order);
        for (_, runner) in sorted {
            runner.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Counts the schedules from a state. States that were seen before are not explored again.
fn explore(state: SystemState, seen: &mut BTreeMap<u64, u128>) -> u128 {
    let hash = state.symmetric_hash();
    if let Some(known) = seen.get(&hash) {
        return *known;
    }
    state.check();
    let mut schedules = 0;
    for index in 0..state.runners.len() {
        for fault in state.faults(&state.runners[index].effect) {
            schedules += explore(state.step(index, fault), seen);
        }
    }
    if state.runners.is_empty() {
        state.settle();
        schedules = 1;
    }
    seen.insert(hash, schedules);
    schedules
}

/// Explores every schedule of runners that start at these minutes, with up to so many faults.
pub(crate) fn enumerate(starts: &[i64], faults: u32) {
    let waits: Vec<_> = starts.iter().map(|minutes| jiff::SignedDuration::from_mins(*minutes)).collect();
    let explored = |guarantee| {
        let mut seen = BTreeMap::new();
        let schedules = explore(SystemState::new(guarantee, &waits, faults), &mut seen);
        assert!(schedules > 100);
        let states = seen.len();
        format!(
            "runners at {starts:?} min, up to {faults} faults, {guarantee:?}: {schedules} schedules, {states} states, 0 violations"
        )
    };
    std::thread::scope(|scope| {
        let guarantees =
            [DeliveryGuarantee::AtMostOnce, DeliveryGuarantee::Idempotent, DeliveryGuarantee::Queryable];
        for explorer in guarantees.map(|guarantee| scope.spawn(move || explored(guarantee))) {
            println!("{}", explorer.join().expect("no violation"));
        }
    });
}
