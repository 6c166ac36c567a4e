//! Converts contracts and their links to [`Live`]. The rows of each class are read separately and joined
//! here, which is twenty times faster than a join by iTop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value as Json};
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{
    Directory, DirectoryEntry, Live, LiveAgreement, ObjectKind, Observed, Record, Rules, TargetKey, Value,
};
use servanda::mapping::{Field, Mapping};
use servanda::plan::HistoryEvent;
use servanda::settings::Priorities;

use super::doubles::OwnObjects;
use super::login::ItopTransport;
use super::operation::{self, Object, id, parts};
use super::targets::{self, ROW, SLA, SLT, SlaCache, SlaTargets};
use super::text::SharedTexts;
use super::wire::{self, ORGANIZATION, PERSON, SERVICE, STATE};
use super::{history, inventory, oql, people};
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::helpdesk::reader::{Reader, Selection, StoredKey};

/// The class of rows between a contract and its services.
const SERVICE_ROWS: &str = "lnkCustomerContractToService";
/// The class of rows between a contract and its contacts.
const CONTACT_ROWS: &str = "lnkContactToContract";
/// The class of rows between an SLA and its SLTs.
const PROMISE_ROWS: &str = "lnkSLAToSLT";
/// The number of people in one request for their addresses.
const ADDRESS_BATCH: usize = 100;

/// Reads an iTop.
pub(crate) struct ItopReader<'a> {
    pub(super) transport: &'a ItopTransport,
    pub(super) mapping: &'a Mapping,
    priorities: &'a Priorities,
    page_size: usize,
    cache: &'a ItopCache,
}

/// The objects of an iTop that are cached during a connection.
#[derive(Default)]
pub(crate) struct ItopCache {
    /// The contracts that were read one by one.
    contracts: Mutex<BTreeMap<LiveId, CachedContract>>,
    /// Whether the login may not read the history.
    is_history_forbidden: AtomicBool,
    /// The SLAs that are known to be complete. Locked for writing while an SLA is created, so that none is
    /// read half created.
    pub(super) slas: tokio::sync::RwLock<SlaCache>,
}

/// A contract as it was last read. An update names these values, so that a concurrent edit is detected.
#[derive(Clone)]
pub(super) struct CachedContract {
    /// The attributes of its own row.
    pub(super) row: Map<String, Json>,
    /// The fields of the agreement, from its row and its links.
    pub(super) fields: BTreeMap<Field, Value>,
}

impl ItopCache {
    fn contracts(&self) -> MutexGuard<'_, BTreeMap<LiveId, CachedContract>> {
        self.contracts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn contract(&self, object: &LiveId) -> Option<CachedContract> {
        self.contracts().get(object).cloned()
    }

    pub(super) fn insert(&self, object: &Object, fields: BTreeMap<Field, Value>) {
        self.contracts().insert(object.id(), CachedContract { row: object.fields.clone(), fields });
    }

    /// Removes a contract that is about to be written.
    pub(super) fn remove(&self, object: &LiveId) {
        self.contracts().remove(object);
    }
}

/// The link rows of contracts.
#[derive(Default)]
struct Links {
    services: BTreeMap<u64, BTreeMap<u64, Option<u64>>>,
    contacts: BTreeMap<u64, BTreeSet<LiveId>>,
    tables: BTreeMap<u64, SlaTargets>,
    /// The SLAs that cannot be relied on, with the reason.
    doubled: BTreeMap<u64, String>,
    /// A service that a contract has twice.
    twice: BTreeMap<u64, u64>,
}

impl<'a> ItopReader<'a> {
    /// A reader over a transport.
    pub(crate) const fn new(
        transport: &'a ItopTransport,
        mapping: &'a Mapping,
        priorities: &'a Priorities,
        page_size: usize,
        cache: &'a ItopCache,
    ) -> Self {
        Self { transport, mapping, priorities, page_size, cache }
    }

