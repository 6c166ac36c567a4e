//! Every request of a reconciliation fails once, in each way in which requests fail; the next reconciliation completes.

use futures_util::StreamExt as _;

use std::path::Path;
use std::time::Duration;

use super::fixture::{ReconcileFixture, is_done};
use crate::cases::{every, is_full, sample_of};
use crate::process::failure::Exit;
use crate::sandbox::Fault;
use crate::sandbox::faults::FaultEffect;

/// A way in which a request fails.
#[derive(Clone, Copy, Debug)]
enum FaultKind {
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

const FAULT_KINDS: [FaultKind; 9] = [
    FaultKind::LostBefore,
    FaultKind::LostAfter,
    FaultKind::TooMany,
    FaultKind::BadGateway,
    FaultKind::CutBody,
    FaultKind::TimeOutBefore,
    FaultKind::TimeOutAfter,
    FaultKind::KilledBefore,
    FaultKind::KilledAfter,
];

/// The deadline where a fault lets a request wait for it.
pub(super) const SHORT_DEADLINE: Duration = Duration::from_secs(3);

impl FaultKind {
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

    fn times_out(self) -> bool {
        matches!(self, Self::TimeOutBefore | Self::TimeOutAfter)
    }

    fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// The number of requests of a reconciliation without faults, which makes at least twelve changes.
async fn clean(spring: &Path, concurrency: usize) -> u64 {
    let fixture = ReconcileFixture::of_autumn(spring, concurrency).await;
    let concluded = fixture.reconcile().await.expect("it succeeds");
    assert_eq!(concluded.exit, Exit::Fine, "{:#?}", concluded.outcome);
    assert!(concluded.outcome.results.len() >= 12, "{} changes", concluded.outcome.results.len());
    let requests = fixture.requests();
    fixture.assert_converged("clean").await;
    requests
}

/// One case: the faults by request number, and the number of concurrent changes.
#[derive(Clone, Debug)]
struct Case {
    faults: Vec<(FaultKind, u64)>,
    concurrency: usize,
}

/// Injects faults, and reconciles until nothing remains.
async fn reconcile_with_faults(spring: &Path, clean: u64, case: &Case) {
    let what = format!("{case:?}");
    let Case { faults, concurrency } = case;
    let mut fixture = ReconcileFixture::of_autumn(spring, *concurrency).await;
    // On a busy machine, other requests exceed a short deadline as well, and are repeated.
    let mut late = 0;
    if faults.iter().any(|(kind, _)| kind.times_out()) {
        fixture.deadline = SHORT_DEADLINE;
        late = clean;
    }
    let script = faults.iter().map(|(kind, number)| Fault::new(kind.effect()).at(*number));
    fixture.sandbox.set_faults(script.collect());
    let deadly = faults.iter().filter(|(kind, _)| kind.kills()).count() as u64;
    // A request of a killed run may arrive during the next one, which then finds a stale object.
    let rounds = if *concurrency > 1 { 2 * faults.len() } else { faults.len() };
    let (mut kills, mut spent) = (0, 0);
    for round in 0.. {
        assert!(round <= rounds, "{what}: not done after {round} reconciliations");
        let concluded = tokio::select! {
            concluded = fixture.reconcile() => Some(concluded),
            // The reconciliation is dropped as it is, like a killed process.
            () = fixture.sandbox.wait_for_unanswered(kills + 1), if deadly > kills => None,
        };
        match concluded {
            None => kills += 1,
            Some(concluded) if is_done(&concluded) => break,
            Some(_) => {}
        }
        spent = fixture.requests();
    }
    let last = faults.iter().map(|(_, number)| *number).max().unwrap_or_default();
    let allowed = clean + late + spent.max(last) + 8 * faults.len() as u64;
    assert!(fixture.requests() <= allowed, "{what}: {} requests, {allowed} allowed", fixture.requests());
    fixture.assert_converged(&what).await;
}

/// Runs cases concurrently, several on each core, since they mostly wait.
fn all(concurrency: usize, faults: impl FnOnce(u64) -> Vec<Vec<(FaultKind, u64)>>) {
    let (spring, clean) = runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let clean = clean(spring.path(), concurrency).await;
        (spring, clean)
    });
    let cases: Vec<Case> = faults(clean + 1).into_iter().map(|faults| Case { faults, concurrency }).collect();
    each_on_its_own_core(&cases, async |cases| {
        let all = cases.iter().map(|case| reconcile_with_faults(spring.path(), clean, case));
        futures_util::stream::iter(all).buffer_unordered(8).collect::<()>().await;
    });
}

/// Distributes cases over four threads.
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

/// One fault at each request: all kinds, or in the sample one kind in turn, at every fifth request. As five and the number of
/// kinds are coprime, each kind is tried.
fn each(last: u64) -> Vec<Vec<(FaultKind, u64)>> {
    let cases = (1..=last).flat_map(|number| {
        let sampled = FAULT_KINDS[usize::try_from(number).expect("a few") % FAULT_KINDS.len()];
        let kinds = if is_full() { FAULT_KINDS.to_vec() } else { vec![sampled] };
        kinds.into_iter().map(move |kind| vec![(kind, number)])
    });
    every(5, cases).collect()
}

#[test]
fn a_reconciliation_survives_the_failure_of_any_one_request() {
    all(1, each);
}

#[test]
fn a_reconciliation_survives_the_failure_of_any_one_request_of_many_at_once() {
    all(8, |last| every(2, each(last)).collect());
}

#[test]
fn a_reconciliation_survives_two_failures() {
    all(1, |last| {
        // The steps are coprime to the numbers of kinds and requests, so that all pairs are equally likely.
        let pairs = (0..sample_of(6, 1000)).map(|step| {
            let kind = |at: u64| FAULT_KINDS[usize::try_from(at % FAULT_KINDS.len() as u64).expect("a few")];
            let (first, second) = (step * 37 % last + 1, step * 53 % last + 1);
            vec![(kind(step), first.min(second)), (kind(step * 5 + 2), first.max(second) + 1)]
        });
        pairs.collect()
    });
}
