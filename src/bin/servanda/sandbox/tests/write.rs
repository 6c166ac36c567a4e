//! What `create-m2m`, `edit-m2m`, `delete` and comments do.

use serde_json::{Value, json};
use servanda::calendar::Instant;

use super::{Bench, MORNING, clock, seed, uuid, uuids};
use crate::sandbox::{DatabasePath, Sandbox, SandboxOptions};

#[tokio::test]
async fn a_creation_answers_201_with_the_attributes_asked_for() {
    let bench = Bench::open().await;
    let got = bench
        .post(
            "create-m2m/agreement$agreement?attrs=title,state,inventoryNumber",
            json!({ "title": "Ромашка 2025", "inventoryNumber": "romashka-2025" }),
        )
        .await;
    assert_eq!(got.status, 201);
    assert_eq!(
        got.json(),
        json!({ "title": "Ромашка 2025", "inventoryNumber": "romashka-2025", "state": "planned" })
    );
}

#[tokio::test]
async fn a_creation_to_the_class_needs_its_type_in_the_body() {
    let bench = Bench::open().await;
    let got = bench.post("create-m2m/ou", json!({ "title": "Ива" })).await;
    assert_eq!(got.status, 500);
    let made = bench.create("ou", json!({ "title": "Ива", "metaClass": "ou$company" })).await;
    assert_eq!(made["metaClass"], json!("ou$company"));
    let got = bench.post("create-m2m/ou$ou", json!({ "title": "Ива", "metaClass": "ou$company" })).await;
    assert_eq!(got.status, 500);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_by_name_and_nothing_is_made() {
    let bench = Bench::open().await;
    for (body, named) in [
        (json!({ "title": "A", "colour": "red" }), "colour"),
        (json!({ "title": "A", "state": "active" }), "state"),
        (json!({ "title": "A", "number": 7 }), "number"),
        (json!({ "title": "A", "lastModifiedDate": "2026.01.01 00:00:00" }), "lastModifiedDate"),
        (json!({ "title": "A", "startDate": "2026-01-01" }), "startDate"),
        (json!({ "title": "A", "services": "slmService$1" }), "services"),
        (json!({ "title": "A", "services": ["slmService$99"] }), "slmService$99"),
        (json!({ "title": "A", "responsible": { "UUID": "employee$12" } }), "responsible"),
        (json!({ "title": "A", "responsible": ["employee$12"] }), "responsible"),
        (json!({ "title": "A", "responsible": "ou$7001" }), "responsible"),
        (json!({ "title": "A", "costCenter": 7 }), "costCenter"),
        (json!({ "title": "Ы".repeat(256) }), "title"),
        (json!({ "title": " " }), "title"),
        (json!({}), "title"),
    ] {
        let got = bench.post("create-m2m/agreement$agreement", body.clone()).await;
        assert_eq!(got.status, 500, "{body}");
        assert!(got.text.contains(named), "{body}: {}", got.text);
    }
    assert_eq!(bench.found("agreement", json!({})).await.len(), 1);
    bench.agreement(json!({ "title": "Ы".repeat(255) })).await;
}

#[tokio::test]
async fn sets_are_replaced_whole_and_null_empties() {
    let bench = Bench::open().await;
    let made = bench
        .agreement(json!({
            "title": "A", "services": ["slmService$1", "slmService$2"], "responsible": "employee$12",
            "endDate": "2026.12.31 00:00:00",
        }))
        .await;
    let body = json!({
        "services": ["slmService$3", "slmService$2", "slmService$3"], "responsible": null, "endDate": null,
    });
    let got = bench.edit(&made, body).await;
    assert_eq!(got.status, 200);
    let after = got.json();
    assert_eq!(uuids(&after["services"]), ["slmService$2", "slmService$3"]);
    assert_eq!((&after["responsible"], &after["endDate"]), (&Value::Null, &Value::Null));
    assert_eq!(after["title"], json!("A"));
}

#[tokio::test]
async fn a_refused_edit_leaves_all_as_it_was() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A", "services": ["slmService$1"] })).await;
    let before = bench.get(&made).await;
    let got = bench.edit(&made, json!({ "title": "B", "services": [], "responsible": "employee$99" })).await;
    assert_eq!(got.status, 500);
    assert_eq!(bench.get(&made).await, before);
}

