//! Translates an object of the helpdesk into the fields of an agreement: ids into slugs, days and state into period and
//! activation, rules into targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::adoption::{AdoptionContext, SkipReason};
use crate::calendar::Day;
use crate::catalog::{Catalog, CatalogEntry};
use crate::ident::{AgreementId, ClientSlug, LiveId, RecipientSlug};
use crate::live::{Directory, LiveAgreement, LiveTarget, ObjectKind, TargetKey, Value};
use crate::mapping::{Deactivation, Field, RecipientLinks};
use crate::status::State;

/// The fields that the helpdesk determines; they replace those of a template.
pub(super) const SEEN: [&str; 8] =
    ["title", "number", "manager", "provider", "period", "services", "sla", "attributes"];

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

/// An object that may get a file.
pub(super) struct Candidate<'a> {
    pub(super) object: &'a LiveId,
    pub(super) live: &'a LiveAgreement,
    pub(super) facts: ObservedAgreement,
    pub(super) id: AgreementId,
}

/// The slugs of a catalog, by the object that they refer to.
pub(super) struct SlugIndex<'a> {
    units: BTreeMap<LiveId, RecipientSlug>,
    providers: BTreeMap<LiveId, String>,
    others: BTreeMap<(ObjectKind, LiveId), String>,
    /// The number of units of each client: itself and its departments.
    sizes: BTreeMap<ClientSlug, usize>,
    directory: &'a Directory,
}

impl<'a> SlugIndex<'a> {
    /// Indexes every slug that refers to exactly one object.
    pub(super) fn of(catalog: &Catalog, directory: &'a Directory) -> Self {
        let mut slugs = Self {
            units: BTreeMap::new(),
            providers: BTreeMap::new(),
            others: BTreeMap::new(),
            sizes: BTreeMap::new(),
            directory,
        };
        for (slug, client) in &catalog.clients {
            slugs.sizes.insert(slug.clone(), 1 + client.departments.len());
            let own = std::iter::once((slug.to_string(), &client.entry));
            let departments =
                client.departments.iter().map(|(name, entry)| (format!("{slug}/{name}"), entry));
            for (slug, entry) in own.chain(departments) {
                let tied = slugs.object(ObjectKind::Unit, entry).zip(RecipientSlug::new(&slug));
                slugs.units.extend(tied);
            }
        }
        for (slug, entry) in &catalog.providers {
            let tied = slugs.object(ObjectKind::Unit, entry).map(|id| (id, slug.to_string()));
            slugs.providers.extend(tied);
        }
        slugs.list(ObjectKind::Service, &catalog.services);
        slugs.list(ObjectKind::Person, &catalog.managers);
        slugs.list(ObjectKind::Calendar, &catalog.calendars);
        slugs.list(ObjectKind::Priority, &catalog.priorities);
        slugs
    }

    fn list<S: ToString>(&mut self, kind: ObjectKind, entries: &BTreeMap<S, CatalogEntry>) {
        for (slug, entry) in entries {
            let tied = self.object(kind, entry).map(|id| ((kind, id), slug.to_string()));
            self.others.extend(tied);
        }
    }

