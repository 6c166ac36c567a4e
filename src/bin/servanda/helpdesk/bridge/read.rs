//! Converts the answers of an adapter to [`Live`].
//!
//! An agreement that cannot be interpreted is unknown, and does not affect others; a list that cannot be read completely is
//! an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use servanda::bridge::{
    AgreementMessage, Call, Capability, Description, DirectoryItem, FindCommentAnswer, FindCommentRequest,
    FindRequest, GetRequest, HistoryAnswer, HistoryRequest, People, PeopleAnswer, ReceivedAgreement,
    read_agreement, read_event,
};
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Directory, DirectoryEntry, Live, LiveAgreement, ObjectKind, Observed};
use servanda::mapping::Mapping;
use servanda::plan::HistoryEvent;

use super::call::{list, read, unexpected};
use super::token::BridgeTransport;
use crate::helpdesk::error::ReadError;
use crate::helpdesk::reader::{Reader, Selection, StoredKey};

/// The number of objects in one request for their history, and of people in one for their addresses.
const BATCH: usize = 100;

/// All kinds of objects of a directory.
const KINDS: [ObjectKind; 5] =
    [ObjectKind::Unit, ObjectKind::Service, ObjectKind::Person, ObjectKind::Calendar, ObjectKind::Priority];

/// The unit that an object is part of, by the object's kind and id.
type Parents = Vec<(ObjectKind, LiveId, LiveId)>;

/// Reads through an adapter.
pub(crate) struct BridgeReader<'a> {
    transport: &'a BridgeTransport,
    description: &'a Description,
    mapping: &'a Mapping,
    page_size: usize,
    cache: &'a BridgeCache,
}

/// The agreements that were read one by one. A step names them as expected, so that a concurrent edit is detected.
#[derive(Default)]
pub(crate) struct BridgeCache(Mutex<BTreeMap<LiveId, AgreementMessage>>);

impl BridgeCache {
    fn agreements(&self) -> MutexGuard<'_, BTreeMap<LiveId, AgreementMessage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, received: &ReceivedAgreement) {
        self.agreements().insert(received.id.clone(), received.message.clone());
    }

    /// Removes an agreement that is about to be written.
    pub(super) fn take(&self, object: &LiveId) -> Option<AgreementMessage> {
        self.agreements().remove(object)
    }
}

impl<'a> BridgeReader<'a> {
    /// A reader over a transport.
    pub(crate) const fn new(
        transport: &'a BridgeTransport,
        description: &'a Description,
        mapping: &'a Mapping,
        page_size: usize,
        cache: &'a BridgeCache,
    ) -> Self {
        Self { transport, description, mapping, page_size, cache }
    }

    fn received(&self, call: Call, subject: &str, message: &Json) -> Result<ReceivedAgreement, ReadError> {
        read_agreement(message, self.mapping).map_err(|why| unexpected(call, subject, &why))
    }

    async fn items(&self) -> Result<Vec<(DirectoryItem, LiveId)>, ReadError> {
        let call = Call::Directory;
        let items = list(self.transport, call, self.page_size).await?;
        let read = items.into_iter().map(|item| {
            let item = DirectoryItem::deserialize(&item).map_err(|error| error.to_string());
            let item = item.and_then(|item| {
                let id = LiveId::new(&item.id).ok_or_else(|| format!("`{}` is not an id", item.id))?;
                Ok((item, id))
            });
            item.map_err(|why| unexpected(call, "", &why))
        });
        read.collect()
    }

