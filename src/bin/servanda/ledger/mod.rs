//! The durable record of notices, lock and last-applied state: keys with values, written by compare-and-set.

mod store;
mod dispatch;
pub(crate) mod records;
mod git;
mod postgres;
mod checksum;
pub(crate) mod sqlite;

pub(crate) use checksum::{ChecksumError, Checksummed};
pub(crate) use dispatch::AnyLedger;
pub(crate) use git::GitLedger;
pub(crate) use postgres::PostgresLedger;
pub(crate) use records::Records;
pub(crate) use sqlite::SqliteLedger;
pub(crate) use store::*;

#[cfg(test)]
mod tests;
