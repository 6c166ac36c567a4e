//! Lists and objects of the helpdesk become [`Live`]: every page, every rule, everything a slug may mean.
//!
//! Absence is only what the helpdesk said. An object that cannot be understood is unknown, by itself alone;
//! a list that cannot be read whole is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value as Json, json};
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{
    Directory, Live, LiveAgreement, LiveTarget, ObjectKind, Observed, Record, TargetKey, Touch, Value,
};
use servanda::mapping::{Field, HistoryClass, Mapping, RuleClass};
use servanda::plan::DriftPart;

use super::list::{Habits, Listed, is_removed, object_id, unexpected};
use super::{inventory, wire};
use crate::helpdesk::{HistoryEvent, ReadError, Reader, Selection};
use crate::http::client::HttpError;
use crate::http::transport::Transport;

/// Reads a tenant of ITSM 365.
pub(crate) struct Itsm365Reader<'a> {
    pub(super) transport: &'a Transport,
    pub(super) mapping: &'a Mapping,
    pub(super) page_size: usize,
    pub(super) habits: Arc<Habits>,
}

/// Of how many objects the history is asked at once.
const HISTORY_AT_ONCE: usize = 100;

/// Of how many people the address is asked at once.
const PEOPLE_AT_ONCE: usize = 100;

/// An agreement of the helpdesk in normal form, or why it cannot be understood.
type Understood = Result<LiveAgreement, String>;

/// The rules of each agreement; in place of one that cannot be understood, why.
type RulesByAgreement = BTreeMap<LiveId, Vec<Result<Rule, String>>>;

/// What one rule promises.
struct Rule {
    id: LiveId,
    key: TargetKey,
    promise: LiveTarget,
}

/// The classes that slugs refer to.
pub(super) const DIRECTORY: [(ObjectKind, &str); 5] = [
    (ObjectKind::Unit, "ou"),
    (ObjectKind::Service, "slmService"),
    (ObjectKind::Person, "employee"),
    (ObjectKind::Calendar, "servicetime"),
    (ObjectKind::Priority, "priority"),
];

impl<'a> Itsm365Reader<'a> {
    /// A reader over a transport.
    pub(crate) fn new(transport: &'a Transport, mapping: &'a Mapping, page_size: usize) -> Self {
        Self { transport, mapping, page_size: page_size.max(1), habits: Arc::default() }
    }

