//! Notes of pending creations: those that are stored, and those that wait to be.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;

use crate::ledger::store::{Entries, LedgerError};

/// A creation whose object may exist without being visible yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The run that sent it.
    pub(crate) run: String,
    /// When it was sent, by the clock of that run.
    pub(crate) at: Instant,
}

/// The notes of pending creations.
#[derive(Default)]
pub(super) struct PendingNotes {
    /// Those that are stored, by key.
    stored: Mutex<Entries>,
    /// The keys of those whose write has begun and whose result is not known.
    doubtful: Mutex<BTreeSet<String>>,
    /// Those that wait to be written.
    queue: Mutex<Vec<Arc<Note>>>,
    /// Held by the call that writes.
    pub(super) turn: tokio::sync::Mutex<()>,
}

/// A note that is to be written.
pub(super) struct Note {
    pub(super) key: String,
    pub(super) value: String,
    /// Set once it is known whether it was stored.
    pub(super) result: OnceLock<Result<(), LedgerError>>,
}

impl PendingNotes {
    pub(super) fn stored(&self) -> MutexGuard<'_, Entries> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn doubtful(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Vec<Arc<Note>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