#[tokio::test]
async fn every_change_is_later_than_the_one_before_though_the_clock_stands_or_goes_back() {
    let clock = clock();
    let sandbox = Sandbox::open(&DatabasePath::Memory, &seed(), clock.clone(), SandboxOptions::default());
    let bench = Bench::serve(sandbox.expect("opens")).await;
    let made = bench.agreement(json!({ "title": "A" })).await;
    let mut seen = vec![bench.get(&made).await["lastModifiedDate"].clone()];
    for (title, second) in [("B", MORNING), ("C", MORNING - 1000), ("D", MORNING + 60)] {
        clock.set(Instant::from_second(second).expect("in range"));
        seen.push(bench.edit(&made, json!({ "title": title })).await.fine()["lastModifiedDate"].clone());
    }
    let expected =
        ["09:00:00", "09:00:01", "09:00:02", "09:01:00"].map(|time| json!(format!("2026.03.01 {time}")));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_leaves_no_trace() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A", "services": ["slmService$1", "slmService$2"] })).await;
    let before = bench.get(&made).await;
    let got = bench.edit(&made, json!({ "title": "A", "services": ["slmService$2", "slmService$1"] })).await;
    assert_eq!((got.status, got.json()), (200, before));
    assert_eq!(bench.find("event", json!({ "source": made })).await.len(), 1);
}

#[tokio::test]
async fn states_move_freely_and_say_since_when() {
    let clock = clock();
    let sandbox = Sandbox::open(&DatabasePath::Memory, &seed(), clock.clone(), SandboxOptions::default());
    let bench = Bench::serve(sandbox.expect("opens")).await;
    let made = bench.agreement(json!({ "title": "A" })).await;
    clock.set(Instant::from_second(MORNING + 3600).expect("in range"));
    for state in ["active", "inactive", "planned", "inactive", "active"] {
        let after = bench.edit(&made, json!({ "state": state })).await.fine();
        assert_eq!(
            (&after["state"], &after["stateStartTime"]),
            (&json!(state), &json!("2026.03.01 10:00:00"))
        );
    }
    assert_eq!(bench.edit(&made, json!({ "state": "closed" })).await.status, 500);
}

