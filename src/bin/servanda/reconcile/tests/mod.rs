//! Whole passes over the embedded helpdesk: what goes wrong at every request, and that the next pass mends it.

mod bad_answers;
mod faults;
pub(crate) mod fixture;
mod conformance;
