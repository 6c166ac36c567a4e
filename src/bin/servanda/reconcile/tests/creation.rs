//! Helpdesks that do not keep ownership keys, name other objects or hide what they did, and runs that sleep: nothing is
//! created twice, and what does not belong to an agreement is not written.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use servanda::calendar::{Instant, TargetTime, read_instant};
use servanda::ident::LiveId;
use servanda::live::{LiveTarget, TargetKey};
use servanda::outcome::{ChangeResult, NoCreation, NotTried, WithoutKey};
use servanda::plan::Step;
use servanda::render::Paint;
use servanda::render::outcome::text;

use super::faults::{each_on_its_own_core, runtime};
use super::fixture::ReconcileFixture;
use crate::cases::{every, sample_of};
use crate::process::failure::Exit;
use crate::reconcile::work::Reconciled;
use crate::sandbox::faults::FaultEffect;
use crate::sandbox::options::InventoryNumber;
use crate::sandbox::{Fault, Operation, SandboxOptions};

/// The number of agreements before autumn.
const BEFORE: usize = 5;
/// The number of agreements that autumn creates.
const NEW: usize = 7;

fn agreements(fixture: &ReconcileFixture) -> Vec<Value> {
    fixture.sandbox.find("agreement", &json!({})).expect("a list")
}

fn count(reconciled: &Reconciled, is_counted: impl Fn(&ChangeResult) -> bool) -> usize {
    reconciled.outcome.results.values().filter(|result| is_counted(result)).count()
}

fn is_not_created(result: &ChangeResult) -> bool {
    matches!(result, ChangeResult::NotTried(NotTried::NoCreation(NoCreation::KeyNotKept(_))))
}

/// The new objects of a helpdesk that was in the state of spring.
fn new_objects(fixture: &ReconcileFixture, before: &[Value]) -> Vec<Value> {
    let is_new = |found: &Value| before.iter().all(|old| old["UUID"] != found["UUID"]);
    agreements(fixture).into_iter().filter(is_new).collect()
}

#[test]
fn a_tenant_that_does_not_keep_the_key_gets_one_unpublished_object_in_three_runs() {
    let options = [InventoryNumber::Numbered, InventoryNumber::Cut(6), InventoryNumber::Ignored];
    let cases: Vec<_> = options.into_iter().flat_map(|option| [(option, 1), (option, 8)]).collect();
    runtime().block_on(async {
        for (option, concurrency) in cases {
            let what = format!("{option:?}, {concurrency} at once");
            let options = SandboxOptions { inventory_number: option, ..SandboxOptions::default() };
            let fixture = ReconcileFixture::of_spring(concurrency, options).await;
            let before = agreements(&fixture);
            for run in 1..=3 {
                let done =
                    fixture.reconcile_in_spring().await.unwrap_or_else(|failure| panic!("{failure:?}"));
                assert_eq!(done.exit, Exit::Partial, "{what}, run {run}: {:?}", done.outcome);
                let failed = count(&done, |result| matches!(result, ChangeResult::WithoutKey(_)));
                let refused = count(&done, is_not_created);
                let expected = if run == 1 { (1, BEFORE - 1) } else { (0, BEFORE) };
                assert_eq!((failed, refused), expected, "{what}, run {run}");
                let shown = text(&done.guarded.plan, &done.outcome, Paint::PLAIN);
                assert!(
                    shown.contains("key-not-kept") && shown.contains("helpdesk.agreement.key"),
                    "{shown}"
                );
                let new = new_objects(&fixture, &before);
                assert_eq!(new.len(), 1, "{what}, run {run}");
                assert_eq!(new[0]["state"], "planned", "{what}, run {run}");
                assert!(shown.contains(new[0]["UUID"].as_str().expect("an id")), "{shown}");
            }
        }
    });
}

#[test]
fn edits_go_on_where_no_object_may_be_created() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let options =
            SandboxOptions { inventory_number: InventoryNumber::Numbered, ..SandboxOptions::default() };
        let fixture = ReconcileFixture::of_autumn_with(spring.path(), 4, options).await;
        let done = fixture.reconcile().await.expect("reconciled");
        assert_eq!(done.exit, Exit::Partial);
        assert_eq!(
            count(&done, |result| matches!(result, ChangeResult::WithoutKey(_))),
            1,
            "{:?}",
            done.outcome
        );
        assert!(
            count(&done, |result| matches!(result, ChangeResult::Done { .. })) >= 1,
            "{:?}",
            done.outcome
        );
        assert_eq!(agreements(&fixture).len(), BEFORE + 1);
    });
}

