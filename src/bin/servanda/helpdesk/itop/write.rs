//! Converts each step of a plan to operations. An update names the values that were read, so that iTop itself
//! refuses it if the object has changed. Its comment names Servanda and the run, which the history keeps.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, Value};
use servanda::mapping::{Field, Mapping};
use servanda::plan::Altered;
use servanda::plan::Step;
use servanda::status::State;

use super::login::ItopTransport;
use super::operation::{self, COMMENT_PREFIX, Object, parts};
use super::oql;
use super::read::{CachedContract, ItopCache, ItopReader};
use super::targets::{SlaWriter, TargetTable};
use super::text::SharedTexts;
use super::wire::{self, ORGANIZATION, SERVICE, STATE};
use crate::helpdesk::error::WriteError;
use crate::helpdesk::writer::{SharedCreations, StepResult, Writer};
use crate::http::client::HttpError;
use crate::http::transport::SendWindow;

/// Writes to an iTop.
pub(crate) struct ItopWriter<'a> {
    transport: &'a ItopTransport,
    mapping: &'a Mapping,
    cache: &'a ItopCache,
    comment: String,
    shared: &'a dyn SharedCreations,
}

/// The values that a write sets.
struct Values<'s> {
    fields: &'s BTreeMap<Field, Value>,
    state: Option<&'s str>,
    mark: Option<&'s AgreementId>,
    window: Option<SendWindow<'s>>,
}

impl<'a> ItopWriter<'a> {
    /// A writer whose comments name a run.
    pub(crate) fn new(
        transport: &'a ItopTransport,
        mapping: &'a Mapping,
        cache: &'a ItopCache,
        run: &str,
        shared: &'a dyn SharedCreations,
    ) -> Self {
        Self { transport, mapping, cache, comment: format!("{COMMENT_PREFIX}{run}"), shared }
    }

    async fn create(&self, values: &Values<'_>) -> Result<StepResult, WriteError> {
        let fields = self.body(values, None).await?;
        let body = json!({ "comment": self.comment, "output_fields": ItopReader::codes(self.mapping), "fields": fields });
        let created =
            operation::write(self.transport, "core/create", &self.mapping.class, body, values.window).await?;
        self.cache.insert(&created, values.fields.clone());
        Ok(StepResult { object: created.id(), altered: self.altered(values.fields, &created) })
    }

    /// The contract as it was read before the write.
    fn seen(&self, object: &LiveId) -> Result<CachedContract, WriteError> {
        let seen = self.cache.contract(object);
        seen.ok_or_else(|| WriteError::NotSent(format!("{object} was not read before the write")))
    }

    async fn edit(&self, object: &LiveId, values: &Values<'_>) -> Result<StepResult, WriteError> {
        let seen = self.seen(object)?;
        let fields = self.body(values, Some(&seen)).await?;
        self.cache.remove(object);
        let written = self.update(object, &seen, fields, values.window).await?;
        let held = wire::text(&written.fields, STATE).unwrap_or_default();
        if let Some(wanted) = values.state.filter(|wanted| *wanted != held) {
            return Err(WriteError::Refused(format!(
                "the state is still `{held}` and did not change to `{wanted}`: check helpdesk.agreement.states in servanda.yaml"
            )));
        }
        let mut known = seen.fields;
        known.extend(values.fields.clone());
        self.cache.insert(&written, known);
        Ok(StepResult { object: object.clone(), altered: self.altered(values.fields, &written) })
    }

