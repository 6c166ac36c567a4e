//! Methods that only tests call: inspecting a sandbox, editing by hand, and building faults and seeds.

use serde_json::{Map, Value};

use super::error::RequestError;
use super::faults::{Fault, FaultEffect, RetryAfter, SubstituteResponse};
use super::operations;
use super::request::{ApiRequest, Operation};
use super::request_log::RequestCounts;
use super::seed::{Seed, SeedObject};
use super::server::Sandbox;
use super::session::NO_AUTHOR;
use super::write::EditResult;

impl Sandbox {
    /// Changes an object as a person in the product's interface would, without a request; creates the person if needed.
    pub(crate) fn hand_edit(
        &self,
        uuid: &str,
        attributes: &Value,
        who: &str,
    ) -> Result<EditResult, RequestError> {
        operations::hand_edit(&self.state, uuid, &object(attributes), who)
    }

    /// Returns what `find` would return, without counting a request.
    pub(crate) fn find(&self, fqn: &str, filter: &Value) -> Result<Vec<Value>, RequestError> {
        let request = ApiRequest {
            number: 0,
            target: fqn,
            attrs: None,
            offset: 0,
            limit: None,
            body: object(filter),
            author: NO_AUTHOR,
        };
        let (_, found) = operations::find(&self.state, &request)?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// Waits until this many requests were left without a response.
    pub(crate) async fn wait_for_unanswered(&self, times: u64) {
        let mut unanswered = self.state.unanswered.subscribe();
        // The sender lives as long as the sandbox.
        drop(unanswered.wait_for(|unanswered| *unanswered >= times).await);
    }

    /// The way many requests arrived so far.
    pub(crate) fn request_counts(&self) -> RequestCounts {
        self.state.request_log().counts
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

impl RequestCounts {
    /// The number of requests that create, edit or delete.
    pub(crate) fn writes(&self) -> u64 {
        self.create + self.edit + self.delete
    }
}

impl Fault {
    /// A fault at the first request; the other methods narrow it.
    pub(crate) fn new(effect: FaultEffect) -> Self {
        Self { operation: None, target: None, containing: None, at: 1, times: Some(1), effect }
    }

    /// Matches only requests of this operation.
    pub(crate) fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Matches only requests for this class or UUID.
    pub(crate) fn of(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Matches only requests whose address or body contains this text.
    pub(crate) fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Occurs at the n-th matching request, from 1.
    pub(crate) fn at(mut self, number: u64) -> Self {
        self.at = number;
        self
    }

    /// Occurs at this many matching requests in a row.
    pub(crate) fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Occurs at all further matching requests.
    pub(crate) fn for_good(mut self) -> Self {
        self.times = None;
        self
    }
}

impl FaultEffect {
    /// Status 429 with a `Retry-After` header.
    pub(crate) fn too_many(retry_after: Option<RetryAfter>) -> Self {
        Self::Answer(SubstituteResponse {
            status: 429,
            body: "Too Many Requests".to_owned(),
            content_type: None,
            retry_after,
            done: false,
        })
    }

    /// A status with the HTML page of a proxy: 502, 503, or 200 as some of them send it.
    pub(crate) fn html(status: u16) -> Self {
        Self::Answer(SubstituteResponse {
            status,
            body: format!("<html><body><h1>{status}</h1><hr>nginx</body></html>"),
            content_type: Some("text/html".to_owned()),
            retry_after: None,
            done: false,
        })
    }

    /// The same, or another response of an intermediary, after the request was executed.
    pub(crate) fn although_done(self) -> Self {
        match self {
            Self::Answer(response) => Self::Answer(SubstituteResponse { done: true, ..response }),
            other => other,
        }
    }

    /// A success with this JSON.
    pub(crate) fn json(body: &str) -> Self {
        Self::typed(200, "application/json", body)
    }

    /// A status with a body of this type.
    pub(crate) fn typed(status: u16, content_type: &str, body: &str) -> Self {
        let (body, content_type) = (body.to_owned(), Some(content_type.to_owned()));
        Self::Answer(SubstituteResponse { status, body, content_type, retry_after: None, done: false })
    }

    /// A status with a plain text.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::Answer(SubstituteResponse { status, body, content_type: None, retry_after: None, done: false })
    }
}

impl SeedObject {
    /// The object under a parent, which is a UUID or the exact title of a unit.
    pub(crate) fn within(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }
}

impl Seed {
    /// The base content that tenants of the product share, as far as it is public.
    pub(crate) fn stock() -> Self {
        Self {
            services: vec![SeedObject::known("slmService$605005", "Почта")],
            calendars: vec![SeedObject::known("servicetime$37001", "8x5")],
            agreements: vec![SeedObject::known("agreement$605301", "IT (8x5)")],
            ..Self::default()
        }
    }
}
