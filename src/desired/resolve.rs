//! Resolves catalog slugs to live ids: by the id of the catalog, which must exist; else by an exact and unique title; else
//! by a code that equals the slug.
//!
//! Archived objects are ignored, since nothing new may refer to them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::catalog::{Catalog, CatalogEntry, Contact, ROUND_THE_CLOCK};
use crate::desired::model::{ClientUnits, OtherTitle, Unresolved};
use crate::ident::{ClientSlug, LiveId, RecipientSlug};
use crate::live::{Directory, ObjectKind, initials};

/// The prefix of a provider's slug in the cache, which tells it apart from a client's.
const PROVIDER: &str = "provider ";

/// Resolves slugs, with a cache: ten thousand agreements use the same few slugs.
pub(super) struct Resolver<'a> {
    catalog: &'a Catalog,
    directory: &'a Directory,
    answers: RefCell<BTreeMap<(ObjectKind, String), Result<LiveId, Unresolved>>>,
    other_titles: RefCell<BTreeSet<OtherTitle>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(catalog: &'a Catalog, directory: &'a Directory) -> Self {
        Self { catalog, directory, answers: RefCell::default(), other_titles: RefCell::default() }
    }

    /// Resolves a service, person, calendar or priority.
    pub(super) fn entry(&self, kind: ObjectKind, slug: &str) -> Result<LiveId, Unresolved> {
        let entry = match kind {
            ObjectKind::Service => self.catalog.services.get(slug),
            ObjectKind::Person => self.catalog.managers.get(slug),
            ObjectKind::Calendar => self.catalog.calendars.get(slug),
            ObjectKind::Priority => self.catalog.priorities.get(slug),
            ObjectKind::Unit => self.catalog.providers.get(slug),
        };
        self.remembered(kind, slug, entry)
    }

    /// Resolves a legal entity of the provider, which is a unit too.
    pub(super) fn provider(&self, slug: &str) -> Result<LiveId, Unresolved> {
        self.remembered(ObjectKind::Unit, &format!("{PROVIDER}{slug}"), self.catalog.providers.get(slug))
    }

    /// Resolves the contacts who are people of the helpdesk: the agreement's own, or else the client's.
    pub(super) fn contacts(&self, agreement: &Agreement) -> Vec<Result<LiveId, Unresolved>> {
        let of_client = self.catalog.clients.get(agreement.client.as_str()).map(|client| &client.contacts);
        let own = Some(&agreement.contacts).filter(|own| !own.is_empty());
        let contacts = own.or(of_client).into_iter().flat_map(|contacts| contacts.values());
        let people = contacts.filter_map(|contact| match contact {
            Contact::Person(id) => Some(self.person(id)),
            Contact::Email(_) => None,
        });
        people.collect()
    }

    /// Checks that a person of the helpdesk exists.
    fn person(&self, id: &LiveId) -> Result<LiveId, Unresolved> {
        let is_there = self.directory.get(ObjectKind::Person, id).is_some_and(|named| !named.archived);
        if is_there { Ok(id.clone()) } else { Err(unresolved(id.as_str(), id.as_str(), 0)) }
    }

    /// Resolves a company or a department.
    pub(super) fn recipient(&self, recipient: &RecipientSlug) -> Result<LiveId, Unresolved> {
        self.remembered(ObjectKind::Unit, recipient.as_str(), self.catalog.recipient(recipient))
    }

    /// The departments of a client in the catalog.
    pub(super) fn departments(&self, client: &ClientSlug) -> impl Iterator<Item = RecipientSlug> {
        self.catalog.departments_of(client)
    }

    /// The live objects of a client. Those that cannot be resolved are left out.
    pub(super) fn units(&self, client: &ClientSlug) -> ClientUnits {
        let departments = self.departments(client).filter_map(|department| self.recipient(&department).ok());
        let departments = departments.collect();
        ClientUnits { company: self.recipient(&RecipientSlug::of_client(client)).ok(), departments }
    }

    pub(super) fn round_the_clock(&self) -> Option<LiveId> {
        self.catalog.calendars.get(ROUND_THE_CLOCK)?;
        self.entry(ObjectKind::Calendar, ROUND_THE_CLOCK).ok()
    }

    /// The live objects whose title differs from the catalog's, of all that were resolved.
    pub(super) fn other_titles(&self) -> BTreeSet<OtherTitle> {
        self.other_titles.take()
    }

    fn remembered(
        &self,
        kind: ObjectKind,
        slug: &str,
        entry: Option<&CatalogEntry>,
    ) -> Result<LiveId, Unresolved> {
        let key = (kind, slug.to_owned());
        if let Some(answer) = self.answers.borrow().get(&key) {
            return answer.clone();
        }
        let answer = match entry {
            Some(entry) => self.look_up(kind, slug, entry),
            None => Err(unresolved(slug, slug, 0)),
        };
        self.answers.borrow_mut().insert(key, answer.clone());
        answer
    }

    fn look_up(&self, kind: ObjectKind, slug: &str, entry: &CatalogEntry) -> Result<LiveId, Unresolved> {
        let Some(id) = &entry.helpdesk else {
            return match self.directory.titled(kind, &entry.title) {
                [only] => Ok(only.clone()),
                [] => match self.directory.coded(kind, slug.trim_start_matches(PROVIDER)) {
                    [only] => Ok(only.clone()),
                    others => Err(unresolved(slug, &shown(kind, &entry.title), others.len())),
                },
                others => Err(unresolved(slug, &shown(kind, &entry.title), others.len())),
            };
        };
        match self.directory.get(kind, id) {
            Some(named) if !named.archived => {
                if !named.may_be_titled(&entry.title) {
                    self.other_titles.borrow_mut().insert(OtherTitle {
                        slug: slug.to_owned(),
                        catalog: shown(kind, &entry.title),
                        helpdesk: shown(kind, &named.title),
                    });
                }
                Ok(id.clone())
            }
            Some(_) | None => Err(unresolved(slug, id.as_str(), 0)),
        }
    }
}

/// A title for a plan: the initials of a person.
fn shown(kind: ObjectKind, title: &str) -> String {
    if kind == ObjectKind::Person { initials(title) } else { title.to_owned() }
}

fn unresolved(slug: &str, wanted: &str, found: usize) -> Unresolved {
    Unresolved { slug: slug.to_owned(), wanted: wanted.to_owned(), found }
}
