//! The HTTP client shared by helpdesks, forges, webhooks, mail, the ledger and the monitor.
//!
//! Only addresses that the settings allow are connected to (`resolver`), responses are free of secrets
//! (`redact`), and requests keep a rate limit and are retried where that is safe (`client`, `rate_limit`,
//! `transport`). Nothing here knows a product.

pub(crate) mod decode;
pub(crate) mod redact;
pub(crate) mod proxy;
pub(crate) mod resolver;
pub(crate) mod body;
pub(crate) mod signature;
pub(crate) mod client;
pub(crate) mod rate_limit;
pub(crate) mod transport;