#[test]
fn without_the_ledger_nothing_is_created_and_edits_go_on() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
        fixture.break_ledger();
        let done = fixture.reconcile().await.expect("reconciled");
        assert_eq!(done.exit, Exit::Partial);
        let is_refused = |result: &ChangeResult| {
            *result == ChangeResult::NotTried(NotTried::NoCreation(NoCreation::NoLedger))
        };
        assert!(count(&done, is_refused) >= 1, "{:?}", done.outcome);
        assert!(
            count(&done, |result| matches!(result, ChangeResult::Done { .. })) >= 1,
            "{:?}",
            done.outcome
        );
        assert_eq!(agreements(&fixture).len(), BEFORE);
    });
}

#[test]
fn an_object_that_a_wrong_answer_names_is_not_written() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
        let foreign = fixture.create_by_hand("Чужое соглашение").await;
        let shown = || fixture.sandbox.find("agreement", &json!({ "UUID": foreign })).expect("a list");
        let before = shown();
        let name_another = FaultEffect::NameAnother(foreign.clone());
        fixture
            .sandbox
            .set_faults(vec![Fault::new(name_another).on(Operation::Create).of("agreement").for_good()]);
        for run in 1..=3 {
            let done = fixture.reconcile().await.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(done.exit, Exit::Partial, "run {run}: {:?}", done.outcome);
            assert_eq!(shown(), before, "run {run}");
            let failed = count(&done, |result| matches!(result, ChangeResult::WithoutKey(_)));
            assert_eq!(failed, 1, "run {run}: {:?}", done.outcome);
            let shown = text(&done.guarded.plan, &done.outcome, Paint::PLAIN);
            assert!(shown.contains("helpdesk.agreement.key") && shown.contains(&foreign), "{shown}");
            assert_eq!(agreements(&fixture).len(), BEFORE + 1 + run, "run {run}");
        }
        fixture.sandbox.set_faults(Vec::new());
        fixture.assert_converges("a helpdesk that names the right objects again").await;
    });
}

/// Answers after which a creation may have taken effect.
fn answers_after_an_effect() -> Vec<FaultEffect> {
    let mut effects: Vec<FaultEffect> = [302, 307, 408, 409, 425, 500, 502, 503, 504, 520, 524]
        .map(|status| FaultEffect::html(status).although_done())
        .into();
    effects.push(FaultEffect::too_many(None).although_done());
    effects.push(FaultEffect::json("{}").although_done());
    effects
}

#[test]
fn a_creation_behind_any_answer_is_searched_before_it_is_sent_again() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        for effect in every(3, answers_after_an_effect()) {
            let what = format!("{effect:?}");
            let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
            fixture.sandbox.set_faults(vec![Fault::new(effect).on(Operation::Create).for_good()]);
            let done = fixture.reconcile().await.unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
            assert_eq!(agreements(&fixture).len(), BEFORE + NEW, "{what}: {:?}", done.outcome);
            fixture.assert_converges(&what).await;
        }
    });
}

#[test]
fn the_later_of_two_new_objects_withdraws_itself() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
        let saved = fixture.plan().await;
        fixture.assert_converges("the run that is first").await;
        // The search of the second run misses the object of the first one, once.
        let nothing = FaultEffect::json("[]");
        let search = Fault::new(nothing).on(Operation::Find).of("agreement").containing("sv:mayak-servers");
        fixture.sandbox.set_faults(vec![search]);
        let done = fixture.apply(saved).await;
        assert_eq!(done.exit, Exit::Partial);
        let Some(ChangeResult::Withdrawn(withdrawn)) = done.outcome.results.get("mayak-servers") else {
            panic!("{:?}", done.outcome);
        };
        assert_eq!(withdrawn.failure, None);
        let found = fixture.sandbox.find("agreement", &json!({ "UUID": withdrawn.object })).expect("a list");
        assert_eq!((&found[0]["state"], &found[0]["inventoryNumber"]), (&json!("inactive"), &Value::Null));
        assert_eq!(agreements(&fixture).len(), BEFORE + NEW + 1);
        fixture.assert_converged("after the withdrawal").await;
    });
}

