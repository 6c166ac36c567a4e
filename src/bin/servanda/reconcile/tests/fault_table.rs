//! A table of single faults: each answer of a faulty helpdesk or intermediary, with and without an effect behind it, to a
//! search, a creation and an edit, early and late in a run.

use futures_util::StreamExt as _;

use super::faults::{SHORT_DEADLINE, each_on_its_own_core, runtime};
use super::fixture::ReconcileFixture;
use crate::cases::{is_full, sample_of};
use crate::sandbox::faults::{FaultEffect, RetryAfter};
use crate::sandbox::{Fault, Operation};

/// The error statuses of servers and intermediaries.
const STATUSES: [u16; 51] = [
    300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414,
    415, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507,
    508, 511, 520, 521, 522, 523, 524, 525, 530,
];

/// The bodies of successful responses that are not the right ones.
const BODIES: [&str; 10] =
    ["", "null", "[]", "{}", "[null]", "true", "7", r#""ok""#, r#"{"error":"no"}"#, r#"{"UUID":"agree"#];

/// The calls that a fault occurs at.
const CALLS: [Operation; 3] = [Operation::Find, Operation::Create, Operation::Edit];

/// The number of the call among those of its kind.
const POSITIONS: [u64; 3] = [1, 4, 11];

/// The sample has every so many-th case.
const SAMPLE_STEP: usize = 50;

/// All single faults.
fn single_faults() -> Vec<FaultEffect> {
    let answers = STATUSES.into_iter().map(FaultEffect::html).chain(BODIES.map(FaultEffect::json));
    let answers =
        answers.chain([FaultEffect::html(200), FaultEffect::too_many(Some(RetryAfter::Seconds(1)))]);
    let mut faults: Vec<FaultEffect> =
        answers.flat_map(|answer| [answer.clone(), answer.although_done()]).collect();
    faults.extend([true, false].map(|done| FaultEffect::Drop { done }));
    faults.extend([FaultEffect::CutBody, FaultEffect::Delay(20), FaultEffect::ExpireKey]);
    faults.push(FaultEffect::NameAnother("agreement$1".to_owned()));
    if is_full() {
        faults.extend([true, false].map(|done| FaultEffect::Silence { done }));
    }
    faults
}

async fn survives(spring: &std::path::Path, effect: FaultEffect, call: Operation, position: u64) {
    let what = format!("{effect:?} at {call:?} {position}");
    let mut fixture = ReconcileFixture::of_autumn(spring, 2).await;
    if matches!(effect, FaultEffect::Silence { .. }) {
        fixture.deadline = SHORT_DEADLINE;
    }
    fixture.sandbox.set_faults(vec![Fault::new(effect).on(call).at(position)]);
    // The faulty run may end in any way, and so may the one after it, which may find an object stale.
    let _ = fixture.reconcile().await;
    fixture.sandbox.set_faults(Vec::new());
    let _ = fixture.reconcile().await;
    fixture.assert_converges(&what).await;
}

/// The part of the full table that is tried: 3/8 of `SERVANDA_FULL=3/8`, else all of it.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests only")]
fn part() -> (usize, usize) {
    let text = std::env::var("SERVANDA_FULL").unwrap_or_default();
    let parts =
        text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    parts.unwrap_or((1, 1))
}

#[test]
fn two_runs_after_any_single_fault_nothing_exists_twice_and_nothing_remains() {
    let faults = single_faults();
    assert!(faults.len() >= 60, "{} faults", faults.len());
    let all = faults.into_iter().flat_map(|effect| {
        CALLS.into_iter().flat_map(move |call| POSITIONS.map(|position| (effect.clone(), call, position)))
    });
    // The step is coprime to the numbers of calls and positions, so that the sample has all of their pairs.
    let (part, parts) = part();
    let cases: Vec<_> = all.skip(part - 1).step_by(sample_of(SAMPLE_STEP, parts)).collect();
    let spring = runtime().block_on(ReconcileFixture::spring());
    each_on_its_own_core(&cases, async |cases| {
        let all = cases
            .iter()
            .map(|(effect, call, position)| survives(spring.path(), effect.clone(), *call, *position));
        futures_util::stream::iter(all).buffer_unordered(8).collect::<()>().await;
    });
}
