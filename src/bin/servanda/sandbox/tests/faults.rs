//! What goes wrong by script, as the client sees it.

use serde_json::{Value, json};

use super::{ACCESS_KEY, Bench, uuid};
use crate::sandbox::Operation;
use crate::sandbox::faults::{ConcurrentEdit, Fault, FaultEffect, RetryAfter};

fn new(number: &str) -> Value {
    json!({ "title": "A", "inventoryNumber": number })
}

#[tokio::test]
async fn a_brake_says_when_to_come_again_in_seconds_or_as_a_date() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![
        Fault::new(FaultEffect::too_many(Some(RetryAfter::Seconds(7)))).on(Operation::Find),
        Fault::new(FaultEffect::too_many(Some(RetryAfter::Date(90)))).on(Operation::Find).at(2),
    ]);
    let got = bench.post("find/agreement", json!({})).await;
    assert_eq!((got.status, got.retry_after.as_str()), (429, "7"));
    let got = bench.post("find/agreement", json!({})).await;
    assert_eq!((got.status, got.retry_after.as_str()), (429, "Sun, 01 Mar 2026 09:01:30 GMT"));
    assert_eq!(bench.post("find/agreement", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_proxy_s_page_and_a_plain_error_come_in_place_of_the_work() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![
        Fault::new(FaultEffect::html(502)).on(Operation::Create),
        Fault::new(FaultEffect::html(200)).on(Operation::Create).at(2),
        Fault::new(FaultEffect::text(500, "Сбой")).on(Operation::Create).at(3),
    ]);
    for (status, kind) in [(502, "text/html"), (200, "text/html"), (500, "text/plain;charset=UTF-8")] {
        let got = bench.post("create-m2m/agreement$agreement", new("sv:a")).await;
        assert_eq!((got.status, got.kind.as_str()), (status, kind));
    }
    assert!(bench.found("agreement", json!({ "inventoryNumber": "sv:a" })).await.is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_effect_and_a_dropped_request_none() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![
        Fault::new(FaultEffect::Drop { done: true }).containing("sv:done"),
        Fault::new(FaultEffect::Drop { done: false }).containing("sv:not"),
    ]);
    for (number, made) in [("sv:done", 1), ("sv:not", 0)] {
        let sent = bench.try_post("create-m2m/agreement$agreement", new(number)).await;
        assert!(sent.is_err(), "{sent:?}");
        // The question names the number too, but the fault strikes once.
        let found = bench.found("agreement", json!({ "inventoryNumber": number })).await;
        assert_eq!(found.len(), made, "{number}");
    }
}

#[tokio::test]
async fn a_cut_body_begins_well_and_does_not_end() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![Fault::new(FaultEffect::CutBody).on(Operation::Find)]);
    let path = format!("{}/services/rest/find/ou?accessKey={ACCESS_KEY}", bench.running.url());
    let response = bench.client.post(path).body("{}").send().await.expect("headers");
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.text().await.is_err());
    assert_eq!(bench.found("ou", json!({})).await.len(), 3);
}

#[tokio::test]
async fn silence_lasts_until_the_helpdesk_stops_and_may_hide_a_success() {
    for done in [true, false] {
        let Bench { sandbox, running, client } = Bench::open().await;
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
async fn a_tenant_s_script_may_write_another_value() {
    let bench = Bench::open().await;
    let altered = FaultEffect::Alter { attribute: "title".to_owned(), to: json!("ЗАГЛАВНЫМИ") };
    bench.sandbox.set_faults(vec![Fault::new(altered).of("agreement").for_good()]);
    let made = bench.create("agreement$agreement", new("sv:a")).await;
    assert_eq!(made["title"], json!("ЗАГЛАВНЫМИ"));
    let edited = bench.edit(&uuid(&made), json!({ "costCenter": "7" })).await.fine();
    assert_eq!((&edited["title"], &edited["costCenter"]), (&json!("ЗАГЛАВНЫМИ"), &json!("7")));
}

#[tokio::test]
async fn a_person_edits_between_two_requests() {
    let bench = Bench::open().await;
    let made = bench.agreement(new("sv:a")).await;
    let edit = |object: Option<String>| {
        let attributes = json!({ "title": "Руками" }).as_object().cloned();
        FaultEffect::Meanwhile(ConcurrentEdit {
            object,
            attributes: attributes.expect("an object"),
            who: "Анна".to_owned(),
        })
    };
    bench.sandbox.set_faults(vec![
        Fault::new(edit(Some(made.clone()))).on(Operation::Find).at(2),
        Fault::new(edit(None)).on(Operation::Edit),
    ]);
    let title = async || bench.find("agreement", json!({ "UUID": made })).await[0]["title"].clone();
    assert_eq!(title().await, json!("A"));
    assert_eq!(title().await, json!("Руками"));
    bench.edit(&made, json!({ "title": "B" })).await.fine();
    let events = bench.find("event", json!({ "source": made })).await;
    let authors: Vec<_> = events.iter().map(|event| event["author"]["title"].clone()).collect();
    assert_eq!(authors, [json!("Servanda"), json!("Анна"), json!("Servanda")]);
}

#[tokio::test]
async fn a_key_expires_from_one_request_on() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![Fault::new(FaultEffect::ExpireKey).at(3).for_good()]);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let got = bench.post("find/agreement", json!({})).await;
        statuses.push(got.status);
        assert_eq!(got.status == 500, got.text.contains("не найден или не может"));
    }
    assert_eq!(statuses, [200, 200, 500, 500]);
}

#[tokio::test]
async fn a_delay_only_takes_time() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![Fault::new(FaultEffect::Delay(1))]);
    assert_eq!(bench.found("ou", json!({})).await.len(), 3);
}

#[tokio::test]
async fn without_a_script_nothing_goes_wrong_any_more() {
    let bench = Bench::open().await;
    bench.sandbox.set_faults(vec![Fault::new(FaultEffect::html(503)).for_good()]);
    assert_eq!(bench.post("find/ou", json!({})).await.status, 503);
    bench.sandbox.set_faults(Vec::new());
    assert_eq!(bench.post("find/ou", json!({})).await.status, 200);
}
