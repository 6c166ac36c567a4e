//! Addresses, methods, keys, statuses and headers.

use serde_json::json;

use super::{ACCESS_KEY, Fixture};

#[tokio::test]
async fn a_missing_key_is_401_with_the_known_text() {
    let fixture = Fixture::open().await;
    let response = fixture.send("GET", "get/agreement$605301", None).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.content_type, "text/plain;charset=UTF-8");
    assert_eq!(
        response.text,
        "Ошибка авторизации. Необходимо указать ключ авторизации в параметре accessKey"
    );
}

#[tokio::test]
async fn a_wrong_key_is_500_with_the_known_text() {
    let fixture = Fixture::open().await;
    let key = "00000000-0000-0000-0000-000000000000";
    let response = fixture.post_as(key, "find/agreement", json!({})).await;
    assert_eq!(response.status, 500);
    assert_eq!(
        response.text,
        format!(
            "Переход не может быть выполнен: ключ авторизации {key} не найден или не может быть использован повторно"
        )
    );
}

#[tokio::test]
async fn the_dollar_of_a_uuid_may_be_encoded_and_a_slash_may_follow() {
    let fixture = Fixture::open().await;
    for target in ["agreement$605301", "agreement%24605301", "agreement$605301/"] {
        let path = format!("get/{target}?accessKey={ACCESS_KEY}&attrs=UUID,title");
        let response = fixture.send("GET", &path, None).await;
        assert_eq!(response.success(), json!({ "UUID": "agreement$605301", "title": "IT (8x5)" }));
    }
}

#[tokio::test]
async fn forbidden_characters_in_the_address_are_rejected() {
    let fixture = Fixture::open().await;
    for part in ["%2e", "%2E", ";", "%3b", "%2f", "%2F", "%5c"] {
        let path = format!("find/agreement?attrs=UUID{part}&accessKey={ACCESS_KEY}");
        let response = fixture.send("POST", &path, Some("{}")).await;
        assert_eq!(response.status, 400, "{part}");
    }
}

#[tokio::test]
async fn attributes_in_the_query_and_other_methods_are_rejected() {
    let fixture = Fixture::open().await;
    let path = format!("find/agreement?title=x&accessKey={ACCESS_KEY}");
    assert_eq!(fixture.send("POST", &path, None).await.status, 400);
    for (method, path) in [("GET", "find/agreement"), ("PUT", "get/root$101"), ("POST", "search/agreement")] {
        let path = format!("{path}?accessKey={ACCESS_KEY}");
        assert_eq!(fixture.send(method, &path, None).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn malformed_json_is_400() {
    let fixture = Fixture::open().await;
    for body in ["{", "[]", "{'title':1}", "null"] {
        let path = format!("find/agreement?accessKey={ACCESS_KEY}");
        let response = fixture.send("POST", &path, Some(body)).await;
        assert_eq!(response.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_missing_object_and_an_unknown_class_have_their_texts() {
    let fixture = Fixture::open().await;
    let response = fixture.post("get/agreement$1", json!({})).await;
    assert_eq!((response.status, response.text.as_str()), (404, "Объект 'agreement$1' не найден"));
    let response = fixture.post("find/contract", json!({})).await;
    assert_eq!((response.status, response.text.as_str()), (500, "Метакласс 'contract' не найден"));
}

#[tokio::test]
async fn there_are_no_script_modules_by_default() {
    let fixture = Fixture::open().await;
    let path = "exec-post?func=modules.slaNotify.send&params=requestContent,user";
    let response = fixture.post(path, json!({})).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.text, "Script module or method not found: slaNotify.send(2 args)");
}

#[tokio::test]
async fn the_date_header_shows_the_sandbox_s_clock() {
    let fixture = Fixture::open().await;
    let response = fixture.post("find/agreement", json!({})).await;
    assert_eq!(response.date, "Sun, 01 Mar 2026 09:00:00 GMT");
    assert_eq!(response.content_type, "application/json;charset=UTF-8");
}

#[tokio::test]
async fn requests_are_counted_by_operation() {
    let fixture = Fixture::open().await;
    fixture.find("agreement", json!({})).await;
    fixture.get("root$101").await;
    let made = fixture.agreement(json!({ "title": "Новое" })).await;
    fixture.edit(&made, json!({ "title": "Иное" })).await;
    fixture.edit("agreement$1", json!({})).await;
    let counts = fixture.sandbox.request_counts();
    assert_eq!((counts.find, counts.get, counts.create, counts.edit), (1, 1, 1, 2));
    assert_eq!((counts.total(), counts.writes()), (5, 3));
}

#[tokio::test]
async fn after_a_stop_the_port_is_free_again() {
    let fixture = Fixture::open().await;
    fixture.find("agreement", json!({})).await;
    let address = fixture.running.address;
    fixture.running.stop().await.expect("stops");
    drop(fixture.client);
    tokio::net::TcpListener::bind(address).await.expect("free again");
}
