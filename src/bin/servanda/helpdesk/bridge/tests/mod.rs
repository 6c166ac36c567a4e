//! The bridge against an adapter in memory, and against adapters that lie, hang, send too much, or redirect.

mod double;

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Observed, Value};
use servanda::mapping::{Field, Mapping};
use servanda::plan::Step;
use servanda::settings::Pace;

use super::{BridgeCache, BridgeReader, BridgeToken, BridgeTransport, BridgeWriter, describe};
use crate::helpdesk::error::{ReadErrorKind, WriteError};
use crate::helpdesk::{Reader as _, Selection, Writer as _};
use crate::http::client::Endpoint;
use crate::http::transport::Transport;

pub(crate) use double::{Adapter, Fault, TOKEN};

fn transport(url: &str) -> BridgeTransport {
    transport_within(url, Duration::from_mins(1))
}

fn transport_within(url: &str, deadline: Duration) -> BridgeTransport {
    let pace = Pace { deadline, ..Pace::SANDBOX };
    let token = BridgeToken(SecretString::from(TOKEN));
    Transport::to(&Endpoint::at(url), token, &pace).expect("a transport")
}

fn id(text: &str) -> AgreementId {
    AgreementId::new(text).expect("an id")
}

fn edit(title: &str, state: Option<&str>) -> Step {
    let fields = [(Field::Title, Value::text(title))].into();
    Step::Edit { fields, state: state.map(str::to_owned), ownership_key: None }
}

fn create(title: &str) -> Step {
    Step::Create { fields: [(Field::Title, Value::text(title))].into() }
}

#[tokio::test]
async fn an_agreement_is_created_found_edited_and_withdrawn() {
    let adapter = Adapter::start(None).await;
    let transport = transport(adapter.url());
    let (description, mapping) = describe(&transport, &Mapping::bridge()).await.expect("described");
    let cache = BridgeCache::default();
    let reader = BridgeReader::new(&transport, &description, &mapping, 2, &cache);
    let writer = BridgeWriter::new(&transport, &description, &mapping, &cache, "run");
    assert_eq!(reader.find(&id("a")).await.expect("read"), Observed::Absent);
    let created = writer.perform(&id("a"), None, &create("A")).await.expect("created");
    assert!(created.altered.is_empty());
    let Observed::Present(found) = reader.find(&id("a")).await.expect("read") else { panic!("it is there") };
    assert_eq!((found.record.state.as_str(), found.owner), ("new", Some(id("a"))));
    let object = created.object;
    writer.perform(&id("a"), Some(&object), &edit("B", Some("in-use"))).await.expect("edited");
    // Each step stands on the answer to the one before.
    writer.perform(&id("a"), Some(&object), &edit("C", None)).await.expect("edited");
    let live = reader.read_live(&Selection::default()).await.expect("the live state");
    assert!(matches!(&live.agreements[&id("a")], Observed::Present(found) if found.record.state == "in-use"));
    assert_eq!(reader.bearers(&id("a")).await.expect("read"), vec![object.clone()]);
    assert_eq!(reader.history(&[object.clone()].into()).await.expect("read").len(), 1);
    let people: BTreeSet<LiveId> = ["u0", "u1"].iter().filter_map(|id| LiveId::new(id)).collect();
    assert_eq!(reader.addresses(&people).await.expect("read").len(), 1);
    let comment = writer.comment(&object, "<p>marked 7</p>", true).await.expect("a comment");
    let found = reader.find_comment(&object, "marked 7").await.expect("read");
    assert_eq!(found.map(|id| id.to_string()), Some(comment));
    writer.withdraw(&object).await.expect("withdrawn");
    let stored = reader.stored_key(&object).await.expect("read");
    assert_eq!((stored.owner, stored.text.as_str()), (None, ""));
    let inventory = reader.inventory().await.expect("an inventory");
    assert_eq!(inventory.unkept.len(), 1, "no calendars");
}

#[tokio::test]
async fn an_edit_of_what_somebody_else_has_changed_is_a_conflict() {
    let adapter = Adapter::start(None).await;
    let transport = transport(adapter.url());
    let (description, mapping) = describe(&transport, &Mapping::bridge()).await.expect("described");
    let (cache, other) = (BridgeCache::default(), BridgeCache::default());
    let writer = BridgeWriter::new(&transport, &description, &mapping, &cache, "run");
    let somebody = BridgeWriter::new(&transport, &description, &mapping, &other, "another");
    let object = writer.perform(&id("a"), None, &create("A")).await.expect("created").object;
    let unread = somebody.perform(&id("a"), Some(&object), &edit("X", None)).await;
    assert!(matches!(unread, Err(WriteError::NotSent(_))));
    let reader = BridgeReader::new(&transport, &description, &mapping, 2, &other);
    reader.get(&object).await.expect("read");
    somebody.perform(&id("a"), Some(&object), &edit("X", None)).await.expect("edited");
    let late = writer.perform(&id("a"), Some(&object), &edit("B", None)).await;
    assert!(matches!(late, Err(WriteError::Conflict)));
}

