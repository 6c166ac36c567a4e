//! Selects the successors that a termination leaves alive, and writes that one of them stays.

use serde_json::json;

use super::edit_target::{EditRefused, EditTarget, EditedFile, EffectiveFrom};
use crate::agreement::Agreement;
use crate::calendar::{Day, Instant};
use crate::status::{State, changes, period_at};

/// The successors of an agreement, and theirs, that can become active although it ends on this day. Without those of a
/// successor that begins on the next day, since it replaces what is terminated. `is_kept` says which ones stay already.
pub fn followers<'a>(
    agreements: &'a [Agreement],
    subject: &EditTarget<'_>,
    on: EffectiveFrom,
    is_kept: impl Fn(&Agreement) -> bool,
) -> Vec<&'a Agreement> {
    let mut found: Vec<&Agreement> = Vec::new();
    let mut before = subject.id();
    while let Some(next) = agreements.iter().find(|other| renews(other, before)) {
        let begins = period_at(next, Instant::MIN).first_day;
        let replaces = found.is_empty() && begins.is_none_or(|day| begins_by(day, on.last_day(subject)));
        let can_begin = changes(next).iter().any(|(_, state)| *state == State::Active);
        if replaces || !can_begin || is_kept(next) || found.iter().any(|other| other.id == next.id) {
            break;
        }
        found.push(next);
        before = next.id.as_str();
    }
    found
}

/// Whether the first day is at most the day after the last one.
fn begins_by(first_day: Day, last_day: Day) -> bool {
    last_day.tomorrow().is_ok_and(|next| first_day <= next)
}

fn renews(agreement: &Agreement, id: &str) -> bool {
    agreement.renews.as_ref().is_some_and(|renewed| renewed.as_str() == id)
}

/// Whether an agreement says that it stays after the termination of its predecessor: itself, or for its whole set.
pub fn is_kept(subject: &EditTarget<'_>) -> bool {
    let allows = |path: &[&str]| subject.document.get(path).is_some();
    allows(&subject.own(&["allow", "E309"])) || allows(&["allow", "E309"])
}

/// Confirms that an agreement stays after the termination of its predecessor.
pub fn keep(subject: &EditTarget<'_>, reason: &str) -> Result<EditedFile, EditRefused> {
    let mut draft = subject.draft();
    let allowance = json!({ "reason": reason });
    if subject.says(&["allow"]).is_some() {
        draft.set_after(&subject.own(&["allow", "E309"]), allowance, &[])?;
    } else {
        subject.put(&mut draft, "allow", json!({ "E309": allowance }))?;
    }
    Ok(EditedFile { text: draft.write()?, note: None })
}
