//! The HTTP client of everybody who needs one: one try (`client`), repeated at a settled pace (`transport`), to addresses that
//! are allowed (`resolver`), with no secret in what comes back (`redact`).

pub(crate) mod redact;
pub(crate) mod resolver;
pub(crate) mod client;
pub(crate) mod rate_limit;
pub(crate) mod transport;