    /// The attributes to read of a contract itself: the mapped ones, its state and its ownership key.
    pub(super) fn codes(mapping: &Mapping) -> String {
        let mapped = mapping.attributes.iter().filter(|(field, _)| wire::is_scalar(field));
        let fixed = [STATE, mapping.key.attribute.as_str()];
        let all: BTreeSet<&str> = fixed.into_iter().chain(mapped.map(|(_, code)| code.as_str())).collect();
        Vec::from_iter(all).join(",")
    }

    async fn every(&self, class: &str, fields: &str) -> Result<Vec<Object>, ReadError> {
        operation::all(self.transport, class, fields, self.page_size, ListBounds::default()).await
    }

    async fn some(&self, class: &str, query: &str, fields: &str) -> Result<Vec<Object>, ReadError> {
        operation::matching(self.transport, class, query, fields).await
    }

    async fn one(&self, class: &str, number: u64, fields: &str) -> Result<Option<Object>, ReadError> {
        let found =
            operation::get(self.transport, class, &oql::one(class, number, &[]), fields, None).await?;
        Ok(found.into_iter().find(|object| object.number == number))
    }

    async fn links(&self) -> Result<Links, ReadError> {
        let targets = async {
            // The login needs no access to SLAs if no targets are mapped.
            if !self.mapping.holds_targets_with_services() {
                return Ok((Vec::new(), OwnObjects::default()));
            }
            tokio::try_join!(self.every(PROMISE_ROWS, ROW), OwnObjects::read(self.transport))
        };
        let (services, contacts, (promises, own)) = tokio::try_join!(
            self.every(SERVICE_ROWS, "customercontract_id,service_id,sla_id"),
            self.every(CONTACT_ROWS, "contract_id,contact_id,contact_id_finalclass_recall"),
            targets,
        )?;
        let links = Links::of(&services, &contacts, &promises)?;
        Ok(Links { doubled: own.doubled(&promises), ..links })
    }

    async fn links_of(&self, contract: u64) -> Result<Links, ReadError> {
        let services = format!("SELECT {SERVICE_ROWS} WHERE customercontract_id = {contract}");
        let contacts = format!("SELECT {CONTACT_ROWS} WHERE contract_id = {contract}");
        let (services, contacts) = tokio::try_join!(
            self.some(SERVICE_ROWS, &services, "customercontract_id,service_id,sla_id"),
            self.some(CONTACT_ROWS, &contacts, "contract_id,contact_id,contact_id_finalclass_recall"),
        )?;
        let links = Links::of(&services, &contacts, &[])?;
        let slas: BTreeSet<u64> =
            links.services.values().flat_map(|rows| rows.values().flatten().copied()).collect();
        if slas.is_empty() || !self.mapping.holds_targets_with_services() {
            return Ok(links);
        }
        let _complete = self.cache.slas.read().await;
        let promises = format!("SELECT {PROMISE_ROWS} WHERE sla_id IN {}", oql::list(slas));
        let promises = self.some(PROMISE_ROWS, &promises, ROW).await?;
        Links::of(&services, &contacts, &promises)
    }

    async fn directory(&self) -> Result<Directory, ReadError> {
        let (units, services, people) = tokio::try_join!(
            self.every(ORGANIZATION, "name,code,status"),
            self.every(SERVICE, "name,status"),
            self.every(PERSON, "friendlyname,status"),
        )?;
        let mut directory = Directory::default();
        let text =
            |object: &Object, code| wire::text(&object.fields, code).unwrap_or_default().trim().to_owned();
        for (kind, title, objects) in [
            (ObjectKind::Unit, "name", units),
            (ObjectKind::Service, "name", services),
            (ObjectKind::Person, "friendlyname", people),
        ] {
            for object in objects {
                let code = Some(text(&object, "code")).filter(|code| !code.is_empty());
                let archived = matches!(text(&object, STATE).as_str(), "inactive" | "obsolete");
                directory.add_named(
                    kind,
                    object.id(),
                    DirectoryEntry { title: text(&object, title), code, archived, hidden: None },
                );
            }
        }
        for (name, number) in self.priorities {
            let named = DirectoryEntry {
                title: name.clone(),
                code: Some(name.clone()),
                archived: false,
                hidden: None,
            };
            directory.add_named(ObjectKind::Priority, targets::priority_id(*number), named);
        }
        Ok(directory)
    }

