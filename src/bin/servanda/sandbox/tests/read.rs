//! What `find` and `get` answer.

use serde_json::{Value, json};

use super::{Bench, uuids};

#[tokio::test]
async fn an_agreement_is_answered_whole_with_references_in_full() {
    let bench = Bench::open().await;
    let made = bench
        .agreement(json!({
            "title": "Ветер 2026",
            "inventoryNumber": "sv:veter",
            "contractNumber": "ДО-1",
            "startDate": "2026.03.01 00:00:00",
            "responsible": "employee$12",
            "services": ["slmService$2", "slmService$1"],
            "recipientsOU": ["ou$7001"],
            "serviceTime": "servicetime$37001",
        }))
        .await;
    let number: i64 = made.trim_start_matches("agreement$").parse().expect("a number");
    assert_eq!(
        bench.get(&made).await,
        json!({
            "UUID": made,
            "metaClass": "agreement$agreement",
            "title": "Ветер 2026",
            "removed": false,
            "removalDate": null,
            "creationDate": "2026.03.01 09:00:00",
            "lastModifiedDate": "2026.03.01 09:00:00",
            "number": number,
            "inventoryNumber": "sv:veter",
            "contractNumber": "ДО-1",
            "startDate": "2026.03.01 00:00:00",
            "endDate": null,
            "responsible": { "UUID": "employee$12", "title": "Ирина Петрова", "metaClass": "employee$employee" },
            "state": "planned",
            "stateStartTime": "2026.03.01 09:00:00",
            "services": [
                { "UUID": "slmService$1", "title": "Почта", "metaClass": "slmService$slmService" },
                { "UUID": "slmService$2", "title": "Печать", "metaClass": "slmService$slmService" },
            ],
            "recipientsOU": [{ "UUID": "ou$7001", "title": "ООО «Северный ветер»", "metaClass": "ou$company" }],
            "recipientsEmployee": [],
            "serviceTime": { "UUID": "servicetime$37001", "title": "8x5", "metaClass": "servicetime", "code": "8x5" },
            "supplier": null,
            "costCenter": null,
            "description": null,
            "author": bench.get(&made).await["author"],
        })
    );
    assert_eq!(bench.get(&made).await["author"]["title"], json!("Servanda"));
}

#[tokio::test]
async fn attrs_cut_the_answer_and_unknown_ones_are_left_out() {
    let bench = Bench::open().await;
    let found = bench.find("agreement?attrs=title,UUID,colour", json!({})).await;
    assert_eq!(found, [json!({ "UUID": "agreement$605301", "title": "IT (8x5)" })]);
}

#[tokio::test]
async fn equality_and_in_by_list_and_several_keys_at_once() {
    let bench = Bench::open().await;
    for (title, number) in [("A", "sv:a"), ("B", "sv:b"), ("B", "sv:c")] {
        bench.agreement(json!({ "title": title, "inventoryNumber": number })).await;
    }
    let titles = async |filter: Value| -> Vec<String> {
        let found = bench.find("agreement$agreement?attrs=inventoryNumber", filter).await;
        let number = |object: &Value| object["inventoryNumber"].as_str().unwrap_or("").to_owned();
        found.iter().map(number).collect()
    };
    assert_eq!(titles(json!({ "inventoryNumber": "sv:b" })).await, ["sv:b"]);
    assert_eq!(titles(json!({ "inventoryNumber": ["sv:a", "sv:c", "sv:z"] })).await, ["sv:a", "sv:c"]);
    assert_eq!(titles(json!({ "title": "B", "inventoryNumber": "sv:c" })).await, ["sv:c"]);
    assert_eq!(titles(json!({ "state": ["active", "inactive"] })).await, [""; 0]);
    assert_eq!(titles(json!({ "state": "planned", "title": ["A"] })).await, ["sv:a"]);
}

