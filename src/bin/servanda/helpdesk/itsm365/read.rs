//! Converts lists and objects of the helpdesk to [`Live`].
//!
//! An object is absent only if the helpdesk confirms it. An object that cannot be interpreted is unknown, and
//! does not affect others; a list that cannot be read completely is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value as Json, json};
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{
    Directory, Live, LiveAgreement, LiveTarget, Observed, Record, Rules, TargetKey, Touch, Value,
};
use servanda::mapping::{Field, HistoryClass, Mapping, RuleClass};
use servanda::plan::{DriftPart, HistoryEvent};

use super::inventory::{self, DIRECTORY};
use super::key::Itsm365Transport;
use super::list::{ListBehaviour, ListItem, Lists, is_removed, object_id, unexpected};
use super::wire;
#[cfg(test)]
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::error::ReadError;
use crate::helpdesk::reader::{Reader, Selection, StoredKey};

/// Reads a tenant of ITSM 365.
pub(crate) struct Itsm365Reader<'a> {
    lists: Lists<'a>,
    mapping: &'a Mapping,
}

/// The number of objects in one request for their history.
const HISTORY_BATCH: usize = 100;

/// The number of people in one request for their addresses.
const ADDRESS_BATCH: usize = 100;

/// The number of objects with one ownership key that are read.
const BEARERS: usize = 10;

/// An agreement in normal form, or why it cannot be interpreted.
type Interpreted = Result<LiveAgreement, String>;

/// The SLA rules of each agreement, or why a rule cannot be interpreted.
type RulesByAgreement = BTreeMap<LiveId, Vec<Result<SlaRule, String>>>;

/// One SLA rule: the targets of a service and a priority.
struct SlaRule {
    id: LiveId,
    key: TargetKey,
    promise: LiveTarget,
}

impl<'a> Itsm365Reader<'a> {
    /// A reader over a transport.
    pub(crate) fn new(transport: &'a Itsm365Transport, mapping: &'a Mapping, page_size: usize) -> Self {
        Self { lists: Lists::new(transport, page_size), mapping }
    }

    /// Reads lists within other bounds.
    #[cfg(test)]
    pub(crate) fn within(mut self, bounds: ListBounds) -> Self {
        self.lists.bounds = bounds;
        self
    }

    /// Shares what other readers of this connection observe about the tenant's lists.
    pub(crate) fn sharing(mut self, behaviour: &Arc<ListBehaviour>) -> Self {
        self.lists.behaviour = Arc::clone(behaviour);
        self
    }

    fn attributes(&self) -> String {
        let mapped = self.mapping.attributes.values().map(String::as_str);
        let fixed = ["UUID", "state", "removed", "lastModifiedDate", self.mapping.key.attribute.as_str()];
        let all: BTreeSet<&str> = fixed.into_iter().chain(mapped).collect();
        Vec::from_iter(all).join(",")
    }

    async fn directory(&self) -> Result<Directory, ReadError> {
        let (units, services, people, calendars, priorities) = tokio::try_join!(
            self.named(DIRECTORY[0].1),
            self.named(DIRECTORY[1].1),
            self.named(DIRECTORY[2].1),
            self.named(DIRECTORY[3].1),
            self.named(DIRECTORY[4].1),
        )?;
        let mut directory = Directory::default();
        for ((kind, class), objects) in
            DIRECTORY.into_iter().zip([units, services, people, calendars, priorities])
        {
            for object in objects {
                let id = object_id(&object).ok_or_else(|| unexpected(class, "an invalid UUID"))?;
                let title = object.get("title").and_then(Json::as_str).unwrap_or_default();
                directory.add(kind, id, title, is_removed(&object));
            }
        }
        Ok(directory)
    }

    async fn named(&self, class: &str) -> Result<Vec<Map<String, Json>>, ReadError> {
        self.lists.read(class, "UUID,title,removed", &json!({})).await
    }

    async fn rules(&self, filter: &Json) -> Result<RulesByAgreement, ReadError> {
        let Some(rules) = &self.mapping.rules else {
            return Ok(RulesByAgreement::new());
        };
        let codes = [
            "UUID",
            "removed",
            &rules.agreement,
            &rules.service,
            &rules.priority,
            &rules.calendar,
            &rules.response,
            &rules.resolution,
        ];
        let convert = |rule: Map<String, Json>| {
            let agreement = wire::reference(rule.get(&rules.agreement).unwrap_or(&Json::Null)).ok().flatten();
            agreement.filter(|_| !is_removed(&rule)).map(|agreement| (agreement, read_rule(&rule, rules)))
        };
        let mut by_agreement = RulesByAgreement::new();
        for item in self.lists.read_as(&rules.class, &codes.join(","), filter, convert).await? {
            if let Some((agreement, rule)) = item.value {
                by_agreement.entry(agreement).or_default().push(rule);
            }
        }
        Ok(by_agreement)
    }

