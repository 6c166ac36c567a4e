//! A catalog beside what the helpdesk holds: entries that are missing, ids that are known now, other titles, and
//! what is gone or cannot be distinguished. Nothing is ever taken out of a catalog here.

mod elsewhere;
mod missing;

pub use elsewhere::leave_out_elsewhere;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::catalog::{Catalog, CatalogEntry};
use crate::ident::{HelpdeskName, LiveId, composed};
use crate::live::{Live, ObjectKind, Observed, Value};
use crate::mapping::Field;

/// Everything of a helpdesk that a catalog can name.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The objects, by kind.
    pub items: BTreeMap<ObjectKind, BTreeMap<LiveId, LiveItem>>,
    /// The people who answer for an agreement.
    pub managers: BTreeSet<LiveId>,
    /// The units that some agreement is with on our own side.
    pub providers: BTreeSet<LiveId>,
    /// The providers of the agreements of a unit, for each unit with an agreement.
    pub served_by: BTreeMap<LiveId, BTreeSet<LiveId>>,
    /// The kinds that the helpdesk keeps no objects of, so that it has nothing to say of their lists.
    pub unkept: BTreeSet<ObjectKind>,
    /// The kinds that the settings number, so that the catalog has their titles and no ids.
    pub by_title: BTreeSet<ObjectKind>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveItem {
    /// Its title in the helpdesk.
    pub title: String,
    /// The short name beside it, where the helpdesk keeps one that may be our slug.
    pub code: Option<String>,
    /// Whether it is archived.
    pub archived: bool,
    /// The unit that it is part of, where it is a unit itself.
    pub within: Option<LiveId>,
}

impl Inventory {
    /// The result of a read in which units have no parent.
    pub fn of(live: &Live) -> Self {
        let mut inventory = Self::default();
        for (kind, id, named) in live.directory.iter() {
            let (title, code) = (named.title.clone(), named.code.clone());
            let item = LiveItem { title, code, archived: named.archived, within: None };
            inventory.items.entry(kind).or_default().insert(id.clone(), item);
        }
        let marked = live.agreements.values().chain(live.adoptable.values());
        for observed in marked {
            let Observed::Present(found) = observed else {
                continue;
            };
            let named = |field: Field| match found.record.fields.get(&field) {
                Some(Value::Reference(id)) => Some(id.clone()),
                _ => None,
            };
            inventory.managers.extend(named(Field::Manager));
            let recipients = match found.record.fields.get(&Field::Recipients) {
                Some(Value::References(recipients)) => (**recipients).clone(),
                _ => BTreeSet::new(),
            };
            inventory.add_provider(named(Field::Provider), recipients);
        }
        inventory
    }

    /// Adds the provider of an agreement with these recipients.
    pub fn add_provider(&mut self, provider: Option<LiveId>, recipients: BTreeSet<LiveId>) {
        let Some(provider) = provider else { return };
        for unit in recipients {
            self.served_by.entry(unit).or_default().insert(provider.clone());
        }
        self.providers.insert(provider);
    }
}

/// A list of catalog.yaml.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogList {
    /// `clients`, and their departments.
    Clients,
    /// `services`.
    Services,
    /// `managers`.
    Managers,
    /// `providers`.
    Providers,
    /// `calendars`.
    Calendars,
    /// `priorities`.
    Priorities,
}

impl CatalogList {
    /// Its key in catalog.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Services => "services",
            Self::Managers => "managers",
            Self::Providers => "providers",
            Self::Calendars => "calendars",
            Self::Priorities => "priorities",
        }
    }

    /// The class of its entries in a helpdesk.
    const fn kind(self) -> ObjectKind {
        match self {
            Self::Clients | Self::Providers => ObjectKind::Unit,
            Self::Services => ObjectKind::Service,
            Self::Managers => ObjectKind::Person,
            Self::Calendars => ObjectKind::Calendar,
            Self::Priorities => ObjectKind::Priority,
        }
    }

    /// The slug of an entry whose title has no letter that can be transliterated.
    const fn noun(self) -> &'static str {
        match self {
            Self::Clients => "client",
            Self::Services => "service",
            Self::Managers => "manager",
            Self::Providers => "provider",
            Self::Calendars => "calendar",
            Self::Priorities => "priority",
        }
    }
}

/// Where catalog and helpdesk differ.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct CatalogDifference {
    /// The list.
    pub list: CatalogList,
    /// The entry's slug; of a department, with its client's before it and a slash between.
    pub slug: String,
    /// The way they differ.
    #[serde(flatten)]
    pub what: Difference,
}

