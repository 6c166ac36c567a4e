//! What answers are made from: one workspace, replaced as a whole, and what became of the newest files.

use std::sync::{Arc, PoisonError, RwLock};

use servanda::calendar::Instant;
use servanda::entitlement::Register;

use super::metrics::Metrics;

/// An workspace that is served.
pub(crate) struct Served {
    /// Its agreements and catalog, in order.
    pub(crate) register: Register,
    /// The digest of its files, shortened.
    pub(crate) digest: String,
    /// The commit that it was read from, where that is followed.
    pub(crate) commit: Option<String>,
    /// When it was taken in.
    pub(crate) since: Instant,
}

/// Newer files that could not be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Since when answers are older than the files.
    pub(crate) since: Instant,
    /// What is wrong with them, in one line.
    pub(crate) why: String,
}

/// The workspace and its standing at one instant. A request takes one of these and looks at nothing else.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) served: Arc<Served>,
    pub(crate) refused: Option<Arc<Refused>>,
}

/// Where requests find the workspace.
pub(crate) struct ServerState {
    standing: RwLock<Standing>,
    pub(crate) metrics: Metrics,
    clock: fn() -> Instant,
}

impl ServerState {
    /// Opens with an workspace.
    pub(crate) fn new(served: Served, clock: fn() -> Instant) -> Self {
        let standing = Standing { served: Arc::new(served), refused: None };
        Self { standing: RwLock::new(standing), metrics: Metrics::default(), clock }
    }

    /// The instant of a request that names none.
    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    /// The workspace, and whether newer files were refused.
    pub(crate) fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts an workspace in place of the one before.
    pub(crate) fn replace(&self, served: Served) {
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) =
            Standing { served: Arc::new(served), refused: None };
        self.metrics.taken_in();
    }

    /// Goes on with the workspace there is, since the newest files cannot be taken in.
    pub(crate) fn refuse(&self, why: String) {
        let now = self.now();
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        let since = standing.refused.as_ref().map_or(now, |refused| refused.since);
        standing.refused = Some(Arc::new(Refused { since, why }));
        drop(standing);
        self.metrics.refused();
    }

    /// The newest files are again those of the workspace there is.
    pub(crate) fn settle(&self) {
        self.standing.write().unwrap_or_else(PoisonError::into_inner).refused = None;
    }
}
