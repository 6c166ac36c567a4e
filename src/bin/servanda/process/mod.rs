//! What belongs to the process as a whole: surroundings, exit codes, log, signals, threads, monitor.

pub(crate) mod messages;
pub(crate) mod failure;
pub(crate) mod context;
pub(crate) mod dispatch;
pub(crate) mod logging;
pub(crate) mod runtime;
pub(crate) mod pager;
pub(crate) mod shutdown;
pub(crate) mod monitor;
