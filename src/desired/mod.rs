//! What the helpdesk should hold: agreements and an instant, through the tenant's mapping, in the normal
//! form that `live` shares.
//!
//! Slugs become live ids here, by the catalog's id or by an exact title. One that cannot be tied
//! withholds the agreements that need it and no others. Knows no wire, no document and no clock.

mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::{Agreement, AttributeValue, Target};
use crate::calendar::{Day, Instant, TargetTime};
use crate::catalog::Catalog;
use crate::ident::{AgreementId, ClientSlug, LiveId, PriorityName, RecipientSlug, ServiceSlug};
use crate::live::{Directory, LiveTarget, ObjectKind, Record, TargetKey, Value};
use crate::mapping::{Deactivation, Field, Mapping};
use crate::status::{State, Status, period_at, status};

use resolve::Resolver;

pub use crate::catalog::ROUND_THE_CLOCK;

/// What the helpdesk should hold.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// What each agreement should look like.
    pub agreements: BTreeMap<AgreementId, DesiredAgreement>,
    /// The agreements that could not be wished for, with the slugs that could not be tied.
    pub unresolved: BTreeMap<AgreementId, BTreeSet<Unresolved>>,
    /// Agreements that another, in force at the instant, has taken over from; also where that one is unresolved.
    pub successors: BTreeMap<AgreementId, AgreementId>,
    /// Fields that agreements use and the helpdesk does not carry.
    pub not_carried: BTreeSet<Field>,
    /// Agreements with a service that has hours of its own but no targets to hold them by.
    pub hours_not_carried: BTreeSet<AgreementId>,
    /// Agreements with several recipients, where the helpdesk can hold one.
    pub recipients_not_carried: BTreeSet<AgreementId>,
    /// Objects that the helpdesk calls otherwise than the catalog does.
    pub other_titles: BTreeSet<OtherTitle>,
    /// The live object of the calendar that is open round the clock, where there is one.
    pub round_the_clock: Option<LiveId>,
}

/// A slug that cannot be tied to a live object.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Unresolved {
    /// The slug as the catalog has it.
    pub slug: String,
    /// The title that was looked for, or the id that was not found.
    pub wanted: String,
    /// How many objects there are of that title; 0 for none.
    pub found: usize,
}

/// An object that the helpdesk calls otherwise than the catalog does.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct OtherTitle {
    /// The slug.
    pub slug: String,
    /// The catalog's title.
    pub catalog: String,
    /// The helpdesk's title.
    pub helpdesk: String,
}

/// What one agreement should look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredAgreement {
    /// What people call it.
    pub title: String,
    /// Its client.
    pub client: ClientSlug,
    /// Its status at the instant.
    pub status: Status,
    /// Its normal form.
    pub record: Record,
    /// Whether it should be archived.
    pub archived: bool,
    /// Names whose mark the live object may still bear.
    pub formerly: Vec<AgreementId>,
    /// The unmarked live object that it takes over.
    pub adopts: Option<LiveId>,
}

/// Projects agreements at an instant onto what the helpdesk can carry.
pub fn desired(
    agreements: &[Agreement],
    catalog: &Catalog,
    mapping: &Mapping,
    directory: &Directory,
    at: Instant,
) -> Desired {
    let resolver = Resolver::new(catalog, directory);
    let mut desired = Desired { round_the_clock: resolver.round_the_clock(), ..Desired::default() };
    for agreement in agreements {
        let mut projection =
            Projection { agreement, mapping, resolver: &resolver, unresolved: BTreeSet::new() };
        let agreement_then = projection.agreement_at(at);
        if agreement_then.status.state == State::Active
            && let Some(renews) = &agreement.renews
        {
            desired.successors.insert(renews.clone(), agreement.id.clone());
        }
        if projection.unresolved.is_empty() {
            desired.agreements.insert(agreement.id.clone(), agreement_then);
        } else {
            desired.unresolved.insert(agreement.id.clone(), projection.unresolved);
        }
        if mapping.recipients.is_single && agreement.recipients.len() > 1 {
            desired.recipients_not_carried.insert(agreement.id.clone());
        }
        desired.not_carried.extend(not_carried(agreement, mapping));
        if has_bare_hours(agreement, mapping) {
            desired.hours_not_carried.insert(agreement.id.clone());
        }
    }
    desired.other_titles = resolver.other_titles();
    desired
}