#[test]
fn creation_begins_again_when_the_settings_of_the_key_change() {
    runtime().block_on(async {
        let options =
            SandboxOptions { inventory_number: InventoryNumber::Numbered, ..SandboxOptions::default() };
        let fixture = ReconcileFixture::of_spring(4, options).await;
        let failed = fixture.reconcile_in_spring().await.expect("reconciled");
        assert_eq!(failed.exit, Exit::Partial, "{:?}", failed.outcome);
        fixture.add_settings("helpdesk:\n  kind: sandbox\n  agreement: { key: { attribute: costCenter } }\n");
        let done = fixture.reconcile_in_spring().await.expect("reconciled");
        assert_eq!((done.exit, done.outcome.remaining), (Exit::Fine, Some(0)), "{:?}", done.outcome);
        assert_eq!(agreements(&fixture).len(), BEFORE + 1, "all of spring, and one that failed");
    });
}

#[test]
fn a_saved_plan_does_not_write_to_an_object_that_lost_its_key() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
        let saved = fixture.plan().await;
        let change =
            saved.plan.changes.iter().find(|change| change.id.as_str() == "veter-2026").expect("it changes");
        let object = change.object.clone().expect("it exists");
        fixture
            .sandbox
            .hand_edit(object.as_str(), &json!({ "inventoryNumber": "of another system" }), "Анна")
            .expect("edited");
        let shown = || fixture.sandbox.find("agreement", &json!({ "UUID": object })).expect("a list");
        let before = shown();
        let done = fixture.apply(saved).await;
        assert_eq!(done.exit, Exit::Partial);
        let expected = WithoutKey { step: 0, object: object.clone(), stored: None };
        assert_eq!(done.outcome.results["veter-2026"], ChangeResult::WithoutKey(expected));
        assert_eq!(shown(), before);
    });
}

#[test]
fn a_saved_plan_does_not_write_to_the_target_of_another_agreement() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let key = TargetKey { service: None, priority: LiveId::new("priority$1").expect("an id") };
        let target = LiveTarget { response: Some(TargetTime::Seconds(60)), resolution: None, calendar: None };
        for is_put in [true, false] {
            let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
            let mut saved = fixture.plan().await;
            let change = saved
                .plan
                .changes
                .iter_mut()
                .find(|change| change.id.as_str() == "veter-2026")
                .expect("it changes");
            let own = json!(change.object);
            let rules = fixture.sandbox.find("agreementRule", &json!({ "removed": false })).expect("a list");
            let before =
                rules.iter().find(|rule| rule["agreement"]["UUID"] != own).expect("of another agreement");
            let rule = LiveId::new(before["UUID"].as_str().expect("a text")).expect("an id");
            let step = if is_put {
                Step::PutRule { rule: Some(rule.clone()), key: key.clone(), target: target.clone() }
            } else {
                Step::DropRule { rule: rule.clone(), key: key.clone() }
            };
            change.steps.insert(0, step);
            let done = fixture.apply(saved).await;
            assert_eq!(done.exit, Exit::Partial);
            let expected = WithoutKey { step: 0, object: rule.clone(), stored: None };
            assert_eq!(done.outcome.results["veter-2026"], ChangeResult::WithoutKey(expected));
            let after = fixture.sandbox.find("agreementRule", &json!({ "UUID": rule })).expect("a list");
            assert_eq!(after, std::slice::from_ref(before));
        }
    });
}

/// Creates every target twice, as two runs do that do not see each other's, with and without the response.
#[test]
fn of_two_objects_of_a_target_the_older_stays() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let create = |effect| Fault::new(effect).on(Operation::Create).of("agreementRule").for_good();
        for is_lost in [false, true] {
            let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
            let lost = is_lost.then(|| create(FaultEffect::Drop { done: true }));
            fixture.sandbox.set_faults([create(FaultEffect::Twice)].into_iter().chain(lost).collect());
            let done = fixture.reconcile().await.expect("reconciled");
            assert_eq!((done.exit, done.outcome.remaining), (Exit::Fine, Some(0)), "{:?}", done.outcome);
            let archived =
                fixture.sandbox.find("agreementRule", &json!({ "removed": true })).expect("a list");
            assert!(archived.len() >= NEW, "{} were archived", archived.len());
            fixture.assert_converged(if is_lost { "lost" } else { "answered" }).await;
        }
    });
}

