//! From rows to answers: a page of objects with what they refer to, in a fixed number of statements.
//!
//! `read` needs the database and is short; `render` needs it no more, so that JSON is made outside the lock.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::database;
use super::dialect::{Dialect, Name};
use super::model::{Attribute, Class, Column, Kind};

/// Objects as they lie in the tables, with the names of what they refer to.
#[derive(Debug)]
pub(crate) struct Page {
    rows: Vec<Row>,
    links: BTreeMap<i64, Vec<(String, i64)>>,
    names: BTreeMap<i64, Name>,
}

#[derive(Debug)]
struct Row {
    id: i64,
    kind: String,
    uuid: String,
    title: Option<String>,
    removed: bool,
    created: i64,
    modified: i64,
    body: String,
}

/// Reads the objects of one class, in the order of `ids`, with what the wanted attributes refer to.
pub(crate) fn read(
    connection: &Connection,
    ids: &[i64],
    wanted: &[&'static Attribute],
) -> rusqlite::Result<Page> {
    let list = database::list(ids);
    let mut found: BTreeMap<i64, Row> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, uuid, title, removed, created, modified, body FROM object
         WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let rows = statement.query_map([&list], |row| {
        Ok(Row {
            id: row.get(0)?,
            kind: row.get(1)?,
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
    let names = names(connection, &links)?;
    Ok(Page { rows: ids.iter().filter_map(|id| found.remove(id)).collect(), links, names })
}

fn links(
    connection: &Connection,
    list: &str,
    wanted: &[&'static Attribute],
) -> rusqlite::Result<BTreeMap<i64, Vec<(String, i64)>>> {
    let mut links: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    let refers = |attribute: &&&Attribute| matches!(attribute.kind, Kind::One(_) | Kind::Many(_));
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
        let Kind::Back { attribute, .. } = own.kind else {
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

fn names(
    connection: &Connection,
    links: &BTreeMap<i64, Vec<(String, i64)>>,
) -> rusqlite::Result<BTreeMap<i64, Name>> {
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
        .query_map([database::list(&targets)], |row| {
            let name = Name { uuid: row.get(1)?, kind: row.get(2)?, title: row.get(3)?, code: row.get(4)? };
            Ok((row.get(0)?, name))
        })?
        .collect()
}

impl Page {
    /// The answer: one JSON object for each, with the wanted attributes in the order of the class.
    pub(crate) fn render(&self, wanted: &[&'static Attribute], dialect: &Dialect) -> Vec<Map<String, Value>> {
        let rows = self.rows.iter();
        rows.map(|row| self.object(row, wanted, dialect)).collect()
    }

    fn object(&self, row: &Row, wanted: &[&'static Attribute], dialect: &Dialect) -> Map<String, Value> {
        let body: Map<String, Value> = serde_json::from_str(&row.body).unwrap_or_default();
        let links = self.links.get(&row.id).map_or(&[][..], Vec::as_slice);
        let value = |attribute: &Attribute| match attribute.kind {
            Kind::Column(column) => column_value(row, column, dialect),
            Kind::One(_) => self.references(links, attribute.code).next().unwrap_or_default(),
            Kind::Many(_) | Kind::Back { .. } => {
                Value::Array(self.references(links, attribute.code).collect())
            }
            kind => body.get(attribute.code).map_or(Value::Null, |stored| scalar(kind, stored, dialect)),
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
        of_code.filter_map(|(_, target)| Some(self.names.get(target)?.reference()))
    }
}

fn column_value(row: &Row, column: Column, dialect: &Dialect) -> Value {
    match column {
        Column::Uuid => json!(row.uuid),
        Column::MetaClass => json!(row.kind),
        Column::Title => json!(row.title),
        Column::Removed => json!(row.removed),
        Column::Created => json!(dialect.moment(row.created)),
        Column::Modified => json!(dialect.moment(row.modified)),
    }
}

fn scalar(kind: Kind, stored: &Value, dialect: &Dialect) -> Value {
    match (kind, stored) {
        (_, Value::Null) => Value::Null,
        (Kind::Moment, stored) => stored.as_i64().map_or(Value::Null, |at| json!(dialect.moment(at))),
        (Kind::Day, Value::String(stored)) => json!(dialect.day(stored)),
        (Kind::Interval, stored) => dialect.interval(stored),
        (_, stored) => stored.clone(),
    }
}

/// The attributes that `attrs` asks for: all where it is absent or empty; else in the order of the class.
///
/// The second part is what the class does not have.
pub(crate) fn wanted<'asked>(
    class: &'static Class,
    attrs: Option<&'asked str>,
) -> (Vec<&'static Attribute>, Vec<&'asked str>) {
    let asked: Vec<&str> = attrs.unwrap_or_default().split(',').filter(|code| !code.is_empty()).collect();
    if asked.is_empty() {
        return (class.attributes().collect(), Vec::new());
    }
    let known = class.attributes().filter(|attribute| asked.contains(&attribute.code));
    let unknown = asked.iter().filter(|code| class.attribute(code).is_none());
    (known.collect(), unknown.copied().collect())
}
