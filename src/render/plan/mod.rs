//! The sentences about a plan: shared by all sinks (`phrases`, `summary`, `drift`), and a plan as text.

pub(in crate::render) mod drift;
pub(in crate::render) mod phrases;
pub(in crate::render) mod creation;
pub(in crate::render) mod summary;
mod text;

pub use text::{expanded, overview, text};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(super) mod tests;
