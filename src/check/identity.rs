//! E102 and E103: names and numbers that two agreements claim.

use std::collections::BTreeMap;

use crate::check::subject::{Finding, Subject};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::AgreementId;

/// One agreement's name, its former names, and where it is written; also of those that are not sound otherwise.
pub(super) struct Claim<'a> {
    /// The present name.
    pub(super) id: &'a AgreementId,
    /// The file or entry.
    pub(super) place: Span,
    /// The former names, with their places.
    pub(super) former: Vec<(&'a str, Span)>,
}

/// E102: the same name twice, or a former name that is another's. `claims` stand in the order of names and paths.
pub(super) fn check_names(claims: &[Claim<'_>]) -> Vec<Finding> {
    let mut present: BTreeMap<&str, Span> = BTreeMap::new();
    let mut findings = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let id = claim.id.as_str();
        if let Some(other) = present.get(id) {
            let diagnostic = Diagnostic::new(
                Code::E102,
                claim.place,
                format!("two agreements are called `{id}`"),
            )
            .related(*other, "the other one")
            .help("the id is the name of the file without its folder: rename one of the files");
            findings.push((index, diagnostic));
        } else {
            present.insert(id, claim.place);
        }
    }
    let mut former: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        for (name, place) in &claim.former {
            let (message, other) = match (present.get(name), former.get(name)) {
                (Some(_), _) if *name == claim.id.as_str() => {
                    (format!("`{name}` is its name today"), None)
                }
                (Some(other), _) => (
                    format!("`{name}` is the name of another agreement today"),
                    Some(*other),
                ),
                (None, Some((holder, _))) if *holder == claim.id.as_str() => {
                    (format!("`{name}` stands here twice"), None)
                }
                (None, Some((holder, other))) => (
                    format!("`{holder}` had the name `{name}` too"),
                    Some(*other),
                ),
                (None, None) => {
                    former.insert(name, (claim.id.as_str(), *place));
                    continue;
                }
            };
            let diagnostic = Diagnostic::new(Code::E102, *place, message)
                .help("a former name leads to one agreement: take it out of `formerly`");
            let diagnostic = match other {
                Some(other) => diagnostic.related(other, "the other one"),
                None => diagnostic,
            };
            findings.push((index, diagnostic));
        }
    }
    findings
}

/// E103: one number of one provider, on agreements that do not renew each other.
pub(super) fn check_numbers(subjects: &[Subject<'_>]) -> Vec<Finding> {
    let mut by_number: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        let provider = subject
            .agreement
            .provider
            .as_ref()
            .map(|provider| provider.as_str());
        if let Some(number) = &subject.agreement.number {
            by_number.entry((provider, number)).or_default().push(index);
        }
    }
    by_number.retain(|_, indices| indices.len() > 1);
    let chains = if by_number.is_empty() {
        Vec::new()
    } else {
        chains(subjects)
    };
    let mut findings = Vec::new();
    for ((_, number), indices) in by_number {
        let first = indices[0];
        for index in indices
            .into_iter()
            .skip(1)
            .filter(|index| chains[*index] != chains[first])
        {
            let (subject, other) = (&subjects[index], &subjects[first]);
            let message = format!(
                "`{}` and `{}` have the same number, {number}",
                subject.id(),
                other.id()
            );
            let diagnostic = subject
                .fault(Code::E103, &["number"], message)
                .related(other.place(&["number"]), "the other one")
                .help(format!("a number belongs to one contract; if one follows on from the other, write `renews: {}`", other.id()));
            findings.push((index, diagnostic));
        }
    }
    findings
}

/// For each agreement a number that it shares with all that it renews, is renewed by, and so on.
fn chains(subjects: &[Subject<'_>]) -> Vec<usize> {
    fn first(of: &mut [usize], mut index: usize) -> usize {
        while of[index] != index {
            of[index] = of[of[index]];
            index = of[index];
        }
        index
    }
    let mut of: Vec<usize> = (0..subjects.len()).collect();
    for (index, subject) in subjects.iter().enumerate() {
        let Some(renews) = &subject.agreement.renews else {
            continue;
        };
        if let Ok(before) = subjects.binary_search_by(|subject| subject.id().cmp(renews.as_str())) {
            let (left, right) = (first(&mut of, index), first(&mut of, before));
            of[left.max(right)] = left.min(right);
        }
    }
    (0..of.len()).map(|index| first(&mut of, index)).collect()
}
