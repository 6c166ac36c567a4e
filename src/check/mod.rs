//! Where what people wrote becomes what it means: merged documents in, trusted values or diagnostics out.
//!
//! All faults of all files come out of one run, each with its place. Knows no file system and no helpdesk;
//! the day on which it is asked is an argument.

mod subject;
mod settings;
mod mapping;
mod catalog;
mod reader;
mod title;
mod period;
mod agreement;
mod reach;
mod references;
mod overlap;
mod chain;
mod identity;
mod targets;
mod notices;
mod allow;

use std::collections::BTreeMap;

use rayon::prelude::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator,
    IntoParallelRefMutIterator, ParallelIterator,
};

use crate::agreement::Agreement;
use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::check::agreement::{Ground, Written};
use crate::check::chain::Names;
use crate::check::identity::Claim;
use crate::check::subject::{Finding, Subject};
use crate::check::title::Titles;
use crate::diagnostic::Diagnostic;
use crate::settings::Settings;

/// The agreements that could be made, in the order of their ids, and the faults of each document, in the order
/// of the documents.
struct Estate {
    agreements: Vec<Agreement>,
    faults: Vec<Vec<Diagnostic>>,
}

/// All agreements of a repository, each for itself and then held against each other. The documents stand in
/// the order of their ids and paths.
fn agreements(
    written: &[Written<'_>],
    catalog: &Catalog,
    settings: &Settings,
    at: Instant,
) -> Estate {
    let titles = Titles::compile(
        written
            .iter()
            .filter_map(|written| written.document.title.as_deref()),
    );
    let addresses = notices::addresses(catalog);
    let ground = Ground {
        catalog,
        settings,
        titles: &titles,
        addresses: &addresses,
    };
    let read: Vec<(Option<Subject<'_>>, Vec<Diagnostic>)> = written
        .par_iter()
        .map(|written| alone(*written, ground))
        .collect();
    let (read, mut faults): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let claims: Vec<Claim<'_>> = written.iter().map(claim).collect();
    let mut findings = identity::check_names(&claims);
    // Of two with one name the first stands for both, since more could be said about neither.
    let mut origins = Vec::with_capacity(read.len());
    let mut subjects: Vec<Subject<'_>> = Vec::with_capacity(read.len());
    for (index, subject) in read.into_iter().enumerate() {
        let Some(subject) = subject else { continue };
        if subjects
            .last()
            .is_none_or(|last| last.agreement.id != subject.agreement.id)
        {
            origins.push(index);
            subjects.push(subject);
        }
    }
    let succession = chain::tie(&mut subjects);
    let among: [Vec<Finding>; 3] = [
        identity::check_numbers(&subjects),
        overlap::check(&subjects),
        chain::check(&subjects, &names(&claims), &succession, at),
    ];
    findings.extend(
        among
            .into_iter()
            .flatten()
            .map(|(index, diagnostic)| (origins[index], diagnostic)),
    );
    for (index, diagnostic) in findings {
        faults[index].push(diagnostic);
    }
    let zones: BTreeMap<usize, _> = origins
        .iter()
        .zip(&subjects)
        .map(|(origin, subject)| (*origin, &subject.agreement.zone))
        .collect();
    faults
        .par_iter_mut()
        .enumerate()
        .for_each(|(index, faults)| {
            let Written {
                document, places, ..
            } = written[index];
            let zone = zones.get(&index).copied();
            let today = zone.unwrap_or(&settings.zone).day_of(at);
            *faults = allow::silence(
                document,
                places,
                today,
                zone.is_some(),
                std::mem::take(faults),
            );
        });
    Estate {
        agreements: subjects
            .into_par_iter()
            .map(|subject| subject.agreement)
            .collect(),
        faults,
    }
}

/// One agreement by itself.
fn alone<'a>(written: Written<'a>, ground: Ground<'_>) -> (Option<Subject<'a>>, Vec<Diagnostic>) {
    let (agreement, mut faults) = agreement::agreement(written, ground);
    let subject = agreement.map(|agreement| Subject {
        agreement,
        places: written.places,
    });
    if let Some(subject) = &subject {
        faults.extend(targets::check(subject, ground.catalog));
        faults.extend(notices::check(subject, ground.catalog));
    }
    (subject, faults)
}

fn claim<'a>(written: &Written<'a>) -> Claim<'a> {
    let names = written.document.formerly.iter().flatten().enumerate();
    let former = names.map(|(index, name)| {
        let place = written.places.value(&["formerly", &index.to_string()]);
        (
            name.as_str(),
            place.unwrap_or_else(|| written.places.whole()),
        )
    });
    Claim {
        id: written.id,
        place: written.places.whole(),
        former: former.collect(),
    }
}

fn names<'a>(claims: &[Claim<'a>]) -> Names<'a> {
    let former = claims.iter().flat_map(|claim| {
        claim
            .former
            .iter()
            .map(|(name, _)| (*name, claim.id.as_str()))
    });
    Names {
        present: claims
            .iter()
            .map(|claim| (claim.id.as_str(), claim.place))
            .collect(),
        former: former.collect(),
    }
}
