//! Reads objects with their references, in a fixed number of statements for any number of objects.
//!
//! `read` needs the lock on the database; `to_json` does not.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
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
    let list = database::json_list(ids);
    let mut found: BTreeMap<i64, ObjectRow> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, uuid, title, removed, created, modified, body FROM object
         WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let rows = statement.query_map([&list], |row| {
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
    })?;
    for row in rows {
        let row = row?;
        found.insert(row.id, row);
    }
    let links = links(connection, &list, wanted)?;
    let references = references(connection, &links)?;
    Ok(ObjectPage { rows: ids.iter().filter_map(|id| found.remove(id)).collect(), links, references })
}

fn links(
    connection: &Connection,
    list: &str,
    wanted: &[&'static ClassAttribute],
) -> rusqlite::Result<BTreeMap<i64, Vec<(String, i64)>>> {
    let mut links: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    let refers = |attribute: &&&ClassAttribute| {
        matches!(attribute.kind, AttributeKind::Reference(_) | AttributeKind::ReferenceSet(_))
    };
    let codes: Vec<_> = wanted.iter().filter(refers).map(|own| own.code).collect();
    if !codes.is_empty() {
        let mut statement = connection.prepare_cached(
            "SELECT owner, attribute, target FROM link
             WHERE owner IN (SELECT value FROM json_each(?1))
               AND attribute IN (SELECT value FROM json_each(?2))",
        )?;
        let rows = statement
            .query_map((list, json!(codes).to_string()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for row in rows {
            let (owner, attribute, target): (i64, String, i64) = row?;
            links.entry(owner).or_default().push((attribute, target));
        }
    }
    for own in wanted {
        let AttributeKind::BackReference { attribute, .. } = own.kind else {
            continue;
        };
        let mut statement = connection.prepare_cached(
            "SELECT target, owner FROM link
             WHERE attribute = ?2 AND target IN (SELECT value FROM json_each(?1))
             ORDER BY target, owner",
        )?;
        let rows = statement.query_map((list, attribute), |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows {
            let (target, owner): (i64, i64) = row?;
            let entry = links.entry(target).or_default();
            entry.push((own.code.to_owned(), owner));
        }
    }
    Ok(links)
}

fn references(
    connection: &Connection,
    links: &BTreeMap<i64, Vec<(String, i64)>>,
) -> rusqlite::Result<BTreeMap<i64, ObjectReference>> {
    let targets: BTreeSet<i64> = links.values().flatten().map(|(_, target)| *target).collect();
    if targets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let targets: Vec<i64> = targets.into_iter().collect();
    connection
        .prepare_cached(
            "SELECT id, uuid, kind, title, json_extract(body, '$.code') FROM object
             WHERE id IN (SELECT value FROM json_each(?1))",
        )?
        .query_map([database::json_list(&targets)], |row| {
            let reference = ObjectReference {
                uuid: row.get(1)?,
                meta_class: row.get(2)?,
                title: row.get(3)?,
                code: row.get(4)?,
            };
            Ok((row.get(0)?, reference))
        })?
        .collect()
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
