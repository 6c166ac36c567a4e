//! Translates an object of the helpdesk into the fields of an agreement: ids into slugs, days and state into period and
//! activation, rules into targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::adoption::{AdoptionContext, SkipReason};
use super::slugs::{SlugIndex, held};
use crate::calendar::Day;
use crate::catalog::Contact;
use crate::ident::slug::{numbered, slug_of_person};
use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::live::{Directory, LiveAgreement, LiveTarget, ObjectKind, Targets, Value};
use crate::mapping::{Deactivation, Field, Mapping};
use crate::status::State;

/// The keys that the helpdesk determines where the mapping has their field; they replace those of a template.
pub(super) const SEEN: [(&str, Option<Field>); 9] = [
    ("title", None),
    ("number", Some(Field::Number)),
    ("manager", Some(Field::Manager)),
    ("provider", Some(Field::Provider)),
    ("contacts", Some(Field::Contacts)),
    ("period", None),
    ("services", None),
    ("sla", None),
    ("attributes", None),
];

/// The fields of an object, translated into those of an agreement.
pub(super) struct ObservedAgreement {
    pub(super) client: ClientSlug,
    /// The client's title.
    pub(super) client_title: String,
    pub(super) title: String,
    pub(super) first_day: Option<Day>,
    pub(super) last_day: Option<Day>,
    /// The other fields of its document, without title and period.
    pub(super) fields: Map<String, Json>,
}

impl ObservedAgreement {
    /// The words of an id for the recipient: the client, with its department where that is the only one.
    pub(super) fn recipient(&self) -> String {
        let recipients = self.fields.get("recipients").and_then(Json::as_array);
        match recipients.map(Vec::as_slice) {
            Some([only]) => only.as_str().unwrap_or(self.client.as_str()).replace('/', "-"),
            _ => self.client.to_string(),
        }
    }

    /// The value at a path; null if there is none.
    pub(super) fn field(&self, path: &[&str; 2]) -> &Json {
        self.fields.get(path[0]).map_or(&Json::Null, |value| &value[path[1]])
    }
}

/// An object that may get a file.
pub(super) struct Candidate<'a> {
    pub(super) object: &'a LiveId,
    pub(super) live: &'a LiveAgreement,
    pub(super) facts: ObservedAgreement,
    pub(super) id: AgreementId,
}

/// Translates an object, or returns the reason why no file can be made of it.
pub(super) fn facts(
    live: &LiveAgreement,
    slugs: &SlugIndex<'_>,
    context: &AdoptionContext<'_>,
) -> Result<ObservedAgreement, SkipReason> {
    let mapping = &context.settings.helpdesk.mapping;
    if live.archived && mapping.deactivate != Deactivation::Archive {
        return Err(SkipReason::Archived);
    }
    let Value::References(recipients) = held(live, &Field::Recipients) else {
        return Err(SkipReason::NoRecipient);
    };
    let (client, recipients) = slugs.recipients(recipients)?;
    let mut fields = Map::new();
    fields.insert("client".to_owned(), client.as_str().into());
    if !slugs.is_whole_client(&client, &recipients, &mapping.recipients) {
        fields.insert("recipients".to_owned(), recipients.into());
    }
    if let Value::Reference(id) = held(live, &Field::Provider) {
        let slug = slugs.provider(id)?;
        // The settings name the provider of agreements without one.
        if mapping.provider.as_ref().is_none_or(|usual| usual.as_str() != slug) {
            fields.insert("provider".to_owned(), slug.into());
        }
    }
    if let Value::Text(number) = held(live, &Field::Number) {
        fields.insert("number".to_owned(), number.as_str().into());
    }
    fields.extend(people(live, slugs, &client, context)?);
    let day = |field: Field| match held(live, &field) {
        Value::Day(day) => Some(*day),
        _ => None,
    };
    let (first_day, last_day) = (day(Field::FirstDay), day(Field::LastDay));
    fields.extend(activation(live, &client, (first_day, last_day), context)?);
    fields.extend(promises(live, slugs, mapping)?);
    let attributes = attributes(live);
    if !attributes.is_empty() {
        fields.insert("attributes".to_owned(), attributes.into());
    }
    let title = match held(live, &Field::Title) {
        Value::Text(title) => title.clone(),
        _ => String::new(),
    };
    let client_title = context.catalog.clients.get(client.as_str()).map(|client| client.entry.title.clone());
    let client_title = client_title.unwrap_or_default();
    Ok(ObservedAgreement { client, client_title, title, first_day, last_day, fields })
}

