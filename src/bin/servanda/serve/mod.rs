//! Answers over HTTP: one workspace at a time, replaced as a whole, behind a few read-only routes.
//!
//! ```text
//!  watch ─► a whole, valid workspace ─► desk ◄─ routes ◄─ a portal or a bot asks
//! ```

mod metrics;
mod routes;
mod server;
mod state;
mod watch;

pub(crate) use self::server::{PLACES, serve};
pub(crate) use self::state::ServerState;
pub(crate) use self::watch::{Source, Watcher};

#[cfg(test)]
mod tests;
