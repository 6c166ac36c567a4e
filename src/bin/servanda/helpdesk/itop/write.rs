//! Steps of a plan become operations. An update names what it expects to find, so that the helpdesk itself refuses
//! where the object has moved; its comment bears our mark and the name of the run, which the history keeps.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, Value};
use servanda::mapping::{Field, Mapping};
use servanda::outcome::Altered;
use servanda::plan::Step;
use servanda::status::State;

use super::operation::{self, Object, parts};
use super::read::{ItopReader, Memory, Seen};
use super::targets::{self, Table};
use super::text::Texts;
use super::wire::{self, ORGANIZATION, SERVICE, STATE};
use super::{ItopTransport, OURS, oql};
use crate::helpdesk::{StepResult, WriteError, Writer};
use crate::http::client::HttpError;

/// Writes to an iTop.
pub(crate) struct ItopWriter<'a> {
    transport: &'a ItopTransport,
    mapping: &'a Mapping,
    memory: &'a Memory,
    comment: String,
}

/// What an edit writes.
struct Wish<'s> {
    fields: &'s BTreeMap<Field, Value>,
    state: Option<&'s str>,
    mark: Option<&'s AgreementId>,
}

impl<'a> ItopWriter<'a> {
    /// A writer over a transport, in the name of a run.
    pub(crate) fn new(
        transport: &'a ItopTransport,
        mapping: &'a Mapping,
        memory: &'a Memory,
        run: &str,
    ) -> Self {
        Self { transport, mapping, memory, comment: format!("{OURS}{run}") }
    }

    async fn create(&self, wish: &Wish<'_>) -> Result<StepResult, WriteError> {
        let fields = self.body(wish, None).await?;
        let body = json!({ "comment": self.comment, "output_fields": ItopReader::codes(self.mapping), "fields": fields });
        let created = operation::write(self.transport, "core/create", &self.mapping.class, body).await?;
        self.memory.keep(&created, wish.fields.clone());
        Ok(StepResult { object: created.id(), altered: self.altered(wish.fields, &created) })
    }

    async fn edit(&self, object: &LiveId, wish: &Wish<'_>) -> Result<StepResult, WriteError> {
        let seen = self.memory.recall(object).ok_or_else(|| {
            WriteError::NotSent(format!("{object} was not looked at before it is written to"))
        })?;
        let fields = self.body(wish, Some(&seen)).await?;
        self.memory.forget(object);
        let written = self.update(object, &seen, fields).await?;
        let held = wire::text(&written.fields, STATE).unwrap_or_default();
        if let Some(wanted) = wish.state.filter(|wanted| *wanted != held) {
            return Err(WriteError::Refused(format!(
                "the state stayed `{held}` and did not become `{wanted}`: check helpdesk.agreement.states in servanda.yaml"
            )));
        }
        let mut known = seen.fields;
        known.extend(wish.fields.clone());
        self.memory.keep(&written, known);
        Ok(StepResult { object: object.clone(), altered: self.altered(wish.fields, &written) })
    }

    /// Writes to an object that is as it was seen, and to no other.
    async fn update(&self, object: &LiveId, seen: &Seen, fields: Json) -> Result<Object, WriteError> {
        let number = self.number(object)?;
        let class = &self.mapping.class;
        let expected = oql::one(class, number, &self.conditions(&seen.row));
        let codes = ItopReader::codes(self.mapping);
        let mut body =
            json!({ "comment": self.comment, "output_fields": codes, "key": expected, "fields": fields });
        let refused = match operation::write(self.transport, "core/update", class, body.clone()).await {
            Err(HttpError::Declined { code, text }) => HttpError::Declined { code, text },
            written => return Ok(written?),
        };
        // It does not say in words that are to be relied on whether the object moved or the values are bad.
        let now = operation::get(self.transport, class, &oql::one(class, number, &[]), &codes, None).await;
        let is_here = operation::get(self.transport, class, &expected, "id", None).await;
        match (now, is_here) {
            (Ok(now), _) if now.first().map(|now| &now.fields) != Some(&seen.row) => {
                Err(WriteError::Conflict)
            }
            // It is as it was, and its own query does not find it: a value that cannot be asked for.
            (Ok(_), Ok(found)) if found.is_empty() => {
                body["key"] = json!(number);
                Ok(operation::write(self.transport, "core/update", class, body).await?)
            }
            _ => Err(refused.into()),
        }
    }