/// The manager, and the contacts if they are not those of the client in the catalog. Where the mapping has no field for
/// the manager, the first of the contacts with a slug under `managers:` is the manager.
fn people(
    live: &LiveAgreement,
    slugs: &SlugIndex<'_>,
    client: &ClientSlug,
    context: &AdoptionContext<'_>,
) -> Result<Map<String, Json>, SkipReason> {
    let mut fields = Map::new();
    let mut contacts = match held(live, &Field::Contacts) {
        Value::References(contacts) => (**contacts).clone(),
        _ => BTreeSet::new(),
    };
    for person in &contacts {
        slugs.usable(
            (ObjectKind::Person, Field::Contacts),
            person,
            slugs.directory.get(ObjectKind::Person, person),
        )?;
    }
    let of_client = context.catalog.clients.get(client.as_str()).map(|client| &client.contacts);
    let of_client: BTreeSet<LiveId> = of_client
        .into_iter()
        .flat_map(|contacts| contacts.values())
        .filter_map(|contact| match contact {
            Contact::Person(id) => Some(id.clone()),
            Contact::Email(_) => None,
        })
        .collect();
    let is_manager = |person: &&LiveId| slugs.others.contains_key(&(ObjectKind::Person, (*person).clone()));
    let manager = match held(live, &Field::Manager) {
        Value::Reference(id) => Some(id.clone()),
        _ if context.settings.helpdesk.mapping.attributes.contains_key(&Field::Manager) => None,
        _ => contacts.difference(&of_client).find(is_manager).cloned(),
    };
    if let Some(id) = &manager {
        fields.insert("manager".to_owned(), slugs.slug(ObjectKind::Person, Field::Manager, id)?.into());
        // Without another contact, the manager stays one: an agreement without contacts has those of its client.
        if contacts.len() > 1 || of_client.is_empty() {
            contacts.remove(id);
        }
    }
    if contacts != of_client && context.settings.helpdesk.mapping.carries(&Field::Contacts) {
        if contacts.is_empty() {
            return Err(SkipReason::NotExpressible { fields: vec![Field::Contacts] });
        }
        fields.insert("contacts".to_owned(), named_contacts(&contacts, slugs.directory).into());
    }
    Ok(fields)
}

/// The contacts of a file, each under a name that is made of the person's.
fn named_contacts(contacts: &BTreeSet<LiveId>, directory: &Directory) -> Map<String, Json> {
    let mut named = Map::new();
    for person in contacts {
        let title = directory.get(ObjectKind::Person, person).map_or("", |entry| entry.title.as_str());
        let stem = Some(slug_of_person(title)).filter(|slug| !slug.is_empty());
        let stem = stem.unwrap_or_else(|| "contact".to_owned());
        let mut free = numbered(&stem).filter(|name| !named.contains_key(name));
        let name = free.next().expect("there are more numbers than contacts");
        named.insert(name, json!({ "helpdesk": person }));
    }
    named
}

