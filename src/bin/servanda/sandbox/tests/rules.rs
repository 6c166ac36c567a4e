//! The rule of the portal, and the change history.

use serde_json::{Value, json};

use super::Fixture;

async fn active(fixture: &Fixture, recipient: &str) -> String {
    let made = fixture
        .agreement(json!({ "title": "A", "services": ["slmService$1"], "recipientsOU": [recipient] }))
        .await;
    fixture.edit(&made, json!({ "state": "active" })).await.success();
    made
}

fn request(agreement: &str, service: &str, client: &str) -> Value {
    json!({ "agreement": agreement, "service": service, "client": client, "shortDescr": "Не печатает" })
}

async fn request_status(fixture: &Fixture, agreement: &str, service: &str, client: &str) -> u16 {
    let body = request(agreement, service, client);
    fixture.post("create-m2m/serviceCall$call", body).await.status
}

#[tokio::test]
async fn a_client_may_request_a_service_of_an_active_agreement() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    let made = fixture.create("serviceCall$call", request(&agreement, "slmService$1", "employee$811")).await;
    assert_eq!(made["state"], json!("registered"));
    assert_eq!(made["client"]["UUID"], json!("employee$811"));
    assert_eq!(made["clientOU"]["UUID"], json!("ou$7001"));
    assert_eq!(request_status(&fixture, &agreement, "slmService$1", "ou$7001").await, 201);
}

#[tokio::test]
async fn an_inactive_agreement_allows_no_requests() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    for state in ["planned", "inactive"] {
        fixture.edit(&agreement, json!({ "state": state })).await.success();
        assert_eq!(request_status(&fixture, &agreement, "slmService$1", "ou$7001").await, 500, "{state}");
    }
    fixture.edit(&agreement, json!({ "state": "active", "removed": true })).await.success();
    assert_eq!(request_status(&fixture, &agreement, "slmService$1", "ou$7001").await, 500);
    fixture.edit(&agreement, json!({ "removed": false })).await.success();
    assert_eq!(request_status(&fixture, &agreement, "slmService$1", "ou$7001").await, 201);
}

#[tokio::test]
async fn a_service_outside_the_agreement_or_archived_is_refused() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    assert_eq!(request_status(&fixture, &agreement, "slmService$2", "ou$7001").await, 500);
    fixture.edit("slmService$1", json!({ "removed": true })).await.success();
    assert_eq!(request_status(&fixture, &agreement, "slmService$1", "ou$7001").await, 500);
}

#[tokio::test]
async fn departments_do_not_inherit_from_their_company_nor_companies_from_departments() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    for stranger in ["ou$7002", "employee$812", "ou$7003", "employee$12"] {
        assert_eq!(request_status(&fixture, &agreement, "slmService$1", stranger).await, 500, "{stranger}");
    }
    let department = active(&fixture, "ou$7002").await;
    assert_eq!(request_status(&fixture, &department, "slmService$1", "employee$812").await, 201);
    assert_eq!(request_status(&fixture, &department, "slmService$1", "ou$7001").await, 500);
}

#[tokio::test]
async fn a_person_cannot_request_through_a_unit_that_is_not_their_own() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    let mut body = request(&agreement, "slmService$1", "employee$812");
    body["clientOU"] = json!("ou$7001");
    let response = fixture.post("create-m2m/serviceCall$call", body).await;
    assert_eq!(response.status, 500, "{}", response.text);
}

#[tokio::test]
async fn a_person_may_be_a_recipient_directly() {
    let fixture = Fixture::open().await;
    let agreement = active(&fixture, "ou$7001").await;
    fixture.edit(&agreement, json!({ "recipientsEmployee": ["employee$812"] })).await.success();
    assert_eq!(request_status(&fixture, &agreement, "slmService$1", "employee$812").await, 201);
}

#[tokio::test]
async fn the_history_records_author_attribute_before_and_after() {
    let fixture = Fixture::open().await;
    fixture.sandbox.add_key("anna", "Анна Дежурная").expect("a key");
    let made = fixture.agreement(json!({ "title": "A" })).await;
    let body = json!({ "title": "B", "services": ["slmService$1"] });
    fixture.post_as("anna", &format!("edit-m2m/{made}"), body).await.success();
    fixture.sandbox.hand_edit(&made, &json!({ "state": "active" }), "Пётр").expect("edits");

    let events =
        fixture.find("event?attrs=author,action,attribute,before,after", json!({ "source": made })).await;
    let entries: Vec<_> = events
        .iter()
        .map(|event| {
            let text = |code: &str| event[code].as_str().unwrap_or("-").to_owned();
            let who = event["author"]["title"].as_str().expect("a name").to_owned();
            (who, text("action"), text("attribute"), text("before"), text("after"))
        })
        .collect();
    let line = |who: &str, action: &str, attribute: &str, before: &str, after: &str| {
        [who, action, attribute, before, after].map(str::to_owned).into()
    };
    assert_eq!(
        entries,
        [
            line("Servanda", "create", "-", "-", "-"),
            line("Анна Дежурная", "edit", "title", "A", "B"),
            line("Анна Дежурная", "edit", "services", "-", "-"),
            line("Пётр", "edit", "state", "planned", "active"),
        ]
    );
    assert_eq!(events[2]["before"], json!([]));
    assert_eq!(events[2]["after"][0]["UUID"], json!("slmService$1"));
}

#[tokio::test]
async fn a_link_written_from_the_unit_is_a_change_of_the_agreement() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A" })).await;
    fixture.edit("ou$7001", json!({ "recipientAgreements": [made] })).await.success();
    let events = fixture.find("event", json!({ "source": made })).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["attribute"], json!("recipientsOU"));
    assert_eq!(events[1]["after"][0]["UUID"], json!("ou$7001"));
}

#[tokio::test]
async fn the_history_is_found_only_by_its_object() {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.post("find/event", json!({})).await.status, 500);
    assert_eq!(fixture.post("find/event", json!({ "action": "edit" })).await.status, 500);
}
