//! The rule of the portal: a service request is accepted only for a service of an active agreement of its client.
//!
//! A person has the agreements of their own unit, and a department those of its company only where the mapping says so. In
//! the product this rule is a customisation; here it always applies. A test checks that the portal offers exactly what the
//! rule accepts.

use std::collections::BTreeMap;

use rusqlite::Connection;
use servanda::render::sandbox_pages::ServiceOffer;

use super::change::ObjectChange;
use super::database;
use super::error::RequestError;
use super::options::SandboxOptions;
use super::session::WriteSession;

/// Accepts a service request and completes its client, or returns the reason why not.
pub(super) fn accept(session: &WriteSession, request: &mut ObjectChange) -> Result<(), RequestError> {
    complete_client(session.connection, request)?;
    let refused =
        |reason: &str| RequestError::invalid(format!("Запрос не может быть зарегистрирован: {reason}"));
    let (Some(agreement), Some(service)) = (request.target("agreement"), request.target("service")) else {
        return Err(refused("не указаны соглашение и услуга"));
    };
    let person = request.target("clientEmployee");
    let unit = request.target("clientOU");
    if person.is_none() && unit.is_none() {
        return Err(refused("не указан контрагент"));
    }
    if is_archived(session, agreement)? {
        return Err(refused("соглашение находится в архиве"));
    }
    let state = state_of(session, agreement)?;
    if state != "active" {
        return Err(refused(&format!("соглашение не действует (статус '{state}')")));
    }
    if is_archived(session, service)? {
        return Err(refused("услуга находится в архиве"));
    }
    if !database::targets(session.connection, agreement, "services")?.contains(&service) {
        return Err(refused("услуга не входит в соглашение"));
    }
    let units = database::targets(session.connection, agreement, "recipientsOU")?;
    let people = database::targets(session.connection, agreement, "recipientsEmployee")?;
    let of_company = unit.filter(|_| session.wire_format.options.departments_inherit);
    let companies =
        of_company.map(|unit| database::targets(session.connection, unit, "parent")).transpose()?;
    let receives = person.is_some_and(|person| people.contains(&person))
        || unit.into_iter().chain(companies.into_iter().flatten()).any(|unit| units.contains(&unit));
    if !receives {
        return Err(refused("контрагент не является получателем соглашения"));
    }
    Ok(())
}

/// The units with the agreements that they have; `?1` says whether departments have those of their company.
const RECEIVING_UNITS: &str = "
    WITH receives (unit, agreement) AS (
        SELECT target, owner FROM link WHERE attribute = 'recipientsOU'
        UNION
        SELECT below.owner, above.owner FROM link AS below
        JOIN link AS above ON above.target = below.target AND above.attribute = 'recipientsOU'
        WHERE ?1 AND below.attribute = 'parent'
    )";

/// Joins the services of active agreements to their recipients.
const OFFERED_SERVICES: &str = "
    FROM receives
    JOIN object AS agreement ON agreement.id = receives.agreement AND agreement.class = 'agreement'
    JOIN link AS gives ON gives.owner = agreement.id AND gives.attribute = 'services'
    JOIN object AS service ON service.id = gives.target
    WHERE agreement.removed = 0 AND service.removed = 0
      AND json_extract(agreement.body, '$.state') = 'active'";

/// The services that a unit may request, by title.
pub(super) fn offered_services(
    connection: &Connection,
    options: &SandboxOptions,
    unit: i64,
) -> rusqlite::Result<Vec<ServiceOffer>> {
    let sql = format!(
        "{RECEIVING_UNITS} SELECT service.uuid, service.title, agreement.uuid, agreement.title,
                json_extract(agreement.body, '$.endDate') {OFFERED_SERVICES} AND receives.unit = ?2
         ORDER BY service.title, service.id, agreement.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((options.departments_inherit, unit), |row| {
        Ok(ServiceOffer {
            service: row.get(0)?,
            title: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            agreement: row.get(2)?,
            agreement_title: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            last_day: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// The number of services that each unit may request.
pub(super) fn offered_services_by_unit(
    connection: &Connection,
    options: &SandboxOptions,
) -> rusqlite::Result<BTreeMap<i64, u32>> {
    let sql = format!(
        "{RECEIVING_UNITS}
         SELECT receives.unit, count(DISTINCT service.id) {OFFERED_SERVICES} GROUP BY receives.unit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([options.departments_inherit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Sets the client, the person and the unit from whichever of them was sent. The unit of a person is their own, even if
/// the request names another.
fn complete_client(connection: &Connection, request: &mut ObjectChange) -> Result<(), RequestError> {
    let client = request.target("client");
    let of_class = |id: i64, class: &str| -> Result<bool, RequestError> {
        let sql = "SELECT class = ?2 FROM object WHERE id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row((id, class), |row| row.get(0))?)
    };
    if let Some(client) = client {
        let person = of_class(client, "employee")?;
        let code = if person { "clientEmployee" } else { "clientOU" };
        request.set_target(code, client);
    }
    if let Some(person) = request.target("clientEmployee") {
        request.set_target("client", person);
        let parents = database::targets(connection, person, "parent")?;
        match parents.first() {
            Some(unit) => request.set_target("clientOU", *unit),
            None => request.links.retain(|(own, _)| own.code != "clientOU"),
        }
    } else if let Some(unit) = request.target("clientOU") {
        request.set_target("client", unit);
    }
    Ok(())
}

fn is_archived(session: &WriteSession, id: i64) -> Result<bool, RequestError> {
    let mut statement = session.connection.prepare_cached("SELECT removed FROM object WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

fn state_of(session: &WriteSession, agreement: i64) -> Result<String, RequestError> {
    let sql = "SELECT json_extract(body, '$.state') FROM object WHERE id = ?1";
    let mut statement = session.connection.prepare_cached(sql)?;
    Ok(statement.query_row([agreement], |row| row.get(0))?)
}
