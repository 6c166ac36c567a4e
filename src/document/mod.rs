//! Parses files into trees with positions, validates them with the published schema of their kind, and deserializes them.
//!
//! This module checks the format of values and not their meaning: `check` later verifies that a day exists or that a
//! service is known. It takes texts and reads no file.

pub mod shape;
pub mod tree;

mod deserialize;
mod incremental;
mod json;
mod keys;
mod kind;
mod parse;
mod part;
mod path;
mod pattern;
mod read;
mod scalar;
mod schema;
mod schema_error;
mod secret;
mod text;
mod text_kind;

pub use deserialize::from_tree;
pub use keys::{Key, description, keys};
pub use kind::{DocumentKind, FileLimits, size_limit};
pub use parse::conflicts;
pub use path::{NotAFile, id_of, is_catalog, kind_of, not_a_file};
pub use read::{
    Document, DocumentName, add_source, duplicate_ids, parse_changed, parse_text, read, read_parsed,
    read_text, unreadable,
};
pub use scalar::is_plain_text;
pub use schema::{KnownSlugs, compile_validators, is_field_path, published_schemas, schema, schema_address};
pub use text::{DecodeError, decode};
pub use tree::{Node, Tree};

pub(crate) use secret::hide_addresses;
pub(crate) use text::{is_joiner, quoted, span};

#[cfg(test)]
mod tests;
