//! Converts messages to the normal form of `live` and back. A value of another form is an error with a reason, never a guess.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::contract::{AgreementMessage, Capability, Description, HistoryMessage, TargetMessage, VERSION};
use crate::calendar::read_day;
use crate::ident::LiveId;
use crate::live::{LiveAgreement, LiveTarget, Record, Rules, TargetKey, Touch, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{DriftPart, HistoryEvent};
use crate::status::State;

/// An agreement of an adapter.
#[derive(Clone, Debug)]
pub struct ReceivedAgreement {
    /// Its id.
    pub id: LiveId,
    /// Its ownership key; empty if it has none.
    pub key: String,
    /// Its normal form, or why it has none.
    pub interpreted: Result<LiveAgreement, String>,
    /// The message, to be handed back as the expected state.
    pub message: AgreementMessage,
}

/// The mapping of the settings, limited to what an adapter stores. An error names what is wrong with its description.
pub fn carried(description: &Description, settings: &Mapping) -> Result<Mapping, String> {
    if !description.versions.contains(&VERSION) {
        let versions: Vec<String> = description.versions.iter().map(u32::to_string).collect();
        return Err(format!(
            "the adapter `{}` serves version {} of the contract, and this version of Servanda {VERSION}",
            description.adapter,
            versions.join(", "),
        ));
    }
    // A field of a later version is no error.
    let fields = description.fields.iter().filter_map(|name| Some((name.parse().ok()?, name.clone())));
    let attributes: BTreeMap<Field, String> = fields.collect();
    if !attributes.contains_key(&Field::Title) {
        return Err("the adapter stores no `title`, by which people know agreements".to_owned());
    }
    let states = State::ALL.map(|state| (state, description.states.of(state)));
    if let Some((state, _)) = states.iter().find(|(_, code)| code.is_empty()) {
        return Err(format!("the adapter names no state for `{}`", state.as_str()));
    }
    let active = description.states.of(State::Active);
    let shared = states.iter().find(|(state, code)| *state != State::Active && *code == active);
    if let Some((state, code)) = shared {
        return Err(format!("the adapter uses the state `{code}` for `active` and for `{}`", state.as_str()));
    }
    let mut mapping = Mapping {
        attributes,
        states: states.map(|(state, code)| (state, code.to_owned())).into(),
        business_day: description.business_day,
        numbers_as_text: description.can(Capability::NumbersAsText),
        ..settings.clone()
    };
    mapping.recipients.is_single = description.can(Capability::OneRecipient);
    Ok(mapping)
}

/// Interprets an agreement. Without a valid id or without a key it is an error, since it would be taken for one that is not
/// managed; anything else that is wrong with it makes it unknown.
pub fn read_agreement(message: &Json, mapping: &Mapping) -> Result<ReceivedAgreement, String> {
    let id = message.get("id").and_then(Json::as_str).and_then(LiveId::new);
    let id = id.ok_or("an agreement without a valid `id`")?;
    let key = match message.get("key") {
        Some(Json::String(key)) => key.clone(),
        Some(Json::Null) => String::new(),
        _ => return Err(format!("{id} has no `key`, which is a text or null")),
    };
    let (interpreted, message) = match AgreementMessage::deserialize(message) {
        Ok(message) => (interpret(&id, &key, &message, mapping), message),
        Err(error) => {
            let nothing = AgreementMessage { id: id.to_string(), ..AgreementMessage::default() };
            (Err(error.to_string()), nothing)
        }
    };
    Ok(ReceivedAgreement { id, key, interpreted, message })
}

fn interpret(
    id: &LiveId,
    key: &str,
    message: &AgreementMessage,
    mapping: &Mapping,
) -> Result<LiveAgreement, String> {
    if let Some(reason) = &message.unreadable {
        return Err(reason.clone());
    }
    if message.state.is_empty() {
        return Err("it has no state".to_owned());
    }
    let mut fields = BTreeMap::new();
    for (field, name) in &mapping.attributes {
        let json = message.fields.get(name);
        let json = json.ok_or_else(|| format!("`{name}` is missing, although the adapter stores it"))?;
        let value = read_value(field, json).map_err(|why| format!("`{name}`: {why}"))?;
        fields.insert(field.clone(), value);
    }
    Ok(LiveAgreement {
        object: id.clone(),
        record: Record { state: message.state.clone(), fields },
        rules: Rules::new(),
        archived: message.archived,
        modified: message.modified.clone(),
        owner: mapping.managed_by_key(key),
    })
}

/// Converts a field's JSON to its normal form.
pub fn read_value(field: &Field, json: &Json) -> Result<Value, String> {
    if json.is_null() {
        return Ok(Value::Nothing);
    }
    match field {
        Field::Title | Field::Number => Ok(Value::text(text(json)?)),
        Field::FirstDay | Field::LastDay => {
            let text = text(json)?;
            read_day(text).map(Value::Day).map_err(|_| format!("`{text}` is not a day such as 2027-01-31"))
        }
        Field::Manager | Field::Provider | Field::Calendar => reference(json).map(Value::Reference),
        Field::Services | Field::Recipients | Field::Contacts => {
            list(json)?.iter().map(reference).collect::<Result<BTreeSet<_>, _>>().map(Value::references)
        }
        Field::Targets => targets(json),
        Field::Attribute(_) => match json {
            Json::String(text) => Ok(Value::text(text)),
            Json::Bool(yes) => Ok(Value::Bool(*yes)),
            other => {
                let number = other.as_i64().map(Value::Integer);
                number.ok_or_else(|| format!("{other} is not a text, a whole number or a boolean"))
            }
        },
    }
}

/// Converts a field's normal form to JSON.
pub fn write_value(field: &Field, value: &Value) -> Json {
    let is_set = matches!(field, Field::Services | Field::Recipients | Field::Contacts | Field::Targets);
    match value {
        Value::Nothing if is_set => json!([]),
        Value::Nothing => Json::Null,
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Bool(yes) => json!(yes),
        Value::Day(day) => json!(day.to_string()),
        Value::Reference(id) => json!(id),
        Value::References(set) => json!(set),
        Value::Targets(targets) => {
            let message = |(key, target): (&TargetKey, &LiveTarget)| TargetMessage {
                service: key.service.as_ref().map(ToString::to_string),
                priority: key.priority.to_string(),
                response: target.response,
                resolution: target.resolution,
                calendar: target.calendar.as_ref().map(ToString::to_string),
            };
            json!(targets.iter().map(message).collect::<Vec<_>>())
        }
    }
}

/// Interprets an event of the history; `None` without a valid object.
pub fn read_event(event: HistoryMessage, mapping: &Mapping) -> Option<HistoryEvent> {
    let part = event.part.as_deref().and_then(|part| match part {
        "state" => Some(DriftPart::State),
        name => {
            name.parse().ok().filter(|field| mapping.attributes.contains_key(field)).map(DriftPart::Field)
        }
    });
    let who = event.who.as_deref().and_then(LiveId::new);
    Some(HistoryEvent {
        object: LiveId::new(&event.object)?,
        part,
        touch: Touch { who, name: event.name, when: event.when },
    })
}

fn text(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| format!("{json} is not a text"))
}

fn list(json: &Json) -> Result<&Vec<Json>, String> {
    json.as_array().ok_or_else(|| format!("{json} is not a list"))
}

fn id(text: &str) -> Result<LiveId, String> {
    LiveId::new(text).ok_or_else(|| format!("`{text}` is not an id"))
}

fn reference(json: &Json) -> Result<LiveId, String> {
    id(text(json)?)
}

fn targets(json: &Json) -> Result<Value, String> {
    let mut targets = BTreeMap::new();
    for json in list(json)? {
        let message = TargetMessage::deserialize(json).map_err(|error| error.to_string())?;
        let optional = |text: &Option<String>| text.as_deref().map(id).transpose();
        let key = TargetKey { service: optional(&message.service)?, priority: id(&message.priority)? };
        let target = LiveTarget {
            response: message.response,
            resolution: message.resolution,
            calendar: optional(&message.calendar)?,
        };
        if targets.insert(key, target).is_some() {
            return Err("two targets have the same service and priority".to_owned());
        }
    }
    Ok(Value::targets(targets))
}
