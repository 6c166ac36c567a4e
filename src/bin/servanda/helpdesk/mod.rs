//! The helpdesk as the rest of the shell sees it: one trait to read it, one to write to it, one to explore it.

mod reader;
pub(crate) mod itsm365;
pub(crate) mod itop;
mod dispatch;
pub(crate) mod connect;

pub(crate) use dispatch::{AnyExplorer, AnyReader, AnyWriter};
pub(crate) use reader::*;
