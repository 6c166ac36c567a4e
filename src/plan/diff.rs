//! Desired and live become a plan. Both sides are in one normal form already, so that comparing is plain.
//!
//! Special cases (other marks, archived objects, documents that are gone) are settled before anything is
//! compared. This file decides what changes; `steps` decides how, and `risk` what is bad about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{Desired, DesiredAgreement};
use crate::ident::{AgreementId, LiveId};
use crate::live::{Live, LiveAgreement, Observed, Value};
use crate::mapping::{Deactivation, Field, Mapping, RecipientMode};
use crate::plan::{
    Blocked, Change, FORMAT, FieldChange, Header, Note, OwnershipKey, Phase, Plan, Reason, StateChange,
    Totals, Verb,
};
use crate::plan::{risk, steps};
use crate::status::State;

/// What a plan is made under, besides the two sides.
#[derive(Clone, Debug)]
pub struct DiffContext<'a> {
    /// What the plan says it was made from.
    pub header: Header,
    /// How the helpdesk holds agreements.
    pub mapping: &'a Mapping,
    /// Whether agreements that are gone from the files are retired.
    pub prune: bool,
}

/// The changes that make `live` equal to `desired`.
pub fn diff(desired: &Desired, live: &Live, context: DiffContext<'_>) -> Plan {
    let mut comparison =
        Comparison { desired, live, context, claimed: BTreeSet::new(), plan: Found::default() };
    for (id, wish) in &desired.agreements {
        comparison.wish(id, wish);
    }
    for (id, unresolved) in &desired.unresolved {
        comparison.claimed.insert(id.clone());
        let reasons = unresolved.iter().cloned().map(Reason::Unresolved);
        comparison.plan.blocked.extend(reasons.map(|reason| Blocked { id: id.clone(), reason }));
    }
    comparison.orphans();
    comparison.finish()
}

#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    blocked: BTreeSet<Blocked>,
    notes: BTreeSet<Note>,
    unchanged: usize,
}

struct Comparison<'a> {
    desired: &'a Desired,
    live: &'a Live,
    context: DiffContext<'a>,
    /// The marks that documents account for, so that what is left are orphans.
    claimed: BTreeSet<AgreementId>,
    plan: Found,
}

impl<'a> Comparison<'a> {
    fn wish(&mut self, id: &AgreementId, wish: &'a DesiredAgreement) {
        self.claimed.insert(id.clone());
        match self.counterpart(id, wish) {
            Err(reason) => self.withhold(id, reason),
            Ok(None) if wish.status.state.is_over() => {
                self.plan.notes.insert(Note::OverAndAbsent(id.clone()));
            }
            Ok(None) => self.create(id, wish),
            Ok(Some((before, mark))) => self.update(id, wish, before, mark),
        }
    }

    fn withhold(&mut self, id: &AgreementId, reason: Reason) {
        self.plan.blocked.insert(Blocked { id: id.clone(), reason });
    }

    /// The live object of a wish: by its own mark, by a mark it had formerly, or by adoption.
    fn counterpart(
        &mut self,
        id: &AgreementId,
        wish: &DesiredAgreement,
    ) -> Result<Option<(&'a LiveAgreement, Option<OwnershipKey>)>, Reason> {
        let former = wish.formerly.iter().filter(|former| !self.desired.agreements.contains_key(*former));
        for marked in std::iter::once(id).chain(former) {
            if let Some(objects) = self.live.same_ownership_key.get(marked) {
                return Err(Reason::SameOwnershipKey(objects.clone()));
            }
            self.claimed.insert(marked.clone());
            match self.live.agreements.get(marked) {
                None | Some(Observed::Absent) => {}
                Some(Observed::Unknown(why)) => return Err(Reason::Unreadable(why.clone())),
                Some(Observed::Present(found)) => {
                    let mark = (marked != id)
                        .then(|| OwnershipKey { before: Some(marked.clone()), after: id.clone() });
                    return Ok(Some((found, mark)));
                }
            }
        }
        let Some(object) = &wish.adopts else {
            return Ok(None);
        };
        match self.live.adoptable.get(object) {
            Some(Observed::Present(found)) => {
                Ok(Some((found, Some(OwnershipKey { before: None, after: id.clone() }))))
            }
            Some(Observed::Unknown(why)) => Err(Reason::Unreadable(why.clone())),
            None | Some(Observed::Absent) => Err(Reason::CannotAdopt(object.clone())),
        }
    }

