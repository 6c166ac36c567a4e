//! Facts about agreements that only their files show: where each is written, where each value comes from, and whether
//! `renew` would write a successor.

use std::collections::BTreeMap;

use crate::agreement::Agreement;
use crate::author::{EditTarget, SkipReason, ending_within};
use crate::calendar::{Instant, Lead};
use crate::diagnostic::{FileId, Sources, Span};
use crate::document::Document;
use crate::ident::AgreementId;
use crate::template::Resolved;

/// A lead time that reaches every last day: whether one is near is decided later.
const ANY_TIME: Lead = Lead { months: 12 * 9_999, days: 0 };

/// The facts about all agreements.
#[derive(Clone, Debug, Default)]
pub struct ReportFacts {
    /// The facts about each agreement.
    pub agreements: BTreeMap<AgreementId, AgreementFacts>,
    /// The paths of the files that the facts refer to.
    pub paths: BTreeMap<FileId, String>,
}

/// The facts about one agreement.
#[derive(Clone, Debug)]
pub struct AgreementFacts {
    /// Its file.
    pub file: FileId,
    /// The line in its file: 1, or that of the entry of a set.
    pub line: usize,
    /// Whether it is to be renewed.
    pub renewal: RenewalNeed,
    /// The place of each value, in the order of the merged document.
    pub origins: Vec<ValueOrigin>,
}

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueOrigin {
    /// The path of keys, such as `sla.targets.high.response`.
    pub value: String,
    /// The file: that of the agreement, or a template.
    pub file: FileId,
    /// The line, from 1.
    pub line: usize,
}

/// Whether `renew` would write a successor of an agreement, once its last day is near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenewalNeed {
    /// It has a successor, no end, or one that a renewal could not follow, such as a termination.
    #[default]
    None,
    /// It ends, and nothing follows: `renew` writes a successor.
    Due,
    /// Its file says that it is meant to end.
    MeantToEnd,
    /// Another agreement of the client follows it without naming it.
    Followed,
}

impl RenewalNeed {
    /// Its name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Due => "due",
            Self::MeantToEnd => "meant_to_end",
            Self::Followed => "followed",
        }
    }
}

impl ReportFacts {
    /// Collects the facts about these agreements at an instant.
    pub fn of(resolved: &[Resolved<'_>], agreements: &[Agreement], sources: &Sources, at: Instant) -> Self {
        let mut lines = LineNumbers { sources, begins: BTreeMap::new() };
        let documents: BTreeMap<&AgreementId, &Document> =
            resolved.iter().map(|resolved| (&resolved.id, resolved.document)).collect();
        let needs = renewal_needs(agreements, &documents, sources, at);
        let mut facts = Self::default();
        for resolved in resolved {
            let origins: Vec<ValueOrigin> = resolved
                .origins()
                .into_iter()
                .map(|(path, span)| ValueOrigin {
                    value: path.join("."),
                    file: span.file,
                    line: lines.line(span),
                })
                .collect();
            let file = resolved.document.file;
            for file in origins.iter().map(|origin| origin.file).chain([file]) {
                facts.paths.entry(file).or_insert_with(|| sources.path(file).to_owned());
            }
            let renewal = needs.get(resolved.id.as_str()).copied().unwrap_or_default();
            let line = lines.line(resolved.place());
            facts.agreements.insert(resolved.id.clone(), AgreementFacts { file, line, renewal, origins });
        }
        facts
    }
}

fn renewal_needs<'a>(
    agreements: &'a [Agreement],
    documents: &BTreeMap<&AgreementId, &'a Document>,
    sources: &'a Sources,
    at: Instant,
) -> BTreeMap<&'a str, RenewalNeed> {
    let subject = |agreement: &'a Agreement| {
        let document = *documents.get(&agreement.id)?;
        Some(EditTarget { agreement, document, text: sources.text(document.file) })
    };
    let ending = ending_within(agreements, subject, ANY_TIME, None, at);
    let due = ending.renewable.iter().map(|(subject, _)| (subject.agreement, RenewalNeed::Due));
    let skipped = ending.skipped.iter().map(|skipped| {
        let need = match skipped.reason {
            SkipReason::Refused => RenewalNeed::None,
            SkipReason::MeantToEnd => RenewalNeed::MeantToEnd,
            SkipReason::Followed => RenewalNeed::Followed,
        };
        (skipped.agreement, need)
    });
    due.chain(skipped).map(|(agreement, need)| (agreement.id.as_str(), need)).collect()
}

/// Line numbers of positions, with the lines of each file counted once.
struct LineNumbers<'a> {
    sources: &'a Sources,
    /// The offsets of the line feeds of each file.
    begins: BTreeMap<FileId, Vec<usize>>,
}

impl LineNumbers<'_> {
    fn line(&mut self, span: Span) -> usize {
        let feeds = self.begins.entry(span.file).or_insert_with(|| {
            self.sources.text(span.file).match_indices('\n').map(|(offset, _)| offset).collect()
        });
        feeds.partition_point(|feed| *feed < span.start as usize) + 1
    }
}
