//! Where what people wrote becomes what it means: merged documents in, trusted values or diagnostics out.
//!
//! All faults of all files come out of one run, each with its place. Knows no file system and no helpdesk;
//! the day on which it is asked is an argument.

mod basis;
mod subject;
mod places;
mod address;
mod settings;
mod catalog;
mod calendars;
mod reader;
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
mod history;

use std::collections::{BTreeMap, BTreeSet};

pub use address::non_ascii_part;
pub use basis::{Basis, DEFAULT_PROVIDER, read_catalog, read_settings};
pub use history::changed_periods;
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator, ParallelSliceMut};

use crate::agreement::Agreement;
use crate::calendar::{Instant, Zone};
use crate::catalog::Catalog;
use crate::check::agreement::{CheckContext, MergedDocument};
use crate::check::chain::KnownIds;
use crate::check::identity::NameClaim;
use crate::check::subject::{Places, Subject};
use crate::check::title::Titles;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Severity, Sources, Span};
use crate::document::{Tree, shape};
use crate::ident::{AgreementId, TemplateName};
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
}

impl<'a> AgreementChecker<'a> {
    /// A judge by a catalog and settings.
    pub fn new(catalog: &'a Catalog, settings: &'a Settings) -> Self {
        Self { catalog, settings, addresses: notices::addresses(catalog) }
    }

    /// The agreement, or the first error in it by itself.
    pub fn agreement(&self, resolved: &Resolved<'_>, at: Instant) -> Result<Agreement, Option<Diagnostic>> {
        let Self { catalog, settings, addresses } = self;
        let titles = Titles::compile(title_of(resolved));
        let reading = alone(resolved, CheckContext { catalog, settings, titles: &titles, addresses }, at);
        let error = reading.faults.into_iter().find(|fault| fault.severity == Severity::Error);
        match (error, reading.subject) {
            (None, Some(subject)) => Ok(subject.agreement),
            (error, _) => Err(error),
        }
    }
}

/// Checks a whole repository. `at` is the instant that is asked about: what ends soon, which allowances hold.
pub fn check(documents: CheckInput<'_>, sources: &Sources, at: Instant) -> CheckedRepository {
    let CheckInput { basis, agreements, unread, mut diagnostics, judged } = documents;
    let Basis { settings, catalog, names_are_known, faults } = basis;
    let mut earlier = EarlierWarnings::of(&mut diagnostics);
    diagnostics.extend(faults);
    let mut documents: Vec<&Resolved<'_>> = agreements.iter().collect();
    documents.par_sort_by(|left, right| {
        let path = |resolved: &Resolved<'_>| sources.path(resolved.document.file);
        left.id.cmp(&right.id).then_with(|| path(left).cmp(path(right)))
    });
    let titles = Titles::compile(agreements.iter().filter_map(title_of));
    let addresses = notices::addresses(&catalog);
    let ground =
        CheckContext { catalog: &catalog, settings: &settings, titles: &titles, addresses: &addresses };
    let readings = readings(&documents, ground, judged, at);
    let (agreements, faults) = hold_together(&documents, readings, ground, &unread, &mut earlier, at);
    let faults = faults.into_iter().filter(|fault| names_are_known || fault.code != Code::E101);
    diagnostics.extend(faults.chain(earlier.0.into_values().flatten()).collect());
    diagnostics.sort(sources);
    CheckedRepository { settings, catalog, agreements, diagnostics }
}

/// The result of reading one merged document.
struct DocumentResult<'a> {
    claim: NameClaim<'a>,
    subject: Option<Subject<'a>>,
    allowances: BTreeMap<String, shape::AllowanceShape>,
    faults: Vec<Diagnostic>,
}

