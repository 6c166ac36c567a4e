//! Sends the notices that are due through mail, webhooks, files and the helpdesk, each once.

mod channel;
mod limits;
pub(crate) mod trust;
mod mail;
mod outbox;
mod webhook;
pub(crate) mod helpdesk_comment;
pub(crate) mod channels;
mod run_clock;
pub(crate) mod delivery;
mod joint;
