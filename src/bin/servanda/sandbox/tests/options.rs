//! Each option as the client sees it. All other tests check the defaults.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Fixture, uuid, uuids};
use crate::sandbox::SandboxOptions;
use crate::sandbox::options::{AgreementRecipients, DateWrites, FindOrder, IntervalEncoding, Paging};

#[tokio::test]
async fn an_edit_may_answer_201() {
    let fixture = Fixture::with(|options| options.edit_status = 201).await;
    let response = fixture.edit("agreement$605301", json!({ "title": "B" })).await;
    assert_eq!((response.status, &response.json()["title"]), (201, &json!("B")));
}

#[tokio::test]
async fn an_edit_without_effect_may_be_answered_with_304_and_no_body() {
    let fixture = Fixture::with(|options| options.unchanged_is_not_modified = true).await;
    let edit = async |title: &str| {
        let response = fixture.edit("agreement$605301", json!({ "title": title })).await;
        (response.status, response.text.is_empty())
    };
    assert_eq!(edit("IT (8x5)").await, (304, true));
    assert_eq!(edit("B").await, (200, false));
}

#[tokio::test]
async fn recipients_may_be_read_only_on_the_agreement_s_side() {
    let write = json!({ "title": "B", "recipientsOU": ["ou$7001"] });
    for (setting, status, title) in
        [(AgreementRecipients::Refused, 500, "IT (8x5)"), (AgreementRecipients::Ignored, 200, "B")]
    {
        let fixture = Fixture::with(|options| options.agreement_recipients = setting).await;
        let response = fixture.edit("agreement$605301", write.clone()).await;
        assert_eq!(response.status, status, "{}", response.text);
        let after = fixture.get("agreement$605301").await;
        assert_eq!((&after["title"], uuids(&after["recipientsOU"]).len()), (&json!(title), 0));
        let body = json!({ "recipientAgreements": ["agreement$605301"] });
        fixture.edit("ou$7001", body).await.success();
        assert_eq!(uuids(&fixture.get("agreement$605301").await["recipientsOU"]), ["ou$7001"]);
    }
}

#[tokio::test]
async fn rejected_values_and_missing_objects_may_have_other_statuses() {
    let fixture = Fixture::with(|options| {
        options.refusal_status = 400;
        options.absent_status = 500;
    })
    .await;
    assert_eq!(fixture.edit("agreement$605301", json!({ "colour": 1 })).await.status, 400);
    assert_eq!(fixture.edit("agreement$1", json!({})).await.status, 500);
}

#[tokio::test]
async fn find_may_leave_archived_objects_out() {
    let fixture = Fixture::with(|options| options.find_gives_archived = false).await;
    fixture.edit("agreement$605301", json!({ "removed": true })).await.success();
    assert!(fixture.found("agreement", json!({})).await.is_empty());
    assert_eq!(fixture.found("agreement", json!({ "removed": true })).await.len(), 1);
    assert_eq!(fixture.get("agreement$605301").await["removed"], json!(true));
}

#[tokio::test]
async fn pages_may_have_any_order_and_contain_every_object_once() {
    let oldest_first = ["employee$12", "employee$811", "employee$812", "employee$900001"];
    let mut orders = Vec::new();
    for order in [FindOrder::Stable, FindOrder::Reversed, FindOrder::Shuffled(7), FindOrder::Shuffled(8)] {
        let fixture = Fixture::with(|options| options.order = order).await;
        let mut paged = Vec::new();
        for offset in 0..5 {
            paged.extend(fixture.found(&format!("employee?offset={offset}&limit=1"), json!({})).await);
        }
        orders.push(paged);
    }
    assert_eq!(orders[0], oldest_first);
    assert!(orders[1].iter().rev().eq(oldest_first.iter()));
    for order in &mut orders {
        order.sort();
        assert_eq!(*order, oldest_first);
    }
}

#[tokio::test]
async fn a_shuffle_differs_from_the_order_of_creation() {
    let fixture = Fixture::with(|options| options.order = FindOrder::Shuffled(7)).await;
    for index in 0..20 {
        fixture.agreement(json!({ "title": format!("A{index}") })).await;
    }
    let found = fixture.found("agreement", json!({})).await;
    assert!(!found.is_sorted());
    assert_eq!(found, fixture.found("agreement", json!({})).await);
}

#[tokio::test]
async fn the_last_modified_object_may_come_first() {
    let fixture = Fixture::with(|options| options.order = FindOrder::Touched).await;
    fixture.edit("ou$7003", json!({ "title": "Z" })).await.success();
    assert_eq!(fixture.found("ou", json!({})).await, ["ou$7003", "ou$7001", "ou$7002"]);
}

#[tokio::test]
async fn there_may_be_a_default_and_a_greatest_limit() {
    let fixture = Fixture::with(|options| {
        options.default_limit = Some(1);
        options.greatest_limit = Some(2);
    })
    .await;
    assert_eq!(fixture.found("ou", json!({})).await.len(), 1);
    assert_eq!(fixture.found("ou?limit=3", json!({})).await.len(), 2);
    let fixture = Fixture::with(|options| options.greatest_limit = Some(2)).await;
    assert_eq!(fixture.found("ou", json!({})).await.len(), 2);
}

