//! An adapter of the tests on loopback: a whole helpdesk in memory that serves the contract, or one with a single fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value as Json, json};

/// The token that is accepted.
pub(crate) const TOKEN: &str = "canary-bridge-token-91";

/// One fault of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The last item of each page but the last page is missing.
    LosesItems,
    /// Pages begin one item too early.
    RepeatsItems,
    /// A cursor that it never gave out leads to an empty page.
    AcceptsAnyCursor,
    /// `get` of an unknown id is answered with another agreement.
    AnswersAnother,
    /// `find` compares only the beginning of the key.
    FindsByPrefix,
    /// A second creation with the same key makes a second agreement.
    CreatesTwice,
    /// The expected state is not compared.
    OverwritesEdits,
    /// A day is stored as an instant and comes back as the day before.
    ShiftsDays,
    /// `null` does not empty a field.
    KeepsEmptied,
    /// The answer is `done`, and nothing is stored.
    StoresNothing,
    /// A new agreement can be used at once.
    PublishesAtOnce,
    /// An ended agreement can still be used.
    KeepsOffering,
    /// A refused step is stored in part.
    RefusesInPart,
    /// No token is asked for.
    AsksForNoToken,
    /// An agreement is listed as one that cannot be read, without its key.
    HidesKeys,
    /// Answers to steps are lost, after the step was stored or before. No token is asked for.
    LosesAnswers,
}

/// The helpdesk in memory.
pub(crate) struct Store {
    fault: Option<Fault>,
    agreements: BTreeMap<u64, Json>,
    directory: Vec<Json>,
    comments: Vec<(String, String)>,
    events: Vec<Json>,
    next: u64,
    /// The description.
    pub(crate) description: Json,
    /// The calls that came, with their bodies.
    pub(crate) calls: Vec<(String, Json)>,
    /// The answers to send in place of the true ones, by call: the status and the body.
    pub(crate) instead: BTreeMap<String, (u16, String)>,
}

/// A running adapter.
#[derive(Clone)]
pub(crate) struct Adapter {
    store: Arc<Mutex<Store>>,
    url: String,
}

