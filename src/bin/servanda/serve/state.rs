//! The state behind all answers: one valid workspace, replaced as a whole, and whether newer files were rejected.

use std::sync::{Arc, PoisonError, RwLock};

use servanda::calendar::Instant;
use servanda::entitlement::Register;

use super::metrics::Metrics;

/// A loaded and valid workspace.
pub(crate) struct ServedWorkspace {
    /// Its agreements and its catalog.
    pub(crate) register: Register,
    /// The first characters of the digest of its files.
    pub(crate) digest: String,
    /// The commit from which it was loaded, if a revision is served.
    pub(crate) commit: Option<String>,
    /// The time at which it was loaded.
    pub(crate) since: Instant,
}

/// Newer files that are not served because they are invalid or unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RejectedFiles {
    /// The time since which answers are older than the files.
    pub(crate) since: Instant,
    /// The first error in the files, on one line.
    pub(crate) reason: String,
}

/// The workspace at one instant. Each request takes it once, so that an answer never mixes two workspaces.
#[derive(Clone)]
pub(super) struct CurrentWorkspace {
    pub(super) workspace: Arc<ServedWorkspace>,
    pub(super) rejected: Option<Arc<RejectedFiles>>,
}

impl CurrentWorkspace {
    fn new(workspace: ServedWorkspace) -> Self {
        Self { workspace: Arc::new(workspace), rejected: None }
    }
}

/// The state that the watcher replaces and requests read.
pub(crate) struct ServerState {
    current: RwLock<CurrentWorkspace>,
    pub(super) metrics: Metrics,
    clock: fn() -> Instant,
    host_names: Vec<String>,
}

impl ServerState {
    /// The state with a first workspace.
    pub(crate) fn new(workspace: ServedWorkspace, clock: fn() -> Instant) -> Self {
        let current = RwLock::new(CurrentWorkspace::new(workspace));
        Self { current, metrics: Metrics::default(), clock, host_names: Vec::new() }
    }

    /// Adds names under which clients may reach the server, besides addresses and `localhost`.
    #[must_use]
    pub(crate) fn at_hosts(mut self, names: Vec<String>) -> Self {
        self.host_names = names;
        self
    }

    /// The names under which clients may reach the server.
    pub(super) fn host_names(&self) -> &[String] {
        &self.host_names
    }

    /// The current time, for requests without `at`.
    pub(super) fn now(&self) -> Instant {
        (self.clock)()
    }

    /// The current workspace, and whether newer files were rejected.
    pub(super) fn current(&self) -> CurrentWorkspace {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the workspace.
    pub(super) fn replace(&self, workspace: ServedWorkspace) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = CurrentWorkspace::new(workspace);
        self.metrics.count_loaded();
    }

    /// Keeps the workspace and records why newer files were rejected.
    pub(super) fn reject(&self, reason: String) {
        let now = self.now();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let since = current.rejected.as_ref().map_or(now, |rejected| rejected.since);
        current.rejected = Some(Arc::new(RejectedFiles { since, reason }));
        drop(current);
        self.metrics.count_rejected();
    }

    /// Records that the newest files are those of the current workspace again.
    pub(super) fn clear_rejection(&self) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).rejected = None;
    }
}
