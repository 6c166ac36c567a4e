//! Projects agreements at an instant onto the fields that the mapping carries.
//!
//! An unresolved slug blocks the agreements that use it, and no others.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;

use crate::agreement::{Agreement, AttributeValue, PeriodEnd, Target};
use crate::calendar::{Day, Instant, TargetTime};
use crate::catalog::Catalog;
use crate::desired::model::{Desired, DesiredAgreement, Unresolved};
use crate::desired::resolve::Resolver;
use crate::ident::{LiveId, PriorityName, RecipientSlug, ServiceSlug};
use crate::live::{Directory, LiveTarget, ObjectKind, Record, SharedParts, TargetKey, Value};
use crate::mapping::{Deactivation, Field, Mapping};
use crate::status::{State, period_at, status};

/// Projects agreements at an instant.
pub fn desired<'a>(
    agreements: impl IntoIterator<Item = &'a Agreement>,
    catalog: &Catalog,
    mapping: &Mapping,
    directory: &Directory,
    at: Instant,
) -> Desired {
    let resolver = Resolver::new(catalog, directory);
    let mut desired = Desired { round_the_clock: resolver.round_the_clock(), ..Desired::default() };
    let shared = SharedParts::default();
    for agreement in agreements {
        let mut projection =
            Projection { agreement, mapping, resolver: &resolver, unresolved: BTreeSet::new() };
        let mut projected = projection.agreement_at(at);
        shared.hold_record_once(&mut projected.record);
        if projected.status.state == State::Active
            && let Some(renews) = &agreement.renews
        {
            desired.successors.insert(renews.clone(), agreement.id.clone());
        }
        if projection.unresolved.is_empty() {
            desired.agreements.insert(agreement.id.clone(), projected);
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

/// The fields that an agreement uses and the helpdesk does not carry.
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

/// Whether a service has hours of its own that the helpdesk cannot hold, which holds hours only with targets.
fn has_bare_hours(agreement: &Agreement, mapping: &Mapping) -> bool {
    let mut services = agreement.services.iter();
    services.any(|(service, coverage)| {
        let is_held = !mapping.holds_targets_with_services() && !agreement.targets_of(service).is_empty();
        coverage.calendar.is_some() && !is_held
    })
}

/// The projection of one agreement, with the slugs that could not be resolved.
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
            units: self.resolver.units(&agreement.client),
            title: agreement.title.clone(),
            client: agreement.client.clone(),
            archived: status.state.is_over() && self.mapping.deactivate == Deactivation::Archive,
            status,
            record: Record { state, fields },
            formerly: agreement.formerly.clone(),
            adopts: agreement.adopts.clone(),
        }
    }

    /// Every field that the mapping carries, with [`Value::Nothing`] for those that the agreement leaves out.
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
                Field::FirstDay => day(agreement.period.first_day.or_else(|| self.first_day_of_term())),
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
            // A hidden field is resolved too, so that a fault shows now and not on the day of publication.
            let is_hidden = self.mapping.is_published(field) && !self.mapping.publishes(state);
            let value = if is_hidden { Value::Nothing } else { value };
            fields.insert(field.clone(), value);
        }
        fields
    }

    /// The first day of a term that begins with the first activation. Without a term, a first day that the files leave
    /// out stays empty.
    fn first_day_of_term(&self) -> Option<Day> {
        let is_term = matches!(self.agreement.period.end, PeriodEnd::Term(_));
        is_term.then(|| period_at(self.agreement, Instant::MIN).first_day)?
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

    /// The recipients, with the departments that inherit nothing; where deactivation detaches, only an active agreement
    /// has any.
    fn recipients(&mut self, state: State) -> Value {
        if self.mapping.detaches(state) {
            return Value::Nothing;
        }
        let links = &self.mapping.recipients;
        let mut recipients: Vec<RecipientSlug> = if links.is_single {
            self.agreement.main_recipient().into_iter().cloned().collect()
        } else {
            self.agreement.recipients.iter().cloned().collect()
        };
        if links.links_departments_of(self.agreement) {
            recipients.extend(self.resolver.departments(&self.agreement.client));
        }
        let found: Vec<_> = recipients.iter().map(|recipient| self.resolver.recipient(recipient)).collect();
        Value::references(found.into_iter().filter_map(|found| self.resolved(found)).collect())
    }

    /// The contacts, and the manager where the mapping has no field for one.
    fn contacts(&mut self) -> Value {
        let mut found = self.resolver.contacts(self.agreement);
        if let Some(manager) = &self.agreement.manager
            && !self.mapping.attributes.contains_key(&Field::Manager)
        {
            found.push(self.resolver.entry(ObjectKind::Person, manager.as_str()));
        }
        Value::references(found.into_iter().filter_map(|found| self.resolved(found)).collect())
    }

    /// The targets in the form of the helpdesk: one for all services and one for each that differs, or one for each
    /// service.
    fn targets(&mut self) -> Value {
        let agreement = self.agreement;
        let mut targets = BTreeMap::new();
        if self.mapping.holds_targets_with_services() {
            for slug in agreement.services.keys() {
                self.add_targets(&mut targets, Some(slug), &agreement.targets_of(slug), None);
            }
            return Value::targets(targets);
        }
        self.add_targets(&mut targets, None, &agreement.targets, None);
        for (slug, coverage) in &agreement.services {
            let differs =
                coverage.calendar.as_ref().is_some_and(|own| agreement.calendar.as_ref() != Some(own));
            if differs || !coverage.targets.is_empty() {
                let own = if differs { coverage.calendar.as_ref().map(|slug| slug.as_str()) } else { None };
                self.add_targets(&mut targets, Some(slug), &agreement.targets_of(slug), own);
            }
        }
        Value::targets(targets)
    }

    /// A target in the units of the helpdesk.
    fn length(&self, time: Option<TargetTime>) -> Option<TargetTime> {
        match (time, self.mapping.business_day) {
            (Some(TargetTime::BusinessDays(days)), Some(seconds)) => {
                Some(TargetTime::Seconds(days.saturating_mul(seconds)))
            }
            (time, _) => time,
        }
    }

    /// Adds the targets of a service, or of all services, by priority.
    fn add_targets(
        &mut self,
        into: &mut BTreeMap<TargetKey, LiveTarget>,
        service: Option<&ServiceSlug>,
        targets: &LiteMap<PriorityName, Target>,
        calendar: Option<&str>,
    ) {
        let Ok(service) = self.optional(ObjectKind::Service, service.map(ServiceSlug::as_str)) else {
            return;
        };
        let Ok(calendar) = self.optional(ObjectKind::Calendar, calendar) else {
            return;
        };
        for (priority, target) in targets {
            let Some(priority) = self.entry(ObjectKind::Priority, priority.as_str()) else {
                continue;
            };
            let target = LiveTarget {
                response: self.length(target.response),
                resolution: self.length(target.resolution),
                calendar: calendar.clone(),
            };
            into.insert(TargetKey { service: service.clone(), priority }, target);
        }
    }

    /// Resolves a slug that may be missing; an error where it is there and cannot be resolved.
    fn optional(&mut self, kind: ObjectKind, slug: Option<&str>) -> Result<Option<LiveId>, ()> {
        slug.map(|slug| self.entry(kind, slug).ok_or(())).transpose()
    }

    fn entry(&mut self, kind: ObjectKind, slug: &str) -> Option<LiveId> {
        let found = self.resolver.entry(kind, slug);
        self.resolved(found)
    }
}

fn scalar(value: &AttributeValue, numbers_as_text: bool) -> Value {
    match value {
        AttributeValue::Text(text) => Value::text(text),
        AttributeValue::Integer(number) if numbers_as_text => Value::Text(number.to_string()),
        AttributeValue::Integer(number) => Value::Integer(*number),
        AttributeValue::Bool(yes) => Value::Bool(*yes),
    }
}
