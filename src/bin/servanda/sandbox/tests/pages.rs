//! The pages over HTTP: what they show, what their form accepts, and which requests are rejected.

use serde_json::{Value, json};
use servanda::calendar::Zone;
use servanda::render::sandbox_pages::PageContext;
use servanda::settings::Language;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{ACCESS_KEY, Fixture, clock, uuid};
use crate::sandbox::request::ApiRequest;
use crate::sandbox::{DatabasePath, Sandbox, SandboxOptions, operations, portal};

/// A sandbox served with its pages, and an HTTP client that does not follow redirects.
struct PagesFixture {
    sandbox: Sandbox,
    base: String,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

/// The fields of a form.
type Fields<'a> = [(&'a str, &'a str)];

impl PagesFixture {
    async fn open() -> Self {
        let sandbox =
            Sandbox::open(&DatabasePath::Memory, &super::seed(), clock(), SandboxOptions::default())
                .expect("opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let context = PageContext { language: Language::English, zone: Zone::UTC };
        let served = sandbox.clone();
        let task = tokio::spawn(async move {
            let until = async move { drop(stopped.await) };
            served.serve_with_pages(listener, context, until).await.expect("serves");
        });
        Self { sandbox, base, client: crate::http::client::test_client(), stop: Some(stop), task }
    }

    async fn close(mut self) {
        drop(self.client);
        drop(self.stop.take());
        self.task.await.expect("ends");
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }

    /// The token in the form of a client's page.
    async fn token(&self, unit: &str) -> String {
        let (_, page) = self.get(&format!("/portal/{unit}")).await;
        let after = page.split("name=\"token\" value=\"").nth(1).expect("a form");
        after.split('"').next().expect("a token").to_owned()
    }

    async fn post(&self, unit: &str, fields: &Fields<'_>, headers: &[(&'static str, &str)]) -> (u16, String) {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", servanda::render::encode::address(value)))
            .collect();
        let mut request = self
            .client
            .post(format!("{}/portal/{unit}/requests", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }

    /// Creates an agreement on the first service for a unit, in a state.
    fn agreement(&self, title: &str, unit: &str, state: &str) -> String {
        let body = json!({ "title": title, "services": ["slmService$1"], "recipientsOU": [unit] });
        let inner = &self.sandbox.state;
        let author = operations::person(inner, "Ирина Петрова").expect("a person");
        let call = ApiRequest {
            number: 0,
            target: "agreement$agreement",
            attrs: None,
            offset: 0,
            limit: None,
            body: body.as_object().cloned().unwrap_or_default(),
            author,
        };
        let made = uuid(&operations::create(inner, &call).expect("made").1);
        self.sandbox.hand_edit(&made, &json!({ "state": state }), "Ирина Петрова").expect("edited");
        made
    }

    fn requests(&self) -> Vec<Value> {
        self.sandbox.find("serviceCall", &json!({})).expect("found")
    }
}

#[tokio::test]
async fn the_pages_need_no_key_and_may_not_be_framed_or_cached() {
    let fixture = PagesFixture::open().await;
    let agreement = fixture.agreement("Почта <для> всех", "ou$7001", "active");
    for (path, shows) in [
        ("/".to_owned(), "Почта &lt;для&gt; всех"),
        (format!("/agreements/{agreement}"), "<del><bdi>planned</bdi></del> → <ins><bdi>active</bdi></ins>"),
        ("/portal".to_owned(), "ООО «Северный ветер»"),
        ("/portal/ou$7001".to_owned(), "data-service=\"slmService$1\""),
    ] {
        let response = fixture.client.get(format!("{}{path}", fixture.base)).send().await.expect("an answer");
        let header = |name: &str| response.headers()[name].to_str().expect("ascii").to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!((header("cache-control"), header("x-frame-options")), ("no-store".into(), "DENY".into()));
        let page = response.text().await.expect("a text");
        assert!(page.contains(shows), "{path} does not show {shows}:\n{page}");
        assert!(!page.contains(ACCESS_KEY));
    }
    fixture.close().await;
}

#[tokio::test]
async fn the_list_is_filtered_by_text_in_any_case_and_by_state() {
    let fixture = PagesFixture::open().await;
    fixture.agreement("Печать", "ou$7001", "active");
    fixture.agreement("Почта", "ou$7003", "planned");
    let shown = |page: &str| page.matches("<tr data-uuid").count();
    for (query, number) in [
        ("", 3),
        ("?text=%D0%9F%D0%95%D0%A7", 1),
        ("?state=planned", 2),
        ("?state=planned&text=it", 1),
        ("?text=nothing", 0),
    ] {
        let (_, page) = fixture.get(&format!("/{query}")).await;
        assert_eq!(shown(&page), number, "{query}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn the_form_obeys_the_rule_of_the_portal() {
    let fixture = PagesFixture::open().await;
    let active = fixture.agreement("A", "ou$7001", "active");
    let token = fixture.token("ou$7001").await;
    let fields = [
        ("token", token.as_str()),
        ("agreement", &active),
        ("service", "slmService$1"),
        ("subject", "Не печатает & не пишет"),
        ("person", "employee$811"),
    ];
    let (status, _) = fixture.post("ou$7001", &fields, &[]).await;
    assert_eq!(status, 303);
    let made = fixture.requests();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["shortDescr"], json!("Не печатает & не пишет"));
    assert_eq!(made[0]["clientEmployee"]["UUID"], json!("employee$811"));
    for (title, state) in [("B", "planned"), ("C", "inactive")] {
        let closed = fixture.agreement(title, "ou$7001", state);
        let mut forged = fields;
        forged[1].1 = &closed;
        let (status, page) = fixture.post("ou$7001", &forged, &[]).await;
        assert_eq!(status, 409, "{page}");
        assert!(page.contains("соглашение не действует"), "{page}");
    }
    let mut another = fields;
    another[2].1 = "slmService$2";
    assert_eq!(fixture.post("ou$7001", &another, &[]).await.0, 409, "a service that is not in the agreement");
    assert_eq!(fixture.post("ou$7003", &fields[..4], &[]).await.0, 409, "a unit that is not a recipient");
    assert_eq!(fixture.requests().len(), 1);
    fixture.close().await;
}

#[tokio::test]
async fn requests_of_foreign_pages_are_rejected() {
    let fixture = PagesFixture::open().await;
    let active = fixture.agreement("A", "ou$7001", "active");
    let token = fixture.token("ou$7001").await;
    let with = |token: &'static str| {
        [("token", token), ("agreement", ""), ("service", "slmService$1"), ("subject", "x")]
    };
    for token in ["", "0000"] {
        assert_eq!(fixture.post("ou$7001", &with(token), &[]).await.0, 403, "the token {token:?}");
    }
    let fields =
        [("token", token.as_str()), ("agreement", &active), ("service", "slmService$1"), ("subject", "x")];
    for headers in [[("origin", "http://evil.example")], [("origin", "null")], [("host", "evil.example")]] {
        assert_eq!(fixture.post("ou$7001", &fields, &headers).await.0, 403, "{headers:?}");
    }
    assert!(fixture.requests().is_empty());
    let own = [("origin", fixture.base.as_str())];
    assert_eq!(fixture.post("ou$7001", &fields, &own).await.0, 303);
    let api = format!("{}/sd/services/rest/find/agreement?accessKey={ACCESS_KEY}", fixture.base);
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let answer =
            fixture.client.post(&api).header(name, value).body("{}").send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 403, "{name}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_missing_object_has_an_error_page() {
    let fixture = PagesFixture::open().await;
    for path in ["/agreements/agreement$1", "/agreements/ou$7001", "/portal/ou$1", "/portal/agreement$605301"]
    {
        assert_eq!(fixture.get(path).await.0, 404, "{path}");
    }
    fixture.close().await;
}

/// The offer and the rule are separate code; they must agree for every unit, agreement and service.
#[tokio::test]
async fn the_portal_offers_exactly_what_it_accepts() {
    for (departments_inherit, expected) in [(false, 2), (true, 3)] {
        let fixture = Fixture::with(|options| options.departments_inherit = departments_inherit).await;
        offers_what_it_accepts(&fixture, expected).await;
    }
}

/// `ou$7002` is a department of `ou$7001`, and `ou$7003` another company.
async fn offers_what_it_accepts(fixture: &Fixture, expected: usize) {
    for (unit, state, removed) in [
        ("ou$7001", "active", false),
        ("ou$7001", "planned", false),
        ("ou$7001", "inactive", false),
        ("ou$7001", "active", true),
        ("ou$7002", "active", false),
    ] {
        let services = json!(["slmService$1", "slmService$3"]);
        let made =
            fixture.agreement(json!({ "title": "A", "services": services, "recipientsOU": [unit] })).await;
        fixture.edit(&made, json!({ "state": state, "removed": removed })).await.success();
    }
    fixture.edit("slmService$3", json!({ "removed": true })).await.success();
    let (mut accepted, mut offered) = (Vec::new(), Vec::new());
    for unit in ["ou$7001", "ou$7002", "ou$7003"] {
        let state = &fixture.sandbox.state;
        let handle = operations::existing_object(&state.connection(), unit).expect("a unit");
        let offers = portal::offered_services(&state.connection(), &state.wire_format.options, handle.id)
            .expect("offers");
        offered.extend(offers.into_iter().map(|offer| (unit, offer.agreement, offer.service)));
        for agreement in fixture.found("agreement", json!({})).await {
            for service in ["slmService$1", "slmService$2", "slmService$3"] {
                let body =
                    json!({ "agreement": agreement, "service": service, "client": unit, "shortDescr": "x" });
                let response = fixture.post("create-m2m/serviceCall$call", body).await;
                if response.status == 201 {
                    accepted.push((unit, agreement.clone(), service.to_owned()));
                }
            }
        }
    }
    accepted.sort();
    offered.sort();
    assert_eq!(offered, accepted);
    assert_eq!(accepted.len(), expected);
}
