//! The slugs of a catalog, by the objects of the helpdesk that they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::adoption::SkipReason;
use crate::catalog::{Catalog, CatalogEntry};
use crate::ident::{ClientSlug, LiveId, RecipientSlug};
use crate::live::{Directory, LiveAgreement, ObjectKind, Value};
use crate::mapping::{Field, RecipientLinks};

/// The slugs of a catalog, by the object that they refer to.
pub(super) struct SlugIndex<'a> {
    units: BTreeMap<LiveId, RecipientSlug>,
    providers: BTreeMap<LiveId, String>,
    pub(super) others: BTreeMap<(ObjectKind, LiveId), String>,
    /// The number of units of each client: itself and its departments.
    sizes: BTreeMap<ClientSlug, usize>,
    pub(super) directory: &'a Directory,
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

    /// A slug that agreements may use. One for an archived object resolves to nothing.
    pub(super) fn usable<'s, T: ?Sized>(
        &self,
        (kind, field): (ObjectKind, Field),
        id: &LiveId,
        slug: Option<&'s T>,
    ) -> Result<&'s T, SkipReason> {
        let entry = self.directory.get(kind, id);
        let title = entry.map(|entry| entry.title.clone()).unwrap_or_default();
        match slug {
            _ if entry.is_some_and(|entry| entry.archived) => {
                Err(SkipReason::ArchivedReference { field, object: id.clone(), title })
            }
            Some(slug) => Ok(slug),
            None => Err(SkipReason::NoSlug { field, object: id.clone(), title }),
        }
    }

    pub(super) fn slug(&self, kind: ObjectKind, field: Field, id: &LiveId) -> Result<&str, SkipReason> {
        self.usable((kind, field), id, self.others.get(&(kind, id.clone())).map(String::as_str))
    }

    pub(super) fn provider(&self, id: &LiveId) -> Result<&str, SkipReason> {
        self.usable((ObjectKind::Unit, Field::Provider), id, self.providers.get(id).map(String::as_str))
    }

    /// Whether an agreement for these recipients of a client is one for the whole client, so that no file names them.
    pub(super) fn is_whole_client(
        &self,
        client: &ClientSlug,
        recipients: &[String],
        links: &RecipientLinks,
    ) -> bool {
        let size = self.sizes.get(client).filter(|_| links.links_departments()).map_or(1, |size| *size);
        // All of them belong to this client.
        recipients.len() == size && recipients.iter().any(|recipient| recipient == client.as_str())
    }

    /// The client of an object, if it has one.
    pub(super) fn client_of(&self, live: &LiveAgreement) -> Option<ClientSlug> {
        match held(live, &Field::Recipients) {
            Value::References(recipients) => self.recipients(recipients).ok().map(|(client, _)| client),
            _ => None,
        }
    }

    /// The slugs of recipients, and their client, of which there must be exactly one.
    pub(super) fn recipients(&self, ids: &BTreeSet<LiveId>) -> Result<(ClientSlug, Vec<String>), SkipReason> {
        let of = (ObjectKind::Unit, Field::Recipients);
        let slugs = ids.iter().map(|id| self.usable(of.clone(), id, self.units.get(id)));
        let slugs: Vec<&RecipientSlug> = slugs.collect::<Result<_, _>>()?;
        let clients: BTreeSet<ClientSlug> = slugs.iter().map(|slug| slug.client()).collect();
        match &Vec::from_iter(clients)[..] {
            [client] => {
                // The client itself sorts before its departments.
                let recipients: BTreeSet<String> = slugs.iter().map(ToString::to_string).collect();
                Ok((client.clone(), Vec::from_iter(recipients)))
            }
            [] => Err(SkipReason::NoRecipient),
            several => {
                let clients = several.iter().map(ToString::to_string).collect();
                Err(SkipReason::SeveralClients { clients })
            }
        }
    }
}

/// The value of a field.
pub(super) fn held<'a>(live: &'a LiveAgreement, field: &Field) -> &'a Value {
    live.record.fields.get(field).unwrap_or(&Value::Nothing)
}
