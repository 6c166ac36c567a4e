//! Converts JSON to the normal form of `live` and back: dates without a time zone, references as objects,
//! durations.
//!
//! An unknown form is an error with a reason, never a guess. Source: the REST dialect of Naumen SMP,
//! docs/itsm365.md.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use servanda::calendar::{Day, TargetTime, read_day};
use servanda::ident::LiveId;
use servanda::live::Value;
use servanda::mapping::{DateForm, DayForm, Field, IntervalForm, Mapping};

/// Converts a field's JSON to its normal form.
pub(super) fn read(field: &Field, json: &Json, mapping: &Mapping) -> Result<Value, String> {
    match field {
        Field::Title | Field::Number => text(json),
        Field::FirstDay => day(json, DayForm::StartOfDay),
        Field::LastDay => day(json, mapping.last_day),
        Field::Manager | Field::Provider | Field::Calendar => {
            reference(json).map(|found| found.map_or(Value::Nothing, Value::Reference))
        }
        Field::Services | Field::Recipients | Field::Contacts => references(json).map(Value::references),
        Field::Targets => Err("targets are stored in objects of their own".to_owned()),
        Field::Attribute(_) => scalar(json),
    }
}

/// Converts a field's normal form to JSON.
pub(super) fn write(field: &Field, value: &Value, mapping: &Mapping) -> Json {
    match value {
        Value::Nothing if matches!(field, Field::Services | Field::Recipients | Field::Contacts) => json!([]),
        Value::Nothing | Value::Targets(_) => Json::Null,
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Bool(yes) => json!(yes),
        Value::Day(day) if *field == Field::LastDay => {
            json!(write_day(*day, mapping.last_day, mapping.dates.form))
        }
        Value::Day(day) => json!(write_day(*day, DayForm::StartOfDay, mapping.dates.form)),
        Value::Reference(id) => json!(id),
        Value::References(set) => json!(set),
    }
}

fn text(json: &Json) -> Result<Value, String> {
    match json {
        Json::Null => Ok(Value::Nothing),
        Json::String(text) => Ok(Value::text(text)),
        Json::Number(number) => Ok(Value::Text(number.to_string())),
        other => Err(format!("expected a text, found {}", shape(other))),
    }
}

fn scalar(json: &Json) -> Result<Value, String> {
    match json {
        Json::Null => Ok(Value::Nothing),
        Json::String(text) => Ok(Value::text(text)),
        Json::Bool(yes) => Ok(Value::Bool(*yes)),
        Json::Number(number) => {
            number.as_i64().map(Value::Integer).ok_or_else(|| format!("{number} is not an integer"))
        }
        other => Err(format!("expected a text, a number or a boolean, found {}", shape(other))),
    }
}

/// Reads a day. Only the date part counts; no time zone is applied.
fn day(json: &Json, form: DayForm) -> Result<Value, String> {
    let text = match json {
        Json::Null => return Ok(Value::Nothing),
        Json::String(text) if text.trim().is_empty() => return Ok(Value::Nothing),
        Json::String(text) => text.trim(),
        other => return Err(format!("expected a date, found {}", shape(other))),
    };
    let date = text.get(..10).map(|date| date.replace('.', "-"));
    let read = date.and_then(|date| read_day(&date).ok());
    let read = read.ok_or_else(|| {
        format!(
            "`{text}` is not a date: check helpdesk.agreement.attributes and helpdesk.dates in servanda.yaml"
        )
    })?;
    match form {
        DayForm::StartOfDay | DayForm::EndOfDay => Ok(Value::Day(read)),
        DayForm::NextDay => read.yesterday().map(Value::Day).map_err(|_| format!("`{text}` is out of range")),
    }
}

fn write_day(day: Day, form: DayForm, date_form: DateForm) -> String {
    let (day, time) = match form {
        DayForm::StartOfDay => (day, "00:00:00"),
        DayForm::EndOfDay => (day, "23:59:59"),
        DayForm::NextDay => (day.tomorrow().unwrap_or(day), "00:00:00"),
    };
    match date_form {
        DateForm::DateTime => format!("{} {time}", day.strftime("%Y.%m.%d")),
        DateForm::IsoDateTime => format!("{day} {time}"),
        DateForm::Date => day.strftime("%Y.%m.%d").to_string(),
        DateForm::IsoDate => day.to_string(),
    }
}