    fn create(&mut self, id: &AgreementId, wish: &DesiredAgreement) {
        let fields = wish.record.fields.iter().filter(|(_, value)| **value != Value::Nothing);
        let fields = fields.map(|(field, value)| FieldChange {
            field: field.clone(),
            before: Value::Nothing,
            after: value.clone(),
            cause: None,
        });
        let state = StateChange { before: None, after: wish.record.state.clone(), cause: None };
        let mark = OwnershipKey { before: None, after: id.clone() };
        let mut change = Self::blank(id, wish, Verb::Create);
        change.fields = fields.collect();
        change.state = Some(state);
        change.ownership_key = Some(mark);
        change.steps = steps::creation(wish, self.context.mapping);
        self.plan.changes.push(change);
    }

    fn update(
        &mut self,
        id: &AgreementId,
        wish: &DesiredAgreement,
        before: &LiveAgreement,
        mark: Option<OwnershipKey>,
    ) {
        if before.archived && !wish.archived && self.context.mapping.deactivate != Deactivation::Archive {
            if wish.status.state.is_over() {
                self.plan.unchanged += 1;
            } else {
                self.withhold(id, Reason::Archived(before.object.clone()));
            }
            return;
        }
        if before.archived && wish.archived && mark.is_none() {
            self.plan.unchanged += 1;
            return;
        }
        let fields = self.field_changes(wish, before);
        let state = (before.record.state != wish.record.state).then(|| StateChange {
            before: Some(before.record.state.clone()),
            after: wish.record.state.clone(),
            cause: None,
        });
        if fields.is_empty() && state.is_none() && mark.is_none() && before.archived == wish.archived {
            self.plan.unchanged += 1;
            return;
        }
        let mut change = Self::blank(id, wish, Verb::Update);
        change.object = Some(before.object.clone());
        change.before = Some(before.digest());
        change.fields = fields;
        change.state = state;
        change.ownership_key = mark;
        let round_the_clock = self.desired.round_the_clock.as_ref();
        change.risks = risk::of_update(&change, before, wish, self.context.mapping, round_the_clock);
        change.phase = if change.deactivates() { Phase::Loss } else { Phase::Gain };
        change.steps = steps::update(&change, before, wish, self.context.mapping);
        self.plan.changes.push(change);
    }

