//! Translates the filter of `find` to SQL: equality, several keys (and), lists (any of), and references by UUID.
//!
//! Filters that the product is not known to support (null, ranges, nested attributes, sets) are refused, so that a client
//! cannot depend on them.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::error::RequestError;
use super::model::{AttributeKind, ClassAttribute, Column, ObjectClass};
use super::options::FindOrder;
use super::wire_format::WireFormat;

/// The parameters of `find`.
#[derive(Debug)]
pub(super) struct FindQuery<'body> {
    /// The class to search.
    pub(super) class: &'static ObjectClass,
    /// One type of it; all types if absent.
    pub(super) kind: Option<&'static str>,
    /// The filter.
    pub(super) filter: &'body Map<String, Value>,
    /// The way many objects to skip.
    pub(super) offset: u32,
    /// The way many objects to return at most; all if absent.
    pub(super) limit: Option<u32>,
    /// The number of the request.
    pub(super) request: u64,
    /// Rows that the search index does not contain yet.
    pub(super) hidden: Vec<i64>,
}

/// Finds the matching rows, in the order that the options select.
pub(super) fn find(
    connection: &Connection,
    wire_format: &WireFormat,
    query: &FindQuery,
) -> Result<Vec<i64>, RequestError> {
    let (sql, parameters) = select(wire_format, query)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let parameters = rusqlite::params_from_iter(parameters);
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    rows.collect::<rusqlite::Result<_>>().map_err(RequestError::from)
}

fn select(wire_format: &WireFormat, query: &FindQuery) -> Result<(String, Vec<Sql>), RequestError> {
    let mut conditions = WhereClause::default();
    // SQLite has no statistics of these tables. The plus sign keeps it from choosing the index over all objects of a
    // class if the filter has a more selective index.
    let is_selective_filter = query.filter.keys().any(|code| is_selective(query.class, code));
    let (kind, removed) = if is_selective_filter { ("+kind", "+removed") } else { ("kind", "removed") };
    conditions.removed = removed;
    conditions.equals_any(kind, query.class.meta_classes(query.kind).into());
    let attribute = |(code, wanted): (&String, _)| match query.class.attribute(code) {
        Some(attribute) => Ok((attribute, wanted)),
        None => Err(RequestError::unknown_attribute(code, &query.class.meta_class(query.kind))),
    };
    let mut filter = query.filter.iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    filter.sort_by_key(|(attribute, _)| reference_rank(attribute));
    for (attribute, wanted) in filter {
        conditions.attribute(attribute, wanted, wire_format)?;
    }
    let with_archived = query.filter.contains_key("removed") || wire_format.options.find_gives_archived;
    if !with_archived {
        conditions.equals_any(removed, json!(false));
    }
    if !query.hidden.is_empty() {
        let list = json!(query.hidden).to_string();
        let hidden = "id NOT IN (SELECT value FROM json_each(?))";
        conditions.add(hidden.to_owned(), Sql::Text(list));
    }
    let order = match wire_format.options.order {
        FindOrder::Stable => "id".to_owned(),
        FindOrder::Reversed => "id DESC".to_owned(),
        FindOrder::Touched => "modified DESC, id".to_owned(),
        FindOrder::Shuffled(seed) => shuffled(seed.into()),
        FindOrder::Changing => shuffled(query.request),
    };
    let sql = format!(
        "SELECT id FROM object WHERE {} ORDER BY {order} LIMIT ? OFFSET ?",
        conditions.texts.join(" AND ")
    );
    let limit = query.limit.map_or(-1, i64::from);
    let mut parameters = conditions.parameters;
    parameters.push(Sql::Integer(limit));
    parameters.push(Sql::Integer(query.offset.into()));
    Ok((sql, parameters))
}

fn shuffled(seed: u64) -> String {
    format!("((id + {seed}) * 2654435761) % 65521, id")
}

