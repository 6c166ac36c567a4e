//! Facts about agreements that only their files show: where each is written, where each value comes from, and whether
//! `renew` would write a successor. They are taken file by file, while the tree of the file is there.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::agreement::Agreement;
use crate::author::{SkipReason, ending_within, is_meant_to_end};
use crate::calendar::{Instant, Lead};
use crate::diagnostic::{FileId, Sources, Span};
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
    /// The places of values, which most agreements share.
    pub origins: Vec<ValueOrigin>,
    /// Lists of such places by their indices: each is all places of an agreement, in the order of the merged document.
    pub packs: Vec<Box<[u32]>>,
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
    /// The index of the places of its values.
    pub pack: u32,
}

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueOrigin {
    /// The path of keys, such as `sla.targets.high.response`.
    pub value: String,
    /// The template; `None` for the file of the agreement.
    pub template: Option<FileId>,
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

/// Collects the facts, from several threads.
#[derive(Debug, Default)]
pub struct FactsCollector(Mutex<Collected>);

/// The facts so far. Equal places and lists have one index.
#[derive(Debug, Default)]
struct Collected {
    agreements: BTreeMap<AgreementId, (AgreementFacts, MeantToEnd)>,
    paths: BTreeMap<FileId, String>,
    origins: BTreeMap<ValueOrigin, u32>,
    packs: BTreeMap<Box<[u32]>, u32>,
    /// The offsets of the line feeds of each template.
    templates: BTreeMap<FileId, Vec<usize>>,
}

/// Whether the file of an agreement says that it is meant to end.
type MeantToEnd = bool;

impl FactsCollector {
    /// Takes the facts about the agreements of one file, whose text is `text`. `sources` have those of the templates.
    pub fn add(&self, resolved: &[Resolved<'_>], text: &str, sources: &Sources) {
        let own_feeds = line_feeds(text);
        for resolved in resolved {
            let origins = resolved.origins();
            let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            collected.add(resolved, origins, &own_feeds, sources);
        }
    }

    /// The facts about these agreements at an instant.
    pub fn finish(self, agreements: &[Agreement], at: Instant) -> ReportFacts {
        let collected = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let needs = renewal_needs(agreements, &collected.agreements, at);
        let facts = collected.agreements.into_iter().map(|(id, (facts, _))| {
            let renewal = needs.get(&id).copied().unwrap_or_default();
            (id, AgreementFacts { renewal, ..facts })
        });
        ReportFacts {
            agreements: facts.collect(),
            paths: collected.paths,
            origins: by_index(collected.origins),
            packs: by_index(collected.packs),
        }
    }
}

impl Collected {
    fn add(
        &mut self,
        resolved: &Resolved<'_>,
        origins: Vec<(Vec<&str>, Span)>,
        own_feeds: &[usize],
        sources: &Sources,
    ) {
        let file = resolved.document.file;
        self.name(file, sources);
        let mut pack = Vec::with_capacity(origins.len());
        for (path, span) in origins {
            let template = (span.file != file).then_some(span.file);
            let line = match template {
                None => line(own_feeds, span),
                Some(template) => {
                    self.name(template, sources);
                    let feeds = self.templates.entry(template);
                    line(feeds.or_insert_with(|| line_feeds(sources.text(template))), span)
                }
            };
            pack.push(index_of(&mut self.origins, ValueOrigin { value: path.join("."), template, line }));
        }
        let facts = AgreementFacts {
            file,
            line: line(own_feeds, resolved.place()),
            renewal: RenewalNeed::default(),
            pack: index_of(&mut self.packs, pack.into_boxed_slice()),
        };
        let is_meant_to_end = is_meant_to_end(resolved.document, &resolved.id);
        self.agreements.insert(resolved.id.clone(), (facts, is_meant_to_end));
    }

    fn name(&mut self, file: FileId, sources: &Sources) {
        self.paths.entry(file).or_insert_with(|| sources.path(file).to_owned());
    }
}

/// The index of a value: that of an equal one, or the next.
fn index_of<T: Ord>(known: &mut BTreeMap<T, u32>, value: T) -> u32 {
    let next = u32::try_from(known.len()).expect("a repository has fewer than 2^32 values");
    *known.entry(value).or_insert(next)
}

/// The values in the order of their indices.
fn by_index<T>(known: BTreeMap<T, u32>) -> Vec<T> {
    let mut indexed: Vec<(T, u32)> = known.into_iter().collect();
    indexed.sort_unstable_by_key(|(_, index)| *index);
    indexed.into_iter().map(|(value, _)| value).collect()
}

fn renewal_needs<'a>(
    agreements: &'a [Agreement],
    facts: &BTreeMap<AgreementId, (AgreementFacts, MeantToEnd)>,
    at: Instant,
) -> BTreeMap<&'a AgreementId, RenewalNeed> {
    let subject = |agreement: &'a Agreement| Some((agreement, facts.get(&agreement.id)?.1));
    let ending = ending_within(agreements, subject, |(_, is_meant)| *is_meant, ANY_TIME, None, at);
    let due = ending.renewable.iter().map(|((agreement, _), _)| (*agreement, RenewalNeed::Due));
    let skipped = ending.skipped.iter().map(|skipped| {
        let need = match skipped.reason {
            SkipReason::Refused => RenewalNeed::None,
            SkipReason::MeantToEnd => RenewalNeed::MeantToEnd,
            SkipReason::Followed => RenewalNeed::Followed,
        };
        (skipped.agreement, need)
    });
    due.chain(skipped).map(|(agreement, need)| (&agreement.id, need)).collect()
}

/// The offsets of the line feeds of a text.
fn line_feeds(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(offset, _)| offset).collect()
}

/// The line of a position, from 1.
fn line(feeds: &[usize], span: Span) -> usize {
    feeds.partition_point(|feed| *feed < span.start as usize) + 1
}
