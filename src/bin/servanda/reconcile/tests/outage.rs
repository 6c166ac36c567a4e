//! Creations during an outage: the ledger keeps a note of those that may have happened, and of no other.

use std::task::Poll;

use servanda::outcome::ChangeResult;

use super::faults::runtime;
use super::fixture::ReconcileFixture;
use crate::reconcile::work::Reconciled;
use crate::sandbox::faults::FaultEffect;
use crate::sandbox::{Fault, Operation};

/// Reconciles with a helpdesk that handles the first creation so, and refuses every request after it.
async fn reconcile_until_an_outage(fixture: &ReconcileFixture, first: FaultEffect) -> Reconciled {
    fixture.sandbox.set_faults(vec![Fault::new(first).on(Operation::Create)]);
    let before = fixture.sandbox.request_counts().create;
    let done = fixture.reconcile();
    tokio::pin!(done);
    let mut is_out = false;
    let done = std::future::poll_fn(|context| {
        if !is_out && fixture.sandbox.request_counts().create > before {
            is_out = true;
            fixture.sandbox.set_faults(vec![Fault::new(FaultEffect::ExpireKey).for_good()]);
        }
        match done.as_mut().poll(context) {
            Poll::Pending if !is_out => {
                // The server shares the thread, so that each of its steps is seen.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            polled => polled,
        }
    });
    done.await.expect("reconciled")
}

#[test]
fn a_refused_creation_leaves_no_note_even_if_the_helpdesk_cannot_be_read_again() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        for status in [400, 401, 422] {
            let fixture = ReconcileFixture::of_autumn(spring.path(), 1).await;
            let done = reconcile_until_an_outage(&fixture, FaultEffect::html(status)).await;
            assert_eq!(done.outcome.remaining, None, "there is no second plan: {:?}", done.outcome);
            let failed = |result: &ChangeResult| matches!(result, ChangeResult::Failed(_));
            assert!(done.outcome.results.values().any(failed), "{status}: {:?}", done.outcome);
            assert_eq!(fixture.pending().await, [], "{status}: {:?}", done.outcome);
            fixture.assert_converges("the helpdesk is back").await;
        }
    });
}

#[test]
fn a_creation_without_a_certain_answer_leaves_its_note_until_its_object_is_seen() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        for first in [
            FaultEffect::Drop { done: false },
            FaultEffect::Drop { done: true },
            FaultEffect::html(502),
            FaultEffect::html(500),
            FaultEffect::html(500).although_done(),
            FaultEffect::html(304),
        ] {
            let what = format!("{first:?}");
            let fixture = ReconcileFixture::of_autumn(spring.path(), 1).await;
            let done = reconcile_until_an_outage(&fixture, first).await;
            assert_eq!(fixture.pending().await.len(), 1, "{what}: {:?}", done.outcome);
            fixture.assert_converges(&what).await;
            assert_eq!(fixture.pending().await, [], "{what}");
        }
    });
}
