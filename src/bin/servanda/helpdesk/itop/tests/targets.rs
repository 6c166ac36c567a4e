//! One SLA a table, shared, made once, and whole again after somebody edited it.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use serde_json::json;
use servanda::calendar::{TargetTime, read_instant};
use servanda::live::{Observed, Value};
use servanda::mapping::Field;
use servanda::plan::{HistoryEvent, Step};

use super::fixture::{Bench, named, raw};
use crate::helpdesk::itop::operation::id;
use crate::helpdesk::itop::{ItopCache, ItopWriter};
use crate::helpdesk::{Reader as _, Selection, SharedCreations, WriteError, Writer as _};
use crate::http::transport::SendWindow;

#[tokio::test]
async fn agreements_that_promise_the_same_share_an_sla() {
    let mut bench = Bench::open().await;
    for (agreement, minutes) in [("a", 30), ("b", 30), ("c", 60)] {
        let object = bench.create(agreement).await;
        bench.edit(&object, bench.published(minutes), Some("production")).await.expect("published");
        // Another run knows nothing of what this one found.
        bench.cache = ItopCache::default();
    }
    // Both kinds of requests, and the resolution is the same in both tables.
    assert_eq!((bench.desk().count("SLA"), bench.desk().count("SLT")), (2, 6));
}

#[tokio::test]
async fn what_somebody_edited_shows_and_is_made_whole() {
    let mut bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    bench.hand_edit(&id("SLT", 1), json!({ "value": 45 })).await;
    bench.cache = ItopCache::default();
    let wanted = bench.published(30);
    let found = bench.get(&object).await;
    let Value::Targets(held) = &found.record.fields[&Field::Targets] else { panic!("{found:?}") };
    // The edited target is read, though it holds for one kind of requests only, and which object it is.
    assert!(held.values().all(|target| target.response == Some(TargetTime::Seconds(45 * 60))), "{held:?}");
    assert!(found.rules.values().all(|object| *object == id("SLT", 1)), "{:?}", found.rules);
    let objects = found.rules.into_iter().map(|(_, rule)| rule).chain([object.clone()]).collect();
    let events = bench.reader().history(&objects).await.expect("a history");
    let by_anna = |event: &&HistoryEvent| event.touch.name.as_deref() == Some("Person of anna");
    let of_slt: Vec<_> = events.iter().filter(by_anna).map(|event| event.object.clone()).collect();
    assert_eq!(of_slt, [id("SLT", 1)], "{events:?}");
    let targets = [(Field::Targets, wanted[&Field::Targets].clone())].into();
    bench.edit(&object, targets, None).await.expect("written again");
    let found = bench.get(&object).await;
    assert_eq!(found.record.fields[&Field::Targets], wanted[&Field::Targets]);
    assert_eq!(found.record.fields[&Field::Services], wanted[&Field::Services], "services stay");
    assert_eq!((bench.desk().count("SLA"), bench.desk().count("SLT")), (1, 4), "the edited one is repaired");
    let value = |code: &str| bench.desk().store().value("SLT", 1, code);
    assert_eq!((value("value"), value("name")), (json!("30"), json!("Servanda incident 1 tto 30 minutes")));
}

/// The names of the objects of a class that are in use.
fn names(bench: &Bench, class: &str) -> Vec<String> {
    let numbers: Vec<u64> = (1..=9).collect();
    let names = numbers
        .iter()
        .filter_map(|number| bench.desk().store().value(class, *number, "name").as_str().map(str::to_owned));
    names.filter(|name| !name.starts_with("Servanda withdrawn ")).collect()
}

/// Each write of SLTs, of an SLA and of the contract is killed while the helpdesk is about to perform it, and the next
/// run begins at once.
#[tokio::test]
async fn a_killed_run_leaves_no_sla_and_no_slt_twice() {
    for (writes, is_wiped) in (0..6).flat_map(|writes| [(writes, false), (writes, true)]) {
        let (mut bench, road) = Bench::on_a_road().await;
        let object = bench.create("a").await;
        road.hold_after(writes);
        let killed = bench.edit(&object, bench.published(30), Some("production")).await;
        assert!(matches!(killed, Err(WriteError::Ambiguous(_))), "{writes}: {:?}", killed.err());
        if is_wiped {
            bench.notes.wipe();
        }
        bench.cache = ItopCache::default();
        bench.get(&object).await;
        bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
        road.deliver().await;
        for (class, expected) in [("SLA", 1), ("SLT", 4)] {
            let mut used = names(&bench, class);
            used.sort_unstable();
            let count = used.len();
            used.dedup();
            assert_eq!((count, used.len()), (expected, expected), "{writes} {is_wiped} {class}");
            let withdrawn = bench.desk().count(class) - expected;
            assert!(withdrawn <= usize::from(is_wiped), "{writes} {is_wiped} {class}: {withdrawn}");
        }
        let found = bench.get(&object).await;
        assert_eq!(found.record.fields[&Field::Targets], bench.published(30)[&Field::Targets]);
    }
}

