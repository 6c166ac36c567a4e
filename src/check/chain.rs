//! E302 to E309: agreements that follow each other by `renews`. Ties successors to predecessors, and then
//! holds each pair against the other: no circle, no fork, no overlap, no gap, nothing dropped unsaid.
//!
//! Knows nothing of services that overlap outside of a chain; that is `overlap`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::agreement::{PeriodEnd, Renewal};
use crate::calendar::{Instant, Lead};
use crate::check::effective_interval::{
    EffectiveInterval, early_end, effective_interval, last_day_before, midnight,
};
use crate::check::overlap::in_words;
use crate::check::subject::{Subject, SubjectDiagnostic};
use crate::check::suggestion::nearest_among;
use crate::diagnostic::{Code, Diagnostic};
use crate::ident::{ClientSlug, file_of};
use crate::status::never_begins;

/// The time before its last day an agreement without a successor is spoken of, where no lead says it.
const USUAL_LEAD: Lead = Lead::of_days(60);

/// Every agreement's name in the files, good or not, and every name that one had before.
pub(super) struct KnownIds<'a> {
    /// The present names, in order.
    pub(super) present: Vec<&'a str>,
    /// The names of files of which nothing could be made; of a set, not even its entries are known.
    pub(super) unread: &'a BTreeSet<&'a str>,
    /// The name of today for each former one.
    pub(super) former: BTreeMap<&'a str, &'a str>,
}

/// Predecessor and successor, by index in the list of agreements.
pub(super) struct Succession {
    /// The one that each renews.
    pub(super) predecessors: Vec<Option<usize>>,
    /// The ones that renew each.
    successors: BTreeMap<usize, Vec<usize>>,
}

/// Ties the agreements, which stand in the order of their ids, and tells each predecessor when it is followed.
pub(super) fn tie(subjects: &mut [Subject<'_>]) -> Succession {
    let predecessors: Vec<Option<usize>> = subjects
        .par_iter()
        .map(|subject| {
            let renews = subject.agreement.renews.as_ref()?.as_str();
            subjects.binary_search_by(|subject| subject.id().cmp(renews)).ok()
        })
        .collect();
    let mut successors: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, predecessor) in predecessors.iter().enumerate() {
        if let Some(predecessor) = predecessor {
            successors.entry(*predecessor).or_default().push(index);
        }
    }
    for (predecessor, followers) in &successors {
        let first_days = followers.iter().filter(|index| *index != predecessor).filter_map(|index| {
            let follower = &subjects[*index].agreement;
            follower.period.first_day.or_else(|| effective_interval(follower).map(|reach| reach.first_day()))
        });
        subjects[*predecessor].agreement.succeeded_on = first_days.min();
    }
    // One that never begins renews no other, though its first day was agreed.
    successors.retain(|_, followers| {
        followers.retain(|index| !never_begins(&subjects[*index].agreement));
        !followers.is_empty()
    });
    Succession { predecessors, successors }
}

