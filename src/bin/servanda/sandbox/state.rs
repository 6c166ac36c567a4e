//! The shared state of a running sandbox: the database, the clock, the wire format and the request log.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use super::clock::SandboxClock;
use super::request_log::RequestLog;
use super::session::WriteSession;
use super::wire_format::WireFormat;

/// The state that all connections share.
pub(super) struct SandboxState {
    connection: Mutex<Connection>,
    request_log: Mutex<RequestLog>,
    /// The form of values on the wire.
    pub(super) wire_format: WireFormat,
    /// The source of the current time.
    pub(super) clock: SandboxClock,
    /// Whether the server is shutting down.
    pub(super) stopping: watch::Sender<bool>,
    /// The number of requests that a fault left without a response.
    pub(super) unanswered: watch::Sender<u64>,
}

impl SandboxState {
    /// The state over an open database.
    pub(super) fn new(connection: Connection, wire_format: WireFormat, clock: SandboxClock) -> Self {
        Self {
            connection: Mutex::new(connection),
            request_log: Mutex::default(),
            wire_format,
            clock,
            stopping: watch::Sender::new(false),
            unanswered: watch::Sender::new(0),
        }
    }

    /// Works in one transaction: each statement by itself would lock the file for itself. Within it, [`Self::write`] makes
    /// savepoints. The error is that of the transaction, which has stored nothing then. `SQLite` may end it by itself, at a full
    /// disk for example: the connection then commits each statement, and the work must not go on.
    pub(super) fn together<T>(&self, has_writes: bool, work: impl FnOnce() -> T) -> rusqlite::Result<T> {
        self.connection().execute_batch(if has_writes { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        let done = work();
        let connection = self.connection();
        connection.execute_batch("COMMIT").inspect_err(|_| drop(connection.execute_batch("ROLLBACK")))?;
        Ok(done)
    }

    /// Reads in one transaction: each statement by itself would lock the file for itself.
    pub(super) fn read<T, E: From<rusqlite::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        if !connection.is_autocommit() {
            return read(&connection);
        }
        let transaction = connection.transaction()?;
        let found = read(&transaction)?;
        transaction.commit()?;
        Ok(found)
    }

    /// Locks the database.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the request log.
    pub(super) fn request_log(&self) -> MutexGuard<'_, RequestLog> {
        self.request_log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The objects that `find` does not return to this request yet.
    pub(super) fn hidden_objects(&self, request: u64) -> Vec<i64> {
        self.request_log().hidden_objects(request, self.wire_format.options.search_lag)
    }

    /// Records that a request created an object.
    pub(super) fn record_creation(&self, request: u64, id: i64) {
        self.request_log().record_creation(request, id, self.wire_format.options.search_lag);
    }

    /// Writes in one transaction, or in a savepoint of the current one, in the name of an employee. An error rolls
    /// everything back.
    pub(super) fn write<T, E: From<rusqlite::Error>>(
        &self,
        author: i64,
        write: impl FnOnce(&WriteSession) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        if !connection.is_autocommit() {
            let savepoint = connection.savepoint()?;
            let written = write(&self.session(&savepoint, author))?;
            savepoint.commit()?;
            return Ok(written);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = write(&self.session(&transaction, author))?;
        transaction.commit()?;
        Ok(written)
    }

    fn session<'state>(&'state self, connection: &'state Connection, author: i64) -> WriteSession<'state> {
        WriteSession { connection, wire_format: &self.wire_format, author, now: self.clock.second() }
    }
}
