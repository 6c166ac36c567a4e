//! The context of a write: the transaction, its author and its time.

use rusqlite::Connection;

use super::wire_format::WireFormat;

/// Author of a write to the database without an employee behind it, such as seeding.
pub(super) const NO_AUTHOR: i64 = 0;

/// Everything that a write needs besides the change itself.
pub(super) struct WriteSession<'state> {
    /// The transaction.
    pub(super) connection: &'state Connection,
    /// The form of values on the wire, in which the history keeps them.
    pub(super) wire_format: &'state WireFormat,
    /// The row of the employee who writes.
    pub(super) author: i64,
    /// Seconds since 1970.
    pub(super) now: i64,
}
