//! A ledger at whichever place the settings name.
//!
//! What a database takes to be spoken to is boxed, lest it makes every pass larger.

use std::fs::File;

use super::git::Lease;
use super::postgres::PostgresLock;
use super::{Entries, GitLedger, Holder, LedgerError, LedgerStore, PostgresLedger, SqliteLedger, Swap};

/// One of the places.
pub(crate) enum AnyLedger {
    /// A file of this machine.
    Sqlite(SqliteLedger),
    /// A branch of a Git remote.
    Git(GitLedger),
    /// A database.
    Postgres(Box<PostgresLedger>),
    /// None, and why there is none.
    Unusable(String),
}

/// The lock of one of the places.
pub(crate) enum AnyLock {
    /// The system's own.
    File(File),
    /// An entry with an end.
    Lease(Lease),
    /// That of a connection.
    Connection(Box<PostgresLock>),
}

fn unusable<T>(why: &str) -> Result<T, LedgerError> {
    Err(LedgerError::Failed(why.to_owned()))
}

impl LedgerStore for AnyLedger {
    type Lock = AnyLock;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.get(keys).await,
            Self::Git(ledger) => ledger.get(keys).await,
            Self::Postgres(ledger) => Box::pin(ledger.get(keys)).await,
            Self::Unusable(why) => unusable(why),
        }
    }

    async fn glance(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        match self {
            Self::Git(ledger) => ledger.glance(keys).await,
            Self::Sqlite(_) | Self::Postgres(_) | Self::Unusable(_) => self.get(keys).await,
        }
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.read(under).await,
            Self::Git(ledger) => ledger.read(under).await,
            Self::Postgres(ledger) => Box::pin(ledger.read(under)).await,
            Self::Unusable(why) => unusable(why),
        }
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(ledger) => ledger.write(swaps).await,
            Self::Git(ledger) => ledger.write(swaps).await,
            Self::Postgres(ledger) => Box::pin(ledger.write(swaps)).await,
            Self::Unusable(why) => unusable(why),
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<AnyLock, Option<Holder>>, LedgerError> {
        Ok(match self {
            Self::Sqlite(ledger) => ledger.lock(holder).await?.map(AnyLock::File),
            Self::Git(ledger) => ledger.lock(holder).await?.map(AnyLock::Lease),
            Self::Postgres(ledger) => {
                Box::pin(ledger.lock(holder)).await?.map(|lock| AnyLock::Connection(Box::new(lock)))
            }
            Self::Unusable(why) => return unusable(why),
        })
    }

    async fn unlock(&self, lock: AnyLock) {
        match (self, lock) {
            (Self::Sqlite(ledger), AnyLock::File(file)) => ledger.unlock(file).await,
            (Self::Git(ledger), AnyLock::Lease(lease)) => ledger.unlock(lease).await,
            (Self::Postgres(ledger), AnyLock::Connection(lock)) => Box::pin(ledger.unlock(*lock)).await,
            (_, AnyLock::File(_) | AnyLock::Lease(_) | AnyLock::Connection(_)) => {}
        }
    }
}
