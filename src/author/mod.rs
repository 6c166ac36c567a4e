//! What somebody wants of agreements becomes the text of their files: the least that a new one must say, the next of
//! a chain, and the few bytes by which one that exists changes.
//!
//! Nothing here is trusted for having been made here: whoever writes a file checks the whole repository with it
//! first. Knows no clock and no file; what is taken already is an argument.

mod least;
mod name;

pub use least::{NotSaid, file, in_order, least};
pub use name::{next_id, next_path};

#[cfg(test)]
mod tests;
