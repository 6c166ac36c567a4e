//! Reconciliations of the embedded helpdesk and a small iTop, with faults at every request.

mod bad_answers;
mod faults;
pub(crate) mod fixture;
mod conformance;
