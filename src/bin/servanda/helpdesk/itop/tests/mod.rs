//! The adapter against a small iTop of the tests, against what a real one answered, and against lost answers.

mod bench;
mod desk;
mod discovery;
mod promising;
mod query;
mod reading;
mod recorded;
mod road;
mod writing;

pub(crate) use bench::{offered, raw, raw_get};
pub(crate) use desk::{Desk as SmallItop, PASSWORD};
pub(crate) use road::{Loss, Road};
