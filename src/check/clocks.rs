//! E405, W411, and E401 where response and resolution are counted on different clocks: targets held against the
//! hours they are counted on. Of a calendar whose hours only the helpdesk knows nothing is judged.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::agreement::{Agreement, Services, Shared, Target, Targets};
use crate::calendar::{Day, Hours, Pauses, TargetTime, due};
use crate::catalog::{Catalog, TargetClock};
use crate::check::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::ident::{CalendarSlug, PriorityName, ServiceSlug};
use crate::status::period_at;

/// The days from which starts are simulated: an ordinary week from a Monday on.
const MONDAY: Day = jiff::civil::date(2026, 3, 2);

/// The terms by which the clocks of targets differ within one catalog: services, targets, calendar, name of the time zone.
type Terms = (Shared<Services>, Shared<Targets>, Option<CalendarSlug>, String);

/// The terms in which nothing was found, which most agreements of a template have alike.
#[derive(Default)]
pub(super) struct SoundTerms(Mutex<BTreeSet<Terms>>);

impl SoundTerms {
    /// Asks for the findings in the terms of an agreement, unless nothing was found in equal ones before.
    fn unless_known(&self, agreement: &Agreement, find: impl FnOnce() -> Vec<Diagnostic>) -> Vec<Diagnostic> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Agreement { services, targets, calendar, zone, .. } = agreement;
        let terms = (services.clone(), targets.clone(), calendar.clone(), zone.name().to_owned());
        if known().contains(&terms) {
            return Vec::new();
        }
        let found = find();
        if found.is_empty() {
            known().insert(terms);
        }
        found
    }
}

/// The rules over the clocks of one agreement, on the day that is asked about.
pub(super) fn check(
    subject: &Subject<'_>,
    catalog: &Catalog,
    sound: &SoundTerms,
    at: crate::calendar::Instant,
) -> Vec<Diagnostic> {
    let mut diagnostics = calendars(subject, catalog, at);
    diagnostics.extend(sound.unless_known(&subject.agreement, || targets(subject, catalog)));
    diagnostics
}

/// Targets held against the hours on which they are counted.
fn targets(subject: &Subject<'_>, catalog: &Catalog) -> Vec<Diagnostic> {
    let agreement = &subject.agreement;
    let mut diagnostics = Vec::new();
    let mut seen = BTreeSet::new();
    for service in agreement.services.keys() {
        let calendar = agreement.calendar_of(service);
        for (priority, target) in &agreement.targets_of(service) {
            if !counts_days(target) {
                continue;
            }
            let path = target_path(agreement, service, priority);
            if seen.insert((path.join(" "), calendar)) {
                diagnostics.extend(one(subject, &path, target, catalog, calendar));
            }
        }
    }
    diagnostics
}

/// Whether hours can matter: times that are all counted in hours are compared without a clock, and need none.
fn counts_days(target: &Target) -> bool {
    let times = [target.response, target.resolution];
    times.into_iter().flatten().any(|time| matches!(time, TargetTime::BusinessDays(_)))
}

/// Where a target of a service is written.
fn target_path<'a>(
    agreement: &Agreement,
    service: &'a ServiceSlug,
    priority: &'a PriorityName,
) -> Vec<&'a str> {
    let own = agreement.services.get(service).is_some_and(|coverage| coverage.targets.contains_key(priority));
    if own {
        vec!["services", service.as_str(), "targets", priority.as_str()]
    } else {
        vec!["sla", "targets", priority.as_str()]
    }
}

