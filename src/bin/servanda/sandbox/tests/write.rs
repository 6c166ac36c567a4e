//! `create-m2m`, `edit-m2m`, `delete` and comments.

use serde_json::{Value, json};
use servanda::calendar::Instant;

use super::{Fixture, MORNING, clock, seed, uuid, uuids};
use crate::sandbox::{DatabasePath, Sandbox, SandboxOptions};

#[tokio::test]
async fn a_creation_returns_201_with_the_requested_attributes() {
    let fixture = Fixture::open().await;
    let response = fixture
        .post(
            "create-m2m/agreement$agreement?attrs=title,state,inventoryNumber",
            json!({ "title": "Ромашка 2025", "inventoryNumber": "romashka-2025" }),
        )
        .await;
    assert_eq!(response.status, 201);
    assert_eq!(
        response.json(),
        json!({ "title": "Ромашка 2025", "inventoryNumber": "romashka-2025", "state": "planned" })
    );
}

#[tokio::test]
async fn a_creation_to_the_class_needs_its_type_in_the_body() {
    let fixture = Fixture::open().await;
    let response = fixture.post("create-m2m/ou", json!({ "title": "Ива" })).await;
    assert_eq!(response.status, 500);
    let made = fixture.create("ou", json!({ "title": "Ива", "metaClass": "ou$company" })).await;
    assert_eq!(made["metaClass"], json!("ou$company"));
    let response =
        fixture.post("create-m2m/ou$ou", json!({ "title": "Ива", "metaClass": "ou$company" })).await;
    assert_eq!(response.status, 500);
}

#[tokio::test]
async fn a_rejected_attribute_is_named_and_nothing_is_created() {
    let fixture = Fixture::open().await;
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
        let response = fixture.post("create-m2m/agreement$agreement", body.clone()).await;
        assert_eq!(response.status, 500, "{body}");
        assert!(response.text.contains(named), "{body}: {}", response.text);
    }
    assert_eq!(fixture.found("agreement", json!({})).await.len(), 1);
    fixture.agreement(json!({ "title": "Ы".repeat(255) })).await;
}

#[tokio::test]
async fn of_objects_that_are_created_together_a_refused_one_comes_back_with_its_error() {
    let fixture = Fixture::open().await;
    let titled = |title: &str| json!({ "title": title, "metaClass": "agreement$agreement" });
    let together = json!([titled("A"), titled(" "), titled("B"), { "title": "C" }]);
    let response = fixture.post("create-m2m-multiple?attrs=UUID,title", together).await;
    assert_eq!(response.status, 201);
    let made = response.json();
    let made = made.as_array().expect("a list");
    let titles: Vec<&str> = made.iter().filter_map(|object| object["title"].as_str()).collect();
    assert_eq!(titles, ["A", " ", "B", "C"]);
    let has = |key: &str| made.iter().map(|object| object.get(key).is_some()).collect::<Vec<_>>();
    assert_eq!(has("UUID"), [true, false, true, false]);
    assert_eq!(has("error"), [false, true, false, true]);
    assert_eq!(fixture.found("agreement", json!({})).await.len(), 3);
    assert_eq!(fixture.post("create-m2m-multiple", json!({})).await.status, 400);
    assert_eq!(fixture.post("create-m2m-multiple/agreement", json!([])).await.status, 404);
}

#[tokio::test]
async fn sets_are_replaced_completely_and_null_empties_a_value() {
    let fixture = Fixture::open().await;
    let made = fixture
        .agreement(json!({
            "title": "A", "services": ["slmService$1", "slmService$2"], "responsible": "employee$12",
            "endDate": "2026.12.31 00:00:00",
        }))
        .await;
    let body = json!({
        "services": ["slmService$3", "slmService$2", "slmService$3"], "responsible": null, "endDate": null,
    });
    let response = fixture.edit(&made, body).await;
    assert_eq!(response.status, 200);
    let after = response.json();
    assert_eq!(uuids(&after["services"]), ["slmService$2", "slmService$3"]);
    assert_eq!((&after["responsible"], &after["endDate"]), (&Value::Null, &Value::Null));
    assert_eq!(after["title"], json!("A"));
}

