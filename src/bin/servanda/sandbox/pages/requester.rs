//! The client's pages: the choice of a client, the services that it may request, and its service requests.

use std::collections::BTreeMap;

use rusqlite::Connection;
use servanda::render::sandbox_pages::{PortalClient, PortalPage, ServiceRequest};

use crate::sandbox::error::RequestError;
use crate::sandbox::operations;
use crate::sandbox::portal;
use crate::sandbox::state::SandboxState;

/// The number of service requests that a page shows.
const REQUEST_LIMIT: u32 = 50;

/// All companies with their departments, and the number of services that each may request.
pub(super) fn clients(state: &SandboxState) -> Result<Vec<PortalClient>, RequestError> {
    let connection = state.connection();
    let offered = portal::offered_services_by_unit(&connection, &state.wire_format.options)?;
    let mut statement = connection.prepare_cached(
        "SELECT unit.id, unit.uuid, unit.title, unit.kind, link.target FROM object AS unit
         LEFT JOIN link ON link.owner = unit.id AND link.attribute = 'parent'
         WHERE unit.class = 'ou' AND unit.removed = 0 ORDER BY unit.title, unit.id",
    )?;
    let rows = statement.query_map([], |row| {
        let id: i64 = row.get(0)?;
        let client = PortalClient {
            uuid: row.get(1)?,
            title: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            offered_services: offered.get(&id).copied().unwrap_or_default(),
            departments: Vec::new(),
        };
        Ok((id, client, row.get::<_, String>(3)? == "ou$company", row.get::<_, Option<i64>>(4)?))
    })?;
    let mut companies: Vec<(i64, PortalClient)> = Vec::new();
    let mut departments: BTreeMap<i64, Vec<PortalClient>> = BTreeMap::new();
    for row in rows {
        match row? {
            (_, client, false, Some(parent)) => departments.entry(parent).or_default().push(client),
            (id, client, ..) => companies.push((id, client)),
        }
    }
    let clients = companies.into_iter().map(|(id, mut client)| {
        client.departments = departments.remove(&id).unwrap_or_default();
        client
    });
    Ok(clients.collect())
}

/// The portal of a company or department.
pub(super) fn portal(state: &SandboxState, uuid: &str) -> Result<PortalPage, RequestError> {
    let handle = operations::existing_object(&state.connection(), uuid)?;
    if handle.class.name != "ou" {
        return Err(RequestError::NotFound(uuid.to_owned()));
    }
    let connection = state.connection();
    let title: Option<String> =
        connection.query_row("SELECT title FROM object WHERE id = ?1", [handle.id], |row| row.get(0))?;
    Ok(PortalPage {
        client: PortalClient {
            uuid: uuid.to_owned(),
            title: title.unwrap_or_default(),
            ..PortalClient::default()
        },
        offers: portal::offered_services(&connection, &state.wire_format.options, handle.id)?,
        people: people(&connection, handle.id)?,
        requests: requests(&connection, handle.id)?,
        ..PortalPage::default()
    })
}

fn people(connection: &Connection, unit: i64) -> Result<Vec<(String, String)>, RequestError> {
    let mut statement = connection.prepare_cached(
        "SELECT uuid, title FROM object JOIN link ON link.owner = object.id AND link.attribute = 'parent'
         WHERE link.target = ?1 AND class = 'employee' AND removed = 0 ORDER BY title",
    )?;
    let rows = statement
        .query_map([unit], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())))?;
    rows.collect::<rusqlite::Result<_>>().map_err(RequestError::from)
}

fn requests(connection: &Connection, unit: i64) -> Result<Vec<ServiceRequest>, RequestError> {
    let mut statement = connection.prepare_cached(
        "SELECT json_extract(request.body, '$.number'), json_extract(request.body, '$.shortDescr'),
                json_extract(request.body, '$.state'), request.created, service.title
         FROM link JOIN object AS request ON request.id = link.owner AND request.class = 'serviceCall'
         JOIN link AS subject ON subject.owner = request.id AND subject.attribute = 'service'
         JOIN object AS service ON service.id = subject.target
         WHERE link.attribute = 'clientOU' AND link.target = ?1 ORDER BY request.id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((unit, REQUEST_LIMIT), |row| {
        Ok(ServiceRequest {
            number: row.get(0)?,
            subject: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            state: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            at: row.get(3)?,
            service: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().map_err(RequestError::from)
}