/// The fields that result in the object's state: none if the period does, otherwise a suspension or a manual activation.
///
/// They take effect the day before the import, since what they say is past: no notice is due because of them.
fn activation(
    live: &LiveAgreement,
    client: &ClientSlug,
    (first_day, last_day): (Option<Day>, Option<Day>),
    context: &AdoptionContext<'_>,
) -> Result<Map<String, Json>, SkipReason> {
    let mapping = &context.settings.helpdesk.mapping;
    let zone = context.catalog.clients.get(client.as_str()).and_then(|client| client.zone.as_ref());
    let today = zone.unwrap_or(&context.settings.zone).day_of(context.at);
    let yesterday = today.yesterday().unwrap_or(today);
    let state = live.record.state.clone();
    let is_in = |status: State| mapping.states.get(&status) == Some(&state);
    if state.is_empty() {
        return Err(SkipReason::NoState);
    }
    if !mapping.states.values().any(|known| *known == state) {
        return Err(SkipReason::UnknownState { state });
    }
    let by_days = match (first_day, last_day) {
        (_, Some(last)) if last < today => State::Expired,
        (Some(first), _) if today < first => State::Planned,
        _ => State::Active,
    };
    if by_days == State::Expired && !is_in(State::Expired) {
        return Err(SkipReason::Contradictory { state });
    }
    let mut fields = Map::new();
    let mut by_hand = |status: &str, on: Day| {
        let entry = json!([{ "status": status, "on": on.to_string(), "reason": FOUND }]);
        fields.insert("activation".to_owned(), entry);
    };
    match (by_days, first_day, last_day) {
        (by_days, Some(_), _) if is_in(by_days) => {}
        (State::Expired, None, Some(last_day)) => by_hand("active", last_day),
        (State::Active, Some(first), _) if is_in(State::Suspended) => {
            let from = first.max(yesterday).to_string();
            fields.insert("suspensions".to_owned(), json!([{ "from": from, "reason": FOUND }]));
        }
        _ => {
            let status = [
                (State::Planned, "planned"),
                (State::Active, "active"),
                (State::Suspended, "suspended"),
                (State::Terminated, "ended"),
            ];
            let status = status.into_iter().find(|(status, _)| is_in(*status));
            let (_, status) = status.ok_or(SkipReason::Contradictory { state: state.clone() })?;
            by_hand(status, yesterday);
        }
    }
    let status = if is_in(State::Active) { State::Active } else { State::Expired };
    if !mapping.publishes(status) && *held(live, &Field::Services) != Value::Nothing {
        return Err(SkipReason::StillOffered { state });
    }
    Ok(fields)
}

/// The reason of suspensions and activations that only the state implies.
pub(super) const FOUND: &str = "as found";

/// Services, calendar and targets.
fn promises(
    live: &LiveAgreement,
    slugs: &SlugIndex<'_>,
    mapping: &Mapping,
) -> Result<Map<String, Json>, SkipReason> {
    let nothing = Targets::new();
    let targets = match live.record.fields.get(&Field::Targets) {
        Some(Value::Targets(targets)) => targets,
        _ => &nothing,
    };
    let Some(Value::References(services)) = live.record.fields.get(&Field::Services) else {
        return Err(without_services(&live.record.state, mapping));
    };
    let not_expressible = || SkipReason::NotExpressible { fields: vec![Field::Targets] };
    let with_services = mapping.holds_targets_with_services();
    let common = if with_services { common_targets(targets, services) } else { of_service(targets, None) };
    if common.values().any(|promise| promise.calendar.is_some()) {
        return Err(not_expressible());
    }
    let mut sla = Map::new();
    if let Some(Value::Reference(id)) = live.record.fields.get(&Field::Calendar) {
        sla.insert("calendar".to_owned(), slugs.slug(ObjectKind::Calendar, Field::Calendar, id)?.into());
    }
    if !common.is_empty() {
        sla.insert("targets".to_owned(), written(&common, slugs)?);
    }
    let mut covered = Map::new();
    for id in services {
        let own = of_service(targets, Some(id));
        let terms = if own.is_empty() || with_services && own == common {
            json!(true)
        } else {
            terms(&own, &common, slugs)?.ok_or(SkipReason::ServiceTargets)?
        };
        covered.insert(slugs.slug(ObjectKind::Service, Field::Services, id)?.to_owned(), terms);
    }
    let named: BTreeSet<&LiveId> = targets.keys().filter_map(|key| key.service.as_ref()).collect();
    if !named.into_iter().all(|id| services.contains(id)) {
        return Err(not_expressible());
    }
    let mut fields = Map::new();
    fields.insert("services".to_owned(), covered.into());
    if !sla.is_empty() {
        fields.insert("sla".to_owned(), sla.into());
    }
    Ok(fields)
}

/// The reason to skip an agreement without services. A helpdesk that offers every service of an agreement has those of
/// active ones only, so that to add them to another one is no way out.
fn without_services(state: &str, mapping: &Mapping) -> SkipReason {
    let is_active = mapping.states.get(&State::Active).is_some_and(|active| active == state);
    if is_active || mapping.publishes(State::Expired) {
        SkipReason::NoService
    } else {
        SkipReason::ServicesUnknown { state: state.to_owned() }
    }
}

