//! One SLA a table, shared, made once, and whole again after somebody edited it.

use serde_json::json;
use servanda::live::Value;
use servanda::mapping::Field;

use super::fixture::Bench;
use crate::helpdesk::itop::ItopCache;
use crate::helpdesk::itop::operation::id;

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
    assert_ne!(bench.get(&object).await.record.fields[&Field::Targets], wanted[&Field::Targets]);
    let targets = [(Field::Targets, wanted[&Field::Targets].clone())].into();
    bench.edit(&object, targets, None).await.expect("written again");
    let found = bench.get(&object).await;
    assert_eq!(found.record.fields[&Field::Targets], wanted[&Field::Targets]);
    assert_eq!(found.record.fields[&Field::Services], wanted[&Field::Services], "services stay");
    assert_eq!(bench.desk().count("SLA"), 1);
}

#[tokio::test]
async fn what_is_promised_for_one_kind_of_requests_is_no_promise() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    bench.hand_edit(&id("SLA", 1), json!({ "slts_list": [{ "slt_id": 1 }] })).await;
    assert_eq!(bench.get(&object).await.record.fields[&Field::Targets], Value::Nothing);
}
