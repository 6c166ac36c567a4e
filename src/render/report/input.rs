//! The input of a report's renderers.

use crate::calendar::Zone;
use crate::catalog::Catalog;
use crate::report::{Report, ReportEntry};
use crate::settings::Language;

/// A report with the context that is needed to render it.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The report.
    pub report: &'a Report<'a>,
    /// The catalog, which contains the titles of slugs.
    pub catalog: &'a Catalog,
    /// The time zone of dates without one.
    pub zone: &'a Zone,
    /// The language of the page.
    pub language: Language,
    /// The digest of the files.
    pub files: &'a str,
    /// The ids of agreements that are left out because of errors in their files.
    pub left_out: &'a [&'a str],
}

impl ReportInput<'_> {
    /// The title of a client, or its slug if there is none.
    pub(super) fn client<'a>(&'a self, entry: &ReportEntry<'a>) -> &'a str {
        let client = &entry.agreement.client;
        self.catalog.clients.get(client).map_or(client.as_str(), |client| &client.entry.title)
    }

    /// The title of the manager of an agreement, or the slug if there is none.
    pub(super) fn manager<'a>(&'a self, entry: &ReportEntry<'a>) -> Option<&'a str> {
        let manager = entry.agreement.manager.as_ref()?;
        Some(self.catalog.managers.get(manager).map_or(manager.as_str(), |manager| &manager.title))
    }
}
