//! Sends the calls of the contract, and reads lists page by page.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use servanda::bridge::{Call, Description, PageAnswer, PageRequest, carried};
use servanda::mapping::Mapping;

use super::token::BridgeTransport;
use crate::helpdesk::bounds::{ListBounds, ListMeter};
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::http::body::excerpt;
use crate::http::transport::RetryPolicy;

/// Asks an adapter what it stores, and limits the mapping of the settings to that.
pub(crate) async fn describe(
    transport: &BridgeTransport,
    settings: &Mapping,
) -> Result<(Description, Mapping), ReadError> {
    let call = Call::Describe;
    let description: Description = read(transport, call, "", &json!({})).await?;
    let mapping = carried(&description, settings).map_err(|why| unexpected(call, "", &why))?;
    Ok((description, mapping))
}

/// Sends a read. `subject` names its object in errors.
pub(super) async fn read<T: DeserializeOwned>(
    transport: &BridgeTransport,
    call: Call,
    subject: &str,
    request: &impl Serialize,
) -> Result<T, ReadError> {
    let body = serde_json::to_value(request).expect("a request is JSON");
    let answer = transport.post(call.as_str(), &[], &body, RetryPolicy::Read).await;
    let answer = answer.map_err(|error| ReadError { call: named(call, subject), error: error.into() })?;
    serde_json::from_value(answer.body).map_err(|error| {
        let why = format!("the answer does not follow the contract: {}", excerpt(&error.to_string()));
        unexpected(call, subject, &why)
    })
}

/// Reads all pages of a list. Pages that do not fit together are an error, since an object may be missing.
pub(super) async fn list(
    transport: &BridgeTransport,
    call: Call,
    limit: usize,
) -> Result<Vec<Json>, ReadError> {
    let mut meter = ListMeter::start(ListBounds::default(), named(call, ""));
    let mut items: Vec<Json> = Vec::new();
    let (mut cursors, mut total) = (BTreeSet::new(), None);
    let mut cursor: Option<String> = None;
    loop {
        let request = PageRequest { cursor, limit };
        let page: PageAnswer<Json> = read(transport, call, "", &request).await?;
        meter.count(page.items.len())?;
        if page.total != *total.get_or_insert(page.total) {
            return Err(meter.unstable("the total changed from page to page"));
        }
        items.extend(page.items);
        match page.next {
            None => break,
            Some(next) if cursors.insert(next.clone()) => cursor = Some(next),
            Some(_) => return Err(meter.unstable("a page leads back to an earlier one")),
        }
    }
    if Some(items.len()) != total {
        let what = format!("{} items came, and the total is {}", items.len(), total.unwrap_or_default());
        return Err(meter.unstable(&what));
    }
    let mut ids = BTreeSet::new();
    // Objects of different kinds may have the same id.
    let repeated = items.iter().find(|item| !ids.insert((item["kind"].as_str(), item["id"].as_str())));
    match repeated.map(|item| item["id"].to_string()) {
        Some(id) => Err(meter.unstable(&format!("{} comes twice", excerpt(&id)))),
        None => Ok(items),
    }
}

/// The error of an answer that does not fit the request.
pub(super) fn unexpected(call: Call, subject: &str, why: &str) -> ReadError {
    ReadError { call: named(call, subject), error: ReadErrorKind::Unexpected(why.to_owned()) }
}

fn named(call: Call, subject: &str) -> String {
    format!("{} {subject}", call.as_str()).trim_end().to_owned()
}
