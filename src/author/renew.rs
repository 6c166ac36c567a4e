//! The next document of a chain: the bytes of the old one, with only what must be different changed.
//!
//! What happened to one agreement alone does not go on into the next: its termination, the log kept by hand, its
//! suspensions, former names, what it adopted and what it was allowed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::edit_target::{EditRefused, EditTarget, put};
use crate::agreement::{Activation, ActivationStatus, Agreement, PeriodEnd, Renewal};
use crate::calendar::{Day, Instant, Term};
use crate::document::Document;
use crate::edit::{Draft, EditedText};
use crate::ident::AgreementId;
use crate::status::{bound, period_at};

/// The keys that belong to one agreement alone.
const LEFT_BEHIND: [&str; 5] = ["suspensions", "termination", "formerly", "adopts", "allow"];

/// The overrides besides the days.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenewalOptions<'a> {
    /// The time the next period runs; without it, as long as the last.
    pub term: Option<Term>,
    /// The number of the next contract; without it, the same, since a chain may share one.
    pub number: Option<&'a str>,
}

/// The days of the agreement that follows on from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPeriod {
    /// The day after the last one.
    pub first_day: Day,
    /// The last day, counted in.
    pub last_day: Day,
    /// The way its end is to be written.
    end: NextEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextEnd {
    /// By a term that is written already.
    AsItStands,
    /// By another term.
    Term(Term),
    /// By its last day.
    LastDay(Day),
}

/// The day on which an agreement really ends, as far as is written; `None` where it has no end, or none that a renewal
/// could follow.
pub(super) fn ends_on(agreement: &Agreement) -> Option<Day> {
    let bound = bound(agreement).filter(|bound| !bound.by_termination)?;
    agreement.zone.day_of(bound.at).yesterday().ok()
}

/// Whether somebody wrote that an agreement is to end, by silencing the rule that nothing follows it: in its file, or in its
/// entry of a set.
pub fn is_meant_to_end(document: &Document, id: &AgreementId) -> bool {
    let silenced = |path: &[&str]| document.get(path).is_some();
    let client = id.as_str().split_once('/').map(|(_, client)| client);
    silenced(&["allow", "W306"])
        || client.is_some_and(|client| silenced(&["clients", client, "allow", "W306"]))
}

/// Whether another agreement of the client gives a service of this one, to a recipient of this one, on any day of what
/// would follow on from it.
pub(super) fn covers(other: &Agreement, agreement: &Agreement, next: NextPeriod) -> bool {
    let starts = other.period.first_day.or_else(|| period_at(other, Instant::MIN).first_day);
    let ends = bound(other).map(|bound| other.zone.day_of(bound.at));
    other.id != agreement.id
        && starts.is_some_and(|day| day <= next.last_day)
        && ends.is_none_or(|day| next.first_day < day)
        && other.services.keys().any(|service| agreement.services.contains_key(service))
        && !other.recipients.is_disjoint(&agreement.recipients)
}

/// The days of what follows on from an agreement.
pub fn next_period(
    agreement: &Agreement,
    term: Option<Term>,
    at: Instant,
) -> Result<NextPeriod, EditRefused> {
    let id = &agreement.id;
    let begin_anew = || format!("create a new agreement: `servanda new --from {id}`");
    if let Some(termination) = &agreement.termination {
        let message = format!("`{id}` is terminated on {} and cannot be renewed", termination.last_day);
        return Err(EditRefused::new(message, begin_anew()));
    }
    if let Activation::Manual(entries) = &agreement.activation
        && entries.iter().any(|entry| entry.status == ActivationStatus::Ended)
    {
        return Err(EditRefused::new(
            format!("`{id}` was ended manually and cannot be renewed"),
            begin_anew(),
        ));
    }
    let current = period_at(agreement, at).last_day;
    let Some(last_day) = ends_on(agreement).or(current) else {
        let message = format!("`{id}` has no last day and cannot be renewed");
        let help = match agreement.period.end {
            PeriodEnd::Open => "write its `last_day` in place of `open_ended: true` in its file first",
            _ => "activate it first with `servanda activate`",
        };
        return Err(EditRefused::new(message, help));
    };
    let beyond = || {
        EditRefused::new(
            format!("the successor of `{id}` would end after the year 9999"),
            "use a shorter `--term`",
        )
    };
    let first_day = last_day.tomorrow().map_err(|_| beyond())?;
    let (length, end): (Term, fn(Term, Day) -> NextEnd) =
        match (term, agreement.period.end, agreement.renewal) {
            (Some(term), _, _) => (term, |term, _| NextEnd::Term(term)),
            (None, PeriodEnd::Term(term), _) => (term, |_, _| NextEnd::AsItStands),
            (None, _, Renewal::Auto { term, .. }) => (term, |_, day| NextEnd::LastDay(day)),
            (None, _, _) => {
                let Some(length) = agreed_length(agreement) else {
                    return Err(EditRefused::new(
                        format!("the length of `{id}` is unknown"),
                        "pass `--term 1y`",
                    ));
                };
                (length, |_, day| NextEnd::LastDay(day))
            }
        };
    let last_day = length.last_day(first_day).ok_or_else(beyond)?;
    let is_inherited =
        end(length, last_day) == NextEnd::Term(length) && agreement.period.end == PeriodEnd::Term(length);
    let end = if is_inherited { NextEnd::AsItStands } else { end(length, last_day) };
    Ok(NextPeriod { first_day, last_day, end })
}

