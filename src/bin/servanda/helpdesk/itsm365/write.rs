//! Converts each step of a plan to one request, and compares the response with the values that were sent.
//!
//! Edits write whole values and are idempotent. Creations are not, and are never retried.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, TargetKey, Value};
use servanda::mapping::{Deactivation, Field, Mapping, RuleClass};
use servanda::plan::Altered;
use servanda::plan::Step;
use servanda::status::State;

use super::key::Itsm365Transport;
use super::list::{Lists, is_removed, object_id};
use super::wire;
use crate::helpdesk::error::WriteError;
use crate::helpdesk::writer::{StepResult, Writer, creation_order};
use crate::http::client::HttpError;
use crate::http::transport::{RetryPolicy, SendWindow};

/// Writes to a tenant of ITSM 365.
pub(crate) struct Itsm365Writer<'a> {
    transport: &'a Itsm365Transport,
    mapping: &'a Mapping,
    /// Serialises read-modify-write of the recipients' sets of agreements, which several agreements share.
    link_lock: tokio::sync::Mutex<()>,
}

/// The status of a response that reports no change. It may hide a refusal.
const NOT_MODIFIED: u16 = 304;

/// The page size of the objects of one agreement: rarely more than twenty.
const TARGETS_PAGE: usize = 100;

/// The path of creations, before the class.
const CREATE: &str = "create-m2m/";

/// The path of a request that creates several objects, of which each names its class.
const CREATE_TOGETHER: &str = "create-m2m-multiple";

/// The message for a script module that the tenant does not have.
const NO_MODULE: &str = "Script module or method not found";

impl<'a> Itsm365Writer<'a> {
    /// A writer over a transport.
    pub(crate) fn new(transport: &'a Itsm365Transport, mapping: &'a Mapping) -> Self {
        Self { transport, mapping, link_lock: tokio::sync::Mutex::default() }
    }

    async fn create(
        &self,
        id: &AgreementId,
        fields: &BTreeMap<Field, Value>,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        let mut body = self.body(fields);
        body.insert(self.mapping.key.attribute.clone(), json!(self.mapping.ownership_key(id)));
        let path = format!("{CREATE}{}", self.mapping.class);
        let answer = self.send(&path, body, window).await?;
        let object = answer.get("UUID").and_then(Json::as_str).and_then(LiveId::new);
        let object = object
            .ok_or_else(|| WriteError::Ambiguous("the response does not name the new object".to_owned()))?;
        Ok(StepResult { object, altered: self.altered(fields, &answer) })
    }

