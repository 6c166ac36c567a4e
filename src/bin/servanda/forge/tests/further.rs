//! Plans that take more than one comment.

use std::sync::Arc;

use servanda::render::comment_state::{CommentMarker, CommentSeverity};
use servanda::render::markdown::Forge;

use super::interleaving::Interleaving;
use super::{FORGES, Fake, KEY, NUMBER, OURS, Sample, THEIRS, World, fake, post};
use crate::cases::sample_of;
use crate::forge::sticky_comment::CommentOutcome;

fn sample(text: &str, further: usize) -> Sample {
    Sample { further, ..Sample::new(text, CommentSeverity::Harmless) }
}

/// The first lines of what is ours and visible.
fn said(world: &World) -> Vec<String> {
    let ours = world.comments.values().filter(|said| said.author == OURS && !said.is_folded);
    ours.map(|said| said.body.lines().next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn fifty_runs_leave_one_set_of_comments_and_no_stale_part() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        // Somebody plants what looks like a part of ours.
        fake_forge.post(&sample("plan", 1)).await;
        let part = fake_forge.world().comments.values().last().expect("a part").body.clone();
        fake_forge.world().comments.clear();
        fake_forge.world().say(THEIRS, &fake());
        fake_forge.world().say(THEIRS, &part);
        for run in 0..50 {
            // Each plan comes twice, and has a number of comments of its own.
            let (plan, further) = (format!("plan {}", run / 2), [3, 0, 1, 12, 2][run / 2 % 5]);
            let posted = fake_forge.post(&sample(&plan, further)).await;
            let expected = match run {
                0 => CommentOutcome::Created,
                run if run % 2 == 1 => CommentOutcome::Unchanged,
                _ => CommentOutcome::Updated,
            };
            assert_eq!(posted, expected, "{name:?} {run}");
            let world = fake_forge.world();
            let parts = (2..2 + further).map(|part| format!("{plan}, part {part}"));
            let expected: Vec<String> = std::iter::once(plan.clone()).chain(parts).collect();
            assert_eq!(said(&world), expected, "{name:?} {run}");
            let theirs = world.comments.values().filter(|said| said.author == THEIRS);
            assert!(theirs.map(|said| &said.body).eq([&fake(), &part]), "{name:?} {run}");
        }
    }
}

#[tokio::test]
async fn the_continuations_of_a_plan_are_deleted_with_it() {
    for name in FORGES {
        let fake_forge = Fake::serve(name).await;
        fake_forge.post(&sample("calm", 2)).await;
        let graver = Sample { class: Some(CommentSeverity::RedLine), ..sample("grave", 1) };
        assert_eq!(fake_forge.post(&graver).await, CommentOutcome::Escalated);
        let mut expected = vec!["grave".to_owned(), "grave, part 2".to_owned()];
        if name != Forge::GitHub {
            expected.insert(
                0,
                "Superseded: a later plan is more severe. See the newer comment below.".to_owned(),
            );
        }
        assert_eq!(said(&fake_forge.world()), expected, "{name:?}");
        let failed = Sample { class: None, ..sample("none", 0) };
        assert_eq!(fake_forge.post(&failed).await, CommentOutcome::Updated);
        assert_eq!(said(&fake_forge.world()).last().map(String::as_str), Some("none"), "{name:?}");
    }
}

#[tokio::test]
async fn a_missing_continuation_is_posted_again() {
    let fake_forge = Fake::serve(Forge::Gitea).await;
    fake_forge.post(&sample("plan", 3)).await;
    fake_forge.world().comments.retain(|_, said| !said.body.starts_with("plan, part 3"));
    assert_eq!(fake_forge.post(&sample("plan", 3)).await, CommentOutcome::Updated);
    assert_eq!(said(&fake_forge.world()), ["plan", "plan, part 2", "plan, part 4", "plan, part 3"]);
    assert_eq!(fake_forge.post(&sample("plan", 3)).await, CommentOutcome::Unchanged);
}

#[tokio::test]
async fn if_one_part_is_refused_all_are_shortened() {
    let fake_forge = Fake::serve(Forge::GitHub).await;
    fake_forge.world().limit = 20_000;
    fake_forge.post(&Sample { is_long: true, ..sample("plan", 2) }).await;
    let world = fake_forge.world();
    assert_eq!(world.comments.len(), 3);
    assert!(world.comments.values().all(|said| said.body.chars().count() <= 20_000));
}

/// Two jobs, each of any of these plans, whose requests come in any order: one whole plan is left, and
/// nothing else.
#[tokio::test]
async fn of_two_jobs_that_write_at_the_same_time_one_complete_plan_remains() {
    let rounds = sample_of(60, 2_000);
    for seed in 0..rounds {
        let name = FORGES[usize::try_from(seed).expect("small") % FORGES.len()];
        let fake_forge = Fake::serve(name).await;
        if seed % 4 > 0 {
            fake_forge.post(&sample("old", usize::try_from(seed % 4).expect("small") - 1)).await;
        }
        let plans = [sample("one", 2), sample("other", (seed / 4 % 3).try_into().expect("small"))];
        let plans = if seed % 5 == 0 { [plans[0].clone(), plans[0].clone()] } else { plans };
        let turns = Arc::new(Interleaving::new(seed));
        fake_forge.world().turns = Some(Arc::clone(&turns));
        let (one, other) = (fake_forge.job("one"), fake_forge.job("other"));
        let job = async |forge, plan: &Sample, name| {
            post(forge, NUMBER, KEY, plan).await.expect("it is taken");
            turns.leave(name);
        };
        tokio::join!(job(&one, &plans[0], "one"), job(&other, &plans[1], "other"));
        let world = fake_forge.world();
        assert_eq!(world.found().len(), 1, "seed {seed}: {:?}", world.comments);
        let said = said(&world);
        let plan = plans.iter().find(|plan| plan.text == said[0]).expect("it is one of them");
        let parts = (2..2 + plan.further).map(|part| format!("{}, part {part}", plan.text));
        let mut expected: Vec<String> = std::iter::once(plan.text.clone()).chain(parts).collect();
        let mut found = said.clone();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "seed {seed}: {said:?}");
        let of_first = match CommentMarker::of(&world.found()[0].body, KEY) {
            Some(CommentMarker::First { set, .. }) => set,
            mark => panic!("{mark:?}"),
        };
        assert_eq!(of_first.is_some(), plan.further > 0, "seed {seed}");
    }
}