    /// Reads the contracts that have the ownership key of an agreement.
    async fn having_key(&self, id: &AgreementId) -> Result<Vec<Object>, ReadError> {
        let (class, key) = (&self.mapping.class, &self.mapping.key.attribute);
        let query =
            format!("SELECT {class} WHERE {key} LIKE {}", oql::containing(&self.mapping.ownership_key(id)));
        let mut found = self.some(class, &query, &Self::codes(self.mapping)).await?;
        found.retain(|object| self.mark(object).as_ref() == Some(id));
        Ok(found)
    }

    /// Interprets a contract.
    fn agreement(&self, object: &Object, links: &Links) -> Result<LiveAgreement, String> {
        let mut slas = links.services.get(&object.number).into_iter().flat_map(BTreeMap::values).flatten();
        if let Some(reason) = slas.find_map(|sla| links.doubled.get(sla)) {
            return Err(reason.clone());
        }
        let mut fields = BTreeMap::new();
        for (field, code) in &self.mapping.attributes {
            let value = match field {
                Field::Services => links.services_of(object.number),
                Field::Targets => links.targets_of(object.number),
                Field::Contacts => {
                    Value::references(links.contacts.get(&object.number).cloned().unwrap_or_default())
                }
                field => wire::read(field, code, &object.fields, self.mapping)?,
            };
            fields.insert(field.clone(), value);
        }
        let state = wire::text(&object.fields, STATE)?.to_owned();
        Ok(LiveAgreement {
            object: object.id(),
            record: Record { state, fields },
            rules: links.target_objects_of(object.number),
            archived: false,
            modified: None,
            owner: self.mark(object),
        })
    }

    fn observed(&self, object: &Object, links: &Links) -> Observed<LiveAgreement> {
        self.agreement(object, links).map_or_else(Observed::Unknown, Observed::Present)
    }

    /// Interprets an unmanaged contract. It cannot be adopted if the attribute for the ownership key alone holds another
    /// text, or if the next write of its services would lose what no agreement can say.
    fn adoptable(&self, object: &Object, links: &Links) -> Observed<LiveAgreement> {
        let code = &self.mapping.key.attribute;
        let taken = SharedTexts(self.mapping).taken(wire::text(&object.fields, code).unwrap_or_default());
        let taken = taken
            .map(|taken| format!("`{code}`, the attribute of the ownership key, already holds `{taken}`"));
        match taken.or_else(|| links.not_expressible(object.number)) {
            None => self.observed(object, links),
            Some(reason) => Observed::Unknown(reason),
        }
    }

    fn title(&self, object: &Object) -> Option<String> {
        let code = self.mapping.attributes.get(&Field::Title)?;
        wire::text(&object.fields, code).ok().filter(|title| !title.is_empty()).map(str::to_owned)
    }

    fn mark(&self, object: &Object) -> Option<AgreementId> {
        SharedTexts(self.mapping).mark(wire::text(&object.fields, &self.mapping.key.attribute).ok()?)
    }

    /// Reads a contract's links and caches it, since a write must name the values that were read.
    async fn with_links(&self, object: &Object) -> Result<Observed<LiveAgreement>, ReadError> {
        let links = self.links_of(object.number).await?;
        let observed = self.observed(object, &links);
        if let Observed::Present(agreement) = &observed {
            self.cache.insert(object, agreement.record.fields.clone());
        }
        Ok(observed)
    }
}

impl Links {
    fn of(services: &[Object], contacts: &[Object], promises: &[Object]) -> Result<Self, ReadError> {
        Self::joined(services, contacts, promises).map_err(|what| ReadError {
            call: "the rows between contracts and services".to_owned(),
            error: ReadErrorKind::Unexpected(what),
        })
    }