/// Calendars that are never open, or known for too short a time.
fn calendars(subject: &Subject<'_>, catalog: &Catalog, at: crate::calendar::Instant) -> Vec<Diagnostic> {
    let agreement = &subject.agreement;
    let general = agreement.calendar.iter().map(|calendar| (vec!["sla", "calendar"], calendar));
    let own = agreement.services.iter().filter_map(|(service, coverage)| {
        Some((vec!["services", service.as_str(), "calendar"], coverage.calendar.as_ref()?))
    });
    let mut diagnostics = Vec::new();
    for (path, calendar) in general.chain(own) {
        let Some(hours) = catalog.hours.get(calendar) else {
            continue;
        };
        if hours.versions().any(Hours::is_never_open) {
            let message = format!("the calendar `{calendar}` is never open");
            let fault = subject.fault(Code::E405, &path, message);
            diagnostics.push(fault.help(format!("add its hours under `week:` in calendars/{calendar}.yaml")));
        }
        let last_day = period_at(agreement, at).last_day;
        let known = hours.versions().filter_map(Hours::last_known_day).last();
        if let Some((known, last_day)) = known.zip(last_day)
            && known < last_day
        {
            let message = format!(
                "the exceptions of `{calendar}` are known through {known}, but the agreement ends on {last_day}"
            );
            let fault = subject.fault(Code::W411, &path, message);
            diagnostics.push(fault.help(format!(
                "add later exceptions to calendars/{calendar}.yaml, and update `known_through`"
            )));
        }
    }
    diagnostics
}

fn one(
    subject: &Subject<'_>,
    path: &[&str],
    target: &Target,
    catalog: &Catalog,
    calendar: Option<&CalendarSlug>,
) -> Option<Diagnostic> {
    let clocks = catalog.clocks(calendar, &subject.agreement.zone);
    clocks.into_iter().find_map(|clock| against(subject, path, target, clock))
}

fn against(
    subject: &Subject<'_>,
    path: &[&str],
    target: &Target,
    clock: TargetClock<'_>,
) -> Option<Diagnostic> {
    let under = |leaf| -> Vec<&str> { path.iter().copied().chain([leaf]).collect() };
    match clock {
        TargetClock::Elsewhere => None,
        TargetClock::RealTime => {
            let times = [("response", target.response), ("resolution", target.resolution)];
            let (leaf, time) =
                times.into_iter().find(|(_, time)| matches!(time, Some(TargetTime::BusinessDays(_))))?;
            let message = format!("{} without a calendar", time?);
            let fault = subject.fault(Code::E405, &under(leaf), message);
            Some(fault.help("add `sla: { calendar: … }` (`24x7` if every day counts), or use hours"))
        }
        TargetClock::Hours(hours) => {
            let (response, resolution) = (target.response?, target.resolution?);
            // Times on one clock are compared without one.
            let is_mixed = response.is_weaker_than(resolution).is_none();
            if !is_mixed || hours.is_never_open() || !always_later(&hours, response, resolution) {
                return None;
            }
            let message = format!(
                "the response target of {response} always ends after the resolution target of {resolution} on this calendar"
            );
            let fault = subject.fault(Code::E401, &under("response"), message);
            Some(fault.help("make the response target shorter than the resolution target"))
        }
    }
}

/// Whether one time ends after the other from every hour of a week without exceptions.
fn always_later(hours: &Hours, one: TargetTime, other: TargetTime) -> bool {
    let usual = hours.usual();
    let days = std::iter::successors(Some(MONDAY), |day| day.tomorrow().ok()).take(7);
    let mut starts = days.flat_map(|day| (0..24).map(move |hour| (day, hour)));
    starts.all(|(day, hour)| {
        let start = usual.zone().at(day, hour, 0);
        let ends = |time| due(Some(&usual), start, time, &Pauses::default());
        // What cannot be counted within ten years is later than anything.
        ends(other).is_some_and(|other| ends(one).is_none_or(|one| one > other))
    })
}

#[cfg(test)]
mod tests {
    use crate::check::tests::reported;

    #[test]
    fn equal_terms_are_found_at_each_agreement_and_other_hours_are_judged_anew() {
        let file = |client: &str, calendar: &str| {
            format!(
                "# agreements/{client}.yaml\nclient: {client}\nservices: {{ email: true }}\nperiod: {{ first_day: 2026-01-01, term: 1y }}\nsla:\n{calendar}  targets:\n    critical:\n      resolution: 2 business days\n"
            )
        };
        let files = [file("dent-mayak", "  calendar: 24x7\n"), file("dent-profi", ""), file("silent", "")];
        let mut found = reported(&files.concat());
        found.retain(|line| line.ends_with("E405"));
        assert_eq!(found, ["agreements/dent-profi.yaml:7:19 E405", "agreements/silent.yaml:7:19 E405"]);
    }
}