    /// Updates an object only if it has not changed since it was read.
    async fn update(
        &self,
        object: &LiveId,
        seen: &CachedContract,
        fields: Json,
        window: Option<SendWindow<'_>>,
    ) -> Result<Object, WriteError> {
        let number = self.number(object)?;
        let class = &self.mapping.class;
        let expected = oql::one(class, number, &self.conditions(&seen.row));
        let codes = ItopReader::codes(self.mapping);
        let mut body =
            json!({ "comment": self.comment, "output_fields": codes, "key": expected, "fields": fields });
        let refused = match operation::write(self.transport, "core/update", class, body.clone(), window).await
        {
            Err(HttpError::Declined { code, text }) => HttpError::Declined { code, text },
            written => return Ok(written?),
        };
        // The message does not reliably tell whether the object has changed or the values are invalid.
        let now = operation::get(self.transport, class, &oql::one(class, number, &[]), &codes, None).await;
        let by_values = operation::get(self.transport, class, &expected, "id", None).await;
        match (now, by_values) {
            (Ok(now), _) if now.first().map(|now| &now.fields) != Some(&seen.row) => {
                Err(WriteError::Conflict)
            }
            // The object is unchanged, yet the query with its own values does not find it: one of them cannot
            // be queried.
            (Ok(_), Ok(found)) if found.is_empty() => {
                body["key"] = json!(number);
                Ok(operation::write(self.transport, "core/update", class, body, window).await?)
            }
            _ => Err(refused.into()),
        }
    }

    fn number(&self, object: &LiveId) -> Result<u64, WriteError> {
        let number = parts(object).map(|(_, number)| number);
        number
            .ok_or_else(|| WriteError::Refused(format!("`{object}` is not an id of {}", self.mapping.class)))
    }

    /// The OQL conditions that hold only while the object is as it was read.
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

    /// The attributes and link rows to write, given the object as it was read.
    async fn body(&self, values: &Values<'_>, seen: Option<&CachedContract>) -> Result<Json, WriteError> {
        let mut body = Map::new();
        for (field, value) in values.fields {
            let Some(code) = self.mapping.attributes.get(field).filter(|_| wire::is_scalar(field)) else {
                continue;
            };
            let is_bool = matches!(value, Value::Bool(_));
            if !field.is_text() || is_bool {
                body.insert(
                    code.clone(),
                    wire::write(field, value, self.mapping).map_err(WriteError::Refused)?,
                );
            }
        }
        for code in self.texts(values) {
            let before = seen.map_or("", |seen| wire::text(&seen.row, code).unwrap_or_default());
            let text = SharedTexts(self.mapping)
                .write(code, before, values.fields, values.mark)
                .map_err(WriteError::Refused)?;
            body.insert(code.to_owned(), json!(text));
        }
        body.extend(values.state.map(|state| (STATE.to_owned(), json!(state))));
        if let (Some(people), Some(code)) =
            (values.fields.get(&Field::Contacts), self.mapping.attributes.get(&Field::Contacts))
        {
            body.insert(code.clone(), contacts(people)?);
        }
        let published = [Field::Services, Field::Targets];
        if let Some(code) = self.mapping.attributes.get(&Field::Services)
            && published.iter().any(|field| values.fields.contains_key(field))
        {
            body.insert(code.clone(), self.rows(values, seen).await?);
        }
        Ok(Json::Object(body))
    }