#[tokio::test]
async fn a_refused_edit_changes_nothing() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A", "services": ["slmService$1"] })).await;
    let before = fixture.get(&made).await;
    let response =
        fixture.edit(&made, json!({ "title": "B", "services": [], "responsible": "employee$99" })).await;
    assert_eq!(response.status, 500);
    assert_eq!(fixture.get(&made).await, before);
}

#[tokio::test]
async fn every_change_is_later_than_the_one_before_even_if_the_clock_is_not() {
    let clock = clock();
    let sandbox = Sandbox::open(&DatabasePath::Memory, &seed(), clock.clone(), SandboxOptions::default());
    let fixture = Fixture::serve(sandbox.expect("opens")).await;
    let made = fixture.agreement(json!({ "title": "A" })).await;
    let mut seen = vec![fixture.get(&made).await["lastModifiedDate"].clone()];
    for (title, second) in [("B", MORNING), ("C", MORNING - 1000), ("D", MORNING + 60)] {
        clock.set(Instant::from_second(second).expect("in range"));
        seen.push(fixture.edit(&made, json!({ "title": title })).await.success()["lastModifiedDate"].clone());
    }
    let expected =
        ["09:00:00", "09:00:01", "09:00:02", "09:01:00"].map(|time| json!(format!("2026.03.01 {time}")));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_edit_without_effect_leaves_no_trace() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A", "services": ["slmService$1", "slmService$2"] })).await;
    let before = fixture.get(&made).await;
    let response =
        fixture.edit(&made, json!({ "title": "A", "services": ["slmService$2", "slmService$1"] })).await;
    assert_eq!((response.status, response.json()), (200, before));
    assert_eq!(fixture.find("event", json!({ "source": made })).await.len(), 1);
}

#[tokio::test]
async fn every_state_can_follow_every_other_and_has_a_start_time() {
    let clock = clock();
    let sandbox = Sandbox::open(&DatabasePath::Memory, &seed(), clock.clone(), SandboxOptions::default());
    let fixture = Fixture::serve(sandbox.expect("opens")).await;
    let made = fixture.agreement(json!({ "title": "A" })).await;
    clock.set(Instant::from_second(MORNING + 3600).expect("in range"));
    for state in ["active", "inactive", "planned", "inactive", "active"] {
        let after = fixture.edit(&made, json!({ "state": state })).await.success();
        assert_eq!(
            (&after["state"], &after["stateStartTime"]),
            (&json!(state), &json!("2026.03.01 10:00:00"))
        );
    }
    assert_eq!(fixture.edit(&made, json!({ "state": "closed" })).await.status, 500);
}