/// The way an entry differs from the helpdesk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Difference {
    /// The catalog has no entry for it.
    New {
        /// Its title.
        title: String,
        /// The object; `None` if it is found by its title only.
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<LiveId>,
        /// The provider of all agreements of a client, if it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
    },
    /// The entry has no id, and just one object bears its title.
    Tied {
        /// The object.
        object: LiveId,
    },
    /// The helpdesk calls it otherwise.
    Renamed {
        /// Its title in the catalog.
        from: String,
        /// Its title in the helpdesk.
        to: String,
    },
    /// The object is not there any more, or archived.
    Gone {
        /// The object.
        object: LiveId,
        /// Whether it is archived.
        archived: bool,
    },
    /// The entry has no id, and no object bears its title.
    NotFound {
        /// The title.
        title: String,
    },
    /// The entry has no id, and several objects bear its title.
    Ambiguous {
        /// The objects.
        objects: Vec<LiveId>,
    },
    /// Another entry stands for the same object.
    Twice {
        /// The other slug.
        other: String,
        /// The object.
        object: LiveId,
    },
}

/// A value to write into catalog.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEdit {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// The value.
    pub value: Json,
    /// The provider of a new client, which some catalogs have a file for.
    pub provider: Option<String>,
}

impl CatalogDifference {
    /// The proposed text; nothing where a person has to decide. An id in another than the default helpdesk is written beside
    /// those of the others, and the title stays that of the default one.
    pub fn edit(&self, other: Option<&OtherHelpdesk>) -> Option<CatalogEdit> {
        let id = |object: &LiveId| match other {
            None => json!(object),
            Some(other) => other.ids_with(self.list, &self.slug, object),
        };
        let mut path = vec![self.list.as_str().to_owned()];
        match self.slug.split_once('/') {
            Some((client, department)) => {
                path.extend([client, "departments", department].map(str::to_owned));
            }
            None => path.push(self.slug.clone()),
        }
        let (key, value) = match &self.what {
            Difference::New { title, object: Some(object), .. } => {
                (None, json!({ "title": title, "helpdesk": id(object) }))
            }
            Difference::New { title, object: None, .. } => (None, json!({ "title": title })),
            Difference::Tied { object } => (Some("helpdesk"), id(object)),
            Difference::Renamed { to, .. } if other.is_none() => (Some("title"), json!(to)),
            Difference::Renamed { .. }
            | Difference::Gone { .. }
            | Difference::NotFound { .. }
            | Difference::Ambiguous { .. }
            | Difference::Twice { .. } => {
                return None;
            }
        };
        path.extend(key.map(str::to_owned));
        let provider = match &self.what {
            Difference::New { provider, .. } => provider.clone(),
            _ => None,
        };
        Some(CatalogEdit { path, value, provider })
    }
}

/// One of several helpdesks, whose ids stand in the catalog by its name.
#[derive(Clone, Debug)]
pub struct OtherHelpdesk {
    /// Its name.
    pub name: HelpdeskName,
    /// The helpdesk of ids without a name.
    pub default: HelpdeskName,
    /// The catalog with the ids of all helpdesks.
    pub catalog: Catalog,
}

impl OtherHelpdesk {
    /// All ids of an entry, with one more.
    fn ids_with(&self, list: CatalogList, slug: &str, object: &LiveId) -> Json {
        let known = self.catalog.entry(list, slug);
        let own = known.and_then(|entry| entry.helpdesk.as_ref()).map(|id| (&self.default, id));
        let others = known.into_iter().flat_map(|entry| &entry.elsewhere);
        let all = own.into_iter().chain(others).chain([(&self.name, object)]);
        all.map(|(name, id)| (name.to_string(), json!(id))).collect::<serde_json::Map<_, _>>().into()
    }
}

impl Catalog {
    /// An entry by its list and slug; of a department, with its client's before it and a slash between.
    fn entry(&self, list: CatalogList, slug: &str) -> Option<&CatalogEntry> {
        let Catalog { clients, services, managers, providers, calendars, priorities, .. } = self;
        match (list, slug.split_once('/')) {
            (CatalogList::Clients, Some((client, department))) => {
                clients.get(client)?.departments.get(department)
            }
            (CatalogList::Clients, None) => clients.get(slug).map(|client| &client.entry),
            (CatalogList::Services, _) => services.get(slug),
            (CatalogList::Managers, _) => managers.get(slug),
            (CatalogList::Providers, _) => providers.get(slug),
            (CatalogList::Calendars, _) => calendars.get(slug),
            (CatalogList::Priorities, _) => priorities.get(slug),
        }
    }
}

/// Compares a catalog with a helpdesk, in the order of the lists and slugs.
pub fn compare(catalog: &Catalog, inventory: &Inventory) -> Vec<CatalogDifference> {
    let mut comparison = CatalogComparison { inventory, tied: BTreeMap::new(), found: Vec::new() };
    let clients = catalog.clients.iter();
    let clients: Vec<(String, &CatalogEntry)> = clients
        .flat_map(|(slug, client)| {
            let departments =
                client.departments.iter().map(move |(name, entry)| (format!("{slug}/{name}"), entry));
            std::iter::once((slug.to_string(), &client.entry)).chain(departments)
        })
        .collect();
    comparison.known(CatalogList::Providers, listed(&catalog.providers));
    comparison.known(CatalogList::Clients, clients);
    comparison.known(CatalogList::Services, listed(&catalog.services));
    comparison.known(CatalogList::Managers, listed(&catalog.managers));
    comparison.known(CatalogList::Calendars, listed(&catalog.calendars));
    comparison.known(CatalogList::Priorities, listed(&catalog.priorities));
    comparison.unknown(catalog);
    let mut found = comparison.found;
    found.sort_by(|left, right| (left.list, &left.slug).cmp(&(right.list, &right.slug)));
    found
}

