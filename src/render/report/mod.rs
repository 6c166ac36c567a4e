//! A report becomes one page that needs nothing besides itself, and the same as CSV and as a calendar.
//!
//! The page carries its data as JSON and draws only what can be seen, so that ten thousand agreements scroll. Foreign
//! texts reach it as JSON that cannot end its element, and its script lays them down as text and nothing else.

mod data;
mod events;
mod page;
mod table;

pub use events::ics;
pub use page::page;
pub use table::csv;

use crate::calendar::Zone;
use crate::catalog::Catalog;
use crate::report::{Report, ReportEntry};
use crate::settings::Language;

/// A report and what it takes to put it into words.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// What is told.
    pub report: &'a Report<'a>,
    /// What slugs are called.
    pub catalog: &'a Catalog,
    /// The zone that a bare date is read in.
    pub zone: &'a Zone,
    /// The language of the page.
    pub language: Language,
    /// The digest of the files.
    pub files: &'a str,
}

impl ReportInput<'_> {
    /// What people call a client, else its slug.
    fn client<'a>(&'a self, entry: &ReportEntry<'a>) -> &'a str {
        let client = &entry.agreement.client;
        self.catalog.clients.get(client).map_or(client.as_str(), |client| &client.entry.title)
    }

    /// What people call the person who answers for an agreement, else the slug.
    fn manager<'a>(&'a self, entry: &ReportEntry<'a>) -> Option<&'a str> {
        let manager = entry.agreement.manager.as_ref()?;
        Some(self.catalog.managers.get(manager).map_or(manager.as_str(), |manager| &manager.title))
    }
}

#[cfg(test)]
mod tests;