/// E101 to E309 over tied agreements. `at` is when it is asked, for what ends soon.
pub(super) fn check(
    subjects: &[Subject<'_>],
    names: &KnownIds<'_>,
    succession: &Succession,
    is_client: &(impl Fn(&ClientSlug) -> bool + Sync),
    at: Instant,
) -> Vec<SubjectDiagnostic> {
    let Succession { predecessors, successors } = succession;
    let circles = circles(predecessors);
    // Who comes first in a circle cannot be said, so that nothing else is said about its days.
    let turning: BTreeSet<usize> = circles.iter().flatten().copied().collect();
    let mut findings: Vec<SubjectDiagnostic> = (0..subjects.len())
        .into_par_iter()
        .flat_map_iter(|index| {
            let mut found = unknown(&subjects[index], names);
            found.extend(ends_soon(&subjects[index], successors.contains_key(&index), at));
            if let Some(before) = predecessors[index].filter(|_| !turning.contains(&index)) {
                found.extend(pair(&subjects[before], &subjects[index], is_client));
            }
            found.into_iter().map(move |diagnostic| (index, diagnostic))
        })
        .collect();
    findings
        .extend(circles.iter().filter(|members| members.len() > 1).map(|members| circle(subjects, members)));
    for (predecessor, followers) in successors {
        findings.extend(forks(subjects, *predecessor, followers));
    }
    findings
}

fn unknown(subject: &Subject<'_>, names: &KnownIds<'_>) -> Vec<Diagnostic> {
    let Some(renewed) = subject.agreement.renews.as_ref().map(|id| id.as_str()) else {
        return Vec::new();
    };
    if renewed == subject.id() {
        let message = format!("`{renewed}` cannot renew itself");
        return vec![
            subject
                .fault(Code::E302, &["renews"], message)
                .help("use the id of the preceding agreement, or delete `renews`"),
        ];
    }
    let file = file_of(renewed);
    if names.present.binary_search(&renewed).is_ok() || names.unread.contains(file) {
        return Vec::new();
    }
    let fault = subject.fault(Code::E101, &["renews"], format!("unknown agreement `{renewed}`"));
    let (meant, help) = match (names.former.get(renewed), nearest_among(renewed, &names.present)) {
        (Some(today), _) => {
            (Some(today.to_string()), format!("`{today}` had this id before: use `{today}`"))
        }
        (None, Some(near)) => (Some(near.to_owned()), format!("did you mean `{near}`?")),
        (None, None) => (None, "use the id of an agreement: its file name without `.yaml`, or `<name>/<client>` for an entry of a set; or delete `renews`".to_owned()),
    };
    let place = fault.place.span;
    vec![fault.help(help).maybe_meant(place, renewed, meant)]
}

/// Those that renew each other in a circle. Each renews at most one, so that following the links finds them all.
fn circles(next: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut seen_from: Vec<Option<usize>> = vec![None; next.len()];
    let mut circles = Vec::new();
    for begin in 0..next.len() {
        let mut walker = Some(begin);
        while let Some(index) = walker
            && seen_from[index].is_none()
        {
            seen_from[index] = Some(begin);
            walker = next[index];
        }
        // A walk that comes back to where it has been itself has entered a circle.
        if let Some(entry) = walker
            && seen_from[entry] == Some(begin)
        {
            let members =
                std::iter::successors(Some(entry), |index| next[*index].filter(|further| *further != entry));
            circles.push(members.collect());
        }
    }
    circles
}

fn circle(subjects: &[Subject<'_>], members: &[usize]) -> SubjectDiagnostic {
    let least = members.iter().copied().min().expect("a cycle has members");
    let rest: Vec<&str> =
        members.iter().filter(|index| **index != least).map(|index| subjects[*index].id()).collect();
    let subject = &subjects[least];
    let mut diagnostic = subject.fault(
        Code::E302,
        &["renews"],
        format!("`{}` and {} renew each other", subject.id(), in_words(&rest)),
    );
    for index in members.iter().filter(|index| **index != least) {
        diagnostic = diagnostic.related(subjects[*index].place(&["renews"]), "part of the cycle");
    }
    (least, diagnostic.help("delete `renews` from the earliest one"))
}

fn forks(subjects: &[Subject<'_>], predecessor: usize, followers: &[usize]) -> Vec<SubjectDiagnostic> {
    let Some((first, others)) = followers.split_first() else {
        return Vec::new();
    };
    let first = &subjects[*first];
    others
        .iter()
        .map(|index| {
            let subject = &subjects[*index];
            let message = format!("`{}` is already renewed by `{}`", subjects[predecessor].id(), first.id());
            let diagnostic = subject
                .fault(Code::E302, &["renews"], message)
                .related(first.place(&["renews"]), "renewed here")
                .help("an agreement has one successor: use another predecessor, or delete `renews`");
            (*index, diagnostic)
        })
        .collect()
}

/// The rules over one agreement and the one that renews it.
fn pair(
    before: &Subject<'_>,
    after: &Subject<'_>,
    is_client: &impl Fn(&ClientSlug) -> bool,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let (earlier, later) = (&before.agreement.client, &after.agreement.client);
    // An unknown client is reported already, and may be the same one in another spelling.
    if earlier != later && is_client(earlier) && is_client(later) {
        let message = format!(
            "`{}` renews `{}`, an agreement of another client, `{}`",
            after.id(),
            before.id(),
            before.agreement.client
        );
        findings.push(
            after
                .fault(Code::W305, &["renews"], message)
                .related(before.place(&["client"]), "the predecessor's client")
                .help("use the right agreement, or silence this under `allow:` if the contract passed to another company"),
        );
    }
    if let Some(later) = effective_interval(&after.agreement) {
        let outlived = outlives(before, after, &later);
        let meeting = || meeting(before, after, &effective_interval(&before.agreement)?, &later);
        findings.extend(outlived.or_else(meeting));
    }
    let kept: BTreeSet<&str> = after.agreement.services.keys().map(|service| service.as_str()).collect();
    let dropped: Vec<&str> = before
        .agreement
        .services
        .keys()
        .map(|service| service.as_str())
        .filter(|service| !kept.contains(service))
        .collect();
    if !dropped.is_empty() {
        let message = format!(
            "{} of `{}` {} missing from its successor `{}`",
            in_words(&dropped),
            before.id(),
            if dropped.len() == 1 { "is" } else { "are" },
            after.id()
        );
        findings.push(
            after
                .fault(Code::W307, &["services"], message)
                .related(before.place(&["services"]), "the predecessor's services")
                .help("add it under `services:`, or silence this under `allow:` if the client no longer needs it"),
        );
    }
    findings
}

/// E309: days lie between the early end of an agreement and its successor, which was agreed before that end. A successor
/// that begins on the next day replaces what was terminated.
fn outlives(before: &Subject<'_>, after: &Subject<'_>, later: &EffectiveInterval) -> Option<Diagnostic> {
    let last_day = last_day_before(early_end(&before.agreement)?)?;
    let first_day = later.first_day();
    (last_day.tomorrow().ok()? < first_day).then(|| {
        let message = format!(
            "`{}` begins on {first_day}, but its predecessor `{}` was terminated on {last_day}",
            after.id(),
            before.id()
        );
        after
            .fault(Code::E309, &["renews"], message)
            .related(before.place(&["termination"]), format!("ends on {last_day}"))
            .help(format!(
                "add `termination: {{ last_day: {last_day} }}` to `{0}` so that it never begins, or `allow: {{ E309: {{ reason: … }} }}` if it stays",
                after.id()
            ))
    })
}

/// E303 where the two meet or the order is wrong, W304 where days lie between them.
fn meeting(
    before: &Subject<'_>,
    after: &Subject<'_>,
    earlier: &EffectiveInterval,
    later: &EffectiveInterval,
) -> Option<Diagnostic> {
    let Some(until) = earlier.until else {
        return Some(
            after
                .fault(
                    Code::E303,
                    &["renews"],
                    format!(
                        "`{}` has no last day, but `{}` renews it from {} on",
                        before.id(),
                        after.id(),
                        later.first_day()
                    ),
                )
                .related(before.place(&["period"]), "this period is open-ended")
                .help(format!(
                    "add `termination: {{ last_day: {1} }}` to `{0}`",
                    before.id(),
                    day_before(later)
                )),
        );
    };
    if later.from < until {
        let last_day = earlier.last_day().unwrap_or(until.date());
        let next_day = last_day.tomorrow().unwrap_or(last_day);
        return Some(
            after
                .fault(
                    Code::E303,
                    &["period", "first_day"],
                    format!(
                        "`{}` begins on {}, before the end of its predecessor `{}` on {last_day}",
                        after.id(),
                        later.first_day(),
                        before.id()
                    ),
                )
                .related(before.place(&["period"]), format!("lasts until {last_day}"))
                .help(format!(
                    "use {next_day} as the first day, or end `{}` early with `termination:`",
                    before.id()
                )),
        );
    }
    uncovered(before, after, earlier, later)
}

/// W304. A day that is covered in part, where one ends or begins at an instant, is no gap.
fn uncovered(
    before: &Subject<'_>,
    after: &Subject<'_>,
    earlier: &EffectiveInterval,
    later: &EffectiveInterval,
) -> Option<Diagnostic> {
    let first_free = earlier.last_day()?.tomorrow().ok()?;
    let days = first_free.until(later.first_day()).ok()?.get_days();
    (days > 0).then(|| {
        let plural = if days == 1 { "day is" } else { "days are" };
        let message = format!("{days} {plural} not covered between `{}` and `{}`", before.id(), after.id());
        after
            .fault(Code::W304, &["period", "first_day"], message)
            .related(before.place(&["period"]), format!("ends before {first_free}"))
            .help(format!(
                "use {first_free} as the first day, or silence this under `allow:` if the gap is agreed"
            ))
    })
}

fn day_before(later: &EffectiveInterval) -> String {
    later.first_day().yesterday().unwrap_or(later.first_day()).to_string()
}

/// W306: the last day is near, nothing follows, and nothing rolls on by itself.
fn ends_soon(subject: &Subject<'_>, succeeded: bool, at: Instant) -> Option<Diagnostic> {
    let agreement = &subject.agreement;
    let rolls = matches!(agreement.renewal, Renewal::Auto { .. });
    if succeeded || rolls || agreement.termination.is_some() || agreement.period.end == PeriodEnd::Open {
        return None;
    }
    let last_day = effective_interval(agreement)?.last_day()?;
    let today = agreement.zone.day_of(at);
    let leads = agreement.notices.events.values().flat_map(|rule| rule.before.iter().copied());
    let days_of_leads = leads.filter_map(|lead| lead.before(last_day));
    let soon_from = days_of_leads.min().or_else(|| USUAL_LEAD.before(last_day))?;
    let days = today.until(last_day).ok()?.get_days();
    let over = midnight(today) > midnight(last_day);
    (!over && soon_from <= today).then(|| {
        let when = match days {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            _ => format!("in {days} days, on {last_day},"),
        };
        let path: &[&str] = match agreement.period.end {
            PeriodEnd::Term(_) => &["period", "term"],
            PeriodEnd::LastDay(_) | PeriodEnd::Open => &["period", "last_day"],
        };
        let message = format!("`{}` ends {when} and has no successor", subject.id());
        Diagnostic { ends_in: u16::try_from(days).ok(), ..subject.fault(Code::W306, path, message) }
            .help(format!("create its successor with `servanda renew {0}`, extend it with `servanda extend {0}`, or silence this under `allow:` if it is meant to end", subject.id()))
    })
}
