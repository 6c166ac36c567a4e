//! Converts each step of a plan to one call. An edit names the agreement as it was last read, so that the adapter refuses
//! it if somebody else has changed it.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use servanda::bridge::{
    Call, Capability, CommentAnswer, CommentRequest, Description, StepOutcome, StepRequest, read_agreement,
    write_value,
};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveAgreement, Value};
use servanda::mapping::{Field, Mapping};
use servanda::plan::{Step, altered};
use servanda::status::State;

use super::read::BridgeCache;
use super::token::BridgeTransport;
use crate::helpdesk::error::WriteError;
use crate::helpdesk::writer::{StepResult, Writer};
use crate::http::body::excerpt;
use crate::http::transport::{RetryPolicy, SendWindow};

/// Writes through an adapter.
pub(crate) struct BridgeWriter<'a> {
    transport: &'a BridgeTransport,
    description: &'a Description,
    mapping: &'a Mapping,
    cache: &'a BridgeCache,
    run: String,
}

impl<'a> BridgeWriter<'a> {
    /// A writer whose requests name a run.
    pub(crate) fn new(
        transport: &'a BridgeTransport,
        description: &'a Description,
        mapping: &'a Mapping,
        cache: &'a BridgeCache,
        run: &str,
    ) -> Self {
        Self { transport, description, mapping, cache, run: run.to_owned() }
    }

    fn request(&self, object: Option<&LiveId>, fields: &BTreeMap<Field, Value>) -> StepRequest {
        let carried = fields.iter().filter_map(|(field, value)| {
            let name = self.mapping.attributes.get(field)?;
            Some((name.clone(), write_value(field, value)))
        });
        StepRequest {
            run: self.run.clone(),
            object: object.map(ToString::to_string),
            key: None,
            state: None,
            fields: carried.collect(),
            expected: None,
        }
    }

    async fn create(
        &self,
        id: &AgreementId,
        fields: &BTreeMap<Field, Value>,
        window: Option<SendWindow<'_>>,
    ) -> Result<LiveAgreement, WriteError> {
        let planned = self.mapping.states.get(&State::Planned).cloned();
        let key = Some(self.mapping.ownership_key(id));
        let request = StepRequest { key, state: planned, ..self.request(None, fields) };
        self.send(&request, window).await
    }

    /// Edits an agreement that was read before.
    async fn edit(
        &self,
        object: &LiveId,
        request: StepRequest,
        window: Option<SendWindow<'_>>,
    ) -> Result<LiveAgreement, WriteError> {
        let expected = self.cache.take(object);
        let expected =
            expected.ok_or_else(|| WriteError::NotSent(format!("{object} was not read before the write")))?;
        let request = StepRequest { expected: Some(expected), ..request };
        let stored = self.send(&request, window).await?;
        if stored.object != *object {
            return Err(WriteError::Ambiguous(format!("the answer is about {}", stored.object)));
        }
        let held = &stored.record.state;
        match &request.state {
            Some(wanted) if wanted != held => Err(WriteError::Refused(format!(
                "the state is still `{held}` and did not change to `{wanted}`, although the adapter answered that it is done"
            ))),
            _ => Ok(stored),
        }
    }

    /// Sends a step, and keeps the agreement that the answer shows.
    async fn send(
        &self,
        request: &StepRequest,
        window: Option<SendWindow<'_>>,
    ) -> Result<LiveAgreement, WriteError> {
        let body = serde_json::to_value(request).expect("a request is JSON");
        let answer = self.transport.post_within(Call::Step.as_str(), &[], &body, window).await?.body;
        let message = answer.get("message").and_then(Json::as_str).unwrap_or("the adapter gives no reason");
        let message = excerpt(message);
        let outcome = answer.get("outcome").map(StepOutcome::deserialize);
        match outcome {
            Some(Ok(StepOutcome::Done)) => {
                let stored = read_agreement(&answer["agreement"], self.mapping).map_err(unclear)?;
                self.cache.insert(&stored);
                stored.interpreted.map_err(unclear)
            }
            Some(Ok(StepOutcome::Refused)) => Err(WriteError::Refused(message)),
            Some(Ok(StepOutcome::Moved)) => Err(WriteError::Conflict),
            Some(Ok(StepOutcome::Unknown)) => Err(WriteError::Ambiguous(message)),
            Some(Err(_)) | None => Err(unclear("the answer has no known `outcome`")),
        }
    }
}

/// The error of an answer that does not follow the contract: the step may have been stored.
fn unclear(why: impl AsRef<str>) -> WriteError {
    WriteError::Ambiguous(format!(
        "the answer to `step` does not follow the contract: {}",
        excerpt(why.as_ref())
    ))
}

impl Writer for BridgeWriter<'_> {
    async fn perform_within(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
        window: Option<SendWindow<'_>>,
    ) -> Result<StepResult, WriteError> {
        let stored = match (step, object) {
            (Step::Create { fields }, _) => self.create(id, fields, window).await?,
            (Step::Edit { fields, state, ownership_key }, Some(object)) => {
                let key = ownership_key.as_ref().map(|key| self.mapping.ownership_key(key));
                let request = StepRequest { key, state: state.clone(), ..self.request(Some(object), fields) };
                self.edit(object, request, window).await?
            }
            (Step::Edit { .. }, None) => return Err(WriteError::without_object()),
            _ => return Err(WriteError::no_such_step("an adapter")),
        };
        Ok(StepResult { altered: altered(step, &stored), object: stored.object })
    }

    async fn withdraw(&self, object: &LiveId) -> Result<(), WriteError> {
        let state = self.mapping.states.get(&State::Terminated).cloned();
        let key = Some(String::new());
        let request = StepRequest { key, state, ..self.request(Some(object), &BTreeMap::new()) };
        self.edit(object, request, None).await.map(drop)
    }

    async fn write_note(&self, object: &LiveId, attribute: &str, _: &str) -> Result<(), WriteError> {
        let why =
            format!("an adapter keeps no `{attribute}` of {object}: delete ledger.witness in servanda.yaml");
        Err(WriteError::Refused(why))
    }

    async fn comment(&self, object: &LiveId, html: &str, is_private: bool) -> Result<String, WriteError> {
        if !self.description.can(Capability::Comments) {
            return Err(WriteError::Refused("the adapter does not support comments".to_owned()));
        }
        let request =
            CommentRequest { object: object.to_string(), html: html.to_owned(), private: is_private };
        let body = json!(request);
        let answer = self.transport.post(Call::Comment.as_str(), &[], &body, RetryPolicy::Write).await?;
        let answer = CommentAnswer::deserialize(&answer.body)
            .map_err(|error| WriteError::Ambiguous(error.to_string()))?;
        let comment = LiveId::new(&answer.comment).map(|id| id.to_string());
        comment.ok_or_else(|| WriteError::Ambiguous("the comment has no valid id".to_owned()))
    }
}