/// The time the agreed period of an agreement runs, as far as its days are known.
pub fn agreed_length(agreement: &Agreement) -> Option<Term> {
    let agreed = period_at(agreement, Instant::MIN);
    length(agreed.first_day?, agreed.agreed_last_day?)
}

/// The time a period runs that is written by its two days: whole months where they are, else days.
fn length(first_day: Day, last_day: Day) -> Option<Term> {
    let next = last_day.tomorrow().ok()?;
    let months = (i32::from(next.year()) - i32::from(first_day.year())) * 12 + i32::from(next.month())
        - i32::from(first_day.month());
    // A term that ends on the last day of a month without the day is followed by the first of the next one.
    let candidates = [months, months - 1].map(|months| Term { months, days: 0 });
    if let Some(whole) =
        candidates.into_iter().find(|term| term.months > 0 && term.after(first_day, 1) == Some(next))
    {
        return Some(whole);
    }
    let days = first_day.until(next).ok()?.get_days();
    (days > 0).then_some(Term { months: 0, days })
}

/// The text of the file that follows on from one, for these of its agreements: the one it holds, or those of a set that
/// end. All are of one file.
pub fn renewal_text(
    subjects: &[(EditTarget<'_>, NextPeriod)],
    terms: RenewalOptions<'_>,
) -> Result<EditedText, EditRefused> {
    let Some(((first, _), _)) = subjects.split_first() else {
        return Err(EditRefused::new("no agreement to renew", "pass the id of an agreement"));
    };
    let mut draft = first.draft();
    leave_behind(&mut draft, &[]);
    if first.document.get(&["clients"]).is_some() {
        draft.remove(&["renews"]);
        keep_entries(&mut draft, subjects);
        for (subject, _) in subjects {
            leave_behind(&mut draft, &subject.own(&[]));
            put(&mut draft, &subject.own(&[]), "renews", subject.id().into())?;
        }
    } else {
        put(&mut draft, &[], "renews", first.id().into())?;
    }
    set_days(&mut draft, subjects)?;
    if let Some(number) = terms.number {
        first.put(&mut draft, "number", number.into())?;
    }
    Ok(draft.edited()?)
}

fn leave_behind(draft: &mut Draft<'_>, layer: &[&str]) {
    for field in LEFT_BEHIND {
        let path: Vec<&str> = layer.iter().copied().chain([field]).collect();
        draft.remove(&path);
    }
    let log: Vec<&str> = layer.iter().copied().chain(["activation"]).collect();
    if draft.value(&log).is_some_and(Value::is_array) {
        draft.remove(&log);
    }
}

/// Takes the entries out of a set that do not end.
fn keep_entries(draft: &mut Draft<'_>, subjects: &[(EditTarget<'_>, NextPeriod)]) {
    let ending: Vec<&str> =
        subjects.iter().filter_map(|(subject, _)| subject.own(&[]).get(1).copied()).collect();
    let all = draft.value(&["clients"]).and_then(Value::as_object);
    let gone = all.into_iter().flatten().map(|(client, _)| client.clone());
    let gone: Vec<String> = gone.filter(|client| !ending.contains(&client.as_str())).collect();
    for client in gone {
        draft.remove(&["clients", &client]);
    }
}

/// Writes the days: to the file where its agreements share them, to an entry where that has days of its own.
fn set_days(draft: &mut Draft<'_>, subjects: &[(EditTarget<'_>, NextPeriod)]) -> Result<(), EditRefused> {
    let mut shared: BTreeMap<&str, Value> = BTreeMap::new();
    for (subject, next) in subjects {
        let mut days = vec![("first_day", Value::from(next.first_day.to_string()))];
        let drops: &[&str] = match next.end {
            NextEnd::AsItStands => &[],
            NextEnd::LastDay(day) => {
                days.push(("last_day", day.to_string().into()));
                &["term", "open_ended"]
            }
            NextEnd::Term(term) => {
                days.push(("term", term.to_string().into()));
                &["last_day", "open_ended"]
            }
        };
        for (key, value) in days {
            let own = subject.own(&["period", key]);
            let is_own = |key: &str| subject.says(&["period", key]).is_some();
            let has_own_end =
                key != "first_day" && ["last_day", "term", "open_ended"].iter().any(|end| is_own(end));
            let is_alone = own.len() == 2 || is_own(key) || has_own_end;
            let layer = if is_alone || shared.get(key).is_some_and(|known| *known != value) {
                subject.own(&[])
            } else {
                shared.insert(key, value.clone());
                Vec::new()
            };
            let below = |key| layer.iter().copied().chain(["period", key]).collect::<Vec<_>>();
            if key != "first_day" {
                for other in drops {
                    draft.remove(&below(other));
                }
            }
            let period: Vec<&str> = layer.iter().copied().chain(["period"]).collect();
            if draft.value(&period).is_none() {
                put(draft, &layer, "period", serde_json::json!({ key: value }))?;
            } else {
                draft.set_after(&below(key), value, if key == "first_day" { &[] } else { &["first_day"] })?;
            }
        }
    }
    Ok(())
}