    fn number(&self, object: &LiveId) -> Result<u64, WriteError> {
        let number = parts(object).map(|(_, number)| number);
        number.ok_or_else(|| WriteError::Refused(format!("`{object}` is no id of {}", self.mapping.class)))
    }

    /// What the row must say for it to be the one that was seen.
    fn conditions(&self, row: &Map<String, Json>) -> Vec<String> {
        let mut conditions = Vec::new();
        let texts = [STATE, &self.mapping.key.attribute].into_iter().map(|code| (code, false));
        let fields = self.mapping.attributes.iter().filter_map(|(field, code)| match field {
            Field::Title | Field::FirstDay | Field::LastDay => Some((code.as_str(), false)),
            Field::Recipients | Field::Provider => Some((code.as_str(), true)),
            _ => None,
        });
        for (code, is_link) in texts.chain(fields) {
            let Ok(text) = wire::text(row, code) else { continue };
            conditions.push(match text {
                number if is_link && number.parse::<u64>().is_ok() => format!("{code} = {number}"),
                "" if code == STATE || self.is_day(code) => format!("ISNULL({code})"),
                "" => continue,
                text => format!("{code} = {}", oql::text(text)),
            });
        }
        conditions
    }

    fn is_day(&self, code: &str) -> bool {
        let days = [Field::FirstDay, Field::LastDay];
        days.iter().any(|field| self.mapping.attributes.get(field).is_some_and(|own| own == code))
    }

    /// The attributes and rows to write, over what the object holds.
    async fn body(&self, wish: &Wish<'_>, seen: Option<&Seen>) -> Result<Json, WriteError> {
        let mut body = Map::new();
        for (field, value) in wish.fields {
            let Some(code) = self.mapping.attributes.get(field).filter(|_| wire::is_scalar(field)) else {
                continue;
            };
            let is_bool = matches!(value, Value::Bool(_));
            if !Texts::is_text(field) || is_bool {
                body.insert(
                    code.clone(),
                    wire::write(field, value, self.mapping).map_err(WriteError::Refused)?,
                );
            }
        }
        for code in self.texts(wish) {
            let before = seen.map_or("", |seen| wire::text(&seen.row, code).unwrap_or_default());
            let text = Texts(self.mapping)
                .write(code, before, wish.fields, wish.mark)
                .map_err(WriteError::Refused)?;
            body.insert(code.to_owned(), json!(text));
        }
        body.extend(wish.state.map(|state| (STATE.to_owned(), json!(state))));
        if let (Some(people), Some(code)) =
            (wish.fields.get(&Field::Contacts), self.mapping.attributes.get(&Field::Contacts))
        {
            body.insert(code.clone(), contacts(people)?);
        }
        let published = [Field::Services, Field::Targets];
        if let Some(code) = self.mapping.attributes.get(&Field::Services)
            && published.iter().any(|field| wish.fields.contains_key(field))
        {
            body.insert(code.clone(), self.rows(wish.fields, seen).await?);
        }
        Ok(Json::Object(body))
    }

