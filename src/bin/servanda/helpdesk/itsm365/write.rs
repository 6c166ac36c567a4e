//! Steps of a plan become requests, one each; what comes back is compared with what was sent.
//!
//! Every write is of whole values and safe to repeat, but for creations, which the transport never repeats.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, TargetKey, Value};
use servanda::mapping::{Field, Mapping, RuleClass};
use servanda::outcome::Altered;
use servanda::plan::Step;

use super::wire;
use crate::helpdesk::{StepResult, WriteError, Writer};
use crate::http::client::HttpError;
use crate::http::transport::{RetryPolicy, Transport};

/// Writes to a tenant of ITSM 365.
pub(crate) struct Itsm365Writer<'a> {
    transport: &'a Transport,
    mapping: &'a Mapping,
    /// Held while a set of the recipients' side is read, changed and written: several agreements share it.
    linking: tokio::sync::Mutex<()>,
}

/// The status of an answer that says that nothing was changed, for whatever reason.
const NOT_MODIFIED: u16 = 304;

/// What the helpdesk says of a script module that the tenant does not have.
const NO_MODULE: &str = "Script module or method not found";

impl<'a> Itsm365Writer<'a> {
    /// A writer over a transport.
    pub(crate) fn new(transport: &'a Transport, mapping: &'a Mapping) -> Self {
        Self { transport, mapping, linking: tokio::sync::Mutex::default() }
    }

    async fn create(
        &self,
        id: &AgreementId,
        fields: &BTreeMap<Field, Value>,
    ) -> Result<StepResult, WriteError> {
        let mut body = self.body(fields);
        body.insert(self.mapping.key.attribute.clone(), json!(self.mapping.mark(id)));
        let path = format!("create-m2m/{}", self.mapping.class);
        let answer = self.send(&path, body, RetryPolicy::Write).await?;
        let object = answer.get("UUID").and_then(Json::as_str).and_then(LiveId::new);
        let object = object.ok_or_else(|| WriteError::Ambiguous("the answer names no object".to_owned()))?;
        Ok(StepResult { object, altered: self.altered(fields, &answer) })
    }

    async fn edit(
        &self,
        object: &LiveId,
        fields: &BTreeMap<Field, Value>,
        state: Option<&str>,
        mark: Option<&AgreementId>,
    ) -> Result<StepResult, WriteError> {
        let mut body = self.body(fields);
        body.extend(state.map(|state| ("state".to_owned(), json!(state))));
        body.extend(mark.map(|mark| (self.mapping.key.attribute.clone(), json!(self.mapping.mark(mark)))));
        let answer = self.send(&format!("edit-m2m/{object}"), body, RetryPolicy::Write).await?;
        if let (Some(wanted), Some(held)) = (state, answer.get("state").and_then(Json::as_str))
            && wanted != held
        {
            return Err(WriteError::Refused(format!(
                "the state stayed `{held}` and did not become `{wanted}`: check helpdesk.agreement.states in servanda.yaml"
            )));
        }
        Ok(StepResult { object: object.clone(), altered: self.altered(fields, &answer) })
    }

    async fn put_rule(
        &self,
        agreement: &LiveId,
        rule: Option<&LiveId>,
        key: &TargetKey,
        promise: &LiveTarget,
    ) -> Result<(), WriteError> {
        let codes = self.rules()?;
        let interval = |time| wire::write_interval(time, codes.interval).map_err(WriteError::Refused);
        let mut body = Map::new();
        body.insert(codes.agreement.clone(), json!(agreement));
        body.insert(codes.service.clone(), json!(key.service));
        body.insert(codes.priority.clone(), json!(key.priority));
        body.insert(codes.calendar.clone(), json!(promise.calendar));
        body.insert(codes.response.clone(), interval(promise.response)?);
        body.insert(codes.resolution.clone(), interval(promise.resolution)?);
        // The object was read with its rules just before, so that one that is not known does not exist.
        match rule {
            Some(rule) => self.send(&format!("edit-m2m/{rule}"), body, RetryPolicy::Write).await?,
            None => self.send(&format!("create-m2m/{}", codes.class), body, RetryPolicy::Write).await?,
        };
        Ok(())
    }

    /// Writes one link into the recipient's own set, uniting with what is there.
    async fn relink(&self, unit: &LiveId, agreement: &LiveId, linked: bool) -> Result<(), WriteError> {
        let _linking = self.linking.lock().await;
        let code = &self.mapping.recipients.recipient_attribute;
        let query =
            [("attrs", format!("UUID,{code}")), ("offset", "0".to_owned()), ("limit", "2".to_owned())];
        let class = unit.as_str().split('$').next().unwrap_or_default();
        let find = format!("find/{class}");
        let answer = self.transport.post(&find, &query, &json!({ "UUID": unit }), RetryPolicy::Read).await?;
        let held = answer.body.get(0).map(|found| wire::references(&found[code.as_str()]));
        let mut held = held
            .ok_or_else(|| WriteError::Refused(format!("there is no {unit}")))?
            .map_err(|why| WriteError::Refused(format!(
                "`{code}` of {unit}: {why}; check helpdesk.agreement.recipients.attribute in servanda.yaml"
            )))?;
        let changes = if linked { held.insert(agreement.clone()) } else { held.remove(agreement) };
        if changes {
            let body = Map::from_iter([(code.clone(), json!(held))]);
            self.send(&format!("edit-m2m/{unit}"), body, RetryPolicy::Write).await?;
        }
        Ok(())
    }

