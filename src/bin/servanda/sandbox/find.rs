//! From the filter of `find` to rows: equality, AND, IN by list, by reference, as the stock interface has it.
//!
//! What the stock interface is not known to do (null, ranges, nested attributes, sets) is refused, so that a
//! client cannot come to lean on it.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use super::error::Refusal;
use super::model::{Attribute, Class, Column, Kind};
use super::options::Order;

/// One question to `find`.
#[derive(Debug)]
pub(crate) struct Question<'body> {
    /// The class asked.
    pub(crate) class: &'static Class,
    /// One type of it, or all.
    pub(crate) kind: Option<&'static str>,
    /// The filter.
    pub(crate) filter: &'body Map<String, Value>,
    /// How many objects are passed over.
    pub(crate) offset: u32,
    /// How many objects are given; all where there is none.
    pub(crate) limit: Option<u32>,
    /// Rows that are not found yet.
    pub(crate) hidden: Vec<i64>,
}

/// The rows that match, in the order that the switches say.
pub(crate) fn find(
    connection: &Connection,
    dialect: &Dialect,
    question: &Question,
) -> Result<Vec<i64>, Refusal> {
    let (sql, parameters) = select(dialect, question)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let parameters = rusqlite::params_from_iter(parameters);
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    rows.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}

fn select(dialect: &Dialect, question: &Question) -> Result<(String, Vec<Sql>), Refusal> {
    let mut conditions = Conditions::default();
    // SQLite keeps no figures about the tables here; a plus sign tells it not to take the index of all
    // objects of a class where the filter names few of them.
    let few = question.filter.keys().any(|code| names_few(question.class, code));
    let (kind, removed) = if few { ("+kind", "+removed") } else { ("kind", "removed") };
    conditions.removed = removed;
    conditions.among(kind, question.class.meta_classes(question.kind).into());
    for (code, asked) in question.filter {
        let attribute = question.class.attribute(code).ok_or_else(|| {
            let class = question.class.meta_class(question.kind);
            Refusal::invalid(format!("Атрибут '{code}' не найден в метаклассе '{class}'"))
        })?;
        conditions.attribute(attribute, asked, dialect)?;
    }
    let everywhere = question.filter.contains_key("removed") || dialect.options.find_gives_archived;
    if !everywhere {
        conditions.among(removed, json!(false));
    }
    if !question.hidden.is_empty() {
        let list = json!(question.hidden).to_string();
        let hidden = "id NOT IN (SELECT value FROM json_each(?))";
        conditions.add(hidden.to_owned(), Sql::Text(list));
    }
    let order = match dialect.options.order {
        Order::Stable => "id".to_owned(),
        Order::Reversed => "id DESC".to_owned(),
        Order::Touched => "modified DESC, id".to_owned(),
        Order::Shuffled(seed) => format!("((id + {seed}) * 2654435761) % 65521, id"),
    };
    let sql = format!(
        "SELECT id FROM object WHERE {} ORDER BY {order} LIMIT ? OFFSET ?",
        conditions.texts.join(" AND ")
    );
    let limit = question.limit.map_or(-1, i64::from);
    let mut parameters = conditions.parameters;
    parameters.push(Sql::Integer(limit));
    parameters.push(Sql::Integer(question.offset.into()));
    Ok((sql, parameters))
}

/// The parts of a WHERE clause, with a value for each question mark in them.
#[derive(Default)]
struct Conditions {
    removed: &'static str,
    texts: Vec<String>,
    parameters: Vec<Sql>,
}

impl Conditions {
    fn add(&mut self, text: String, parameter: Sql) {
        self.texts.push(text);
        self.parameters.push(parameter);
    }

