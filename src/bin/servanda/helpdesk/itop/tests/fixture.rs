//! Access to an iTop for the tests, with the adapter and around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use servanda::calendar::{TargetTime, read_day};
use servanda::check;
use servanda::diagnostic::Sources;
use servanda::document::{self, DocumentKind};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveAgreement, LiveTarget, Observed, TargetKey, Value};
use servanda::mapping::{Field, Mapping};
use servanda::plan::Step;
use servanda::settings::{HelpdeskConfig, Pace, Priorities};

use super::double::{Desk, PASSWORD};
use super::lifecycle::Road;
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::itop::operation::{self, id};
use crate::helpdesk::itop::{ItopCache, ItopLogin, ItopReader, ItopTransport, ItopWriter};
use crate::helpdesk::{Reader as _, SharedCreations, StepResult, WriteError, Writer as _};
use crate::http::client::Endpoint;
use crate::http::transport::Transport;

/// Sends an operation around the adapter, and returns the number of the object.
pub(crate) async fn raw(transport: &ItopTransport, operation: &str, class: &str, body: Json) -> u64 {
    operation::write(transport, operation, class, body, None).await.expect("it is done").number
}

/// Attributes of every object of a class, joined in reverse order.
pub(crate) async fn raw_get(transport: &ItopTransport, class: &str, codes: &str) -> Vec<String> {
    let found = operation::all(transport, class, codes, 5000, ListBounds::default()).await.expect("a list");
    let texts_of_objects = found.iter().map(|object| {
        let texts = codes.split(',').rev().map(|code| object.fields[code].as_str().unwrap_or_default());
        texts.collect::<Vec<_>>().join(" of ")
    });
    texts_of_objects.collect()
}