#[tokio::test]
async fn pages_may_be_ragged_repeat_or_never_end() {
    let pages = async |paging, paths: &[&str]| {
        let fixture = Fixture::with(|options| options.paging = paging).await;
        let mut pages = Vec::new();
        for path in paths {
            pages.push(fixture.found(path, json!({})).await);
        }
        pages
    };
    let repeated = pages(Paging::Repeating, &["ou?offset=0&limit=2", "ou?offset=2&limit=2"]).await;
    assert_eq!((repeated[0].len(), &repeated[0]), (2, &repeated[1]));
    let endless = pages(Paging::Endless, &["ou?offset=0&limit=5", "ou?offset=5000&limit=5"]).await;
    assert!(endless.iter().all(|page| page.len() == 5));
    assert_ne!(endless[0], endless[1]);
    let lengths: BTreeSet<usize> =
        pages(Paging::Ragged, &["ou?limit=3"; 5]).await.iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 2, 3].into());
}

#[tokio::test]
async fn the_order_may_change_with_every_request() {
    let fixture = Fixture::with(|options| options.order = FindOrder::Changing).await;
    for index in 0..20 {
        fixture.agreement(json!({ "title": format!("A{index}") })).await;
    }
    assert_ne!(fixture.found("agreement", json!({})).await, fixture.found("agreement", json!({})).await);
}

#[tokio::test]
async fn instants_are_written_in_the_time_zone_and_dates_are_not_converted() {
    let fixture = Fixture::with(|options| options.zone = "Asia/Vladivostok".to_owned()).await;
    let made = fixture.agreement(json!({ "title": "A", "startDate": "2026.03.01 00:00:00" })).await;
    let agreement = fixture.get(&made).await;
    assert_eq!(agreement["creationDate"], json!("2026.03.01 19:00:00"));
    assert_eq!(agreement["startDate"], json!("2026.03.01 00:00:00"));
    let filter = json!({ "creationDate": "2026.03.01 19:00:00", "startDate": "2026.03.01 00:00:00" });
    assert_eq!(fixture.found("agreement", filter).await, [made]);
}

#[tokio::test]
async fn dates_may_have_no_time_or_be_written_with_dashes() {
    for (change, written, answered) in [
        ((|options| options.day_only = true) as fn(&mut SandboxOptions), "2026.03.01", "2026.03.01"),
        (|options| options.date_writes = DateWrites::Dashes, "2026-03-01 00:00:00", "2026.03.01 00:00:00"),
    ] {
        let fixture = Fixture::with(change).await;
        let made = fixture.agreement(json!({ "title": "A", "startDate": written })).await;
        assert_eq!(fixture.get(&made).await["startDate"], json!(answered));
        assert_eq!(fixture.edit(&made, json!({ "startDate": "2026.03.01 00:00:00" })).await.status, 500);
    }
}

#[tokio::test]
async fn durations_may_be_numbers_or_text() {
    for (form, written) in [
        (IntervalEncoding::Milliseconds, json!(1_800_000)),
        (IntervalEncoding::Seconds, json!(1_800)),
        (IntervalEncoding::Text, json!("30 MINUTE")),
    ] {
        let fixture = Fixture::with(|options| options.interval = form).await;
        let body = json!({ "agreement": "agreement$605301", "reactionTime": written });
        let made = fixture.create("agreementRule$agreementRule", body).await;
        assert_eq!(made["reactionTime"], written);
        let object = json!({ "reactionTime": { "length": 30, "interval": "MINUTE" } });
        assert_eq!(fixture.edit(&uuid(&made), object).await.status, 500);
    }
}

#[tokio::test]
async fn unknown_attrs_may_be_refused() {
    let fixture = Fixture::with(|options| options.unknown_attrs_refused = true).await;
    for path in ["find/agreement?attrs=UUID,colour", "get/agreement$605301?attrs=colour"] {
        let response = fixture.post(path, json!({})).await;
        assert_eq!(response.status, 500);
        assert!(response.text.contains("colour"));
    }
    let path = "create-m2m/agreement$agreement?attrs=colour";
    assert_eq!(fixture.post(path, json!({ "title": "A" })).await.status, 500);
    assert_eq!(fixture.found("agreement?attrs=UUID", json!({})).await.len(), 1);
}

#[tokio::test]
async fn the_search_index_may_lag_behind_while_get_does_not() {
    let fixture = Fixture::with(|options| options.search_lag = 2).await;
    let made = fixture.agreement(json!({ "title": "A", "inventoryNumber": "sv:a" })).await;
    let filter = || json!({ "inventoryNumber": "sv:a" });
    assert_eq!(fixture.sandbox.find("agreement", &filter()).expect("finds").len(), 1);
    assert!(fixture.found("agreement", filter()).await.is_empty());
    fixture.get(&made).await;
    assert_eq!(fixture.found("agreement", filter()).await, [made]);
}

#[test]
fn options_are_parsed_from_json_and_unknown_ones_are_errors() {
    let parsed: SandboxOptions = serde_json::from_value(json!({
        "edit_status": 201, "order": { "shuffled": 7 }, "interval": "seconds", "default_limit": 20,
        "agreement_recipients": "refused", "date_writes": "dashes", "zone": "Europe/Moscow",
    }))
    .expect("options");
    assert_eq!((parsed.edit_status, parsed.order, parsed.search_lag), (201, FindOrder::Shuffled(7), 0));
    let empty: SandboxOptions = serde_json::from_value(json!({})).expect("options");
    assert_eq!(empty, SandboxOptions::default());
    let wrong: Result<SandboxOptions, _> = serde_json::from_value(json!({ "edit_state": Value::Null }));
    assert!(wrong.is_err());
}
