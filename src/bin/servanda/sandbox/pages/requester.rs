//! What a client sees: who one may be, what may be asked for, and what was asked for. Reads, and changes nothing.

use std::collections::BTreeMap;

use rusqlite::Connection;
use servanda::render::sandbox_pages::{Asked, Client, Portal};

use crate::sandbox::error::Refusal;
use crate::sandbox::operations;
use crate::sandbox::portal;
use crate::sandbox::server::Inner;

/// How many requests are shown.
const REQUESTS: u32 = 50;

/// All companies with their departments, and how much each may ask for.
pub(super) fn clients(inner: &Inner) -> Result<Vec<Client>, Refusal> {
    let connection = inner.connection();
    let offered = portal::offered_by_unit(&connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT unit.id, unit.uuid, unit.title, unit.kind, link.target FROM object AS unit
         LEFT JOIN link ON link.owner = unit.id AND link.attribute = 'parent'
         WHERE unit.class = 'ou' AND unit.removed = 0 ORDER BY unit.title, unit.id",
    )?;
    let rows = statement.query_map([], |row| {
        let id: i64 = row.get(0)?;
        let client = Client {
            uuid: row.get(1)?,
            title: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            offered: offered.get(&id).copied().unwrap_or_default(),
            departments: Vec::new(),
        };
        Ok((id, client, row.get::<_, String>(3)? == "ou$company", row.get::<_, Option<i64>>(4)?))
    })?;
    let mut companies: Vec<(i64, Client)> = Vec::new();
    let mut departments: BTreeMap<i64, Vec<Client>> = BTreeMap::new();
    for row in rows {
        match row? {
            (_, client, false, Some(parent)) => departments.entry(parent).or_default().push(client),
            (id, client, ..) => companies.push((id, client)),
        }
    }
    let whole = companies.into_iter().map(|(id, mut client)| {
        client.departments = departments.remove(&id).unwrap_or_default();
        client
    });
    Ok(whole.collect())
}

/// The portal of a unit.
pub(super) fn portal(inner: &Inner, uuid: &str) -> Result<Portal, Refusal> {
    let handle = operations::present(inner, uuid)?;
    if handle.class.name != "ou" {
        return Err(Refusal::Absent(uuid.to_owned()));
    }
    let connection = inner.connection();
    let title: Option<String> =
        connection.query_row("SELECT title FROM object WHERE id = ?1", [handle.id], |row| row.get(0))?;
    Ok(Portal {
        client: Client { uuid: uuid.to_owned(), title: title.unwrap_or_default(), ..Client::default() },
        offers: portal::offered(&connection, handle.id)?,
        people: people(&connection, handle.id)?,
        requests: requests(&connection, handle.id)?,
        ..Portal::default()
    })
}

fn people(connection: &Connection, unit: i64) -> Result<Vec<(String, String)>, Refusal> {
    let mut statement = connection.prepare_cached(
        "SELECT uuid, title FROM object JOIN link ON link.owner = object.id AND link.attribute = 'parent'
         WHERE link.target = ?1 AND class = 'employee' AND removed = 0 ORDER BY title",
    )?;
    let rows = statement
        .query_map([unit], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())))?;
    rows.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}

fn requests(connection: &Connection, unit: i64) -> Result<Vec<Asked>, Refusal> {
    let mut statement = connection.prepare_cached(
        "SELECT json_extract(made.body, '$.number'), json_extract(made.body, '$.shortDescr'),
                json_extract(made.body, '$.state'), made.created, service.title
         FROM link JOIN object AS made ON made.id = link.owner AND made.class = 'serviceCall'
         JOIN link AS of ON of.owner = made.id AND of.attribute = 'service'
         JOIN object AS service ON service.id = of.target
         WHERE link.attribute = 'clientOU' AND link.target = ?1 ORDER BY made.id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((unit, REQUESTS), |row| {
        Ok(Asked {
            number: row.get(0)?,
            subject: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            state: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            at: row.get(3)?,
            service: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().map_err(Refusal::from)
}
