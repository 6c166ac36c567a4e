//! The ledger: the durable record of notices, pending creations, last-applied state and the lock.
//!
//! A [`LedgerStore`] keeps keys with values, written by compare-and-set, in a file, on a Git branch or in a
//! database. [`Records`] gives the keys their meaning.

mod store;
mod checksum;
mod git;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(not(feature = "postgres"))]
#[path = "without_postgres.rs"]
mod postgres;
mod sqlite;
mod dispatch;
mod last_applied;
pub(crate) mod records;
mod open;
mod secret;

pub(crate) use checksum::{ChecksumError, Checksummed};
pub(crate) use dispatch::AnyLedger;
pub(crate) use open::{NoticeLedger, beside, of_notices, open, read_last_applied, take_lock};
pub(crate) use records::Records;
pub(crate) use secret::{LedgerSecret, RecordedNotices};
#[cfg(test)]
pub(crate) use sqlite::SqliteLedger;
pub(crate) use store::{Holder, LedgerError, LedgerStore};

/// The records of a workspace's ledger.
pub(crate) type LedgerRecords = Records<Checksummed<AnyLedger>>;

#[cfg(test)]
mod tests;