    fn joined(services: &[Object], contacts: &[Object], promises: &[Object]) -> Result<Self, String> {
        let mut links = Self { tables: targets::tables(promises)?, ..Self::default() };
        for row in services {
            let link = |code| wire::link(&row.fields, code);
            if let (Some(contract), Some(service)) = (link("customercontract_id")?, link("service_id")?) {
                let of_contract = links.services.entry(contract).or_default();
                if of_contract.insert(service, link("sla_id")?).is_some() {
                    links.twice.insert(contract, service);
                }
            }
        }
        for row in contacts {
            let link = |code| wire::link(&row.fields, code);
            let class = wire::text(&row.fields, "contact_id_finalclass_recall")?;
            if let (Some(contract), Some(contact)) = (link("contract_id")?, link("contact_id")?) {
                links.contacts.entry(contract).or_default().insert(id(class, contact));
            }
        }
        Ok(links)
    }

    /// Describes what no agreement can say of a contract's services: one of them twice, or a target of people that is not the
    /// same for incidents and service requests.
    fn not_expressible(&self, contract: u64) -> Option<String> {
        if let Some(service) = self.twice.get(&contract) {
            return Some(format!("services: it has {} twice", id(SERVICE, *service)));
        }
        let mut slas = self.services.get(&contract).into_iter().flat_map(BTreeMap::values).flatten();
        let left_out = slas.find_map(|sla| Some((sla, self.tables.get(sla)?.left_out?)));
        left_out.map(|(sla, slt)| {
            format!(
                "targets: {} contains {}, but an agreement has one target for each priority, the same for incidents and \
                 service requests",
                id(SLA, *sla),
                id(SLT, slt)
            )
        })
    }

    fn services_of(&self, contract: u64) -> Value {
        let rows = self.services.get(&contract).into_iter().flat_map(BTreeMap::keys);
        Value::references(rows.map(|service| id(SERVICE, *service)).collect())
    }

    fn targets_of(&self, contract: u64) -> Value {
        let mut targets = BTreeMap::new();
        for (service, sla) in self.services.get(&contract).into_iter().flatten() {
            let held = sla.and_then(|sla| self.tables.get(&sla));
            for (priority, target) in held.into_iter().flat_map(|held| &held.table) {
                targets.insert(target_key(*service, *priority), target.clone());
            }
        }
        Value::targets(targets)
    }

    /// The objects that hold the targets of a contract: the SLT that somebody edited, else the SLA.
    fn target_objects_of(&self, contract: u64) -> Rules {
        let mut objects = Rules::new();
        for (service, sla) in self.services.get(&contract).into_iter().flatten() {
            let Some((sla, held)) = sla.and_then(|sla| Some((sla, self.tables.get(&sla)?))) else { continue };
            for priority in held.table.keys() {
                let edited = held.edited.get(priority).map(|slt| id(SLT, *slt));
                let object = edited.unwrap_or_else(|| id(SLA, sla));
                objects.insert(target_key(*service, *priority), object);
            }
        }
        objects
    }
}

fn target_key(service: u64, priority: u8) -> TargetKey {
    TargetKey { service: Some(id(SERVICE, service)), priority: targets::priority_id(priority) }
}

