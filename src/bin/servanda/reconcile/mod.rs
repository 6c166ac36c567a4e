//! Reconciles a helpdesk with the files: reads both sides, plans, applies, verifies, remembers.

pub(crate) mod clock;
pub(crate) mod wait;
mod shared;
pub(crate) mod plan;
pub(crate) mod plan_file;
pub(crate) mod snapshot;
pub(crate) mod journal;
pub(crate) mod apply;
pub(crate) mod audience;
pub(crate) mod work;
pub(crate) mod run;
pub(crate) mod locking;
pub(crate) mod joint;
pub(crate) mod open;

#[cfg(test)]
pub(crate) mod tests;
