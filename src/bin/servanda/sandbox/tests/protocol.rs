//! Addresses, methods, keys, statuses and headers.

use serde_json::json;

use super::{ACCESS_KEY, Bench};

#[tokio::test]
async fn a_missing_key_is_401_with_the_known_text() {
    let bench = Bench::open().await;
    let got = bench.send("GET", "get/agreement$605301", None).await;
    assert_eq!(got.status, 401);
    assert_eq!(got.kind, "text/plain;charset=UTF-8");
    assert_eq!(got.text, "Ошибка авторизации. Необходимо указать ключ авторизации в параметре accessKey");
}

#[tokio::test]
async fn a_wrong_key_is_500_with_the_known_text() {
    let bench = Bench::open().await;
    let key = "00000000-0000-0000-0000-000000000000";
    let got = bench.post_as(key, "find/agreement", json!({})).await;
    assert_eq!(got.status, 500);
    assert_eq!(
        got.text,
        format!(
            "Переход не может быть выполнен: ключ авторизации {key} не найден или не может быть использован повторно"
        )
    );
}

#[tokio::test]
async fn the_dollar_of_a_uuid_may_be_raw_or_encoded_and_a_slash_may_follow() {
    let bench = Bench::open().await;
    for target in ["agreement$605301", "agreement%24605301", "agreement$605301/"] {
        let path = format!("get/{target}?accessKey={ACCESS_KEY}&attrs=UUID,title");
        let got = bench.send("GET", &path, None).await;
        assert_eq!(got.fine(), json!({ "UUID": "agreement$605301", "title": "IT (8x5)" }));
    }
}

#[tokio::test]
async fn forbidden_characters_in_the_address_are_turned_away() {
    let bench = Bench::open().await;
    for part in ["%2e", "%2E", ";", "%3b", "%2f", "%2F", "%5c"] {
        let path = format!("find/agreement?attrs=UUID{part}&accessKey={ACCESS_KEY}");
        let got = bench.send("POST", &path, Some("{}")).await;
        assert_eq!(got.status, 400, "{part}");
    }
}

#[tokio::test]
async fn attributes_in_the_query_and_reads_by_get_are_not_spoken() {
    let bench = Bench::open().await;
    let path = format!("find/agreement?title=x&accessKey={ACCESS_KEY}");
    assert_eq!(bench.send("POST", &path, None).await.status, 400);
    for (method, path) in [("GET", "find/agreement"), ("PUT", "get/root$101"), ("POST", "search/agreement")] {
        let path = format!("{path}?accessKey={ACCESS_KEY}");
        assert_eq!(bench.send(method, &path, None).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn json_that_cannot_be_read_is_400() {
    let bench = Bench::open().await;
    for body in ["{", "[]", "{'title':1}", "null"] {
        let path = format!("find/agreement?accessKey={ACCESS_KEY}");
        let got = bench.send("POST", &path, Some(body)).await;
        assert_eq!(got.status, 400, "{body}");
    }
}

#[tokio::test]
async fn an_absent_object_and_an_unknown_class_are_refused_in_words() {
    let bench = Bench::open().await;
    let got = bench.post("get/agreement$1", json!({})).await;
    assert_eq!((got.status, got.text.as_str()), (404, "Объект 'agreement$1' не найден"));
    let got = bench.post("find/contract", json!({})).await;
    assert_eq!((got.status, got.text.as_str()), (500, "Метакласс 'contract' не найден"));
}

#[tokio::test]
async fn script_modules_are_not_there() {
    let bench = Bench::open().await;
    let path = "exec-post?func=modules.slaNotify.send&params=requestContent,user";
    let got = bench.post(path, json!({})).await;
    assert_eq!(got.status, 500);
    assert_eq!(got.text, "Script module or method not found: slaNotify.send(2 args)");
}

#[tokio::test]
async fn the_date_header_is_the_helpdesk_s_own() {
    let bench = Bench::open().await;
    let got = bench.post("find/agreement", json!({})).await;
    assert_eq!(got.date, "Sun, 01 Mar 2026 09:00:00 GMT");
    assert_eq!(got.kind, "application/json;charset=UTF-8");
}

#[tokio::test]
async fn requests_are_counted_by_verb() {
    let bench = Bench::open().await;
    bench.find("agreement", json!({})).await;
    bench.get("root$101").await;
    let made = bench.agreement(json!({ "title": "Новое" })).await;
    bench.edit(&made, json!({ "title": "Иное" })).await;
    bench.edit("agreement$1", json!({})).await;
    let counts = bench.sandbox.request_counts();
    assert_eq!((counts.find, counts.get, counts.create, counts.edit), (1, 1, 1, 2));
    assert_eq!((counts.total(), counts.writes()), (5, 3));
}

#[tokio::test]
async fn it_stops_when_told_and_its_port_is_free_again() {
    let bench = Bench::open().await;
    bench.find("agreement", json!({})).await;
    let address = bench.running.address;
    bench.running.stop().await.expect("stops");
    drop(bench.client);
    tokio::net::TcpListener::bind(address).await.expect("free again");
}
