//! The adapter against a small iTop of the tests, against what a real one answered, and against lost answers.

mod fixture;
mod double;
mod discovery;
mod targets;
mod query;
mod reading;
mod recorded;
mod lifecycle;
mod writing;

pub(crate) use double::{Desk as SmallItop, PASSWORD};
pub(crate) use fixture::{offered, raw, raw_get};
pub(crate) use lifecycle::{Loss, Road};
