//! E102 and E103: names and numbers that two agreements claim.

use std::collections::BTreeMap;

use rayon::prelude::ParallelSliceMut;

use crate::check::subject::{Subject, SubjectDiagnostic};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::AgreementId;

/// The names that one document claims, sound otherwise or not.
pub(super) struct NameClaim {
    /// The present name.
    pub(super) id: AgreementId,
    /// The file or entry.
    pub(super) place: Span,
    /// The former names, with their places.
    pub(super) former: Vec<(String, Span)>,
}

/// E102: a former name that is another's. Two files of one name are found when they are read. `claims` stand in
/// the order of their names.
pub(super) fn check_names(claims: &[&NameClaim]) -> Vec<SubjectDiagnostic> {
    let holder_of = |name: &str| {
        claims.binary_search_by(|claim| claim.id.as_str().cmp(name)).ok().map(|index| claims[index].place)
    };
    let mut findings = Vec::new();
    let mut former: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        for (name, place) in &claim.former {
            let (message, other) = match (holder_of(name), former.get(name.as_str())) {
                (Some(_), _) if *name == claim.id.as_str() => {
                    (format!("`{name}` is the agreement's current id"), None)
                }
                (Some(other), _) => (format!("`{name}` is the current id of another agreement"), Some(other)),
                (None, Some((holder, _))) if *holder == claim.id.as_str() => {
                    (format!("`{name}` is listed twice"), None)
                }
                (None, Some((holder, other))) => {
                    (format!("`{name}` is also a former id of `{holder}`"), Some(*other))
                }
                (None, None) => {
                    former.insert(name, (claim.id.as_str(), *place));
                    continue;
                }
            };
            let diagnostic = Diagnostic::new(Code::E102, *place, message)
                .help("a former id belongs to one agreement: delete it from `formerly`");
            let diagnostic = match other {
                Some(other) => diagnostic.related(other, "the other agreement"),
                None => diagnostic,
            };
            findings.push((index, diagnostic));
        }
    }
    findings
}

/// E103: one number of one provider, on agreements that do not renew each other.
pub(super) fn check_numbers(
    subjects: &[Subject<'_>],
    predecessors: &[Option<usize>],
) -> Vec<SubjectDiagnostic> {
    let mut numbered: Vec<(Option<&str>, &str, usize)> = Vec::with_capacity(subjects.len());
    for (index, subject) in subjects.iter().enumerate() {
        let provider = subject.agreement.provider.as_ref().map(|provider| provider.as_str());
        numbered.extend(subject.agreement.number.as_deref().map(|number| (provider, number, index)));
    }
    numbered.par_sort_unstable();
    let shared: Vec<_> = numbered
        .chunk_by(|left, right| left.0 == right.0 && left.1 == right.1)
        .filter(|same| same.len() > 1)
        .collect();
    if shared.is_empty() {
        return Vec::new();
    }
    let chains = chains(predecessors);
    let mut findings = Vec::new();
    for same in shared {
        let (_, number, first) = same[0];
        let client = |index: usize| &subjects[index].agreement.client;
        // A chain of one client is reported at its first agreement that has the number: its successors inherit what is allowed.
        let inherits = |index: usize| {
            predecessors[index].is_some_and(|before| {
                client(before) == client(index) && same.iter().any(|(_, _, other)| *other == before)
            })
        };
        for index in same.iter().map(|(_, _, index)| *index) {
            if chains[index] == chains[first] || inherits(index) {
                continue;
            }
            let (subject, other) = (&subjects[index], &subjects[first]);
            let message = format!("`{}` and `{}` have the same number, {number}", subject.id(), other.id());
            let diagnostic = subject
                .fault(Code::E103, &["number"], message)
                .related(other.place(&["number"]), "the other agreement");
            let diagnostic = if client(index) == client(first) {
                diagnostic.help(format!(
                    "add `renews: {}` if this agreement is its successor, or `allow: {{ E103: {{ reason: … }} }}` if both belong to one contract",
                    other.id()
                ))
            } else {
                diagnostic.never_allowed().help(
                    "two clients never share a number; write the number of this agreement's own contract",
                )
            };
            findings.push((index, diagnostic));
        }
    }
    findings
}

/// For each agreement a number that it shares with all that it renews, is renewed by, and so on.
fn chains(predecessors: &[Option<usize>]) -> Vec<usize> {
    fn first(of: &mut [usize], mut index: usize) -> usize {
        while of[index] != index {
            of[index] = of[of[index]];
            index = of[index];
        }
        index
    }
    let mut of: Vec<usize> = (0..predecessors.len()).collect();
    for (index, before) in predecessors.iter().enumerate() {
        let Some(before) = before else { continue };
        let (left, right) = (first(&mut of, index), first(&mut of, *before));
        of[left.max(right)] = left.min(right);
    }
    (0..of.len()).map(|index| first(&mut of, index)).collect()
}
