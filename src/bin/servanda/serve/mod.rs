//! The server of `servanda serve`: answers about entitlements over HTTP, from one workspace that is replaced as a whole.
//!
//! ```text
//!  watch ─► a valid workspace ─► state ◄─ routes ◄─ server ◄─ a portal or a bot
//! ```

mod host_guard;
mod metrics;
mod routes;
mod server;
mod state;
mod watch;

pub(crate) use self::server::{CONNECTION_LIMIT, serve};
pub(crate) use self::state::ServerState;
pub(crate) use self::watch::{Watcher, WorkspaceSource};

#[cfg(test)]
mod tests;
