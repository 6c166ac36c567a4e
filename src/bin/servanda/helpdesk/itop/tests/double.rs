//! A small iTop for the tests: the operations, classes and queries that the adapter uses, behaving as the
//! recorded answers do. Nothing is unique in it, a bad date gets a database's code, and HTTP always says 200.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Map, Value, json};

use super::query::Query;

/// The password that is let in.
pub(crate) const PASSWORD: &str = "canary-7f3e-password";

/// Which rows a set of links is made of: the set, the class of the rows, the row's link to the owner, the
/// other link.
const SETS: [(&str, &str, &str, &str); 3] = [
    ("services_list", "lnkCustomerContractToService", "customercontract_id", "service_id"),
    ("contacts_list", "lnkContactToContract", "contract_id", "contact_id"),
    ("slts_list", "lnkSLAToSLT", "sla_id", "slt_id"),
];

/// The attributes of an SLT that a row between SLA and SLT repeats.
const OF_SLT: [(&str, &str); 6] = [
    ("slt_name", "name"),
    ("slt_metric", "metric"),
    ("slt_request_type", "request_type"),
    ("slt_ticket_priority", "priority"),
    ("slt_value", "value"),
    ("slt_value_unit", "unit"),
];

/// The attributes that an object of a class cannot be made without.
const MANDATORY: [(&str, &[&str]); 3] = [
    ("CustomerContract", &["name", "org_id", "provider_id"]),
    ("SLA", &["name", "org_id"]),
    ("Organization", &["name"]),
];

/// All attributes of a contract, as a query for all of them returns them.
const ALL: [&str; 12] = [
    "name",
    "org_id",
    "organization_name",
    "contacts_list",
    "description",
    "start_date",
    "end_date",
    "provider_id",
    "provider_name",
    "status",
    "services_list",
    "finalclass",
];

/// The attributes of a linked object that a link repeats: the name, the link, the class and the attribute there.
const REPEATED: [(&str, &str, &str, &str); 4] = [
    ("organization_name", "org_id", "Organization", "name"),
    ("provider_name", "provider_id", "Organization", "name"),
    ("account_manager_id_friendlyname", "account_manager_id", "Person", "friendlyname"),
    ("site_id_friendlyname", "site_id", "Organization", "name"),
];

pub(super) type Row = BTreeMap<String, Value>;

/// Everything it holds.
#[derive(Default)]
pub(super) struct Store {
    pub(super) objects: BTreeMap<(String, u64), Row>,
    last: BTreeMap<String, u64>,
    /// The classes that the login is not let in to.
    pub(super) closed: Vec<&'static str>,
    /// The most objects in a response, regardless of the request.
    pub(super) cap: Option<usize>,
    /// Whether every list goes on forever.
    pub(super) is_endless: bool,
    /// Whether a response ignores the conditions of its query.
    pub(super) is_repeating: bool,
    pub(super) requests: Vec<Value>,
    /// The user of the request.
    user: u64,
}

/// A small iTop on loopback.
#[derive(Clone)]
pub(crate) struct Desk {
    store: Arc<Mutex<Store>>,
    url: String,
}

impl Desk {
    /// Starts an empty one, which is served until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        let store: Arc<Mutex<Store>> = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router =
            Router::new().route("/webservices/rest.php", post(answer)).with_state(Arc::clone(&store));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { store, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The operations that came, such as `core/update CustomerContract`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = |request: &Value, name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let store = self.store();
        store
            .requests
            .iter()
            .map(|body| format!("{} {}", text(body, "operation"), text(body, "class")))
            .collect()
    }

    /// The number of objects that there are of a class.
    pub(crate) fn count(&self, class: &str) -> usize {
        self.store().objects.keys().filter(|(own, _)| own == class).count()
    }
}

async fn answer(State(store): State<Arc<Mutex<Store>>>, body: String) -> axum::Json<Value> {
    let form = read_form(&body);
    let password = form.get("auth_pwd").or_else(|| form.get("auth_token")).map(String::as_str);
    if password != Some(PASSWORD) {
        return axum::Json(json!({ "code": 1, "message": "Error: Invalid login" }));
    }
    let login = form.get("auth_user").cloned().unwrap_or_else(|| "token".to_owned());
    let request: Value =
        form.get("json_data").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    store.requests.push(request.clone());
    store.user = store.user_of(&login);
    let answer = store.operate(&request);
    axum::Json(
        answer.unwrap_or_else(
            |(code, message)| json!({ "code": code, "message": format!("Error: {message}") }),
        ),
    )
}

pub(super) fn read_form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String =
                    [rest.next(), rest.next()].into_iter().flatten().map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

type Refusal = (i64, String);

fn no(message: impl Into<String>) -> Refusal {
    (100, message.into())
}