/// Each lie, and the part of the message that shows it.
#[tokio::test]
async fn a_lie_is_an_error_and_never_an_absence() {
    let adapter = Adapter::start(None).await;
    let transport = transport(adapter.url());
    let (description, mapping) = describe(&transport, &Mapping::bridge()).await.expect("described");
    let cache = BridgeCache::default();
    let reader = BridgeReader::new(&transport, &description, &mapping, 2, &cache);
    let other = json!({ "id": "9", "key": "sv:other", "state": "new", "fields": {} });
    let page = |items: Json, next: Json, total: u64| json!({ "items": items, "next": next, "total": total });
    for (call, answer, shown) in [
        ("find", json!({ "agreements": [other] }), "another key"),
        ("find", json!({ "agreement": [] }), "no `agreements`"),
        ("find", json!([]), "no `agreements`"),
        ("find", Json::Null, "no `agreements`"),
        ("get", json!({ "agreement": other }), "about 9"),
        ("get", json!({}), "no `agreement`"),
        ("agreements", page(json!([]), Json::Null, 1), "the total is 1"),
        ("agreements", page(json!([other, other]), Json::Null, 2), "twice"),
        ("agreements", page(json!([]), json!("x"), 0), "leads back"),
        ("agreements", page(json!([{ "key": "sv:a" }]), Json::Null, 1), "valid `id`"),
        (
            "agreements",
            page(json!([{ "id": "9", "state": "new", "fields": {} }]), Json::Null, 1),
            "9 has no `key`",
        ),
        ("directory", json!({ "items": [] }), "does not follow the contract"),
        ("find_comment", json!({ "comment": "" }), "no valid id"),
    ] {
        adapter.store().instead = [(call.to_owned(), (200, answer.to_string()))].into();
        let read = match call {
            "find" => reader.find(&id("a")).await.map(drop),
            "get" => reader.get(&LiveId::new("1").expect("an id")).await.map(drop),
            "find_comment" => {
                reader.find_comment(&LiveId::new("1").expect("an id"), "a text").await.map(drop)
            }
            _ => reader.read_live(&Selection::default()).await.map(drop),
        };
        let message = read.expect_err("a lie").to_string();
        assert!(message.starts_with(call) && message.contains(shown), "{answer}: {message}");
    }
}

#[tokio::test]
async fn an_unclear_answer_to_a_step_is_ambiguous() {
    let adapter = Adapter::start(None).await;
    let transport = transport(adapter.url());
    let (description, mapping) = describe(&transport, &Mapping::bridge()).await.expect("described");
    let cache = BridgeCache::default();
    let writer = BridgeWriter::new(&transport, &description, &mapping, &cache, "run");
    for (status, answer) in [
        (200, json!({})),
        (200, json!({ "outcome": "perhaps" })),
        (200, json!({ "outcome": "done" })),
        (200, json!({ "outcome": "unknown", "message": "the helpdesk did not answer" })),
        (200, Json::Null),
        (503, json!({ "message": "later" })),
        (307, json!({})),
    ] {
        adapter.store().instead = [("step".to_owned(), (status, answer.to_string()))].into();
        let written = writer.perform(&id("a"), None, &create("A")).await;
        assert!(matches!(written, Err(WriteError::Ambiguous(_))), "{status} {answer}");
    }
    for (status, answer) in
        [(200, json!({ "outcome": "refused", "message": "no" })), (400, json!({ "message": "no" }))]
    {
        adapter.store().instead = [("step".to_owned(), (status, answer.to_string()))].into();
        let written = writer.perform(&id("a"), None, &create("A")).await;
        assert!(matches!(written, Err(WriteError::Refused(_))), "{status} {answer}");
    }
}

#[tokio::test]
async fn an_adapter_that_is_too_large_elsewhere_or_silent_is_named_by_the_call() {
    let adapter = Adapter::start(None).await;
    let large = "x".repeat(100 * 1024 * 1024);
    for (status, body, shown) in [
        (200, large.as_str(), "larger than 16 MiB"),
        (302, "", "answered 302"),
        (200, "<html>", "not JSON"),
        (
            200,
            r#"{"versions":[2],"adapter":"x","fields":["title"],"states":{"planned":"a","active":"b","suspended":"c","expired":"d","terminated":"e"},"kinds":[]}"#,
            "version 2",
        ),
    ] {
        adapter.store().instead = [("describe".to_owned(), (status, body.to_owned()))].into();
        let refused = describe(&transport(adapter.url()), &Mapping::bridge()).await.map(drop);
        let message = refused.expect_err("refused").to_string();
        assert!(message.starts_with("describe") && message.contains(shown), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    // A listener that never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let error = describe(&transport_within(&url, Duration::from_millis(200)), &Mapping::bridge()).await;
    let error = error.map(drop).expect_err("silent");
    assert!(error.to_string().starts_with("describe: no readable response"), "{error}");
    adapter.store().instead = [("describe".to_owned(), (401, format!("{{\"message\":\"{TOKEN}\"}}")))].into();
    let error = describe(&transport(adapter.url()), &Mapping::bridge()).await.map(drop).expect_err("refused");
    assert!(error.is_credentials() && !error.to_string().contains("canary"), "{error}");
    assert!(!matches!(error.error, ReadErrorKind::Unexpected(_)));
    assert_eq!(adapter.steps(), 0);
}