#[tokio::test]
async fn an_archived_object_has_a_date_and_can_be_restored() {
    let fixture = Fixture::open().await;
    let archived = fixture.edit("agreement$605301", json!({ "removed": true })).await.success();
    assert_eq!(
        (&archived["removed"], &archived["removalDate"]),
        (&json!(true), &json!("2026.03.01 09:00:00"))
    );
    let back = fixture.edit("agreement$605301", json!({ "removed": false })).await.success();
    assert_eq!((&back["removed"], &back["removalDate"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn both_sides_of_the_recipient_link_change_together() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A", "recipientsOU": ["ou$7001"] })).await;
    let modified =
        async |uuid: &str| fixture.get(uuid).await["lastModifiedDate"].as_str().expect("a date").to_owned();
    let (agreement, unit, far) =
        (modified(&made).await, modified("ou$7003").await, modified("ou$7001").await);

    fixture.edit("ou$7003", json!({ "recipientAgreements": [made] })).await.success();
    assert_eq!(uuids(&fixture.get(&made).await["recipientsOU"]), ["ou$7001", "ou$7003"]);
    assert!(modified(&made).await > agreement && modified("ou$7003").await > unit);
    assert_eq!(modified("ou$7001").await, far);

    fixture.edit(&made, json!({ "recipientsOU": ["ou$7003"] })).await.success();
    assert!(uuids(&fixture.get("ou$7001").await["recipientAgreements"]).is_empty());
    assert!(modified("ou$7001").await > far);
}

#[tokio::test]
async fn people_have_the_same_back_reference_as_units() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A" })).await;
    fixture.edit("employee$811", json!({ "recipientAgreements": [made] })).await.success();
    let after = fixture.get(&made).await;
    assert_eq!(uuids(&after["recipientsEmployee"]), ["employee$811"]);
    assert!(uuids(&after["recipientsOU"]).is_empty());
}

#[tokio::test]
async fn rules_return_durations_as_written() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A" })).await;
    let rule = fixture
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
        fixture.edit(&uuid(&rule), json!({ "reactionTime": { "length": 1, "interval": "HOUR" } })).await;
    assert_eq!(patched.success()["reactionTime"], json!({ "length": 1, "interval": "HOUR" }));
    assert_eq!(fixture.found("agreementRule", json!({ "agreement": made })).await, [uuid(&rule)]);
    let response = fixture.edit(&uuid(&rule), json!({ "reactionTime": "1 HOUR" })).await;
    assert_eq!(response.status, 500);
}

#[tokio::test]
async fn comments_are_added_by_creation_or_with_an_edit() {
    let fixture = Fixture::open().await;
    let body = json!({ "source": "agreement$605301", "text": "<p>Activated</p>", "private": true });
    let response = fixture.post("create-m2m/comment?attrs=text,creationDate,private", body).await;
    assert_eq!(response.status, 201);
    assert_eq!(
        response.json(),
        json!({ "text": "<p>Activated</p>", "creationDate": "2026.03.01 09:00:00", "private": true })
    );
    let body = json!({ "description": "x", "@comment": "two" });
    fixture.edit("agreement$605301", body).await.success();
    let found = fixture.find("comment", json!({ "source": "agreement$605301" })).await;
    let texts: Vec<_> = found.iter().map(|comment| comment["text"].as_str().expect("text")).collect();
    assert_eq!(texts, ["<p>Activated</p>", "two"]);
    assert!(found.iter().all(|comment| comment["author"]["title"] == json!("Servanda")));
}

#[tokio::test]
async fn only_objects_without_references_to_them_can_be_deleted() {
    let fixture = Fixture::open().await;
    let made = fixture.agreement(json!({ "title": "A", "recipientsOU": ["ou$7003"] })).await;
    let rule = fixture.create("agreementRule$agreementRule", json!({ "agreement": made })).await;
    let delete = async |uuid: &str| {
        let path = format!("delete/{uuid}?accessKey={}", super::ACCESS_KEY);
        assert_eq!(fixture.send("GET", &path, None).await.status, 404, "no GET writes");
        fixture.send("POST", &path, None).await.status
    };
    assert_eq!(delete(&made).await, 500);
    assert_eq!(delete("ou$7003").await, 500);
    assert_eq!(delete(&uuid(&rule)).await, 200);
    assert_eq!(delete(&made).await, 200);
    assert_eq!(delete(&made).await, 404);
    assert!(uuids(&fixture.get("ou$7003").await["recipientAgreements"]).is_empty());
}

#[tokio::test]
async fn concurrent_creations_get_different_numbers() {
    let fixture = Fixture::open().await;
    let create = |index: i64| {
        let body = json!({ "title": format!("A{index}"), "recipientsOU": ["ou$7001"] });
        fixture.agreement(body)
    };
    let (one, two, three, four) = tokio::join!(create(1), create(2), create(3), create(4));
    let made = std::collections::BTreeSet::from([one, two, three, four]);
    assert_eq!(made.len(), 4);
    let linked = uuids(&fixture.get("ou$7001").await["recipientAgreements"]);
    assert_eq!(linked.into_iter().collect::<std::collections::BTreeSet<_>>(), made);
}
