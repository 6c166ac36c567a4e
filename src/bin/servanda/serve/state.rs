//! The state behind all answers: one valid workspace, replaced as a whole, and whether newer files were rejected.

use std::sync::{Arc, PoisonError, RwLock};

use servanda::calendar::Instant;
use servanda::entitlement::Register;
use servanda::report::ReportFacts;
use tokio::sync::Semaphore;

use super::metrics::Metrics;
use super::pages::{PageCaches, PlanPage};
use crate::workspace::load::Workspace;

/// The number of pages that are made at a time, so that answers of the API are not slowed down.
const MAKING: usize = 2;

/// A loaded and valid workspace.
pub(crate) struct ServedWorkspace {
    /// Its agreements and its catalog.
    pub(crate) register: Register,
    /// The rest of it: settings and paths, without agreements and catalog.
    pub(crate) rest: Workspace,
    /// The facts of the files of agreements.
    pub(crate) facts: ReportFacts,
    /// The first characters of the digest of its files.
    pub(crate) digest: String,
    /// The commit from which it was loaded, if a revision is served.
    pub(crate) commit: Option<String>,
    /// The time at which it was loaded.
    pub(crate) since: Instant,
}

impl ServedWorkspace {
    /// The whole workspace, for a plan.
    pub(super) fn whole(&self) -> Workspace {
        let rest = &self.rest;
        Workspace {
            root: rest.root.clone(),
            commit: self.commit.clone(),
            digest: rest.digest.clone(),
            settings: rest.settings.clone(),
            catalog: self.register.catalog().clone(),
            agreements: self.register.agreements().to_vec(),
            everywhere: Arc::default(),
            paths: rest.paths.clone(),
            texts: rest.texts.clone(),
            base: None,
            pull_request: None,
        }
    }
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
    /// The pages that are kept.
    pub(super) pages: PageCaches,
    /// Permits to make a page.
    pub(super) making: Arc<Semaphore>,
    /// Makes the page with the plan, if there is a snapshot.
    pub(super) plan: Option<PlanPage>,
    clock: fn() -> Instant,
    host_names: Vec<String>,
    base_path: String,
}

impl ServerState {
    /// The state with a first workspace.
    pub(crate) fn new(workspace: ServedWorkspace, clock: fn() -> Instant) -> Self {
        let current = RwLock::new(CurrentWorkspace::new(workspace));
        Self {
            current,
            metrics: Metrics::default(),
            pages: PageCaches::default(),
            making: Arc::new(Semaphore::new(MAKING)),
            plan: None,
            clock,
            host_names: Vec::new(),
            base_path: String::new(),
        }
    }

    /// Serves below a path such as `/sla`, which a proxy leaves in the requests that it forwards.
    #[must_use]
    pub(crate) fn below(mut self, path: String) -> Self {
        self.base_path = path;
        self
    }

    /// Serves a page with a plan.
    #[must_use]
    pub(crate) fn with_plan(mut self, plan: Option<PlanPage>) -> Self {
        self.plan = plan;
        self
    }

    /// The path that all routes begin with; empty, or with a slash in front and none at the end.
    pub(super) fn base_path(&self) -> &str {
        &self.base_path
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
