//! Reads all objects that a catalog can refer to: units and their parents, services, calendars, priorities,
//! people, and the managers and providers of agreements.

use serde_json::{Map, Value as Json, json};
use servanda::discovery::catalog::{Inventory, LiveItem};
use servanda::ident::LiveId;
use servanda::live::ObjectKind;
use servanda::mapping::{Field, Mapping};

use super::list::{Lists, is_removed, object_id, unexpected};
use super::wire;
use crate::helpdesk::error::ReadError;

/// The classes that the catalog's slugs refer to.
pub(super) const DIRECTORY: [(ObjectKind, &str); 5] = [
    (ObjectKind::Unit, "ou"),
    (ObjectKind::Service, "slmService"),
    (ObjectKind::Person, "employee"),
    (ObjectKind::Calendar, "servicetime"),
    (ObjectKind::Priority, "priority"),
];

/// Reads the inventory, archived objects included. `agreements` are the agreements of the helpdesk.
pub(super) async fn read(
    lists: &Lists<'_>,
    mapping: &Mapping,
    agreements: &[Map<String, Json>],
) -> Result<Inventory, ReadError> {
    let mut inventory = Inventory::default();
    for (kind, class) in DIRECTORY {
        let parent = if kind == ObjectKind::Unit { ",parent" } else { "" };
        let attributes = format!("UUID,title,removed{parent}");
        for object in lists.read(class, &attributes, &json!({})).await? {
            let id = object_id(&object).ok_or_else(|| unexpected(class, "an invalid UUID"))?;
            inventory.items.entry(kind).or_default().insert(id, item(&object));
        }
    }
    for object in agreements {
        inventory.managers.extend(referenced(mapping, object, &Field::Manager));
        let recipients = mapping.attributes.get(&Field::Recipients).and_then(|code| object.get(code));
        let recipients = recipients.and_then(|value| wire::references(value).ok()).unwrap_or_default();
        inventory.add_provider(referenced(mapping, object, &Field::Provider), recipients);
    }
    Ok(inventory)
}

fn item(object: &Map<String, Json>) -> LiveItem {
    let title = object.get("title").and_then(Json::as_str).unwrap_or_default().trim().to_owned();
    let parent = wire::reference(object.get("parent").unwrap_or(&Json::Null)).ok().flatten();
    // The parent of a top-level unit is the root object, which is no unit.
    let within = parent.filter(|parent| parent.as_str().starts_with("ou$"));
    LiveItem { title, code: None, archived: is_removed(object), within }
}

fn referenced(mapping: &Mapping, object: &Map<String, Json>, field: &Field) -> Option<LiveId> {
    wire::reference(object.get(mapping.attributes.get(field)?)?).ok().flatten()
}