/// The fields an agreement uses that the helpdesk does not carry.
fn not_carried(agreement: &Agreement, mapping: &Mapping) -> impl Iterator<Item = Field> {
    let used = [
        (Field::Number, agreement.number.is_some()),
        (Field::Manager, agreement.manager.is_some()),
        (Field::Provider, agreement.provider.is_some()),
        (Field::Calendar, agreement.calendar.is_some()),
        (Field::Targets, !agreement.targets.is_empty()),
    ];
    let extras = agreement.attributes.keys().map(|name| (Field::Attribute(name.as_str().into()), true));
    let used = used.into_iter().chain(extras).filter(|(field, used)| *used && !mapping.carries(field));
    used.map(|(field, _)| field)
}

/// Whether a service has hours of its own that nothing can hold: a helpdesk holds them by its targets, if it has
/// calendars at all.
fn has_bare_hours(agreement: &Agreement, mapping: &Mapping) -> bool {
    let mut services = agreement.services.iter();
    services.any(|(service, coverage)| {
        let is_held = !mapping.holds_targets_with_services() && !agreement.targets_of(service).is_empty();
        coverage.calendar.is_some() && !is_held
    })
}

/// One agreement on its way to the desired state, with the slugs that could not be tied.
struct Projection<'a> {
    agreement: &'a Agreement,
    mapping: &'a Mapping,
    resolver: &'a Resolver<'a>,
    unresolved: BTreeSet<Unresolved>,
}

