//! Everything that a catalog can name: units and what they are part of, services, calendars, priorities, people, and
//! who of them answers for an agreement.

use serde_json::{Map, Value as Json, json};
use servanda::discovery::catalog::{Inventory, LiveItem};
use servanda::ident::LiveId;
use servanda::live::ObjectKind;
use servanda::mapping::Field;

use super::list::{is_removed, object_id, unexpected};
use super::read::{DIRECTORY, Itsm365Reader};
use super::wire;
use crate::helpdesk::ReadError;

/// Reads it, archived objects too.
pub(super) async fn of(reader: &Itsm365Reader<'_>) -> Result<Inventory, ReadError> {
    let mut inventory = Inventory::default();
    for (kind, class) in DIRECTORY {
        let within = if kind == ObjectKind::Unit { ",parent" } else { "" };
        let attributes = format!("UUID,title,removed{within}");
        for object in reader.list(class, &attributes, &json!({})).await? {
            let id = object_id(&object).ok_or_else(|| unexpected(class, "a UUID that is no id"))?;
            inventory.items.entry(kind).or_default().insert(id, item(&object));
        }
    }
    for object in reader.objects().await? {
        inventory.managers.extend(named(reader, &object, &Field::Manager));
        inventory.providers.extend(named(reader, &object, &Field::Provider));
    }
    Ok(inventory)
}

fn item(object: &Map<String, Json>) -> LiveItem {
    let title = object.get("title").and_then(Json::as_str).unwrap_or_default().trim().to_owned();
    let parent = wire::reference(object.get("parent").unwrap_or(&Json::Null)).ok().flatten();
    // What stands at the root is part of nothing.
    let within = parent.filter(|parent| parent.as_str().starts_with("ou$"));
    LiveItem { title, code: None, archived: is_removed(object), within }
}

fn named(reader: &Itsm365Reader<'_>, object: &Map<String, Json>, field: &Field) -> Option<LiveId> {
    let code = reader.mapping.attributes.get(field)?;
    wire::reference(object.get(code)?).ok().flatten()
}
