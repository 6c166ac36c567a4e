//! What became of the notices of a run: nothing that is due is missing from it.

use crate::notice::{How, Key};

/// What became of the notices of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Report {
    /// Sent.
    pub sent: Vec<Key>,
    /// Sent by this run or not: nobody can say. A person settles it.
    pub held: Vec<Key>,
    /// Another run is at it, or it can be settled by a later one.
    pub elsewhere: Vec<Key>,
    /// Not sent, and why; tried again by the next run.
    pub refused: Vec<(Key, String)>,
    /// Due, and why they cannot be told yet.
    pub waiting: Vec<(Key, String)>,
    /// Over without being sent.
    pub settled: Vec<(Key, How)>,
    /// Why the run ended early.
    pub ended: Option<String>,
}