impl Reader for ItopReader<'_> {
    async fn read_live(&self, selection: &Selection) -> Result<Live, ReadError> {
        let codes = Self::codes(self.mapping);
        let (contracts, links, mut directory) =
            tokio::try_join!(self.every(&self.mapping.class, &codes), self.links(), self.directory())?;
        let linked = links.contacts.values().flatten();
        people::add_others(self.transport, self.page_size, linked, &mut directory).await?;
        let mut live = Live { directory, ..Live::default() };
        let mut marked: BTreeMap<AgreementId, Vec<(LiveId, &Object)>> = BTreeMap::new();
        for contract in &contracts {
            if let Some(id) = self.mark(contract) {
                marked.entry(id).or_default().push((contract.id(), contract));
                continue;
            }
            live.unmanaged += 1;
            let id = contract.id();
            if selection.contains(&id) {
                let observed = self.adoptable(contract, &links);
                if matches!(observed, Observed::Unknown(_)) {
                    live.titles.extend(self.title(contract).map(|title| (id.clone(), title)));
                }
                live.adoptable.insert(id, observed);
            }
        }
        live.add_managed(marked, |contract| self.observed(contract, &links));
        Ok(live)
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        let everything = Selection::default().with_all_unmarked();
        let (live, units, people, services) = tokio::try_join!(
            Box::pin(self.read_live(&everything)),
            self.every(ORGANIZATION, "parent_id"),
            self.every(PERSON, "org_id"),
            self.every(SERVICE, "org_id"),
        )?;
        Ok(inventory::of(&live, &units, &people, &services))
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        match &self.having_key(id).await?[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_links(only).await,
            _ => Ok(Observed::Unknown(format!("several objects have the ownership key of {id}"))),
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        let class = &self.mapping.class;
        let Some((_, number)) = parts(object) else {
            return Ok(Observed::Unknown(format!(
                "`{object}` is not an id of iTop: write it as {class}::12"
            )));
        };
        match self.one(class, number, &Self::codes(self.mapping)).await? {
            Some(found) if found.id() == *object => self.with_links(&found).await,
            _ => Ok(Observed::Absent),
        }
    }

    async fn stored_key(&self, object: &LiveId) -> Result<StoredKey, ReadError> {
        let (class, code) = (&self.mapping.class, &self.mapping.key.attribute);
        let number = parts(object).map_or(0, |(_, number)| number);
        let found = self.one(class, number, code).await?;
        let found = found.filter(|found| found.id() == *object).ok_or_else(|| ReadError {
            call: format!("core/get {object}"),
            error: ReadErrorKind::Unexpected("the response is not that object".to_owned()),
        })?;
        let text = wire::text(&found.fields, code).unwrap_or_default().to_owned();
        Ok(StoredKey { owner: self.mark(&found), text })
    }

    async fn bearers(&self, id: &AgreementId) -> Result<Vec<LiveId>, ReadError> {
        Ok(self.having_key(id).await?.iter().map(Object::id).collect())
    }

    /// A refusal is remembered, since repeated refusals lock the connection.
    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        if self.cache.is_history_forbidden.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let read = history::read(self.transport, self.mapping, objects).await;
        if read.as_ref().is_err_and(ReadError::is_credentials) {
            self.cache.is_history_forbidden.store(true, Ordering::Relaxed);
        }
        read
    }

    async fn addresses(&self, people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        let numbers: Vec<u64> = people.iter().filter_map(|id| Some(parts(id)?.1)).collect();
        let mut addresses = BTreeMap::new();
        for some in numbers.chunks(ADDRESS_BATCH) {
            let query = format!("SELECT {PERSON} WHERE id IN {}", oql::list(some.iter().copied()));
            for person in self.some(PERSON, &query, "email").await? {
                let email = wire::text(&person.fields, "email").unwrap_or_default();
                if people.contains(&person.id()) && !email.is_empty() {
                    addresses.insert(person.id(), email.to_owned());
                }
            }
        }
        Ok(addresses)
    }

    async fn note(&self, object: &LiveId, attribute: &str) -> Result<String, ReadError> {
        let wrong = |what: &str| ReadError {
            call: format!("core/get {object}"),
            error: ReadErrorKind::Unexpected(format!("{what}; check ledger.witness in servanda.yaml")),
        };
        let (class, number) = parts(object).ok_or_else(|| wrong("write the id as Organization::12"))?;
        let found = self.one(class, number, attribute).await?;
        let found = found.ok_or_else(|| wrong("there is no object with this id"))?;
        wire::text(&found.fields, attribute).map(str::to_owned).map_err(|what| wrong(&what))
    }

    fn requests(&self) -> u64 {
        self.transport.requests()
    }

    fn is_locked_out(&self) -> bool {
        self.transport.is_locked_out()
    }
}
