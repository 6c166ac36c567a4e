//! The rule of the portal, and the history that is kept.

use serde_json::{Value, json};

use super::Bench;

async fn active(bench: &Bench, recipient: &str) -> String {
    let made = bench
        .agreement(json!({ "title": "A", "services": ["slmService$1"], "recipientsOU": [recipient] }))
        .await;
    bench.edit(&made, json!({ "state": "active" })).await.fine();
    made
}

fn request(agreement: &str, service: &str, client: &str) -> Value {
    json!({ "agreement": agreement, "service": service, "client": client, "shortDescr": "Не печатает" })
}

async fn asked(bench: &Bench, agreement: &str, service: &str, client: &str) -> u16 {
    let body = request(agreement, service, client);
    bench.post("create-m2m/serviceCall$call", body).await.status
}

#[tokio::test]
async fn a_client_may_ask_for_a_service_of_an_active_agreement() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    let made = bench.create("serviceCall$call", request(&agreement, "slmService$1", "employee$811")).await;
    assert_eq!(made["state"], json!("registered"));
    assert_eq!(made["client"]["UUID"], json!("employee$811"));
    assert_eq!(made["clientOU"]["UUID"], json!("ou$7001"));
    assert_eq!(asked(&bench, &agreement, "slmService$1", "ou$7001").await, 201);
}

#[tokio::test]
async fn an_agreement_that_is_not_active_serves_nobody() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    for state in ["planned", "inactive"] {
        bench.edit(&agreement, json!({ "state": state })).await.fine();
        assert_eq!(asked(&bench, &agreement, "slmService$1", "ou$7001").await, 500, "{state}");
    }
    bench.edit(&agreement, json!({ "state": "active", "removed": true })).await.fine();
    assert_eq!(asked(&bench, &agreement, "slmService$1", "ou$7001").await, 500);
    bench.edit(&agreement, json!({ "removed": false })).await.fine();
    assert_eq!(asked(&bench, &agreement, "slmService$1", "ou$7001").await, 201);
}

#[tokio::test]
async fn a_service_outside_the_agreement_or_archived_is_refused() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    assert_eq!(asked(&bench, &agreement, "slmService$2", "ou$7001").await, 500);
    bench.edit("slmService$1", json!({ "removed": true })).await.fine();
    assert_eq!(asked(&bench, &agreement, "slmService$1", "ou$7001").await, 500);
}

#[tokio::test]
async fn departments_do_not_inherit_from_their_company_nor_companies_from_departments() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    for stranger in ["ou$7002", "employee$812", "ou$7003", "employee$12"] {
        assert_eq!(asked(&bench, &agreement, "slmService$1", stranger).await, 500, "{stranger}");
    }
    let department = active(&bench, "ou$7002").await;
    assert_eq!(asked(&bench, &department, "slmService$1", "employee$812").await, 201);
    assert_eq!(asked(&bench, &department, "slmService$1", "ou$7001").await, 500);
}

#[tokio::test]
async fn nobody_borrows_a_unit_that_is_not_their_own() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    let mut body = request(&agreement, "slmService$1", "employee$812");
    body["clientOU"] = json!("ou$7001");
    let got = bench.post("create-m2m/serviceCall$call", body).await;
    assert_eq!(got.status, 500, "{}", got.text);
}

#[tokio::test]
async fn a_person_may_be_a_recipient_directly() {
    let bench = Bench::open().await;
    let agreement = active(&bench, "ou$7001").await;
    bench.edit(&agreement, json!({ "recipientsEmployee": ["employee$812"] })).await.fine();
    assert_eq!(asked(&bench, &agreement, "slmService$1", "employee$812").await, 201);
}

#[tokio::test]
async fn history_says_who_changed_what_from_what_to_what() {
    let bench = Bench::open().await;
    bench.sandbox.add_key("anna", "Анна Дежурная").expect("a key");
    let made = bench.agreement(json!({ "title": "A" })).await;
    let body = json!({ "title": "B", "services": ["slmService$1"] });
    bench.post_as("anna", &format!("edit-m2m/{made}"), body).await.fine();
    bench.sandbox.hand_edit(&made, &json!({ "state": "active" }), "Пётр").expect("edits");

    let events =
        bench.find("event?attrs=author,action,attribute,before,after", json!({ "source": made })).await;
    let told: Vec<_> = events
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
        told,
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
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A" })).await;
    bench.edit("ou$7001", json!({ "recipientAgreements": [made] })).await.fine();
    let events = bench.find("event", json!({ "source": made })).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["attribute"], json!("recipientsOU"));
    assert_eq!(events[1]["after"][0]["UUID"], json!("ou$7001"));
}

#[tokio::test]
async fn history_is_asked_for_by_its_object_alone() {
    let bench = Bench::open().await;
    assert_eq!(bench.post("find/event", json!({})).await.status, 500);
    assert_eq!(bench.post("find/event", json!({ "action": "edit" })).await.status, 500);
}