    fn rules(&self) -> Result<&'a RuleClass, WriteError> {
        let rules = self.mapping.rules.as_ref();
        rules.ok_or_else(|| {
            WriteError::Refused("the settings say that the helpdesk carries no targets".to_owned())
        })
    }

    fn body(&self, fields: &BTreeMap<Field, Value>) -> Map<String, Json> {
        let mapped = fields.iter().filter_map(|(field, value)| {
            let code = self.mapping.attributes.get(field)?;
            Some((code.clone(), wire::write(field, value, self.mapping)))
        });
        mapped.collect()
    }

    /// Sends a write and asks back what it wrote. An answer of 304 is looked into: it may be a refusal.
    async fn send(
        &self,
        path: &str,
        body: Map<String, Json>,
        class: RetryPolicy,
    ) -> Result<Map<String, Json>, WriteError> {
        let codes: Vec<&str> = body.keys().map(String::as_str).collect();
        let query = [("attrs", format!("UUID,{}", codes.join(",")))];
        let body = Json::Object(body);
        let answer = self.transport.post(path, &query, &body, class).await?;
        match answer.body {
            Json::Object(object) => Ok(object),
            _ if answer.status == NOT_MODIFIED => self.after_304(path, &query, &body).await,
            _ => Err(WriteError::Ambiguous("the answer is no object".to_owned())),
        }
    }

    /// 304 may mean "it is so already" or "no": the object itself tells.
    async fn after_304(
        &self,
        path: &str,
        query: &[(&str, String)],
        sent: &Json,
    ) -> Result<Map<String, Json>, WriteError> {
        let uuid = path.rsplit('/').next().unwrap_or_default();
        let answer =
            self.transport.post(&format!("get/{uuid}"), query, &json!({}), RetryPolicy::Read).await?;
        let Json::Object(held) = answer.body else {
            return Err(WriteError::Ambiguous("the object could not be read after the edit".to_owned()));
        };
        let differs = |code: &&String| plain(&held[code.as_str()]) != plain(&sent[code.as_str()]);
        match sent.as_object().and_then(|sent| sent.keys().find(differs)) {
            None => Ok(held),
            Some(code) => {
                Err(WriteError::Refused(format!("the helpdesk did not take `{code}` and did not say why")))
            }
        }
    }

    fn altered(&self, fields: &BTreeMap<Field, Value>, answer: &Map<String, Json>) -> Vec<Altered> {
        let compared = fields.iter().filter_map(|(field, sent)| {
            let json = answer.get(self.mapping.attributes.get(field)?)?;
            let held = wire::read(field, json, self.mapping).unwrap_or(Value::Nothing);
            (held != *sent).then(|| Altered { field: field.clone(), sent: sent.clone(), held })
        });
        compared.collect()
    }
}

/// A value with its references as bare ids and in order, so that what was sent and what is held compare.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(object) => object.get("UUID").cloned().unwrap_or_else(|| json.clone()),
        Json::Array(list) => {
            let mut plain: Vec<String> = list.iter().map(|entry| plain(entry).to_string()).collect();
            plain.sort();
            json!(plain)
        }
        other => other.clone(),
    }
}

impl Writer for Itsm365Writer<'_> {
    async fn write_note(&self, object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError> {
        let body = Map::from_iter([(attribute.to_owned(), json!(text))]);
        let held = self.send(&format!("edit-m2m/{object}"), body, RetryPolicy::Write).await?;
        if held.get(attribute).and_then(Json::as_str) == Some(text) {
            return Ok(());
        }
        Err(WriteError::Refused(format!(
            "`{attribute}` of {object} does not hold what was written; check ledger.witness"
        )))
    }

    async fn comment(&self, object: &LiveId, html: &str, is_private: bool) -> Result<String, WriteError> {
        let query = [("attrs", "UUID".to_owned())];
        let body = json!({ "source": object, "text": html, "private": is_private });
        let answer = self.transport.post("create-m2m/comment", &query, &body, RetryPolicy::Write).await?;
        let comment = answer.body["UUID"].as_str().map(str::to_owned);
        comment.ok_or_else(|| WriteError::Ambiguous("the answer names no comment".to_owned()))
    }

    async fn call(&self, function: &str, body: &Json) -> Result<(), WriteError> {
        let query = [("func", format!("modules.{function}")), ("params", "requestContent,user".to_owned())];
        match self.transport.post("exec-post", &query, body, RetryPolicy::Write).await {
            Ok(_) => Ok(()),
            // A script that broke may have told people before it did. Only one that was never begun has not.
            Err(broken @ HttpError::Refused { status: 500.., .. })
                if !broken.to_string().contains(NO_MODULE) =>
            {
                Err(WriteError::Ambiguous(broken.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> Result<StepResult, WriteError> {
        if let Step::Create { fields } = step {
            return self.create(id, fields).await;
        }
        let object =
            object.ok_or_else(|| WriteError::Refused("there is no object to write to".to_owned()))?;
        match step {
            Step::Create { .. } => {}
            Step::Edit { fields, state, ownership_key } => {
                return self.edit(object, fields, state.as_deref(), ownership_key.as_ref()).await;
            }
            Step::PutRule { rule, key, target } => {
                self.put_rule(object, rule.as_ref(), key, target).await?;
            }
            Step::DropRule { rule, .. } => self.set_removed(rule, true).await?,
            Step::Link { unit } => self.relink(unit, object, true).await?,
            Step::Unlink { unit } => self.relink(unit, object, false).await?,
            Step::Archive => self.set_removed(object, true).await?,
            Step::Restore => self.set_removed(object, false).await?,
        }
        Ok(StepResult { object: object.clone(), altered: Vec::new() })
    }
}

impl Itsm365Writer<'_> {
    async fn set_removed(&self, object: &LiveId, removed: bool) -> Result<(), WriteError> {
        let body = Map::from_iter([("removed".to_owned(), json!(removed))]);
        self.send(&format!("edit-m2m/{object}"), body, RetryPolicy::Write).await.map(drop)
    }
}