impl Projection<'_> {
    fn agreement_at(&mut self, at: Instant) -> DesiredAgreement {
        let agreement = self.agreement;
        let status = status(agreement, at);
        let state = self.mapping.states.get(&status.state).cloned().unwrap_or_default();
        let fields = self.fields(at, status.state);
        DesiredAgreement {
            title: agreement.title.clone(),
            client: agreement.client.clone(),
            archived: status.state.is_over() && self.mapping.deactivate == Deactivation::Archive,
            status,
            record: Record { state, fields },
            formerly: agreement.formerly.clone(),
            adopts: agreement.adopts.clone(),
        }
    }

    /// Every field that the mapping carries, with [`Value::Nothing`] for what the agreement leaves out.
    fn fields(&mut self, at: Instant, state: State) -> BTreeMap<Field, Value> {
        let agreement = self.agreement;
        let stretch = period_at(agreement, at);
        let day = |day: Option<Day>| day.map_or(Value::Nothing, Value::Day);
        let mut fields = BTreeMap::new();
        for field in
            self.mapping.attributes.keys().chain(self.mapping.rules.is_some().then_some(&Field::Targets))
        {
            let value = match field {
                Field::Title => Value::text(&agreement.title),
                Field::Number => agreement.number.as_deref().map_or(Value::Nothing, Value::text),
                Field::FirstDay => {
                    day(agreement.period.first_day.or(period_at(agreement, Instant::MIN).first_day))
                }
                Field::LastDay => day(stretch.last_day),
                Field::Manager => {
                    let manager = agreement.manager.as_ref().map(|slug| slug.as_str());
                    self.reference(ObjectKind::Person, manager)
                }
                Field::Provider => {
                    let provider = agreement.provider.as_ref().or(self.mapping.provider.as_ref());
                    let provider = provider.map(|slug| slug.as_str());
                    self.provider(provider)
                }
                Field::Calendar => {
                    let calendar = agreement.calendar.as_ref().map(|slug| slug.as_str());
                    self.reference(ObjectKind::Calendar, calendar)
                }
                Field::Services => self.services(),
                Field::Recipients => self.recipients(state),
                Field::Contacts => self.contacts(),
                Field::Targets => self.targets(),
                Field::Attribute(name) => {
                    let value = agreement.attributes.get(&**name);
                    value.map_or(Value::Nothing, |value| scalar(value, self.mapping.numbers_as_text))
                }
            };
            // What cannot be tied is told of now, and not on the day on which it is published.
            let is_hidden = self.mapping.is_published(field) && !self.mapping.publishes(state);
            let value = if is_hidden { Value::Nothing } else { value };
            fields.insert(field.clone(), value);
        }
        fields
    }

    fn resolved(&mut self, found: Result<LiveId, Unresolved>) -> Option<LiveId> {
        found.map_err(|unresolved| self.unresolved.insert(unresolved)).ok()
    }

    fn reference(&mut self, kind: ObjectKind, slug: Option<&str>) -> Value {
        let Some(slug) = slug else {
            return Value::Nothing;
        };
        let found = self.resolver.entry(kind, slug);
        self.resolved(found).map_or(Value::Nothing, Value::Reference)
    }

    fn provider(&mut self, slug: Option<&str>) -> Value {
        let Some(slug) = slug else {
            return Value::Nothing;
        };
        let found = self.resolver.provider(slug);
        self.resolved(found).map_or(Value::Nothing, Value::Reference)
    }

    fn services(&mut self) -> Value {
        let found: Vec<_> = self
            .agreement
            .services
            .keys()
            .map(|slug| self.resolver.entry(ObjectKind::Service, slug.as_str()))
            .collect();
        Value::references(found.into_iter().filter_map(|found| self.resolved(found)).collect())
    }

    /// Where deactivation detaches, only an agreement in force has recipients.
    fn recipients(&mut self, state: State) -> Value {
        if self.mapping.deactivate == Deactivation::Detach && state != State::Active {
            return Value::Nothing;
        }
        let recipients: Vec<_> = if self.mapping.recipients.is_single {
            main_recipient(self.agreement).into_iter().collect()
        } else {
            self.agreement.recipients.iter().collect()
        };
        let found: Vec<_> =
            recipients.into_iter().map(|recipient| self.resolver.recipient(recipient)).collect();
        Value::references(found.into_iter().filter_map(|found| self.resolved(found)).collect())
    }

    /// Who answers for it, unless the helpdesk has a place for that, and who is told.
    fn contacts(&mut self) -> Value {
        let mut found = self.resolver.contacts(self.agreement);
        if let Some(manager) = &self.agreement.manager
            && !self.mapping.attributes.contains_key(&Field::Manager)
        {
            found.push(self.resolver.entry(ObjectKind::Person, manager.as_str()));
        }
        Value::references(found.into_iter().filter_map(|found| self.resolved(found)).collect())
    }

    /// The targets in the form that the helpdesk has them: for all services and for those that differ, or service by
    /// service.
    fn targets(&mut self) -> Value {
        let agreement = self.agreement;
        let mut targets = BTreeMap::new();
        if self.mapping.holds_targets_with_services() {
            for slug in agreement.services.keys() {
                self.promise(&mut targets, Some(slug), &agreement.targets_of(slug), None);
            }
            return Value::targets(targets);
        }
        self.promise(&mut targets, None, &agreement.targets, None);
        for (slug, coverage) in &agreement.services {
            let differs =
                coverage.calendar.as_ref().is_some_and(|own| agreement.calendar.as_ref() != Some(own));
            if differs || !coverage.targets.is_empty() {
                let own = if differs { coverage.calendar.as_ref().map(|slug| slug.as_str()) } else { None };
                self.promise(&mut targets, Some(slug), &agreement.targets_of(slug), own);
            }
        }
        Value::targets(targets)
    }

    /// A length of time as the helpdesk can hold it.
    fn length(&self, time: Option<TargetTime>) -> Option<TargetTime> {
        match (time, self.mapping.business_day) {
            (Some(TargetTime::BusinessDays(days)), Some(seconds)) => {
                Some(TargetTime::Seconds(days.saturating_mul(seconds)))
            }
            (time, _) => time,
        }
    }

    fn promise(
        &mut self,
        into: &mut BTreeMap<TargetKey, LiveTarget>,
        service: Option<&ServiceSlug>,
        targets: &BTreeMap<PriorityName, Target>,
        calendar: Option<&str>,
    ) {
        let service = match service {
            None => None,
            Some(slug) => {
                let found = self.resolver.entry(ObjectKind::Service, slug.as_str());
                let Some(id) = self.resolved(found) else {
                    return;
                };
                Some(id)
            }
        };
        let calendar = match calendar {
            None => None,
            Some(slug) => {
                let found = self.resolver.entry(ObjectKind::Calendar, slug);
                let Some(id) = self.resolved(found) else {
                    return;
                };
                Some(id)
            }
        };
        for (priority, target) in targets {
            let found = self.resolver.entry(ObjectKind::Priority, priority.as_str());
            let Some(priority) = self.resolved(found) else {
                continue;
            };
            let promise = LiveTarget {
                response: self.length(target.response),
                resolution: self.length(target.resolution),
                calendar: calendar.clone(),
            };
            into.insert(TargetKey { service: service.clone(), priority }, promise);
        }
    }
}

/// The recipient that stands for all where there can be one alone: the client as a whole, else the first by name.
fn main_recipient(agreement: &Agreement) -> Option<&RecipientSlug> {
    let whole = RecipientSlug::of_client(&agreement.client);
    agreement.recipients.get(&whole).or_else(|| agreement.recipients.first())
}

fn scalar(value: &AttributeValue, numbers_as_text: bool) -> Value {
    match value {
        AttributeValue::Text(text) => Value::text(text),
        AttributeValue::Integer(number) if numbers_as_text => Value::Text(number.to_string()),
        AttributeValue::Integer(number) => Value::Integer(*number),
        AttributeValue::Bool(yes) => Value::Bool(*yes),
    }
}

#[cfg(test)]
mod tests;
