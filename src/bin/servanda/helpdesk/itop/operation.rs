//! The REST operations that are used, and the objects in their responses. Lists are read completely, each
//! object once.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use servanda::ident::LiveId;

use super::login::ItopTransport;
use super::oql;
use crate::helpdesk::bounds::{ListBounds, ListMeter};
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::http::client::HttpError;
use crate::http::transport::{RetryPolicy, SendWindow};

/// The beginning of the comment of every write by Servanda; the name of the run follows.
pub(super) const COMMENT_PREFIX: &str = "servanda ";

/// An object of a response.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    /// Its class.
    pub(super) class: String,
    /// Its number, which is never reused within the class.
    pub(super) number: u64,
    /// The requested attributes.
    pub(super) fields: Map<String, Json>,
}

impl Object {
    /// Its id, in the same notation as in the response.
    pub(super) fn id(&self) -> LiveId {
        id(&self.class, self.number)
    }
}

/// The id of an object of a class.
pub(super) fn id(class: &str, number: u64) -> LiveId {
    LiveId::new(&format!("{class}::{number}")).expect("a class and a number make an id")
}

/// Splits an id into class and number.
pub(super) fn parts(id: &LiveId) -> Option<(&str, u64)> {
    let (class, number) = id.as_str().split_once("::")?;
    let is_class =
        !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some((class, number.parse().ok()?)).filter(|_| is_class)
}

/// Reads the objects of a query in one response, up to a limit.
pub(super) async fn get(
    transport: &ItopTransport,
    class: &str,
    query: &str,
    fields: &str,
    limit: Option<usize>,
) -> Result<Vec<Object>, ReadError> {
    let mut body = json!({ "operation": "core/get", "class": class, "key": query, "output_fields": fields });
    if let Some(limit) = limit {
        body["limit"] = json!(limit);
        body["page"] = json!(1);
    }
    let path = format!("core/get {class}");
    let answer = transport.post(&path, &[], &body, RetryPolicy::Read).await;
    let answer = answer.map_err(|error| ReadError { call: path.clone(), error: error.into() })?;
    objects(&answer.body).map_err(|what| ReadError { call: path, error: ReadErrorKind::Unexpected(what) })
}

/// Checks the login without reading an object.
pub(super) async fn check_login(transport: &ItopTransport) -> Result<(), ReadError> {
    let call = "list_operations";
    let answer = transport.post(call, &[], &json!({ "operation": call }), RetryPolicy::Read).await;
    answer.map(drop).map_err(|error| ReadError { call: call.to_owned(), error: error.into() })
}

/// Reads all objects of a query that has a condition.
pub(super) async fn matching(
    transport: &ItopTransport,
    class: &str,
    query: &str,
    fields: &str,
) -> Result<Vec<Object>, ReadError> {
    let mut meter = ListMeter::start(ListBounds::default(), format!("core/get {class}"));
    complete(transport, (class, query, fields), &mut meter).await
}

/// Reads all objects of a query. The server may limit its responses, so the others are asked for until there are none.
async fn complete(
    transport: &ItopTransport,
    (class, query, fields): (&str, &str, &str),
    meter: &mut ListMeter,
) -> Result<Vec<Object>, ReadError> {
    let (mut found, mut seen) = (Vec::<Object>::new(), BTreeSet::new());
    loop {
        let page = get(transport, class, &others(query, &found), fields, None).await?;
        meter.count(page.len())?;
        if page.is_empty() {
            return Ok(found);
        }
        if !page.iter().all(|object| seen.insert(object.number)) {
            return Err(meter.unstable("the response repeats objects that the query excludes"));
        }
        found.extend(page);
    }
}

/// The query for all objects but those that were found.
fn others(query: &str, found: &[Object]) -> String {
    if found.is_empty() {
        return query.to_owned();
    }
    format!("{query} AND id NOT IN {}", oql::list(found.iter().map(|object| object.number)))
}

/// Reads all objects of a class.
///
/// The API has no cursor and no guaranteed order, and a server may limit its responses. A list of more than one page is
/// therefore read by ranges of numbers: each object belongs to exactly one range, even if the list changes. The ranges
/// grow where numbers are sparse.
pub(super) async fn all(
    transport: &ItopTransport,
    class: &str,
    fields: &str,
    page_size: usize,
    bounds: ListBounds,
) -> Result<Vec<Object>, ReadError> {
    let mut meter = ListMeter::start(bounds, format!("core/get {class}"));
    let (mut found, mut from, mut width) = (Vec::new(), 0_u64, page_size.max(1) as u64);
    loop {
        let rest = format!("SELECT {class} WHERE id >= {from}");
        let page = get(transport, class, &rest, fields, Some(page_size)).await?;
        meter.count(page.len())?;
        let (Some(least), Some(largest)) =
            (page.iter().map(|object| object.number).min(), page.iter().map(|object| object.number).max())
        else {
            return Ok(found);
        };
        if least < from {
            return Err(meter.unstable("the response contains objects that the query excludes"));
        }
        if page.len() < page_size {
            let left = get(transport, class, &others(&rest, &page), fields, Some(1)).await?;
            meter.count(left.len())?;
            if left.is_empty() {
                found.extend(page);
                return Ok(found);
            }
            width = width.min(page.len() as u64);
        }
        while from <= largest {
            let to = from.saturating_add(width);
            let range = format!("SELECT {class} WHERE id >= {from} AND id < {to}");
            let page = complete(transport, (class, &range, fields), &mut meter).await?;
            if page.iter().any(|object| object.number < from || object.number >= to) {
                return Err(meter.unstable("the response contains objects that the query excludes"));
            }
            if page.len() < page_size / 2 {
                width = width.saturating_mul(2);
            }
            from = to;
            found.extend(page);
        }
    }
}

/// Creates an object, or updates the one that the key in `body` selects. Returns the object as it is after
/// the write.
pub(super) async fn write(
    transport: &ItopTransport,
    operation: &str,
    class: &str,
    mut body: Json,
    window: Option<SendWindow<'_>>,
) -> Result<Object, HttpError> {
    body["operation"] = json!(operation);
    body["class"] = json!(class);
    let answer = transport.post_within(&format!("{operation} {class}"), &[], &body, window).await?;
    let written = objects(&answer.body).map_err(HttpError::NotJson)?;
    let mut written = written.into_iter();
    match (written.next(), written.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(HttpError::NotJson("the response does not contain exactly one object".to_owned())),
    }
}

/// The objects of a response: a map, or null if there are none. The count in the response is unreliable and
/// not used.
fn objects(answer: &Json) -> Result<Vec<Object>, String> {
    let map = match answer.get("objects") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Object(map)) => map,
        Some(_) => return Err("`objects` is not a map".to_owned()),
    };
    map.values()
        .map(|entry| object(entry).ok_or_else(|| "an object lacks class, key or fields".to_owned()))
        .collect()
}

fn object(entry: &Json) -> Option<Object> {
    let key = entry.get("key")?;
    Some(Object {
        class: entry.get("class")?.as_str()?.to_owned(),
        number: key.as_str().map_or_else(|| key.as_u64(), |key| key.parse().ok())?,
        fields: entry.get("fields")?.as_object()?.clone(),
    })
}
