//! The server of `servanda serve`: answers about entitlements and pages over HTTP, from one workspace that is replaced as
//! a whole.
//!
//! ```text
//!  watch ─► a valid workspace ─► state ◄─ routes ◄─ server ◄─ a portal or a bot
//! ```

mod host_guard;
mod metrics;
mod pages;
mod state;
mod routes;
mod server;
mod watch;

pub(crate) use self::pages::PlanPage;
pub(crate) use self::server::{CONNECTION_LIMIT, serve};
pub(crate) use self::state::ServerState;
pub(crate) use self::watch::{Watcher, WorkspaceSource};

#[cfg(test)]
mod tests;
