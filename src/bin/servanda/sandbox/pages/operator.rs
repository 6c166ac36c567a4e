//! The operator's pages: the list of agreements, and one agreement with its targets and history.

use std::collections::BTreeMap;

use rusqlite::{Connection, Result as SqlResult};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use servanda::render::sandbox_pages::{
    AgreementList, AgreementPage, AgreementRow, AgreementRule, HistoryEntry,
};

use crate::sandbox::database::{self, ObjectHandle};
use crate::sandbox::error::RequestError;
use crate::sandbox::model::{AGREEMENT_STATES, AttributeKind, ClassAttribute, ObjectClass};
use crate::sandbox::operations;
use crate::sandbox::read;
use crate::sandbox::state::SandboxState;

/// The number of agreements that a page of the list contains.
const PAGE_SIZE: usize = 100;

/// The number of history entries that a page contains.
const HISTORY_LIMIT: u32 = 500;

/// The filter value for archived agreements, besides the states.
const ARCHIVED: &str = "archived";

/// The query of the operator's list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ListParameters {
    #[serde(default)]
    text: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: usize,
}

/// An agreement of the list with the values that only the search needs.
struct FoundAgreement {
    id: i64,
    row: AgreementRow,
    contract_number: Option<String>,
}

/// The agreements that match the query, the last modified first.
pub(super) fn agreements(
    state: &SandboxState,
    parameters: &ListParameters,
) -> Result<AgreementList, RequestError> {
    let connection = state.connection();
    let text = parameters.text.trim().to_lowercase();
    let mut found = all_agreements(&connection)?;
    found.retain(|found| contains_text(found, &text));
    let states = AGREEMENT_STATES.iter().chain([&ARCHIVED]).map(|state| {
        let number = found.iter().filter(|found| state_of(&found.row) == *state).count();
        ((*state).to_owned(), number)
    });
    let states = states.collect();
    let wanted = Some(parameters.state.clone()).filter(|state| !state.is_empty());
    found.retain(|found| wanted.as_deref().is_none_or(|wanted| state_of(&found.row) == wanted));
    let pages = found.len().div_ceil(PAGE_SIZE).max(1);
    let page = parameters.page.clamp(1, pages);
    let number = found.len();
    let mut shown: Vec<FoundAgreement> =
        found.into_iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE).collect();
    add_recipients_and_authors(&connection, &mut shown)?;
    Ok(AgreementList {
        rows: shown.into_iter().map(|found| found.row).collect(),
        states,
        found: number,
        text: parameters.text.clone(),
        state: wanted,
        page,
        pages,
    })
}

fn state_of(row: &AgreementRow) -> &str {
    if row.archived { ARCHIVED } else { &row.state }
}

fn contains_text(found: &FoundAgreement, text: &str) -> bool {
    let values = [Some(&found.row.title), found.row.ownership_key.as_ref(), found.contract_number.as_ref()];
    text.is_empty() || values.into_iter().flatten().any(|value| value.to_lowercase().contains(text))
}

fn all_agreements(connection: &Connection) -> Result<Vec<FoundAgreement>, RequestError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, uuid, title, removed, modified, json_extract(body, '$.state'),
                json_extract(body, '$.inventoryNumber'), json_extract(body, '$.contractNumber'),
                json_extract(body, '$.startDate'), json_extract(body, '$.endDate')
         FROM object WHERE class = 'agreement' ORDER BY modified DESC, id DESC",
    )?;
    let rows = statement.query_map([], |row| {
        let agreement = AgreementRow {
            uuid: row.get(1)?,
            title: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            archived: row.get(3)?,
            changed_at: row.get(4)?,
            changed_by: None,
            state: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            ownership_key: row.get::<_, Option<String>>(6)?.filter(|key| !key.is_empty()),
            first_day: row.get(8)?,
            last_day: row.get(9)?,
            recipients: Vec::new(),
        };
        Ok(FoundAgreement { id: row.get(0)?, row: agreement, contract_number: row.get(7)? })
    })?;
    rows.collect::<SqlResult<_>>().map_err(RequestError::from)
}

/// Adds the recipients, and the author of the last change.
fn add_recipients_and_authors(
    connection: &Connection,
    shown: &mut [FoundAgreement],
) -> Result<(), RequestError> {
    let ids: Vec<i64> = shown.iter().map(|found| found.id).collect();
    let list = database::json_list(&ids);
    let mut recipients: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT owner, recipient.title FROM link JOIN object AS recipient ON recipient.id = target
         WHERE owner IN (SELECT value FROM json_each(?1)) AND attribute IN ('recipientsOU', 'recipientsEmployee')
         ORDER BY owner, target",
    )?;
    for row in statement.query_map([&list], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))? {
        let (owner, title) = row?;
        recipients.entry(owner).or_default().extend(title);
    }
    let mut statement = connection.prepare_cached(
        "SELECT source, employee.title FROM event JOIN object AS employee ON employee.id = author
         WHERE event.id IN (SELECT max(id) FROM event WHERE source IN (SELECT value FROM json_each(?1)) GROUP BY source)",
    )?;
    let authors = statement.query_map([&list], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut authors: BTreeMap<i64, Option<String>> = authors.collect::<SqlResult<_>>()?;
    for found in shown {
        found.row.recipients = recipients.remove(&found.id).unwrap_or_default();
        found.row.changed_by = authors.remove(&found.id).flatten();
    }
    Ok(())
}

