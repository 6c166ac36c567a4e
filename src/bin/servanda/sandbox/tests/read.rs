//! The responses of `find` and `get`.

use serde_json::{Value, json};

use super::{Fixture, uuids};

#[tokio::test]
async fn an_agreement_is_returned_with_all_attributes_and_references() {
    let fixture = Fixture::open().await;
    let made = fixture
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
        fixture.get(&made).await,
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
            "author": fixture.get(&made).await["author"],
        })
    );
    assert_eq!(fixture.get(&made).await["author"]["title"], json!("Servanda"));
}

#[tokio::test]
async fn attrs_select_attributes_and_unknown_codes_are_ignored() {
    let fixture = Fixture::open().await;
    let found = fixture.find("agreement?attrs=title,UUID,colour", json!({})).await;
    assert_eq!(found, [json!({ "UUID": "agreement$605301", "title": "IT (8x5)" })]);
}

#[tokio::test]
async fn a_filter_supports_equality_lists_and_several_keys() {
    let fixture = Fixture::open().await;
    for (title, number) in [("A", "sv:a"), ("B", "sv:b"), ("B", "sv:c")] {
        fixture.agreement(json!({ "title": title, "inventoryNumber": number })).await;
    }
    let titles = async |filter: Value| -> Vec<String> {
        let found = fixture.find("agreement$agreement?attrs=inventoryNumber", filter).await;
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
async fn a_reference_is_filtered_by_uuid() {
    let fixture = Fixture::open().await;
    let found = fixture.found("employee", json!({ "parent": "ou$7001" })).await;
    assert_eq!(found, ["employee$811"]);
    let found = fixture.found("employee", json!({ "parent": ["ou$7001", "ou$7002"] })).await;
    assert_eq!(found, ["employee$811", "employee$812"]);
    assert!(fixture.found("employee", json!({ "parent": "ou$1" })).await.is_empty());
    let found = fixture.found("ou", json!({ "UUID": ["ou$7003", "ou$7001"] })).await;
    assert_eq!(found, ["ou$7001", "ou$7003"]);
}

#[tokio::test]
async fn a_class_includes_all_its_types_and_a_type_only_itself() {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.found("ou", json!({})).await, ["ou$7001", "ou$7002", "ou$7003"]);
    assert_eq!(fixture.found("ou$company", json!({})).await, ["ou$7001", "ou$7003"]);
    assert_eq!(fixture.found("ou$ou", json!({})).await, ["ou$7002"]);
}

#[tokio::test]
async fn an_element_of_a_catalog_is_found_by_code() {
    let fixture = Fixture::open().await;
    let found = fixture.find("servicetime?attrs=UUID,code,title", json!({ "code": "8x5" })).await;
    assert_eq!(found, [json!({ "UUID": "servicetime$37001", "title": "8x5", "code": "8x5" })]);
}

#[tokio::test]
async fn pages_are_consecutive_and_end_with_an_empty_one() {
    let fixture = Fixture::open().await;
    for index in 0..3 {
        fixture.agreement(json!({ "title": format!("A{index}") })).await;
    }
    let all = fixture.found("agreement", json!({})).await;
    let mut paged = Vec::new();
    for offset in [0, 2, 4] {
        paged.push(fixture.found(&format!("agreement?offset={offset}&limit=2"), json!({})).await);
    }
    assert_eq!(paged.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 0]);
    assert_eq!(paged.concat(), all);
}

#[tokio::test]
async fn archived_objects_are_returned_unless_the_filter_excludes_them() {
    let fixture = Fixture::open().await;
    fixture.edit("agreement$605301", json!({ "removed": true })).await.success();
    let found = async |filter: Value| fixture.found("agreement", filter).await.len();
    assert_eq!(found(json!({})).await, 1);
    assert_eq!(found(json!({ "removed": false })).await, 0);
    assert_eq!(found(json!({ "removed": true })).await, 1);
}

#[tokio::test]
async fn filters_that_the_product_is_not_known_to_support_are_refused() {
    let fixture = Fixture::open().await;
    for filter in [
        json!({ "colour": "red" }),
        json!({ "title": null }),
        json!({ "parent.title": "x" }),
        json!({ "services": "slmService$1" }),
        json!({ "title": { "like": "x" } }),
        json!({ "removed": "false" }),
    ] {
        let response = fixture.post("find/agreement", filter.clone()).await;
        assert_eq!(response.status, 500, "{filter}");
    }
}

#[tokio::test]
async fn both_sides_of_the_recipient_link_are_returned() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A", "recipientsOU": ["ou$7001", "ou$7003"] })).await;
    for unit in ["ou$7001", "ou$7003"] {
        assert_eq!(uuids(&fixture.get(unit).await["recipientAgreements"]), [made.as_str()]);
    }
    assert!(uuids(&fixture.get("ou$7002").await["recipientAgreements"]).is_empty());
}

#[tokio::test]
async fn a_large_page_contains_the_references_of_every_object() {
    let fixture = Fixture::open().await;
    for index in 0..300 {
        let body = json!({
            "title": format!("A{index}"), "recipientsOU": ["ou$7001"], "services": ["slmService$1"],
        });
        fixture.agreement(body).await;
    }
    let found =
        fixture.find("agreement?attrs=UUID,services,recipientsOU&offset=1&limit=1000", json!({})).await;
    assert_eq!(found.len(), 300);
    assert!(found.iter().all(|agreement| uuids(&agreement["recipientsOU"]) == ["ou$7001"]));
}
