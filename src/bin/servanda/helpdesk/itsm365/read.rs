//! Lists and objects of the helpdesk become [`Live`]: every page, every rule, everything a slug may mean.
//!
//! Absence is only what the helpdesk said. An object that cannot be understood is unknown, by itself alone;
//! a list that cannot be read whole is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{
    Directory, Kind, Live, LiveAgreement, Observed, Promise, Record, TargetKey, Touch, Value,
};
use servanda::mapping::{Field, History, Mapping, Rules};
use servanda::plan::Part;
use servanda::proposal::catalog::Census;

use super::{census, wire};
use crate::helpdesk::http::HttpError;
use crate::helpdesk::transport::{Class, Transport};
use crate::helpdesk::{Event, ReadError, ReadTrouble, Reader, Wanted};

/// Reads a tenant of ITSM 365.
pub(crate) struct Itsm365Reader<'a> {
    transport: &'a Transport,
    pub(super) mapping: &'a Mapping,
    page_size: usize,
    habits: Arc<Habits>,
}

/// What was learned of a helpdesk while reading it; good for as long as one is connected to it.
#[derive(Default)]
pub(crate) struct Habits {
    /// The longest page so far: a shorter one was not cut short by the helpdesk.
    longest_page: AtomicUsize,
    /// Whether archived objects are left out where nobody asks for them.
    hides_archived: AtomicBool,
}

/// Of how many objects the history is asked at once.
const HISTORY_AT_ONCE: usize = 100;

/// Of how many people the address is asked at once.
const PEOPLE_AT_ONCE: usize = 100;

/// How often a list is read that moves while it is read.
const READINGS: usize = 3;

/// The rules of each agreement, as read.
type RulesByAgreement = BTreeMap<LiveId, Vec<Map<String, Json>>>;

/// The classes that slugs refer to.
pub(super) const DIRECTORY: [(Kind, &str); 5] = [
    (Kind::Unit, "ou"),
    (Kind::Service, "slmService"),
    (Kind::Person, "employee"),
    (Kind::Calendar, "servicetime"),
    (Kind::Priority, "priority"),
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

    /// Every object of a class that the filter lets through, each once. A list that moves while it is read is
    /// read again.
    pub(super) async fn list(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        for _ in 0..READINGS {
            if let Some(objects) = self.whole(class, attributes, filter).await? {
                return Ok(objects);
            }
            tracing::info!(class, "the list moved while it was read");
        }
        let what =
            "pages that do not fit together: the list moves all the time, or offset and limit are ignored";
        Err(unexpected(class, what))
    }

    /// All pages of a list, or nothing where they do not fit together.
    ///
    /// There is no count, no cursor and no promised order. So each page begins with the last object of the one
    /// before: what moves from page to page shows, and nothing is passed over unseen.
    async fn whole(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
    ) -> Result<Option<Vec<Map<String, Json>>>, ReadError> {
        let mut seen = BTreeSet::new();
        let mut objects: Vec<Map<String, Json>> = Vec::new();
        let mut last: Option<LiveId> = None;
        loop {
            let overlap = usize::from(last.is_some());
            let (offset, limit) = (objects.len() - overlap, self.page_size + overlap);
            let page = self.page(class, attributes, filter, offset, limit).await?;
            let count = page.len();
            let mut page = page.into_iter();
            if last.is_some() && page.next().as_ref().and_then(object_id) != last {
                return Ok(None);
            }
            for object in page {
                let id = object_id(&object).ok_or_else(|| unexpected(class, "an object without a UUID"))?;
                if !seen.insert(id.clone()) {
                    return Ok(None);
                }
                last = Some(id);
                objects.push(object);
            }
            if count == overlap || self.is_last(count, limit) {
                return Ok(Some(objects));
            }
        }
    }

    /// A page that is shorter than was asked for, and shorter than another one, has no successor. Else the helpdesk
    /// may give no more at once.
    fn is_last(&self, count: usize, limit: usize) -> bool {
        let longest = self.habits.longest_page.fetch_max(count, Ordering::Relaxed);
        count < limit && count < longest
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

    /// All agreements, archived or not: one that is archived and bears our mark is not absent.
    pub(super) async fn objects(&self) -> Result<Vec<Map<String, Json>>, ReadError> {
        let attributes = self.attributes();
        let mut objects = self.list(&self.mapping.class, &attributes, &json!({})).await?;
        if objects.iter().any(is_removed) {
            return Ok(objects);
        }
        let archived = self.list(&self.mapping.class, &attributes, &json!({ "removed": true })).await?;
        if !archived.is_empty() {
            self.habits.hides_archived.store(true, Ordering::Relaxed);
        }
        // What was archived between the two lists is in both.
        let moved: BTreeSet<_> = archived.iter().filter_map(object_id).collect();
        objects.retain(|object| object_id(object).is_none_or(|id| !moved.contains(&id)));
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

    /// An event, if it says what it is about and when it was.
    fn event(&self, event: &Map<String, Json>, codes: &History) -> Option<Event> {
        let person = event.get(&codes.who).unwrap_or(&Json::Null);
        let code = event.get(&codes.attribute).and_then(Json::as_str);
        let field = self.mapping.attributes.iter().find(|(_, own)| Some(own.as_str()) == code);
        let part = match (code, field) {
            (Some("state"), _) => Some(Part::State),
            (_, field) => field.map(|(field, _)| Part::Field(field.clone())),
        };
        Some(Event {
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
    fn adoptable(&self, object: &Map<String, Json>, rules: &RulesByAgreement) -> Observed<LiveAgreement> {
        let code = &self.mapping.key.attribute;
        match object.get(code).and_then(Json::as_str).map(str::trim) {
            None | Some("") => self.observed(object, rules),
            Some(taken) => {
                Observed::Unknown(format!("`{code}`, where our mark would stand, holds `{taken}`"))
            }
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
        let rules = self.rules(&filter).await?;
        Ok(self.observed(object, &rules))
    }
}

impl Reader for Itsm365Reader<'_> {
    async fn survey(&self, wanted: &Wanted) -> Result<Live, ReadError> {
        // The long lists come first: they show how long a page may be, which spares the short ones a request each.
        let everything = json!({});
        let (objects, rules) = tokio::try_join!(self.objects(), self.rules(&everything))?;
        let directory = self.directory().await?;
        let mut live = Live { directory, ..Live::default() };
        let mut marked: BTreeMap<AgreementId, Vec<&Map<String, Json>>> = BTreeMap::new();
        for object in &objects {
            if let Some(id) = self.mark(object) {
                marked.entry(id).or_default().push(object);
                continue;
            }
            live.unmarked += 1;
            if let Some(id) = object_id(object).filter(|id| wanted.takes(id)) {
                live.adoptable.insert(id, self.adoptable(object, &rules));
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

    async fn census(&self) -> Result<Census, ReadError> {
        census::of(self).await
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

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<Event>, ReadError> {
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
        events.sort_by(|left: &Event, right: &Event| left.touch.when.cmp(&right.touch.when));
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

pub(super) fn object_id(object: &Map<String, Json>) -> Option<LiveId> {
    LiveId::new(object.get("UUID")?.as_str()?)
}

pub(super) fn is_removed(object: &Map<String, Json>) -> bool {
    object.get("removed").and_then(Json::as_bool).unwrap_or(false)
}

pub(super) fn unexpected(class: &str, what: &str) -> ReadError {
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