    /// Reads all agreements, archived ones included: an archived agreement with an ownership key is not absent.
    async fn agreements_as<T>(
        &self,
        convert: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Vec<ListItem<T>>, ReadError> {
        let attributes = self.attributes();
        let class = &self.mapping.class;
        let mut objects = self.lists.read_as(class, &attributes, &json!({}), &convert).await?;
        if objects.iter().any(|object| object.is_removed) {
            return Ok(objects);
        }
        let archived = json!({ "removed": true });
        let archived = self.lists.read_as(class, &attributes, &archived, &convert).await?;
        if !archived.is_empty() {
            self.lists.behaviour.hides_archived.store(true, Ordering::Relaxed);
        }
        // An object that was archived between the two requests is in both lists.
        let moved: BTreeSet<LiveId> = archived.iter().map(|object| object.id.clone()).collect();
        objects.retain(|object| !moved.contains(&object.id));
        objects.extend(archived);
        Ok(objects)
    }

    /// Reads the first objects whose attribute has a value, archived ones included. An object that has another value
    /// means that the helpdesk does not search by this attribute, and that its answer proves nothing.
    async fn having(
        &self,
        code: &str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let mut filter = json!({ code: value });
        let mut found = self.first(&filter, limit).await?;
        if found.is_empty() && self.lists.behaviour.hides_archived.load(Ordering::Relaxed) {
            filter["removed"] = json!(true);
            found = self.first(&filter, limit).await?;
        }
        if found.iter().all(|object| object.get(code).and_then(Json::as_str) == Some(value)) {
            return Ok(found);
        }
        Err(unexpected(&self.mapping.class, &format!("an object whose `{code}` is not `{value}`")))
    }

    /// Reads the first objects that match a filter. Only an empty page is the end, since a tenant may limit its pages.
    async fn first(&self, filter: &Json, limit: usize) -> Result<Vec<Map<String, Json>>, ReadError> {
        let (class, attributes) = (&self.mapping.class, self.attributes());
        let mut found = Vec::new();
        while found.len() < limit {
            let page = self.lists.page(class, &attributes, filter, found.len(), limit - found.len()).await?;
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        Ok(found)
    }

    /// Interprets an object, without its SLA rules.
    fn agreement(&self, object: &Map<String, Json>) -> Interpreted {
        let id = object_id(object).ok_or("its UUID is invalid")?;
        let state = object.get("state").and_then(Json::as_str).ok_or("it has no state")?;
        let mut fields = BTreeMap::new();
        for (field, code) in &self.mapping.attributes {
            let json = object.get(code).ok_or_else(|| {
                format!("`{code}` is not in the response: check helpdesk.agreement.attributes.{field} in servanda.yaml")
            })?;
            let value = wire::read(field, json, self.mapping).map_err(|why| format!("`{code}`: {why}"))?;
            fields.insert(field.clone(), value);
        }
        Ok(LiveAgreement {
            object: id,
            record: Record { state: state.to_owned(), fields },
            rules: Rules::new(),
            archived: is_removed(object),
            modified: object
                .get("lastModifiedDate")
                .and_then(Json::as_str)
                .map(|time| self.mapping.dates.in_zone(time)),
            owner: self.mark(object),
        })
    }

    /// Adds an agreement's own rules to it, and removes them from `rules`.
    fn observed(&self, agreement: Interpreted, rules: &mut RulesByAgreement) -> Observed<LiveAgreement> {
        let whole = agreement.and_then(|mut found| {
            if self.mapping.rules.is_some() {
                let own = rules.remove(&found.object).unwrap_or_default();
                add_targets(&mut found, own)?;
            }
            Ok(found)
        });
        whole.map_or_else(Observed::Unknown, Observed::Present)
    }

    /// Interprets a history entry; `None` if it lacks its object or its time.
    fn event(&self, event: &Map<String, Json>, codes: &HistoryClass) -> Option<HistoryEvent> {
        let person = event.get(&codes.who).unwrap_or(&Json::Null);
        let code = event.get(&codes.attribute).and_then(Json::as_str);
        let field = self.mapping.attributes.iter().find(|(_, own)| Some(own.as_str()) == code);
        let part = match (code, field) {
            (Some("state"), _) => Some(DriftPart::State),
            (_, field) => field.map(|(field, _)| DriftPart::Field(field.clone())),
        };
        Some(HistoryEvent {
            object: wire::reference(event.get(&codes.object)?).ok()??,
            part,
            touch: Touch {
                who: wire::reference(person).ok().flatten(),
                name: person.get("title").and_then(Json::as_str).map(str::to_owned),
                when: self.mapping.dates.in_zone(event.get(&codes.when)?.as_str()?),
            },
        })
    }

    /// Interprets an unmanaged object. It cannot be adopted if the attribute of the ownership key holds
    /// another text.
    fn adoptable(&self, object: &Map<String, Json>) -> Interpreted {
        let code = &self.mapping.key.attribute;
        match object.get(code).and_then(Json::as_str).map(str::trim) {
            None | Some("") => self.agreement(object),
            Some(taken) => {
                Err(format!("`{code}`, the attribute of the ownership key, already holds `{taken}`"))
            }
        }
    }

    fn title(&self, object: &Map<String, Json>) -> Option<String> {
        let title = object.get(self.mapping.attributes.get(&Field::Title)?)?.as_str()?;
        Some(title.to_owned()).filter(|title| !title.is_empty())
    }

    fn mark(&self, object: &Map<String, Json>) -> Option<AgreementId> {
        self.mapping.managed_by_key(object.get(&self.mapping.key.attribute)?.as_str()?)
    }

    async fn with_rules(&self, object: &Map<String, Json>) -> Result<Observed<LiveAgreement>, ReadError> {
        let filter = match (&self.mapping.rules, object_id(object)) {
            (Some(rules), Some(id)) => json!({ rules.agreement.clone(): id }),
            _ => json!({}),
        };
        let mut rules = self.rules(&filter).await?;
        Ok(self.observed(self.agreement(object), &mut rules))
    }
}

impl Reader for Itsm365Reader<'_> {
    async fn read_live(&self, selection: &Selection) -> Result<Live, ReadError> {
        let everything = json!({});
        let convert = |object: Map<String, Json>| match self.mark(&object) {
            Some(mark) => Some((Some(mark), self.agreement(&object), None)),
            None => object_id(&object)
                .filter(|id| selection.contains(id))
                .map(|_| (None, self.adoptable(&object), self.title(&object))),
        };
        let (objects, mut rules) = tokio::try_join!(self.agreements_as(convert), self.rules(&everything))?;
        let directory = self.directory().await?;
        let mut live = Live { directory, ..Live::default() };
        let mut marked: BTreeMap<AgreementId, Vec<(LiveId, Interpreted)>> = BTreeMap::new();
        for ListItem { id, value, .. } in objects {
            match value {
                Some((Some(mark), agreement, _)) => marked.entry(mark).or_default().push((id, agreement)),
                Some((None, agreement, title)) => {
                    live.unmanaged += 1;
                    let observed = self.observed(agreement, &mut rules);
                    if matches!(observed, Observed::Unknown(_)) {
                        live.titles.extend(title.map(|title| (id.clone(), title)));
                    }
                    live.adoptable.insert(id, observed);
                }
                None => live.unmanaged += 1,
            }
        }
        live.add_managed(marked, |agreement| self.observed(agreement, &mut rules));
        Ok(live)
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        let agreements = self.agreements_as(|object| object).await?;
        let agreements: Vec<Map<String, Json>> = agreements.into_iter().map(|item| item.value).collect();
        inventory::read(&self.lists, self.mapping, &agreements).await
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        let found = self.having(&self.mapping.key.attribute, &self.mapping.ownership_key(id), 2).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects have the ownership key of {id}"))),
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        let found = self.having("UUID", object.as_str(), 1).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects have the id {object}"))),
        }
    }

