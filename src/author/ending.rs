//! Selects the agreements that are due for renewal.

use std::collections::BTreeMap;

use super::edit_target::EditRefused;
use super::renew::{NextPeriod, covers, ends_on, next_period};
use crate::agreement::Agreement;
use crate::calendar::{Instant, Lead, Term};
use crate::status::never_begins;

/// The agreements that end soon, each with a `Subject` of the caller.
#[derive(Debug)]
pub struct Ending<'a, Subject> {
    /// Those that can be renewed, each with the period of its successor.
    pub renewable: Vec<(Subject, NextPeriod)>,
    /// Those that are not renewed.
    pub skipped: Vec<NotRenewed<'a>>,
}

/// An agreement that ends soon and is not renewed.
#[derive(Debug)]
pub struct NotRenewed<'a> {
    /// The agreement.
    pub agreement: &'a Agreement,
    /// The kind of the reason.
    pub reason: SkipReason,
    /// The reason, for people.
    pub message: String,
}

/// The kind of a reason for which an agreement is not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It cannot be renewed.
    Refused,
    /// Its file says that it is meant to end.
    MeantToEnd,
    /// Another agreement of the client follows it without naming it.
    Followed,
}

/// The agreements that another one renews, each with the id of its successor. One that never begins is none.
pub fn successors(agreements: &[Agreement]) -> BTreeMap<&str, &str> {
    let renewing = agreements.iter().filter_map(|agreement| {
        let before = agreement.renews.as_ref()?;
        (!never_begins(agreement)).then_some((before.as_str(), agreement.id.as_str()))
    });
    renewing.collect()
}

/// Selects the agreements whose last day is within `lead` days from `at`, and that have no successor. `subject` leaves out an
/// agreement by `None`, `is_meant_to_end` says whether its file silences W306, and `term` is the length of the next period;
/// without it, that of the current one.
pub fn ending_within<'a, Subject>(
    agreements: &'a [Agreement],
    subject: impl Fn(&'a Agreement) -> Option<Subject>,
    is_meant_to_end: impl Fn(&Subject) -> bool,
    lead: Lead,
    term: Option<Term>,
    at: Instant,
) -> Ending<'a, Subject> {
    let successors = successors(agreements);
    let mut by_client: BTreeMap<&str, Vec<&Agreement>> = BTreeMap::new();
    for agreement in agreements {
        by_client.entry(agreement.client.as_str()).or_default().push(agreement);
    }
    let mut ending = Ending { renewable: Vec::new(), skipped: Vec::new() };
    for agreement in agreements {
        let id = agreement.id.as_str();
        let Some(subject) = subject(agreement) else { continue };
        let today = agreement.zone.day_of(at);
        if successors.contains_key(id) || !ends_on(agreement).is_some_and(|day| lead.reaches(day, today)) {
            continue;
        }
        let mut skip = |reason, message| ending.skipped.push(NotRenewed { agreement, reason, message });
        match next_period(agreement, term, at) {
            Err(EditRefused { message, .. }) => skip(SkipReason::Refused, message),
            Ok(_) if is_meant_to_end(&subject) => {
                skip(
                    SkipReason::MeantToEnd,
                    format!("`{id}` is meant to end: it silences W306 under `allow`"),
                );
            }
            Ok(next) => {
                let others = &by_client[agreement.client.as_str()];
                match others.iter().find(|other| covers(other, agreement, next)) {
                    Some(other) => skip(
                        SkipReason::Followed,
                        format!(
                            "`{id}` is followed by `{}`, which does not name it under `renews`",
                            other.id
                        ),
                    ),
                    None => ending.renewable.push((subject, next)),
                }
            }
        }
    }
    ending
}