    /// A reader that knows what another one has learned.
    pub(crate) fn knowing(self, habits: &Arc<Habits>) -> Self {
        Self { habits: Arc::clone(habits), ..self }
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
                let id = object_id(&object).ok_or_else(|| unexpected(class, "a UUID that is no id"))?;
                let title = object.get("title").and_then(Json::as_str).unwrap_or_default();
                directory.add(kind, id, title, is_removed(&object));
            }
        }
        Ok(directory)
    }

    async fn named(&self, class: &str) -> Result<Vec<Map<String, Json>>, ReadError> {
        self.list(class, "UUID,title,removed", &json!({})).await
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
        let made = |rule: Map<String, Json>| {
            let agreement = wire::reference(rule.get(&rules.agreement).unwrap_or(&Json::Null)).ok().flatten();
            agreement.filter(|_| !is_removed(&rule)).map(|agreement| (agreement, read_rule(&rule, rules)))
        };
        let mut by_agreement = RulesByAgreement::new();
        for listed in self.list_of(&rules.class, &codes.join(","), filter, made).await? {
            if let Some((agreement, rule)) = listed.made {
                by_agreement.entry(agreement).or_default().push(rule);
            }
        }
        Ok(by_agreement)
    }

    /// All agreements, archived or not: one that is archived and bears our mark is not absent.
    pub(super) async fn objects(&self) -> Result<Vec<Map<String, Json>>, ReadError> {
        let listed = self.objects_of(|object| object).await?;
        Ok(listed.into_iter().map(|listed| listed.made).collect())
    }

    async fn objects_of<T>(
        &self,
        make: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Vec<Listed<T>>, ReadError> {
        let attributes = self.attributes();
        let mut objects = self.list_of(&self.mapping.class, &attributes, &json!({}), &make).await?;
        if objects.iter().any(|object| object.is_removed) {
            return Ok(objects);
        }
        let archived = json!({ "removed": true });
        let archived = self.list_of(&self.mapping.class, &attributes, &archived, &make).await?;
        if !archived.is_empty() {
            self.habits.hides_archived.store(true, Ordering::Relaxed);
        }
        // What was archived between the two lists is in both.
        let moved: BTreeSet<LiveId> = archived.iter().map(|object| object.id.clone()).collect();
        objects.retain(|object| !moved.contains(&object.id));
        objects.extend(archived);
        Ok(objects)
    }

    /// The objects that a filter names, two at most, archived or not.
    async fn few(&self, filter: Map<String, Json>) -> Result<Vec<Map<String, Json>>, ReadError> {
        let (class, attributes) = (&self.mapping.class, self.attributes());
        let mut found = self.page(class, &attributes, &Json::Object(filter.clone()), 0, 2).await?;
        if found.is_empty() && self.habits.hides_archived.load(Ordering::Relaxed) {
            let mut filter = filter;
            filter.insert("removed".to_owned(), json!(true));
            found = self.page(class, &attributes, &Json::Object(filter), 0, 2).await?;
        }
        Ok(found)
    }

    /// An object in normal form without its rules.
    fn agreement(&self, object: &Map<String, Json>) -> Understood {
        let id = object_id(object).ok_or("its UUID is no id")?;
        let state = object.get("state").and_then(Json::as_str).ok_or("it has no state")?;
        let mut fields = BTreeMap::new();
        for (field, code) in &self.mapping.attributes {
            let json = object.get(code).ok_or_else(|| {
                format!("`{code}` is not in the answer: check helpdesk.agreement.attributes.{field} in servanda.yaml")
            })?;
            let value = wire::read(field, json, self.mapping).map_err(|why| format!("`{code}`: {why}"))?;
            fields.insert(field.clone(), value);
        }
        Ok(LiveAgreement {
            object: id,
            record: Record { state: state.to_owned(), fields },
            rules: BTreeMap::new(),
            archived: is_removed(object),
            modified: object.get("lastModifiedDate").and_then(Json::as_str).map(str::to_owned),
        })
    }

    /// The same with its rules, which are taken out of those of all.
    fn observed(&self, agreement: Understood, rules: &mut RulesByAgreement) -> Observed<LiveAgreement> {
        let whole = agreement.and_then(|mut found| {
            if self.mapping.rules.is_some() {
                let own = rules.remove(&found.object).unwrap_or_default();
                add_targets(&mut found, own)?;
            }
            Ok(found)
        });
        whole.map_or_else(Observed::Unknown, Observed::Present)
    }

    /// An event, if it says what it is about and when it was.
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
                when: event.get(&codes.when)?.as_str()?.to_owned(),
            },
        })
    }

    /// An object that could be taken over. Where somebody else's text stands in place of our mark, it cannot.
    fn adoptable(&self, object: &Map<String, Json>) -> Understood {
        let code = &self.mapping.key.attribute;
        match object.get(code).and_then(Json::as_str).map(str::trim) {
            None | Some("") => self.agreement(object),
            Some(taken) => Err(format!("`{code}`, where our mark would stand, holds `{taken}`")),
        }
    }

    fn mark(&self, object: &Map<String, Json>) -> Option<AgreementId> {
        self.mapping.marked(object.get(&self.mapping.key.attribute)?.as_str()?)
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
    async fn read_live(&self, wanted: &Selection) -> Result<Live, ReadError> {
        // The long lists come first: they show how long a page may be, which spares the short ones a request each.
        let everything = json!({});
        let made = |object: Map<String, Json>| match self.mark(&object) {
            Some(mark) => Some((Some(mark), self.agreement(&object))),
            None => object_id(&object).filter(|id| wanted.takes(id)).map(|_| (None, self.adoptable(&object))),
        };
        let (objects, mut rules) = tokio::try_join!(self.objects_of(made), self.rules(&everything))?;
        let directory = self.directory().await?;
        let mut live = Live { directory, ..Live::default() };
        let mut marked: BTreeMap<AgreementId, Vec<(LiveId, Understood)>> = BTreeMap::new();
        for Listed { id, made, .. } in objects {
            match made {
                Some((Some(mark), agreement)) => marked.entry(mark).or_default().push((id, agreement)),
                Some((None, agreement)) => {
                    live.unmanaged += 1;
                    live.adoptable.insert(id, self.observed(agreement, &mut rules));
                }
                None => live.unmanaged += 1,
            }
        }
        for (mark, bearing) in marked {
            match <[_; 1]>::try_from(bearing) {
                Ok([(_, only)]) => {
                    live.agreements.insert(mark, self.observed(only, &mut rules));
                }
                Err(several) => {
                    live.same_ownership_key.insert(mark, several.into_iter().map(|(id, _)| id).collect());
                }
            }
        }
        Ok(live)
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        inventory::of(self).await
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        let mark = (self.mapping.key.attribute.clone(), json!(self.mapping.mark(id)));
        let found = self.few(Map::from_iter([mark])).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects bear the mark of {id}"))),
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        let found = self.few(Map::from_iter([("UUID".to_owned(), json!(object))])).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects are called {object}"))),
        }
    }

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        let Some(codes) = &self.mapping.history else {
            return Ok(Vec::new());
        };
        let attributes = ["UUID", &codes.object, &codes.attribute, &codes.who, &codes.when].join(",");
        let objects: Vec<&LiveId> = objects.iter().collect();
        let mut events = Vec::new();
        for some in objects.chunks(HISTORY_AT_ONCE) {
            let filter = json!({ codes.object.clone(): some });
            let found = self.list(&codes.class, &attributes, &filter).await?;
            events.extend(found.iter().filter_map(|event| self.event(event, codes)));
        }
        // Instants are written so that their order is that of the alphabet; events of one second keep theirs.
        events.sort_by(|left: &HistoryEvent, right: &HistoryEvent| left.touch.when.cmp(&right.touch.when));
        Ok(events)
    }

    async fn addresses(&self, people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        let people: Vec<&LiveId> = people.iter().collect();
        let mut addresses = BTreeMap::new();
        for some in people.chunks(PEOPLE_AT_ONCE) {
            for found in self.list("employee", "UUID,email", &json!({ "UUID": some })).await? {
                let id = found.get("UUID").and_then(Json::as_str).and_then(LiveId::new);
                let email = found.get("email").and_then(Json::as_str).filter(|email| !email.is_empty());
                addresses.extend(id.zip(email.map(str::to_owned)));
            }
        }
        Ok(addresses)
    }

    async fn note(&self, object: &LiveId, attribute: &str) -> Result<String, ReadError> {
        let class = object.as_str().split('$').next().unwrap_or_default();
        let found = self.page(class, &format!("UUID,{attribute}"), &json!({ "UUID": object }), 0, 2).await?;
        let noted = match &found[..] {
            [only] => only.get(attribute),
            _ => {
                return Err(unexpected(class, "no object of that id; check ledger.witness in servanda.yaml"));
            }
        };
        match noted {
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Null) => Ok(String::new()),
            _ => Err(unexpected(class, "no such text attribute; check ledger.witness in servanda.yaml")),
        }
    }

    async fn find_comment(&self, object: &LiveId, text: &str) -> Result<Option<LiveId>, ReadError> {
        let comments = self.list("comment", "UUID,text", &json!({ "source": object })).await?;
        let has_it = |comment: &&Map<String, Json>| {
            comment.get("text").and_then(Json::as_str).is_some_and(|held| held.contains(text))
        };
        Ok(comments.iter().find(has_it).and_then(object_id))
    }

    fn requests(&self) -> u64 {
        self.transport.requests()
    }

    fn is_locked_out(&self) -> bool {
        self.transport.is_locked_out()
    }
}

