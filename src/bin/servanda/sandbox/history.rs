//! The change history of agreements and rules, read through `find/event`.
//!
//! Values are stored in the form of responses at that time, so a later change of a title does not change the history.
//! The class `event` is invented; the product is not known to have it.

use serde_json::{Map, Value, json};

use super::error::RequestError;
use super::request::{ApiRequest, attribute_codes};
use super::session::WriteSession;
use super::state::SandboxState;
use super::wire_format::{ObjectReference, WireFormat};

/// The class name of the history.
pub(super) const HISTORY_CLASS: &str = "event";

/// Records one change of an object: the attribute with its values before and after, or `None` for a creation.
pub(super) fn record(
    session: &WriteSession,
    source: i64,
    action: &str,
    change: Option<(&str, &Value, &Value)>,
) -> Result<(), RequestError> {
    let (attribute, before, after) = match change {
        Some((attribute, before, after)) => {
            (Some(attribute), Some(before.to_string()), Some(after.to_string()))
        }
        None => (None, None, None),
    };
    session
        .connection
        .prepare_cached(
            "INSERT INTO event (source, author, at, action, attribute, before, after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((source, session.author, session.now, action, attribute, before, after))?;
    Ok(())
}

/// Finds the events of the objects that the filter names in `source`, the oldest first.
pub(super) fn find(
    state: &SandboxState,
    request: &ApiRequest,
    limit: Option<u32>,
) -> Result<Vec<Value>, RequestError> {
    let source = request.body.get("source").filter(|_| request.body.len() == 1);
    let sources = match source {
        Some(Value::String(uuid)) => json!([uuid]),
        Some(list @ Value::Array(_)) => list.clone(),
        _ => {
            return Err(RequestError::invalid("История ищется только по атрибуту 'source'"));
        }
    };
    let connection = state.connection();
    let mut statement = connection.prepare_cached(
        "SELECT event.id, at, action, attribute, before, after,
                source.uuid, source.kind, source.title, author.uuid, author.kind, author.title
         FROM event
         JOIN object AS source ON source.id = event.source
         JOIN object AS author ON author.id = event.author
         WHERE source.uuid IN (SELECT value FROM json_each(?1))
         ORDER BY event.id LIMIT ?2 OFFSET ?3",
    )?;
    let parameters = (sources.to_string(), limit.map_or(-1, i64::from), request.offset);
    let rows = statement.query_map(parameters, |row| event(row, &state.wire_format))?;
    let events = rows.map(|event| event.map(|event| select(event, request.attrs)));
    events.collect::<rusqlite::Result<_>>().map_err(RequestError::from)
}

fn event(row: &rusqlite::Row, wire_format: &WireFormat) -> rusqlite::Result<Value> {
    let stored = |column: usize| -> rusqlite::Result<Value> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or_default()))
    };
    let reference = |column: usize| -> rusqlite::Result<Value> {
        let reference = ObjectReference {
            uuid: row.get(column)?,
            meta_class: row.get(column + 1)?,
            title: row.get(column + 2)?,
            code: None,
        };
        Ok(reference.to_json())
    };
    Ok(json!({
        "UUID": format!("{HISTORY_CLASS}${}", row.get::<_, i64>(0)?),
        "metaClass": HISTORY_CLASS,
        "creationDate": wire_format.format_instant(row.get(1)?),
        "action": row.get::<_, String>(2)?,
        "attribute": row.get::<_, Option<String>>(3)?,
        "before": stored(4)?,
        "after": stored(5)?,
        "source": reference(6)?,
        "author": reference(9)?,
    }))
}

/// Selects the attributes of an event that `attrs` names; all if it names none.
fn select(event: Value, attrs: Option<&str>) -> Value {
    let codes = attribute_codes(attrs);
    match event {
        Value::Object(all) if !codes.is_empty() => {
            let selected = all.into_iter().filter(|(code, _)| codes.contains(&code.as_str()));
            Value::Object(selected.collect::<Map<_, _>>())
        }
        other => other,
    }
}
