//! The embedded helpdesk: a small ITSM 365 on loopback, over `SQLite`, for rehearsals and tests.
//!
//! It speaks the dialect of docs/sandbox.md over real HTTP, so that the client's code path is the real one.
//! It knows nothing of agreements as YAML, of plans or of notices, and has its clock from the shell.
//!
//! ```text
//!  door ─► routes ─► verbs ─► finding ─► reading ─► dialect ─► answer
//!       │           └─► change ─► portal ─► writing ─► history
//!       └► pages ─► verbs
//! ```

mod change;
mod clock;
mod connection;
mod database;
mod dialect;
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
mod request_log;
mod routes;
mod seed;
mod server;
mod write;

pub(crate) use self::clock::Clock;
pub(crate) use self::database::DatabasePath;
pub(crate) use self::faults::Fault;
pub(crate) use self::options::SandboxOptions;
pub(crate) use self::request_log::Verb;
pub(crate) use self::seed::{Seed, SeedObject};
pub(crate) use self::server::{ACCESS_KEY, Running, SERVANDA, Sandbox, SandboxError};

#[cfg(test)]
mod tests;