    /// The text attributes that are written.
    fn texts<'w>(&'w self, values: &Values<'w>) -> Vec<&'w str> {
        let fields =
            values.fields.iter().filter(|(field, value)| field.is_text() && !matches!(value, Value::Bool(_)));
        let codes = fields.filter_map(|(field, _)| self.mapping.attributes.get(field)).map(String::as_str);
        let mut codes: Vec<&str> =
            codes.chain(values.mark.map(|_| self.mapping.key.attribute.as_str())).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// A link row for each service, with the SLA of its targets.
    async fn rows(&self, values: &Values<'_>, seen: Option<&CachedContract>) -> Result<Json, WriteError> {
        let held = seen.map(|seen| &seen.fields);
        let wanted = |field: &Field| values.fields.get(field).or_else(|| held?.get(field));
        let mut rows = Vec::new();
        if let Some(Value::References(services)) = wanted(&Field::Services) {
            for service in services {
                let mut row =
                    json!({ "service_id": wire::number(service, SERVICE).map_err(WriteError::Refused)? });
                if self.mapping.holds_targets_with_services() {
                    let table = table_of(service, wanted(&Field::Targets))?;
                    row["sla_id"] = json!(self.sla(&table, wanted(&Field::Provider), values.window).await?);
                }
                rows.push(row);
            }
        }
        Ok(json!(rows))
    }

    /// The number of the SLA for a target table; 0 if the table is empty.
    async fn sla(
        &self,
        table: &TargetTable,
        provider: Option<&Value>,
        window: Option<SendWindow<'_>>,
    ) -> Result<u64, WriteError> {
        if table.is_empty() {
            return Ok(0);
        }
        let Some(Value::Reference(provider)) = provider else {
            return Err(WriteError::Refused(
                "an SLA of iTop needs a provider, but the agreement has none".to_owned(),
            ));
        };
        let provider =
            wire::number(provider, ORGANIZATION).map_err(WriteError::Refused)?.as_u64().unwrap_or_default();
        let mut slas = self.cache.slas.write().await;
        let Self { transport, comment, shared, .. } = self;
        SlaWriter { transport, comment, shared: *shared, window }.ensure(&mut slas, provider, table).await
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

/// The targets of a service, by priority.
fn table_of(service: &LiveId, targets: Option<&Value>) -> Result<TargetTable, WriteError> {
    let Some(Value::Targets(targets)) = targets else {
        return Ok(TargetTable::new());
    };
    let own = targets.iter().filter(|(key, _)| key.service.as_ref() == Some(service));
    let named = own.map(|(key, promise): (_, &LiveTarget)| {
        let number = parts(&key.priority).and_then(|(_, number)| u8::try_from(number).ok());
        let number = number
            .ok_or_else(|| WriteError::Refused(format!("`{}` is not a priority of iTop", key.priority)))?;
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
            WriteError::Refused(format!(
                "`{person}` is not a contact: write the id as Person::12 in catalog.yaml"
            ))
        })?;
        Ok(json!({ "contact_id": number }))
    });
    Ok(Json::Array(rows.collect::<Result<_, WriteError>>()?))
}

impl Writer for ItopWriter<'_> {
    async fn withdraw(&self, object: &LiveId) -> Result<(), WriteError> {
        let seen = self.seen(object)?;
        let code = &self.mapping.key.attribute;
        let text = SharedTexts(self.mapping).without_key(wire::text(&seen.row, code).unwrap_or_default());
        let mut fields = json!({ code: text });
        if let Some(state) = self.mapping.states.get(&State::Terminated) {
            fields[STATE] = json!(state);
        }
        self.cache.remove(object);
        self.update(object, &seen, fields, None).await.map(drop)
    }

    async fn perform_within(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        match (step, object) {
            (Step::Create { fields }, _) => {
                // A new contract of iTop has no state unless it is set.
                let state = self.mapping.states.get(&State::Planned).map(String::as_str);
                self.create(&Values { fields, state, mark: Some(id), window }).await
            }
            (Step::Edit { fields, state, ownership_key }, Some(object)) => {
                let (state, mark) = (state.as_deref(), ownership_key.as_ref());
                self.edit(object, &Values { fields, state, mark, window }).await
            }
            (Step::Edit { .. }, None) => Err(WriteError::without_object()),
            _ => Err(WriteError::no_such_step("iTop")),
        }
    }

    async fn write_note(&self, object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError> {
        let wrong = || {
            WriteError::Refused(format!(
                "`{attribute}` of {object} does not contain the written text; check ledger.witness in servanda.yaml"
            ))
        };
        let (class, number) = parts(object).ok_or_else(wrong)?;
        let body = json!({ "comment": self.comment, "key": number, "output_fields": attribute, "fields": { attribute: text } });
        let written = operation::write(self.transport, "core/update", class, body, None).await?;
        if wire::text(&written.fields, attribute) == Ok(text) { Ok(()) } else { Err(wrong()) }
    }
}
