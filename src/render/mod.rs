//! Values become text: the only room that makes sentences, tables and drawings.
//!
//! Everything here is a pure function of its arguments, so that the same value gives the same bytes. What
//! came from files or from the helpdesk reaches a sink only through that sink's encoder ([`encode`]).
//! Nothing in here decides anything: whoever reads only the text and whoever reads the value agree.

pub mod encode;
mod style;
mod line;
mod locale;
mod wording;
mod terminal;
mod vocabulary;
mod reasons;
pub mod link;
mod ics;
pub mod json;
pub mod diagnostics;
pub mod diff;
mod value;
pub mod plan;
pub mod saved_plan;
mod review;
mod alike;
pub mod scope;
pub mod markdown;
pub mod html;
pub mod comment_state;
pub mod outcome;
pub mod helpdesks;
pub mod status;
pub mod entitlement;
pub mod openapi;
pub mod message;
pub mod notice;
pub mod preview;
pub mod forecast;
pub mod discovery;
pub mod report;
pub mod sandbox_pages;

pub use style::Paint;
pub mod adoption;
pub mod catalog;
pub mod doctor;
pub mod conformance;
pub mod explain;
pub mod manual;
pub mod reference;
pub mod outputs;
