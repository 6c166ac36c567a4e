//! Lists and objects of the helpdesk become [`Live`]: every page, every rule, everything a slug may mean.
//!
//! Absence is only what the helpdesk said. An object that cannot be understood is unknown, by itself alone;
//! a list that cannot be read whole is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Directory, Kind, Live, LiveAgreement, Observed, Promise, Record, TargetKey, Value};
use servanda::mapping::{Field, Mapping, Rules};

use super::wire;
use crate::helpdesk::http::HttpError;
use crate::helpdesk::transport::{Class, Transport};
use crate::helpdesk::{ReadError, ReadTrouble, Reader, Wanted};

/// Reads a tenant of ITSM 365.
pub(crate) struct Itsm365Reader<'a> {
    transport: &'a Transport,
    mapping: &'a Mapping,
    page_size: usize,
}

/// The rules of each agreement, as read.
type RulesByAgreement = BTreeMap<LiveId, Vec<Map<String, Json>>>;

/// The classes that slugs refer to.
const DIRECTORY: [(Kind, &str); 5] = [
    (Kind::Unit, "ou"),
    (Kind::Service, "slmService"),
    (Kind::Person, "employee"),
    (Kind::Calendar, "servicetime"),
    (Kind::Priority, "priority"),
];

impl<'a> Itsm365Reader<'a> {
    /// A reader over a transport.
    pub(crate) fn new(transport: &'a Transport, mapping: &'a Mapping, page_size: usize) -> Self {
        Self { transport, mapping, page_size: page_size.max(1) }
    }

    fn attributes(&self) -> String {
        let mapped = self.mapping.attributes.values().map(String::as_str);
        let fixed = ["UUID", "state", "removed", "lastModifiedDate", self.mapping.key.attribute.as_str()];
        let all: BTreeSet<&str> = fixed.into_iter().chain(mapped).collect();
        Vec::from_iter(all).join(",")
    }

    /// Every object of a class that the filter lets through, page by page, each once.
    async fn list(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let mut seen = BTreeSet::new();
        let mut objects = Vec::new();
        let mut offset = 0;
        loop {
            let page = self.page(class, attributes, filter, offset, self.page_size).await?;
            let count = page.len();
            for object in page {
                let id = object.get("UUID").and_then(Json::as_str).map(str::to_owned);
                let id = id.ok_or_else(|| unexpected(class, "an object without a UUID"))?;
                if seen.insert(id) {
                    objects.push(object);
                }
            }
            offset += count;
            if count < self.page_size {
                return Ok(objects);
            }
        }
    }

    async fn page(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let path = format!("find/{class}");
        let query =
            [("attrs", attributes.to_owned()), ("offset", offset.to_string()), ("limit", limit.to_string())];
        let answer = self.transport.post(&path, &query, filter, Class::Read).await;
        let answer =
            answer.map_err(|error| ReadError { call: format!("find {class}"), error: error.into() })?;
        let Json::Array(list) = answer.body else {
            return Err(unexpected(class, "an answer that is no list"));
        };
        let objects = list.into_iter().map(|entry| match entry {
            Json::Object(object) => Ok(object),
            _ => Err(unexpected(class, "an entry that is no object")),
        });
        objects.collect()
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
        let mut by_agreement = RulesByAgreement::new();
        for rule in self.list(&rules.class, &codes.join(","), filter).await? {
            let agreement = wire::reference(rule.get(&rules.agreement).unwrap_or(&Json::Null)).ok().flatten();
            if let Some(agreement) = agreement.filter(|_| !is_removed(&rule)) {
                by_agreement.entry(agreement).or_default().push(rule);
            }
        }
        Ok(by_agreement)
    }

    /// An object with its rules in normal form, or why it cannot be understood.
    fn agreement(
        &self,
        object: &Map<String, Json>,
        rules: &[Map<String, Json>],
    ) -> Result<LiveAgreement, String> {
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
        let mut found = LiveAgreement {
            object: id,
            record: Record { state: state.to_owned(), fields },
            rules: BTreeMap::new(),
            archived: is_removed(object),
            modified: object.get("lastModifiedDate").and_then(Json::as_str).map(str::to_owned),
        };
        if let Some(mapped) = &self.mapping.rules {
            add_targets(&mut found, rules, mapped)?;
        }
        Ok(found)
    }

    fn observed(&self, object: &Map<String, Json>, rules: &RulesByAgreement) -> Observed<LiveAgreement> {
        let own = object_id(object).and_then(|id| rules.get(&id)).map_or(&[][..], Vec::as_slice);
        self.agreement(object, own).map_or_else(Observed::Unknown, Observed::Present)
    }