    fn object(&self, kind: ObjectKind, entry: &CatalogEntry) -> Option<LiveId> {
        match (&entry.helpdesk, self.directory.titled(kind, &entry.title)) {
            (Some(id), _) => Some(id.clone()),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    fn none(&self, id: &LiveId) -> SkipReason {
        let title = self.directory.title(id).unwrap_or_default().to_owned();
        SkipReason::NoSlug { object: id.clone(), title }
    }

    fn slug(&self, kind: ObjectKind, id: &LiveId) -> Result<&str, SkipReason> {
        let known = self.others.get(&(kind, id.clone()));
        known.map(String::as_str).ok_or_else(|| self.none(id))
    }

    /// Whether an agreement for these recipients of a client is one for the whole client, so that no file names them.
    fn is_whole_client(&self, client: &ClientSlug, recipients: &[String], links: &RecipientLinks) -> bool {
        let size = self.sizes.get(client).filter(|_| links.links_departments()).map_or(1, |size| *size);
        // All of them belong to this client.
        recipients.len() == size && recipients.iter().any(|recipient| recipient == client.as_str())
    }

    /// The slugs of recipients, and their client, of which there must be exactly one.
    fn recipients(&self, ids: &BTreeSet<LiveId>) -> Result<(ClientSlug, Vec<String>), SkipReason> {
        let slugs = ids.iter().map(|id| self.units.get(id).ok_or_else(|| self.none(id)));
        let slugs: Vec<&RecipientSlug> = slugs.collect::<Result<_, _>>()?;
        let clients: BTreeSet<ClientSlug> = slugs.iter().map(|slug| slug.client()).collect();
        let mut clients = clients.into_iter();
        match (clients.next(), clients.next()) {
            (Some(client), None) => Ok((client, slugs.iter().map(ToString::to_string).collect())),
            (None, _) => Err(SkipReason::NoRecipient),
            (Some(_), Some(_)) => Err(SkipReason::SeveralClients),
        }
    }
}

/// Translates an object, or returns the reason why no file can be made of it.
pub(super) fn facts(
    live: &LiveAgreement,
    slugs: &SlugIndex<'_>,
    context: &AdoptionContext<'_>,
) -> Result<ObservedAgreement, SkipReason> {
    if live.archived && context.settings.helpdesk.mapping.deactivate != Deactivation::Archive {
        return Err(SkipReason::Archived);
    }
    let held = |field: Field| live.record.fields.get(&field).unwrap_or(&Value::Nothing);
    let Value::References(recipients) = held(Field::Recipients) else {
        return Err(SkipReason::NoRecipient);
    };
    let (client, recipients) = slugs.recipients(recipients)?;
    let mut fields = Map::new();
    fields.insert("client".to_owned(), client.as_str().into());
    if !slugs.is_whole_client(&client, &recipients, &context.settings.helpdesk.mapping.recipients) {
        fields.insert("recipients".to_owned(), recipients.into());
    }
    if let Value::Reference(id) = held(Field::Provider) {
        let slug = slugs.providers.get(id).ok_or_else(|| slugs.none(id))?;
        fields.insert("provider".to_owned(), slug.as_str().into());
    }
    if let Value::Text(number) = held(Field::Number) {
        fields.insert("number".to_owned(), number.as_str().into());
    }
    if let Value::Reference(id) = held(Field::Manager) {
        fields.insert("manager".to_owned(), slugs.slug(ObjectKind::Person, id)?.into());
    }
    let day = |value: &Value| match value {
        Value::Day(day) => Some(*day),
        _ => None,
    };
    let (first_day, last_day) = (day(held(Field::FirstDay)), day(held(Field::LastDay)));
    fields.extend(activation(live, &client, (first_day, last_day), context)?);
    fields.extend(promises(live, slugs)?);
    let attributes = attributes(live);
    if !attributes.is_empty() {
        fields.insert("attributes".to_owned(), attributes.into());
    }
    let title = match held(Field::Title) {
        Value::Text(title) => title.clone(),
        _ => String::new(),
    };
    let client_title = context.catalog.clients.get(client.as_str()).map(|client| client.entry.title.clone());
    let client_title = client_title.unwrap_or_default();
    Ok(ObservedAgreement { client, client_title, title, first_day, last_day, fields })
}

/// The fields that result in the object's state: none if the period does, otherwise a suspension or a manual activation.
fn activation(
    live: &LiveAgreement,
    client: &ClientSlug,
    (first_day, last_day): (Option<Day>, Option<Day>),
    context: &AdoptionContext<'_>,
) -> Result<Map<String, Json>, SkipReason> {
    let settings = context.settings;
    let zone = context.catalog.clients.get(client.as_str()).and_then(|client| client.zone.as_ref());
    let today = zone.unwrap_or(&settings.zone).day_of(context.at);
    let is_in = |state: State| settings.helpdesk.mapping.states.get(&state) == Some(&live.record.state);
    let by_days = match (first_day, last_day) {
        (_, Some(last)) if last < today => State::Expired,
        (Some(first), _) if today < first => State::Planned,
        _ => State::Active,
    };
    let mut fields = Map::new();
    if first_day.is_some() && is_in(by_days) || by_days == State::Expired && is_in(State::Expired) {
        return Ok(fields);
    }
    if by_days == State::Expired {
        return Err(SkipReason::Contradictory { state: live.record.state.clone() });
    }
    if by_days == State::Active && first_day.is_some() && is_in(State::Suspended) {
        fields.insert("suspensions".to_owned(), json!([{ "from": today.to_string(), "reason": FOUND }]));
        return Ok(fields);
    }
    let by_hand = [
        (State::Planned, "planned"),
        (State::Active, "active"),
        (State::Suspended, "suspended"),
        (State::Terminated, "ended"),
    ];
    let Some((_, status)) = by_hand.into_iter().find(|(state, _)| is_in(*state)) else {
        return Err(SkipReason::Contradictory { state: live.record.state.clone() });
    };
    let entry = json!([{ "status": status, "on": today.to_string(), "reason": FOUND }]);
    fields.insert("activation".to_owned(), entry);
    Ok(fields)
}

/// The reason of suspensions and activations that only the state implies.
const FOUND: &str = "as found";

/// Services, calendar and targets.
fn promises(live: &LiveAgreement, slugs: &SlugIndex<'_>) -> Result<Map<String, Json>, SkipReason> {
    let nothing = BTreeMap::new();
    let targets = match live.record.fields.get(&Field::Targets) {
        Some(Value::Targets(targets)) => targets,
        _ => &nothing,
    };
    let Some(Value::References(services)) = live.record.fields.get(&Field::Services) else {
        return Err(SkipReason::NoService);
    };
    let not_expressible = || SkipReason::NotExpressible { fields: vec![Field::Targets] };
    let common = of_service(targets, None);
    if common.values().any(|promise| promise.calendar.is_some()) {
        return Err(not_expressible());
    }
    let mut sla = Map::new();
    if let Some(Value::Reference(id)) = live.record.fields.get(&Field::Calendar) {
        sla.insert("calendar".to_owned(), slugs.slug(ObjectKind::Calendar, id)?.into());
    }
    if !common.is_empty() {
        sla.insert("targets".to_owned(), written(&common, slugs)?);
    }
    let mut covered = Map::new();
    for id in services {
        let own = of_service(targets, Some(id));
        let terms = if own.is_empty() {
            json!(true)
        } else {
            terms(&own, &common, slugs)?.ok_or_else(not_expressible)?
        };
        covered.insert(slugs.slug(ObjectKind::Service, id)?.to_owned(), terms);
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

fn of_service<'a>(
    targets: &'a BTreeMap<TargetKey, LiveTarget>,
    service: Option<&LiveId>,
) -> BTreeMap<&'a LiveId, &'a LiveTarget> {
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
        terms.insert("calendar".to_owned(), slugs.slug(ObjectKind::Calendar, id)?.into());
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
    let mut targets = BTreeMap::new();
    for (priority, promise) in promises {
        let mut times = Map::new();
        for (key, time) in [("response", promise.response), ("resolution", promise.resolution)] {
            times.extend(time.map(|time| (key.to_owned(), time.to_string().into())));
        }
        targets.insert(slugs.slug(ObjectKind::Priority, priority)?.to_owned(), Json::Object(times));
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