    async fn edit(
        &self,
        object: &LiveId,
        fields: &BTreeMap<Field, Value>,
        state: Option<&str>,
        mark: Option<&AgreementId>,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        let mut body = self.body(fields);
        body.extend(state.map(|state| ("state".to_owned(), json!(state))));
        body.extend(
            mark.map(|mark| (self.mapping.key.attribute.clone(), json!(self.mapping.ownership_key(mark)))),
        );
        let answer = self.send(&format!("edit-m2m/{object}"), body, window).await?;
        if let (Some(wanted), Some(held)) = (state, answer.get("state").and_then(Json::as_str))
            && wanted != held
        {
            return Err(WriteError::Refused(format!(
                "the state is still `{held}` and did not change to `{wanted}`: check helpdesk.agreement.states in servanda.yaml"
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
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let codes = self.rules()?;
        let body = rule_body(codes, agreement, key, promise)?;
        // The agreement was just read with its rules, so that an unknown rule does not exist.
        let path = match rule {
            Some(rule) => format!("edit-m2m/{rule}"),
            None => format!("{CREATE}{}", codes.class),
        };
        self.send_only(&path, body, window).await
    }

    /// Adds a link to, or removes it from, the set that the recipient holds, and keeps the other links.
    async fn relink(
        &self,
        unit: &LiveId,
        agreement: &LiveId,
        linked: bool,
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let _guard = self.link_lock.lock().await;
        let code = &self.mapping.recipients.recipient_attribute;
        let query =
            [("attrs", format!("UUID,{code}")), ("offset", "0".to_owned()), ("limit", "2".to_owned())];
        let class = unit.as_str().split('$').next().unwrap_or_default();
        let find = format!("find/{class}");
        let answer = self.transport.post(&find, &query, &json!({ "UUID": unit }), RetryPolicy::Read).await?;
        let held = answer.body.get(0).map(|found| wire::references(&found[code.as_str()]));
        let mut held = held
            .ok_or_else(|| WriteError::Refused(format!("{unit} does not exist")))?
            .map_err(|why| WriteError::Refused(format!(
                "`{code}` of {unit}: {why}; check helpdesk.agreement.recipients.attribute in servanda.yaml"
            )))?;
        let changes = if linked { held.insert(agreement.clone()) } else { held.remove(agreement) };
        if changes {
            let body = Map::from_iter([(code.clone(), json!(held))]);
            self.send_only(&format!("edit-m2m/{unit}"), body, window).await?;
        }
        Ok(())
    }

    fn rules(&self) -> Result<&'a RuleClass, WriteError> {
        let rules = self.mapping.rules.as_ref();
        rules.ok_or_else(|| {
            WriteError::Refused("helpdesk.sla_rules is not set, so that targets cannot be written".to_owned())
        })
    }

    fn body(&self, fields: &BTreeMap<Field, Value>) -> Map<String, Json> {
        let mapped = fields.iter().filter_map(|(field, value)| {
            let code = self.mapping.attributes.get(field)?;
            Some((code.clone(), wire::write(field, value, self.mapping)))
        });
        mapped.collect()
    }

    /// Sends a write and returns the stored values.
    async fn send(
        &self,
        path: &str,
        body: Map<String, Json>,
        window: Option<SendWindow<'_>>,
    ) -> Result<Map<String, Json>, WriteError> {
        let attributes = attributes_of(&body);
        self.send_for(&attributes, path, body, window).await
    }

    /// Sends a write of which no stored value is compared, so that the response need not repeat them.
    async fn send_only(
        &self,
        path: &str,
        body: Map<String, Json>,
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        self.send_for("UUID", path, body, window).await.map(drop)
    }

    /// Sends a write and returns these attributes. A status of 304 is checked, since it may be a refusal.
    async fn send_for(
        &self,
        attributes: &str,
        path: &str,
        body: Map<String, Json>,
        window: Option<SendWindow<'_>>,
    ) -> Result<Map<String, Json>, WriteError> {
        let query = [("attrs", attributes.to_owned())];
        let body = Json::Object(body);
        let answer = self.transport.post_within(path, &query, &body, window).await?;
        match (answer.body, body) {
            (Json::Object(object), _) => Ok(object),
            // A creation is no edit of an object that could be read now.
            (_, Json::Object(sent)) if answer.status == NOT_MODIFIED && !path.starts_with(CREATE) => {
                self.after_304(path, &sent).await
            }
            _ => Err(WriteError::Ambiguous("the response is not an object".to_owned())),
        }
    }

    /// Reads the object to tell apart the two meanings of 304: already up to date, or refused.
    async fn after_304(&self, path: &str, sent: &Map<String, Json>) -> Result<Map<String, Json>, WriteError> {
        let uuid = path.rsplit('/').next().unwrap_or_default();
        let query = [("attrs", attributes_of(sent))];
        let answer =
            self.transport.post(&format!("get/{uuid}"), &query, &json!({}), RetryPolicy::Read).await?;
        let Json::Object(held) = answer.body else {
            return Err(WriteError::Ambiguous("the object could not be read after the edit".to_owned()));
        };
        let differs = |code: &&String| comparable(&held[code.as_str()]) != comparable(&sent[code.as_str()]);
        match sent.keys().find(differs) {
            None => Ok(held),
            Some(code) => {
                Err(WriteError::Refused(format!("the helpdesk did not store `{code}` and gave no reason")))
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

/// The body of a write to the rule of a target.
fn rule_body(
    codes: &RuleClass,
    agreement: &LiveId,
    key: &TargetKey,
    promise: &LiveTarget,
) -> Result<Map<String, Json>, WriteError> {
    let interval = |time| wire::write_interval(time, codes.interval).map_err(WriteError::Refused);
    let mut body = Map::new();
    body.insert(codes.agreement.clone(), json!(agreement));
    body.insert(codes.service.clone(), json!(key.service));
    body.insert(codes.priority.clone(), json!(key.priority));
    body.insert(codes.calendar.clone(), json!(promise.calendar));
    body.insert(codes.response.clone(), interval(promise.response)?);
    body.insert(codes.resolution.clone(), interval(promise.resolution)?);
    Ok(body)
}

/// Checks that each of several objects was created. One that was refused comes back with an error and without an id.
fn check_created(answer: &Json, count: usize) -> Result<(), WriteError> {
    let items = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let refused = items.iter().find_map(|item| item.get("error").filter(|error| !error.is_null()));
    if let Some(error) = refused {
        let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
        return Err(WriteError::Refused(text));
    }
    let created = items.iter().filter_map(Json::as_object).filter_map(object_id).count();
    if created == count && items.len() == count {
        return Ok(());
    }
    Err(WriteError::Ambiguous(format!("the response names {created} of {count} new objects")))
}

/// The attributes of a request, as the query names them.
fn attributes_of(body: &Map<String, Json>) -> String {
    let codes = body.keys().map(String::as_str);
    std::iter::once("UUID").chain(codes).collect::<Vec<_>>().join(",")
}

/// Reduces references to ids and sorts sets, so that sent and stored values can be compared.
fn comparable(json: &Json) -> Json {
    match json {
        Json::Object(object) => object.get("UUID").cloned().unwrap_or_else(|| json.clone()),
        Json::Array(list) => {
            let mut sorted: Vec<String> = list.iter().map(|entry| comparable(entry).to_string()).collect();
            sorted.sort();
            json!(sorted)
        }
        other => other.clone(),
    }
}

impl Writer for Itsm365Writer<'_> {
    fn creates_targets_together(&self) -> bool {
        self.mapping.rules.as_ref().is_some_and(|rules| rules.are_created_together)
    }

    async fn create_targets_within(
        &self,
        agreement: &LiveId,
        steps: &[&Step],
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let codes = self.rules()?;
        let body = |step: &&Step| match step {
            Step::PutRule { rule: None, key, target } => Some(rule_body(codes, agreement, key, target)),
            _ => None,
        };
        let bodies = steps.iter().filter_map(body).collect::<Result<Vec<_>, _>>()?;
        let typed = bodies.into_iter().map(|mut body| {
            body.insert("metaClass".to_owned(), json!(codes.class));
            body
        });
        let typed: Vec<Json> = typed.map(Json::Object).collect();
        let (count, query) = (typed.len(), [("attrs", "UUID".to_owned())]);
        let answer = self.transport.post_within(CREATE_TOGETHER, &query, &Json::Array(typed), window).await?;
        check_created(&answer.body, count)
    }

    async fn write_note(&self, object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError> {
        let body = Map::from_iter([(attribute.to_owned(), json!(text))]);
        let held = self.send(&format!("edit-m2m/{object}"), body, None).await?;
        if held.get(attribute).and_then(Json::as_str) == Some(text) {
            return Ok(());
        }
        Err(WriteError::Refused(format!(
            "`{attribute}` of {object} does not contain the written text; check ledger.witness in servanda.yaml"
        )))
    }

    async fn comment(&self, object: &LiveId, html: &str, is_private: bool) -> Result<String, WriteError> {
        let query = [("attrs", "UUID".to_owned())];
        let body = json!({ "source": object, "text": html, "private": is_private });
        let answer = self.transport.post("create-m2m/comment", &query, &body, RetryPolicy::Write).await?;
        let comment = answer.body["UUID"].as_str().map(str::to_owned);
        comment.ok_or_else(|| WriteError::Ambiguous("the response does not name the new comment".to_owned()))
    }

    async fn call(&self, function: &str, body: &Json) -> Result<(), WriteError> {
        let query = [("func", format!("modules.{function}")), ("params", "requestContent,user".to_owned())];
        match self.transport.post("exec-post", &query, body, RetryPolicy::Write).await {
            // A script that failed may have sent messages before. One that does not exist has not.
            Err(failed @ HttpError::Refused { status: 500.., .. })
                if failed.to_string().contains(NO_MODULE) =>
            {
                Err(WriteError::Refused(failed.to_string()))
            }
            answered => Ok(answered.map(drop)?),
        }
    }

    async fn withdraw(&self, object: &LiveId) -> Result<(), WriteError> {
        let states = &self.mapping.states;
        let planned = states.get(&State::Planned);
        let state = states.get(&State::Terminated).filter(|state| Some(*state) != planned);
        let mut body = Map::from_iter([(self.mapping.key.attribute.clone(), Json::Null)]);
        body.extend(state.map(|state| ("state".to_owned(), json!(state))));
        self.send_only(&format!("edit-m2m/{object}"), body, None).await?;
        match self.mapping.deactivate {
            Deactivation::Archive => self.set_removed(object, true, None).await,
            Deactivation::State | Deactivation::Detach | Deactivation::Withdraw => Ok(()),
        }
    }

    async fn keep_oldest_targets(
        &self,
        agreement: &LiveId,
        keys: &BTreeSet<TargetKey>,
    ) -> Result<(), WriteError> {
        let codes = self.rules()?;
        let attributes = ["UUID", "removed", &codes.service, &codes.priority].join(",");
        let mut filter = json!({ codes.agreement.clone(): agreement });
        if let (1, Some(only)) = (keys.len(), keys.first()) {
            filter[&codes.priority] = json!(only.priority);
        }
        let found = Lists::new(self.transport, TARGETS_PAGE).read(&codes.class, &attributes, &filter).await;
        let found = found.map_err(|error| WriteError::Ambiguous(error.to_string()))?;
        let refers = |rule: &Map<String, Json>, code: &str, wanted: Option<&LiveId>| {
            wire::reference(rule.get(code).unwrap_or(&Json::Null)).is_ok_and(|held| held.as_ref() == wanted)
        };
        for TargetKey { service, priority } in keys {
            let is_same = |rule: &&Map<String, Json>| {
                !is_removed(rule)
                    && refers(rule, &codes.service, service.as_ref())
                    && refers(rule, &codes.priority, Some(priority))
            };
            let mut same: Vec<LiveId> = found.iter().filter(is_same).filter_map(object_id).collect();
            same.sort_by(|left, right| creation_order(left).cmp(&creation_order(right)));
            for later in same.iter().skip(1) {
                self.set_removed(later, true, None).await?;
            }
        }
        Ok(())
    }

    async fn perform_within(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        if let Step::Create { fields } = step {
            return self.create(id, fields, window).await;
        }
        let object = object.ok_or_else(WriteError::without_object)?;
        match step {
            Step::Create { .. } => {}
            Step::Edit { fields, state, ownership_key } => {
                return self.edit(object, fields, state.as_deref(), ownership_key.as_ref(), window).await;
            }
            Step::PutRule { rule, key, target } => {
                self.put_rule(object, rule.as_ref(), key, target, window).await?;
            }
            Step::DropRule { rule, .. } => self.set_removed(rule, true, window).await?,
            Step::Link { unit } => self.relink(unit, object, true, window).await?,
            Step::Unlink { unit } => self.relink(unit, object, false, window).await?,
            Step::Archive => self.set_removed(object, true, window).await?,
            Step::Restore => self.set_removed(object, false, window).await?,
        }
        Ok(StepResult { object: object.clone(), altered: Vec::new() })
    }
}

impl Itsm365Writer<'_> {
    async fn set_removed(
        &self,
        object: &LiveId,
        removed: bool,
        window: Option<SendWindow<'_>>,
    ) -> Result<(), WriteError> {
        let body = Map::from_iter([("removed".to_owned(), json!(removed))]);
        self.send_only(&format!("edit-m2m/{object}"), body, window).await
    }
}
