//! The helpdesk: one trait to read it, one to write to it, one to explore it, and an implementation for each
//! product.

mod error;
mod bounds;
mod reader;
mod writer;
pub(crate) mod itsm365;
pub(crate) mod itop;
pub(crate) mod bridge;
mod dispatch;
pub(crate) mod connect;

pub(crate) use error::{ReadError, WriteError};
#[cfg(test)]
pub(crate) use reader::StoredKey;
pub(crate) use reader::{Explorer, Reader, Selection};
pub(crate) use writer::{NoSharedCreations, SharedCreations, StepResult, Writer, creation_order};