fn listed<S: ToString>(entries: &BTreeMap<S, CatalogEntry>) -> Vec<(String, &CatalogEntry)> {
    entries.iter().map(|(slug, entry)| (slug.to_string(), entry)).collect()
}

struct CatalogComparison<'a> {
    inventory: &'a Inventory,
    /// The objects that entries stand for already, with the slug in each list.
    tied: BTreeMap<LiveId, BTreeMap<CatalogList, String>>,
    found: Vec<CatalogDifference>,
}

impl CatalogComparison<'_> {
    fn items(&self, kind: ObjectKind) -> impl Iterator<Item = (&LiveId, &LiveItem)> {
        self.inventory.items.get(&kind).into_iter().flatten()
    }

    fn add(&mut self, list: CatalogList, slug: &str, what: Difference) {
        self.found.push(CatalogDifference { list, slug: slug.to_owned(), what });
    }

    /// Every entry of a list, held against the object that it stands for.
    fn known(&mut self, list: CatalogList, entries: Vec<(String, &CatalogEntry)>) {
        if self.inventory.unkept.contains(&list.kind()) {
            return;
        }
        for (slug, entry) in entries {
            // What is known of an object is reported for the first entry that refers to it.
            let known = entry.helpdesk.as_ref().filter(|id| self.tied.contains_key(*id));
            let Some(object) = known.cloned().or_else(|| self.object_of(list, &slug, entry)) else {
                continue;
            };
            match self.slug_of(list, &object).map(str::to_owned) {
                Some(other) => self.add(list, &slug, Difference::Twice { other, object }),
                None => self.tie(list, &slug, object),
            }
        }
    }

    /// The slug in a list of the entry that stands for an object.
    fn slug_of(&self, list: CatalogList, object: &LiveId) -> Option<&str> {
        self.tied.get(object)?.get(&list).map(String::as_str)
    }

    fn tie(&mut self, list: CatalogList, slug: &str, object: LiveId) {
        self.tied.entry(object).or_default().insert(list, slug.to_owned());
    }

    fn object_of(&mut self, list: CatalogList, slug: &str, entry: &CatalogEntry) -> Option<LiveId> {
        let Some(id) = &entry.helpdesk else {
            return self.by_name(list, slug, entry);
        };
        let item = self.inventory.items.get(&list.kind()).and_then(|items| items.get(id));
        match item {
            None => self.add(list, slug, Difference::Gone { object: id.clone(), archived: false }),
            Some(item) if item.archived => {
                self.add(list, slug, Difference::Gone { object: id.clone(), archived: true });
            }
            Some(item) if !item.title.is_empty() && composed(&item.title) != composed(entry.title.trim()) => {
                let (from, to) = (entry.title.clone(), item.title.clone());
                self.add(list, slug, Difference::Renamed { from, to });
            }
            Some(_) => {}
        }
        Some(id.clone())
    }

    /// The object that a plan would find: the one that bears the entry's title, else its slug for a code.
    fn by_name(&mut self, list: CatalogList, slug: &str, entry: &CatalogEntry) -> Option<LiveId> {
        let all = |bears: &dyn Fn(&LiveItem) -> bool| -> Vec<LiveId> {
            let items = self.items(list.kind()).filter(|(_, item)| !item.archived && bears(item));
            items.map(|(id, _)| id.clone()).collect()
        };
        let mut objects = all(&|item| composed(&item.title) == composed(entry.title.trim()));
        if objects.is_empty() {
            objects = all(&|item| item.code.as_deref() == Some(slug));
        }
        match &objects[..] {
            [only] => {
                if !self.inventory.by_title.contains(&list.kind()) {
                    self.add(list, slug, Difference::Tied { object: only.clone() });
                }
                // One that was found by its code may have another title.
                let item = self.inventory.items.get(&list.kind()).and_then(|items| items.get(only));
                if let Some(to) = item.map(|item| &item.title).filter(|title| *title != entry.title.trim()) {
                    let (from, to) = (entry.title.clone(), to.clone());
                    self.add(list, slug, Difference::Renamed { from, to });
                }
                Some(only.clone())
            }
            [] => {
                self.add(list, slug, Difference::NotFound { title: entry.title.clone() });
                None
            }
            _ => {
                self.add(list, slug, Difference::Ambiguous { objects });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