#[test]
fn a_search_that_ignores_the_key_proves_nothing() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 4).await;
        let other = fixture.sandbox.find("agreement", &json!({})).expect("a list").remove(0);
        let ignoring = FaultEffect::json(&json!([other]).to_string());
        let search = Fault::new(ignoring).on(Operation::Find).of("agreement").containing("sv:mayak-servers");
        fixture.sandbox.set_faults(vec![search.for_good()]);
        let done = fixture.reconcile().await.expect("reconciled");
        assert_eq!(done.exit, Exit::Partial, "{:?}", done.outcome);
        assert!(
            matches!(done.outcome.results["mayak-servers"], ChangeResult::Failed(_)),
            "{:?}",
            done.outcome
        );
        assert_eq!(agreements(&fixture).len(), BEFORE + NEW - 1);
        fixture.assert_converges("a search by the key").await;
    });
}

#[test]
fn an_adopted_object_must_show_its_key_too() {
    runtime().block_on(async {
        let options =
            SandboxOptions { inventory_number: InventoryNumber::Ignored, ..SandboxOptions::default() };
        let fixture = ReconcileFixture::of_spring(4, options).await;
        let object = fixture.create_by_hand("Сталь").await;
        fixture.add_agreement(
            "stal-2026",
            &format!("extends: standard\nmanager: petrova\nclient: stal\nadopts: {object}\nperiod: {{ first_day: 2026-01-01, open_ended: true }}\n"),
        );
        let done = fixture.reconcile_in_spring().await.expect("reconciled");
        assert_eq!(done.exit, Exit::Partial, "{:?}", done.outcome);
        let Some(ChangeResult::WithoutKey(without)) = done.outcome.results.get("stal-2026") else {
            panic!("{:?}", done.outcome);
        };
        assert_eq!((without.object.as_str(), without.stored.as_deref()), (object.as_str(), Some("")));
    });
}

/// Polls a future until the sandbox received this many requests, and then some more times. Returns its output if it ended
/// before that.
async fn run_until<F: Future>(
    mut future: Pin<&mut F>,
    fixture: &ReconcileFixture,
    requests: u64,
    mut more: usize,
) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        if fixture.requests() >= requests {
            if more == 0 {
                return Poll::Ready(None);
            }
            more -= 1;
            context.waker().wake_by_ref();
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Stops a run after some requests, lets the clock go on and another machine reconcile, and continues the first run.
async fn stop_sleep_continue(spring: &std::path::Path, round: u64) -> bool {
    let what = format!("round {round}");
    let fixture = ReconcileFixture::of_autumn(spring, 4).await;
    let other = fixture.other_machine();
    let start = read_instant("2026-09-01T09:00:00Z").expect("an instant").as_second();
    let second = AtomicI64::new(start);
    let clock = || Instant::from_second(second.load(Ordering::Relaxed)).expect("an instant");
    let first = fixture.reconcile_by(&clock);
    tokio::pin!(first);
    let requests = 20 + round * 7 % 60;
    let more = usize::try_from(round % 5).expect("a few");
    let ended = run_until(first.as_mut(), &fixture, requests, more).await;
    let was_stopped = ended.is_none();
    second.fetch_add(15 * 60, Ordering::Relaxed);
    let between = fixture.reconcile_at_another(other.path(), &clock).await;
    between.unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
    if was_stopped {
        // Its result does not matter here: it may be stale, partial or complete.
        let _ = first.await;
    }
    let all = agreements(&fixture);
    let mut keys: Vec<&str> = all.iter().filter_map(|found| found["inventoryNumber"].as_str()).collect();
    keys.sort_unstable();
    let of_keys = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), of_keys, "{what}: no agreement exists twice");
    let _ = fixture.reconcile().await;
    fixture.assert_converged(&what).await;
    was_stopped
}

#[test]
fn a_run_that_slept_creates_nothing_that_another_run_created() {
    let spring = runtime().block_on(ReconcileFixture::spring());
    let rounds: Vec<u64> = (0..sample_of(4, 200)).collect();
    each_on_its_own_core(&rounds, async |rounds| {
        let all = rounds.iter().map(|round| stop_sleep_continue(spring.path(), *round));
        let stopped: Vec<bool> = futures_util::stream::iter(all).buffer_unordered(2).collect().await;
        let stopped = stopped.iter().filter(|stopped| **stopped).count();
        assert!(stopped * 2 >= rounds.len(), "{stopped} of {} runs were stopped", rounds.len());
    });
}
