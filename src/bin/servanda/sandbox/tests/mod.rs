//! Tests of the sandbox over HTTP on loopback, with a fixed clock.
#![expect(clippy::disallowed_methods, reason = "tests that read the responses of the sandbox as they are")]

mod documentation;
mod faults;
mod options;
mod pages;
mod protocol;
mod read;
mod rules;
mod seeding;
mod turns;
mod write;

use serde_json::{Value, json};

use super::{
    ACCESS_KEY, DatabasePath, RunningSandbox, Sandbox, SandboxClock, SandboxOptions, Seed, SeedObject,
};
use crate::http::client::test_client;

/// 2026-03-01 09:00:00 UTC.
const MORNING: i64 = 1_772_355_600;

/// A served sandbox and an HTTP client.
struct Fixture {
    sandbox: Sandbox,
    running: RunningSandbox,
    client: reqwest::Client,
}

/// A response with its body as text.
#[derive(Debug)]
struct ReceivedResponse {
    status: u16,
    content_type: String,
    date: String,
    retry_after: String,
    text: String,
}

impl ReceivedResponse {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The JSON of a successful response.
    fn success(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }
}

fn clock() -> SandboxClock {
    SandboxClock::fixed(servanda::calendar::Instant::from_second(MORNING).expect("in range"))
}

/// Two companies (the first with a department), people, three services, a calendar and two priorities.
fn seed() -> Seed {
    Seed {
        units: vec![
            SeedObject::known("ou$7001", "ООО «Северный ветер»"),
            SeedObject::known("ou$7002", "Бухгалтерия").within("ou$7001"),
            SeedObject::known("ou$7003", "ООО «Ромашка»"),
        ],
        employees: vec![
            SeedObject::known("employee$12", "Ирина Петрова"),
            SeedObject {
                kind: Some("contactPerson".to_owned()),
                email: Some("anna@veter.example".to_owned()),
                ..SeedObject::known("employee$811", "Анна Ветрова").within("ou$7001")
            },
            SeedObject::known("employee$812", "Борис Счётов").within("ou$7002"),
        ],
        services: vec![
            SeedObject::known("slmService$1", "Почта"),
            SeedObject::known("slmService$2", "Печать"),
            SeedObject::known("slmService$3", "VPN"),
        ],
        calendars: vec![SeedObject::known("servicetime$37001", "8x5")],
        priorities: vec![
            SeedObject::known("priority$1", "Обычный"),
            SeedObject::known("priority$2", "Срочный"),
        ],
        agreements: vec![SeedObject::known("agreement$605301", "IT (8x5)")],
    }
}

impl Fixture {
    async fn open() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions::default();
        change(&mut options);
        let sandbox = Sandbox::open(&DatabasePath::Memory, &seed(), clock(), options);
        Self::serve(sandbox.expect("opens")).await
    }

    async fn serve(sandbox: Sandbox) -> Self {
        let running = sandbox.start().await.expect("listens");
        Self { sandbox, running, client: test_client() }
    }

    /// Sends a request; `path` is relative to the base path and contains the query.
    async fn send(&self, method: &str, path: &str, body: Option<&str>) -> ReceivedResponse {
        self.try_send(method, path, body).await.expect("an answer")
    }

    /// Sends a request whose connection may fail.
    async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<ReceivedResponse, reqwest::Error> {
        let url = format!("{}/services/rest/{path}", self.running.url());
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let response = request.send().await?;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().expect("ascii")).to_owned()
        };
        Ok(ReceivedResponse {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            date: header("date"),
            retry_after: header("retry-after"),
            text: response.text().await?,
        })
    }

    /// Sends a POST whose connection may fail.
    async fn try_post(&self, path: &str, body: Value) -> Result<ReceivedResponse, reqwest::Error> {
        let path = format!("{path}?accessKey={ACCESS_KEY}");
        self.try_send("POST", &path, Some(&body.to_string())).await
    }

    /// Sends a POST with Servanda's key; `path` may contain a query.
    async fn post(&self, path: &str, body: Value) -> ReceivedResponse {
        self.post_as(ACCESS_KEY, path, body).await
    }

    async fn post_as(&self, key: &str, path: &str, body: Value) -> ReceivedResponse {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}accessKey={key}");
        self.send("POST", &path, Some(&body.to_string())).await
    }

    async fn create(&self, fqn: &str, body: Value) -> Value {
        let response = self.post(&format!("create-m2m/{fqn}"), body).await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()
    }

    async fn agreement(&self, body: Value) -> String {
        let made = self.create("agreement$agreement", body).await;
        uuid(&made)
    }

    async fn edit(&self, uuid: &str, body: Value) -> ReceivedResponse {
        self.post(&format!("edit-m2m/{uuid}"), body).await
    }

    async fn get(&self, uuid: &str) -> Value {
        self.post(&format!("get/{uuid}"), json!({})).await.success()
    }

    async fn find(&self, path: &str, filter: Value) -> Vec<Value> {
        let found = self.post(&format!("find/{path}"), filter).await.success();
        found.as_array().cloned().expect("a bare array")
    }

    async fn found(&self, path: &str, filter: Value) -> Vec<String> {
        self.find(path, filter).await.iter().map(uuid).collect()
    }
}

fn uuid(object: &Value) -> String {
    object["UUID"].as_str().expect("a UUID").to_owned()
}

fn uuids(references: &Value) -> Vec<String> {
    references.as_array().expect("a set").iter().map(uuid).collect()
}
