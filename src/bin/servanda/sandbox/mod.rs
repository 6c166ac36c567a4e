//! The sandbox: an embedded helpdesk, a small ITSM 365 on loopback over `SQLite`, for rehearsals and tests.
//!
//! It serves the interface of docs/sandbox.md over real HTTP, so that the client runs its production code.
//!
//! ```text
//!  origin_guard ─► routes ─► operations ─► find ─► read ─► wire_format ─► response
//!               │                      └─► change ─► portal ─► write ─► history
//!               └► pages ─► operations
//! ```

mod change;
mod clock;
mod connection;
mod database;
mod error;
pub(crate) mod faults;
mod find;
pub(crate) mod from_catalog;
mod history;
mod model;
mod operations;
pub(crate) mod options;
mod origin_guard;
mod pages;
mod portal;
mod read;
mod request;
mod request_log;
mod routes;
mod seed;
mod server;
mod session;
mod state;
mod turns;
mod wire_format;
mod write;

pub(crate) use self::clock::SandboxClock;
pub(crate) use self::options::SandboxOptions;
pub(crate) use self::server::{ACCESS_KEY, RunningSandbox, SERVANDA};

#[cfg(test)]
pub(crate) use self::database::DatabasePath;
#[cfg(test)]
pub(crate) use self::faults::Fault;
#[cfg(test)]
pub(crate) use self::request::Operation;
#[cfg(test)]
pub(crate) use self::seed::{Seed, SeedObject};
#[cfg(test)]
pub(crate) use self::server::Sandbox;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
