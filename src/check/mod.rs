//! Where what people wrote becomes what it means: merged documents in, trusted values or diagnostics out.
//!
//! All faults of all files come out of one run, each with its place. Knows no file system and no helpdesk;
//! the day on which it is asked is an argument.

mod basis;
mod subject;
mod places;
mod address;
mod settings;
mod reader;
mod catalog;
mod calendars;
mod title;
mod period;
mod agreement;
mod effective_interval;
mod suggestion;
mod overlap;
mod chain;
mod identity;
mod targets;
mod clocks;
mod notices;
mod allow;
mod kept_places;
mod exact_map;
mod alone;
mod together;
mod files;
mod renames;
mod history;

use std::collections::{BTreeMap, BTreeSet};

pub use address::non_ascii_part;
pub use basis::{Basis, default_provider, read_catalog, read_settings};
pub use files::{FilesInput, SeeFile, check_files};
pub use history::changed_periods;
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator, ParallelSliceMut};

use crate::agreement::{Agreement, SharedTerms};
use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::check::agreement::CheckContext;
use crate::check::alone::{BoxedJudged, Judged, again, alone, title_of};
use crate::check::clocks::SoundTerms;
use crate::check::title::Titles;
pub(crate) use crate::check::title::with_text;
use crate::check::together::{EarlierWarnings, hold_together};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Severity, Sources};
use crate::ident::{AgreementId, HelpdeskName};
use crate::settings::Settings;
use crate::template::Resolved;

/// The checked repository, with its diagnostics.
#[derive(Clone, Debug)]
pub struct CheckedRepository {
    /// The settings, with defaults in place of what cannot be used.
    pub settings: Settings,
    /// The catalog, without what cannot be used.
    pub catalog: Catalog,
    /// The agreements without an error of their own, in the order of their ids.
    pub agreements: Vec<Agreement>,
    /// All faults, in the order of files and places.
    pub diagnostics: Diagnostics,
}

impl CheckedRepository {
    /// The part in one of several helpdesks: its settings, its ids, and the agreements that live there.
    #[must_use]
    pub fn in_helpdesk(mut self, name: &HelpdeskName) -> Self {
        self.settings = self.settings.of_helpdesk(name);
        let default = self.settings.default_helpdesk.as_ref();
        self.catalog = self.catalog.in_helpdesk(name, default);
        self.agreements.retain(|agreement| agreement.helpdesk.as_ref() == Some(name));
        if Some(name) != default {
            self.agreements.iter_mut().for_each(Agreement::drop_people);
        }
        self
    }
}

/// The documents of a repository, parsed and merged.
pub struct CheckInput<'a> {
    /// The settings, the catalog and the calendars.
    pub basis: Basis,
    /// The agreements with all that they inherit.
    pub agreements: &'a [Resolved<'a>],
    /// The ids of the files of agreements of which nothing could be made, so that those who renew them do not report
    /// that they are not there.
    pub unread: BTreeSet<&'a str>,
    /// The diagnostics of earlier stages. They are returned, except those that an agreement allows.
    pub diagnostics: Diagnostics,
    /// Agreements that were judged before, for the same instant, and nothing changed since of their files, nor of anything
    /// that they refer to.
    /// Diagnostics of each of them alone are not repeated.
    pub judged: Vec<Agreement>,
}

/// Judges agreements one by one, without holding them against each other: what somebody is about to write.
pub struct AgreementChecker<'a> {
    catalog: &'a Catalog,
    settings: &'a Settings,
    addresses: BTreeSet<&'a str>,
    shared: SharedTerms,
    sound: SoundTerms,
}

impl<'a> AgreementChecker<'a> {
    /// A judge by a catalog and settings.
    pub fn new(catalog: &'a Catalog, settings: &'a Settings) -> Self {
        let (shared, sound) = (SharedTerms::default(), SoundTerms::default());
        Self { catalog, settings, addresses: notices::addresses(catalog), shared, sound }
    }

