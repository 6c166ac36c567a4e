//! What already lives in the helpdesk, by the slugs that agreements use for it.
//!
//! A slug is tied to an object by its id, or, where the catalog gives none, by an exact title; `desired`
//! does the tying. This module holds the catalog as checked; it knows neither YAML nor the live helpdesk.

use std::borrow::Cow;
use std::collections::BTreeMap;

use litemap::LiteMap;

use crate::calendar::{Calendar, Hours, Instant, Zone};
use crate::diagnostic::Span;
use crate::ident::{
    CalendarSlug, ClientSlug, HelpdeskName, Language, LiveId, ManagerSlug, PriorityName, ProviderSlug,
    RecipientSlug, ServiceSlug,
};

/// The calendar that is open round the clock, by its slug; it is built in.
pub const ROUND_THE_CLOCK: &str = "24x7";

/// The calendar on which a time is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one question, on the stack")]
pub enum TargetClock<'a> {
    /// The hours of a calendar.
    Hours(Cow<'a, Hours>),
    /// The time that passes: there is no calendar.
    RealTime,
    /// A calendar whose hours are known only to the helpdesk.
    Elsewhere,
}

/// Slugs for the objects of the helpdesk.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The companies that are served.
    pub clients: BTreeMap<ClientSlug, ClientEntry>,
    /// The services that they may request.
    pub services: BTreeMap<ServiceSlug, CatalogEntry>,
    /// The people who answer for them.
    pub managers: BTreeMap<ManagerSlug, CatalogEntry>,
    /// The provider's own legal entities, where there are several.
    pub providers: BTreeMap<ProviderSlug, CatalogEntry>,
    /// The hours in which a service is given.
    pub calendars: BTreeMap<CalendarSlug, CatalogEntry>,
    /// The hours themselves, of those calendars that have a file of their own.
    pub hours: BTreeMap<CalendarSlug, Calendar>,
    /// The priorities of the helpdesk, by which targets are promised.
    pub priorities: BTreeMap<PriorityName, CatalogEntry>,
}

/// One object: what people call it, and the helpdesk's own name for it where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// The title, as the helpdesk shows it.
    pub title: String,
    /// The object's id in the helpdesk; without it the entry is matched by its exact title. Of several helpdesks, the
    /// default one.
    pub helpdesk: Option<LiveId>,
    /// The ids in other helpdesks. An id belongs to one helpdesk, where another object may have it in the next.
    pub elsewhere: LiteMap<HelpdeskName, LiveId>,
    /// An address for notices, where the entry is a person.
    pub email: Option<String>,
    /// Where the catalog says so.
    pub span: Span,
}

/// A company that is served.
#[derive(Clone, Debug)]
pub struct ClientEntry {
    /// The company itself.
    pub entry: CatalogEntry,
    /// The people who receive notices of its agreements, by their role within the company.
    pub contacts: LiteMap<String, Contact>,
    /// Its departments, each of which may be a recipient of its own.
    pub departments: LiteMap<String, CatalogEntry>,
    /// The helpdesk in which its agreements live, unless they say otherwise.
    pub lives_in: Option<HelpdeskName>,
    /// The zone its agreements count their days in, unless they say otherwise.
    pub zone: Option<Zone>,
    /// The language of messages to it, unless an agreement says otherwise.
    pub language: Option<Language>,
}

/// Somebody who is reported: an address, or a person of the helpdesk whose address is read when sending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// An address.
    Email(String),
    /// A person of the helpdesk.
    Person(LiveId),
}

impl CatalogEntry {
    fn move_to(&mut self, name: &HelpdeskName) {
        self.helpdesk = self.elsewhere.get(name).cloned();
    }
}

impl Catalog {
    /// The hours on which the times of a request are counted; `zone` is that of the agreement, for days round the clock.
    pub fn clock(&self, calendar: Option<&CalendarSlug>, zone: &Zone, request: Instant) -> TargetClock<'_> {
        match calendar.and_then(|calendar| self.hours.get(calendar)) {
            Some(calendar) => TargetClock::Hours(Cow::Borrowed(calendar.in_force_at(request))),
            None => clock_without_file(calendar, zone),
        }
    }

    /// All that the times of a calendar are ever counted on, one for each of its changes.
    pub fn clocks(&self, calendar: Option<&CalendarSlug>, zone: &Zone) -> Vec<TargetClock<'_>> {
        match calendar.and_then(|calendar| self.hours.get(calendar)) {
            Some(calendar) => {
                calendar.versions().map(|hours| TargetClock::Hours(Cow::Borrowed(hours))).collect()
            }
            None => vec![clock_without_file(calendar, zone)],
        }
    }

    /// The catalog for one of several helpdesks: with the ids of that helpdesk, and without contacts who are people of
    /// another one. `default` is the helpdesk of ids without a name.
    #[must_use]
    pub fn in_helpdesk(&self, name: &HelpdeskName, default: Option<&HelpdeskName>) -> Self {
        let mut catalog = self.clone();
        if Some(name) == default {
            return catalog;
        }
        let Self { clients, services, managers, providers, calendars, priorities, .. } = &mut catalog;
        for client in clients.values_mut() {
            client.contacts.retain(|_, contact| matches!(contact, Contact::Email(_)));
            client.departments.iter_mut().for_each(|(_, entry)| entry.move_to(name));
            client.entry.move_to(name);
        }
        let entries = services.values_mut().chain(managers.values_mut()).chain(providers.values_mut());
        entries
            .chain(calendars.values_mut())
            .chain(priorities.values_mut())
            .for_each(|entry| entry.move_to(name));
        catalog
    }

    /// The departments of a client, as recipients.
    pub fn departments_of(&self, client: &ClientSlug) -> impl Iterator<Item = RecipientSlug> {
        let departments = self.clients.get(client.as_str()).map(|client| client.departments.keys());
        let slugs = departments.into_iter().flatten();
        slugs.filter_map(move |department| RecipientSlug::new(&format!("{client}/{department}")))
    }

    /// The entry behind a recipient: a company, or one of its departments.
    pub fn recipient(&self, recipient: &RecipientSlug) -> Option<&CatalogEntry> {
        let client = self.clients.get(recipient.client().as_str())?;
        match recipient.department() {
            None => Some(&client.entry),
            Some(department) => client.departments.get(department),
        }
    }
}

fn clock_without_file(calendar: Option<&CalendarSlug>, zone: &Zone) -> TargetClock<'static> {
    match calendar {
        None => TargetClock::RealTime,
        Some(calendar) if calendar.as_str() == ROUND_THE_CLOCK => {
            TargetClock::Hours(Cow::Owned(Hours::round_the_clock(zone.clone())))
        }
        Some(_) => TargetClock::Elsewhere,
    }
}
