//! The people who are linked to contracts: persons, and other contacts such as teams.

use std::collections::BTreeSet;

use servanda::ident::LiveId;
use servanda::live::{Directory, Live, ObjectKind, Observed, Value};
use servanda::mapping::Field;

use super::login::ItopTransport;
use super::operation::{self, parts};
use super::wire::{self, PERSON, STATE};
use crate::helpdesk::bounds::ListBounds;
use crate::helpdesk::error::ReadError;

/// The contacts of all contracts. A manager is a contact who belongs to the provider, since iTop has no
/// attribute for managers.
pub(super) fn contacts(live: &Live) -> BTreeSet<LiveId> {
    let contracts = live.agreements.values().chain(live.adoptable.values());
    let contacts = contracts.filter_map(|observed| match observed {
        Observed::Present(found) => found.record.fields.get(&Field::Contacts),
        _ => None,
    });
    let people = contacts.filter_map(|value| match value {
        Value::References(people) => Some(people.iter().cloned()),
        _ => None,
    });
    people.flatten().collect()
}

/// Adds the contacts of contracts that are no persons, such as teams. Contacts of a file are found among people.
pub(super) async fn add_others(
    transport: &ItopTransport,
    page_size: usize,
    linked: impl Iterator<Item = &'_ LiveId>,
    directory: &mut Directory,
) -> Result<(), ReadError> {
    let classes: BTreeSet<&str> =
        linked.filter_map(parts).map(|(class, _)| class).filter(|class| *class != PERSON).collect();
    for class in classes {
        let found =
            operation::all(transport, class, "friendlyname,status", page_size, ListBounds::default()).await?;
        for object in found {
            let text = |code| wire::text(&object.fields, code).unwrap_or_default();
            let is_archived = text(STATE) == "inactive";
            directory.add(ObjectKind::Person, object.id(), text("friendlyname"), is_archived);
        }
    }
    Ok(())
}
