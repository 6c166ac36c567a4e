//! Tells the causes of changes apart: somebody edited the files, a date passed, or somebody changed the helpdesk.
//!
//! Desired and live state alone cannot tell. Compared with the last-applied state, the files as of that apply show an
//! edit, the files as of now a date, and the live state drift. Without a last-applied state no cause is claimed.

use crate::calendar::Instant;
use crate::ident::AgreementId;
use crate::live::{Digest, Record, Value};
use crate::plan::{Cause, Change, LastApplied, Note, Plan, Risk, Verb, drift, overwritten};

/// The three digests of one value that decide its cause.
struct Digests {
    applied: Digest,
    files_then: Digest,
    live: Digest,
}

impl Digests {
    /// An edit and drift come before the date, since guards do not count what the date alone caused.
    fn cause(&self) -> Cause {
        if self.files_then != self.applied {
            Cause::Edit
        } else if self.live != self.applied {
            Cause::Drift
        } else {
            Cause::Date
        }
    }
}

/// Writes the cause into each change, counts vanished agreements and lists the drift.
///
/// `then` gives the record that the files of today make of an agreement at an earlier instant; `None` where they have
/// no such agreement.
pub fn assign_causes(
    plan: &mut Plan,
    last_applied: &LastApplied,
    then: impl Fn(&AgreementId, Instant) -> Option<Record>,
) {
    plan.totals.vanished = vanished(plan, last_applied);
    for change in &mut plan.changes {
        assign(change, last_applied, plan.header.as_of, &then);
    }
    plan.drift = plan.changes.iter().flat_map(drift::of).collect();
}

fn assign(
    change: &mut Change,
    last_applied: &LastApplied,
    now: Instant,
    then: &impl Fn(&AgreementId, Instant) -> Option<Record>,
) {
    let renamed = change.ownership_key.as_ref().and_then(|key| key.before.as_ref());
    let applied = last_applied.agreements.get(renamed.unwrap_or(&change.id));
    if let Some(applied) = applied {
        let overwrites = overwritten::risk(change, Some(applied));
        change.risks.retain(|risk| !matches!(risk, Risk::Overwrites(_)));
        change.risks.extend(overwrites);
    }
    let known = applied.and_then(|applied| Some((applied, then(&change.id, applied.as_of)?)));
    let Some((applied, files_then)) = known.filter(|_| change.verb != Verb::Retire) else {
        // The document is new since the last apply, or gone.
        return assign_all(change, Cause::Edit);
    };
    if change.verb == Verb::Create {
        // It was applied once and is gone from the helpdesk.
        return assign_all(change, Cause::Drift);
    }
    for field in &mut change.fields {
        let value_then = files_then.fields.get(&field.field).unwrap_or(&Value::Nothing);
        let digests = Digests {
            applied: applied.field(&field.field),
            files_then: Digest::of(value_then),
            live: Digest::of(&field.before),
        };
        field.cause = Some(digests.cause());
    }
    if let Some(state) = &mut change.state {
        let digests = Digests {
            applied: applied.state,
            files_then: Digest::of(&files_then.state),
            live: Digest::of(&state.before.clone().unwrap_or_default()),
        };
        // A status that the files of that apply would not have changed yet was changed by an edit, even if these files
        // had the same status then, as with an edit of a period that began in the meantime.
        state.cause = Some(match digests.cause() {
            Cause::Date if !applied.is_changed_by_date(now) => Cause::Edit,
            cause => cause,
        });
    }
}

fn assign_all(change: &mut Change, cause: Cause) {
    change.fields.iter_mut().for_each(|field| field.cause = Some(cause));
    change.state.iter_mut().for_each(|state| state.cause = Some(cause));
}

/// Counts the agreements that existed after the last apply and do not exist now.
fn vanished(plan: &Plan, last_applied: &LastApplied) -> usize {
    let created = plan.changes.iter().filter(|change| change.verb == Verb::Create).map(|change| &change.id);
    let over = plan.notes.iter().filter_map(|note| match note {
        Note::OverAndAbsent(id) => Some(id),
        _ => None,
    });
    created.chain(over).filter(|id| last_applied.agreements.contains_key(*id)).count()
}
