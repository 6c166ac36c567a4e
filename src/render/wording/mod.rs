//! Every sentence about a plan, in English and Russian side by side.

#[macro_use]
mod text;
pub(super) mod frame;
pub(super) mod plan;
pub(super) mod reasons;

pub(super) use text::{Text, Value};

#[cfg(test)]
mod tests;