    /// The expression is the value, or one of the list.
    fn among(&mut self, expression: &str, value: Value) {
        match value {
            Value::Array(list) if list.len() == 1 => {
                self.among(expression, list.into_iter().next().unwrap_or_default());
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
        attribute: &'static Attribute,
        asked: &Value,
        dialect: &Dialect,
    ) -> Result<(), Refusal> {
        let list = match asked {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let values = list.iter().map(|value| stored(attribute, value, dialect));
        let values = Value::Array(values.collect::<Option<Vec<_>>>().ok_or_else(|| {
            let code = attribute.code;
            Refusal::invalid(format!("Недопустимое значение атрибута '{code}' в условии поиска"))
        })?);
        match attribute.kind {
            Kind::Column(Column::Removed) => self.among(self.removed, values),
            Kind::Column(column) => self.among(column_name(column), values),
            Kind::One(_) => {
                let text = "id IN (SELECT owner FROM link JOIN object AS far ON far.id = link.target
                     WHERE attribute = ? AND far.uuid IN (SELECT value FROM json_each(?)))";
                self.add(text.to_owned(), Sql::Text(attribute.code.to_owned()));
                self.parameters.push(Sql::Text(values.to_string()));
            }
            _ => self.among(&format!("json_extract(body, '$.{}')", attribute.code), values),
        }
        Ok(())
    }
}

/// The stored form of a value in a filter; `None` where it cannot be asked for.
fn stored(attribute: &Attribute, value: &Value, dialect: &Dialect) -> Option<Value> {
    let moment = || Some(json!(dialect.read_moment(value.as_str()?)?));
    match attribute.kind {
        Kind::Column(Column::Created | Column::Modified) | Kind::Moment => moment(),
        Kind::Column(Column::Removed) | Kind::Flag => value.is_boolean().then(|| value.clone()),
        Kind::Day => Some(json!(dialect.read_day(value.as_str()?)?)),
        Kind::Count => value.is_i64().then(|| value.clone()),
        Kind::Column(_) | Kind::Text | Kind::State(_) | Kind::One(_) => {
            value.is_string().then(|| value.clone())
        }
        Kind::Interval | Kind::Many(_) | Kind::Back { .. } => None,
    }
}

/// Whether a filter on the attribute leads to few objects by an index of its own.
fn names_few(class: &Class, code: &str) -> bool {
    let refers = || class.attribute(code).is_some_and(|own| matches!(own.kind, Kind::One(_)));
    matches!(code, "UUID" | "title" | "inventoryNumber" | "idHolder") || refers()
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

    use super::{Question, select};
    use crate::sandbox::database::{self, DatabasePath};
    use crate::sandbox::dialect::Dialect;
    use crate::sandbox::model::Class;
    use crate::sandbox::options::SandboxOptions;

    /// How `SQLite` would go about a question.
    fn plan(fqn: &str, filter: &Value) -> String {
        let (connection, _) = database::open(&DatabasePath::Memory).expect("opens");
        let dialect = Dialect::new(SandboxOptions::default()).expect("the zone exists");
        let (class, kind) = Class::qualified(fqn).expect("a class");
        let question = Question {
            class,
            kind,
            filter: filter.as_object().expect("an object"),
            offset: 2000,
            limit: Some(1000),
            hidden: Vec::new(),
        };
        let (sql, parameters) = select(&dialect, &question).expect("a good question");
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = connection.prepare(&sql).expect("prepares");
        let parameters = rusqlite::params_from_iter(parameters);
        let lines = statement.query_map(parameters, |row| row.get::<_, String>(3));
        let lines: rusqlite::Result<Vec<String>> = lines.expect("explains").collect();
        lines.expect("explains").join("\n")
    }

    #[test]
    fn a_page_is_read_off_an_index_without_sorting() {
        let plan = plan("agreement$agreement", &json!({ "removed": false }));
        assert!(plan.contains("COVERING INDEX object_kind (kind=? AND removed=?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn a_mark_of_ownership_is_looked_up_and_not_searched_for() {
        for filter in [
            json!({ "inventoryNumber": "sv:a" }),
            json!({ "inventoryNumber": ["sv:a", "sv:b"], "removed": false }),
        ] {
            let plan = plan("agreement$agreement", &filter);
            assert!(plan.contains("INDEX object_inventory (<expr>=?)"), "{plan}");
        }
    }

    #[test]
    fn a_title_and_a_reference_are_looked_up_too() {
        let by_title = plan("ou", &json!({ "title": "x" }));
        assert!(by_title.contains("INDEX object_title (title=?"), "{by_title}");
        let by_link = plan("agreementRule", &json!({ "agreement": ["agreement$1"] }));
        assert!(by_link.contains("INDEX link_target (target=? AND attribute=?)"), "{by_link}");
    }
}
