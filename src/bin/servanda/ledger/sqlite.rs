//! The ledger on one machine: a `SQLite` file, and a lock file beside it.
//!
//! The lock is one of the operating system, which releases it when a run is killed. Reading does not create
//! the file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior};

use super::store::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::process::failure::Failure;
use crate::workspace::files;

/// The version of the file's format, stored as its `user_version`.
const FORMAT: i64 = 1;
/// The timeout of a write that waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The wait between two attempts at an operation that `SQLite` does not retry.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A ledger in a file, which is opened on first use.
pub(crate) struct SqliteLedger {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl SqliteLedger {
    /// The ledger in this file, which need not exist yet.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, connection: Arc::default() }
    }

    /// Works on the file, on a thread for what blocks: a write waits for the disk, and others go on meanwhile.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (path, slot) = (self.path.clone(), Arc::clone(&self.connection));
        let worked = tokio::task::spawn_blocking(move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match &mut *slot {
                Some(connection) => connection,
                none => none.insert(open(&path).map_err(|error| error.to_string())?),
            };
            let format: i64 = connection
                .query_row("PRAGMA user_version", (), |row| row.get(0))
                .map_err(|error| error.to_string())?;
            if format != FORMAT {
                return Err(format!("the file has format {format}, but this release reads format {FORMAT}"));
            }
            work(connection).map_err(|error| error.to_string())
        });
        worked.await.map_err(|error| self.failed(&error))?.map_err(|why| self.failed(&why))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> LedgerError {
        LedgerError::Failed(format!("the ledger {}: {why}", self.path.display()))
    }

    fn lock_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        name.into()
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    switch_to_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let format: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if format == 0 {
        let table = "CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";
        transaction.execute_batch(table)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Allows concurrent readers during a write. The first switch needs exclusive access, for which `SQLite` does
/// not wait itself.
#[expect(clippy::disallowed_methods, reason = "waits for another process, as `SQLite` itself does elsewhere")]
fn switch_to_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut attempts = BUSY_TIMEOUT.as_millis() / RETRY_INTERVAL.as_millis();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if attempts > 0 && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                attempts -= 1;
                std::thread::sleep(RETRY_INTERVAL);
            }
            switched => return switched,
        }
    }
}

impl LedgerStore for SqliteLedger {
    type Lock = std::fs::File;

    async fn get(&self, keys: &[&str]) -> Result<Entries, LedgerError> {
        if !self.path.exists() {
            return Ok(Entries::new());
        }
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
            let mut entries = Entries::new();
            for key in keys {
                if let Some(value) = statement.query_row([&key], |row| row.get(0)).optional()? {
                    entries.insert(key, value);
                }
            }
            Ok(entries)
        })
        .await
    }

    async fn read(&self, prefix: &str) -> Result<Entries, LedgerError> {
        if !self.path.exists() {
            return Ok(Entries::new());
        }
        let prefix = prefix.to_owned();
        self.with(move |connection| {
            let select = "SELECT key, value FROM entry WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1";
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .await
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let swaps = swaps.to_vec();
        let check = self.with(move |connection| perform(connection, &swaps)).await?;
        match check {
            SwapCheck::Ready | SwapCheck::AlreadyDone => Ok(()),
            SwapCheck::Conflict(key) => Err(LedgerError::Conflict(key)),
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<Self::Lock, Option<Holder>>, LedgerError> {
        let text = serde_json::to_string(holder).expect("a holder is JSON");
        match files::lock(&self.lock_path(), &text).map_err(|failure| LedgerError::Failed(failure.message))? {
            Ok(lock) => Ok(Ok(lock)),
            Err(other) => Ok(Err(serde_json::from_str(&other).ok())),
        }
    }

    /// The lock of a file that no longer exists separates no one from later runs.
    async fn break_lock(&self) -> Result<Option<Holder>, LedgerError> {
        let failed = |failure: Failure| LedgerError::Failed(failure.message);
        let Some(holder) = files::break_lock(&self.lock_path()).map_err(failed)? else {
            return Ok(None);
        };
        Ok(Some(serde_json::from_str(&holder).unwrap_or_else(|_| Holder::unknown())))
    }

    /// The operating system releases the lock when the file is closed.
    async fn unlock(&self, lock: Self::Lock) {
        drop(lock);
    }
}

/// Performs all swaps in one transaction, or none of them.
fn perform(connection: &mut Connection, swaps: &[Swap]) -> Result<SwapCheck, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut found = Entries::new();
    for Swap { key, .. } in swaps {
        let mut select = transaction.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
        if let Some(value) = select.query_row([key], |row| row.get(0)).optional()? {
            found.insert(key.clone(), value);
        }
    }
    let check = check_swaps(swaps, &found);
    if check == SwapCheck::Ready {
        for Swap { key, value, .. } in swaps {
            match value {
                Some(value) => transaction
                    .prepare_cached("INSERT OR REPLACE INTO entry (key, value) VALUES (?1, ?2)")?
                    .execute([key, value])?,
                None => transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute([key])?,
            };
        }
        transaction.commit()?;
    }
    Ok(check)
}