    fn field_changes(&self, wish: &DesiredAgreement, before: &LiveAgreement) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        for (field, wanted) in &wish.record.fields {
            let held = before.record.fields.get(field).unwrap_or(&Value::Nothing);
            let after = self.united(field, wanted, held);
            if after != *held {
                changes.push(FieldChange { field: field.clone(), before: held.clone(), after, cause: None });
            }
        }
        changes
    }

    /// What the field should hold; in additive mode what others added stays.
    fn united(&self, field: &Field, wanted: &Value, held: &Value) -> Value {
        let additive =
            *field == Field::Recipients && self.context.mapping.recipients.mode == RecipientMode::Additive;
        match (wanted, held) {
            (Value::References(ours), Value::References(theirs)) if additive => {
                Value::References(ours.union(theirs).cloned().collect())
            }
            (wanted, _) => wanted.clone(),
        }
    }

    fn blank(id: &AgreementId, wish: &DesiredAgreement, verb: Verb) -> Change {
        Change {
            id: id.clone(),
            verb,
            client: Some(wish.client.clone()),
            title: wish.title.clone(),
            object: None,
            status: Some(wish.status.state),
            because: Some(wish.status.because),
            state: None,
            fields: Vec::new(),
            ownership_key: None,
            phase: Phase::Gain,
            after: Vec::new(),
            risks: Vec::new(),
            before: None,
            steps: Vec::new(),
        }
    }

    /// Marked objects that no document accounts for.
    fn orphans(&mut self) {
        for (id, observed) in &self.live.agreements {
            if self.claimed.contains(id) {
                continue;
            }
            match observed {
                Observed::Absent => {}
                Observed::Unknown(why) => self.withhold(id, Reason::Unreadable(why.clone())),
                Observed::Present(found) => self.orphan(id, found),
            }
        }
    }

    fn orphan(&mut self, id: &AgreementId, found: &LiveAgreement) {
        let retired = self.context.mapping.states.get(&State::Terminated);
        if found.archived || Some(&found.record.state) == retired {
            return;
        }
        let title = match found.record.fields.get(&Field::Title) {
            Some(Value::Text(title)) => title.clone(),
            _ => found.object.to_string(),
        };
        if self.context.prune {
            self.plan.changes.push(steps::retirement(id, found, title, self.context.mapping));
        } else {
            let state = found.record.state.clone();
            self.withhold(id, Reason::Orphan { title, object: found.object.clone(), state });
        }
    }

    /// Puts changes in their order, lets losses wait for the successors that take over, and counts.
    fn finish(mut self) -> Plan {
        self.wait_for_successors();
        let Self { desired, live, context, plan, .. } = self;
        let Found { mut changes, blocked, mut notes, unchanged } = plan;
        changes.sort_by(|left, right| (left.phase, &left.id).cmp(&(right.phase, &right.id)));
        notes.extend(desired.not_carried.iter().cloned().map(Note::NotCarried));
        notes.extend(desired.hours_not_carried.iter().cloned().map(Note::HoursNotCarried));
        let recipients = desired.recipients_not_carried.iter().cloned();
        notes.extend(recipients.map(Note::RecipientsNotCarried));
        notes.extend(desired.other_titles.iter().cloned().map(Note::OtherTitle));
        notes.extend((live.unmanaged > 0).then_some(Note::Unmanaged(live.unmanaged)));
        let mut plan = Plan {
            format: FORMAT,
            header: context.header,
            names: names(&changes, live),
            changes,
            drift: Vec::new(),
            blocked: blocked.into_iter().collect(),
            notes: notes.into_iter().collect(),
            totals: Totals {
                agreements: desired.agreements.len() + desired.unresolved.len(),
                unchanged,
                live_active: live_active(live, context.mapping),
                ..Totals::default()
            },
        };
        plan.count(context.mapping.states.get(&State::Active));
        plan
    }

    /// An agreement that another takes over from stays until that one is published (never neither).
    fn wait_for_successors(&mut self) {
        let publishing: BTreeSet<AgreementId> =
            self.plan.changes.iter().map(|change| change.id.clone()).collect();
        let blocked: BTreeSet<AgreementId> = self.plan.blocked.iter().map(|held| held.id.clone()).collect();
        let mut waiting = Vec::new();
        for change in self.plan.changes.iter_mut().filter(|change| change.phase == Phase::Loss) {
            let Some(successor) = self.desired.successors.get(&change.id) else {
                continue;
            };
            if blocked.contains(successor) {
                waiting.push(Blocked { id: change.id.clone(), reason: Reason::Waits(successor.clone()) });
            } else if publishing.contains(successor) {
                change.after.push(successor.clone());
            }
        }
        self.plan.changes.retain(|change| waiting.iter().all(|held| held.id != change.id));
        self.plan.blocked.extend(waiting);
    }
}

fn live_active(live: &Live, mapping: &Mapping) -> usize {
    let active = mapping.states.get(&State::Active);
    let present = live.agreements.values().filter_map(|observed| match observed {
        Observed::Present(found) => Some(found),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    present.filter(|found| !found.archived && Some(&found.record.state) == active).count()
}

/// What the objects that changes mention are called, so that a saved plan can be read without the helpdesk.
fn names(changes: &[Change], live: &Live) -> BTreeMap<LiveId, String> {
    let values =
        changes.iter().flat_map(|change| &change.fields).flat_map(|field| [&field.before, &field.after]);
    let mentioned: BTreeSet<&LiveId> = values.flat_map(Value::mentions).collect();
    let named = mentioned.into_iter().filter_map(|id| Some((id, live.directory.title(id)?)));
    named.map(|(id, title)| (id.clone(), title.to_owned())).collect()
}
