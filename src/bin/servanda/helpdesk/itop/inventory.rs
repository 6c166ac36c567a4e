//! All objects that a catalog can refer to, of which iTop knows less than a catalog asks: it has no class for managers, for
//! providers or for departments.

use std::collections::BTreeMap;

use servanda::discovery::catalog::Inventory;
use servanda::ident::LiveId;
use servanda::live::{Live, ObjectKind};

use super::operation::{Object, id};
use super::people;
use super::wire::{self, ORGANIZATION};

/// The most organisations above a department.
const DEEPEST: usize = 20;

/// The inventory of the live state, with the organisation that each organisation, person and service belongs to.
pub(super) fn of(live: &Live, units: &[Object], people: &[Object], services: &[Object]) -> Inventory {
    let mut inventory = Inventory::of(live);
    // An iTop without contracts has providers: those of its services.
    inventory.providers.extend(services.iter().filter_map(|service| unit(service, "org_id")));
    // iTop has no calendars, and its priorities are numbers that the settings name.
    inventory.unkept = [ObjectKind::Calendar].into();
    inventory.by_title = [ObjectKind::Priority].into();
    let contacts = people::contacts(live);
    let is_manager = |person: &&Object| {
        contacts.contains(&person.id())
            && unit(person, "org_id").is_some_and(|employer| inventory.providers.contains(&employer))
    };
    let managers: Vec<LiveId> = people.iter().filter(is_manager).map(Object::id).collect();
    inventory.managers.extend(managers);
    let parents: BTreeMap<LiveId, LiveId> =
        units.iter().filter_map(|own| Some((own.id(), unit(own, "parent_id")?))).collect();
    let companies: BTreeMap<&LiveId, LiveId> =
        parents.keys().filter_map(|own| Some((own, company_of(own, &parents, &inventory)?))).collect();
    let items = inventory.items.entry(ObjectKind::Unit).or_default();
    for (own, company) in companies {
        if let Some(item) = items.get_mut(own) {
            item.within = Some(company);
        }
    }
    inventory
}

/// The topmost organisation above one that has a contract of its own. One without is a folder of organisations, and
/// clients that stand below their provider are no departments of it.
fn company_of(own: &LiveId, parents: &BTreeMap<LiveId, LiveId>, inventory: &Inventory) -> Option<LiveId> {
    let units = inventory.items.get(&ObjectKind::Unit)?;
    let above = std::iter::successors(parents.get(own), |unit| parents.get(*unit)).take(DEEPEST);
    let is_company = |unit: &&LiveId| {
        inventory.served_by.contains_key(*unit)
            && !inventory.providers.contains(*unit)
            && units.get(*unit).is_some_and(|unit| !unit.archived)
    };
    above.filter(is_company).last().cloned()
}

/// The organisation that an object is linked with.
fn unit(object: &Object, link: &str) -> Option<LiveId> {
    wire::link(&object.fields, link).ok().flatten().map(|unit| id(ORGANIZATION, unit))
}