/// The services that the portal's query offers: each that has a link row, regardless of the contract's state
/// and days.
pub(crate) async fn offered(transport: &ItopTransport) -> Vec<(String, String)> {
    let services = operation::all(transport, "Service", "name,status", 5000, ListBounds::default())
        .await
        .expect("a list");
    let names: BTreeMap<String, String> = services
        .iter()
        .filter(|service| service.fields["status"] != "obsolete")
        .map(|service| {
            (service.number.to_string(), service.fields["name"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let class = "lnkCustomerContractToService";
    let rows =
        operation::all(transport, class, "customercontract_id,service_id", 5000, ListBounds::default())
            .await
            .expect("a list");
    let text = |row: &operation::Object, code: &str| row.fields[code].as_str().unwrap_or_default().to_owned();
    let offered = rows.iter().filter_map(|row| {
        let name = names.get(&text(row, "service_id"))?.clone();
        Some((format!("CustomerContract::{}", text(row, "customercontract_id")), name))
    });
    offered.collect()
}

/// An iTop with a provider, a client, two services and a person, and a connection to it.
pub(super) struct Bench {
    pub(super) desk: Option<Desk>,
    pub(super) transport: ItopTransport,
    pub(super) mapping: Mapping,
    pub(super) priorities: Priorities,
    pub(super) cache: ItopCache,
    pub(super) notes: TestNotes,
    pub(super) provider: LiveId,
    pub(super) client: LiveId,
    pub(super) services: Vec<LiveId>,
    pub(super) person: LiveId,
}

/// The name of the run of all writes.
const RUN: &str = "2026-11-25T16:03:02Z-00000001";

/// The notes of creations of several runs, in memory. What is waited for takes effect in the meantime.
#[derive(Default)]
pub(super) struct TestNotes {
    noted: Mutex<BTreeSet<String>>,
    road: Option<Arc<Road>>,
    is_wiped: AtomicBool,
}

impl TestNotes {
    /// Loses all notes. What is on its way then takes effect right before the next creation.
    pub(super) fn wipe(&self) {
        self.noted.lock().expect("no panic").clear();
        self.is_wiped.store(true, Ordering::Relaxed);
    }
}

impl SharedCreations for TestNotes {
    fn begin<'n>(&'n self, names: &'n [String], has_waited: bool) -> BoxFuture<'n, Result<bool, WriteError>> {
        Box::pin(async move {
            let is_noted = {
                let mut noted = self.noted.lock().expect("no panic");
                let is_noted = names.iter().any(|name| noted.contains(name));
                noted.extend(names.iter().cloned());
                is_noted
            };
            let is_pending = is_noted && !has_waited;
            if let Some(road) = &self.road
                && (is_pending || self.is_wiped.load(Ordering::Relaxed))
            {
                road.deliver().await;
            }
            Ok(!is_pending)
        })
    }

    fn settle<'n>(&'n self, names: &'n [String]) -> BoxFuture<'n, ()> {
        self.noted.lock().expect("no panic").retain(|noted| !names.contains(noted));
        Box::pin(async {})
    }
}

/// The helpdesk of a servanda.yaml with these lines under `helpdesk:`, in addition to address and login.
pub(super) fn read_helpdesk(lines: &str) -> HelpdeskConfig {
    let reached = "kind: itop\n  url: https://itop.acme.example\n  user: { env: U }\n  password: { env: P }";
    let mut sources = Sources::default();
    let yaml = format!("timezone: Europe/Moscow\nhelpdesk:\n  {reached}\n{lines}");
    let file = sources.add("servanda.yaml", yaml.clone());
    let (document, faults) = document::read(&sources, file, DocumentKind::Settings);
    let (settings, more) = check::read_settings(&document);
    assert!(!faults.has_errors() && !more.has_errors(), "{faults:?} {more:?}\n{yaml}");
    settings.helpdesk
}

pub(super) fn transport(url: &str, user: &str, password: &str) -> ItopTransport {
    let login = ItopLogin::Password { user: user.to_owned(), password: SecretString::from(password) };
    let pace = Pace { deadline: Duration::from_secs(30), ..Pace::SANDBOX };
    Transport::to(&Endpoint::at(url), login, &pace).expect("a transport")
}

impl Bench {
    pub(super) async fn open() -> Self {
        let desk = Desk::start().await;
        let transport = transport(desk.url(), "admin", PASSWORD);
        let mut bench = Self::over(transport).await;
        bench.desk = Some(desk);
        bench
    }

    /// A bench whose requests take a road on which they can be held.
    pub(super) async fn on_a_road() -> (Self, Arc<Road>) {
        let desk = Desk::start().await;
        let road = Arc::new(Road::to(desk.url()));
        let mut bench = Self::over(transport(&road.open().await, "admin", PASSWORD)).await;
        bench.desk = Some(desk);
        bench.notes.road = Some(Arc::clone(&road));
        (bench, road)
    }

    /// Creates the objects in the helpdesk of this transport.
    pub(super) async fn over(transport: ItopTransport) -> Self {
        let make = async |class: &str, fields: Json| {
            let body = json!({ "comment": "furnished", "output_fields": "id", "fields": fields });
            raw(&transport, "core/create", class, body).await
        };
        let provider =
            make("Organization", json!({ "name": "ООО «Акме»", "code": "acme", "status": "active" })).await;
        let client = make(
            "Organization",
            json!({ "name": "ООО «Северный ветер»", "code": "severny-veter", "status": "active" }),
        )
        .await;
        let mut services = Vec::new();
        for name in ["E-mail", "VPN"] {
            let fields = json!({ "name": name, "org_id": provider, "status": "production" });
            services.push(id("Service", make("Service", fields).await));
        }
        let fields = json!({ "name": "Petrova", "first_name": "Irina", "email": "i.petrova@acme.example", "org_id": provider });
        let person = id("Person", make("Person", fields).await);
        let priorities = [("critical".to_owned(), 1), ("normal".to_owned(), 3)].into();
        let (provider, client) = (id("Organization", provider), id("Organization", client));
        Self {
            desk: None,
            transport,
            mapping: read_helpdesk("  provider: acme\n").mapping,
            priorities,
            cache: ItopCache::default(),
            notes: TestNotes::default(),
            provider,
            client,
            services,
            person,
        }
    }

    /// Another run with a ledger of its own, on the same helpdesk.
    pub(super) fn beside(&self) -> Self {
        Self {
            desk: self.desk.clone(),
            transport: transport(self.desk().url(), "admin", PASSWORD),
            mapping: self.mapping.clone(),
            priorities: self.priorities.clone(),
            cache: ItopCache::default(),
            notes: TestNotes::default(),
            provider: self.provider.clone(),
            client: self.client.clone(),
            services: self.services.clone(),
            person: self.person.clone(),
        }
    }

    pub(super) fn reader(&self) -> ItopReader<'_> {
        ItopReader::new(&self.transport, &self.mapping, &self.priorities, 5000, &self.cache)
    }

    pub(super) fn writer(&self) -> ItopWriter<'_> {
        ItopWriter::new(&self.transport, &self.mapping, &self.cache, RUN, &self.notes)
    }

    pub(super) fn desk(&self) -> &Desk {
        self.desk.as_ref().expect("a small one")
    }

    /// The fields of an agreement that is not published yet.
    pub(super) fn fields(&self) -> BTreeMap<Field, Value> {
        let day = |text: &str| Value::Day(read_day(text).expect("a day"));
        [
            (Field::Title, Value::text("Поддержка")),
            (Field::Number, Value::text("ДО-2026/017")),
            (Field::FirstDay, day("2026-02-01")),
            (Field::LastDay, day("2027-01-31")),
            (Field::Provider, Value::Reference(self.provider.clone())),
            (Field::Recipients, Value::references([self.client.clone()].into())),
            (Field::Contacts, Value::references([self.person.clone()].into())),
        ]
        .into()
    }

    /// Services, and for each the same promise.
    pub(super) fn published(&self, minutes: u32) -> BTreeMap<Field, Value> {
        let promise = LiveTarget {
            response: Some(TargetTime::Seconds(minutes * 60)),
            resolution: Some(TargetTime::Seconds(4 * 3600)),
            calendar: None,
        };
        let key =
            |service: &LiveId| TargetKey { service: Some(service.clone()), priority: id("Priority", 1) };
        let targets = self.services.iter().map(|service| (key(service), promise.clone()));
        [
            (Field::Services, Value::references(self.services.iter().cloned().collect::<BTreeSet<_>>())),
            (Field::Targets, Value::targets(targets.collect())),
        ]
        .into()
    }

    pub(super) async fn create(&self, agreement: &str) -> LiveId {
        let step = Step::Create { fields: self.fields() };
        self.writer().perform(&named(agreement), None, &step).await.expect("created").object
    }

    pub(super) async fn edit(
        &self,
        object: &LiveId,
        fields: BTreeMap<Field, Value>,
        state: Option<&str>,
    ) -> Result<StepResult, WriteError> {
        let step = Step::Edit { fields, state: state.map(str::to_owned), ownership_key: None };
        self.writer().perform(&named("unused"), Some(object), &step).await
    }

    /// A look, which is also what the next write expects to find.
    pub(super) async fn get(&self, object: &LiveId) -> LiveAgreement {
        match self.reader().get(object).await.expect("an answer") {
            Observed::Present(found) => found,
            other => panic!("{other:?}"),
        }
    }

    /// Writes past the adapter, as somebody else would.
    pub(super) async fn hand_edit(&self, object: &LiveId, fields: Json) {
        self.hand_edit_as("anna", "tidy up", object, fields).await;
    }

    /// Writes past the adapter, by a login of the small iTop.
    pub(super) async fn hand_edit_as(&self, login: &str, comment: &str, object: &LiveId, fields: Json) {
        let (class, number) = operation::parts(object).expect("an id");
        let body = json!({ "comment": comment, "key": number, "output_fields": "id", "fields": fields });
        let other = self.desk.as_ref().map(|desk| transport(desk.url(), login, PASSWORD));
        raw(other.as_ref().unwrap_or(&self.transport), "core/update", class, body).await;
    }
}

pub(super) fn named(agreement: &str) -> AgreementId {
    AgreementId::new(agreement).expect("an id")
}