    /// Reads the live state, and the units that objects of the directory are part of.
    async fn live_with_parents(&self, selection: &Selection) -> Result<(Live, Parents), ReadError> {
        let call = Call::Agreements;
        let (agreements, items) = tokio::try_join!(list(self.transport, call, self.page_size), self.items())?;
        let (mut directory, mut parents) = (Directory::default(), Parents::new());
        for (DirectoryItem { kind, title, code, archived, within, .. }, id) in items {
            if let Some(unit) = within.as_deref().and_then(LiveId::new) {
                parents.push((kind, id.clone(), unit));
            }
            directory.add_named(kind, id, DirectoryEntry { title, code, archived, hidden: None });
        }
        let mut live = Live { directory, ..Live::default() };
        let mut managed: BTreeMap<AgreementId, Vec<(LiveId, ReceivedAgreement)>> = BTreeMap::new();
        for message in &agreements {
            let received = self.received(call, "", message)?;
            if let Some(owner) = self.mapping.managed_by_key(&received.key) {
                managed.entry(owner).or_default().push((received.id.clone(), received));
                continue;
            }
            live.unmanaged += 1;
            if selection.contains(&received.id) {
                live.adoptable.insert(received.id.clone(), Self::adoptable(received));
            }
        }
        live.add_managed(managed, observed);
        Ok((live, parents))
    }

    /// Reads the agreement with an id. An answer about another one is an error.
    async fn received_by_id(&self, object: &LiveId) -> Result<Option<ReceivedAgreement>, ReadError> {
        let call = Call::Get;
        let request = GetRequest { id: object.to_string() };
        let answer: Json = read(self.transport, call, object.as_str(), &request).await?;
        match answer.get("agreement") {
            Some(Json::Null) => Ok(None),
            Some(message) => {
                let received = self.received(call, object.as_str(), message)?;
                if received.id == *object {
                    self.cache.insert(&received);
                    return Ok(Some(received));
                }
                let why = format!("the answer is about {}", received.id);
                Err(unexpected(call, object.as_str(), &why))
            }
            None => Err(unexpected(call, object.as_str(), "the answer has no `agreement`")),
        }
    }

    /// Reads the agreements with an ownership key. An answer with another key is an error: the adapter does not search.
    async fn received_by_key(&self, id: &AgreementId) -> Result<Vec<ReceivedAgreement>, ReadError> {
        let (call, key) = (Call::Find, self.mapping.ownership_key(id));
        let request = FindRequest { key: key.clone() };
        let mut answer: Json = read(self.transport, call, &key, &request).await?;
        let Some(Json::Array(found)) = answer.get_mut("agreements").map(Json::take) else {
            return Err(unexpected(call, &key, "the answer has no `agreements`"));
        };
        let found = found.iter().map(|message| self.received(call, &key, message));
        let found: Vec<ReceivedAgreement> = found.collect::<Result<_, _>>()?;
        if let Some(other) = found.iter().find(|received| received.key != key) {
            let why = format!("{} has another key, `{}`", other.id, other.key);
            return Err(unexpected(call, &key, &why));
        }
        for received in &found {
            self.cache.insert(received);
        }
        Ok(found)
    }

    /// Interprets an unmanaged agreement. It cannot be adopted if its key holds another text.
    fn adoptable(received: ReceivedAgreement) -> Observed<LiveAgreement> {
        match received.key.trim() {
            "" => observed(received),
            taken => Observed::Unknown(format!("its ownership key already holds `{taken}`")),
        }
    }
}

fn observed(received: ReceivedAgreement) -> Observed<LiveAgreement> {
    received.interpreted.map_or_else(Observed::Unknown, Observed::Present)
}

