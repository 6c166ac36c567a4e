//! Reads lists of objects page by page, each object exactly once, and converts each object as it arrives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Map, Value as Json, json};
use servanda::ident::LiveId;

use super::key::Itsm365Transport;
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::http::transport::RetryPolicy;

/// The number of times a list is read that changes while it is read.
const ATTEMPTS: usize = 3;

/// The behaviour of a tenant's lists, as observed during a connection.
#[derive(Default)]
pub(crate) struct ListBehaviour {
    /// The longest page so far. A shorter page was not cut by the helpdesk.
    longest_page: AtomicUsize,
    /// Whether archived objects are returned only on request.
    pub(super) hides_archived: AtomicBool,
}

/// An object of a list, converted to `T`.
pub(super) struct ListItem<T> {
    pub(super) id: LiveId,
    pub(super) is_removed: bool,
    pub(super) value: T,
}

/// Reads the lists of a tenant.
pub(super) struct Lists<'a> {
    pub(super) transport: &'a Itsm365Transport,
    page_size: usize,
    pub(super) behaviour: Arc<ListBehaviour>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(transport: &'a Itsm365Transport, page_size: usize) -> Self {
        Self { transport, page_size: page_size.max(1), behaviour: Arc::default() }
    }

    /// Reads all objects of a class that match a filter.
    pub(super) async fn read(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let items = self.read_as(class, attributes, filter, |object| object).await?;
        Ok(items.into_iter().map(|item| item.value).collect())
    }

    /// Reads all objects of a class that match a filter, and converts each at once: as JSON, a long list
    /// takes many times as much memory. A list that changes while it is read is read again.
    pub(super) async fn read_as<T>(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        convert: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Vec<ListItem<T>>, ReadError> {
        for _ in 0..ATTEMPTS {
            if let Some(items) = self.try_read(class, attributes, filter, &convert).await? {
                return Ok(items);
            }
            tracing::info!(class, "the list changed while it was read");
        }
        let what = "pages that do not fit together: the list keeps changing, or offset and limit are ignored";
        Err(unexpected(class, what))
    }

    /// Reads all pages of a list; `None` if they do not fit together.
    ///
    /// The API has no total, no cursor and no guaranteed order. Each page therefore begins with the last
    /// object of the one before, so that a shift between pages is detected and no object is skipped.
    async fn try_read<T>(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        convert: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Option<Vec<ListItem<T>>>, ReadError> {
        let mut seen = BTreeSet::new();
        let mut items: Vec<ListItem<T>> = Vec::new();
        let mut last: Option<LiveId> = None;
        loop {
            let overlap = usize::from(last.is_some());
            let (offset, limit) = (items.len() - overlap, self.page_size + overlap);
            let page = self.page(class, attributes, filter, offset, limit).await?;
            let count = page.len();
            let mut page = page.into_iter();
            if last.is_some() && page.next().as_ref().and_then(object_id) != last {
                return Ok(None);
            }
            for object in page {
                let id = object_id(&object).ok_or_else(|| unexpected(class, "an object without a UUID"))?;
                if !seen.insert(id.clone()) {
                    return Ok(None);
                }
                last = Some(id.clone());
                items.push(ListItem { id, is_removed: is_removed(&object), value: convert(object) });
            }
            if count == overlap || self.is_last(count, limit) {
                return Ok(Some(items));
            }
        }
    }

    /// Whether a page is the last one. A page may be shorter than requested because the helpdesk limits its
    /// length; it is the last one only if it is also shorter than another page.
    fn is_last(&self, count: usize, limit: usize) -> bool {
        let longest = self.behaviour.longest_page.fetch_max(count, Ordering::Relaxed);
        count < limit && count < longest
    }

    /// Reads one page of a list.
    pub(super) async fn page(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let query =
            [("attrs", attributes.to_owned()), ("offset", offset.to_string()), ("limit", limit.to_string())];
        find(self.transport, class, &query, filter, RetryPolicy::Read).await
    }

    /// Reads one object by its id, without the search index.
    pub(super) async fn get(
        &self,
        object: &LiveId,
        attributes: &str,
    ) -> Result<Map<String, Json>, ReadError> {
        let path = format!("get/{object}");
        let query = [("attrs", attributes.to_owned())];
        let response = self.transport.post(&path, &query, &json!({}), RetryPolicy::Read).await;
        match response.map(|response| response.body) {
            Ok(Json::Object(found)) if object_id(&found).as_ref() == Some(object) => Ok(found),
            Ok(_) => {
                let error = ReadErrorKind::Unexpected("the response is not that object".to_owned());
                Err(ReadError { call: path, error })
            }
            Err(error) => Err(ReadError { call: path, error: error.into() }),
        }
    }
}

/// Sends one `find` request, and returns the objects of its response.
pub(super) async fn find(
    transport: &Itsm365Transport,
    class: &str,
    query: &[(&str, String)],
    filter: &Json,
    policy: RetryPolicy,
) -> Result<Vec<Map<String, Json>>, ReadError> {
    let response = transport.post(&format!("find/{class}"), query, filter, policy).await;
    let response =
        response.map_err(|error| ReadError { call: format!("find {class}"), error: error.into() })?;
    let Json::Array(list) = response.body else {
        let error = ReadErrorKind::Unexpected("the response is not a list".to_owned());
        return Err(ReadError { call: format!("find {class}"), error });
    };
    let objects = list.into_iter().map(|entry| match entry {
        Json::Object(object) => Ok(object),
        _ => Err(unexpected(class, "an entry that is not an object")),
    });
    objects.collect()
}

/// The id of an object.
pub(super) fn object_id(object: &Map<String, Json>) -> Option<LiveId> {
    LiveId::new(object.get("UUID")?.as_str()?)
}

/// Whether an object is archived.
pub(super) fn is_removed(object: &Map<String, Json>) -> bool {
    object.get("removed").and_then(Json::as_bool).unwrap_or(false)
}

/// The error for a response that contains something unexpected.
pub(super) fn unexpected(class: &str, what: &str) -> ReadError {
    ReadError {
        call: format!("find {class}"),
        error: ReadErrorKind::Unexpected(format!("the response contains {what}")),
    }
}
