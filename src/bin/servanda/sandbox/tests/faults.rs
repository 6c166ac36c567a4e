//! Faults as the client sees them.

use serde_json::{Value, json};

use super::{ACCESS_KEY, Fixture, uuid};
use crate::sandbox::Operation;
use crate::sandbox::faults::{ConcurrentEdit, Fault, FaultEffect, RetryAfter};

fn new(number: &str) -> Value {
    json!({ "title": "A", "inventoryNumber": number })
}

#[tokio::test]
async fn a_429_has_a_retry_after_in_seconds_or_as_a_date() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![
        Fault::new(FaultEffect::too_many(Some(RetryAfter::Seconds(7)))).on(Operation::Find),
        Fault::new(FaultEffect::too_many(Some(RetryAfter::Date(90)))).on(Operation::Find).at(2),
    ]);
    let response = fixture.post("find/agreement", json!({})).await;
    assert_eq!((response.status, response.retry_after.as_str()), (429, "7"));
    let response = fixture.post("find/agreement", json!({})).await;
    assert_eq!((response.status, response.retry_after.as_str()), (429, "Sun, 01 Mar 2026 09:01:30 GMT"));
    assert_eq!(fixture.post("find/agreement", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_request_with_a_substitute_response_is_not_executed() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![
        Fault::new(FaultEffect::html(502)).on(Operation::Create),
        Fault::new(FaultEffect::html(200)).on(Operation::Create).at(2),
        Fault::new(FaultEffect::text(500, "Сбой")).on(Operation::Create).at(3),
    ]);
    for (status, kind) in [(502, "text/html"), (200, "text/html"), (500, "text/plain;charset=UTF-8")] {
        let response = fixture.post("create-m2m/agreement$agreement", new("sv:a")).await;
        assert_eq!((response.status, response.content_type.as_str()), (status, kind));
    }
    assert!(fixture.found("agreement", json!({ "inventoryNumber": "sv:a" })).await.is_empty());
}

#[tokio::test]
async fn a_lost_response_keeps_the_write_and_a_dropped_request_does_not() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![
        Fault::new(FaultEffect::Drop { done: true }).containing("sv:done"),
        Fault::new(FaultEffect::Drop { done: false }).containing("sv:not"),
    ]);
    for (number, made) in [("sv:done", 1), ("sv:not", 0)] {
        let sent = fixture.try_post("create-m2m/agreement$agreement", new(number)).await;
        assert!(sent.is_err(), "{sent:?}");
        // This request contains the number too, but the fault occurs once.
        let found = fixture.found("agreement", json!({ "inventoryNumber": number })).await;
        assert_eq!(found.len(), made, "{number}");
    }
}

#[tokio::test]
async fn a_cut_body_has_complete_headers_and_no_end() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![Fault::new(FaultEffect::CutBody).on(Operation::Find)]);
    let path = format!("{}/services/rest/find/ou?accessKey={ACCESS_KEY}", fixture.running.url());
    let response = fixture.client.post(path).body("{}").send().await.expect("headers");
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.text().await.is_err());
    assert_eq!(fixture.found("ou", json!({})).await.len(), 3);
}

#[tokio::test]
async fn silence_lasts_until_the_sandbox_stops_and_may_hide_a_success() {
    for done in [true, false] {
        let Fixture { sandbox, running, client } = Fixture::open().await;
        sandbox.set_faults(vec![Fault::new(FaultEffect::Silence { done }).on(Operation::Create)]);
        let url =
            format!("{}/services/rest/create-m2m/agreement$agreement?accessKey={ACCESS_KEY}", running.url());
        let request = client.post(url).body(new("sv:a").to_string()).send();
        let stop = async {
            while sandbox.request_counts().create == 0 {
                tokio::task::yield_now().await;
            }
            running.stop().await
        };
        let (answered, stopped) = tokio::join!(request, stop);
        assert!(answered.is_err());
        stopped.expect("stops");
        let made = sandbox.find("agreement", &json!({ "inventoryNumber": "sv:a" })).expect("finds");
        assert_eq!(made.len(), usize::from(done));
    }
}

#[tokio::test]
async fn a_tenant_s_script_may_alter_a_written_value() {
    let fixture = Fixture::open().await;
    let altered = FaultEffect::Alter { attribute: "title".to_owned(), to: json!("ЗАГЛАВНЫМИ") };
    fixture.sandbox.set_faults(vec![Fault::new(altered).of("agreement").for_good()]);
    let made = fixture.create("agreement$agreement", new("sv:a")).await;
    assert_eq!(made["title"], json!("ЗАГЛАВНЫМИ"));
    let edited = fixture.edit(&uuid(&made), json!({ "costCenter": "7" })).await.success();
    assert_eq!((&edited["title"], &edited["costCenter"]), (&json!("ЗАГЛАВНЫМИ"), &json!("7")));
}

#[tokio::test]
async fn a_person_edits_between_two_requests() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(new("sv:a")).await;
    let edit = |object: Option<String>| {
        let attributes = json!({ "title": "Руками" }).as_object().cloned();
        FaultEffect::Meanwhile(ConcurrentEdit {
            object,
            attributes: attributes.expect("an object"),
            who: "Анна".to_owned(),
        })
    };
    fixture.sandbox.set_faults(vec![
        Fault::new(edit(Some(made.clone()))).on(Operation::Find).at(2),
        Fault::new(edit(None)).on(Operation::Edit),
    ]);
    let title = async || fixture.find("agreement", json!({ "UUID": made })).await[0]["title"].clone();
    assert_eq!(title().await, json!("A"));
    assert_eq!(title().await, json!("Руками"));
    fixture.edit(&made, json!({ "title": "B" })).await.success();
    let events = fixture.find("event", json!({ "source": made })).await;
    let authors: Vec<_> = events.iter().map(|event| event["author"]["title"].clone()).collect();
    assert_eq!(authors, [json!("Servanda"), json!("Анна"), json!("Servanda")]);
}

#[tokio::test]
async fn a_key_can_expire_between_two_requests() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![Fault::new(FaultEffect::ExpireKey).at(3).for_good()]);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let response = fixture.post("find/agreement", json!({})).await;
        statuses.push(response.status);
        assert_eq!(response.status == 500, response.text.contains("не найден или не может"));
    }
    assert_eq!(statuses, [200, 200, 500, 500]);
}

#[tokio::test]
async fn a_delay_changes_nothing_but_the_duration() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![Fault::new(FaultEffect::Delay(1))]);
    assert_eq!(fixture.found("ou", json!({})).await.len(), 3);
}

#[tokio::test]
async fn an_empty_script_ends_all_faults() {
    let fixture = Fixture::open().await;
    fixture.sandbox.set_faults(vec![Fault::new(FaultEffect::html(503)).for_good()]);
    assert_eq!(fixture.post("find/ou", json!({})).await.status, 503);
    fixture.sandbox.set_faults(Vec::new());
    assert_eq!(fixture.post("find/ou", json!({})).await.status, 200);
}