/// The targets that most services have, if no service lacks one of their priorities: where each service has targets of
/// its own, those are the agreement's.
fn common_targets<'a>(
    targets: &'a Targets,
    services: &BTreeSet<LiveId>,
) -> BTreeMap<&'a LiveId, &'a LiveTarget> {
    let tables: Vec<_> = services.iter().map(|service| of_service(targets, Some(service))).collect();
    let shared = |table: &&BTreeMap<_, _>| tables.iter().filter(|other| other == table).count();
    let fits_all = |table: &&BTreeMap<&LiveId, &LiveTarget>| {
        tables.iter().all(|other| table.keys().all(|priority| other.contains_key(priority)))
    };
    tables.iter().filter(fits_all).max_by_key(shared).cloned().unwrap_or_default()
}

fn of_service<'a>(targets: &'a Targets, service: Option<&LiveId>) -> BTreeMap<&'a LiveId, &'a LiveTarget> {
    let own = targets.iter().filter(|(key, _)| key.service.as_ref() == service);
    own.map(|(key, promise)| (&key.priority, promise)).collect()
}

/// A service's own terms: its calendar, and the targets that differ. `None` if they cannot be expressed: a service has
/// every priority of its agreement, and one calendar.
fn terms(
    own: &BTreeMap<&LiveId, &LiveTarget>,
    common: &BTreeMap<&LiveId, &LiveTarget>,
    slugs: &SlugIndex<'_>,
) -> Result<Option<Json>, SkipReason> {
    let calendars: BTreeSet<&Option<LiveId>> = own.values().map(|promise| &promise.calendar).collect();
    if calendars.len() != 1 || !common.keys().all(|priority| own.contains_key(priority)) {
        return Ok(None);
    }
    let mut terms = Map::new();
    let calendar = calendars.first().copied().and_then(Option::as_ref);
    if let Some(id) = calendar {
        terms.insert("calendar".to_owned(), slugs.slug(ObjectKind::Calendar, Field::Targets, id)?.into());
    }
    let times = |promise: &LiveTarget| (promise.response, promise.resolution);
    let differs = |(priority, promise): &(&&LiveId, &&LiveTarget)| {
        common.get(**priority).is_none_or(|common| times(common) != times(promise))
    };
    let mut differing: BTreeMap<&LiveId, &LiveTarget> =
        own.iter().filter(differs).map(|(priority, promise)| (*priority, *promise)).collect();
    // Rules of its own that equal those of the agreement still need an entry.
    if differing.is_empty() && calendar.is_none() {
        differing.extend(own.iter().next().map(|(priority, promise)| (*priority, *promise)));
    }
    if !differing.is_empty() {
        terms.insert("targets".to_owned(), written(&differing, slugs)?);
    }
    Ok(Some(terms.into()))
}

fn written(promises: &BTreeMap<&LiveId, &LiveTarget>, slugs: &SlugIndex<'_>) -> Result<Json, SkipReason> {
    // In the order of the helpdesk, which numbers its priorities.
    let mut targets = Map::new();
    for (priority, promise) in promises {
        let mut times = Map::new();
        for (key, time) in [("response", promise.response), ("resolution", promise.resolution)] {
            times.extend(time.map(|time| (key.to_owned(), time.to_string().into())));
        }
        targets.insert(
            slugs.slug(ObjectKind::Priority, Field::Targets, priority)?.to_owned(),
            Json::Object(times),
        );
    }
    Ok(json!(targets))
}

fn attributes(live: &LiveAgreement) -> Map<String, Json> {
    let held = live.record.fields.iter().filter_map(|(field, value)| {
        let Field::Attribute(name) = field else {
            return None;
        };
        let value = match value {
            Value::Text(text) => json!(text),
            Value::Integer(number) => json!(number),
            Value::Bool(yes) => json!(yes),
            _ => return None,
        };
        Some((name.to_string(), value))
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use super::{SkipReason, without_services};
    use crate::mapping::{Deactivation, Mapping};

    #[test]
    fn only_an_agreement_that_may_have_services_lacks_them() {
        let mut mapping = Mapping::default();
        let active = mapping.states[&crate::status::State::Active].clone();
        assert_eq!(without_services("other", &mapping), SkipReason::NoService);
        mapping.deactivate = Deactivation::Withdraw;
        assert_eq!(without_services(&active, &mapping), SkipReason::NoService);
        let unknown = SkipReason::ServicesUnknown { state: "other".to_owned() };
        assert_eq!(without_services("other", &mapping), unknown);
    }
}