    /// The agreement, or the first error in it by itself.
    pub fn agreement(&self, resolved: &Resolved<'_>, at: Instant) -> Result<Agreement, Option<Diagnostic>> {
        let Self { catalog, settings, addresses, shared, sound } = self;
        let titles = Titles::compile(title_of(resolved));
        let ground = CheckContext { catalog, settings, titles: &titles, addresses, shared, sound };
        let judged = alone(resolved, ground, at);
        let error = judged.faults.into_iter().find(|fault| fault.severity == Severity::Error);
        match (error, judged.agreement) {
            (None, Some(agreement)) => Ok(*agreement),
            (error, _) => Err(error),
        }
    }
}

/// Checks a whole repository. `at` is the instant that is asked about: what ends soon, which allowances hold.
pub fn check(documents: CheckInput<'_>, sources: &Sources, at: Instant) -> CheckedRepository {
    let CheckInput { basis, agreements, unread, diagnostics, judged } = documents;
    let titles = Titles::compile(agreements.iter().filter_map(title_of));
    check_by(basis, &titles, diagnostics, sources, at, |ground, _| {
        (judge(agreements, ground, judged, at), unread.into_iter().map(Box::from).collect())
    })
}

/// Checks a repository whose agreements `judge` judges one by one. It adds diagnostics of its own, and gives the ids of
/// files of which nothing could be made.
fn check_by(
    basis: Basis,
    titles: &Titles,
    mut diagnostics: Diagnostics,
    sources: &Sources,
    at: Instant,
    judge: impl FnOnce(CheckContext<'_>, &mut Diagnostics) -> (Vec<BoxedJudged>, BTreeSet<Box<str>>),
) -> CheckedRepository {
    let Basis { settings, catalog, names_are_known, faults } = basis;
    let addresses = notices::addresses(&catalog);
    let (shared, sound) = (SharedTerms::default(), SoundTerms::default());
    let ground = CheckContext {
        catalog: &catalog,
        settings: &settings,
        titles,
        addresses: &addresses,
        shared: &shared,
        sound: &sound,
    };
    let (mut judged, unread) = judge(ground, &mut diagnostics);
    let mut earlier = EarlierWarnings::of(&mut diagnostics);
    diagnostics.extend(faults);
    judged.par_sort_unstable_by(|left, right| {
        let path = |judged: &Judged| sources.path(judged.file);
        left.claim.id.cmp(&right.claim.id).then_with(|| path(left).cmp(path(right)))
    });
    let unread = unread.iter().map(|id| &**id).collect();
    let (agreements, faults) = hold_together(judged, ground, &unread, &mut earlier, at);
    let faults = faults.into_iter().filter(|fault| names_are_known || fault.code != Code::E101);
    diagnostics.extend(faults.chain(earlier.left()).collect());
    diagnostics.sort(sources);
    renames::keep_possible(&mut diagnostics, sources);
    CheckedRepository { settings, catalog, agreements, diagnostics }
}

/// Judges each agreement by itself.
fn judge(
    documents: &[Resolved<'_>],
    ground: CheckContext<'_>,
    judged: Vec<Agreement>,
    at: Instant,
) -> Vec<BoxedJudged> {
    let name = |agreement: &Agreement| (agreement.id.clone(), agreement.span.file);
    // Boxed, since most often none was judged before, and room for all would be cleared for nothing.
    let mut judged: BTreeMap<(AgreementId, FileId), Box<Agreement>> =
        judged.into_iter().map(|agreement| (name(&agreement), Box::new(agreement))).collect();
    let known_of = |resolved: &Resolved<'_>| judged.remove(&(resolved.id.clone(), resolved.document.file));
    let known: Vec<Option<Box<Agreement>>> = documents.iter().map(known_of).collect();
    let one = |(resolved, known): (&Resolved<'_>, Option<Box<Agreement>>)| match known {
        // What is allowed is held against what is found, which then must be found again.
        Some(agreement) if resolved.tree.span_of(&["allow"]).is_none() => again(resolved, *agreement),
        _ => alone(resolved, ground, at),
    };
    documents.par_iter().zip(known).map(one).map(Box::new).collect()
}

#[cfg(test)]
mod tests;
