//! The operations that are used, and the objects in their answers. A list is read whole, each object once.

use serde_json::{Map, Value as Json, json};
use servanda::ident::LiveId;

use super::ItopTransport;
use crate::helpdesk::{ReadError, ReadErrorKind};
use crate::http::client::HttpError;
use crate::http::transport::RetryPolicy;

/// An object of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    /// Its class.
    pub(super) class: String,
    /// Its number, which no other object of the class has ever had.
    pub(super) number: u64,
    /// The attributes that were asked for.
    pub(super) fields: Map<String, Json>,
}

impl Object {
    /// Its id as we write it, which is how the helpdesk itself calls it.
    pub(super) fn id(&self) -> LiveId {
        id(&self.class, self.number)
    }
}

/// The id of an object of a class.
pub(super) fn id(class: &str, number: u64) -> LiveId {
    LiveId::new(&format!("{class}::{number}")).expect("a class and a number make an id")
}

/// The class and number that an id is made of.
pub(super) fn parts(id: &LiveId) -> Option<(&str, u64)> {
    let (class, number) = id.as_str().split_once("::")?;
    let is_class =
        !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some((class, number.parse().ok()?)).filter(|_| is_class)
}

/// The objects of a class that a query names, all in one answer; a limit cuts it short.
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

/// Asks for nothing but whether one is let in.
pub(super) async fn greet(transport: &ItopTransport) -> Result<(), ReadError> {
    let call = "list_operations";
    let answer = transport.post(call, &[], &json!({ "operation": call }), RetryPolicy::Read).await;
    answer.map(drop).map_err(|error| ReadError { call: call.to_owned(), error: error.into() })
}

/// Every object of a class.
///
/// There is no cursor and no order to rely on, so that what is more than a page is read by ranges of numbers: each
/// object lies in one of them whatever comes and goes meanwhile. Where numbers are sparse the ranges grow.
pub(super) async fn all(
    transport: &ItopTransport,
    class: &str,
    fields: &str,
    page_size: usize,
) -> Result<Vec<Object>, ReadError> {
    let (mut found, mut from, mut width) = (Vec::new(), 0, page_size as u64);
    loop {
        let rest = format!("SELECT {class} WHERE id >= {from}");
        let page = get(transport, class, &rest, fields, Some(page_size)).await?;
        if page.len() < page_size {
            found.extend(page);
            return Ok(found);
        }
        let furthest = page.iter().map(|object| object.number).max().unwrap_or(from);
        while from <= furthest {
            let range = format!("SELECT {class} WHERE id >= {from} AND id < {}", from + width);
            let page = get(transport, class, &range, fields, None).await?;
            from += width;
            if page.len() < page_size / 2 {
                width *= 2;
            }
            found.extend(page);
        }
    }
}

/// Creates an object, or writes to the one that a key names; gives it as it is then.
pub(super) async fn write(
    transport: &ItopTransport,
    operation: &str,
    class: &str,
    mut body: Json,
) -> Result<Object, HttpError> {
    body["operation"] = json!(operation);
    body["class"] = json!(class);
    let answer = transport.post(&format!("{operation} {class}"), &[], &body, RetryPolicy::Write).await?;
    let written = objects(&answer.body).map_err(HttpError::NotJson)?;
    let mut written = written.into_iter();
    match (written.next(), written.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(HttpError::NotJson("the answer names no object, or several".to_owned())),
    }
}

/// The objects of an answer: a map, or nothing where there are none. How many it says there are is not to be relied on.
fn objects(answer: &Json) -> Result<Vec<Object>, String> {
    let map = match answer.get("objects") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Object(map)) => map,
        Some(_) => return Err("objects that are no map".to_owned()),
    };
    map.values()
        .map(|entry| object(entry).ok_or_else(|| "an object without class, key and fields".to_owned()))
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