impl Store {
    fn operate(&mut self, request: &Value) -> Result<Value, Refusal> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (class, comment) = (text("class"), text("comment"));
        let fields = request["fields"].as_object().cloned().unwrap_or_default();
        if self.closed.contains(&class) {
            return Err((
                1,
                format!(
                    "The current user does not have enough permissions for reading data of class {class}"
                ),
            ));
        }
        match text("operation") {
            "list_operations" => Ok(json!({ "code": 0, "message": "Operations: 5", "version": "1.3" })),
            "core/get" => {
                let mut found = self.named(class, &request["key"])?;
                if self.is_endless {
                    let from = self.requests.len() as u64 * 1000;
                    found.extend(from..from + 100);
                }
                if let Some(limit) = request["limit"].as_u64() {
                    found.truncate(usize::try_from(limit).expect("small"));
                }
                found.truncate(self.cap.unwrap_or(usize::MAX));
                Ok(self.response(class, &found, text("output_fields"), ""))
            }
            "core/create" => {
                Self::refuse(class, &fields)?;
                let missing = MANDATORY.iter().filter(|(own, _)| *own == class).flat_map(|(_, codes)| *codes);
                if missing.clone().any(|code| fields.get(*code).is_none_or(is_empty)) {
                    return Err(no("Unexpected value for attribute: Null not allowed"));
                }
                let number = self.make(class, Row::new());
                self.change(class, number, fields, comment);
                Ok(self.response(class, &[number], text("output_fields"), "created"))
            }
            "core/update" => {
                Self::refuse(class, &fields)?;
                let found = self.named(class, &request["key"])?;
                let [only] = found[..] else {
                    return Err(no(format!("{} items found for query: {}", found.len(), request["key"])));
                };
                self.change(class, only, fields, comment);
                Ok(self.response(class, &[only], text("output_fields"), "updated"))
            }
            other => Err((11, format!("Unknown verb '{other}' in version '1.3'"))),
        }
    }

    /// The refusals: bad dates, and unknown states.
    fn refuse(class: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
        for (code, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
            let text = value.as_str().unwrap_or_default();
            if code.ends_with("_date") && servanda::calendar::read_day(text).is_err() {
                let statement = format!("UPDATE contract SET {code} = '{text}', mysql_errno = 1292");
                return Err((1292, format!("Failed to issue SQL query: query = {statement}")));
            }
            let states = ["implementation", "production", "obsolete"];
            if class == "CustomerContract" && code == "status" && !states.contains(&text) {
                return Err(no(format!("Unexpected value for attribute 'Status': [{text}]")));
            }
        }
        Ok(())
    }

    /// The number of a user, who exists from the first login on.
    fn user_of(&mut self, login: &str) -> u64 {
        let known = self.objects.iter().find(|((class, _), row)| class == "User" && row["login"] == login);
        if let Some(((_, number), _)) = known {
            return *number;
        }
        let row = [("login", login.to_owned()), ("contactid_friendlyname", format!("Person of {login}"))];
        self.make("User", row.into_iter().map(|(code, text)| (code.to_owned(), json!(text))).collect())
    }

    fn make(&mut self, class: &str, row: Row) -> u64 {
        let last = self.last.entry(class.to_owned()).or_default();
        *last += 1;
        let number = *last;
        self.objects.insert((class.to_owned(), number), row);
        number
    }

    fn change(&mut self, class: &str, number: u64, fields: Map<String, Value>, comment: &str) {
        for (code, value) in fields {
            if let Some((_, rows, owner, other)) = SETS.iter().find(|(set, ..)| *set == code) {
                if self.relink(number, rows, owner, other, &value) {
                    self.remember(class, number, &code, comment);
                }
                continue;
            }
            let value = if is_empty(&value) { Value::Null } else { value };
            let row = self.objects.get_mut(&(class.to_owned(), number)).expect("it is there");
            if row.insert(code.clone(), plain(&value)) != Some(plain(&value)) {
                self.remember(class, number, &code, comment);
            }
        }
    }

    /// Makes the rows of a set those that are wanted; says whether that took anything.
    fn relink(&mut self, number: u64, class: &str, owner: &str, other: &str, wanted: &Value) -> bool {
        let wanted: Vec<Row> = wanted
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|row| {
                let row = row.iter().map(|(code, value)| (code.clone(), plain(value)));
                row.chain([(owner.to_owned(), plain(&json!(number)))]).collect()
            })
            .collect();
        let held: Vec<(u64, Row)> = self
            .objects
            .iter()
            .filter(|((own, _), row)| own == class && row.get(owner) == Some(&plain(&json!(number))))
            .map(|((_, number), row)| (*number, row.clone()))
            .collect();
        let mut moved = false;
        for (row, fields) in &held {
            if !wanted.iter().any(|wanted| wanted.get(other) == fields.get(other)) {
                self.objects.remove(&(class.to_owned(), *row));
                moved = true;
            }
        }
        for wanted in wanted {
            if let Some((row, held)) = held.iter().find(|(_, held)| held.get(other) == wanted.get(other)) {
                moved |= wanted.iter().any(|(code, value)| held.get(code) != Some(value));
                self.objects.get_mut(&(class.to_owned(), *row)).expect("it is there").extend(wanted);
            } else {
                self.make(class, wanted);
                moved = true;
            }
        }
        moved
    }

    fn remember(&mut self, class: &str, number: u64, code: &str, comment: &str) {
        let said =
            [("objclass", class), ("attcode", code), ("userinfo", comment), ("date", "2026-11-25 17:03:02")];
        let mut row: Row = said.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
        row.insert("objkey".to_owned(), plain(&json!(number)));
        row.insert("user_id".to_owned(), plain(&json!(self.user)));
        self.make("CMDBChangeOpSetAttribute", row);
    }

    fn named(&self, class: &str, key: &Value) -> Result<Vec<u64>, Refusal> {
        if let Some(number) = key.as_u64() {
            return Ok(self
                .objects
                .contains_key(&(class.to_owned(), number))
                .then_some(number)
                .into_iter()
                .collect());
        }
        let key = key.as_str().unwrap_or_default();
        let key =
            if self.is_repeating { key.split(" AND id NOT IN").next().unwrap_or_default() } else { key };
        let query = Query::read(&key.replace(":current_user->id", &self.user.to_string())).map_err(no)?;
        let own = self.objects.keys().filter(|(own, _)| own == class && query.class == class);
        Ok(own
            .map(|(_, number)| *number)
            .filter(|number| query.holds(&|code| self.value(class, *number, code)))
            .collect())
    }

    /// The value of an attribute: its own, or one of an object that it is linked with.
    pub(super) fn value(&self, class: &str, number: u64, code: &str) -> Value {
        if code == "id" {
            return plain(&json!(number));
        }
        let of = |class: &str, number: u64, code: &str| {
            self.objects
                .get(&(class.to_owned(), number))
                .and_then(|row| row.get(code))
                .cloned()
                .unwrap_or_default()
        };
        let link = |code: &str| {
            of(class, number, code).as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        if let Some((_, own)) = OF_SLT.iter().find(|(shown, _)| class == "lnkSLAToSLT" && *shown == code) {
            return of("SLT", link("slt_id"), own);
        }
        if let Some((_, own, class, code)) = REPEATED.iter().find(|(shown, ..)| *shown == code) {
            return self.value(class, link(own), code);
        }
        if let Some((_, rows, owner, _)) = SETS.iter().find(|(set, ..)| *set == code) {
            return self.rows(rows, owner, number);
        }
        match (class, code) {
            (_, "finalclass") => json!(class),
            ("lnkContactToContract", "contact_id_finalclass_recall") => json!("Person"),
            ("Person", "friendlyname") => {
                let part = |code| of(class, number, code).as_str().unwrap_or_default().to_owned();
                json!(format!("{} {}", part("first_name"), part("name")).trim())
            }
            _ => of(class, number, code),
        }
    }

    /// The rows of a set, as its owner shows them.
    fn rows(&self, class: &str, owner: &str, number: u64) -> Value {
        let own = self.objects.iter().filter(|((own, _), _)| own == class);
        let own = own.filter(|(_, row)| row.get(owner) == Some(&plain(&json!(number))));
        let shown = own.map(|(_, row)| {
            let mut shown = json!(row);
            shown["contact_id_finalclass_recall"] = json!("Person");
            shown
        });
        shown.collect()
    }

    /// The attributes that are asked for; a star stands for all that any object of the class has.
    fn codes(&self, class: &str, asked: &str) -> Vec<String> {
        if !asked.starts_with('*') {
            return asked.split(',').map(str::to_owned).collect();
        }
        let own = self.objects.iter().filter(|((own, _), _)| own == class);
        let mut codes: Vec<String> = own.flat_map(|(_, row)| row.keys().cloned()).collect();
        let repeats = REPEATED.iter().filter(|(_, link, ..)| codes.iter().any(|code| code == link));
        let repeats: Vec<String> = repeats.map(|(name, ..)| (*name).to_owned()).collect();
        codes.extend(repeats.into_iter().chain(ALL.map(str::to_owned)));
        codes
    }

    fn response(&self, class: &str, numbers: &[u64], codes: &str, message: &str) -> Value {
        let codes = self.codes(class, codes);
        let object = |number: u64| {
            let fields: Map<String, Value> = codes
                .iter()
                .map(|code| {
                    let value = self.value(class, number, code);
                    let no_value = if code == "status" {
                        Value::Null
                    } else if code.ends_with("_id") {
                        json!("0")
                    } else {
                        json!("")
                    };
                    (code.clone(), if value.is_null() { no_value } else { value })
                })
                .collect();
            (
                format!("{class}::{number}"),
                json!({ "code": 0, "message": message, "class": class, "key": number.to_string(), "fields": fields }),
            )
        };
        let objects: Map<String, Value> = numbers.iter().map(|number| object(*number)).collect();
        let found = (message.is_empty()).then(|| format!("Found: {}", numbers.len()));
        json!({ "code": 0, "message": found, "objects": if objects.is_empty() { Value::Null } else { Value::Object(objects) } })
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value == "" || value == 0 || value == "0"
}

/// It gives every number back as a text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        other => other.clone(),
    }
}
