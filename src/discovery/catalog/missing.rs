//! Finds what no entry of a catalog stands for, and gives it a slug.

use std::collections::{BTreeMap, BTreeSet};

use super::{CatalogComparison, CatalogList, Difference, LiveItem};
use crate::catalog::Catalog;
use crate::ident::LiveId;
use crate::ident::slug::{numbered, slug_of, slug_of_person};
use crate::live::ObjectKind;

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
                self.tied.insert(id.clone(), (list, slug.clone()));
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
            self.tied.insert(id.clone(), (CatalogList::Clients, slug.clone()));
            let what = Difference::New { title, object: Some(id), provider: None };
            self.add(CatalogList::Clients, &slug, what);
        }
    }

    /// The slug of the provider of all agreements of a unit, if it is one.
    fn provider_of(&self, unit: &LiveId) -> Option<String> {
        let providers = self.inventory.served_by.get(unit)?;
        let only = providers.first().filter(|_| providers.len() == 1)?;
        let (_, slug) = self.tied.get(only).filter(|(list, _)| *list == CatalogList::Providers)?;
        Some(slug.clone())
    }

    fn missing(&self, list: CatalogList, doubtful: &BTreeSet<LiveId>) -> Vec<(LiveId, String)> {
        let belongs = |id: &LiveId, item: &LiveItem| match list {
            CatalogList::Providers => self.inventory.providers.contains(id),
            CatalogList::Clients => item.within.is_none(),
            CatalogList::Managers => self.inventory.managers.contains(id),
            CatalogList::Services | CatalogList::Calendars | CatalogList::Priorities => true,
        };
        let missing = self.items(list.kind()).filter(|(id, item)| {
            !item.archived && !self.tied.contains_key(*id) && !doubtful.contains(*id) && belongs(id, item)
        });
        missing.map(|(id, item)| (id.clone(), item.title.clone())).collect()
    }

    /// Departments that no entry stands for, with the slug of the client that they are part of, however deep.
    fn missing_departments(&self, doubtful: &BTreeSet<LiveId>) -> Vec<(LiveId, String, String)> {
        let units = self.inventory.items.get(&ObjectKind::Unit);
        let company = |item: &LiveItem| {
            let mut within = item.within.clone();
            // Units that are part of each other have no company.
            for _ in 0..20 {
                let above = units?.get(within.as_ref()?)?;
                match &above.within {
                    Some(next) => within = Some(next.clone()),
                    None => return within,
                }
            }
            None
        };
        let missing = self.items(ObjectKind::Unit).filter(|(id, item)| {
            item.within.is_some() && !item.archived && !self.tied.contains_key(*id) && !doubtful.contains(*id)
        });
        let of_clients = missing.filter_map(|(id, item)| match self.tied.get(&company(item)?)? {
            (CatalogList::Clients, client) if !client.contains('/') => {
                Some((id.clone(), item.title.clone(), client.clone()))
            }
            _ => None,
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
