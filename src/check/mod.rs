//! Where what people wrote becomes what it means: merged documents in, trusted values or diagnostics out.
//!
//! All faults of all files come out of one run, each with its place. Knows no file system and no helpdesk;
//! the day on which it is asked is an argument.

mod subject;
mod settings;
mod mapping;
mod catalog;
mod reader;
mod title;
mod period;
mod agreement;
mod reach;
mod references;
mod overlap;
mod chain;
mod identity;
mod allow;
mod targets;
mod notices;
