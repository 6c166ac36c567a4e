//! A key-value store with compare-and-set, all-or-nothing writes and a lock.
//!
//! The lock is an optimisation that keeps runs apart; correctness does not depend on it, since every write
//! names the values that it expects to replace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use servanda::calendar::Instant;

use crate::process::failure::{Exit, Failure};

/// Keys with their values.
pub(crate) type Entries = BTreeMap<String, String>;

/// The change of one key, on the condition that it has an expected value. `None` stands for a missing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Swap {
    /// The key; its parts are separated by `/`.
    pub(crate) key: String,
    /// The value that the key must have before the write.
    pub(crate) expected: Option<String>,
    /// The value of the key after the write.
    pub(crate) value: Option<String>,
}

/// The run that holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// The unique name of the run.
    pub(crate) run: String,
    /// When it took the lock.
    pub(crate) since: Instant,
}

impl Holder {
    /// A run that holds the lock and whose name cannot be read.
    pub(crate) fn unknown() -> Self {
        Self { run: "an unknown run".to_owned(), since: Instant::MIN }
    }
}

/// The reason why the ledger could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LedgerError {
    /// A key does not have its expected value; nothing was written.
    #[error("another run changed `{0}` in the ledger")]
    Conflict(String),
    /// The ledger cannot be reached, read or written.
    #[error("{0}")]
    Failed(String),
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let text = error.to_string();
        match error {
            LedgerError::Conflict(_) => {
                Self::new(Exit::Failure, "ledger-conflict", text).help("run the command again")
            }
            LedgerError::Failed(_) => Self::new(Exit::Failure, "ledger-unavailable", text)
                .help("check `ledger:` in servanda.yaml, and that the place it names can be reached"),
        }
    }
}

/// A store for the ledger's entries.
pub(crate) trait LedgerStore: Send + Sync {
    /// The guard of the lock.
    type Lock: Send;

    /// Reads the entries of these keys, as far as they exist.
    fn get(&self, keys: &[&str]) -> impl Future<Output = Result<Entries, LedgerError>> + Send;

    /// Like [`Self::get`], but may return cached values. Suitable before a write, which refuses stale values.
    fn get_cached(&self, keys: &[&str]) -> impl Future<Output = Result<Entries, LedgerError>> + Send {
        self.get(keys)
    }

    /// Reads all entries whose key has this prefix.
    fn read(&self, prefix: &str) -> impl Future<Output = Result<Entries, LedgerError>> + Send;

    /// Performs all swaps or none. A successful write is durable. Writes are idempotent: if every key already
    /// has its new value, an earlier write succeeded and only its response was lost.
    fn write(&self, swaps: &[Swap]) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Takes the lock. The inner error is the run that holds it, if known.
    fn lock(
        &self,
        holder: &Holder,
    ) -> impl Future<Output = Result<Result<Self::Lock, Option<Holder>>, LedgerError>> + Send;

    /// When the lock that was taken expires by itself; `None` if it ends with the process or its connection.
    fn lease_end(&self) -> impl Future<Output = Option<Instant>> + Send {
        async { None }
    }

    /// Like [`Self::write`], for the last write of a run: a store that can releases the lock with it.
    fn write_before_unlock(&self, swaps: &[Swap]) -> impl Future<Output = Result<(), LedgerError>> + Send {
        self.write(swaps)
    }

    /// Releases the lock. A lock that is not released ends with the process or with its lease.
    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = ()> + Send;

    /// Ends the lock of another run, and returns that run; `None` if no run holds it.
    fn break_lock(&self) -> impl Future<Output = Result<Option<Holder>, LedgerError>> + Send;

    /// Tries whether the store takes a write of this user, by one that changes nothing. Returns `false` if the store is no
    /// branch of a server, whose rules only a push shows.
    fn try_push(&self) -> impl Future<Output = Result<bool, LedgerError>> + Send {
        async { Ok(false) }
    }

    /// A state of the ledger that was seen here before and that it no longer contains, since it was rolled back.
    fn lost_history(&self) -> impl Future<Output = Result<Option<String>, LedgerError>> + Send {
        async { Ok(None) }
    }

    /// Accepts the current state in place of those that were seen before.
    fn accept_history(&self) -> impl Future<Output = Result<(), LedgerError>> + Send {
        async { Ok(()) }
    }

    /// Removes earlier states, and returns their number; `None` if the store keeps none.
    fn drop_history(&self) -> impl Future<Output = Result<Option<u64>, LedgerError>> + Send {
        async { Ok(None) }
    }
}

/// Whether swaps can be performed on the current entries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SwapCheck {
    /// All keys have their expected values.
    Ready,
    /// All keys already have their new values: the write succeeded before, and its response was lost.
    AlreadyDone,
    /// Another run changed this key.
    Conflict(String),
}

/// Compares swaps with the current entries.
pub(crate) fn check_swaps(swaps: &[Swap], current: &Entries) -> SwapCheck {
    if swaps.iter().all(|swap| current.get(&swap.key) == swap.value.as_ref()) {
        return SwapCheck::AlreadyDone;
    }
    let conflict = swaps.iter().find(|swap| current.get(&swap.key) != swap.expected.as_ref());
    conflict.map_or(SwapCheck::Ready, |swap| SwapCheck::Conflict(swap.key.clone()))
}
