//! Converts JSON to the normal form of `live` and back: everything is a text, a link is a number, a missing
//! day is empty.
//!
//! An unknown form is an error with a reason.

use serde_json::{Map, Value as Json, json};
use servanda::calendar::{Day, TargetTime, read_day};
use servanda::ident::LiveId;
use servanda::live::Value;
use servanda::mapping::{DayForm, Field, Mapping};

use super::operation::{id, parts};
use super::text::SharedTexts;

/// The attribute of the state.
pub(super) const STATE: &str = "status";
/// The class of companies and departments.
pub(super) const ORGANIZATION: &str = "Organization";
/// The class of people.
pub(super) const PERSON: &str = "Person";
/// The class of services.
pub(super) const SERVICE: &str = "Service";
/// The years that the database can store.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=9999;

/// Whether the field is an attribute of the contract itself, not stored in link rows.
pub(super) const fn is_scalar(field: &Field) -> bool {
    !matches!(field, Field::Services | Field::Targets | Field::Contacts)
}

/// Reads the text of an attribute.
pub(super) fn text<'a>(fields: &'a Map<String, Json>, code: &str) -> Result<&'a str, String> {
    match fields.get(code) {
        Some(Json::String(text)) => Ok(text),
        Some(Json::Null) => Ok(""),
        Some(other) => Err(format!("`{code}`: expected a text, found {other}")),
        None => Err(format!("`{code}` is not in the response")),
    }
}

/// Reads the number of a linked object; `None` if the link is empty.
pub(super) fn link(fields: &Map<String, Json>, code: &str) -> Result<Option<u64>, String> {
    match text(fields, code)? {
        "" => Ok(None),
        number => match number.parse() {
            Ok(0) => Ok(None),
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                Err(format!("`{code}`: `{number}` is not a link: check the attribute in servanda.yaml"))
            }
        },
    }
}

/// Converts a field of the contract itself to its normal form.
pub(super) fn read(
    field: &Field,
    code: &str,
    fields: &Map<String, Json>,
    mapping: &Mapping,
) -> Result<Value, String> {
    let reference = |class: &str| Ok::<_, String>(link(fields, code)?.map(|number| id(class, number)));
    match field {
        Field::FirstDay => day(text(fields, code)?, DayForm::StartOfDay),
        Field::LastDay => day(text(fields, code)?, mapping.last_day),
        Field::Recipients => Ok(Value::references(reference(ORGANIZATION)?.into_iter().collect())),
        Field::Provider => Ok(reference(ORGANIZATION)?.map_or(Value::Nothing, Value::Reference)),
        Field::Manager => Ok(reference(PERSON)?.map_or(Value::Nothing, Value::Reference)),
        Field::Attribute(_) if fields.get(code).is_some_and(Json::is_boolean) => {
            Ok(Value::Bool(fields[code].as_bool().unwrap_or_default()))
        }
        _ => Ok(Value::text(&SharedTexts(mapping).read(field, code, text(fields, code)?))),
    }
}

/// Reads a day. Only the date part counts; no time zone is applied.
fn day(text: &str, form: DayForm) -> Result<Value, String> {
    let date = match text.trim() {
        "" => return Ok(Value::Nothing),
        text => text.get(..10).and_then(|date| read_day(date).ok()),
    };
    let day = date.ok_or_else(|| {
        format!("`{text}` is not a date: check helpdesk.agreement.attributes in servanda.yaml")
    })?;
    match form {
        DayForm::StartOfDay | DayForm::EndOfDay => Ok(Value::Day(day)),
        DayForm::NextDay => day.yesterday().map(Value::Day).map_err(|_| format!("`{text}` is out of range")),
    }
}

/// Converts a field of the contract itself to JSON, unless it is a text.
pub(super) fn write(field: &Field, value: &Value, mapping: &Mapping) -> Result<Json, String> {
    match (field, value) {
        (Field::FirstDay | Field::LastDay, Value::Nothing) => Ok(json!("")),
        (Field::LastDay, Value::Day(day)) if mapping.last_day == DayForm::NextDay => {
            write_day(day.tomorrow().unwrap_or(*day))
        }
        (_, Value::Day(day)) => write_day(*day),
        (Field::Recipients, Value::References(units)) => match units.iter().collect::<Vec<_>>()[..] {
            [only] => number(only, ORGANIZATION),
            _ => Err(format!(
                "a contract of iTop has exactly one customer, but the agreement has {} recipients",
                units.len()
            )),
        },
        (Field::Manager, Value::Reference(person)) => number(person, PERSON),
        (_, Value::Reference(unit)) => number(unit, ORGANIZATION),
        (_, Value::Nothing) => Ok(json!(0)),
        (_, Value::Bool(yes)) => Ok(json!(yes)),
        _ => Err(format!("the value of `{field}` cannot be stored in iTop")),
    }
}

/// Writes a day. A day out of range is refused here, since the database's error message would contain all
/// values.
fn write_day(day: Day) -> Result<Json, String> {
    if YEARS.contains(&day.year()) {
        return Ok(json!(day.to_string()));
    }
    Err(format!("{day} is out of range: iTop stores the years 1000 to 9999"))
}

/// The number of an object, checked to be of a class.
pub(super) fn number(object: &LiveId, class: &str) -> Result<Json, String> {
    match parts(object) {
        Some((own, number)) if own == class => Ok(json!(number)),
        _ => Err(format!("`{object}` is not of class {class}: write the id as {class}::12 in catalog.yaml")),
    }
}

/// Reads the duration of an SLT.
pub(super) fn read_time(value: &str, unit: &str) -> Option<TargetTime> {
    let seconds = match unit {
        "minutes" => 60,
        "hours" => 3600,
        _ => return None,
    };
    value.parse::<u32>().ok()?.checked_mul(seconds).map(TargetTime::Seconds)
}

/// Writes the duration of an SLT, in hours where they are whole.
pub(super) fn write_time(time: TargetTime) -> Result<(u32, &'static str), String> {
    match time {
        TargetTime::Seconds(seconds) if seconds % 3600 == 0 => Ok((seconds / 3600, "hours")),
        TargetTime::Seconds(seconds) if seconds % 60 == 0 => Ok((seconds / 60, "minutes")),
        other => Err(format!("{other} cannot be stored in iTop, which counts in minutes and hours")),
    }
}
