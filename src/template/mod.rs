//! Templates and agreements become one value each: what a client is promised, wherever it is written.
//!
//! Values are merged and not types, so that each keeps the place where it stands. This stage knows the rule
//! of merging and the few fields it speaks of; it judges no value.

mod chain;
mod history;
mod layer;
mod library;
mod lock;
mod merge;
mod resolved;

pub use history::{ExplainedValue, HistoryStep, LayerEffect};
pub use library::{Library, unused};
pub use resolved::Resolved;

pub(crate) use merge::MergePlace;

#[cfg(test)]
mod tests;