#[tokio::test]
async fn an_archive_has_its_date_and_can_be_left_again() {
    let bench = Bench::open().await;
    let archived = bench.edit("agreement$605301", json!({ "removed": true })).await.fine();
    assert_eq!(
        (&archived["removed"], &archived["removalDate"]),
        (&json!(true), &json!("2026.03.01 09:00:00"))
    );
    let back = bench.edit("agreement$605301", json!({ "removed": false })).await.fine();
    assert_eq!((&back["removed"], &back["removalDate"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn both_sides_of_the_recipient_link_are_kept_in_step_and_both_move() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A", "recipientsOU": ["ou$7001"] })).await;
    let modified =
        async |uuid: &str| bench.get(uuid).await["lastModifiedDate"].as_str().expect("a date").to_owned();
    let (agreement, unit, far) =
        (modified(&made).await, modified("ou$7003").await, modified("ou$7001").await);

    bench.edit("ou$7003", json!({ "recipientAgreements": [made] })).await.fine();
    assert_eq!(uuids(&bench.get(&made).await["recipientsOU"]), ["ou$7001", "ou$7003"]);
    assert!(modified(&made).await > agreement && modified("ou$7003").await > unit);
    assert_eq!(modified("ou$7001").await, far);

    bench.edit(&made, json!({ "recipientsOU": ["ou$7003"] })).await.fine();
    assert!(uuids(&bench.get("ou$7001").await["recipientAgreements"]).is_empty());
    assert!(modified("ou$7001").await > far);
}

#[tokio::test]
async fn people_are_recipients_through_the_same_attribute_of_theirs() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A" })).await;
    bench.edit("employee$811", json!({ "recipientAgreements": [made] })).await.fine();
    let after = bench.get(&made).await;
    assert_eq!(uuids(&after["recipientsEmployee"]), ["employee$811"]);
    assert!(uuids(&after["recipientsOU"]).is_empty());
}

#[tokio::test]
async fn rules_hold_lengths_of_time_as_written() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A" })).await;
    let rule = bench
        .create(
            "agreementRule$agreementRule",
            json!({
                "agreement": made, "priority": "priority$2",
                "reactionTime": { "length": 30, "interval": "MINUTE" },
                "resolutionTime": { "length": 2, "interval": "DAY" },
            }),
        )
        .await;
    assert_eq!(rule["service"], Value::Null);
    assert_eq!(rule["resolutionTime"], json!({ "length": 2, "interval": "DAY" }));
    let patched =
        bench.edit(&uuid(&rule), json!({ "reactionTime": { "length": 1, "interval": "HOUR" } })).await;
    assert_eq!(patched.fine()["reactionTime"], json!({ "length": 1, "interval": "HOUR" }));
    assert_eq!(bench.found("agreementRule", json!({ "agreement": made })).await, [uuid(&rule)]);
    let got = bench.edit(&uuid(&rule), json!({ "reactionTime": "1 HOUR" })).await;
    assert_eq!(got.status, 500);
}

#[tokio::test]
async fn comments_are_left_by_creation_and_beside_an_edit() {
    let bench = Bench::open().await;
    let body = json!({ "source": "agreement$605301", "text": "<p>Activated</p>", "private": true });
    let got = bench.post("create-m2m/comment?attrs=text,creationDate,private", body).await;
    assert_eq!(got.status, 201);
    assert_eq!(
        got.json(),
        json!({ "text": "<p>Activated</p>", "creationDate": "2026.03.01 09:00:00", "private": true })
    );
    let body = json!({ "description": "x", "@comment": "two" });
    bench.edit("agreement$605301", body).await.fine();
    let found = bench.find("comment", json!({ "source": "agreement$605301" })).await;
    let texts: Vec<_> = found.iter().map(|comment| comment["text"].as_str().expect("text")).collect();
    assert_eq!(texts, ["<p>Activated</p>", "two"]);
    assert!(found.iter().all(|comment| comment["author"]["title"] == json!("Servanda")));
}

#[tokio::test]
async fn only_what_nothing_refers_to_can_be_deleted() {
    let bench = Bench::open().await;
    let made = bench.agreement(json!({ "title": "A", "recipientsOU": ["ou$7003"] })).await;
    let rule = bench.create("agreementRule$agreementRule", json!({ "agreement": made })).await;
    let delete = async |uuid: &str| {
        let path = format!("delete/{uuid}?accessKey={}", super::ACCESS_KEY);
        bench.send("GET", &path, None).await.status
    };
    assert_eq!(delete(&made).await, 500);
    assert_eq!(delete("ou$7003").await, 500);
    assert_eq!(delete(&uuid(&rule)).await, 200);
    assert_eq!(delete(&made).await, 200);
    assert_eq!(delete(&made).await, 404);
    assert!(uuids(&bench.get("ou$7003").await["recipientAgreements"]).is_empty());
}

#[tokio::test]
async fn creations_at_once_get_numbers_of_their_own() {
    let bench = Bench::open().await;
    let create = |index: i64| {
        let body = json!({ "title": format!("A{index}"), "recipientsOU": ["ou$7001"] });
        bench.agreement(body)
    };
    let (one, two, three, four) = tokio::join!(create(1), create(2), create(3), create(4));
    let made = std::collections::BTreeSet::from([one, two, three, four]);
    assert_eq!(made.len(), 4);
    let linked = uuids(&bench.get("ou$7001").await["recipientAgreements"]);
    assert_eq!(linked.into_iter().collect::<std::collections::BTreeSet<_>>(), made);
}
