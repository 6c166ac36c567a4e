//! Entries of a catalog that are about other helpdesks only: one helpdesk need not have them.

use std::collections::BTreeSet;

use super::{CatalogDifference, CatalogList, Difference};
use crate::agreement::Agreement;
use crate::catalog::{Catalog, CatalogEntry};
use crate::ident::HelpdeskName;

/// The entries that agreements refer to, by list and slug.
type Uses<'a> = BTreeSet<(CatalogList, &'a str)>;

/// Leaves out entries that one of several helpdesks does not have and does not need: no agreement that lives there refers to
/// them, and an agreement, an id or the client itself says that they belong to another helpdesk.
pub fn leave_out_elsewhere(
    found: &mut Vec<CatalogDifference>,
    catalog: &Catalog,
    agreements: &[Agreement],
    name: &HelpdeskName,
) {
    let lives_here = |agreement: &&Agreement| agreement.helpdesk.as_ref() == Some(name);
    let (here, others): (Vec<&Agreement>, Vec<&Agreement>) = agreements.iter().partition(lives_here);
    let (here, others) = (uses(&here), uses(&others));
    found.retain(|difference| {
        if !matches!(difference.what, Difference::NotFound { .. }) {
            return true;
        }
        let slug = difference.slug.split('/').next().unwrap_or_default();
        let client = (difference.list == CatalogList::Clients).then(|| catalog.clients.get(slug)).flatten();
        let home = client.and_then(|client| client.lives_in.as_ref());
        let lives_elsewhere = home.is_some_and(|home| home != name);
        let entry = catalog.entry(difference.list, &difference.slug);
        let is_elsewhere = entry.is_some_and(|entry| has_id_elsewhere(entry, name));
        let used = (difference.list, slug);
        here.contains(&used) || !(others.contains(&used) || lives_elsewhere || is_elsewhere)
    });
}

/// Whether an entry has ids in other helpdesks and none in this one.
fn has_id_elsewhere(entry: &CatalogEntry, name: &HelpdeskName) -> bool {
    !entry.elsewhere.contains_key(name) && (entry.helpdesk.is_some() || !entry.elsewhere.is_empty())
}

/// The entries that agreements refer to; of a department, its client.
fn uses<'a>(agreements: &[&'a Agreement]) -> Uses<'a> {
    let mut uses = Uses::new();
    for agreement in agreements {
        uses.insert((CatalogList::Clients, agreement.client.as_str()));
        uses.extend(agreement.manager.iter().map(|manager| (CatalogList::Managers, manager.as_str())));
        uses.extend(agreement.provider.iter().map(|provider| (CatalogList::Providers, provider.as_str())));
        let own = agreement.services.values().filter_map(|coverage| coverage.calendar.as_ref());
        let calendars = own.chain(&agreement.calendar);
        uses.extend(calendars.map(|calendar| (CatalogList::Calendars, calendar.as_str())));
        uses.extend(agreement.services.keys().map(|service| (CatalogList::Services, service.as_str())));
        let own = agreement.services.values().flat_map(|coverage| coverage.targets.keys());
        let priorities = own.chain(agreement.targets.keys());
        uses.extend(priorities.map(|priority| (CatalogList::Priorities, priority.as_str())));
    }
    uses
}
