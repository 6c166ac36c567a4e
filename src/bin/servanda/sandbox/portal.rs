//! The rule of the portal: a request is taken only for a service of an active agreement of its client.
//!
//! Departments do not inherit the agreements of their company, but a person has those of their own unit.
//! In the product this is customisation; here it always holds. Reads, and completes who the client is. What is offered
//! stands beside what is taken, and a test holds that they are the same.

use std::collections::BTreeMap;

use rusqlite::Connection;
use servanda::render::sandbox_pages::Offer;

use super::change::Change;
use super::database;
use super::error::Refusal;
use super::write::Hand;

/// Lets a request pass, with its client completed, or says why not.
pub(crate) fn admit(hand: &Hand, request: &mut Change) -> Result<(), Refusal> {
    complete_client(hand.connection, request)?;
    let refused = |reason: &str| Refusal::invalid(format!("Запрос не может быть зарегистрирован: {reason}"));
    let (Some(agreement), Some(service)) = (request.target("agreement"), request.target("service")) else {
        return Err(refused("не указаны соглашение и услуга"));
    };
    let person = request.target("clientEmployee");
    let unit = request.target("clientOU");
    if person.is_none() && unit.is_none() {
        return Err(refused("не указан контрагент"));
    }
    if removed(hand, agreement)? {
        return Err(refused("соглашение находится в архиве"));
    }
    let state = state(hand, agreement)?;
    if state != "active" {
        return Err(refused(&format!("соглашение не действует (статус '{state}')")));
    }
    if removed(hand, service)? {
        return Err(refused("услуга находится в архиве"));
    }
    if !database::targets(hand.connection, agreement, "services")?.contains(&service) {
        return Err(refused("услуга не входит в соглашение"));
    }
    let units = database::targets(hand.connection, agreement, "recipientsOU")?;
    let people = database::targets(hand.connection, agreement, "recipientsEmployee")?;
    let receives = person.is_some_and(|person| people.contains(&person))
        || unit.is_some_and(|unit| units.contains(&unit));
    if !receives {
        return Err(refused("контрагент не является получателем соглашения"));
    }
    Ok(())
}

/// The services of active agreements, for their recipients.
const OFFERED: &str = "
    FROM link AS receives
    JOIN object AS agreement ON agreement.id = receives.owner AND agreement.class = 'agreement'
    JOIN link AS gives ON gives.owner = agreement.id AND gives.attribute = 'services'
    JOIN object AS service ON service.id = gives.target
    WHERE receives.attribute = 'recipientsOU' AND agreement.removed = 0 AND service.removed = 0
      AND json_extract(agreement.body, '$.state') = 'active'";

/// What a unit may ask for, in the order of titles.
pub(crate) fn offered(connection: &Connection, unit: i64) -> rusqlite::Result<Vec<Offer>> {
    let sql = format!(
        "SELECT service.uuid, service.title, agreement.uuid, agreement.title,
                json_extract(agreement.body, '$.endDate') {OFFERED} AND receives.target = ?1
         ORDER BY service.title, service.id, agreement.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([unit], |row| {
        Ok(Offer {
            service: row.get(0)?,
            title: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            agreement: row.get(2)?,
            under: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            last_day: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// How many services each unit may ask for.
pub(crate) fn offered_by_unit(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, u32>> {
    let sql =
        format!("SELECT receives.target, count(DISTINCT service.id) {OFFERED} GROUP BY receives.target");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The client is a person or a unit; of a person, the unit is the one they belong to, whatever was sent.
fn complete_client(connection: &Connection, request: &mut Change) -> Result<(), Refusal> {
    let client = request.target("client");
    let of_class = |id: i64, class: &str| -> Result<bool, Refusal> {
        let sql = "SELECT class = ?2 FROM object WHERE id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row((id, class), |row| row.get(0))?)
    };
    if let Some(client) = client {
        let person = of_class(client, "employee")?;
        let part = if person { "clientEmployee" } else { "clientOU" };
        request.point(part, client);
    }
    if let Some(person) = request.target("clientEmployee") {
        request.point("client", person);
        let parents = database::targets(connection, person, "parent")?;
        match parents.first() {
            Some(unit) => request.point("clientOU", *unit),
            None => request.links.retain(|(own, _)| own.code != "clientOU"),
        }
    } else if let Some(unit) = request.target("clientOU") {
        request.point("client", unit);
    }
    Ok(())
}

fn removed(hand: &Hand, id: i64) -> Result<bool, Refusal> {
    let mut statement = hand.connection.prepare_cached("SELECT removed FROM object WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

fn state(hand: &Hand, agreement: i64) -> Result<String, Refusal> {
    let sql = "SELECT json_extract(body, '$.state') FROM object WHERE id = ?1";
    let mut statement = hand.connection.prepare_cached(sql)?;
    Ok(statement.query_row([agreement], |row| row.get(0))?)
}
