//! Checks that need no write: the description, pages that fit together, and absence that is proven.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use servanda::bridge::{Call, Description, DirectoryItem, carried, read_agreement};
use servanda::mapping::Mapping;

use super::probe::{Flaw, Probe};
use crate::http::client::HttpError;

/// The number of pages that a list is cut into, at most.
const PAGES: usize = 50;
/// The number of pages after which a list is taken for one without an end.
const ENDLESS: usize = 20_000;
/// An id, a key and a cursor that no helpdesk has.
const NONE: &str = "servanda-conformance-none";

/// The description, and the mapping that follows from it.
pub(super) async fn description(probe: &Probe) -> Result<(Description, Mapping), Flaw> {
    let answer = probe.call(Call::Describe, &json!({})).await?;
    let description: Description = parsed(probe, answer)?;
    let mapping = carried(&description, &Mapping::bridge()).map_err(|why| probe.flaw(why))?;
    Ok((description, mapping))
}

/// All agreements, each of which can be read.
pub(super) async fn agreement_pages(probe: &Probe, mapping: &Mapping) -> Result<(), Flaw> {
    for agreement in pages(probe, Call::Agreements).await? {
        let received = read_agreement(&agreement, mapping).map_err(|why| probe.flaw(why))?;
        if let (Err(why), None) = (&received.interpreted, agreement["unreadable"].as_str()) {
            return Err(probe.flaw(format!("agreement {} cannot be read: {why}", received.id)));
        }
    }
    Ok(())
}

/// All objects of the directory.
pub(super) async fn directory_pages(probe: &Probe) -> Result<Vec<DirectoryItem>, Flaw> {
    let items = pages(probe, Call::Directory).await?;
    items.into_iter().map(|item| parsed(probe, item)).collect()
}

fn parsed<T: DeserializeOwned>(probe: &Probe, message: Json) -> Result<T, Flaw> {
    serde_json::from_value(message)
        .map_err(|error| probe.flaw(format!("the answer does not follow the contract: {error}")))
}

/// Reads a list in one piece and in many, and compares them.
async fn pages(probe: &Probe, call: Call) -> Result<Vec<Json>, Flaw> {
    let whole = walk(probe, call, 500).await?;
    let limit = 3.max(whole.len() / PAGES + 1);
    let cut = walk(probe, call, limit).await?;
    let ids = |items: &[Json]| items.iter().map(|item| item["id"].to_string()).collect::<Vec<_>>();
    let (one, other) = (ids(&whole), ids(&cut));
    probe.expect(one == other, || {
        let missing: Vec<&String> = one.iter().filter(|id| !other.contains(id)).take(3).collect();
        format!("pages of {limit} are not the list that pages of 500 are; missing: {missing:?}")
    })?;
    Ok(whole)
}

/// Reads a list in pages of this size.
pub(super) async fn walk(probe: &Probe, call: Call, limit: usize) -> Result<Vec<Json>, Flaw> {
    let (mut items, mut cursors, mut cursor) = (Vec::new(), BTreeSet::new(), Json::Null);
    let mut ids = BTreeSet::new();
    let mut total = Json::Null;
    loop {
        let page = probe.call(call, &json!({ "cursor": cursor, "limit": limit })).await?;
        let own = page["items"].as_array().cloned();
        let own = own.ok_or_else(|| probe.flaw("the answer has no list `items`"))?;
        probe.expect(own.len() <= limit, || {
            format!("{} items came, although the limit is {limit}", own.len())
        })?;
        probe.expect(total.is_null() || page["total"] == total, || {
            "the total changed from page to page".to_owned()
        })?;
        total = page["total"].clone();
        for item in &own {
            let id = (item["kind"].to_string(), item["id"].to_string());
            probe.expect(ids.insert(id), || format!("{} comes twice", item["id"]))?;
        }
        items.extend(own);
        match page.get("next") {
            Some(Json::Null) => break,
            Some(Json::String(next)) => {
                probe.expect(cursors.insert(next.clone()), || {
                    "a page leads back to an earlier one".to_owned()
                })?;
                probe.expect(cursors.len() < ENDLESS, || "the pages do not end".to_owned())?;
                cursor = json!(next);
            }
            _ => return Err(probe.flaw("`next` is neither a cursor nor `null`")),
        }
    }
    probe.expect(json!(items.len()) == total, || {
        format!("{} items came, and the total is {total}", items.len())
    })?;
    Ok(items)
}

/// A cursor that the adapter never gave out is an error, and not the end of the list.
pub(super) async fn foreign_cursor(probe: &Probe) -> Result<(), Flaw> {
    for call in [Call::Agreements, Call::Directory] {
        let answer = probe.attempt(call, &json!({ "cursor": NONE, "limit": 5 })).await;
        probe.expect(is_refusal(&answer), || {
            "an unknown cursor is not refused with a status of 4xx".to_owned()
        })?;
    }
    Ok(())
}

/// Absence is an answer, and never an error or another object.
pub(super) async fn absence(probe: &Probe) -> Result<(), Flaw> {
    let answer = probe.call(Call::Get, &json!({ "id": NONE })).await?;
    probe.expect(answer.get("agreement") == Some(&Json::Null), || {
        "`get` of an id that does not exist is not answered with `null`".to_owned()
    })?;
    let found = probe.find(NONE).await?;
    probe.expect(found.is_empty(), || "`find` of a key that does not exist finds something".to_owned())
}

/// Without the token, and with another one, nothing is answered.
pub(super) async fn token(probe: &Probe, url: &str) -> Result<Result<(), Flaw>, HttpError> {
    for token in ["", "another-token-than-the-right-one"] {
        let stranger = Probe::new(url, SecretString::from(token), "conformance".to_owned())?;
        let answer = stranger.attempt(Call::Describe, &json!({})).await;
        let is_refused = matches!(answer, Err(HttpError::Credentials(_)));
        let checked =
            stranger.expect(is_refused, || "a request without the right token is answered".to_owned());
        if checked.is_err() {
            return Ok(checked);
        }
    }
    // The count of refused tokens belongs to the connection of a stranger.
    Ok(probe.call(Call::Describe, &json!({})).await.map(drop))
}

fn is_refusal(answer: &Result<Json, HttpError>) -> bool {
    matches!(answer, Err(HttpError::Refused { status: 400..500, .. }))
}