/// What a rule promises, or why it cannot be understood.
fn read_rule(rule: &Map<String, Json>, codes: &RuleClass) -> Result<Rule, String> {
    let json = |code: &String| rule.get(code).unwrap_or(&Json::Null);
    let id = object_id(rule).ok_or("a rule without an id")?;
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
    Ok(Rule { id, key, promise })
}

/// Adds what the rules promise. Hours that are the agreement's own are not repeated in each.
fn add_targets(found: &mut LiveAgreement, rules: Vec<Result<Rule, String>>) -> Result<(), String> {
    let own_calendar = match found.record.fields.get(&Field::Calendar) {
        Some(Value::Reference(calendar)) => Some(calendar.clone()),
        _ => None,
    };
    let mut targets = BTreeMap::new();
    for rule in rules {
        let Rule { id, key, mut promise } = rule?;
        if promise.calendar == own_calendar {
            promise.calendar = None;
        }
        if targets.insert(key.clone(), promise).is_some() {
            return Err(format!("rule {id}: another rule is about the same service and priority"));
        }
        found.rules.insert(key, id);
    }
    found.record.fields.insert(Field::Targets, Value::targets(targets));
    Ok(())
}

impl From<HttpError> for ReadError {
    fn from(error: HttpError) -> Self {
        Self { call: "the helpdesk".to_owned(), error: error.into() }
    }
}
