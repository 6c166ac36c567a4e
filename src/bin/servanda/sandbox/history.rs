//! What was done to an agreement: who, when, which attribute, before and after, read through `find/event`.
//!
//! Values are kept as they were answered at the time, so that a later change of a title rewrites no history.
//! The class `event` is this helpdesk's own; the product is not known to have it.

use serde_json::{Map, Value, json};

use super::dialect::{Dialect, Name};
use super::error::Refusal;
use super::operations::Call;
use super::server::Inner;
use super::write::Hand;

/// The name under which history is asked for.
pub(crate) const CLASS: &str = "event";

/// Keeps one change of an object: the attribute with its value before and after, or none for a creation.
pub(crate) fn record(
    hand: &Hand,
    source: i64,
    action: &str,
    change: Option<(&str, &Value, &Value)>,
) -> Result<(), Refusal> {
    let (attribute, before, after) = match change {
        Some((attribute, before, after)) => {
            (Some(attribute), Some(before.to_string()), Some(after.to_string()))
        }
        None => (None, None, None),
    };
    hand.connection
        .prepare_cached(
            "INSERT INTO event (source, author, at, action, attribute, before, after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((source, hand.author, hand.now, action, attribute, before, after))?;
    Ok(())
}

/// The events of the objects that the filter's `source` names, the oldest first.
pub(crate) fn find(inner: &Inner, call: &Call, limit: Option<u32>) -> Result<Vec<Value>, Refusal> {
    let source = call.body.get("source").filter(|_| call.body.len() == 1);
    let sources = match source {
        Some(Value::String(uuid)) => json!([uuid]),
        Some(list @ Value::Array(_)) => list.clone(),
        _ => {
            return Err(Refusal::invalid("История ищется только по атрибуту 'source'"));
        }
    };
    let connection = inner.connection();
    let mut statement = connection.prepare_cached(
        "SELECT event.id, at, action, attribute, before, after,
                source.uuid, source.kind, source.title, author.uuid, author.kind, author.title
         FROM event
         JOIN object AS source ON source.id = event.source
         JOIN object AS author ON author.id = event.author
         WHERE source.uuid IN (SELECT value FROM json_each(?1))
         ORDER BY event.id LIMIT ?2 OFFSET ?3",
    )?;
    let parameters = (sources.to_string(), limit.map_or(-1, i64::from), call.offset);
    let rows = statement.query_map(parameters, |row| event(row, &inner.dialect))?;
    let cut = rows.map(|event| event.map(|event| cut(event, call.attrs)));
    cut.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}

fn event(row: &rusqlite::Row, dialect: &Dialect) -> rusqlite::Result<Value> {
    let kept = |column: usize| -> rusqlite::Result<Value> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or_default()))
    };
    let name = |column: usize| -> rusqlite::Result<Value> {
        let name = Name {
            uuid: row.get(column)?,
            kind: row.get(column + 1)?,
            title: row.get(column + 2)?,
            code: None,
        };
        Ok(name.reference())
    };
    Ok(json!({
        "UUID": format!("{CLASS}${}", row.get::<_, i64>(0)?),
        "metaClass": CLASS,
        "creationDate": dialect.moment(row.get(1)?),
        "action": row.get::<_, String>(2)?,
        "attribute": row.get::<_, Option<String>>(3)?,
        "before": kept(4)?,
        "after": kept(5)?,
        "source": name(6)?,
        "author": name(9)?,
    }))
}

/// Leaves of an event only what `attrs` asks for; all where it asks for nothing.
fn cut(event: Value, attrs: Option<&str>) -> Value {
    let asked: Vec<&str> = attrs.unwrap_or_default().split(',').filter(|code| !code.is_empty()).collect();
    match event {
        Value::Object(all) if !asked.is_empty() => {
            let kept = all.into_iter().filter(|(code, _)| asked.contains(&code.as_str()));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other,
    }
}
