//! E301 and W308: two agreements that are in force for the same client and service at once.
//!
//! Grouped by client and swept in the order of their first moments, so that ten thousand agreements cost
//! little more than reading them. A pair of which one renews the other belongs to the rules of chains.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelIterator, ParallelIterator, ParallelSliceMut};

use crate::check::effective_interval::{EffectiveInterval, effective_interval};
use crate::check::subject::{Subject, SubjectDiagnostic};
use crate::diagnostic::{Code, Diagnostic};
use crate::mapping::RecipientLinks;

/// One recipient and service of one agreement.
struct CoverageRow<'a> {
    recipient: &'a str,
    service: &'a str,
    reach: EffectiveInterval,
    subject: usize,
}

/// Two agreements that meet for a recipient: the one that begins later, the other, and the recipient.
type Meeting<'a> = (usize, usize, &'a str);

/// E301 and W308 over all agreements, which stand in the order of their ids.
pub(super) fn check(subjects: &[Subject<'_>], links: &RecipientLinks) -> Vec<SubjectDiagnostic> {
    let mut by_client: Vec<(&str, usize)> = Vec::with_capacity(subjects.len());
    for (index, subject) in subjects.iter().enumerate() {
        let recipients = subject.agreement.recipients.iter();
        let clients: BTreeSet<&str> = recipients.map(|recipient| client_of(recipient.as_str())).collect();
        by_client.extend(clients.into_iter().map(|client| (client, index)));
    }
    by_client.par_sort_unstable();
    let groups: Vec<&[(&str, usize)]> =
        by_client.chunk_by(|left, right| left.0 == right.0).filter(|group| group.len() > 1).collect();
    groups.into_par_iter().flat_map_iter(|group| check_client(subjects, links, group)).collect()
}

fn client_of(recipient: &str) -> &str {
    recipient.split_once('/').map_or(recipient, |(client, _)| client)
}

fn check_client(
    subjects: &[Subject<'_>],
    links: &RecipientLinks,
    group: &[(&str, usize)],
) -> Vec<SubjectDiagnostic> {
    let passes_on = |row: &CoverageRow<'_>| links.passes_on(&subjects[row.subject].agreement);
    let client = group[0].0;
    let mut rows = Vec::new();
    for (_, index) in group {
        let agreement = &subjects[*index].agreement;
        let Some(reach) = effective_interval(agreement) else {
            continue;
        };
        for recipient in agreement.recipients.iter().map(|recipient| recipient.as_str()) {
            if client_of(recipient) != client {
                continue;
            }
            let services = agreement.services.keys().map(|service| service.as_str());
            rows.extend(services.map(|service| CoverageRow { recipient, service, reach, subject: *index }));
        }
    }
    rows.sort_unstable_by_key(|row| (row.service, row.recipient, row.reach.from, row.subject));
    let mut same: BTreeMap<Meeting<'_>, BTreeSet<&str>> = BTreeMap::new();
    let mut nearer: BTreeMap<Meeting<'_>, BTreeSet<&str>> = BTreeMap::new();
    for of_service in rows.chunk_by(|left, right| left.service == right.service) {
        let mut company: &[CoverageRow<'_>] = &[];
        for of_recipient in of_service.chunk_by(|left, right| left.recipient == right.recipient) {
            sweep(subjects, of_recipient, &mut same);
            // The company's own slug sorts before those of its departments.
            if of_recipient[0].recipient == client {
                company = of_recipient;
            } else {
                meet_company(of_recipient, company, &passes_on, &mut nearer);
            }
        }
    }
    let same = same.into_iter().map(|(meeting, services)| overlap(subjects, meeting, &services));
    let nearer = nearer.into_iter().map(|(meeting, services)| nearest_wins(subjects, meeting, &services));
    same.chain(nearer).collect()
}

/// Rows of one recipient and service in the order of their beginnings: each is held against those before it
/// that last longest, which it meets if it meets any. The second longest counts where the longest is the
/// agreement that it renews.
fn sweep<'a>(
    subjects: &[Subject<'_>],
    rows: &[CoverageRow<'a>],
    meetings: &mut BTreeMap<Meeting<'a>, BTreeSet<&'a str>>,
) {
    let mut longest: [Option<&CoverageRow<'a>>; 2] = [None, None];
    for row in rows {
        let apart = |other: &&CoverageRow<'a>| !follow_each_other(subjects, row.subject, other.subject);
        let met = longest.into_iter().flatten().find(apart);
        if let Some(met) = met.filter(|met| met.reach.meets(&row.reach)) {
            meetings.entry((row.subject, met.subject, row.recipient)).or_default().insert(row.service);
        }
        longest = match longest {
            [Some(first), _] if ends_before(&first.reach, &row.reach) => [Some(row), Some(first)],
            [Some(first), Some(second)] if !ends_before(&second.reach, &row.reach) => {
                [Some(first), Some(second)]
            }
            [Some(first), _] => [Some(first), Some(row)],
            [None, _] => [Some(row), None],
        };
    }
}

fn ends_before(left: &EffectiveInterval, right: &EffectiveInterval) -> bool {
    match (left.until, right.until) {
        (Some(left), Some(right)) => left < right,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Departments whose agreements meet one of the whole company over the same service, if the helpdesk passes that on to them.
fn meet_company<'a>(
    department: &[CoverageRow<'a>],
    company: &[CoverageRow<'a>],
    passes_on: &dyn Fn(&CoverageRow<'a>) -> bool,
    meetings: &mut BTreeMap<Meeting<'a>, BTreeSet<&'a str>>,
) {
    for row in department {
        // Agreements of the company do not overlap (E301), so that the last to begin is the one to meet.
        let begun =
            company.partition_point(|other| row.reach.until.is_none_or(|until| other.reach.from < until));
        let last = company[..begun].iter().rev().find(|other| other.subject != row.subject);
        if let Some(met) = last.filter(|other| passes_on(other) && other.reach.meets(&row.reach)) {
            meetings.entry((row.subject, met.subject, row.recipient)).or_default().insert(row.service);
        }
    }
}

fn follow_each_other(subjects: &[Subject<'_>], left: usize, right: usize) -> bool {
    let (left, right) = (&subjects[left].agreement, &subjects[right].agreement);
    left.renews.as_ref() == Some(&right.id) || right.renews.as_ref() == Some(&left.id)
}

fn overlap(
    subjects: &[Subject<'_>],
    (later, earlier, recipient): Meeting<'_>,
    services: &BTreeSet<&str>,
) -> SubjectDiagnostic {
    let (subject, other) = (&subjects[later], &subjects[earlier]);
    let message = format!(
        "`{}` and `{}` both cover {} for `{recipient}`{}",
        subject.id(),
        other.id(),
        in_words(services),
        common_days(subject, other),
    );
    let diagnostic = subject
        .fault(Code::E301, &["period"], message)
        .related(other.place(&["period"]), format!("the period of `{}`", other.id()))
        .help(format!(
            "end one before the other begins, remove {} from one of them, or add `renews: {}` with a first day after its last",
            in_words(services),
            other.id()
        ));
    (later, diagnostic)
}

fn nearest_wins(
    subjects: &[Subject<'_>],
    (later, earlier, recipient): Meeting<'_>,
    services: &BTreeSet<&str>,
) -> SubjectDiagnostic {
    let (subject, other) = (&subjects[later], &subjects[earlier]);
    let message = format!(
        "for `{recipient}`, this agreement replaces `{1}` of the whole company for {0}{2}",
        in_words(services),
        other.id(),
        common_days(subject, other),
    );
    let diagnostic: Diagnostic = subject
        .fault(Code::W308, &["recipients"], message)
        .related(other.place(&["recipients"]), format!("`{}` covers the company", other.id()))
        .help("silence this under `allow:` if it is intended; otherwise list the departments that the company's agreement is for");
    (later, diagnostic)
}

fn common_days(subject: &Subject<'_>, other: &Subject<'_>) -> String {
    let both = effective_interval(&subject.agreement).zip(effective_interval(&other.agreement));
    both.map(|(left, right)| format!(", {}", left.common(&right).in_words())).unwrap_or_default()
}

/// Slugs for a sentence: `` `email` and `vpn` ``.
pub(super) fn in_words<'a>(slugs: impl IntoIterator<Item = &'a &'a str>) -> String {
    let quoted: Vec<String> = slugs.into_iter().map(|slug| format!("`{slug}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