/// The page of one agreement.
pub(super) fn agreement(state: &SandboxState, uuid: &str) -> Result<AgreementPage, RequestError> {
    let handle = operations::existing_object(&state.connection(), uuid)?;
    if handle.class.name != "agreement" {
        return Err(RequestError::NotFound(uuid.to_owned()));
    }
    let connection = state.connection();
    let mut found = all_agreements(&connection)?;
    found.retain(|found| found.id == handle.id);
    add_recipients_and_authors(&connection, &mut found)?;
    let row = found.into_iter().next().map(|found| found.row);
    let rules = rules(state, &connection, &handle)?;
    let mut sources: Vec<(i64, Option<String>)> = vec![(handle.id, None)];
    sources.extend(rules.iter().map(|(id, title, _)| (*id, Some(title.clone()))));
    let mut rules: Vec<AgreementRule> = rules.into_iter().map(|(_, _, rule)| rule).collect();
    rules.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(AgreementPage {
        agreement: row.ok_or_else(|| RequestError::NotFound(uuid.to_owned()))?,
        attributes: attributes(state, &connection, &handle)?,
        rules,
        history: history(&connection, &sources)?,
    })
}

fn attributes(
    state: &SandboxState,
    connection: &Connection,
    handle: &ObjectHandle,
) -> Result<Vec<(String, Value)>, RequestError> {
    // The heading shows the columns; the history shows instants, in the time zone of the pages.
    let attributes = handle.class.attributes();
    let shown: Vec<_> = attributes
        .filter(|own| !matches!(own.kind, AttributeKind::Column(_) | AttributeKind::Instant))
        .collect();
    let page = read::read(connection, &[handle.id], &shown)?;
    let object = page.to_json(&shown, &state.wire_format).into_iter().next().unwrap_or_default();
    let has_value = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    Ok(object.into_iter().filter(|(_, value)| has_value(value)).collect())
}

/// The rules of an agreement, each with its row and title.
fn rules(
    state: &SandboxState,
    connection: &Connection,
    agreement: &ObjectHandle,
) -> Result<Vec<(i64, String, AgreementRule)>, RequestError> {
    let class = ObjectClass::named("agreementRule").expect("the model has the class of rules");
    let attributes: Vec<&'static ClassAttribute> = class.attributes().collect();
    let mut rules = Vec::new();
    for id in database::owners(connection, agreement.id, "agreement")? {
        let page = read::read(connection, &[id], &attributes)?;
        let object = page.to_json(&attributes, &state.wire_format).into_iter().next().unwrap_or_default();
        // Service requests refer to agreements by an attribute with the same code.
        if object.get("metaClass") != Some(&json!(class.meta_class(class.types.first().copied()))) {
            continue;
        }
        let rule = rule(&object);
        let parts = [rule.service.as_deref(), rule.priority.as_deref()];
        let title = parts.into_iter().flatten().collect::<Vec<_>>().join(" / ");
        if object.get("removed") != Some(&json!(true)) {
            rules.push((id, title, rule));
        }
    }
    Ok(rules)
}

fn rule(object: &Map<String, Value>) -> AgreementRule {
    let title = |code: &str| object.get(code)?["title"].as_str().map(str::to_owned);
    let duration = |code: &str| object.get(code).cloned().unwrap_or_default();
    AgreementRule {
        service: title("service"),
        priority: title("priority"),
        calendar: title("serviceTime"),
        response: duration("reactionTime"),
        resolution: duration("resolutionTime"),
    }
}

/// The history of an agreement and its rules, the newest first.
fn history(
    connection: &Connection,
    sources: &[(i64, Option<String>)],
) -> Result<Vec<HistoryEntry>, RequestError> {
    let ids: Vec<i64> = sources.iter().map(|(id, _)| *id).collect();
    let mut statement = connection.prepare_cached(
        "SELECT source, at, attribute, before, after, author.title
         FROM event JOIN object AS author ON author.id = event.author
         WHERE source IN (SELECT value FROM json_each(?1)) ORDER BY event.id DESC LIMIT ?2",
    )?;
    let stored =
        |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let rows = statement.query_map((database::json_list(&ids), HISTORY_LIMIT), |row| {
        let source: i64 = row.get(0)?;
        Ok(HistoryEntry {
            at: row.get(1)?,
            author: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            rule: sources.iter().find(|(id, _)| *id == source).and_then(|(_, title)| title.clone()),
            attribute: row.get(2)?,
            before: stored(row.get(3)?),
            after: stored(row.get(4)?),
        })
    })?;
    rows.collect::<SqlResult<_>>().map_err(RequestError::from)
}
