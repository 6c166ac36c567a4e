//! What the operator sees: agreements with their state, dates, marks and history. Reads, and changes nothing.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Map, Value, json};
use servanda::render::sandbox_pages::{Agreements, Event, Line, Rule, Sheet};

use super::routes::{Asked, title};
use crate::sandbox::database::{self, Handle};
use crate::sandbox::error::Refusal;
use crate::sandbox::model::{AGREEMENT_STATES, Attribute, Class, Kind};
use crate::sandbox::operations;
use crate::sandbox::read;
use crate::sandbox::server::Inner;

/// How many agreements one page has.
const PAGE: usize = 100;

/// The word for what is in the archive, beside the states.
const ARCHIVED: &str = "archived";

/// An agreement with what it is found by.
struct Found {
    id: i64,
    line: Line,
    number: Option<String>,
}

/// The agreements that are asked for, those that changed last first.
pub(super) fn list(inner: &Inner, asked: &Asked) -> Result<Agreements, Refusal> {
    let connection = inner.connection();
    let wanted = asked.text.trim().to_lowercase();
    let mut found = all(&connection)?;
    found.retain(|found| matches(found, &wanted));
    let states = AGREEMENT_STATES.iter().chain([&ARCHIVED]).map(|state| {
        let number = found.iter().filter(|found| state_of(&found.line) == *state).count();
        ((*state).to_owned(), number)
    });
    let states = states.collect();
    let state = Some(asked.state.clone()).filter(|state| !state.is_empty());
    found.retain(|found| state.as_deref().is_none_or(|state| state_of(&found.line) == state));
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = asked.page.clamp(1, pages);
    let number = found.len();
    let mut shown: Vec<Found> = found.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
    complete(&connection, &mut shown)?;
    Ok(Agreements {
        rows: shown.into_iter().map(|found| found.line).collect(),
        states,
        found: number,
        text: asked.text.clone(),
        state,
        page,
        pages,
    })
}

fn state_of(line: &Line) -> &str {
    if line.removed { ARCHIVED } else { &line.state }
}

fn matches(found: &Found, wanted: &str) -> bool {
    let texts = [Some(&found.line.title), found.line.mark.as_ref(), found.number.as_ref()];
    wanted.is_empty() || texts.into_iter().flatten().any(|text| text.to_lowercase().contains(wanted))
}

fn all(connection: &Connection) -> Result<Vec<Found>, Refusal> {
    let mut statement = connection.prepare_cached(
        "SELECT id, uuid, title, removed, modified, json_extract(body, '$.state'),
                json_extract(body, '$.inventoryNumber'), json_extract(body, '$.contractNumber'),
                json_extract(body, '$.startDate'), json_extract(body, '$.endDate')
         FROM object WHERE class = 'agreement' ORDER BY modified DESC, id DESC",
    )?;
    let rows = statement.query_map([], |row| {
        let line = Line {
            uuid: row.get(1)?,
            title: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            removed: row.get(3)?,
            changed: (row.get(4)?, None),
            state: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            mark: row.get::<_, Option<String>>(6)?.filter(|mark| !mark.is_empty()),
            first_day: row.get(8)?,
            last_day: row.get(9)?,
            recipients: Vec::new(),
        };
        Ok(Found { id: row.get(0)?, line, number: row.get(7)? })
    })?;
    rows.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}

/// Adds recipients, and who changed it last.
fn complete(connection: &Connection, shown: &mut [Found]) -> Result<(), Refusal> {
    let ids: Vec<i64> = shown.iter().map(|found| found.id).collect();
    let list = database::list(&ids);
    let mut recipients: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT owner, far.title FROM link JOIN object AS far ON far.id = target
         WHERE owner IN (SELECT value FROM json_each(?1)) AND attribute IN ('recipientsOU', 'recipientsEmployee')
         ORDER BY owner, target",
    )?;
    for row in statement.query_map([&list], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))? {
        let (owner, title) = row?;
        recipients.entry(owner).or_default().extend(title);
    }
    let mut statement = connection.prepare_cached(
        "SELECT source, far.title FROM event JOIN object AS far ON far.id = author
         WHERE event.id IN (SELECT max(id) FROM event WHERE source IN (SELECT value FROM json_each(?1)) GROUP BY source)",
    )?;
    let authors = statement.query_map([&list], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut authors: BTreeMap<i64, Option<String>> = authors.collect::<rusqlite::Result<_>>()?;
    for found in shown {
        found.line.recipients = recipients.remove(&found.id).unwrap_or_default();
        found.line.changed.1 = authors.remove(&found.id).flatten();
    }
    Ok(())
}