impl Adapter {
    /// Starts one, which is served until the test's runtime ends.
    pub(crate) async fn start(fault: Option<Fault>) -> Self {
        let store = Store {
            fault,
            agreements: BTreeMap::new(),
            directory: directory(),
            comments: Vec::new(),
            events: Vec::new(),
            next: 1,
            description: description(),
            calls: Vec::new(),
            instead: BTreeMap::new(),
        };
        let store = Arc::new(Mutex::new(store));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/v1/{call}", post(answer)).with_state(Arc::clone(&store));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { store, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ownership keys of all agreements.
    pub(crate) fn keys(&self) -> Vec<String> {
        let store = self.store();
        let keys = store.agreements.values().filter_map(|agreement| agreement["key"].as_str());
        keys.map(str::to_owned).collect()
    }

    /// The number of steps that came.
    pub(crate) fn steps(&self) -> usize {
        self.store().calls.iter().filter(|(call, _)| call == "step").count()
    }
}

fn description() -> Json {
    json!({
        "versions": [1], "adapter": "double 1.0",
        "fields": ["title", "number", "first_day", "last_day", "manager", "provider", "services", "recipients", "targets", "attributes.cost"],
        "states": { "planned": "new", "active": "in-use", "suspended": "paused", "expired": "over", "terminated": "ended" },
        "kinds": ["unit", "service", "person", "priority"],
        "capabilities": ["history", "addresses", "comments", "offers", "rehearsal"],
    })
}

fn directory() -> Vec<Json> {
    let units = (1..=41).map(|number| ("unit", format!("c{number}"), format!("Client {number}")));
    let services = ["E-mail", "Printing", "VPN"].into_iter().enumerate();
    let services = services.map(|(number, title)| ("service", format!("s{number}"), title.to_owned()));
    let people = ["Petrova", "Sokolov"].into_iter().enumerate();
    let people = people.map(|(number, title)| ("person", format!("u{number}"), title.to_owned()));
    let priorities = ["Critical", "Normal"].into_iter().enumerate();
    let priorities = priorities.map(|(number, title)| ("priority", format!("p{number}"), title.to_owned()));
    let all = units.chain(services).chain(people).chain(priorities);
    all.map(|(kind, id, title)| json!({ "kind": kind, "id": id, "title": title })).collect()
}

async fn answer(
    State(store): State<Arc<Mutex<Store>>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    axum::Json(request): axum::Json<Json>,
) -> (StatusCode, String) {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    store.calls.push((call.clone(), request.clone()));
    if let Some((status, body)) = store.instead.get(&call) {
        return (StatusCode::from_u16(*status).expect("a status"), body.clone());
    }
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let is_open = matches!(store.fault, Some(Fault::AsksForNoToken | Fault::LosesAnswers));
    if token != Some(&format!("Bearer {TOKEN}")) && !is_open {
        return (StatusCode::UNAUTHORIZED, json!({ "message": "the token is wrong" }).to_string());
    }
    let steps = store.calls.iter().filter(|(call, _)| call == "step").count();
    let is_lost = store.fault == Some(Fault::LosesAnswers) && call == "step";
    if is_lost && steps % 7 == 3 {
        return (StatusCode::BAD_GATEWAY, String::new());
    }
    let answered = store.call(&call, &request);
    if is_lost && steps % 3 == 2 {
        return (StatusCode::BAD_GATEWAY, String::new());
    }
    match answered {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(why) => (StatusCode::BAD_REQUEST, json!({ "message": why }).to_string()),
    }
}

impl Store {
    fn call(&mut self, call: &str, request: &Json) -> Result<Json, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        Ok(match call {
            "describe" => self.description.clone(),
            "agreements" => self.page(&self.agreements.values().cloned().collect::<Vec<_>>(), request)?,
            "directory" => self.page(&self.directory, request)?,
            "get" => {
                let found = text("id").parse::<u64>().ok().and_then(|number| self.agreements.get(&number));
                let other =
                    self.agreements.values().next().filter(|_| self.fault == Some(Fault::AnswersAnother));
                json!({ "agreement": found.or(other) })
            }
            "find" => json!({ "agreements": self.with_key(text("key")) }),
            "step" => self.step(request),
            "history" => json!({ "events": self.events }),
            "addresses" => json!({ "addresses": { "u0": "petrova@acme.example" } }),
            "comment" => {
                self.comments.push((text("object").to_owned(), text("html").to_owned()));
                json!({ "comment": self.comments.len().to_string() })
            }
            "find_comment" => {
                let is_it = |(object, html): &(String, String)| {
                    object == text("object") && html.contains(text("text"))
                };
                json!({ "comment": self.comments.iter().position(is_it).map(|at| (at + 1).to_string()) })
            }
            other => return Err(format!("there is no call `{other}`")),
        })
    }

    fn page(&self, all: &[Json], request: &Json) -> Result<Json, String> {
        let limit = usize::try_from(request["limit"].as_u64().unwrap_or(1)).unwrap_or(1).max(1);
        let start = match request["cursor"].as_str() {
            None => 0,
            Some(cursor) => match cursor.parse() {
                Ok(start) => start,
                Err(_) if self.fault == Some(Fault::AcceptsAnyCursor) => all.len(),
                Err(_) => return Err(format!("`{cursor}` is not a cursor of this adapter")),
            },
        };
        let (total, end) = (all.len(), (start + limit).min(all.len()));
        let start = if self.fault == Some(Fault::RepeatsItems) { start.saturating_sub(1) } else { start };
        let mut items = all.get(start..end).unwrap_or_default().to_vec();
        if self.fault == Some(Fault::LosesItems) && end < total {
            items.pop();
        }
        if self.fault == Some(Fault::HidesKeys) {
            for item in items.iter_mut().filter(|item| item.get("state").is_some()) {
                *item = json!({ "id": item["id"], "unreadable": "no right to read it" });
            }
        }
        let next = (end < total).then(|| end.to_string());
        Ok(json!({ "items": items, "next": next, "total": total }))
    }

    fn with_key(&self, key: &str) -> Vec<Json> {
        let is_it = |agreement: &&Json| match agreement["key"].as_str() {
            Some(held) if self.fault == Some(Fault::FindsByPrefix) => held.starts_with(key),
            held => held == Some(key),
        };
        self.agreements.values().filter(is_it).cloned().collect()
    }