    async fn stored_key(&self, object: &LiveId) -> Result<StoredKey, ReadError> {
        let code = &self.mapping.key.attribute;
        let found = self.lists.get(object, &format!("UUID,{code}")).await?;
        let text = found.get(code).and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(StoredKey { owner: self.mark(&found), text })
    }

    async fn bearers(&self, id: &AgreementId) -> Result<Vec<LiveId>, ReadError> {
        let key = self.mapping.ownership_key(id);
        let found = self.having(&self.mapping.key.attribute, &key, BEARERS).await?;
        Ok(found.iter().filter_map(object_id).collect())
    }

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        let Some(codes) = &self.mapping.history else {
            return Ok(Vec::new());
        };
        let attributes = ["UUID", &codes.object, &codes.attribute, &codes.who, &codes.when].join(",");
        let objects: Vec<&LiveId> = objects.iter().collect();
        let mut events = Vec::new();
        for some in objects.chunks(HISTORY_BATCH) {
            let filter = json!({ codes.object.clone(): some });
            let found = self.lists.read(&codes.class, &attributes, &filter).await?;
            events.extend(found.iter().filter_map(|event| self.event(event, codes)));
        }
        // The format of the instants sorts alphabetically; the sort is stable for events of one second.
        events.sort_by(|left: &HistoryEvent, right: &HistoryEvent| left.touch.when.cmp(&right.touch.when));
        Ok(events)
    }

    async fn addresses(&self, people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        let people: Vec<&LiveId> = people.iter().collect();
        let mut addresses = BTreeMap::new();
        for some in people.chunks(ADDRESS_BATCH) {
            for found in self.lists.read("employee", "UUID,email", &json!({ "UUID": some })).await? {
                let id = found.get("UUID").and_then(Json::as_str).and_then(LiveId::new);
                let email = found.get("email").and_then(Json::as_str).filter(|email| !email.is_empty());
                addresses.extend(id.zip(email.map(str::to_owned)));
            }
        }
        Ok(addresses)
    }

    async fn note(&self, object: &LiveId, attribute: &str) -> Result<String, ReadError> {
        let class = object.as_str().split('$').next().unwrap_or_default();
        let found =
            self.lists.page(class, &format!("UUID,{attribute}"), &json!({ "UUID": object }), 0, 2).await?;
        let value = match &found[..] {
            [only] => only.get(attribute),
            _ => {
                return Err(unexpected(
                    class,
                    "no object with this id; check ledger.witness in servanda.yaml",
                ));
            }
        };
        match value {
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Null) => Ok(String::new()),
            _ => Err(unexpected(
                class,
                "no text attribute of this name; check ledger.witness in servanda.yaml",
            )),
        }
    }

    async fn find_comment(&self, object: &LiveId, text: &str) -> Result<Option<LiveId>, ReadError> {
        let comments = self.lists.read("comment", "UUID,text", &json!({ "source": object })).await?;
        let contains = |comment: &&Map<String, Json>| {
            comment.get("text").and_then(Json::as_str).is_some_and(|held| held.contains(text))
        };
        Ok(comments.iter().find(contains).and_then(object_id))
    }

    fn requests(&self) -> u64 {
        self.lists.transport.requests()
    }

    fn is_locked_out(&self) -> bool {
        self.lists.transport.is_locked_out()
    }
}