impl Reader for BridgeReader<'_> {
    async fn read_live(&self, selection: &Selection) -> Result<Live, ReadError> {
        Ok(self.live_with_parents(selection).await?.0)
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        let everything = Selection::default().with_all_unmarked();
        let (live, parents) = self.live_with_parents(&everything).await?;
        let mut inventory = Inventory::of(&live);
        for (kind, id, unit) in parents {
            if let Some(item) = inventory.items.get_mut(&kind).and_then(|items| items.get_mut(&id)) {
                item.within = Some(unit);
            }
        }
        inventory.unkept = KINDS.into_iter().filter(|kind| !self.description.kinds.contains(kind)).collect();
        Ok(inventory)
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        match <[_; 1]>::try_from(self.received_by_key(id).await?) {
            Ok([only]) => Ok(observed(only)),
            Err(none) if none.is_empty() => Ok(Observed::Absent),
            Err(_) => Ok(Observed::Unknown(format!("several objects have the ownership key of {id}"))),
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        Ok(self.received_by_id(object).await?.map_or(Observed::Absent, observed))
    }

    async fn stored_key(&self, object: &LiveId) -> Result<StoredKey, ReadError> {
        let received = self.received_by_id(object).await?;
        let received = received.ok_or_else(|| {
            unexpected(Call::Get, object.as_str(), "there is no object with this id any more")
        })?;
        Ok(StoredKey { owner: self.mapping.managed_by_key(&received.key), text: received.key })
    }

    async fn bearers(&self, id: &AgreementId) -> Result<Vec<LiveId>, ReadError> {
        Ok(self.received_by_key(id).await?.into_iter().map(|received| received.id).collect())
    }

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        if !self.description.can(Capability::History) {
            return Ok(Vec::new());
        }
        let objects: Vec<&LiveId> = objects.iter().collect();
        let mut events = Vec::new();
        for some in objects.chunks(BATCH) {
            let request = HistoryRequest { objects: some.iter().copied().cloned().collect() };
            let answer: HistoryAnswer = read(self.transport, Call::History, "", &request).await?;
            let own = answer.events.into_iter().filter_map(|event| read_event(event, self.mapping));
            events.extend(own.filter(|event| request.objects.contains(&event.object)));
        }
        Ok(events)
    }

    async fn addresses(&self, people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        let mut addresses = BTreeMap::new();
        if !self.description.can(Capability::Addresses) {
            return Ok(addresses);
        }
        let people: Vec<&LiveId> = people.iter().collect();
        for some in people.chunks(BATCH) {
            let request = People { people: some.iter().copied().cloned().collect() };
            let answer: PeopleAnswer = read(self.transport, Call::Addresses, "", &request).await?;
            let named = answer.addresses.into_iter().filter(|(_, address)| !address.is_empty());
            let named = named.filter_map(|(id, address)| Some((LiveId::new(&id)?, address)));
            addresses.extend(named.filter(|(id, _)| request.people.contains(id)));
        }
        Ok(addresses)
    }

    async fn note(&self, object: &LiveId, attribute: &str) -> Result<String, ReadError> {
        let why =
            format!("an adapter keeps no `{attribute}` of {object}: delete ledger.witness in servanda.yaml");
        Err(unexpected(Call::Get, object.as_str(), &why))
    }

    async fn find_comment(&self, object: &LiveId, text: &str) -> Result<Option<LiveId>, ReadError> {
        let call = Call::FindComment;
        if !self.description.can(Capability::Comments) {
            return Err(unexpected(call, object.as_str(), "the adapter does not support comments"));
        }
        let request = FindCommentRequest { object: object.to_string(), text: text.to_owned() };
        let answer: Json = read(self.transport, call, object.as_str(), &request).await?;
        if answer.get("comment").is_none() {
            return Err(unexpected(call, object.as_str(), "the answer has no `comment`"));
        }
        let answer = FindCommentAnswer::deserialize(&answer)
            .map_err(|error| unexpected(call, object.as_str(), &error.to_string()))?;
        let Some(comment) = answer.comment else { return Ok(None) };
        // An id that cannot be kept is no absence: the comment would be written again.
        let comment = LiveId::new(&comment);
        comment.map(Some).ok_or_else(|| unexpected(call, object.as_str(), "the comment has no valid id"))
    }

    fn requests(&self) -> u64 {
        self.transport.requests()
    }

    fn is_locked_out(&self) -> bool {
        self.transport.is_locked_out()
    }
}

/// Asks for one item of a list, which shows whether the list can be read.
pub(super) async fn probe(transport: &BridgeTransport, call: Call) -> Result<(), ReadError> {
    let _: Json = read(transport, call, "", &json!({ "cursor": null, "limit": 1 })).await?;
    Ok(())
}