/// Each agreement for itself. The documents stand in the order of their ids and paths.
fn readings<'a>(
    documents: &[&'a Resolved<'a>],
    ground: CheckContext<'_>,
    judged: Vec<Agreement>,
    at: Instant,
) -> Vec<DocumentResult<'a>> {
    let name = |agreement: &Agreement| (agreement.id.clone(), agreement.span.file);
    // Boxed, since most often none was judged before, and room for all would be cleared for nothing.
    let mut judged: BTreeMap<(AgreementId, FileId), Box<Agreement>> =
        judged.into_iter().map(|agreement| (name(&agreement), Box::new(agreement))).collect();
    let mut known_of =
        |resolved: &Resolved<'_>| judged.remove(&(resolved.id.clone(), resolved.document.file));
    let known: Vec<Option<Box<Agreement>>> = documents.iter().map(|resolved| known_of(resolved)).collect();
    let one = |(resolved, known): (&&'a Resolved<'a>, Option<Box<Agreement>>)| match known {
        // What is allowed is held against what is found, which then must be found again.
        Some(agreement) if resolved.tree.span_of(&["allow"]).is_none() => again(resolved, *agreement),
        _ => alone(resolved, ground, at),
    };
    documents.par_iter().zip(known).map(one).collect()
}

/// An agreement that was checked before and has no new diagnostics.
fn again<'a>(resolved: &'a Resolved<'a>, mut agreement: Agreement) -> DocumentResult<'a> {
    let claim = claim(resolved, agreement.formerly.iter().map(|id| id.as_str().to_owned()));
    agreement.succeeded_on = None;
    let subject = Some(Subject { agreement, places: resolved });
    DocumentResult { claim, subject, allowances: BTreeMap::new(), faults: Vec::new() }
}

/// The names that a document lays claim to.
fn claim<'a>(resolved: &'a Resolved<'a>, former: impl IntoIterator<Item = String>) -> NameClaim<'a> {
    let places: &dyn Places = resolved;
    let place = places.whole();
    let at = |index: usize| places.value(&["formerly", &index.to_string()]).unwrap_or(place);
    let former = former.into_iter().enumerate().map(|(index, name)| (name, at(index))).collect();
    NameClaim { id: resolved.id.as_str(), place, former }
}

/// All agreements of a repository held against each other: those without an error, in the order of their ids, and all
/// faults.
fn hold_together<'a>(
    documents: &[&'a Resolved<'a>],
    mut readings: Vec<DocumentResult<'a>>,
    ground: CheckContext<'_>,
    unread: &BTreeSet<&str>,
    earlier: &mut EarlierWarnings,
    at: Instant,
) -> (Vec<Agreement>, Vec<Diagnostic>) {
    let mut origins: Vec<usize> = Vec::with_capacity(readings.len());
    let mut subjects: Vec<Subject<'a>> = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter_mut().enumerate() {
        let Some(subject) = reading.subject.take() else { continue };
        // Of two with one name the first stands for both, since more could be said about neither.
        if subjects.last().is_none_or(|last| last.agreement.id != subject.agreement.id) {
            origins.push(index);
            subjects.push(subject);
        }
    }
    let succession = chain::tie(&mut subjects);
    let claims: Vec<&NameClaim<'_>> = readings.iter().map(|reading| &reading.claim).collect();
    let mut findings = identity::check_names(&claims);
    let names = names(&claims, unread);
    let (overlaps, chains) =
        rayon::join(|| overlap::check(&subjects), || chain::check(&subjects, &names, &succession, at));
    let numbers = identity::check_numbers(&subjects, &succession.predecessors);
    let among = overlaps.into_iter().chain(chains).chain(numbers);
    findings.extend(among.map(|(index, diagnostic)| (origins[index], diagnostic)));
    for (index, diagnostic) in findings {
        readings[index].faults.push(diagnostic);
    }
    let mut zones: Vec<Option<&Zone>> = vec![None; readings.len()];
    for (origin, subject) in origins.iter().zip(&subjects) {
        zones[*origin] = Some(&subject.agreement.zone);
    }
    let is_sound = |faults: &[Diagnostic]| faults.iter().all(|fault| fault.severity != Severity::Error);
    let mut sound = Vec::with_capacity(readings.len());
    let mut uses = Vec::new();
    let mut faults = Vec::new();
    for (index, mut reading) in readings.into_iter().enumerate() {
        if reading.allowances.is_empty() {
            sound.push(is_sound(&reading.faults));
            faults.append(&mut reading.faults);
            continue;
        }
        if reading.allowances.contains_key(Code::W108.as_str()) {
            reading.faults.extend(earlier.take(documents[index]));
        }
        let today = zones[index].unwrap_or(&ground.settings.zone).day_of(at);
        let (left, used) = allow::silence(
            &reading.allowances,
            documents[index],
            today,
            zones[index].is_some(),
            reading.faults,
        );
        sound.push(is_sound(&left));
        faults.extend(left);
        uses.extend(used);
    }
    faults.extend(allow::idle(uses));
    let agreements = origins
        .iter()
        .zip(subjects)
        .filter(|(origin, _)| sound[**origin])
        .map(|(_, subject)| subject.agreement);
    (agreements.collect(), faults)
}

