//! The note of a creation in the ledger, after a run that ended, was stopped or was killed: it stays when, and once the run
//! knows more only when, the creation may have happened.

use std::time::Duration;

use servanda::outcome::ChangeResult;

use super::model::{Model, WriteFate, apply_on, creation, kill_on};
use crate::reconcile::apply::Creation;

const WRITES: [WriteFate; 10] = [
    WriteFate::Answered,
    WriteFate::LostBefore,
    WriteFate::LostAfter,
    WriteFate::RefusedAfter,
    WriteFate::NotSent,
    WriteFate::Refused,
    WriteFate::Credentials,
    WriteFate::ServerFailed,
    WriteFate::Waiting,
    WriteFate::Never,
];

#[tokio::test(start_paused = true)]
async fn a_note_stays_when_and_only_when_the_creation_may_have_happened() {
    let plan = creation();
    for first in WRITES {
        // A second try follows only a lost response, after its object did not show.
        for second in [WriteFate::Answered, WriteFate::NotSent, WriteFate::Refused] {
            let model = Model::new(&plan, Duration::ZERO, &[first, second]);
            // A write without an answer ends with the signal.
            let stop = tokio::time::sleep(Duration::from_hours(1));
            let trace = apply_on(&plan, &model, Duration::from_mins(10), stop).await;
            let is_disproved = first == WriteFate::LostBefore && !second.may_have_happened();
            let is_known = first == WriteFate::RefusedAfter;
            let stays = is_known || first.may_have_happened() && !is_disproved;
            let what = format!("{first:?}, {second:?}: {:?}", trace.applied.outcome);
            assert_eq!(trace.was_recorded, stays, "{what}");
            assert_eq!(trace.applied.creations["a"] != Creation::Nothing, stays, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_leaves_no_note_of_a_creation_that_waited_for_its_turn() {
    let plan = creation();
    let model = Model::new(&plan, Duration::ZERO, &[WriteFate::Waiting]);
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let trace = apply_on(&plan, &model, Duration::from_mins(10), stop).await;
    assert!(!trace.was_recorded);
    assert!(
        matches!(trace.applied.outcome.results["a"], ChangeResult::NotTried(_)),
        "{:?}",
        trace.applied.outcome
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_step_leaves_a_note_of_what_may_have_happened() {
    let mut plan = creation();
    plan.changes[0].steps.truncate(3);
    for first in [WriteFate::Answered, WriteFate::LostAfter, WriteFate::NotSent, WriteFate::ServerFailed] {
        for polls in 0.. {
            let model = Model::new(&plan, Duration::ZERO, &[first]).together(true);
            let (was_killed, (was_recorded, journal)) = kill_on(&plan, &model, polls).await;
            let what = format!("{first:?}, killed after {polls} polls: {journal:?}");
            let may_have_created = model.may_have_created();
            assert!(was_recorded || !may_have_created, "{what}");
            // Until the change has its end, the run itself may not know it yet.
            let is_ended = journal.iter().any(|event| event == "end");
            assert!(!was_recorded || may_have_created || !is_ended, "{what}");
            if !was_killed {
                break;
            }
        }
    }
}