#[tokio::test]
async fn a_reference_is_asked_for_by_uuid() {
    let bench = Bench::open().await;
    let found = bench.found("employee", json!({ "parent": "ou$7001" })).await;
    assert_eq!(found, ["employee$811"]);
    let found = bench.found("employee", json!({ "parent": ["ou$7001", "ou$7002"] })).await;
    assert_eq!(found, ["employee$811", "employee$812"]);
    assert!(bench.found("employee", json!({ "parent": "ou$1" })).await.is_empty());
    let found = bench.found("ou", json!({ "UUID": ["ou$7003", "ou$7001"] })).await;
    assert_eq!(found, ["ou$7001", "ou$7003"]);
}

#[tokio::test]
async fn a_class_gives_all_its_types_and_a_type_only_its_own() {
    let bench = Bench::open().await;
    assert_eq!(bench.found("ou", json!({})).await, ["ou$7001", "ou$7002", "ou$7003"]);
    assert_eq!(bench.found("ou$company", json!({})).await, ["ou$7001", "ou$7003"]);
    assert_eq!(bench.found("ou$ou", json!({})).await, ["ou$7002"]);
}

#[tokio::test]
async fn a_catalog_is_found_by_code() {
    let bench = Bench::open().await;
    let found = bench.find("servicetime?attrs=UUID,code,title", json!({ "code": "8x5" })).await;
    assert_eq!(found, [json!({ "UUID": "servicetime$37001", "title": "8x5", "code": "8x5" })]);
}

#[tokio::test]
async fn pages_follow_one_another_and_end_with_an_empty_one() {
    let bench = Bench::open().await;
    for index in 0..3 {
        bench.agreement(json!({ "title": format!("A{index}") })).await;
    }
    let all = bench.found("agreement", json!({})).await;
    let mut paged = Vec::new();
    for offset in [0, 2, 4] {
        paged.push(bench.found(&format!("agreement?offset={offset}&limit=2"), json!({})).await);
    }
    assert_eq!(paged.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 0]);
    assert_eq!(paged.concat(), all);
}

#[tokio::test]
async fn archived_objects_are_given_unless_the_filter_says_otherwise() {
    let bench = Bench::open().await;
    bench.edit("agreement$605301", json!({ "removed": true })).await.fine();
    let found = async |filter: Value| bench.found("agreement", filter).await.len();
    assert_eq!(found(json!({})).await, 1);
    assert_eq!(found(json!({ "removed": false })).await, 0);
    assert_eq!(found(json!({ "removed": true })).await, 1);
}

#[tokio::test]
async fn what_stock_find_is_not_known_to_do_is_refused() {
    let bench = Bench::open().await;
    for filter in [
        json!({ "colour": "red" }),
        json!({ "title": null }),
        json!({ "parent.title": "x" }),
        json!({ "services": "slmService$1" }),
        json!({ "title": { "like": "x" } }),
        json!({ "removed": "false" }),
    ] {
        let got = bench.post("find/agreement", filter.clone()).await;
        assert_eq!(got.status, 500, "{filter}");
    }
}

#[tokio::test]
async fn both_sides_of_the_recipient_link_are_answered() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A", "recipientsOU": ["ou$7001", "ou$7003"] })).await;
    for unit in ["ou$7001", "ou$7003"] {
        assert_eq!(uuids(&bench.get(unit).await["recipientAgreements"]), [made.as_str()]);
    }
    assert!(uuids(&bench.get("ou$7002").await["recipientAgreements"]).is_empty());
}

#[tokio::test]
async fn a_large_page_carries_the_references_of_every_object() {
    let bench = Bench::open().await;
    for index in 0..300 {
        let body = json!({
            "title": format!("A{index}"), "recipientsOU": ["ou$7001"], "services": ["slmService$1"],
        });
        bench.agreement(body).await;
    }
    let found = bench.find("agreement?attrs=UUID,services,recipientsOU&offset=1&limit=1000", json!({})).await;
    assert_eq!(found.len(), 300);
    assert!(found.iter().all(|agreement| uuids(&agreement["recipientsOU"]) == ["ou$7001"]));
}