/// Interprets an SLA rule.
fn read_rule(rule: &Map<String, Json>, codes: &RuleClass) -> Result<SlaRule, String> {
    let json = |code: &String| rule.get(code).unwrap_or(&Json::Null);
    let id = object_id(rule).ok_or("a rule has no id")?;
    let of_rule = |why: String| format!("rule {id}: {why}");
    let priority = wire::reference(json(&codes.priority)).map_err(of_rule)?;
    let key = TargetKey {
        service: wire::reference(json(&codes.service)).map_err(of_rule)?,
        priority: priority.ok_or_else(|| of_rule("it has no priority".to_owned()))?,
    };
    let calendar = wire::reference(json(&codes.calendar)).map_err(of_rule)?;
    let response = wire::read_interval(json(&codes.response), codes.interval).map_err(of_rule)?;
    let resolution = wire::read_interval(json(&codes.resolution), codes.interval).map_err(of_rule)?;
    let promise = LiveTarget { response, resolution, calendar };
    Ok(SlaRule { id, key, promise })
}

/// Adds the targets of the rules to an agreement. A rule's calendar is left out if it is the agreement's own.
fn add_targets(found: &mut LiveAgreement, rules: Vec<Result<SlaRule, String>>) -> Result<(), String> {
    let own_calendar = match found.record.fields.get(&Field::Calendar) {
        Some(Value::Reference(calendar)) => Some(calendar.clone()),
        _ => None,
    };
    let mut targets = BTreeMap::new();
    for rule in rules {
        let SlaRule { id, key, mut promise } = rule?;
        if promise.calendar == own_calendar {
            promise.calendar = None;
        }
        if targets.insert(key.clone(), promise).is_some() {
            return Err(format!("rule {id}: another rule has the same service and priority"));
        }
        found.rules.insert(key, id);
    }
    found.record.fields.insert(Field::Targets, Value::targets(targets));
    Ok(())
}