    /// The text attributes that something is written into.
    fn texts<'w>(&'w self, wish: &Wish<'w>) -> Vec<&'w str> {
        let fields = wish
            .fields
            .iter()
            .filter(|(field, value)| Texts::is_text(field) && !matches!(value, Value::Bool(_)));
        let codes = fields.filter_map(|(field, _)| self.mapping.attributes.get(field)).map(String::as_str);
        let mut codes: Vec<&str> =
            codes.chain(wish.mark.map(|_| self.mapping.key.attribute.as_str())).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// A row for each service, with the SLA that says what is promised for it.
    async fn rows(&self, fields: &BTreeMap<Field, Value>, seen: Option<&Seen>) -> Result<Json, WriteError> {
        let held = seen.map(|seen| &seen.fields);
        let wanted = |field: &Field| fields.get(field).or_else(|| held?.get(field));
        let mut rows = Vec::new();
        if let Some(Value::References(services)) = wanted(&Field::Services) {
            for service in services {
                let mut row =
                    json!({ "service_id": wire::number(service, SERVICE).map_err(WriteError::Refused)? });
                if self.mapping.holds_targets_with_services() {
                    let table = table_of(service, wanted(&Field::Targets))?;
                    row["sla_id"] = json!(self.sla(&table, wanted(&Field::Provider)).await?);
                }
                rows.push(row);
            }
        }
        Ok(json!(rows))
    }

    /// The SLA for what is promised; none where nothing is.
    async fn sla(&self, table: &Table, provider: Option<&Value>) -> Result<u64, WriteError> {
        if table.is_empty() {
            return Ok(0);
        }
        let Some(Value::Reference(provider)) = provider else {
            return Err(WriteError::Refused(
                "an SLA of iTop has a provider, and the agreement has none".to_owned(),
            ));
        };
        let provider =
            wire::number(provider, ORGANIZATION).map_err(WriteError::Refused)?.as_u64().unwrap_or_default();
        let mut known = self.memory.slas.write().await;
        targets::ensure(self.transport, &mut known, provider, table, &self.comment).await
    }

    fn altered(&self, fields: &BTreeMap<Field, Value>, written: &Object) -> Vec<Altered> {
        let compared =
            fields.iter().filter(|(field, _)| wire::is_scalar(field)).filter_map(|(field, sent)| {
                let code = self.mapping.attributes.get(field)?;
                let held = wire::read(field, code, &written.fields, self.mapping).unwrap_or(Value::Nothing);
                (held != *sent).then(|| Altered { field: field.clone(), sent: sent.clone(), held })
            });
        compared.collect()
    }
}

/// What is promised for a service, by priority.
fn table_of(service: &LiveId, targets: Option<&Value>) -> Result<Table, WriteError> {
    let Some(Value::Targets(targets)) = targets else {
        return Ok(Table::new());
    };
    let own = targets.iter().filter(|(key, _)| key.service.as_ref() == Some(service));
    let named = own.map(|(key, promise): (_, &LiveTarget)| {
        let number = parts(&key.priority).and_then(|(_, number)| u8::try_from(number).ok());
        let number = number
            .ok_or_else(|| WriteError::Refused(format!("`{}` is no priority of iTop", key.priority)))?;
        Ok((number, promise.clone()))
    });
    named.collect()
}

fn contacts(people: &Value) -> Result<Json, WriteError> {
    let Value::References(people) = people else {
        return Ok(json!([]));
    };
    let rows = people.iter().map(|person| {
        let (_, number) = parts(person).ok_or_else(|| {
            WriteError::Refused(format!("`{person}` is no contact: ids are written as Person::12"))
        })?;
        Ok(json!({ "contact_id": number }))
    });
    Ok(Json::Array(rows.collect::<Result<_, WriteError>>()?))
}

impl Writer for ItopWriter<'_> {
    async fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> Result<StepResult, WriteError> {
        match (step, object) {
            (Step::Create { fields }, _) => {
                // A new contract of iTop has no state at all.
                let state = self.mapping.states.get(&State::Planned).map(String::as_str);
                self.create(&Wish { fields, state, mark: Some(id) }).await
            }
            (Step::Edit { fields, state, ownership_key }, Some(object)) => {
                self.edit(object, &Wish { fields, state: state.as_deref(), mark: ownership_key.as_ref() })
                    .await
            }
            (Step::Edit { .. }, None) => {
                Err(WriteError::Refused("there is no object to write to".to_owned()))
            }
            _ => Err(WriteError::Refused(
                "iTop has no such step; the plan was made for another helpdesk".to_owned(),
            )),
        }
    }

    async fn write_note(&self, object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError> {
        let wrong = || {
            WriteError::Refused(format!(
                "`{attribute}` of {object} does not hold what was written; check ledger.witness"
            ))
        };
        let (class, number) = parts(object).ok_or_else(wrong)?;
        let body = json!({ "comment": self.comment, "key": number, "output_fields": attribute, "fields": { attribute: text } });
        let written = operation::write(self.transport, "core/update", class, body).await?;
        if wire::text(&written.fields, attribute) == Ok(text) { Ok(()) } else { Err(wrong()) }
    }
}
