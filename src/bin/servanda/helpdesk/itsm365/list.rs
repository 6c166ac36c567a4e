//! Reads lists of objects page by page, each object exactly once, and converts each object as it arrives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use serde_json::{Map, Value as Json, json};
use servanda::ident::LiveId;

use super::key::Itsm365Transport;
use crate::helpdesk::bounds::{ListBounds, ListMeter};
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::http::transport::RetryPolicy;

/// The number of times a list is read that changes while it is read.
const ATTEMPTS: usize = 3;

/// The behaviour of a tenant's lists, as observed during a connection.
#[derive(Default)]
pub(crate) struct ListBehaviour {
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
    pub(super) bounds: ListBounds,
    pub(super) behaviour: Arc<ListBehaviour>,
}

/// The number of pages of one list that are asked for at the same time.
const PAGES_AT_A_TIME: usize = 2;

/// The objects of a page, or why it could not be read.
type Page = Result<Vec<Map<String, Json>>, ReadError>;

/// One list: a class, the attributes that are wanted, and a filter.
#[derive(Clone, Copy)]
struct ListQuery<'a> {
    class: &'a str,
    attributes: &'a str,
    filter: &'a Json,
}

impl<'a> Lists<'a> {
    pub(super) fn new(transport: &'a Itsm365Transport, page_size: usize) -> Self {
        let bounds = ListBounds::default();
        Self { transport, page_size: page_size.max(1), bounds, behaviour: Arc::default() }
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
        let list = ListQuery { class, attributes, filter };
        let meter = || ListMeter::start(self.bounds, format!("find {class}"));
        for _ in 0..ATTEMPTS {
            if let Some(items) = self.try_read(list, &convert, meter()).await? {
                return Ok(items);
            }
            tracing::info!(class, "the list changed while it was read");
        }
        let what = "the response contains pages that do not fit together: the list keeps changing, or offset and limit are ignored";
        Err(meter().unstable(what))
    }

    /// Reads all pages of a list; `None` if they do not fit together.
    ///
    /// The API has no total, no cursor and no guaranteed order, and a tenant may limit the length of a page. Only an empty
    /// page is the end.
    async fn try_read<T>(
        &self,
        list: ListQuery<'_>,
        convert: impl Fn(Map<String, Json>) -> T,
        mut meter: ListMeter,
    ) -> Result<Option<Vec<ListItem<T>>>, ReadError> {
        let mut seen = BTreeSet::new();
        let mut items: Vec<ListItem<T>> = Vec::new();
        let mut size = self.page_size;
        let mut ahead = PagesAhead::default();
        let mut page = self.counted(list, 0, size, &mut meter).await?;
        loop {
            let is_full = page.len() >= size;
            if page.is_empty() {
                return Ok(Some(items));
            }
            if !is_full {
                // If this is not the end, the helpdesk limits its pages; the next ones leave room for an overlap.
                size = (page.len() - 1).max(1);
            }
            for object in page {
                let id =
                    object_id(&object).ok_or_else(|| unexpected(list.class, "an object without a UUID"))?;
                if !seen.insert(id.clone()) {
                    return Ok(None);
                }
                items.push(ListItem { id, is_removed: is_removed(&object), value: convert(object) });
            }
            let last = items.last().map(|item| (items.len(), &item.id));
            let Some((read, last)) = last else { return Ok(None) };
            let next = self.page_after(list, (read, last), size, is_full, &mut ahead, &mut meter);
            match next.await? {
                Some(next) => page = next,
                None => return Ok(None),
            }
        }
    }

    /// Reads the page after the objects that were read, of which `last` is the last one; `None` if the list moved.
    ///
    /// The page begins with the last object, so that a shift between pages is detected and no object is skipped. Where
    /// that leaves nothing, or the end is likely, the page is read by itself and the last object is confirmed afterwards.
    async fn page_after<'l>(
        &'l self,
        list: ListQuery<'l>,
        (read, last): (usize, &LiveId),
        size: usize,
        is_full: bool,
        ahead: &mut PagesAhead<'l>,
        meter: &mut ListMeter,
    ) -> Result<Option<Vec<Map<String, Json>>>, ReadError> {
        if is_full {
            let mut page = ahead.take(self, list, read - 1, size + 1).await?;
            meter.count(page.len())?;
            if page.first().and_then(object_id).as_ref() != Some(last) {
                return Ok(None);
            }
            page.remove(0);
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        *ahead = PagesAhead::default();
        let page = self.counted(list, read, size, meter).await?;
        if page.is_empty() {
            return Ok(Some(page));
        }
        let confirmed = self.counted(list, read - 1, 1, meter).await?;
        Ok((confirmed.first().and_then(object_id).as_ref() == Some(last)).then_some(page))
    }

    async fn counted(
        &self,
        list: ListQuery<'_>,
        offset: usize,
        limit: usize,
        meter: &mut ListMeter,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let page = self.page(list.class, list.attributes, list.filter, offset, limit).await?;
        meter.count(page.len())?;
        Ok(page)
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

/// Pages that were asked for while the one before them was on its way: where it is full, the next one begins with its last
/// object.
///
/// A request on its way may hold one of the few permits of the transport, and gives it back only if it is polled or dropped.
/// So no other request may be awaited while there are pages ahead: [`Self::take`] polls them all, and everything else drops
/// them first.
#[derive(Default)]
struct PagesAhead<'l> {
    /// The offset and the limit of the first of them.
    first: (usize, usize),
    pages: FuturesOrdered<BoxFuture<'l, Page>>,
}

impl<'l> PagesAhead<'l> {
    /// Reads a page, and asks for those after it.
    async fn take(&mut self, lists: &'l Lists<'_>, list: ListQuery<'l>, offset: usize, limit: usize) -> Page {
        if self.first != (offset, limit) {
            self.pages = FuturesOrdered::new();
        }
        while self.pages.len() < PAGES_AT_A_TIME {
            let offset = offset + self.pages.len() * (limit - 1);
            let page = lists.page(list.class, list.attributes, list.filter, offset, limit);
            self.pages.push_back(Box::pin(page));
        }
        self.first = (offset + limit - 1, limit);
        self.pages.next().await.expect("a page that was just asked for")
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