    /// Performs a step on a copy, which takes the place of the agreement only if nothing is wrong with it.
    fn step(&mut self, request: &Json) -> Json {
        let moved = json!({ "outcome": "moved" });
        let mut agreement = match request["object"].as_str() {
            None => {
                let key = request["key"].as_str().unwrap_or_default();
                if !self.with_key(key).is_empty() && self.fault != Some(Fault::CreatesTwice) {
                    return moved;
                }
                let fields = self.description["fields"].as_array().expect("a list").clone();
                let fields: BTreeMap<&str, Json> = fields
                    .iter()
                    .filter_map(|field| Some((field.as_str()?, empty(field.as_str()?))))
                    .collect();
                self.next += 1;
                json!({ "id": (self.next - 1).to_string(), "state": "new", "fields": fields })
            }
            Some(object) => {
                let held = object.parse::<u64>().ok().and_then(|number| self.agreements.get(&number));
                let Some(held) = held else { return moved };
                let expected = &request["expected"];
                let is_same = ["state", "fields", "key"].iter().all(|part| held[part] == expected[part]);
                if !is_same && self.fault != Some(Fault::OverwritesEdits) {
                    return moved;
                }
                held.clone()
            }
        };
        let before = agreement.clone();
        let refusal = self.write(&mut agreement, request);
        let number: u64 = agreement["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        if let Some(why) = refusal {
            if self.fault == Some(Fault::RefusesInPart) {
                self.agreements.insert(number, agreement);
            }
            return json!({ "outcome": "refused", "message": why });
        }
        agreement["offers"] = self.offers(&agreement, request["object"].is_null());
        if before["state"] != agreement["state"] {
            let when = "2027-01-31T09:00:00Z";
            self.events.push(json!({ "object": agreement["id"], "part": "state", "who": "u0", "name": "Petrova", "when": when }));
        }
        if self.fault != Some(Fault::StoresNothing) || request["object"].is_null() {
            self.agreements.insert(number, agreement.clone());
        }
        json!({ "outcome": "done", "agreement": agreement })
    }

    /// Writes the values of a step, and returns why it is refused.
    fn write(&self, agreement: &mut Json, request: &Json) -> Option<String> {
        if let Some(key) = request["key"].as_str() {
            agreement["key"] = if key.is_empty() { Json::Null } else { json!(key) };
        }
        let known: BTreeSet<&str> = self.directory.iter().filter_map(|item| item["id"].as_str()).collect();
        for (name, value) in request["fields"].as_object().into_iter().flatten() {
            let mut value = value.clone();
            if let (Some(Fault::ShiftsDays), true, Some(day)) = (
                self.fault,
                name.ends_with("_day"),
                value.as_str().and_then(|text| servanda::calendar::read_day(text).ok()),
            ) {
                value = json!(day.yesterday().expect("a day").to_string());
            }
            let is_emptied = value.is_null() || value == json!([]);
            if self.fault != Some(Fault::KeepsEmptied) || !is_emptied {
                agreement["fields"][name] = value;
            }
        }
        let services = agreement["fields"]["services"].as_array().into_iter().flatten();
        if let Some(service) = services.filter_map(Json::as_str).find(|id| !known.contains(id)) {
            return Some(format!("there is no service `{service}`"));
        }
        let state = request["state"].as_str()?;
        let states = self.description["states"].as_object().expect("states");
        if !states.values().any(|known| known == state) {
            return Some(format!("there is no state `{state}`"));
        }
        agreement["state"] = json!(state);
        None
    }

    fn offers(&self, agreement: &Json, is_new: bool) -> Json {
        let is_offering = match self.fault {
            Some(Fault::PublishesAtOnce) if is_new => true,
            Some(Fault::KeepsOffering) if !is_new => true,
            _ => agreement["state"] == self.description["states"]["active"],
        };
        if is_offering { agreement["fields"]["services"].clone() } else { json!([]) }
    }
}

fn empty(field: &str) -> Json {
    if ["services", "recipients", "targets"].contains(&field) { json!([]) } else { Json::Null }
}
