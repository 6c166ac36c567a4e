//! An adapter over HTTP: a program by anybody that serves the contract of `servanda::bridge`.
//!
//! Every call is a POST with a JSON body. Servanda starts no program, and an adapter gets nothing but these calls. An
//! answer that does not fit the request is an error, never an absence.

mod token;
mod call;
mod read;
mod explore;
mod write;

pub(crate) use call::describe;
pub(crate) use explore::BridgeExplorer;
pub(crate) use read::{BridgeCache, BridgeReader};
pub(crate) use token::{BridgeToken, BridgeTransport};
pub(crate) use write::BridgeWriter;

#[cfg(test)]
pub(crate) mod tests;
