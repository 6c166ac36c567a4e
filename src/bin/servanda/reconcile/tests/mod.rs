//! Reconciliations of the embedded helpdesk and a small iTop, with faults at every request.

pub(crate) mod fixture;
mod faults;
mod fault_table;
mod bad_answers;
mod creation;
mod conformance;
mod outage;
