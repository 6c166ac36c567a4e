//! W213: an edit of a renewal or a term that changes periods which have begun. It needs the files from before the edit, so
//! that only a comparison with a base reports it.

use std::collections::BTreeMap;

use crate::agreement::{Agreement, PeriodEnd};
use crate::calendar::{Day, Instant};
use crate::check::subject::fault_at;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ident::AgreementId;
use crate::status::{CurrentPeriod, period_at};
use crate::template::Resolved;

/// The number of begun periods that are compared, from the first.
const COMPARED: usize = 1_000;

/// The warnings about agreements of which an edit changes periods that have begun.
pub fn changed_periods(
    before: &[Agreement],
    after: &[Agreement],
    resolved: &[Resolved<'_>],
    at: Instant,
) -> Diagnostics {
    let earlier: BTreeMap<&AgreementId, &Agreement> =
        before.iter().map(|agreement| (&agreement.id, agreement)).collect();
    let places: BTreeMap<&AgreementId, &Resolved<'_>> =
        resolved.iter().map(|resolved| (&resolved.id, resolved)).collect();
    let changed = after.iter().filter_map(|agreement| {
        let mut names = agreement.formerly.iter().chain([&agreement.id]);
        let before = names.find_map(|name| earlier.get(name))?;
        warning(before, agreement, places.get(&agreement.id)?, at)
    });
    changed.collect()
}

fn warning(before: &Agreement, after: &Agreement, places: &Resolved<'_>, at: Instant) -> Option<Diagnostic> {
    let is_renewal = before.renewal != after.renewal;
    let has_term = |agreement: &Agreement| matches!(agreement.period.end, PeriodEnd::Term(_));
    let is_term = before.period.end != after.period.end && (has_term(before) || has_term(after));
    let is_allowed = places.tree.get(&["allow", Code::W213.as_str()]).is_some();
    if !(is_renewal || is_term) || is_allowed || before.period.first_day != after.period.first_day {
        return None;
    }
    if begun(before, at) == begun(after, at) {
        return None;
    }
    let (id, today) = (&after.id, after.zone.day_of(at));
    let message = format!(
        "the edit changes periods that have begun: without it, `{id}` {}; with it, it {}",
        in_words(period_at(before, at), today),
        in_words(period_at(after, at), today)
    );
    let path: &[&str] = if is_renewal { &["renewal"] } else { &["period", "term"] };
    Some(fault_at(places, Code::W213, path, message).help(
        "to end it after the present period, set `renewal.max_terms`, or `termination` on a day to come; for other terms from then on, write a successor with `renews`",
    ))
}

/// The first days of the periods that have begun, and the day on which the last of them ended, if it has.
fn begun(agreement: &Agreement, at: Instant) -> (Vec<Day>, Option<Day>) {
    let today = agreement.zone.day_of(at);
    let mut period = period_at(agreement, Instant::MIN);
    let mut first_days = Vec::new();
    while let Some(first_day) = period.first_day.filter(|day| *day <= today) {
        first_days.push(first_day);
        let next = period.agreed_last_day.and_then(|day| day.tomorrow().ok());
        let following = next.map(|day| period_at(agreement, agreement.zone.start_of(day)));
        match following {
            Some(next) if next.number > period.number && first_days.len() < COMPARED => period = next,
            _ => break,
        }
    }
    (first_days, period_at(agreement, at).agreed_last_day.filter(|day| *day < today))
}

/// The period of today, or the end of the last one.
fn in_words(period: CurrentPeriod, today: Day) -> String {
    match (period.first_day, period.agreed_last_day) {
        (_, Some(last_day)) if last_day < today => format!("ended on {last_day}"),
        (Some(first_day), Some(last_day)) => format!("runs from {first_day} through {last_day}"),
        _ => "has no end".to_owned(),
    }
}