    fn mark(&self, object: &Map<String, Json>) -> Option<AgreementId> {
        self.mapping.marked(object.get(&self.mapping.key.attribute)?.as_str()?)
    }

    async fn with_rules(&self, object: &Map<String, Json>) -> Result<Observed<LiveAgreement>, ReadError> {
        let filter = match (&self.mapping.rules, object_id(object)) {
            (Some(rules), Some(id)) => json!({ rules.agreement.clone(): id }),
            _ => json!({}),
        };
        let rules = self.rules(&filter).await?;
        Ok(self.observed(object, &rules))
    }
}

impl Reader for Itsm365Reader<'_> {
    async fn survey(&self, wanted: &Wanted) -> Result<Live, ReadError> {
        let attributes = self.attributes();
        let everything = json!({});
        let (objects, rules, directory) = tokio::try_join!(
            self.list(&self.mapping.class, &attributes, &everything),
            self.rules(&everything),
            self.directory(),
        )?;
        let mut live = Live { directory, ..Live::default() };
        let mut marked: BTreeMap<AgreementId, Vec<&Map<String, Json>>> = BTreeMap::new();
        for object in &objects {
            if let Some(id) = self.mark(object) {
                marked.entry(id).or_default().push(object);
                continue;
            }
            live.unmarked += 1;
            if let Some(id) = object_id(object).filter(|id| wanted.adopts.contains(id)) {
                live.adoptable.insert(id, self.observed(object, &rules));
            }
        }
        for (id, objects) in marked {
            match &objects[..] {
                [only] => {
                    live.agreements.insert(id, self.observed(only, &rules));
                }
                several => {
                    live.same_mark
                        .insert(id, several.iter().filter_map(|object| object_id(object)).collect());
                }
            }
        }
        Ok(live)
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        let filter = json!({ self.mapping.key.attribute.clone(): self.mapping.mark(id) });
        let found = self.page(&self.mapping.class, &self.attributes(), &filter, 0, 2).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects bear the mark of {id}"))),
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        let filter = json!({ "UUID": object });
        let found = self.page(&self.mapping.class, &self.attributes(), &filter, 0, 2).await?;
        match &found[..] {
            [] => Ok(Observed::Absent),
            [only] => self.with_rules(only).await,
            _ => Ok(Observed::Unknown(format!("several objects are called {object}"))),
        }
    }

    fn requests(&self) -> u64 {
        self.transport.requests()
    }

    fn is_locked_out(&self) -> bool {
        self.transport.is_locked_out()
    }
}

/// Adds what the rules promise. Hours that are the agreement's own are not repeated in each.
fn add_targets(found: &mut LiveAgreement, rules: &[Map<String, Json>], codes: &Rules) -> Result<(), String> {
    let own_calendar = match found.record.fields.get(&Field::Calendar) {
        Some(Value::Reference(calendar)) => Some(calendar.clone()),
        _ => None,
    };
    let mut targets = BTreeMap::new();
    for rule in rules {
        let json = |code: &String| rule.get(code).unwrap_or(&Json::Null);
        let id = object_id(rule).ok_or("a rule without an id")?;
        let of_rule = |why: String| format!("rule {id}: {why}");
        let priority = wire::reference(json(&codes.priority)).map_err(of_rule)?;
        let key = TargetKey {
            service: wire::reference(json(&codes.service)).map_err(of_rule)?,
            priority: priority.ok_or_else(|| of_rule("it has no priority".to_owned()))?,
        };
        let calendar = wire::reference(json(&codes.calendar)).map_err(of_rule)?;
        let promise = Promise {
            response: wire::read_interval(json(&codes.response), codes.interval).map_err(of_rule)?,
            resolution: wire::read_interval(json(&codes.resolution), codes.interval).map_err(of_rule)?,
            calendar: calendar.filter(|calendar| Some(calendar) != own_calendar.as_ref()),
        };
        if targets.insert(key.clone(), promise).is_some() {
            return Err(of_rule("another rule is about the same service and priority".to_owned()));
        }
        found.rules.insert(key, id);
    }
    found.record.fields.insert(Field::Targets, Value::targets(targets));
    Ok(())
}

fn object_id(object: &Map<String, Json>) -> Option<LiveId> {
    LiveId::new(object.get("UUID")?.as_str()?)
}

fn is_removed(object: &Map<String, Json>) -> bool {
    object.get("removed").and_then(Json::as_bool).unwrap_or(false)
}

fn unexpected(class: &str, what: &str) -> ReadError {
    ReadError {
        call: format!("find {class}"),
        error: ReadTrouble::Unexpected(format!("the answer holds {what}")),
    }
}

impl From<HttpError> for ReadError {
    fn from(error: HttpError) -> Self {
        Self { call: "the helpdesk".to_owned(), error: error.into() }
    }
}
