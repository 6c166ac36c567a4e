//! A ledger in any supported store.

use std::convert::Infallible;
use std::fs::File;

use servanda::calendar::Instant;

use super::git::{GitLedger, Lease};
use super::postgres::{PostgresLedger, PostgresLock};
use super::sqlite::SqliteLedger;
use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap};
use crate::process::dispatch::dispatch;

/// A ledger in any store.
pub(crate) enum AnyLedger {
    /// A file on this machine.
    Sqlite(SqliteLedger),
    /// A branch of a Git remote.
    Git(Box<GitLedger>),
    /// A database.
    Postgres(Box<PostgresLedger>),
    /// A ledger that could not be opened.
    Unusable(UnusableLedger),
}

/// The lock of any store.
pub(crate) enum AnyLock {
    /// A lock of the operating system.
    File(File),
    /// A lock with an expiry.
    Lease(Lease),
    /// A lock of a database connection.
    Connection(Box<PostgresLock>),
}

/// A ledger whose every use fails, with the reason why it could not be opened.
pub(crate) struct UnusableLedger(pub(crate) String);

impl UnusableLedger {
    fn error<T>(&self) -> Result<T, LedgerError> {
        Err(LedgerError::Failed(self.0.clone()))
    }
}

impl LedgerStore for UnusableLedger {
    type Lock = Infallible;

    async fn get(&self, _: &[&str]) -> Result<Entries, LedgerError> {
        self.error()
    }

    async fn read(&self, _: &str) -> Result<Entries, LedgerError> {
        self.error()
    }

    async fn write(&self, _: &[Swap]) -> Result<(), LedgerError> {
        self.error()
    }

    async fn lock(&self, _: &Holder) -> Result<Result<Infallible, Option<Holder>>, LedgerError> {
        self.error()
    }

    async fn unlock(&self, lock: Infallible) {
        match lock {}
    }

    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        self.error()
    }
}

impl LedgerStore for AnyLedger {
    type Lock = AnyLock;

    dispatch! { (Sqlite | Git | Postgres | Unusable)
        fn get(keys: &[&str]) -> Result<Entries, LedgerError>;
        fn get_cached(keys: &[&str]) -> Result<Entries, LedgerError>;
        fn read(prefix: &str) -> Result<Entries, LedgerError>;
        fn write(swaps: &[Swap]) -> Result<(), LedgerError>;
        fn lease_end() -> Option<Instant>;
        fn write_before_unlock(swaps: &[Swap]) -> Result<(), LedgerError>;
        fn break_lock() -> Result<Option<Holder>, LedgerError>;
        fn try_push() -> Result<bool, LedgerError>;
        fn lost_history() -> Result<Option<String>, LedgerError>;
        fn accept_history() -> Result<(), LedgerError>;
        fn drop_history() -> Result<Option<u64>, LedgerError>;
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<AnyLock, Option<Holder>>, LedgerError> {
        Ok(match self {
            Self::Sqlite(ledger) => ledger.lock(holder).await?.map(AnyLock::File),
            Self::Git(ledger) => ledger.lock(holder).await?.map(AnyLock::Lease),
            Self::Postgres(ledger) => {
                Box::pin(ledger.lock(holder)).await?.map(|lock| AnyLock::Connection(Box::new(lock)))
            }
            Self::Unusable(ledger) => return ledger.error(),
        })
    }

    async fn unlock(&self, lock: AnyLock) {
        match (self, lock) {
            (Self::Sqlite(ledger), AnyLock::File(file)) => ledger.unlock(file).await,
            (Self::Git(ledger), AnyLock::Lease(lease)) => ledger.unlock(lease).await,
            (Self::Postgres(ledger), AnyLock::Connection(lock)) => Box::pin(ledger.unlock(*lock)).await,
            // A lock of another store cannot occur.
            (_, AnyLock::File(_) | AnyLock::Lease(_) | AnyLock::Connection(_)) => {}
        }
    }
}
