//! Combodo iTop over REST: one address, forms with an operation in JSON, and a `code` in the response body.
//!
//! The portal reads only the rows between contract and service, so that these rows depend on the state. One
//! value of an agreement may be several objects (an SLA with its SLTs) or a part of a text (the ownership key
//! in a description).

mod login;
mod oql;
mod operation;
mod text;
mod wire;
mod targets;
mod doubles;
mod history;
mod people;
mod inventory;
mod read;
mod explore;
mod write;

pub(crate) use explore::ItopExplorer;
pub(crate) use login::{ItopLogin, ItopTransport};
pub(crate) use read::{ItopCache, ItopReader};
pub(crate) use write::ItopWriter;

#[cfg(test)]
pub(crate) mod tests;
