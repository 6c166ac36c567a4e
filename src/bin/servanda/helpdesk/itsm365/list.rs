//! Lists of the helpdesk, page by page: every object of a class, each once, and at once what is made of it. What an object
//! means is not known here.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Map, Value as Json};
use servanda::ident::LiveId;

use super::read::Itsm365Reader;
use crate::helpdesk::{ReadError, ReadErrorKind};
use crate::http::transport::{RetryPolicy, Transport};

/// What was learned of a helpdesk while reading it; good for as long as one is connected to it.
#[derive(Default)]
pub(crate) struct Habits {
    /// The longest page so far: a shorter one was not cut short by the helpdesk.
    longest_page: AtomicUsize,
    /// Whether archived objects are left out where nobody asks for them.
    pub(super) hides_archived: AtomicBool,
}

/// How often a list is read that moves while it is read.
const READINGS: usize = 3;

/// An object of a list, by what decides whose it is, with what was made of it.
pub(super) struct Listed<T> {
    pub(super) id: LiveId,
    pub(super) is_removed: bool,
    pub(super) made: T,
}

impl Itsm365Reader<'_> {
    /// Every object of a class that the filter lets through, each once.
    pub(super) async fn list(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
    ) -> Result<Vec<Map<String, Json>>, ReadError> {
        let listed = self.list_of(class, attributes, filter, |object| object).await?;
        Ok(listed.into_iter().map(|listed| listed.made).collect())
    }

    /// The same with what is made of each object at once: a long list as JSON is many times as large as what it says. A
    /// list that moves while it is read is read again.
    pub(super) async fn list_of<T>(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        make: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Vec<Listed<T>>, ReadError> {
        for _ in 0..READINGS {
            if let Some(objects) = self.whole(class, attributes, filter, &make).await? {
                return Ok(objects);
            }
            tracing::info!(class, "the list moved while it was read");
        }
        let what =
            "pages that do not fit together: the list moves all the time, or offset and limit are ignored";
        Err(unexpected(class, what))
    }

    /// All pages of a list, or nothing where they do not fit together.
    ///
    /// There is no count, no cursor and no promised order. So each page begins with the last object of the one
    /// before: what moves from page to page shows, and nothing is passed over unseen.
    async fn whole<T>(
        &self,
        class: &str,
        attributes: &str,
        filter: &Json,
        make: impl Fn(Map<String, Json>) -> T,
    ) -> Result<Option<Vec<Listed<T>>>, ReadError> {
        let mut seen = BTreeSet::new();
        let mut objects: Vec<Listed<T>> = Vec::new();
        let mut last: Option<LiveId> = None;
        loop {
            let overlap = usize::from(last.is_some());
            let (offset, limit) = (objects.len() - overlap, self.page_size + overlap);
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
                objects.push(Listed { id, is_removed: is_removed(&object), made: make(object) });
            }
            if count == overlap || self.is_last(count, limit) {
                return Ok(Some(objects));
            }
        }
    }

    /// A page that is shorter than was asked for, and shorter than another one, has no successor. Else the helpdesk
    /// may give no more at once.
    fn is_last(&self, count: usize, limit: usize) -> bool {
        let longest = self.habits.longest_page.fetch_max(count, Ordering::Relaxed);
        count < limit && count < longest
    }

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
}

/// The objects that one request gives.
pub(super) async fn find(
    transport: &Transport,
    class: &str,
    query: &[(&str, String)],
    filter: &Json,
    repeat: RetryPolicy,
) -> Result<Vec<Map<String, Json>>, ReadError> {
    let answer = transport.post(&format!("find/{class}"), query, filter, repeat).await;
    let answer = answer.map_err(|error| ReadError { call: format!("find {class}"), error: error.into() })?;
    let Json::Array(list) = answer.body else {
        return Err(unexpected(class, "an answer that is no list"));
    };
    let objects = list.into_iter().map(|entry| match entry {
        Json::Object(object) => Ok(object),
        _ => Err(unexpected(class, "an entry that is no object")),
    });
    objects.collect()
}

pub(super) fn object_id(object: &Map<String, Json>) -> Option<LiveId> {
    LiveId::new(object.get("UUID")?.as_str()?)
}

pub(super) fn is_removed(object: &Map<String, Json>) -> bool {
    object.get("removed").and_then(Json::as_bool).unwrap_or(false)
}

pub(super) fn unexpected(class: &str, what: &str) -> ReadError {
    ReadError {
        call: format!("find {class}"),
        error: ReadErrorKind::Unexpected(format!("the answer holds {what}")),
    }
}