/// The rank of a condition among those of a filter: a reference to an object that few others refer to comes first.
fn reference_rank(attribute: &ClassAttribute) -> u8 {
    match attribute.kind {
        AttributeKind::Reference(["priority" | "servicetime" | "slmService"]) => 2,
        AttributeKind::Reference(_) => 1,
        _ => 0,
    }
}

/// The conditions of a WHERE clause, with a parameter for each placeholder.
#[derive(Default)]
struct WhereClause {
    removed: &'static str,
    /// Whether a reference selects the objects already. A further one is asked of each of them, since a list of all
    /// objects with one priority would be made for every request.
    has_reference: bool,
    texts: Vec<String>,
    parameters: Vec<Sql>,
}

impl WhereClause {
    fn add(&mut self, text: String, parameter: Sql) {
        self.texts.push(text);
        self.parameters.push(parameter);
    }

    /// Adds the condition that an expression equals a value, or one value of a list.
    fn equals_any(&mut self, expression: &str, value: Value) {
        match value {
            Value::Array(list) if list.len() == 1 => {
                self.equals_any(expression, list.into_iter().next().unwrap_or_default());
            }
            Value::Array(list) => {
                let text = format!("{expression} IN (SELECT value FROM json_each(?))");
                self.add(text, Sql::Text(Value::Array(list).to_string()));
            }
            Value::Bool(flag) => self.add(format!("{expression} = ?"), Sql::Integer(flag.into())),
            Value::Number(number) => {
                let parameter = number.as_i64().map_or(Sql::Null, Sql::Integer);
                self.add(format!("{expression} = ?"), parameter);
            }
            Value::String(text) => self.add(format!("{expression} = ?"), Sql::Text(text)),
            Value::Null | Value::Object(_) => self.texts.push("0".to_owned()),
        }
    }

    fn attribute(
        &mut self,
        attribute: &'static ClassAttribute,
        wanted: &Value,
        wire_format: &WireFormat,
    ) -> Result<(), RequestError> {
        let list = match wanted {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let values = list.iter().map(|value| stored_value(attribute, value, wire_format));
        let values = Value::Array(values.collect::<Option<Vec<_>>>().ok_or_else(|| {
            let code = attribute.code;
            RequestError::invalid(format!("Недопустимое значение атрибута '{code}' в условии поиска"))
        })?);
        match attribute.kind {
            AttributeKind::Column(Column::Removed) => self.equals_any(self.removed, values),
            AttributeKind::Column(column) => self.equals_any(column_name(column), values),
            AttributeKind::Reference(_) => {
                let mut targets = Self::default();
                targets.equals_any("target.uuid", values);
                let is_target = targets.texts.concat();
                let text = if self.has_reference {
                    format!(
                        "EXISTS (SELECT 1 FROM link JOIN object AS target ON target.id = link.target
                         WHERE link.owner = object.id AND attribute = ? AND {is_target})"
                    )
                } else {
                    format!(
                        "id IN (SELECT owner FROM link JOIN object AS target ON target.id = link.target
                         WHERE attribute = ? AND {is_target})"
                    )
                };
                self.has_reference = true;
                self.add(text, Sql::Text(attribute.code.to_owned()));
                self.parameters.append(&mut targets.parameters);
            }
            _ => self.equals_any(&format!("json_extract(body, '$.{}')", attribute.code), values),
        }
        Ok(())
    }
}

/// The stored form of a value in a filter; `None` if a filter cannot contain it.
fn stored_value(attribute: &ClassAttribute, value: &Value, wire_format: &WireFormat) -> Option<Value> {
    let instant = || Some(json!(wire_format.parse_instant(value.as_str()?)?));
    match attribute.kind {
        AttributeKind::Column(Column::Created | Column::Modified) | AttributeKind::Instant => instant(),
        AttributeKind::Column(Column::Removed) | AttributeKind::Flag => {
            value.is_boolean().then(|| value.clone())
        }
        AttributeKind::LocalDate => Some(json!(wire_format.parse_local_date(value.as_str()?)?)),
        AttributeKind::Integer => value.is_i64().then(|| value.clone()),
        AttributeKind::Column(_)
        | AttributeKind::Text
        | AttributeKind::State(_)
        | AttributeKind::Reference(_) => value.is_string().then(|| value.clone()),
        AttributeKind::Duration | AttributeKind::ReferenceSet(_) | AttributeKind::BackReference { .. } => {
            None
        }
    }
}

