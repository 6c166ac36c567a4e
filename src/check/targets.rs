//! E401 to W410: by when one is answered and helped. Times are compared on the same clock only: hours with
//! hours, business days with business days.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;

use crate::agreement::{PeriodEnd, Target};
use crate::calendar::TargetTime;
use crate::catalog::Catalog;
use crate::check::overlap::in_words;
use crate::check::reader::AgreementReader;
use crate::check::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::ident::{CalendarSlug, PriorityName};

impl AgreementReader<'_> {
    /// Hours and targets that hold for every service without its own.
    pub(super) fn sla(
        &mut self,
        written: Option<&shape::SlaShape>,
    ) -> (Option<CalendarSlug>, LiteMap<PriorityName, Target>) {
        let Some(written) = written else {
            return (None, LiteMap::new());
        };
        let calendar = written.calendar.as_ref().and_then(|slug| self.calendar(&["sla", "calendar"], slug));
        (calendar, self.targets(&["sla", "targets"], written.targets.as_ref()))
    }

    /// Targets by priority, at a path.
    pub(super) fn targets(
        &mut self,
        path: &[&str],
        written: Option<&BTreeMap<String, shape::TargetShape>>,
    ) -> LiteMap<PriorityName, Target> {
        let mut targets = LiteMap::new();
        for (name, times) in written.into_iter().flatten() {
            let shape::FalseOr::Set(times) = times else {
                continue;
            };
            let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            let priority = self.priority(&path, name);
            if times.response.is_none() && times.resolution.is_none() {
                self.value_fault(
                    Code::E109,
                    &path,
                    "the target has neither `response` nor `resolution`",
                    "add `response: 30m`, `resolution: 4h`, or both",
                );
            }
            let target = Target {
                response: self.target_time(&path, "response", times.response.as_deref()),
                resolution: self.target_time(&path, "resolution", times.resolution.as_deref()),
            };
            if let Some(priority) = priority {
                targets.insert(priority, target);
            }
        }
        targets
    }

    fn target_time(&mut self, path: &[&str], leaf: &str, text: Option<&str>) -> Option<TargetTime> {
        let text = text?;
        let path: Vec<&str> = path.iter().copied().chain([leaf]).collect();
        let code = match TargetTime::plain_days(text) {
            Some(0) => Code::E402,
            Some(_) => Code::E412,
            None => Code::E009,
        };
        self.taken(code, &path, TargetTime::read(text))
    }
}

/// The rules over the targets of one agreement and of its services.
pub(super) fn check(subject: &Subject<'_>, catalog: &Catalog) -> Vec<Diagnostic> {
    let agreement = &subject.agreement;
    let longest = longest_period(subject);
    let mut diagnostics = Vec::new();
    let mut check_map = |path: &[&str], targets: &LiteMap<PriorityName, Target>| {
        for (priority, target) in targets {
            let path: Vec<&str> = path.iter().copied().chain([priority.as_str()]).collect();
            diagnostics.extend(check_one(subject, &path, target, longest));
        }
    };
    check_map(&["sla", "targets"], &agreement.targets);
    for (service, coverage) in &agreement.services {
        check_map(&["services", service.as_str(), "targets"], &coverage.targets);
    }
    diagnostics.extend(missing(subject, catalog));
    diagnostics
}

fn check_one(subject: &Subject<'_>, path: &[&str], target: &Target, longest: Option<u32>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let at = |leaf| -> Vec<&str> { path.iter().copied().chain([leaf]).collect() };
    for (leaf, time) in [("response", target.response), ("resolution", target.resolution)] {
        if time.is_some_and(TargetTime::is_zero) {
            let message = format!("the {leaf} target is zero");
            diagnostics.push(
                subject
                    .fault(Code::E402, &at(leaf), message)
                    .help("use a duration such as 30m, or delete it"),
            );
        }
    }
    if let (Some(response), Some(resolution)) = (target.response, target.resolution)
        && response.is_weaker_than(resolution) == Some(true)
        && !resolution.is_zero()
    {
        let message =
            format!("the response target, {response}, is longer than the resolution target, {resolution}");
        let diagnostic = subject.fault(Code::E401, &at("response"), message);
        let other = subject.places.value(&at("resolution"));
        let diagnostic = match other {
            Some(place) => diagnostic.related(place, "the resolution target"),
            None => diagnostic,
        };
        diagnostics.push(diagnostic.help("make the response target shorter than the resolution target"));
    }
    if let (Some(response), Some(longest)) = (target.response, longest)
        && days(response) > longest
    {
        let message = format!("the response target, {response}, is longer than the period of {longest} days");
        diagnostics.push(
            subject
                .fault(Code::W410, &at("response"), message)
                .help("check the response target and the period"),
        );
    }
    diagnostics
}

/// Whole days that a target takes at least.
fn days(time: TargetTime) -> u32 {
    match time {
        TargetTime::Seconds(seconds) => seconds / (24 * 3600),
        TargetTime::BusinessDays(days) => days,
    }
}

/// The days of the agreed period, where both of its ends are known.
fn longest_period(subject: &Subject<'_>) -> Option<u32> {
    let period = &subject.agreement.period;
    let first_day = period.first_day?;
    let last_day = match period.end {
        PeriodEnd::LastDay(day) => day,
        PeriodEnd::Term(term) => term.last_day(first_day)?,
        PeriodEnd::Open => return None,
    };
    u32::try_from(first_day.until(last_day).ok()?.get_days() + 1).ok()
}

/// W404, once for all services, and only where the agreement promises times at all.
fn missing(subject: &Subject<'_>, catalog: &Catalog) -> Option<Diagnostic> {
    let agreement = &subject.agreement;
    let general = &agreement.targets;
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for coverage in agreement.services.values() {
        if general.is_empty() && coverage.targets.is_empty() {
            continue;
        }
        let promised = |priority: &PriorityName| {
            general.contains_key(priority.as_str()) || coverage.targets.contains_key(priority.as_str())
        };
        missing.extend(
            catalog
                .priorities
                .keys()
                .filter(|priority| !promised(priority))
                .map(|priority| priority.as_str()),
        );
    }
    (!missing.is_empty()).then(|| {
        let message = format!("no target for {}", in_words(&missing));
        subject
            .fault(Code::W404, &["sla", "targets"], message)
            .help("add it under `sla.targets`, or silence this under `allow:` if best effort is agreed")
    })
}
