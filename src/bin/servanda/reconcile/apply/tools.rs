//! The tools of an apply, and its progress and result, which the run and each attempt share.

use std::collections::BTreeMap;
use std::time::Duration;

use servanda::calendar::Instant;
use servanda::ident::AgreementId;
use servanda::outcome::{ChangeResult, Outcome};
use servanda::plan::Change;

use crate::http::transport::WallClock;
use crate::ledger::Records;
use crate::process::shutdown::Stop;
use crate::reconcile::journal::Journal;

/// Receives the progress of an apply.
pub(crate) trait Progress {
    /// A change begins.
    fn begin(&mut self, change: &Change);
    /// A change waits until this instant for its new object to become visible.
    fn wait(&mut self, change: &Change, until: Instant);
    /// A change has its result.
    fn end(&mut self, change: &Change, result: &ChangeResult);
}

/// The tools of an apply.
pub(crate) struct Tools<'a, R, W, L> {
    pub(crate) reader: &'a R,
    pub(crate) writer: &'a W,
    /// The ledger, which records creations before they are sent; without it nothing is created.
    pub(crate) records: Option<&'a Records<L>>,
    /// The digest of the settings of the ownership key, for which the ledger remembers whether the helpdesk keeps it.
    pub(crate) key_settings: String,
    /// The wall clock.
    pub(crate) clock: WallClock<'a>,
    pub(crate) journal: &'a Journal,
    pub(crate) stop: &'a Stop,
    /// The unique name of the run.
    pub(crate) run_name: &'a str,
    /// The number of changes that are applied at the same time.
    pub(crate) concurrency: usize,
    /// The longest time for which the helpdesk's search may not show a new object.
    pub(crate) search_lag: Duration,
}

/// The objects that an attempt created, of an agreement or its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creation {
    /// Certainly none.
    Nothing,
    /// At least one, each of which is known.
    Known,
    /// One may have been created that is not visible yet.
    InDoubt,
}

/// The result of an apply.
#[derive(Default)]
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    /// The objects that were created for each agreement.
    pub(crate) creations: BTreeMap<AgreementId, Creation>,
}
