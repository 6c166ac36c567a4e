//! Sends calls, and keeps the last exchange so that a fault can show it.

use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;
use serde_json::{Value as Json, json};
use servanda::bridge::{AgreementMessage, Call};
use servanda::settings::{AddressPolicy, Pace};

use crate::helpdesk::bridge::{BridgeToken, BridgeTransport};
use crate::http::body::excerpt;
use crate::http::client::{Endpoint, HttpError};
use crate::http::transport::{RetryPolicy, Transport};

/// The adapter to try.
pub(crate) struct Subject<'a> {
    /// Its address.
    pub(crate) url: &'a str,
    /// Its token; empty if it needs none.
    pub(crate) token: SecretString,
    /// The variable that holds the token, if there is one.
    pub(crate) token_variable: Option<&'a str>,
    /// Whether each row of the table is tried, or every fifth.
    pub(crate) is_quick: bool,
}

/// A fault of an adapter.
#[derive(Debug)]
pub(super) struct Flaw {
    /// The fault.
    pub(super) why: String,
    /// The request that shows it, and its answer.
    pub(super) exchange: Option<String>,
}

impl Flaw {
    /// A fault that no single request shows.
    pub(super) fn without_exchange(why: impl Into<String>) -> Self {
        Self { why: why.into(), exchange: None }
    }
}

/// Sends single calls.
pub(super) struct Probe {
    transport: BridgeTransport,
    last: Mutex<String>,
    run: String,
}

impl Probe {
    /// Prepares to send calls in the name of a run.
    pub(super) fn new(url: &str, token: SecretString, run: String) -> Result<Self, HttpError> {
        // The address comes from the command line, and not from a file of others.
        let reach = AddressPolicy { private_network: true, punycode_host: true };
        let endpoint = Endpoint { url, reach, certificates: None };
        let transport = Transport::to(&endpoint, BridgeToken(token), &Pace::SANDBOX)?;
        Ok(Self { transport, last: Mutex::default(), run })
    }

    /// Sends a call, whose answer may be an error.
    pub(super) async fn attempt(&self, call: Call, request: &Json) -> Result<Json, HttpError> {
        let answer = self.transport.post(call.as_str(), &[], request, RetryPolicy::Write).await;
        let shown = match &answer {
            Ok(answer) => answer.body.to_string(),
            Err(error) => error.to_string(),
        };
        let shown = format!("{} {}: {}", call.as_str(), excerpt(&request.to_string()), excerpt(&shown));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        answer.map(|answer| answer.body)
    }

    /// Sends a call that must succeed.
    pub(super) async fn call(&self, call: Call, request: &Json) -> Result<Json, Flaw> {
        let answer = self.attempt(call, request).await;
        answer.map_err(|error| self.flaw(format!("`{}` fails: {error}", call.as_str())))
    }

    /// A fault that the last exchange shows.
    pub(super) fn flaw(&self, why: impl Into<String>) -> Flaw {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Flaw { why: why.into(), exchange: Some(last) }
    }

    /// A fault, unless the condition holds.
    pub(super) fn expect(&self, holds: bool, why: impl FnOnce() -> String) -> Result<(), Flaw> {
        if holds { Ok(()) } else { Err(self.flaw(why())) }
    }

    /// The agreement with an id.
    pub(super) async fn get(&self, id: &str) -> Result<Json, Flaw> {
        Ok(self.call(Call::Get, &json!({ "id": id })).await?["agreement"].clone())
    }

    /// The agreements with a key.
    pub(super) async fn find(&self, key: &str) -> Result<Vec<Json>, Flaw> {
        let answer = self.call(Call::Find, &json!({ "key": key })).await?;
        let found = answer["agreements"].as_array().cloned();
        found.ok_or_else(|| self.flaw("the answer has no list `agreements`"))
    }

    /// A name that no other run has.
    pub(super) fn run_key(&self) -> String {
        self.run.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect()
    }

    /// Sends a step, whose answer may be an error.
    pub(super) async fn attempt_step(&self, step: &Step<'_>) -> Result<Json, HttpError> {
        let fields = if step.fields.is_null() { json!({}) } else { step.fields.clone() };
        let request = json!({
            "run": self.run, "object": step.object, "key": step.key, "state": step.state,
            "fields": fields, "expected": step.expected,
        });
        self.attempt(Call::Step, &request).await
    }

    /// Sends a step and returns its answer.
    pub(super) async fn step(&self, step: &Step<'_>) -> Result<Json, Flaw> {
        let answer = self.attempt_step(step).await;
        answer.map_err(|error| self.flaw(format!("`step` fails: {error}")))
    }

    /// Sends a step that must be done, and checks that what the answer shows is stored.
    pub(super) async fn done(&self, step: &Step<'_>) -> Result<Json, Flaw> {
        let answer = self.step(step).await?;
        self.expect(answer["outcome"] == "done", || {
            format!("the outcome is {}, and not `done`", answer["outcome"])
        })?;
        let stored = answer["agreement"].clone();
        let id = stored["id"].as_str().unwrap_or_default().to_owned();
        self.expect(!id.is_empty(), || "the answer to a step that is done shows no agreement".to_owned())?;
        let read = self.get(&id).await?;
        self.expect(shape(&read) == shape(&stored), || {
            format!(
                "the answer to the step before shows {}, which is not what is stored",
                excerpt(&shape(&stored).to_string())
            )
        })?;
        Ok(read)
    }
}

/// A step as it is sent.
#[derive(Default)]
pub(super) struct Step<'a> {
    pub(super) object: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) state: Option<&'a str>,
    pub(super) fields: Json,
    pub(super) expected: Json,
}

impl<'a> Step<'a> {
    /// An edit of an agreement as it was read.
    pub(super) fn edit(agreement: &'a Json, fields: Json) -> Self {
        let object = agreement["id"].as_str();
        Self { object, key: None, state: None, fields, expected: agreement.clone() }
    }

    /// The same with a state.
    pub(super) fn to(self, state: &'a str) -> Self {
        Self { state: Some(state), ..self }
    }
}

/// The part of an agreement that Servanda compares.
pub(super) fn shape(agreement: &Json) -> Json {
    let read = serde_json::from_value::<AgreementMessage>(agreement.clone()).unwrap_or_default();
    json!([read.id, read.key.unwrap_or_default(), read.state, read.fields, read.archived])
}
