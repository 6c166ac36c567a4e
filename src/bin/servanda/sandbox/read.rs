//! Reads objects with their references, each by its primary key: statements are prepared once, and a list that `SQLite` has
//! to parse costs more than to ask for each object of it.
//!
//! `read` needs the lock on the database; `to_json` does not.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value, json};

use super::database;
use super::model::{AttributeKind, ClassAttribute, Column, ObjectClass};
use super::request::attribute_codes;
use super::wire_format::{ObjectReference, WireFormat};

/// Objects as stored, with the objects to which they refer.
#[derive(Debug)]
pub(super) struct ObjectPage {
    rows: Vec<ObjectRow>,
    links: BTreeMap<i64, Vec<(String, i64)>>,
    references: BTreeMap<i64, ObjectReference>,
}

#[derive(Debug)]
struct ObjectRow {
    id: i64,
    meta_class: String,
    uuid: String,
    title: Option<String>,
    removed: bool,
    created: i64,
    modified: i64,
    body: String,
}

/// Reads objects of one class in the order of `ids`, with the objects to which the wanted attributes refer.
pub(super) fn read(
    connection: &Connection,
    ids: &[i64],
    wanted: &[&'static ClassAttribute],
) -> rusqlite::Result<ObjectPage> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, uuid, title, removed, created, modified, body FROM object WHERE id = ?1",
    )?;
    let mut row = |id: &i64| {
        let found = statement.query_row([id], |row| {
            Ok(ObjectRow {
                id: row.get(0)?,
                meta_class: row.get(1)?,
                uuid: row.get(2)?,
                title: row.get(3)?,
                removed: row.get(4)?,
                created: row.get(5)?,
                modified: row.get(6)?,
                body: row.get(7)?,
            })
        });
        found.optional().transpose()
    };
    let rows = ids.iter().filter_map(&mut row).collect::<rusqlite::Result<Vec<_>>>()?;
    let links = links(connection, ids, wanted)?;
    let references = references(connection, &links)?;
    Ok(ObjectPage { rows, links, references })
}

fn links(
    connection: &Connection,
    ids: &[i64],
    wanted: &[&'static ClassAttribute],
) -> rusqlite::Result<BTreeMap<i64, Vec<(String, i64)>>> {
    let mut links: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    let refers = |attribute: &&ClassAttribute| {
        matches!(attribute.kind, AttributeKind::Reference(_) | AttributeKind::ReferenceSet(_))
    };
    if wanted.iter().any(&refers) {
        let is_wanted = |code: &str| wanted.iter().any(|own| own.code == code && refers(own));
        let mut statement =
            connection.prepare_cached("SELECT attribute, target FROM link WHERE owner = ?1")?;
        for id in ids {
            let mut rows = statement.query([id])?;
            while let Some(row) = rows.next()? {
                let code = row.get_ref(0)?.as_str()?;
                if is_wanted(code) {
                    links.entry(*id).or_default().push((code.to_owned(), row.get(1)?));
                }
            }
        }
    }
    for own in wanted {
        let AttributeKind::BackReference { attribute, .. } = own.kind else {
            continue;
        };
        for id in ids {
            let owners = database::owners(connection, *id, attribute)?;
            if !owners.is_empty() {
                let owners = owners.into_iter().map(|owner| (own.code.to_owned(), owner));
                links.entry(*id).or_default().extend(owners);
            }
        }
    }
    Ok(links)
}

fn references(
    connection: &Connection,
    links: &BTreeMap<i64, Vec<(String, i64)>>,
) -> rusqlite::Result<BTreeMap<i64, ObjectReference>> {
    let targets: BTreeSet<i64> = links.values().flatten().map(|(_, target)| *target).collect();
    let mut statement = connection
        .prepare_cached("SELECT uuid, kind, title, json_extract(body, '$.code') FROM object WHERE id = ?1")?;
    let mut reference = |id: i64| {
        let found = statement.query_row([id], |row| {
            let reference = ObjectReference {
                uuid: row.get(0)?,
                meta_class: row.get(1)?,
                title: row.get(2)?,
                code: row.get(3)?,
            };
            Ok((id, reference))
        });
        found.optional().transpose()
    };
    targets.into_iter().filter_map(&mut reference).collect()
}

impl ObjectPage {
    /// Formats the wanted attributes of each object, in the order of the class.
    pub(super) fn to_json(
        &self,
        wanted: &[&'static ClassAttribute],
        wire_format: &WireFormat,
    ) -> Vec<Map<String, Value>> {
        let rows = self.rows.iter();
        rows.map(|row| self.object(row, wanted, wire_format)).collect()
    }

    fn object(
        &self,
        row: &ObjectRow,
        wanted: &[&'static ClassAttribute],
        wire_format: &WireFormat,
    ) -> Map<String, Value> {
        let body: Map<String, Value> = serde_json::from_str(&row.body).unwrap_or_default();
        let links = self.links.get(&row.id).map_or(&[][..], Vec::as_slice);
        let value = |attribute: &ClassAttribute| match attribute.kind {
            AttributeKind::Column(column) => column_value(row, column, wire_format),
            AttributeKind::Reference(_) => self.references(links, attribute.code).next().unwrap_or_default(),
            AttributeKind::ReferenceSet(_) | AttributeKind::BackReference { .. } => {
                Value::Array(self.references(links, attribute.code).collect())
            }
            kind => body.get(attribute.code).map_or(Value::Null, |stored| scalar(kind, stored, wire_format)),
        };
        let pairs = wanted.iter();
        pairs.map(|attribute| (attribute.code.to_owned(), value(attribute))).collect()
    }

    fn references<'page>(
        &'page self,
        links: &'page [(String, i64)],
        code: &'page str,
    ) -> impl Iterator<Item = Value> + 'page {
        let of_code = links.iter().filter(move |(attribute, _)| attribute == code);
        of_code.filter_map(|(_, target)| Some(self.references.get(target)?.to_json()))
    }
}

fn column_value(row: &ObjectRow, column: Column, wire_format: &WireFormat) -> Value {
    match column {
        Column::Uuid => json!(row.uuid),
        Column::MetaClass => json!(row.meta_class),
        Column::Title => json!(row.title),
        Column::Removed => json!(row.removed),
        Column::Created => json!(wire_format.format_instant(row.created)),
        Column::Modified => json!(wire_format.format_instant(row.modified)),
    }
}

fn scalar(kind: AttributeKind, stored: &Value, wire_format: &WireFormat) -> Value {
    match (kind, stored) {
        (_, Value::Null) => Value::Null,
        (AttributeKind::Instant, stored) => {
            stored.as_i64().map_or(Value::Null, |at| json!(wire_format.format_instant(at)))
        }
        (AttributeKind::LocalDate, Value::String(stored)) => json!(wire_format.format_local_date(stored)),
        (AttributeKind::Duration, stored) => wire_format.format_duration(stored),
        (_, stored) => stored.clone(),
    }
}

/// The attributes that `attrs` names, in the order of the class; all if it is absent or empty.
///
/// The second part contains the codes that the class does not have.
pub(super) fn wanted_attributes<'request>(
    class: &'static ObjectClass,
    attrs: Option<&'request str>,
) -> (Vec<&'static ClassAttribute>, Vec<&'request str>) {
    let codes = attribute_codes(attrs);
    if codes.is_empty() {
        return (class.attributes().collect(), Vec::new());
    }
    let known = class.attributes().filter(|attribute| codes.contains(&attribute.code));
    let unknown = codes.iter().filter(|code| class.attribute(code).is_none());
    (known.collect(), unknown.copied().collect())
}
