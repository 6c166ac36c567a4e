//! What people write: a text becomes a tree in which every value knows its place, checked against the
//! published schema of its kind, and from there a typed document.
//!
//! This stage knows how things are spelled, not what they mean: whether a day exists, a service is known or
//! a period is sound is judged later by `check`. It gets texts and reads no file.

pub mod shape;
pub mod tree;

mod deserialize;
mod incremental;
mod json;
mod kind;
mod parse;
mod path;
mod pattern;
mod read;
mod scalar;
mod schema;
mod schema_error;
mod text;
mod text_kind;

pub use deserialize::from_tree;
pub use kind::Kind;
pub use path::{NotAFile, id_of, kind_of, not_a_file};
pub use read::{Document, read, read_before, same_ids, take_in, tree_of, tree_of_changed, unread};
pub use scalar::is_plain_text;
pub use schema::{Slugs, is_field_path, make_ready, published, schema};
pub use text::{NotText, SIZE_LIMIT, decode};
pub use tree::{Node, Tree};

pub(crate) use text::show;

#[cfg(test)]
mod tests;
