//! Why a change is there: somebody edited the files, time went by, or somebody changed the helpdesk.
//!
//! Desired and live alone cannot tell these apart. The [`LastApplied`] of the last apply can: with it, what
//! the files of today say about the day of the last apply is compared with what was applied then (edit),
//! what they say about today with that (date), and what is live with what was applied (drift). Without a
//! last_applied no cause is claimed.

use std::collections::BTreeMap;

use crate::calendar::Instant;
use crate::ident::AgreementId;
use crate::live::{Record, Value, digest};
use crate::mapping::Field;
use crate::plan::{Cause, Note, Plan, Verb, drift};

/// The version of the last_applied's JSON. Another one is no last_applied.
pub const LAST_APPLIED_FORMAT: u32 = 1;

/// What was last applied, as digests: enough to compare with, and nothing that could be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LastApplied {
    /// The version of this shape.
    pub format: u32,
    /// The commit of the files at the last apply.
    pub commit: Option<String>,
    /// What was applied to each agreement, and as of when; an agreement that failed keeps its earlier entry.
    pub agreements: BTreeMap<AgreementId, AppliedAgreement>,
}

/// What was applied to one agreement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedAgreement {
    /// The instant of that run.
    pub as_of: Instant,
    /// The digest of the state.
    pub state: String,
    /// The digest of each field.
    pub fields: BTreeMap<Field, String>,
}

impl Default for LastApplied {
    fn default() -> Self {
        Self { format: LAST_APPLIED_FORMAT, commit: None, agreements: BTreeMap::new() }
    }
}

impl AppliedAgreement {
    /// The digests of a record.
    pub fn of(record: &Record, as_of: Instant) -> Self {
        let fields = record.fields.iter().map(|(field, value)| (field.clone(), digest(value)));
        Self { as_of, state: digest(&record.state), fields: fields.collect() }
    }

    fn field(&self, field: &Field) -> String {
        self.fields.get(field).cloned().unwrap_or_else(|| digest(&Value::Nothing))
    }
}

/// The three digests of one value that a cause follows from.
struct Compared {
    applied: String,
    files_then: String,
    live: String,
}

impl Compared {
    /// What people did comes first, since guards count it; the date is blamed where it alone is to blame.
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

/// Writes into each change why it is there, and lists what drifted.
///
/// `then` gives what the files of today say about an agreement at an earlier instant; `None` where they do
/// not know it.
pub fn assign_causes(
    plan: &mut Plan,
    last_applied: &LastApplied,
    then: impl Fn(&AgreementId, Instant) -> Option<Record>,
) {
    plan.totals.vanished = vanished(plan, last_applied);
    write_causes(plan, last_applied, then);
    plan.drift = drift::of(plan);
}

fn write_causes(
    plan: &mut Plan,
    last_applied: &LastApplied,
    then: impl Fn(&AgreementId, Instant) -> Option<Record>,
) {
    for change in &mut plan.changes {
        let renamed = change.ownership_key.as_ref().and_then(|mark| mark.before.as_ref());
        let applied = last_applied.agreements.get(renamed.unwrap_or(&change.id));
        let known = applied.and_then(|applied| Some((applied, then(&change.id, applied.as_of)?)));
        let Some((applied, files_then)) = known.filter(|_| change.verb != Verb::Retire) else {
            // The document is new since the last apply, or gone: somebody edited the files.
            change.fields.iter_mut().for_each(|field| field.cause = Some(Cause::Edit));
            change.state.iter_mut().for_each(|state| state.cause = Some(Cause::Edit));
            continue;
        };
        if change.verb == Verb::Create {
            // It was applied once and is gone from the helpdesk.
            change.fields.iter_mut().for_each(|field| field.cause = Some(Cause::Drift));
            change.state.iter_mut().for_each(|state| state.cause = Some(Cause::Drift));
            continue;
        }
        for field in &mut change.fields {
            let value_then = files_then.fields.get(&field.field).unwrap_or(&Value::Nothing);
            let compared = Compared {
                applied: applied.field(&field.field),
                files_then: digest(value_then),
                live: digest(&field.before),
            };
            field.cause = Some(compared.cause());
        }
        if let Some(state) = &mut change.state {
            let compared = Compared {
                applied: applied.state.clone(),
                files_then: digest(&files_then.state),
                live: digest(&state.before.clone().unwrap_or_default()),
            };
            state.cause = Some(compared.cause());
        }
    }
}

/// How many agreements were there after the last apply, and are not now.
fn vanished(plan: &Plan, last_applied: &LastApplied) -> usize {
    let created = plan.changes.iter().filter(|change| change.verb == Verb::Create).map(|change| &change.id);
    let over = plan.notes.iter().filter_map(|note| match note {
        Note::OverAndAbsent(id) => Some(id),
        _ => None,
    });
    created.chain(over).filter(|id| last_applied.agreements.contains_key(*id)).count()
}
