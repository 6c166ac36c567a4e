//! Finds what no entry of a catalog stands for, and gives it a slug.

use std::collections::{BTreeMap, BTreeSet};

use super::{CatalogComparison, CatalogList, Difference, LiveItem};
use crate::catalog::Catalog;
use crate::ident::LiveId;
use crate::ident::slug::{numbered, slug_of, slug_of_person};
use crate::live::ObjectKind;

/// The most units above a department.
const DEEPEST: usize = 20;

impl CatalogComparison<'_> {
    /// Everything that no entry stands for gets one, companies before their departments.
    pub(super) fn unknown(&mut self, catalog: &Catalog) {
        let mut taken: BTreeMap<CatalogList, BTreeSet<String>> = BTreeMap::new();
        for (list, slugs) in [
            (CatalogList::Clients, names(catalog.clients.keys())),
            (CatalogList::Services, names(catalog.services.keys())),
            (CatalogList::Managers, names(catalog.managers.keys())),
            (CatalogList::Providers, names(catalog.providers.keys())),
            (CatalogList::Calendars, names(catalog.calendars.keys())),
            (CatalogList::Priorities, names(catalog.priorities.keys())),
        ] {
            taken.insert(list, slugs);
        }
        for (slug, client) in &catalog.clients {
            let departments = client.departments.keys().map(|name| format!("{slug}/{name}"));
            taken.entry(CatalogList::Clients).or_default().extend(departments);
        }
        // An entry that cannot be distinguished may stand for any of these.
        let doubtful: BTreeSet<LiveId> = self
            .found
            .iter()
            .filter_map(|finding| match &finding.what {
                Difference::Ambiguous { objects } => Some(objects.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        for list in [
            CatalogList::Providers,
            CatalogList::Clients,
            CatalogList::Services,
            CatalogList::Managers,
            CatalogList::Calendars,
            CatalogList::Priorities,
        ] {
            for (id, title) in self.missing(list, &doubtful) {
                let name =
                    if list == CatalogList::Managers { slug_of_person(&title) } else { slug_of(&title) };
                let slug = free(&name, "", list, &id, taken.entry(list).or_default());
                self.tie(list, &slug, id.clone());
                let provider = self.provider_of(&id).filter(|_| list == CatalogList::Clients);
                let object = Some(id).filter(|_| !self.inventory.by_title.contains(&list.kind()));
                self.add(list, &slug, Difference::New { title, object, provider });
            }
        }
        for (id, title, client) in self.missing_departments(&doubtful) {
            let prefix = format!("{client}/");
            let slug = free(
                &slug_of(&title),
                &prefix,
                CatalogList::Clients,
                &id,
                taken.entry(CatalogList::Clients).or_default(),
            );
            self.tie(CatalogList::Clients, &slug, id.clone());
            let what = Difference::New { title, object: Some(id), provider: None };
            self.add(CatalogList::Clients, &slug, what);
        }
    }

    /// The slug of the provider of all agreements of a unit, if it is one.
    fn provider_of(&self, unit: &LiveId) -> Option<String> {
        let providers = self.inventory.served_by.get(unit)?;
        let only = providers.first().filter(|_| providers.len() == 1)?;
        self.slug_of(CatalogList::Providers, only).map(str::to_owned)
    }

    fn missing(&self, list: CatalogList, doubtful: &BTreeSet<LiveId>) -> Vec<(LiveId, String)> {
        let belongs = |id: &LiveId, item: &LiveItem| match list {
            CatalogList::Providers => self.inventory.providers.contains(id),
            CatalogList::Clients => self.company_of(item).is_none() || self.is_both(id),
            CatalogList::Managers => self.inventory.managers.contains(id),
            CatalogList::Services | CatalogList::Calendars | CatalogList::Priorities => true,
        };
        let missing = self
            .items(list.kind())
            .filter(|(id, item)| self.is_missing(list, id, item, doubtful) && belongs(id, item));
        missing.map(|(id, item)| (id.clone(), item.title.clone())).collect()
    }

    /// Whether no entry stands for an object that one could stand for. A provider is a client only with an agreement.
    fn is_missing(
        &self,
        list: CatalogList,
        id: &LiveId,
        item: &LiveItem,
        doubtful: &BTreeSet<LiveId>,
    ) -> bool {
        let is_listed = match list {
            CatalogList::Clients if self.is_both(id) => self.slug_of(list, id).is_some(),
            _ => self.tied.contains_key(id),
        };
        !item.archived && !is_listed && !doubtful.contains(id)
    }

    /// Whether a provider is the client of an agreement too, such as one for its own staff.
    fn is_both(&self, id: &LiveId) -> bool {
        self.inventory.providers.contains(id) && self.inventory.served_by.contains_key(id)
    }

    /// The topmost unit that a unit is part of and that an entry can stand for. None is above a company, nor above the
    /// department of an archived one, which is all that is left of it.
    fn company_of(&self, item: &LiveItem) -> Option<&LiveId> {
        let units = self.inventory.items.get(&ObjectKind::Unit)?;
        let (mut above, mut company) = (item.within.as_ref(), None);
        // Units that are part of each other have no company.
        for _ in 0..DEEPEST {
            let Some((id, unit)) = above.and_then(|id| units.get_key_value(id)) else { return company };
            company = Some(id).filter(|id| !unit.archived || self.tied.contains_key(*id)).or(company);
            above = unit.within.as_ref();
        }
        None
    }

    /// Departments that no entry stands for, with the slug of the client that they are part of, however deep.
    fn missing_departments(&self, doubtful: &BTreeSet<LiveId>) -> Vec<(LiveId, String, String)> {
        let missing = self
            .items(ObjectKind::Unit)
            .filter(|(id, item)| self.is_missing(CatalogList::Clients, id, item, doubtful));
        let of_clients = missing.filter_map(|(id, item)| {
            let client = self.slug_of(CatalogList::Clients, self.company_of(item)?)?;
            (!client.contains('/')).then(|| (id.clone(), item.title.clone(), client.to_owned()))
        });
        of_clients.collect()
    }
}

fn names<S: ToString>(slugs: impl Iterator<Item = S>) -> BTreeSet<String> {
    slugs.map(|slug| slug.to_string()).collect()
}

/// The slug, with a number behind it where it is taken, and by the object's own number where it has no letters.
fn free(slug: &str, prefix: &str, list: CatalogList, id: &LiveId, taken: &mut BTreeSet<String>) -> String {
    let number: String = id.as_str().chars().filter(char::is_ascii_digit).take(20).collect();
    let stem = if slug.is_empty() { format!("{}-{number}", list.noun()) } else { slug.to_owned() };
    let mut free = numbered(&stem).map(|name| format!("{prefix}{name}")).filter(|name| !taken.contains(name));
    let name = free.next().expect("there are more numbers than entries");
    taken.insert(name.clone());
    name
}
