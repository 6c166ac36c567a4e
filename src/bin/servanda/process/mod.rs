//! What belongs to the process as a whole: its surroundings, its exit code, its log, its signals, its monitor.

pub(crate) mod failure;
pub(crate) mod context;
pub(crate) mod logging;
pub(crate) mod shutdown;
pub(crate) mod monitor;
