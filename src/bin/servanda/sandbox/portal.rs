//! The rule of the portal: a request is taken only for a service of an active agreement of its client.
//!
//! Departments do not inherit the agreements of their company, but a person has those of their own unit.
//! In the product this is customisation; here it always holds. Reads, and completes who the client is.

use rusqlite::Connection;

use super::change::Change;
use super::database;
use super::refusal::Refusal;
use super::writing::Hand;

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
