//! Catalog slugs become live ids: by the catalog's own id, which must exist, or by an exact title, which
//! must be the only one, or where no title fits by a code that is the slug itself. Archived objects do not count, since nothing new may refer to them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::catalog::{Catalog, CatalogEntry, Contact};
use crate::desired::{OtherTitle, ROUND_THE_CLOCK, Unresolved};
use crate::ident::{LiveId, RecipientSlug};
use crate::live::{Directory, ObjectKind, initials};

/// What stands before the slug of a provider, so that it is not taken for a client's.
const PROVIDER: &str = "provider ";

/// Answers are remembered, since ten thousand agreements ask for the same few slugs.
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

    /// A service, person, calendar or priority by its slug.
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

    /// One of the provider's own legal entities, which are units too.
    pub(super) fn provider(&self, slug: &str) -> Result<LiveId, Unresolved> {
        self.remembered(ObjectKind::Unit, &format!("{PROVIDER}{slug}"), self.catalog.providers.get(slug))
    }

    /// The people of the helpdesk who are told: the agreement's own contacts, else the client's.
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

    /// A person by the helpdesk's own id.
    fn person(&self, id: &LiveId) -> Result<LiveId, Unresolved> {
        let is_there = self.directory.get(ObjectKind::Person, id).is_some_and(|named| !named.archived);
        if is_there { Ok(id.clone()) } else { Err(unresolved(id.as_str(), id.as_str(), 0)) }
    }

    /// A company or a department.
    pub(super) fn recipient(&self, recipient: &RecipientSlug) -> Result<LiveId, Unresolved> {
        self.remembered(ObjectKind::Unit, recipient.as_str(), self.catalog.recipient(recipient))
    }

    pub(super) fn round_the_clock(&self) -> Option<LiveId> {
        self.catalog.calendars.get(ROUND_THE_CLOCK)?;
        self.entry(ObjectKind::Calendar, ROUND_THE_CLOCK).ok()
    }

    /// The objects that the helpdesk calls otherwise than the catalog does.
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
                if !named.is_titled(&entry.title) {
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

/// A title as a plan may show it: of people the initials.
fn shown(kind: ObjectKind, title: &str) -> String {
    if kind == ObjectKind::Person { initials(title) } else { title.to_owned() }
}

fn unresolved(slug: &str, wanted: &str, found: usize) -> Unresolved {
    Unresolved { slug: slug.to_owned(), wanted: wanted.to_owned(), found }
}
