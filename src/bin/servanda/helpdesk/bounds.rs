//! The bounds of one list: a helpdesk whose list never ends can neither keep a run forever nor fill its memory.

use std::time::Duration;

use tokio::time::Instant;

use super::error::{ReadError, ReadErrorKind};

/// The most that is read of one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListBounds {
    /// The number of objects.
    pub(crate) objects: usize,
    /// The number of requests.
    pub(crate) requests: usize,
    /// The time from the first request to the last.
    pub(crate) time: Duration,
}

impl Default for ListBounds {
    fn default() -> Self {
        Self { objects: 500_000, requests: 20_000, time: Duration::from_mins(15) }
    }
}

/// Counts what was read of one list.
pub(super) struct ListMeter {
    bounds: ListBounds,
    call: String,
    started: Instant,
    objects: usize,
    requests: usize,
}

impl ListMeter {
    /// A meter of the list that this call reads.
    pub(super) fn start(bounds: ListBounds, call: String) -> Self {
        Self { bounds, call, started: Instant::now(), objects: 0, requests: 0 }
    }

    /// Counts one page; a list beyond its bounds is an error.
    pub(super) fn count(&mut self, objects: usize) -> Result<(), ReadError> {
        self.objects += objects;
        self.requests += 1;
        let is_within = self.objects <= self.bounds.objects
            && self.requests <= self.bounds.requests
            && self.started.elapsed() <= self.bounds.time;
        if is_within {
            return Ok(());
        }
        let (objects, requests) = (self.objects, self.requests);
        let seconds = self.started.elapsed().as_secs();
        let what = format!(
            "the list has no end: {objects} objects came in {requests} requests and {seconds} s, and there are more"
        );
        Err(ReadError { call: self.call.clone(), error: ReadErrorKind::Endless(what) })
    }

    /// The error of pages that do not fit together.
    pub(super) fn unstable(&self, what: &str) -> ReadError {
        ReadError { call: self.call.clone(), error: ReadErrorKind::Unstable(what.to_owned()) }
    }
}
