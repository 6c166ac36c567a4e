//! What somebody wants of agreements becomes the text of their files: the least that a new one must say, the next of
//! a chain, and the few bytes by which one that exists changes.
//!
//! Nothing here is trusted for having been made here: whoever writes a file checks the whole repository with it
//! first. Knows no clock and no file; what is taken already is an argument.

mod change;
mod create;
mod minimize;
mod name;
mod renew;
mod rows;
mod subject;

pub use change::{Extension, Step, activate, deactivate, extend, resume, suspend, terminate};
pub use create::{Wish, layer, to_begin_from, wished};
pub use minimize::{NotSaid, file, in_order, least};
pub use name::{next_id, next_path};
pub use renew::{Next, Terms, covers, ends_on, is_to_end, next, renewed, runs_for};
pub use rows::{Row, rows};
pub use subject::{Edited, Moment, Refused, Subject};

#[cfg(test)]
mod tests;
