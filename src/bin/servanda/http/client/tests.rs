//! Where requests go and where not: redirects, bent names, and what is said of where they come from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use servanda::settings::AddressPolicy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Endpoint, HttpClient, HttpError, HttpSender as _, Request};
use crate::helpdesk::itsm365::AccessKey;
use crate::http::resolver::{Found, Resolver};

const CANARY: &str = "canary-7f3e+ ключ";

/// Listens on loopback, answers everybody the same, and keeps what was said.
async fn listener(answer: String) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let heard: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let ears = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or_default();
            ears.lock()
                .expect("no test panics here")
                .push(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heard)
}

async fn ask(http: &HttpClient) -> Result<(), HttpError> {
    let body = serde_json::json!({});
    http.exchange(&Request { path: "find/agreement", query: &[], body: &body }).await.result.map(drop)
}

fn http(url: &str, resolver: Resolver) -> Result<HttpClient, HttpError> {
    HttpClient::resolving(
        &Endpoint::at(url),
        resolver,
        AccessKey::new(SecretString::from(CANARY)),
        Duration::from_secs(5),
    )
}

#[tokio::test]
async fn no_redirect_is_followed_and_nothing_is_said_of_where_one_comes_from() {
    let (behind, reached) = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".to_owned()).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [
            format!("http://{behind}/"),
            format!("http://{behind}/?accessKey={CANARY}"),
            format!("//{behind}/"),
        ] {
            let answer =
                format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let (front, heard) = listener(answer).await;
            let http = http(&format!("http://{front}/sd"), Resolver::of_the_system(AddressPolicy::default()))
                .expect("a target");
            let error = ask(&http).await.expect_err("no answer");
            assert!(matches!(error, HttpError::Refused { status: told, .. } if told == status));
            assert!(!format!("{error} {error:?}").contains("canary"));
            let heard = heard.lock().expect("no test panics here");
            assert_eq!(heard.len(), 1);
            assert!(!heard[0].to_lowercase().contains("referer"), "{}", heard[0]);
        }
    }
    assert!(reached.lock().expect("no test panics here").is_empty(), "nobody went on");
}

#[tokio::test]
async fn a_name_that_leads_where_no_key_may_go_gets_no_request() {
    let (behind, reached) = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".to_owned()).await;
    for bent in ["127.0.0.1", "::1", "10.0.0.5", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0"] {
        let address = SocketAddr::new(bent.parse().expect("an address"), behind.port());
        // One good address among them changes nothing.
        let answers = vec![SocketAddr::from(([185, 1, 2, 3], behind.port())), address];
        let lookup = Arc::new(move |_| -> Found {
            let answers = answers.clone();
            Box::pin(async move { Ok(answers) })
        });
        let http = http(
            &format!("https://acme.itsm365.com:{}/sd", behind.port()),
            Resolver::asking(AddressPolicy::default(), lookup),
        );
        let error = ask(&http.expect("a target")).await.expect_err("no answer");
        let HttpError::NotSent(why) = error else { panic!("{error:?}") };
        assert!(why.contains("no key is sent"), "{why}");
    }
    assert!(reached.lock().expect("no test panics here").is_empty());
}

#[tokio::test]
async fn a_name_is_asked_for_once() {
    let (front, heard) =
        listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]".to_owned()).await;
    let (elsewhere, reached) = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".to_owned()).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = {
        let asked = Arc::clone(&asked);
        Arc::new(move |_| -> Found {
            let answer = if asked.fetch_add(1, Ordering::Relaxed) == 0 { front } else { elsewhere };
            Box::pin(async move { Ok(vec![answer]) })
        })
    };
    let http = http(
        &format!("http://localhost:{}/sd", front.port()),
        Resolver::asking(AddressPolicy::default(), lookup),
    )
    .expect("a target");
    for _ in 0..3 {
        ask(&http).await.expect("answered");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(heard.lock().expect("no test panics here").len(), 3);
    assert!(reached.lock().expect("no test panics here").is_empty());
}

#[tokio::test]
async fn what_a_helpdesk_repeats_of_the_key_is_taken_out() {
    let body = serde_json::json!([{ "UUID": "ou$1", "title": format!("key {CANARY}") }]).to_string();
    let (front, _) =
        listener(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    let http = http(&format!("http://{front}/sd"), Resolver::of_the_system(AddressPolicy::default()))
        .expect("a target");
    let body = serde_json::json!({});
    let reply = http.exchange(&Request { path: "find/ou", query: &[], body: &body }).await;
    assert_eq!(reply.result.expect("an answer").body[0]["title"], "key ***");
}
