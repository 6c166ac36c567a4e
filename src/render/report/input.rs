//! The input of a report's renderers.

use crate::calendar::{Instant, Zone};
use crate::catalog::Catalog;
use crate::ident::RecipientSlug;
use crate::report::{AgreementFacts, Report, ReportEntry, ReportFacts};
use crate::settings::Language;

use super::notices::ReportNotices;
use super::vocabulary::whole;

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
    /// The facts of the files of agreements.
    pub facts: &'a ReportFacts,
    /// The sent and the coming notices.
    pub notices: &'a ReportNotices,
    /// The instant that `renew` needs, as the command line has it, to write what the report counts; empty for now, and
    /// `None` if the report has not all agreements.
    pub renew: Option<&'a str>,
    /// The state of the server, if the page is served.
    pub served: Option<ServedState<'a>>,
}

/// The state of the server that a served page is made by.
#[derive(Clone, Copy, Debug)]
pub struct ServedState<'a> {
    /// Whether there is a page with a plan.
    pub has_plan: bool,
    /// The instant since which newer files are rejected, and why.
    pub rejected: Option<(Instant, &'a str)>,
}

impl ReportInput<'_> {
    /// The facts about an agreement.
    pub(super) fn facts_of(&self, entry: &ReportEntry<'_>) -> Option<&AgreementFacts> {
        self.facts.agreements.get(entry.agreement.id.as_str())
    }

    /// The path of an agreement's file, or an empty one.
    pub(super) fn path_of(&self, entry: &ReportEntry<'_>) -> &str {
        self.facts_of(entry).and_then(|facts| self.facts.paths.get(&facts.file)).map_or("", String::as_str)
    }

    /// The title of a client, or its slug if there is none.
    pub(super) fn client<'a>(&'a self, entry: &ReportEntry<'a>) -> &'a str {
        let client = &entry.agreement.client;
        self.catalog.clients.get(client).map_or(client.as_str(), |client| &client.entry.title)
    }

    /// The title of an agreement without that of the client, which is shown beside it.
    pub(super) fn own_title<'a>(&'a self, entry: &ReportEntry<'a>) -> &'a str {
        let title = entry.agreement.title.as_str();
        let own = title.strip_prefix(self.client(entry)).and_then(|rest| rest.strip_prefix(": "));
        own.unwrap_or(title)
    }

    /// The titles of these recipients, or their slugs if there are none.
    pub(super) fn recipient_titles<'r>(
        &self,
        recipients: impl IntoIterator<Item = &'r RecipientSlug>,
    ) -> String {
        let titles = recipients.into_iter().map(|recipient| {
            let known = self.catalog.recipient(recipient);
            known.map_or_else(|| recipient.to_string(), |known| whole(&known.title))
        });
        titles.collect::<Vec<_>>().join(", ")
    }

    /// The title of the manager of an agreement, or the slug if there is none.
    pub(super) fn manager<'a>(&'a self, entry: &ReportEntry<'a>) -> Option<&'a str> {
        let manager = entry.agreement.manager.as_ref()?;
        Some(self.catalog.managers.get(manager).map_or(manager.as_str(), |manager| &manager.title))
    }
}
