//! The last-applied state: what the last apply wrote to each agreement, as irreversible digests.
//!
//! It explains changes, and decides three things: guards do not count a deactivation that the date alone caused,
//! the `vanished` guard counts agreements that were applied once, and the drift policy knows drift only through it.
//! Lost or unreadable, the next plan claims no cause, counts every deactivation, and corrects drift as any difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::calendar::Instant;
use crate::desired::{Desired, DesiredAgreement};
use crate::ident::AgreementId;
use crate::live::{Digest, Live, Observed, Record, Value};
use crate::mapping::Field;
use crate::plan::{Change, Verb};

/// The version of the JSON of [`LastApplied`]. Any other version is ignored.
pub const LAST_APPLIED_FORMAT: u32 = 1;

/// The last-applied state of all agreements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastApplied {
    /// The version of this shape.
    pub format: u32,
    /// The commit of the files at the last apply.
    pub commit: Option<String>,
    /// The state of each agreement; one whose change failed keeps its earlier entry.
    pub agreements: BTreeMap<AgreementId, AppliedAgreement>,
}

/// The last-applied state of one agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedAgreement {
    /// The instant of that run.
    pub as_of: Instant,
    /// The instant at which the date would change the status, by the files of that run; `None` if it never would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// The digest of the state.
    pub state: Digest,
    /// The digest of each field.
    pub fields: BTreeMap<Field, Digest>,
}

impl Default for LastApplied {
    fn default() -> Self {
        Self { format: LAST_APPLIED_FORMAT, commit: None, agreements: BTreeMap::new() }
    }
}

impl LastApplied {
    /// The state to record after a run at `instant`: agreements that equal their document get a new entry, and those
    /// of `open` keep their earlier one. Of `waiting` changes, of which only edits and drift are left, the entry moves to
    /// this instant, since what the date brought about until now was applied.
    pub fn after<'a>(
        earlier: Option<Self>,
        desired: &Desired,
        live: &Live,
        open: &BTreeSet<&AgreementId>,
        waiting: impl Iterator<Item = &'a Change>,
        commit: Option<String>,
        instant: Instant,
    ) -> Self {
        let waiting: BTreeSet<&AgreementId> = waiting
            .filter(|change| change.verb == Verb::Update && !change.is_dated())
            .map(|change| &change.id)
            .collect();
        let kept = earlier.unwrap_or_default().agreements.into_iter().filter(|(id, _)| open.contains(id));
        let kept = kept.map(|(id, applied)| {
            let sides = desired.agreements.get(&id).zip(live.agreements.get(&id));
            match sides.filter(|_| waiting.contains(&id)) {
                Some((wanted, Observed::Present(found))) => {
                    (id, applied.moved_to(wanted, &found.record, instant))
                }
                _ => (id, applied),
            }
        });
        let settled = desired
            .agreements
            .iter()
            .filter(|(id, _)| !open.contains(id) && live.agreements.contains_key(*id))
            .map(|(id, agreement)| (id.clone(), AppliedAgreement::after(agreement, instant)));
        Self { format: LAST_APPLIED_FORMAT, commit, agreements: kept.chain(settled).collect() }
    }

    /// Whether another state differs from this one in the instants alone.
    pub fn is_same_but_for_its_instant(&self, other: &Self) -> bool {
        (&self.format, &self.commit) == (&other.format, &other.commit) && self.parts().eq(other.parts())
    }

    /// The agreements without their instants.
    fn parts(
        &self,
    ) -> impl Iterator<Item = (&AgreementId, Option<Instant>, &Digest, &BTreeMap<Field, Digest>)> {
        self.agreements.iter().map(|(id, applied)| (id, applied.until, &applied.state, &applied.fields))
    }
}

impl AppliedAgreement {
    /// The digests of a record.
    pub fn of(record: &Record, as_of: Instant) -> Self {
        let fields = record.fields.iter().map(|(field, value)| (field.clone(), Digest::of(value)));
        Self { as_of, until: None, state: Digest::of(&record.state), fields: fields.collect() }
    }

    /// The entry of an agreement that equals its document.
    pub fn after(desired: &DesiredAgreement, as_of: Instant) -> Self {
        Self { until: changes_at(desired), ..Self::of(&desired.record, as_of) }
    }

    /// Whether the helpdesk holds exactly what was applied.
    pub fn is_held(&self, live: &Record) -> bool {
        Self { until: self.until, ..Self::of(live, self.as_of) } == *self
    }

    /// Whether the date changes the status between that run and an instant, by the files of that run.
    pub(super) fn is_changed_by_date(&self, at: Instant) -> bool {
        at < self.as_of || self.until.is_some_and(|until| until <= at)
    }

    /// The entry at a later instant: with the desired values where the helpdesk holds them, else with those of before.
    fn moved_to(self, desired: &DesiredAgreement, live: &Record, as_of: Instant) -> Self {
        let mut moved = Self { as_of, until: changes_at(desired), ..self };
        let desired = &desired.record;
        if live.state == desired.state {
            moved.state = Digest::of(&desired.state);
        }
        let equal = desired.fields.iter().filter(|(field, value)| live.fields.get(*field) == Some(*value));
        moved.fields.extend(equal.map(|(field, value)| (field.clone(), Digest::of(value))));
        moved
    }

    /// The digest of a field; a field that was not written held nothing.
    pub(super) fn field(&self, field: &Field) -> Digest {
        self.fields.get(field).copied().unwrap_or_else(|| Digest::of(&Value::Nothing))
    }
}

fn changes_at(desired: &DesiredAgreement) -> Option<Instant> {
    desired.status.next_change.map(|(instant, _)| instant)
}
