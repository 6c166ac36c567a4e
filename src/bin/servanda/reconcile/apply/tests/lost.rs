//! Lost responses: nothing is created twice while the search lags no longer than the settings allow.

use std::time::Duration;

use servanda::outcome::ChangeResult;
use servanda::plan::Step;

use super::model::{Model, WriteFate, apply_on, creation};
use crate::reconcile::apply::Creation;

const BOUND: Duration = Duration::from_mins(10);

#[tokio::test(start_paused = true)]
async fn nothing_is_created_twice_after_any_lost_answer() {
    let plan = creation();
    let steps = plan.changes[0].steps.len();
    for lag in [0, 1, 60, 299, 600].map(Duration::from_secs) {
        for written in [
            WriteFate::LostBefore,
            WriteFate::LostAfter,
            WriteFate::LostHalf,
            WriteFate::LostOtherHalf,
            WriteFate::RefusedAfter,
        ] {
            for (lost, is_together) in (0..steps).flat_map(|lost| [(lost, false), (lost, true)]) {
                let mut results = vec![WriteFate::Answered; lost];
                results.push(written);
                let model = Model::new(&plan, lag, &results).together(is_together);
                let trace = apply_on(&plan, &model, BOUND, std::future::pending()).await;
                let what = format!(
                    "{written:?} at request {lost}, lag {lag:?}, together {is_together}: {:?}",
                    trace.applied.outcome
                );
                assert_eq!(model.duplicates(), 0, "{what}");
                let result = &trace.applied.outcome.results["a"];
                // A write that is refused and yet takes effect shows at the first read, or in the next plan.
                if written != WriteFate::RefusedAfter {
                    assert!(matches!(result, ChangeResult::Done { .. }), "{what}");
                }
                assert_ne!(trace.applied.creations["a"], Creation::InDoubt, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn targets_share_a_request_and_after_a_lost_answer_only_the_missing_ones_are_sent_again() {
    let plan = creation();
    for (written, sent) in [
        (WriteFate::Answered, vec![1, 2, 0, 1]),
        (WriteFate::LostBefore, vec![1, 2, 0, 2, 0, 1]),
        (WriteFate::LostHalf, vec![1, 2, 0, 1, 0, 1]),
        (WriteFate::LostOtherHalf, vec![1, 2, 0, 1, 0, 1]),
        (WriteFate::LostAfter, vec![1, 2, 0, 1]),
    ] {
        let model = Model::new(&plan, Duration::ZERO, &[WriteFate::Answered, written]).together(true);
        let trace = apply_on(&plan, &model, BOUND, std::future::pending()).await;
        assert_eq!(*model.sent.lock().expect("no test panics here"), sent, "{written:?}");
        assert!(matches!(trace.applied.outcome.results["a"], ChangeResult::Done { .. }), "{written:?}");
        let steps = |event: &str| trace.journal.iter().filter(|found| *found == event).count();
        assert_eq!((steps("sent"), steps("done")), (4, 4), "{written:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_that_are_refused_together_fail_at_the_first_that_is_missing() {
    let plan = creation();
    let model = Model::new(&plan, Duration::ZERO, &[WriteFate::Answered, WriteFate::Refused]).together(true);
    let trace = apply_on(&plan, &model, BOUND, std::future::pending()).await;
    let result = &trace.applied.outcome.results["a"];
    assert!(matches!(result, ChangeResult::Failed(failure) if failure.step == 1), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn two_lost_answers_in_a_row_are_reported_and_not_guessed() {
    let plan = creation();
    let model = Model::new(&plan, Duration::ZERO, &[WriteFate::LostBefore, WriteFate::LostBefore]);
    let trace = apply_on(&plan, &model, BOUND, std::future::pending()).await;
    assert!(matches!(trace.applied.outcome.results["a"], ChangeResult::Failed(_)));
    assert!(model.done.lock().expect("no test panics here").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_creation_is_recorded_before_it_is_sent() {
    let plan = creation();
    let model = Model::new(&plan, Duration::ZERO, &[WriteFate::Never]);
    let soon = tokio::time::sleep(Duration::from_secs(1));
    let trace = apply_on(&plan, &model, BOUND, soon).await;
    assert!(trace.was_recorded);
    assert_eq!(trace.applied.creations["a"], Creation::InDoubt);
    assert!(
        matches!(&trace.applied.outcome.results["a"], ChangeResult::Unknown(failure) if failure.step == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_edit_whose_answer_is_lost_is_not_sent_again_once_it_shows() {
    let plan = creation();
    let answered = plan.changes[0].steps.len() - 1;
    let mut results = vec![WriteFate::Answered; answered];
    results.push(WriteFate::LostAfter);
    let model = Model::new(&plan, Duration::ZERO, &results);
    apply_on(&plan, &model, BOUND, std::future::pending()).await;
    let done = model.done.lock().expect("no test panics here");
    assert_eq!(done.iter().filter(|(_, step)| matches!(step, Step::Edit { .. })).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_new_object_is_announced_once_and_only_if_there_is_one() {
    let plan = creation();
    for (lag, written, waits) in
        [(600, WriteFate::LostAfter, 1), (0, WriteFate::LostAfter, 0), (600, WriteFate::Answered, 0)]
    {
        let model = Model::new(&plan, Duration::from_secs(lag), &[written]);
        let trace = apply_on(&plan, &model, BOUND, std::future::pending()).await;
        assert_eq!(trace.waits, waits, "{written:?}, lag {lag} s");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_that_follow_each_other_are_compared_once_also_where_one_is_refused() {
    let plan = creation();
    let targets = plan.changes[0].steps.iter().filter(|step| matches!(step, Step::PutRule { .. })).count();
    let first = plan.changes[0].steps.iter().position(|step| matches!(step, Step::PutRule { .. }));
    let mut refused = vec![WriteFate::Answered; first.expect("a target") + targets - 1];
    refused.push(WriteFate::Refused);
    for results in [Vec::new(), refused] {
        let model = Model::new(&plan, Duration::ZERO, &results);
        apply_on(&plan, &model, BOUND, std::future::pending()).await;
        assert_eq!(*model.compared.lock().expect("no test panics here"), [targets], "{results:?}");
    }
}
