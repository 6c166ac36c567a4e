//! Holds all agreements of a repository against each other, and silences what they allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::calendar::{Instant, Zone};
use crate::check::agreement::CheckContext;
use crate::check::alone::BoxedJudged;
use crate::check::chain::{self, KnownIds};
use crate::check::identity::{self, NameClaim};
use crate::check::kept_places::KeptPlaces;
use crate::check::subject::{Places as _, Subject};
use crate::check::{allow, overlap};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, FileId, Severity, Span};
use crate::ident::ClientSlug;

/// Holds agreements, in the order of their ids and paths, against each other: those without an error, in the order of
/// their ids, and all faults. `unread` has the ids of files of which nothing could be made.
pub(super) fn hold_together(
    mut judged: Vec<BoxedJudged>,
    ground: CheckContext<'_>,
    unread: &BTreeSet<&str>,
    earlier: &mut EarlierWarnings,
    at: Instant,
) -> (Vec<Agreement>, Vec<Diagnostic>) {
    let made: Vec<Option<Box<Agreement>>> = judged.iter_mut().map(|one| one.agreement.take()).collect();
    let mut origins: Vec<usize> = Vec::with_capacity(judged.len());
    let mut subjects: Vec<Subject<'_>> = Vec::with_capacity(judged.len());
    for (index, (agreement, one)) in made.into_iter().zip(&judged).enumerate() {
        let Some(agreement) = agreement else { continue };
        // Of two with one name the first stands for both, since more could be said about neither.
        if subjects.last().is_none_or(|last| last.agreement.id != agreement.id) {
            origins.push(index);
            subjects.push(Subject { agreement, places: &one.places });
        }
    }
    let findings = findings(&judged, &mut subjects, &origins, unread, ground, at);
    let agreements: Vec<Box<Agreement>> = subjects.into_iter().map(|subject| subject.agreement).collect();
    for (index, diagnostic) in findings {
        judged[index].faults.push(diagnostic);
    }
    let mut zones: Vec<Option<&Zone>> = vec![None; judged.len()];
    for (origin, agreement) in origins.iter().zip(&agreements) {
        zones[*origin] = Some(&agreement.zone);
    }
    let (sound, faults) = silenced(judged, &zones, ground, earlier, at);
    let mut kept = Vec::with_capacity(agreements.len());
    let agreements = origins.iter().zip(agreements).filter(|(origin, _)| sound[**origin]);
    kept.extend(agreements.map(|(_, agreement)| *agreement));
    (kept, faults)
}

/// The findings about several agreements, each with the index of the agreement concerned.
fn findings(
    judged: &[BoxedJudged],
    subjects: &mut [Subject<'_>],
    origins: &[usize],
    unread: &BTreeSet<&str>,
    ground: CheckContext<'_>,
    at: Instant,
) -> Vec<(usize, Diagnostic)> {
    let succession = chain::tie(subjects);
    let claims: Vec<&NameClaim> = judged.iter().map(|one| &one.claim).collect();
    let mut findings = identity::check_names(&claims);
    let names = names(&claims, unread);
    let links = &ground.settings.helpdesk.mapping.recipients;
    let is_client = |client: &ClientSlug| ground.catalog.clients.contains_key(client);
    let (overlaps, chains) = rayon::join(
        || overlap::check(subjects, links),
        || chain::check(subjects, &names, &succession, &is_client, at),
    );
    let numbers = identity::check_numbers(subjects, &succession.predecessors);
    let among = overlaps.into_iter().chain(chains).chain(numbers);
    findings.extend(among.map(|(index, diagnostic)| (origins[index], diagnostic)));
    findings
}

/// Takes out what the agreements allow. Returns whether each agreement is without an error, and the remaining faults.
fn silenced(
    judged: Vec<BoxedJudged>,
    zones: &[Option<&Zone>],
    ground: CheckContext<'_>,
    earlier: &mut EarlierWarnings,
    at: Instant,
) -> (Vec<bool>, Vec<Diagnostic>) {
    let is_sound = |faults: &[Diagnostic]| faults.iter().all(|fault| fault.severity != Severity::Error);
    let mut sound = Vec::with_capacity(judged.len());
    let mut uses = Vec::new();
    let mut faults = Vec::new();
    for (zone, mut one) in zones.iter().zip(judged) {
        if one.allowances.is_empty() {
            sound.push(is_sound(&one.faults));
            faults.append(&mut one.faults);
            continue;
        }
        if one.allowances.contains_key(Code::W108.as_str()) {
            one.faults.extend(earlier.take(one.file, one.entry, &one.places));
        }
        let today = zone.unwrap_or(&ground.settings.zone).day_of(at);
        let (left, used) = allow::silence(&one.allowances, &one.places, today, zone.is_some(), one.faults);
        sound.push(is_sound(&left));
        faults.extend(left);
        uses.extend(used);
    }
    faults.extend(allow::idle(uses));
    (sound, faults)
}

/// The warnings of earlier stages that an agreement may silence, by file.
pub(super) struct EarlierWarnings(BTreeMap<FileId, Vec<Diagnostic>>);

impl EarlierWarnings {
    /// Takes those that may be silenced out of `diagnostics`.
    pub(super) fn of(diagnostics: &mut Diagnostics) -> Self {
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

    /// Those that no agreement took.
    pub(super) fn left(self) -> impl Iterator<Item = Diagnostic> {
        self.0.into_values().flatten()
    }

    /// Those of one agreement: of its entry of a set, where the allowance is written there, else of its file.
    fn take(&mut self, file: FileId, entry: Option<Span>, places: &KeptPlaces) -> Vec<Diagnostic> {
        let Some(of_file) = self.0.get_mut(&file) else {
            return Vec::new();
        };
        let within = |outer: Span, inner: Span| outer.start <= inner.start && inner.end <= outer.end;
        let allowed_at = places.name(&["allow", Code::W108.as_str()]);
        let scope = entry.filter(|entry| allowed_at.is_some_and(|place| within(*entry, place)));
        let is_meant =
            |diagnostic: &Diagnostic| scope.is_none_or(|scope| within(scope, diagnostic.place.span));
        let (taken, left) = std::mem::take(of_file).into_iter().partition(is_meant);
        *of_file = left;
        taken
    }
}

fn names<'a>(claims: &[&'a NameClaim], unread: &'a BTreeSet<&'a str>) -> KnownIds<'a> {
    let former = claims
        .iter()
        .flat_map(|claim| claim.former.iter().map(|(name, _)| (name.as_str(), claim.id.as_str())));
    KnownIds {
        present: claims.iter().map(|claim| claim.id.as_str()).collect(),
        unread,
        former: former.collect(),
    }
}
