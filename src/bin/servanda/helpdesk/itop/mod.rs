//! Combodo iTop over REST: one address, forms with an operation in JSON, and the `code` in the body decides.
//!
//! Its portal looks at the rows between contract and service alone, so that these follow the state. What is one value
//! of ours may be several objects there (an SLA with its SLTs) or a part of one text (our mark in a description).

mod explore;
mod login;
mod history;
mod operation;
mod oql;
mod targets;
mod read;
mod text;
mod wire;
mod write;

pub(crate) use explore::ItopExplorer;
pub(crate) use login::Form;
pub(crate) use read::{ItopReader, Memory};
pub(crate) use write::ItopWriter;

use crate::http::client::HttpClient;
use crate::http::transport::Transport;

/// The way to an iTop.
pub(crate) type ItopTransport = Transport<HttpClient<Form>>;

/// What every comment of ours begins with; the name of the run follows.
const OURS: &str = "servanda ";

#[cfg(test)]
pub(crate) mod tests;
