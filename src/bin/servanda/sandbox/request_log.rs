//! The log of arriving requests: counts by operation, the fault script, and what the search index does not show yet.
//!
//! Requests are numbered in the order of arrival.

use std::collections::{BTreeSet, VecDeque};

use super::faults::{FaultScript, RequestHandling};
use super::request::Operation;

/// The number of requests by operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestCounts {
    /// `find`.
    pub(crate) find: u64,
    /// `get`.
    pub(crate) get: u64,
    /// `create-m2m`.
    pub(crate) create: u64,
    /// `edit-m2m`.
    pub(crate) edit: u64,
    /// `delete`.
    pub(crate) delete: u64,
    /// `exec-post`.
    pub(crate) exec: u64,
    /// Any other path.
    pub(crate) other: u64,
    /// Requests of `edit` that changed nothing; in a tenant each of them may have sent mail.
    pub(crate) unchanged_edits: u64,
}

impl RequestCounts {
    /// The number of all requests.
    pub(crate) fn total(&self) -> u64 {
        self.find + self.get + self.create + self.edit + self.delete + self.exec + self.other
    }

    fn count(&mut self, operation: Operation) {
        *match operation {
            Operation::Find => &mut self.find,
            Operation::Get => &mut self.get,
            Operation::Create => &mut self.create,
            Operation::Edit => &mut self.edit,
            Operation::Delete => &mut self.delete,
            Operation::Exec => &mut self.exec,
            Operation::Other => &mut self.other,
        } += 1;
    }
}

/// The state that changes with every request.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    /// The way many requests arrived so far.
    pub(super) counts: RequestCounts,
    /// The faults to inject.
    pub(super) faults: FaultScript,
    /// The `id` of each notice that the tenant's script module accepted.
    pub(super) accepted_notices: BTreeSet<String>,
    /// Recently created objects, each with the number of the request that created it.
    recent: VecDeque<(u64, i64)>,
}

impl RequestLog {
    /// Counts a request and returns how to handle it; `text` is its address and body.
    pub(super) fn record(
        &mut self,
        operation: Operation,
        target: &str,
        text: impl Fn() -> String,
    ) -> RequestHandling {
        self.counts.count(operation);
        let number = self.counts.total();
        self.faults.apply(number, operation, target, text)
    }

    /// Records that a request created an object.
    pub(super) fn record_creation(&mut self, request: u64, id: i64, lag: u64) {
        if lag > 0 {
            self.recent.push_back((request, id));
        }
    }

    /// The objects that a request does not find yet: those created by one of the `lag` requests before it.
    pub(super) fn hidden_objects(&mut self, request: u64, lag: u64) -> Vec<i64> {
        self.recent.retain(|(created, _)| created + lag >= request);
        let hidden = self.recent.iter().filter(|(created, _)| *created < request);
        hidden.map(|(_, id)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::RequestLog;
    use crate::sandbox::request::Operation;

    #[test]
    fn requests_are_numbered_across_operations_and_counted_by_operation() {
        let mut log = RequestLog::default();
        let mut number = |operation| log.record(operation, "", String::new).number;
        assert_eq!(number(Operation::Find), 1);
        assert_eq!(number(Operation::Create), 2);
        assert_eq!(number(Operation::Find), 3);
        assert_eq!((log.counts.find, log.counts.writes()), (2, 1));
    }

    #[test]
    fn an_object_is_hidden_for_as_many_requests_as_the_lag() {
        let mut log = RequestLog::default();
        log.record_creation(5, 42, 2);
        assert_eq!(log.hidden_objects(6, 2), [42]);
        assert_eq!(log.hidden_objects(7, 2), [42]);
        assert!(log.hidden_objects(8, 2).is_empty());
    }

    #[test]
    fn without_a_lag_no_object_is_hidden() {
        let mut log = RequestLog::default();
        log.record_creation(5, 42, 0);
        assert!(log.hidden_objects(6, 0).is_empty());
    }
}
