//! The memory on one machine: a `SQLite` file, and a file beside it that a run locks for as long as it lives.
//!
//! The lock is the system's own, so that a run that was killed holds nothing. Reading makes no file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior};

use super::{Entries, Holder, LedgerError, LedgerStore, Swap, SwapCheck, check_swaps};
use crate::workspace::files;

/// The layout of the file, as its `user_version`.
const LAYOUT: i64 = 1;
/// How long a write waits for another one.
const BUSY_LIMIT: Duration = Duration::from_secs(10);
/// How long it waits between two attempts that `SQLite` does not repeat.
const PAUSE: Duration = Duration::from_millis(5);

/// A ledger in a file, opened when it is first needed.
pub(crate) struct SqliteLedger {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl SqliteLedger {
    /// The ledger of this file, whether or not there is one yet.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, connection: Mutex::default() }
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, LedgerError> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *slot {
            Some(connection) => connection,
            none => none.insert(open(&self.path).map_err(failed)?),
        };
        let layout: i64 =
            connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed)?;
        if layout != LAYOUT {
            return Err(self.failed(&format!("it has layout {layout}, and this release reads {LAYOUT}")));
        }
        work(connection).map_err(failed)
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
    connection.busy_timeout(BUSY_LIMIT)?;
    switch_to_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let layout: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if layout == 0 {
        let table = "CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";
        transaction.execute_batch(table)?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Lets readers and a writer work side by side. Who first makes that switch needs the file alone, and for that `SQLite`
/// does not wait by itself.
#[expect(clippy::disallowed_methods, reason = "waits for another process as `SQLite` does where it waits")]
fn switch_to_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut left = BUSY_LIMIT.as_millis() / PAUSE.as_millis();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if left > 0 && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                left -= 1;
                std::thread::sleep(PAUSE);
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
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
            let mut entries = Entries::new();
            for key in keys {
                if let Some(value) = statement.query_row([key], |row| row.get(0)).optional()? {
                    entries.insert((*key).to_owned(), value);
                }
            }
            Ok(entries)
        })
    }

    async fn read(&self, under: &str) -> Result<Entries, LedgerError> {
        if !self.path.exists() {
            return Ok(Entries::new());
        }
        self.with(|connection| {
            let select = "SELECT key, value FROM entry WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1";
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement.query_map([under], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    async fn write(&self, swaps: &[Swap]) -> Result<(), LedgerError> {
        if swaps.is_empty() {
            return Ok(());
        }
        let judged = self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut found = Entries::new();
            for Swap { key, .. } in swaps {
                let mut select = transaction.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
                if let Some(value) = select.query_row([key], |row| row.get(0)).optional()? {
                    found.insert(key.clone(), value);
                }
            }
            let judged = check_swaps(swaps, &found);
            if judged == SwapCheck::Ready {
                for Swap { key, value, .. } in swaps {
                    match value {
                        Some(value) => transaction
                            .prepare_cached("INSERT OR REPLACE INTO entry (key, value) VALUES (?1, ?2)")?
                            .execute([key, value])?,
                        None => {
                            transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute([key])?
                        }
                    };
                }
                transaction.commit()?;
            }
            Ok(judged)
        })?;
        match judged {
            SwapCheck::Ready | SwapCheck::AlreadyDone => Ok(()),
            SwapCheck::Conflict(key) => Err(LedgerError::Conflict(key)),
        }
    }

    async fn lock(&self, holder: &Holder) -> Result<Result<Self::Lock, Option<Holder>>, LedgerError> {
        let says = serde_json::to_string(holder).expect("a holder is JSON");
        match files::lock(&self.lock_path(), &says).map_err(|failure| LedgerError::Failed(failure.message))? {
            Ok(lock) => Ok(Ok(lock)),
            Err(said) => Ok(Err(serde_json::from_str(&said).ok())),
        }
    }

    /// The system takes the lock back when the file is closed.
    async fn unlock(&self, lock: Self::Lock) {
        drop(lock);
    }
}
