//! A ledger at whichever place the settings name.

use std::fs::File;

use super::git::Lease;
use super::{Entries, GitLedger, Holder, Ledger, LedgerError, SqliteLedger, Swap};

/// One of the places.
pub(crate) enum AnyLedger {
    /// A file of this machine.
    Sqlite(SqliteLedger),
    /// A branch of a Git remote.
    Git(GitLedger),
}

/// The lock of one of the places.
pub(crate) enum AnyLock {
    /// The system's own.
    File(File),
    /// An entry with an end.
    Lease(Lease),
}

impl Ledger for AnyLedger {
    type Lock = AnyLock;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.get(keys).await,
            Self::Git(ledger) => ledger.get(keys).await,
        }
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.read(under).await,
            Self::Git(ledger) => ledger.read(under).await,
        }
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.write(swaps).await,
            Self::Git(ledger) => ledger.write(swaps).await,
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<AnyLock, Option<Holder>>, LedgerError> {
        Ok(match self {
            Self::Sqlite(ledger) => ledger.lock(holder).await?.map(AnyLock::File),
            Self::Git(ledger) => ledger.lock(holder).await?.map(AnyLock::Lease),
        })
    }

    async fn unlock(&self, lock: AnyLock) {
        match (self, lock) {
            (Self::Sqlite(ledger), AnyLock::File(file)) => ledger.unlock(file).await,
            (Self::Git(ledger), AnyLock::Lease(lease)) => ledger.unlock(lease).await,
            (Self::Sqlite(_), AnyLock::Lease(_)) | (Self::Git(_), AnyLock::File(_)) => {}
        }
    }
}
