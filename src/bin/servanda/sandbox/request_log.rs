//! What passes over the counter: how many requests of each verb came, what befalls them, what is not found yet.
//!
//! Counts in the order of arrival; knows nothing of what the requests ask.

use std::collections::{BTreeSet, VecDeque};

use super::faults::{Course, Script};

/// What a request wishes to have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// `find/{fqn}`.
    Find,
    /// `get/{uuid}`.
    Get,
    /// `create-m2m/{fqn}`.
    Create,
    /// `edit-m2m/{uuid}`.
    Edit,
    /// `delete/{uuid}`.
    Delete,
    /// `exec-post`.
    Exec,
    /// Anything else.
    Other,
}

/// How many requests came, by verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
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
    /// Anything else.
    pub(crate) other: u64,
    /// Those of `edit` that found everything as they wished; in a tenant each may have sent mail.
    pub(crate) idle: u64,
}

impl Tally {
    /// All of them.
    pub(crate) fn all(&self) -> u64 {
        self.find + self.get + self.create + self.edit + self.delete + self.exec + self.other
    }

    /// Those that wish to change something.
    pub(crate) fn writes(&self) -> u64 {
        self.create + self.edit + self.delete
    }

    fn count(&mut self, verb: Verb) {
        *match verb {
            Verb::Find => &mut self.find,
            Verb::Get => &mut self.get,
            Verb::Create => &mut self.create,
            Verb::Edit => &mut self.edit,
            Verb::Delete => &mut self.delete,
            Verb::Exec => &mut self.exec,
            Verb::Other => &mut self.other,
        } += 1;
    }
}

/// The counter itself.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    /// What came so far.
    pub(crate) tally: Tally,
    /// What goes wrong.
    pub(crate) script: Script,
    /// What the tenant's script module was told, by `id`.
    pub(crate) told: BTreeSet<String>,
    /// Objects that were made lately, with the number of the request that made them.
    recent: VecDeque<(u64, i64)>,
}

impl RequestLog {
    /// Counts a request in and says what befalls it; `text` is its address and body.
    pub(crate) fn enter(&mut self, verb: Verb, target: &str, text: &str) -> Course {
        self.tally.count(verb);
        let number = self.tally.all();
        self.script.course(number, verb, target, text)
    }

    /// Notes that a request made an object.
    pub(crate) fn made(&mut self, request: u64, id: i64, lag: u64) {
        if lag > 0 {
            self.recent.push_back((request, id));
        }
    }

    /// The objects that a request does not find yet: those made by one of the `lag` requests before it.
    pub(crate) fn hidden(&mut self, request: u64, lag: u64) -> Vec<i64> {
        self.recent.retain(|(made, _)| made + lag >= request);
        let unseen = self.recent.iter().filter(|(made, _)| *made < request);
        unseen.map(|(_, id)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestLog, Verb};

    #[test]
    fn requests_are_numbered_across_verbs_and_counted_by_verb() {
        let mut desk = RequestLog::default();
        let mut number = |verb| desk.enter(verb, "", "").number;
        assert_eq!(number(Verb::Find), 1);
        assert_eq!(number(Verb::Create), 2);
        assert_eq!(number(Verb::Find), 3);
        assert_eq!((desk.tally.find, desk.tally.writes()), (2, 1));
    }

    #[test]
    fn an_object_is_hidden_for_as_many_requests_as_the_lag() {
        let mut desk = RequestLog::default();
        desk.made(5, 42, 2);
        assert_eq!(desk.hidden(6, 2), [42]);
        assert_eq!(desk.hidden(7, 2), [42]);
        assert!(desk.hidden(8, 2).is_empty());
    }

    #[test]
    fn without_a_lag_nothing_is_hidden() {
        let mut desk = RequestLog::default();
        desk.made(5, 42, 0);
        assert!(desk.hidden(6, 0).is_empty());
    }
}
