//! Webhooks: headers and bodies, and the certainty of the result after each response.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use servanda::notice::Channel;
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::RenderedMessage;
use servanda::settings::WebhookFormat;

use super::WebhookChannel;
use crate::notify::channel::{DeliveryChannel as _, Submit as _};

const KEY: &str = "a long random text";

/// The requests of a listener.
type Requests = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A listener that answers with a status, and its requests.
async fn listener(status: StatusCode) -> (String, Requests) {
    let requests: Requests = Arc::default();
    let keeps = Arc::clone(&requests);
    let answer = move |headers: HeaderMap, body: Bytes| {
        let body = String::from_utf8_lossy(&body).into_owned();
        keeps.lock().expect("no thread panicked").push((headers, body));
        async move { (status, [("location", "http://127.0.0.1:1/elsewhere")]) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook/secret-token"), requests)
}

fn message() -> Message {
    Message {
        name: "0123456789abcdef".to_owned(),
        channel: Channel::Webhook,
        address: String::new(),
        notices: Vec::new(),
    }
}

fn rendered() -> RenderedMessage {
    RenderedMessage {
        subject: "Соглашение".to_owned(), text: "Текст".to_owned(), html: String::new()
    }
}

async fn post(url: &str) -> Reply {
    let webhook =
        WebhookChannel::new(&SecretString::from(url), Some(SecretString::from(KEY))).expect("an address");
    webhook.prepare(&message(), &rendered()).await.expect("it is prepared").submit().await
}

#[tokio::test]
async fn a_post_is_signed_and_has_an_idempotency_key() {
    let (url, requests) = listener(StatusCode::NO_CONTENT).await;
    assert_eq!(post(&url).await, Reply::Sent("0123456789abcdef".to_owned()));
    let requests = requests.lock().expect("no thread panicked");
    let [(headers, body)] = &requests[..] else { panic!("it is posted once") };
    assert_eq!(headers["idempotency-key"], "0123456789abcdef");
    assert_eq!(headers["x-servanda-signature"], super::signature(&SecretString::from(KEY), body).as_str());
    assert!(!headers.contains_key("referer"));
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["id"], &body["subject"]), (&"0123456789abcdef".into(), &"Соглашение".into()));
}

#[tokio::test]
async fn the_result_is_certain_after_every_response() {
    for (status, is_certain) in [
        (400, true),
        (401, true),
        (404, true),
        (429, true),
        (302, true),
        (500, false),
        (502, false),
        (504, false),
    ] {
        let (url, requests) = listener(StatusCode::from_u16(status).expect("a status")).await;
        let reply = post(&url).await;
        assert_eq!(matches!(reply, Reply::Refused(_)), is_certain, "{status}: {reply:?}");
        assert_eq!(matches!(reply, Reply::Unknown(_)), !is_certain, "{status}: {reply:?}");
        assert!(!format!("{reply:?}").contains("secret-token"), "the address is shown nowhere");
        assert_eq!(requests.lock().expect("no thread panicked").len(), 1, "nothing is followed or repeated");
    }
    let gone = post("http://127.0.0.1:1/secret-token").await;
    assert!(matches!(&gone, Reply::Refused(why) if !why.contains("secret-token")), "{gone:?}");
}

/// RFC 4231, test case 2.
#[test]
fn the_signature_is_that_of_the_standard() {
    let signed = super::signature(&SecretString::from("Jefe"), "what do ya want for nothing?");
    assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn only_an_encrypted_address_or_this_machine_is_posted_to() {
    let new = |url: &str| WebhookChannel::new(&SecretString::from(url), None);
    assert!(new("https://hooks.acme.example/x").is_ok() && new("http://localhost:8080/x").is_ok());
    for bad in ["http://hooks.acme.example/secret", "ftp://hooks.acme.example/secret", "secret"] {
        let failure = new(bad).err().expect("it is refused");
        assert!(!failure.message.contains("secret"), "{}", failure.message);
    }
}

#[tokio::test]
async fn slack_mattermost_and_telegram_get_their_format() {
    let message = Message {
        name: "0123456789abcdef".to_owned(),
        channel: Channel::Webhook,
        address: String::new(),
        notices: Vec::new(),
    };
    let rendered = RenderedMessage { subject: "s".to_owned(), text: "*A*".to_owned(), html: String::new() };
    let text = serde_json::json!({ "text": "*A*" });
    let telegram = serde_json::json!({
        "chat_id": "-1001", "text": "*A*", "parse_mode": "HTML", "link_preview_options": { "is_disabled": true },
    });
    for (form, expected) in [
        (WebhookFormat::Slack, &text),
        (WebhookFormat::Mattermost, &text),
        (WebhookFormat::Telegram, &telegram),
    ] {
        let (url, requests) = listener(StatusCode::OK).await;
        let webhook = WebhookChannel::new(&SecretString::from(url), None).expect("an address");
        let chat = (form == WebhookFormat::Telegram).then(|| "-1001".to_owned());
        let reply = webhook
            .with_form(form, chat)
            .prepare(&message, &rendered)
            .await
            .expect("it is prepared")
            .submit()
            .await;
        // The listener does not answer with the id of a message as Telegram does.
        assert_eq!(matches!(reply, Reply::Sent(_)), form != WebhookFormat::Telegram, "{reply:?}");
        assert_eq!(matches!(reply, Reply::Unknown(_)), form == WebhookFormat::Telegram, "{reply:?}");
        let requests = requests.lock().expect("no thread panicked");
        let body: serde_json::Value = serde_json::from_str(&requests[0].1).expect("JSON");
        assert_eq!(&body, expected);
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url =
        format!("http://{}/bot1:secret-token-7/sendMessage", listener.local_addr().expect("an address"));
    let endless = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let _ = stream.read(&mut vec![0; 0x10000]).await.expect("it asks");
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let webhook = WebhookChannel::new(&SecretString::from(url), None).expect("an address");
    let webhook = webhook.with_form(WebhookFormat::Telegram, Some("-1".to_owned()));
    let Reply::Unknown(why) =
        webhook.prepare(&message(), &rendered()).await.expect("prepared").submit().await
    else {
        panic!("no answer says that it was sent")
    };
    assert!(why.contains("1 MiB"), "{why}");
    endless.await.expect("the client has gone");
}