/// The warnings of earlier stages that an agreement may silence, by file.
struct EarlierWarnings(BTreeMap<FileId, Vec<Diagnostic>>);

impl EarlierWarnings {
    /// Takes those that may be silenced out of `diagnostics`.
    fn of(diagnostics: &mut Diagnostics) -> Self {
        let mut by_file: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
        diagnostics.retain(|diagnostic| {
            let may_be_silenced = diagnostic.code == Code::W108;
            if may_be_silenced {
                by_file.entry(diagnostic.place.span.file).or_default().push(diagnostic.clone());
            }
            !may_be_silenced
        });
        Self(by_file)
    }

    /// Those of one agreement: of its entry of a set, where the allowance is written there, else of its file.
    fn take(&mut self, resolved: &Resolved<'_>) -> Vec<Diagnostic> {
        let Some(of_file) = self.0.get_mut(&resolved.document.file) else {
            return Vec::new();
        };
        let within = |outer: Span, inner: Span| outer.start <= inner.start && inner.end <= outer.end;
        let allowed_at = resolved.key_span_of(&["allow", Code::W108.as_str()]);
        let entry = resolved.entry.map(|entry| entry.node.span);
        let scope = entry.filter(|entry| allowed_at.is_some_and(|place| within(*entry, place)));
        let is_meant =
            |diagnostic: &Diagnostic| scope.is_none_or(|scope| within(scope, diagnostic.place.span));
        let (taken, left) = std::mem::take(of_file).into_iter().partition(is_meant);
        *of_file = left;
        taken
    }
}

/// The title as written, here or in a template.
fn title_of<'document>(resolved: &Resolved<'document>) -> Option<&'document str> {
    match resolved.tree.get(&["title"])? {
        Tree::Node(node) => node.as_text(),
        Tree::Key(_) | Tree::Merged(_) => None,
    }
}

/// The template that an agreement names, the first where it names several.
fn template_of(resolved: &Resolved<'_>) -> Option<TemplateName> {
    let extends = resolved.document.get(&["extends"])?;
    let name = extends.as_text().or_else(|| extends.as_list()?.first()?.as_text())?;
    TemplateName::new(name)
}

/// One agreement by itself.
fn alone<'a>(resolved: &'a Resolved<'a>, ground: CheckContext<'_>, at: Instant) -> DocumentResult<'a> {
    let places: &dyn Places = resolved;
    let mut document = match resolved.typed() {
        Ok(document) => document,
        Err(fault) => {
            let claim = claim(resolved, []);
            return DocumentResult { claim, subject: None, allowances: BTreeMap::new(), faults: vec![fault] };
        }
    };
    let template = template_of(resolved);
    let templates: Vec<TemplateName> = resolved.templates().filter_map(TemplateName::new).collect();
    let written = MergedDocument {
        id: &resolved.id,
        template: template.as_ref(),
        templates: &templates,
        document: &document,
        places,
    };
    let (agreement, mut faults) = agreement::agreement(written, ground);
    let subject = agreement.map(|agreement| Subject { agreement, places });
    if let Some(subject) = &subject {
        faults.extend(targets::check(subject, ground.catalog));
        faults.extend(clocks::check(subject, ground.catalog, at));
        faults.extend(notices::check(subject, ground.catalog, at));
    }
    let claim = claim(resolved, document.formerly.take().into_iter().flatten());
    DocumentResult { claim, subject, allowances: document.allow.take().unwrap_or_default(), faults }
}

fn names<'a>(claims: &[&'a NameClaim<'_>], unread: &'a BTreeSet<&'a str>) -> KnownIds<'a> {
    let former =
        claims.iter().flat_map(|claim| claim.former.iter().map(|(name, _)| (name.as_str(), claim.id)));
    KnownIds { present: claims.iter().map(|claim| claim.id).collect(), unread, former: former.collect() }
}

#[cfg(test)]
mod tests;