/// Everything about one agreement.
pub(super) fn sheet(inner: &Inner, uuid: &str) -> Result<Sheet, Refusal> {
    let handle = operations::present(inner, uuid)?;
    if handle.class.name != "agreement" {
        return Err(Refusal::Absent(uuid.to_owned()));
    }
    let connection = inner.connection();
    let mut found = all(&connection)?;
    found.retain(|found| found.id == handle.id);
    complete(&connection, &mut found)?;
    let line = found.into_iter().next().map(|found| found.line);
    let rules = rules(inner, &connection, &handle)?;
    let mut sources: Vec<(i64, Option<String>)> = vec![(handle.id, None)];
    sources.extend(rules.iter().map(|(id, name, _)| (*id, Some(name.clone()))));
    let mut rules: Vec<Rule> = rules.into_iter().map(|(_, _, rule)| rule).collect();
    rules.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(Sheet {
        line: line.ok_or_else(|| Refusal::Absent(uuid.to_owned()))?,
        facts: facts(inner, &connection, &handle)?,
        rules,
        history: history(&connection, &sources)?,
    })
}

fn facts(inner: &Inner, connection: &Connection, handle: &Handle) -> Result<Vec<(String, Value)>, Refusal> {
    // The heading has what every object has; moments stand in the history, by the clock of the pages.
    let attributes = handle.class.attributes();
    let shown: Vec<_> =
        attributes.filter(|own| !matches!(own.kind, Kind::Column(_) | Kind::Moment)).collect();
    let page = read::read(connection, &[handle.id], &shown)?;
    let object = page.render(&shown, &inner.dialect).into_iter().next().unwrap_or_default();
    let says_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    Ok(object.into_iter().filter(|(_, value)| says_something(value)).collect())
}

/// The rules of an agreement, each with its row and what to call it.
fn rules(
    inner: &Inner,
    connection: &Connection,
    agreement: &Handle,
) -> Result<Vec<(i64, String, Rule)>, Refusal> {
    let class = Class::named("agreementRule").expect("the model has rules");
    let attributes: Vec<&'static Attribute> = class.attributes().collect();
    let mut rules = Vec::new();
    for id in database::owners(connection, agreement.id, "agreement")? {
        let page = read::read(connection, &[id], &attributes)?;
        let object = page.render(&attributes, &inner.dialect).into_iter().next().unwrap_or_default();
        // Requests refer to agreements by an attribute of the same name.
        if object.get("metaClass") != Some(&json!(class.meta_class(class.types.first().copied()))) {
            continue;
        }
        let rule = rule(&object);
        let parts = [rule.service.as_deref(), rule.priority.as_deref()];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" / ");
        if object.get("removed") != Some(&json!(true)) {
            rules.push((id, name, rule));
        }
    }
    Ok(rules)
}

fn rule(object: &Map<String, Value>) -> Rule {
    let titled = |code: &str| object.get(code).and_then(title);
    let time = |code: &str| object.get(code).cloned().unwrap_or_default();
    Rule {
        service: titled("service"),
        priority: titled("priority"),
        hours: titled("serviceTime"),
        response: time("reactionTime"),
        resolution: time("resolutionTime"),
    }
}

/// What was done to these objects, the newest first.
fn history(connection: &Connection, sources: &[(i64, Option<String>)]) -> Result<Vec<Event>, Refusal> {
    let ids: Vec<i64> = sources.iter().map(|(id, _)| *id).collect();
    let mut statement = connection.prepare_cached(
        "SELECT source, at, attribute, before, after, author.title
         FROM event JOIN object AS author ON author.id = event.author
         WHERE source IN (SELECT value FROM json_each(?1)) ORDER BY event.id DESC LIMIT 500",
    )?;
    let kept =
        |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let rows = statement.query_map([database::list(&ids)], |row| {
        let source: i64 = row.get(0)?;
        Ok(Event {
            at: row.get(1)?,
            who: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            rule: sources.iter().find(|(id, _)| *id == source).and_then(|(_, name)| name.clone()),
            attribute: row.get(2)?,
            before: kept(row.get(3)?),
            after: kept(row.get(4)?),
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}
