//! Takes the place of the ledger in a `PostgreSQL` database in a build without the feature `postgres`.

use std::convert::Infallible;

use secrecy::SecretString;

use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap};

/// A ledger that cannot exist.
pub(crate) struct PostgresLedger(Infallible);

/// A lock that cannot exist.
pub(crate) type PostgresLock = Infallible;

impl PostgresLedger {
    /// Refuses every address.
    pub(crate) fn at(_: &SecretString, _: Option<&SecretString>, _: Option<&str>) -> Result<Self, String> {
        Err("this program was built without PostgreSQL; build it with `--features postgres`".to_owned())
    }
}

impl LedgerStore for PostgresLedger {
    type Lock = PostgresLock;

    async fn get(&self, _: &[&str]) -> Result<Entries, LedgerError> {
        match self.0 {}
    }

    async fn read(&self, _: &str) -> Result<Entries, LedgerError> {
        match self.0 {}
    }

    async fn write(&self, _: &[Swap]) -> Result<(), LedgerError> {
        match self.0 {}
    }

    async fn lock(&self, _: &Holder) -> Result<Result<PostgresLock, Option<Holder>>, LedgerError> {
        match self.0 {}
    }

    async fn unlock(&self, lock: PostgresLock) {
        match lock {}
    }

    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        match self.0 {}
    }
}
