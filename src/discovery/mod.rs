//! Turns what already exists in a helpdesk into proposed files: the mapping of a tenant, the slugs of a catalog, and
//! agreements with their templates.
//!
//! The input is objects as the helpdesk returned them; the output is data with the evidence for each line, for a
//! person to review. Makes no requests and renders no text.

pub mod agreements;
pub mod catalog;
pub mod catalog_files;
mod evidence;
pub mod itop;
pub mod itsm365;
mod profile;
mod sample;
mod term;

pub use evidence::{DiscoveredMapping, Evidence, MappingLine, UnreadableClass, ValueShape};
pub use sample::{ClassSample, RawObject, Samples};