/// Reads a reference to an object, if any.
pub(super) fn reference(json: &Json) -> Result<Option<LiveId>, String> {
    let id = match json {
        Json::Null => return Ok(None),
        Json::String(id) => Some(id.as_str()),
        Json::Object(object) => object.get("UUID").and_then(Json::as_str),
        _ => None,
    };
    let id = id.and_then(LiveId::new);
    id.map(Some).ok_or_else(|| format!("expected a reference, found {}", shape(json)))
}

/// Reads a set of references.
pub(super) fn references(json: &Json) -> Result<BTreeSet<LiveId>, String> {
    match json {
        Json::Null => Ok(BTreeSet::new()),
        Json::Array(list) => list
            .iter()
            .map(|entry| reference(entry)?.ok_or_else(|| "the set contains an empty reference".to_owned()))
            .collect(),
        other => Err(format!("expected a set, found {}", shape(other))),
    }
}

/// Reads a duration in the tenant's form. Days are business days of the calendar.
pub(super) fn read_interval(json: &Json, form: IntervalForm) -> Result<Option<TargetTime>, String> {
    if json.is_null() {
        return Ok(None);
    }
    let unknown = || {
        let form = interval_name(form);
        format!(
            "{json} is not a duration in the form `{form}`: check helpdesk.sla_rules.interval in servanda.yaml"
        )
    };
    let number = |json: &Json| json.as_u64().ok_or_else(unknown);
    let seconds = |seconds: u64| u32::try_from(seconds).map(TargetTime::Seconds).map_err(|_| unknown());
    let time = match form {
        IntervalForm::Seconds => seconds(number(json)?)?,
        IntervalForm::Milliseconds => seconds(number(json)? / 1000)?,
        IntervalForm::Object => {
            let unit = json["interval"].as_str().ok_or_else(unknown)?;
            in_unit(number(&json["length"])?, unit).ok_or_else(unknown)?
        }
        IntervalForm::Text => {
            let (length, unit) = json.as_str().and_then(|text| text.split_once(' ')).ok_or_else(unknown)?;
            in_unit(length.parse().map_err(|_| unknown())?, unit).ok_or_else(unknown)?
        }
    };
    Ok(Some(time))
}

fn in_unit(length: u64, unit: &str) -> Option<TargetTime> {
    let seconds = |factor: u64| u32::try_from(length.checked_mul(factor)?).ok().map(TargetTime::Seconds);
    match unit {
        "SECOND" => seconds(1),
        "MINUTE" => seconds(60),
        "HOUR" => seconds(3600),
        "DAY" => u32::try_from(length).ok().map(TargetTime::BusinessDays),
        _ => None,
    }
}

/// The name of a form in the settings.
fn interval_name(form: IntervalForm) -> &'static str {
    match form {
        IntervalForm::Object => "object",
        IntervalForm::Milliseconds => "milliseconds",
        IntervalForm::Seconds => "seconds",
        IntervalForm::Text => "text",
    }
}

/// Writes a duration in the tenant's form. Forms in seconds cannot represent business days.
pub(super) fn write_interval(time: Option<TargetTime>, form: IntervalForm) -> Result<Json, String> {
    let Some(time) = time else {
        return Ok(Json::Null);
    };
    let (length, unit) = match time {
        TargetTime::BusinessDays(days) => (days, "DAY"),
        TargetTime::Seconds(seconds) if seconds % 3600 == 0 => (seconds / 3600, "HOUR"),
        TargetTime::Seconds(seconds) if seconds % 60 == 0 => (seconds / 60, "MINUTE"),
        TargetTime::Seconds(seconds) => (seconds, "SECOND"),
    };
    match (form, time) {
        (IntervalForm::Object, _) => Ok(json!({ "length": length, "interval": unit })),
        (IntervalForm::Text, _) => Ok(json!(format!("{length} {unit}"))),
        (IntervalForm::Seconds, TargetTime::Seconds(seconds)) => Ok(json!(seconds)),
        (IntervalForm::Milliseconds, TargetTime::Seconds(seconds)) => Ok(json!(u64::from(seconds) * 1000)),
        (IntervalForm::Seconds | IntervalForm::Milliseconds, TargetTime::BusinessDays(_)) => {
            let form = interval_name(form);
            Err(format!("{time} cannot be written in the form `{form}` of helpdesk.sla_rules.interval"))
        }
    }
}

/// The type of a JSON value, for messages.
fn shape(json: &Json) -> &'static str {
    match json {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
