//! E201 to W212: when an agreement holds. Reads days, terms and the entries made by hand, and then holds
//! them against each other.

use crate::agreement::{
    Activation, ActivationEntry, ActivationStatus, Agreement, Period, PeriodEnd, Renewal, Suspension,
    Termination,
};
use crate::calendar::{Day, Instant, Lead, Term, Zone};
use crate::check::reader::AgreementReader;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::shape;
use crate::status::{bound, bound_without_termination};

/// The longest and shortest period that is nothing to wonder at, in days.
const USUAL_DAYS: std::ops::RangeInclusive<i32> = 7..=3653;

impl AgreementReader<'_> {
    /// First day and end. A period (open-ended) is E202.
    pub(super) fn period(&mut self, written: &shape::PeriodShape) -> Option<Period> {
        let first_day = self.day(&["period", "first_day"], written.first_day.as_deref());
        let end = match (&written.last_day, &written.term, written.open_ended) {
            (Some(day), _, _) => PeriodEnd::LastDay(self.day(&["period", "last_day"], Some(day))?),
            (None, Some(term), _) => {
                PeriodEnd::Term(self.taken(Code::E009, &["period", "term"], Term::read(term))?)
            }
            (None, None, Some(true)) => PeriodEnd::Open,
            (None, None, _) => {
                self.fault(
                    Code::E202,
                    &["period"],
                    "the end of the period is missing",
                    "add `last_day: 2026-12-31`, `term: 1y` or `open_ended: true` under `period:`",
                );
                return None;
            }
        };
        if written.first_day.is_some() && first_day.is_none() {
            return None;
        }
        if let (Some(day), PeriodEnd::Term(term)) = (first_day, end)
            && term.last_day(day).is_none()
        {
            self.fault(
                Code::E203,
                &["period", "first_day"],
                "the period ends beyond the year 9999",
                "use a shorter term, or `open_ended: true`",
            );
            return None;
        }
        Some(Period { first_day, end })
    }

    /// `auto`, or the entries made by hand, which must stand in the order of their instants.
    pub(super) fn activation(
        &mut self,
        written: Option<&shape::ActivationShape>,
        zone: &Zone,
    ) -> Option<Activation> {
        let Some(shape::ActivationShape::Log(log)) = written else {
            return Some(Activation::Auto);
        };
        let mut entries: Vec<ActivationEntry> = Vec::with_capacity(log.len());
        let mut complete = true;
        for (index, step) in log.iter().enumerate() {
            let index = index.to_string();
            let Some(entry) = self.entry(&index, step, zone) else {
                complete = false;
                continue;
            };
            if let Some(previous) = entries.last() {
                self.entry_order(&index, previous, &entry);
            }
            entries.push(entry);
        }
        complete.then_some(Activation::Manual(entries))
    }

    fn entry(
        &mut self,
        index: &str,
        step: &shape::ActivationEntryShape,
        zone: &Zone,
    ) -> Option<ActivationEntry> {
        let status = match step.status {
            Some(shape::ManualStatusShape::Planned) => ActivationStatus::Planned,
            Some(shape::ManualStatusShape::Active) => ActivationStatus::Active,
            Some(shape::ManualStatusShape::Suspended) => ActivationStatus::Suspended,
            Some(shape::ManualStatusShape::Ended) => ActivationStatus::Ended,
            None => {
                self.fault(
                    Code::E109,
                    &["activation", index],
                    "`status` is missing",
                    "add `status: active` (or planned, suspended, ended)",
                );
                return None;
            }
        };
        let at = self.moment(&["activation", index], ("on", step.on.as_deref()), step.at.as_deref(), zone)?;
        Some(ActivationEntry { at: at.0, status, reason: step.reason.clone(), by: step.by.clone() })
    }

    fn entry_order(&mut self, index: &str, previous: &ActivationEntry, entry: &ActivationEntry) {
        let path = ["activation", index];
        if previous.status == ActivationStatus::Ended {
            self.fault(
                Code::E206,
                &path,
                "entry after `ended`, which is final",
                "change `ended` to `suspended`, or write a new agreement that `renews` this one",
            );
        } else if entry.at == previous.at {
            self.fault(
                Code::E206,
                &path,
                "two entries have the same instant",
                "keep one of them, or give each its own `at:`",
            );
        } else if entry.at < previous.at {
            self.fault(
                Code::E206,
                &path,
                "the entry is earlier than the previous one",
                "keep the list in chronological order: add new entries at the end",
            );
        }
    }

    /// A day (its first instant) or an instant, of which exactly one is written; and whether it was the day.
    fn moment(
        &mut self,
        path: &[&str],
        (day_key, day): (&str, Option<&str>),
        at: Option<&str>,
        zone: &Zone,
    ) -> Option<(Instant, Option<Day>)> {
        let under = |leaf| -> Vec<&str> { path.iter().copied().chain([leaf]).collect() };
        match (day, at) {
            (Some(_), Some(_)) => {
                self.fault(
                    Code::E014,
                    &under("at"),
                    format!("`{day_key}` and `at` exclude each other"),
                    "keep one of them",
                );
                None
            }
            (None, None) => {
                self.fault(
                    Code::E109,
                    path,
                    format!("`{day_key}` is missing"),
                    format!("add `{day_key}: 2026-03-01`, or `at: 2026-03-01T12:00:00+03:00`"),
                );
                None
            }
            (Some(day), None) => {
                let day = self.day(&under(day_key), Some(day))?;
                Some((zone.start_of(day), Some(day)))
            }
            (None, Some(at)) => Some((self.instant(&under("at"), Some(at))?, None)),
        }
    }

    /// The spans of rest, in order and apart from each other, and at which place in the list each is written.
    pub(super) fn suspensions(
        &mut self,
        written: &[shape::SuspensionShape],
    ) -> (Vec<Suspension>, Vec<usize>) {
        let mut rests: Vec<(usize, Suspension)> = Vec::with_capacity(written.len());
        for (index, span) in written.iter().enumerate() {
            let at = index.to_string();
            if span.from.is_none() {
                self.fault(
                    Code::E109,
                    &["suspensions", &at],
                    "`from` is missing",
                    "add `from: 2026-07-01`, the first day of the suspension",
                );
            }
            let until = self.day(&["suspensions", &at, "until"], span.until.as_deref());
            let Some(from) = self.day(&["suspensions", &at, "from"], span.from.as_deref()) else {
                continue;
            };
            if until.is_some_and(|until| until < from) {
                self.fault(
                    Code::E209,
                    &["suspensions", &at, "until"],
                    "the suspension ends before it begins",
                    "use a later `until`, which is the last day of the suspension, inclusive",
                );
                continue;
            }
            rests.push((index, Suspension { from, until, reason: span.reason.clone() }));
        }
        rests.sort_by_key(|(index, rest)| (rest.from, *index));
        for pair in rests.windows(2) {
            let [(_, earlier), (index, later)] = pair else {
                continue;
            };
            if earlier.until.is_none_or(|until| later.from <= until) {
                let until =
                    earlier.until.map_or_else(|| "(open-ended)".to_owned(), |until| format!("until {until}"));
                let message = format!("the suspension overlaps the one from {} {until}", earlier.from);
                self.fault(
                    Code::E209,
                    &["suspensions", &index.to_string()],
                    message,
                    "merge them into one, or end one before the other begins",
                );
            }
        }
        rests.into_iter().map(|(index, rest)| (rest, index)).unzip()
    }

    /// The early end.
    pub(super) fn termination(
        &mut self,
        written: &shape::TerminationShape,
        zone: &Zone,
    ) -> Option<Termination> {
        let (at, last_day) = self.moment(
            &["termination"],
            ("last_day", written.last_day.as_deref()),
            written.at.as_deref(),
            zone,
        )?;
        let reason = written.reason.clone();
        let day = if written.at.is_some() { "at" } else { "last_day" };
        let place = self.places.value(&["termination", day]);
        let is_of_entry = place.is_some_and(|place| self.places.is_of_entry(place));
        if let Some(last_day) = last_day {
            let at = zone.start_of(last_day.tomorrow().unwrap_or(last_day));
            return Some(Termination { at, last_day, reason, is_of_entry });
        }
        let before = Instant::from_nanosecond(at.as_nanosecond() - 1).unwrap_or(at);
        let last_day = zone.day_of(before);
        Some(Termination { at, last_day, reason, is_of_entry })
    }

    /// The renewal after the last day.
    pub(super) fn renewal(&mut self, written: &shape::RenewalShape, period: &Period) -> Option<Renewal> {
        let notice_period = match &written.notice_period {
            Some(text) => Some(self.taken(Code::E009, &["renewal", "notice_period"], Lead::read(text))?),
            None => None,
        };
        match written.mode {
            None | Some(shape::RenewalModeShape::None) => Some(Renewal::None),
            Some(shape::RenewalModeShape::Manual) => Some(Renewal::Manual { notice_period }),
            Some(shape::RenewalModeShape::Auto) => {
                let term = match (&written.term, period.end) {
                    (Some(text), _) => self.taken(Code::E009, &["renewal", "term"], Term::read(text))?,
                    (None, PeriodEnd::Term(term)) => term,
                    (None, PeriodEnd::Open) => return Some(Renewal::None),
                    (None, PeriodEnd::LastDay(_)) => {
                        self.fault(
                            Code::E109,
                            &["renewal"],
                            "`renewal.term` is missing",
                            "add `term: 1y` under `renewal:`, the length of each further period",
                        );
                        return None;
                    }
                };
                Some(Renewal::Auto { term, notice_period, max_terms: written.max_terms })
            }
        }
    }

    /// The rules over the whole of an agreement's time.
    pub(super) fn check_time(&mut self, agreement: &Agreement, suspension_order: &[usize]) {
        self.check_period(agreement);
        self.check_termination(agreement);
        self.check_suspensions(agreement, suspension_order);
        self.check_log(agreement);
    }

    fn check_period(&mut self, agreement: &Agreement) {
        let period = &agreement.period;
        let Some(first_day) = period.first_day else {
            if agreement.activation == Activation::Auto {
                self.fault(
                    Code::E205,
                    &["period"],
                    "`period.first_day` is missing",
                    "add `first_day: 2026-01-01` under `period:`, or a manual `activation:` list",
                );
            }
            return;
        };
        if let Some((_, last_day)) = crate::check::notices::agreed_days(agreement) {
            let days = crate::check::notices::length(first_day, last_day);
            if last_day < first_day {
                let diagnostic = fault(
                    self,
                    Code::E201,
                    &["period", "last_day"],
                    format!("the last day, {last_day}, is before the first day, {first_day}"),
                );
                let diagnostic = match self.places.value(&["period", "first_day"]) {
                    Some(place) => diagnostic.related(place, "the first day"),
                    None => diagnostic,
                };
                self.faults
                    .push(diagnostic.help("both days are inclusive: use a last day on or after the first"));
            } else if !USUAL_DAYS.contains(&days) {
                let path: &[&str] = if matches!(period.end, PeriodEnd::Term(_)) {
                    &["period", "term"]
                } else {
                    &["period", "last_day"]
                };
                self.fault(
                    Code::W208,
                    path,
                    format!(
                        "unusual length of the period: {days} {}, until {last_day}",
                        if days == 1 { "day" } else { "days" }
                    ),
                    "check the year, or silence this under `allow:` if it is correct",
                );
            }
        }
        self.check_clamping(agreement, first_day);
    }

    /// W212: terms of months from a day that not every month has.
    fn check_clamping(&mut self, agreement: &Agreement, first_day: Day) {
        let of_period = match agreement.period.end {
            PeriodEnd::Term(term) => Some(term),
            PeriodEnd::LastDay(_) | PeriodEnd::Open => None,
        };
        let of_renewal = match agreement.renewal {
            Renewal::Auto { term, .. } => Some(term),
            Renewal::None | Renewal::Manual { .. } => None,
        };
        let clamps = |term: Term| {
            let by_months = term.months % 12 != 0 && first_day.day() > 28;
            let by_years = term.months != 0 && first_day.month() == 2 && first_day.day() == 29;
            by_months || by_years
        };
        if [of_period, of_renewal].into_iter().flatten().any(clamps) {
            let message = format!(
                "not every month has a day {}, so periods will begin on different days",
                first_day.day()
            );
            self.fault(
                Code::W212,
                &["period", "first_day"],
                message,
                "use a first day up to the 28th, or silence this under `allow:`",
            );
        }
    }

    fn check_termination(&mut self, agreement: &Agreement) {
        let Some(termination) = &agreement.termination else {
            return;
        };
        let path: &[&str] = match self.places.value(&["termination", "at"]) {
            Some(place) if self.places.value(&["termination"]) != Some(place) => &["termination", "at"],
            _ => &["termination", "last_day"],
        };
        // A successor may be terminated with its predecessor, before it begins.
        if let Some(first_day) = agreement.period.first_day
            && agreement.renews.is_none()
            && termination.at <= agreement.zone.start_of(first_day)
        {
            let message = format!("the termination is before the first day, {first_day}");
            self.fault(Code::E210, path, message, "correct the day, or delete `termination:`");
        } else if let Some(agreed) = agreed_bound(agreement)
            && termination.at > agreed
        {
            let last_day =
                agreement.zone.day_of(Instant::from_nanosecond(agreed.as_nanosecond() - 1).unwrap_or(agreed));
            let message = format!("the termination is after the agreed last day, {last_day}");
            self.fault(
                Code::E210,
                path,
                message,
                "a termination ends an agreement early; to extend it, use a later `last_day` under `period:`",
            );
        }
    }

    fn check_suspensions(&mut self, agreement: &Agreement, order: &[usize]) {
        if agreement.suspensions.is_empty() {
            return;
        }
        let first_day = agreement.period.first_day;
        let agreed = agreed_bound(agreement);
        for (rest, index) in agreement.suspensions.iter().zip(order) {
            let before = first_day.zip(rest.until).is_some_and(|(first_day, until)| until < first_day);
            let after = agreed.is_some_and(|agreed| agreed <= agreement.zone.start_of(rest.from));
            if before || after {
                let side = if before { "before the first day" } else { "after the last day" };
                let message = format!("the suspension from {} is {side}", rest.from);
                self.fault(
                    Code::E209,
                    &["suspensions", &index.to_string()],
                    message,
                    "delete it, or move its days into the period",
                );
            }
        }
    }

    /// W207: an entry `active` that the end of the period leaves without effect.
    fn check_log(&mut self, agreement: &Agreement) {
        let (Activation::Manual(entries), Some(bound)) = (&agreement.activation, bound(agreement)) else {
            return;
        };
        for (index, entry) in entries.iter().enumerate() {
            if entry.status == ActivationStatus::Active && bound.at <= entry.at {
                let end = agreement.zone.write(bound.at);
                let message = format!("the agreement ended at {end}, so this activation has no effect");
                self.fault(
                    Code::W207,
                    &["activation", &index.to_string()],
                    message,
                    "use a later `last_day` under `period:`, or write a new agreement that `renews` this one",
                );
            }
        }
    }
}

fn fault(reader: &AgreementReader<'_>, code: Code, path: &[&str], message: String) -> Diagnostic {
    crate::check::subject::fault_at(reader.places, code, path, message)
}

/// When the agreement would be over without a termination.
fn agreed_bound(agreement: &Agreement) -> Option<Instant> {
    bound_without_termination(agreement).map(|bound| bound.at)
}
