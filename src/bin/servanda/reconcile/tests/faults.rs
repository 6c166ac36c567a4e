//! Every request of a pass fails once, in each of the ways in which requests fail; then the next pass mends it.

use futures_util::StreamExt as _;

use std::path::Path;

use super::fixture::{World, is_done};
use crate::process::failure::Exit;
use crate::sandbox::Fault;
use crate::sandbox::faults::FaultEffect;

/// How a request fails.
#[derive(Clone, Copy, Debug)]
enum Kind {
    LostBefore,
    LostAfter,
    TooMany,
    BadGateway,
    CutBody,
    TimeOutBefore,
    TimeOutAfter,
    KilledBefore,
    KilledAfter,
}

const KINDS: [Kind; 9] = [
    Kind::LostBefore,
    Kind::LostAfter,
    Kind::TooMany,
    Kind::BadGateway,
    Kind::CutBody,
    Kind::TimeOutBefore,
    Kind::TimeOutAfter,
    Kind::KilledBefore,
    Kind::KilledAfter,
];

impl Kind {
    fn effect(self) -> FaultEffect {
        match self {
            Self::LostBefore => FaultEffect::Drop { done: false },
            Self::LostAfter => FaultEffect::Drop { done: true },
            Self::TooMany => FaultEffect::too_many(None),
            Self::BadGateway => FaultEffect::html(502),
            Self::CutBody => FaultEffect::CutBody,
            Self::TimeOutBefore | Self::KilledBefore => FaultEffect::Silence { done: false },
            Self::TimeOutAfter | Self::KilledAfter => FaultEffect::Silence { done: true },
        }
    }

    fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// Whether everything is to be tried, and not a sample.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests alone")]
fn is_full() -> bool {
    std::env::var_os("SERVANDA_FULL").is_some()
}

/// How many requests a pass takes when nothing goes wrong, and that it is a pass worth the name.
async fn clean(spring: &Path, concurrency: usize) -> u64 {
    let world = World::of_autumn(spring, concurrency).await;
    let concluded = world.pass().await.expect("it goes well");
    assert_eq!(concluded.exit, Exit::Fine, "{:#?}", concluded.outcome);
    assert!(concluded.outcome.results.len() >= 12, "{} changes", concluded.outcome.results.len());
    let requests = world.requests();
    world.assert_converged("clean").await;
    requests
}

/// One case: which requests fail how, and how many are on the way at once.
#[derive(Clone, Debug)]
struct Case {
    faults: Vec<(Kind, u64)>,
    concurrency: usize,
}

/// Lets requests fail, and passes go on until one says that all is done.
async fn suffer(spring: &Path, clean: u64, case: &Case) {
    let what = format!("{case:?}");
    let Case { faults, concurrency } = case;
    let world = World::of_autumn(spring, *concurrency).await;
    let script = faults.iter().map(|(kind, number)| Fault::new(kind.effect()).at(*number));
    world.sandbox.set_faults(script.collect());
    let deadly = faults.iter().filter(|(kind, _)| kind.kills()).count() as u64;
    // What a killed pass had on the way may land in the next one, which then finds it moved.
    let rounds = if *concurrency > 1 { 2 * faults.len() } else { faults.len() };
    let (mut kills, mut spent) = (0, 0);
    for round in 0.. {
        assert!(round <= rounds, "{what}: not done after {round} passes");
        let concluded = tokio::select! {
            concluded = world.pass() => Some(concluded),
            // The pass is dropped where it stands, as a process that is killed.
            () = world.sandbox.wait_for_unanswered(kills + 1), if deadly > kills => None,
        };
        match concluded {
            None => kills += 1,
            Some(concluded) if is_done(&concluded) => break,
            Some(_) => {}
        }
        spent = world.requests();
    }
    let last = faults.iter().map(|(_, number)| *number).max().unwrap_or_default();
    let allowed = clean + spent.max(last) + 5 * faults.len() as u64;
    assert!(world.requests() <= allowed, "{what}: {} requests, {allowed} allowed", world.requests());
    world.assert_converged(&what).await;
}

/// Runs cases side by side, on all cores and several on each, since most of their time is waiting.
fn all(concurrency: usize, faults: impl FnOnce(u64) -> Vec<Vec<(Kind, u64)>>) {
    let (spring, clean) = runtime().block_on(async {
        let spring = World::spring().await;
        let clean = clean(spring.path(), concurrency).await;
        (spring, clean)
    });
    let cases: Vec<Case> = faults(clean + 1).into_iter().map(|faults| Case { faults, concurrency }).collect();
    each_on_its_own_core(&cases, async |cases| {
        let all = cases.iter().map(|case| suffer(spring.path(), clean, case));
        futures_util::stream::iter(all).buffer_unordered(8).collect::<()>().await;
    });
}

/// Shares cases out to four cores.
pub(crate) fn each_on_its_own_core<C: Sync>(cases: &[C], work: impl AsyncFn(&[C]) + Sync) {
    std::thread::scope(|scope| {
        for cases in cases.chunks(cases.len().div_ceil(4)) {
            let work = &work;
            scope.spawn(move || runtime().block_on(work(cases)));
        }
    });
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// One failure at each request; in a sample each fails in one way, and each way befalls every ninth.
fn each(last: u64) -> Vec<Vec<(Kind, u64)>> {
    let cases = (1..=last).flat_map(|number| {
        let sampled = KINDS[usize::try_from(number).expect("a few") % KINDS.len()];
        let kinds = if is_full() { KINDS.to_vec() } else { vec![sampled] };
        kinds.into_iter().map(move |kind| vec![(kind, number)])
    });
    cases.collect()
}

#[test]
fn a_pass_survives_the_failure_of_any_one_request() {
    all(1, each);
}

#[test]
fn a_pass_survives_the_failure_of_any_one_request_of_many_at_once() {
    all(8, |last| each(last).into_iter().skip(2).step_by(if is_full() { 1 } else { 3 }).collect());
}

#[test]
fn a_pass_survives_two_failures() {
    all(1, |last| {
        // A walk over the pairs in steps that share no factor with the numbers of kinds and requests.
        let pairs = (0..if is_full() { 1000 } else { 24 }).map(|step| {
            let kind = |at: u64| KINDS[usize::try_from(at % KINDS.len() as u64).expect("a few")];
            let (first, second) = (step * 37 % last + 1, step * 53 % last + 1);
            vec![(kind(step), first.min(second)), (kind(step * 5 + 2), first.max(second) + 1)]
        });
        pairs.collect()
    });
}