#[tokio::test]
async fn what_exists_twice_is_named_and_its_agreements_are_not_planned() {
    let bench = Bench::open().await;
    let (object, other) = (bench.create("a").await, bench.create("b").await);
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    bench.edit(&other, bench.published(60), Some("production")).await.expect("published");
    // Both share the SLTs of the resolution, and none of the response.
    for (class, copied, blocked) in [("SLA", 1, &["a"][..]), ("SLT", 1, &["a"]), ("SLT", 3, &["a", "b"])] {
        let code = |code: &str| bench.desk().store().value(class, copied, code);
        let body =
            json!({ "output_fields": "id", "fields": { "name": code("name"), "org_id": code("org_id") } });
        let copy = raw(&bench.transport, "core/create", class, body).await;
        let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
        for id in ["a", "b"] {
            let is_blocked = match &live.agreements[&named(id)] {
                Observed::Unknown(reason) => {
                    reason.contains(&format!("{class}::{copied} and {class}::{copy}"))
                }
                _ => false,
            };
            assert_eq!(is_blocked, blocked.contains(&id), "{class} {copied} {id}");
        }
        bench.hand_edit(&id(class, copy), json!({ "name": format!("Servanda withdrawn {copy}") })).await;
        let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
        assert!(live.agreements.values().all(|found| matches!(found, Observed::Present(_))));
    }
}

#[tokio::test]
async fn two_runs_at_once_use_the_same_sla_and_slts() {
    let bench = Bench::open().await;
    let (first, second) = (bench.create("a").await, bench.create("b").await);
    let other = bench.beside();
    other.get(&second).await;
    let (one, two) = tokio::join!(
        bench.edit(&first, bench.published(30), Some("production")),
        other.edit(&second, bench.published(30), Some("production"))
    );
    assert!(one.is_ok() && two.is_ok(), "{:?} {:?}", one.err(), two.err());
    assert_eq!((names(&bench, "SLA").len(), names(&bench, "SLT").len()), (1, 4));
    for object in [first, second] {
        let found = bench.get(&object).await;
        assert_eq!(found.record.fields[&Field::Targets], bench.published(30)[&Field::Targets]);
    }
}

#[tokio::test]
async fn what_is_promised_for_one_kind_of_requests_is_no_promise() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    bench.hand_edit(&id("SLA", 1), json!({ "slts_list": [{ "slt_id": 1 }] })).await;
    assert_eq!(bench.get(&object).await.record.fields[&Field::Targets], Value::Nothing);
    // Without its ownership key it is no agreement to adopt either: the next write would lose that target.
    bench.hand_edit(&object, json!({ "description": "by hand" })).await;
    let live = bench.reader().read_live(&Selection::default().with_all_unmarked()).await.expect("read");
    let Observed::Unknown(reason) = &live.adoptable[&object] else { panic!("{live:?}") };
    assert!(reason.contains("SLA::1") && reason.contains("SLT::1"), "{reason}");
}

/// Waits forever before the second creation.
#[derive(Default)]
struct SecondWait {
    is_second: AtomicBool,
    waits: tokio::sync::Notify,
}

impl SharedCreations for SecondWait {
    fn begin<'n>(&'n self, _: &'n [String], _: bool) -> BoxFuture<'n, Result<bool, WriteError>> {
        Box::pin(async {
            if self.is_second.swap(true, Ordering::Relaxed) {
                self.waits.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(true)
        })
    }

    fn settle<'n>(&'n self, _: &'n [String]) -> BoxFuture<'n, ()> {
        Box::pin(async {})
    }
}

#[tokio::test]
async fn a_run_that_waits_for_a_shared_creation_has_sent_nothing_in_doubt() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.get(&object).await;
    let mut fields = bench.published(30);
    let Some(Value::Targets(targets)) = fields.get_mut(&Field::Targets) else { panic!("{fields:?}") };
    // Each service has targets of its own, so that the second SLA is created after the first.
    let (_, last) = targets.iter_mut().last().expect("a target");
    last.response = Some(TargetTime::Seconds(60));
    let step = Step::Edit { fields, state: None, ownership_key: None };
    let (notes, has_left) = (SecondWait::default(), AtomicBool::new(false));
    let writer = ItopWriter::new(&bench.transport, &bench.mapping, &bench.cache, "a run", &notes);
    let now = read_instant("2026-03-01T12:00:00Z").expect("an instant");
    let window = SendWindow { seen: now, lease_end: None, clock: &|| now, has_left: &has_left };
    let agreement = named("a");
    tokio::select! {
        _ = writer.perform_within(&agreement, Some(&object), &step, Some(window)) => panic!("it goes on"),
        () = notes.waits.notified() => {}
    }
    assert_eq!(bench.desk().count("SLA"), 1);
    assert!(!has_left.load(Ordering::Relaxed));
}
