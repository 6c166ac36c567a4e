//! Sends the notices that are due: over mail, webhooks, files and comments in the helpdesk, each once.

pub(crate) mod mail;
pub(crate) mod webhook;
pub(crate) mod outbox;
pub(crate) mod channels;
pub(crate) mod helpdesk_comment;
pub(crate) mod delivery;
