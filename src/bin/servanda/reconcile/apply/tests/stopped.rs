//! A run that is asked to stop: no step is begun, the pending one is waited for briefly, and each change has a result.

use std::time::Duration;

use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, NotTried, Stopped};
use servanda::plan::Plan;
use tokio::time::Instant;

use super::model::{Model, WriteFate, apply_on, creation};

fn two() -> Plan {
    let mut plan = creation();
    for name in ["b", "c"] {
        let mut change = plan.changes[0].clone();
        change.id = AgreementId::new(name).expect("an id");
        plan.changes.push(change);
    }
    plan
}

#[tokio::test(start_paused = true)]
async fn it_ends_within_five_seconds_without_an_answer() {
    for step in 0..4 {
        let plan = creation();
        let mut results = vec![WriteFate::Answered; step];
        results.push(WriteFate::Never);
        let model = Model::new(&plan, Duration::ZERO, &results);
        let asked = Duration::from_secs(7);
        let begun = Instant::now();
        let trace = apply_on(&plan, &model, Duration::ZERO, tokio::time::sleep(asked)).await;
        assert!(begun.elapsed() < asked + Duration::from_secs(5));
        assert_eq!(trace.applied.outcome.stopped, Some(Stopped::Signal));
        assert!(
            matches!(&trace.applied.outcome.results["a"], ChangeResult::Unknown(failure) if failure.step == step)
        );
        assert_eq!(trace.journal.last().map(String::as_str), Some("closed"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_not_begun_is_not_begun() {
    let plan = two();
    let model = Model::new(&plan, Duration::ZERO, &[WriteFate::Never, WriteFate::Never]);
    let trace = apply_on(&plan, &model, Duration::ZERO, tokio::time::sleep(Duration::from_secs(1))).await;
    let results = &trace.applied.outcome.results;
    assert_eq!(results["c"], ChangeResult::NotTried(NotTried::Stopped));
    assert_eq!(results.len(), 3, "each change has a result");
    assert!(model.done.lock().expect("no test panics here").is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_stops_waiting_for_a_new_object_to_show() {
    let plan = creation();
    let model = Model::new(&plan, Duration::from_hours(1), &[WriteFate::LostAfter]);
    let begun = Instant::now();
    let trace =
        apply_on(&plan, &model, Duration::from_hours(2), tokio::time::sleep(Duration::from_secs(9))).await;
    assert!(begun.elapsed() < Duration::from_secs(14));
    assert!(matches!(&trace.applied.outcome.results["a"], ChangeResult::Unknown(_)));
    assert!(trace.was_recorded, "the next run knows what to look for");
}
