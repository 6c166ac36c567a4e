//! Values become text: the only room that makes sentences, tables and drawings.
//!
//! Everything here is a pure function of its arguments, so that the same value gives the same bytes. What
//! came from files or from the helpdesk reaches a sink only through that sink's encoder ([`encode`]).
//! Nothing in here decides anything: whoever reads only the text and whoever reads the value agree.

pub mod encode;
mod page;
mod style;

pub use style::Paint;
pub mod json;
mod words;
pub mod plan;
mod value;
pub mod diagnostics;
pub mod outcome;
pub mod status;