/// Whether the attribute has an index of its own and a value selects few objects.
fn is_selective(class: &ObjectClass, code: &str) -> bool {
    let is_reference =
        || class.attribute(code).is_some_and(|own| matches!(own.kind, AttributeKind::Reference(_)));
    matches!(code, "UUID" | "title" | "inventoryNumber" | "idHolder") || is_reference()
}

fn column_name(column: Column) -> &'static str {
    match column {
        Column::Uuid => "uuid",
        Column::MetaClass => "kind",
        Column::Title => "title",
        Column::Removed => "removed",
        Column::Created => "created",
        Column::Modified => "modified",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FindQuery, select};
    use crate::sandbox::database::{self, DatabasePath};
    use crate::sandbox::model::ObjectClass;
    use crate::sandbox::options::SandboxOptions;
    use crate::sandbox::wire_format::WireFormat;

    /// The plan of `SQLite` for a query.
    fn plan(fqn: &str, filter: &Value) -> String {
        let (connection, _) = database::open(&DatabasePath::Memory).expect("opens");
        let wire_format = WireFormat::new(SandboxOptions::default()).expect("the zone exists");
        let (class, kind) = ObjectClass::parse_fqn(fqn).expect("a class");
        let query = FindQuery {
            class,
            kind,
            filter: filter.as_object().expect("an object"),
            offset: 2000,
            limit: Some(1000),
            request: 1,
            hidden: Vec::new(),
        };
        let (sql, parameters) = select(&wire_format, &query).expect("a valid query");
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = connection.prepare(&sql).expect("prepares");
        let parameters = rusqlite::params_from_iter(parameters);
        let lines = statement.query_map(parameters, |row| row.get::<_, String>(3));
        let lines: rusqlite::Result<Vec<String>> = lines.expect("explains").collect();
        lines.expect("explains").join("\n")
    }

    #[test]
    fn a_page_is_read_from_an_index_without_sorting() {
        let plan = plan("agreement$agreement", &json!({ "removed": false }));
        assert!(plan.contains("COVERING INDEX object_kind (kind=? AND removed=?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn an_ownership_key_is_found_by_its_index() {
        for filter in [
            json!({ "inventoryNumber": "sv:a" }),
            json!({ "inventoryNumber": ["sv:a", "sv:b"], "removed": false }),
        ] {
            let plan = plan("agreement$agreement", &filter);
            assert!(plan.contains("INDEX object_inventory (<expr>=?)"), "{plan}");
        }
    }

    #[test]
    fn titles_and_references_are_found_by_their_indexes() {
        let by_title = plan("ou", &json!({ "title": "x" }));
        assert!(by_title.contains("INDEX object_title (title=?"), "{by_title}");
        let by_link = plan("agreementRule", &json!({ "agreement": ["agreement$1"] }));
        assert!(by_link.contains("INDEX link_target (target=? AND attribute=?)"), "{by_link}");
    }

    #[test]
    fn a_second_reference_is_asked_of_the_objects_that_the_first_selects() {
        let filter = json!({ "priority": "priority$1", "agreement": "agreement$1" });
        let plan = plan("agreementRule", &filter);
        assert_eq!(plan.matches("INDEX link_target (target=? AND attribute=?)").count(), 1, "{plan}");
        assert!(plan.contains("INDEX link_target (target=? AND attribute=? AND owner=?)"), "{plan}");
    }
}
