//! The desired state: agreements at an instant, through the tenant's mapping, in the normal form that `live` shares.
//!
//! It knows no wire format, no document and no clock.

mod model;
mod resolve;
mod project;

pub use crate::catalog::ROUND_THE_CLOCK;
pub use model::{ClientUnits, Desired, DesiredAgreement, OtherTitle, Unresolved};
pub use project::desired;

#[cfg(test)]
mod tests;
