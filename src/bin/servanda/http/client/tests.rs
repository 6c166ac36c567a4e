//! Where requests are sent: redirects, DNS rebinding, referers, and secrets that a server echoes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::dns::{Name, Resolve as _};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use servanda::settings::AddressPolicy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Endpoint, HttpClient, HttpError, HttpSender as _, Protocol, Request};
use crate::http::resolver::{Addresses, Resolver};

const CANARY: &str = "canary-7f3e+ ключ";

/// A product whose key is a part of the query.
struct KeyInQuery(SecretString);

impl Protocol for KeyInQuery {
    fn address(&self, base: &str, request: &Request<'_>) -> String {
        format!("{base}/{}", request.path)
    }

    fn authenticate(&self, post: RequestBuilder, request: &Request<'_>) -> RequestBuilder {
        post.query(&[("accessKey", self.0.expose_secret())]).json(request.body)
    }

    fn secret(&self) -> &SecretString {
        &self.0
    }

    fn rejects_secret(&self, _: StatusCode, _: &str) -> bool {
        false
    }

    fn check_body(&self, body: Value) -> Result<Value, HttpError> {
        Ok(body)
    }
}

/// Listens on loopback, sends everyone the same response, and keeps the requests.
pub(crate) async fn listener(answer: String) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>) {
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

async fn ask(http: &HttpClient<KeyInQuery>) -> Result<(), HttpError> {
    let body = serde_json::json!({});
    http.send_once(&Request { path: "find/agreement", query: &[], body: &body }).await.result.map(drop)
}

fn http(url: &str, resolver: Resolver) -> Result<HttpClient<KeyInQuery>, HttpError> {
    HttpClient::with_resolver(
        &Endpoint::at(url),
        resolver,
        KeyInQuery(SecretString::from(CANARY)),
        Duration::from_secs(5),
    )
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_referer_is_sent() {
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
            let http = http(
                &format!("http://{front}/sd"),
                Resolver::of_the_system("127.0.0.1", AddressPolicy::default()),
            )
            .expect("a target");
            let error = ask(&http).await.expect_err("no answer");
            assert!(matches!(error, HttpError::Refused { status: refused, .. } if refused == status));
            assert!(!format!("{error} {error:?}").contains("canary"));
            let heard = heard.lock().expect("no test panics here");
            assert_eq!(heard.len(), 1);
            assert!(!heard[0].to_lowercase().contains("referer"), "{}", heard[0]);
        }
    }
    assert!(reached.lock().expect("no test panics here").is_empty(), "no redirect was followed");
}

#[tokio::test]
async fn a_host_that_resolves_to_a_forbidden_address_gets_no_request() {
    let (behind, reached) = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".to_owned()).await;
    for forbidden in ["127.0.0.1", "::1", "10.0.0.5", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0"] {
        let address = SocketAddr::new(forbidden.parse().expect("an address"), behind.port());
        // An allowed address among them changes nothing.
        let answers = vec![SocketAddr::from(([185, 1, 2, 3], behind.port())), address];
        let lookup = Arc::new(move |_| -> Addresses {
            let answers = answers.clone();
            Box::pin(async move { Ok(answers) })
        });
        let http = http(
            &format!("https://acme.itsm365.com:{}/sd", behind.port()),
            Resolver::with_lookup("acme.itsm365.com", AddressPolicy::default(), lookup),
        );
        let error = ask(&http.expect("a target")).await.expect_err("no answer");
        let HttpError::NotSent(why) = error else { panic!("{error:?}") };
        assert!(why.contains("which no key is sent to"), "{why}");
    }
    assert!(reached.lock().expect("no test panics here").is_empty());
}

#[tokio::test]
async fn the_guard_judges_the_target_and_no_proxy() {
    let private = SocketAddr::from(([10, 0, 0, 5], 0));
    let resolver = |answer: Option<SocketAddr>| {
        let lookup = Arc::new(move |_| -> Addresses {
            Box::pin(async move { Ok(vec![answer.ok_or_else(|| std::io::Error::other("no such name"))?]) })
        });
        Resolver::with_lookup("acme.itsm365.com", AddressPolicy::default(), lookup)
    };
    let name = |name: &str| name.parse::<Name>().expect("a name");
    let found = resolver(Some(private)).resolve(name("proxy.corp")).await;
    assert_eq!(found.expect("a proxy may be private").collect::<Vec<_>>(), [private]);
    assert!(resolver(Some(private)).resolve(name("acme.itsm365.com")).await.is_err());
    // A proxy connects: what this machine knows about the target counts, and what it does not know does not.
    assert!(resolver(Some(private)).judge_target().await.is_err());
    assert!(resolver(Some(SocketAddr::from(([185, 1, 2, 3], 0)))).judge_target().await.is_ok());
    assert!(resolver(None).judge_target().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_resolved_in_time_is_known_to_the_proxy_alone() {
    let lookup = Arc::new(|_| -> Addresses { Box::pin(std::future::pending()) });
    let resolver = Resolver::with_lookup("acme.itsm365.com", AddressPolicy::default(), lookup);
    assert!(resolver.judge_target().await.is_ok());
}

#[tokio::test]
async fn a_host_name_is_looked_up_once() {
    let (front, heard) =
        listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]".to_owned()).await;
    let (elsewhere, reached) = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".to_owned()).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = {
        let asked = Arc::clone(&asked);
        Arc::new(move |_| -> Addresses {
            let answer = if asked.fetch_add(1, Ordering::Relaxed) == 0 { front } else { elsewhere };
            Box::pin(async move { Ok(vec![answer]) })
        })
    };
    let http = http(
        &format!("http://localhost:{}/sd", front.port()),
        Resolver::with_lookup("localhost", AddressPolicy::default(), lookup),
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
async fn a_key_that_a_server_echoes_is_redacted() {
    let body = serde_json::json!([{ "UUID": "ou$1", "title": format!("key {CANARY}") }]).to_string();
    let (front, _) =
        listener(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    let http =
        http(&format!("http://{front}/sd"), Resolver::of_the_system("127.0.0.1", AddressPolicy::default()))
            .expect("a target");
    let body = serde_json::json!({});
    let reply = http.send_once(&Request { path: "find/ou", query: &[], body: &body }).await;
    assert_eq!(reply.result.expect("an answer").body[0]["title"], "key ***");
}
