//! Merges an agreement with the templates that it extends.
//!
//! Trees are merged and not types, so that each value keeps its position. This module knows the rules of merging and the
//! few fields with a rule of their own. It does not validate values.

mod chain;
mod history;
mod layer;
mod library;
mod lock;
mod merge;
mod resolved;

pub use history::{ExplainedValue, HistoryStep, LayerEffect};
pub use library::{Library, extended, unused};
pub use resolved::Resolved;

pub(crate) use merge::MergePlace;

#[cfg(test)]
mod tests;
