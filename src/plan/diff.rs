//! Compares desired and live state, and returns a plan.
//!
//! Renames, adoptions, archived objects and orphans are settled before any field is compared. `steps` decides how a
//! change is applied, and `risk` what clients lose by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::Agreement;
use crate::calendar::Instant;
use crate::desired::{Desired, DesiredAgreement};
use crate::ident::{AgreementId, HelpdeskName, LiveId};
use crate::live::{Live, LiveAgreement, Observed, Record, Value};
use crate::mapping::{Deactivation, Field, Mapping, RecipientMode};
use crate::plan::{
    AgreementHours, Blocked, Change, Elsewhere, FORMAT, FieldChange, Header, Note, OwnershipKey, Phase, Plan,
    Reason, StateChange, Totals, Verb,
};
use crate::plan::{Risk, risk, steps};
use crate::status::{State, status};

/// The conditions of a diff, besides the two sides.
#[derive(Clone, Debug)]
pub struct DiffContext<'a> {
    /// The header of the plan.
    pub header: Header,
    /// The mapping of the helpdesk.
    pub mapping: &'a Mapping,
    /// Whether agreements whose document is gone are retired.
    pub prune: bool,
    /// The agreements of all helpdesks of the repository; empty if there is one.
    pub everywhere: &'a [Agreement],
    /// The name of the helpdesk, if there are several.
    pub helpdesk: Option<&'a HelpdeskName>,
}

impl<'a> DiffContext<'a> {
    /// The agreements that live in other helpdesks.
    fn elsewhere(&self) -> impl Iterator<Item = &'a Agreement> + Clone + use<'a> {
        let own = self.helpdesk;
        self.everywhere.iter().filter(move |agreement| agreement.helpdesk.as_ref() != own)
    }
}

/// Returns the changes that make `live` equal to `desired`.
pub fn diff(desired: &Desired, live: &Live, context: DiffContext<'_>) -> Plan {
    let mut comparison =
        Comparison { desired, live, context, claimed: BTreeSet::new(), found: Differences::default() };
    for (id, wanted) in &desired.agreements {
        comparison.agreement(id, wanted);
    }
    for (id, unresolved) in &desired.unresolved {
        comparison.claimed.insert(id.clone());
        let reasons = unresolved.iter().cloned().map(Reason::Unresolved);
        comparison.found.blocked.extend(reasons.map(|reason| Blocked { id: id.clone(), reason }));
    }
    comparison.orphans();
    comparison.finish()
}

#[derive(Default)]
struct Differences {
    changes: Vec<Change>,
    blocked: BTreeSet<Blocked>,
    notes: BTreeSet<Note>,
    unchanged: usize,
}

/// The part of an agreement that clients see: its recipients and its services.
type Access<'a> = [Option<&'a Value>; 2];

fn access(record: &Record) -> Access<'_> {
    [Field::Recipients, Field::Services].map(|field| record.fields.get(&field))
}

struct Comparison<'a> {
    desired: &'a Desired,
    live: &'a Live,
    context: DiffContext<'a>,
    /// The ownership keys that documents account for; the others are orphans.
    claimed: BTreeSet<AgreementId>,
    found: Differences,
}

impl<'a> Comparison<'a> {
    fn agreement(&mut self, id: &AgreementId, wanted: &'a DesiredAgreement) {
        self.claimed.insert(id.clone());
        match self.counterpart(id, wanted) {
            Err(reason) => self.block(id, reason),
            Ok(None) if wanted.status.state.is_over() => {
                self.found.notes.insert(Note::OverAndAbsent(id.clone()));
            }
            Ok(None) => self.create(id, wanted),
            Ok(Some((before, ownership_key))) => self.update(id, wanted, before, ownership_key),
        }
    }

    fn block(&mut self, id: &AgreementId, reason: Reason) {
        self.found.blocked.insert(Blocked { id: id.clone(), reason });
    }

    /// Finds the live object of an agreement: by its ownership key, by a former one, or by adoption.
    fn counterpart(
        &mut self,
        id: &AgreementId,
        wanted: &DesiredAgreement,
    ) -> Result<Option<(&'a LiveAgreement, Option<OwnershipKey>)>, Reason> {
        let former = wanted.formerly.iter().filter(|former| !self.desired.agreements.contains_key(*former));
        for key in std::iter::once(id).chain(former) {
            if let Some(objects) = self.live.same_ownership_key.get(key) {
                return Err(Reason::SameOwnershipKey(objects.clone()));
            }
            self.claimed.insert(key.clone());
            match self.live.agreements.get(key) {
                None | Some(Observed::Absent) => {}
                Some(Observed::Unknown(why)) => return Err(Reason::Unreadable(why.clone())),
                Some(Observed::Present(found)) => {
                    let ownership_key =
                        (key != id).then(|| OwnershipKey { before: Some(key.clone()), after: id.clone() });
                    return Ok(Some((found, ownership_key)));
                }
            }
        }
        let Some(object) = &wanted.adopts else {
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

    fn create(&mut self, id: &AgreementId, wanted: &DesiredAgreement) {
        let fields = wanted.record.fields.iter().filter(|(_, value)| **value != Value::Nothing);
        let fields = fields.map(|(field, value)| FieldChange {
            field: field.clone(),
            before: Value::Nothing,
            after: value.clone(),
            cause: None,
        });
        let state = StateChange { before: None, after: wanted.record.state.clone(), cause: None };
        let ownership_key = OwnershipKey { before: None, after: id.clone() };
        let mut change = Self::blank(id, wanted, Verb::Create);
        change.fields = fields.collect();
        change.state = Some(state);
        change.ownership_key = Some(ownership_key);
        change.steps = steps::creation(wanted, self.context.mapping);
        self.found.changes.push(change);
    }

    fn update(
        &mut self,
        id: &AgreementId,
        wanted: &DesiredAgreement,
        before: &LiveAgreement,
        ownership_key: Option<OwnershipKey>,
    ) {
        if before.archived && !wanted.archived && self.context.mapping.deactivate != Deactivation::Archive {
            if wanted.status.state.is_over() {
                self.found.unchanged += 1;
            } else {
                self.block(id, Reason::Archived(before.object.clone()));
            }
            return;
        }
        if before.archived && wanted.archived && ownership_key.is_none() {
            self.found.unchanged += 1;
            return;
        }
        let fields = self.field_changes(wanted, before);
        let state = (before.record.state != wanted.record.state).then(|| StateChange {
            before: Some(before.record.state.clone()),
            after: wanted.record.state.clone(),
            cause: None,
        });
        if fields.is_empty()
            && state.is_none()
            && ownership_key.is_none()
            && before.archived == wanted.archived
        {
            self.found.unchanged += 1;
            return;
        }
        let mut change = Self::blank(id, wanted, Verb::Update);
        change.object = Some(before.object.clone());
        change.before = Some(before.digest());
        change.fields = fields;
        change.hours = AgreementHours {
            before: risk::calendar(&before.record.fields).cloned(),
            after: risk::calendar(&wanted.record.fields).cloned(),
        };
        change.state = state;
        change.ownership_key = ownership_key;
        let round_the_clock = self.desired.round_the_clock.as_ref();
        change.risks = risk::of_update(&change, before, wanted, self.context.mapping, round_the_clock);
        change.phase = if change.deactivates() { Phase::Loss } else { Phase::Gain };
        change.steps = steps::update(&change, before, wanted, self.context.mapping);
        self.found.changes.push(change);
    }

    fn field_changes(&self, wanted: &DesiredAgreement, before: &LiveAgreement) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        for (field, wanted) in &wanted.record.fields {
            let held = before.record.fields.get(field).unwrap_or(&Value::Nothing);
            let after = self.merged(field, wanted, held);
            if after != *held {
                changes.push(FieldChange { field: field.clone(), before: held.clone(), after, cause: None });
            }
        }
        changes
    }

    /// The value to write; in additive mode it includes the recipients that others added.
    fn merged(&self, field: &Field, wanted: &Value, held: &Value) -> Value {
        let additive =
            *field == Field::Recipients && self.context.mapping.recipients.mode == RecipientMode::Additive;
        match (wanted, held) {
            (Value::References(ours), Value::References(theirs)) if additive => {
                Value::References(ours.union(theirs).cloned().collect())
            }
            (wanted, _) => wanted.clone(),
        }
    }

    fn blank(id: &AgreementId, wanted: &DesiredAgreement, verb: Verb) -> Change {
        Change {
            id: id.clone(),
            verb,
            client: Some(wanted.client.clone()),
            title: wanted.title.clone(),
            object: None,
            status: Some(wanted.status.state),
            because: Some(wanted.status.because),
            state: None,
            fields: Vec::new(),
            hours: AgreementHours::default(),
            ownership_key: None,
            phase: Phase::Gain,
            after: Vec::new(),
            elsewhere: None,
            risks: Vec::new(),
            before: None,
            steps: Vec::new(),
        }
    }

    /// Adds the managed objects that no document accounts for.
    fn orphans(&mut self) {
        let created = self.created_active();
        let moved = moved(self.context.elsewhere());
        for (id, objects) in &self.live.same_ownership_key {
            if moved.contains_key(id) && !self.claimed.contains(id) {
                self.block(id, Reason::SameOwnershipKey(objects.clone()));
            }
        }
        for (id, observed) in &self.live.agreements {
            if self.claimed.contains(id) {
                continue;
            }
            match observed {
                Observed::Absent => {}
                Observed::Unknown(why) => self.block(id, Reason::Unreadable(why.clone())),
                Observed::Present(found) => match moved.get(id) {
                    Some(agreement) => self.move_away(id, found, agreement),
                    None => self.orphan(id, found, &created),
                },
            }
        }
    }

    /// The changes that create an active agreement, by the part that clients see.
    fn created_active(&self) -> BTreeMap<Access<'a>, Vec<usize>> {
        let desired = self.desired;
        let mut created: BTreeMap<Access<'a>, Vec<usize>> = BTreeMap::new();
        for (index, change) in self.found.changes.iter().enumerate() {
            if change.verb == Verb::Create
                && change.status == Some(State::Active)
                && let Some(wanted) = desired.agreements.get(&change.id)
            {
                created.entry(access(&wanted.record)).or_default().push(index);
            }
        }
        created
    }

    fn orphan(
        &mut self,
        id: &AgreementId,
        found: &LiveAgreement,
        created: &BTreeMap<Access<'a>, Vec<usize>>,
    ) {
        let retired = self.context.mapping.states.get(&State::Terminated);
        if found.archived || Some(&found.record.state) == retired {
            return;
        }
        let is_active = Some(&found.record.state) == self.context.mapping.states.get(&State::Active);
        if is_active && found.record.fields.contains_key(&Field::Recipients) {
            // The creation becomes a second active agreement beside this one.
            for index in created.get(&access(&found.record)).into_iter().flatten() {
                self.found.changes[*index].risks.push(Risk::Duplicates(id.clone()));
            }
        }
        let title = title(found);
        if self.context.prune {
            self.found.changes.push(steps::retirement(id, found, title, self.context.mapping));
        } else {
            let state = found.record.state.clone();
            self.block(id, Reason::Orphan { title, object: found.object.clone(), state });
        }
    }

    /// Withdraws an agreement that lives in another helpdesk now, unless nothing of it is left here to withdraw.
    fn move_away(&mut self, id: &AgreementId, found: &LiveAgreement, agreement: &Agreement) {
        let Some(elsewhere) = elsewhere(agreement) else { return };
        let states = &self.context.mapping.states;
        let mut over = [State::Expired, State::Terminated].iter().filter_map(|state| states.get(state));
        if found.archived || over.any(|over| *over == found.record.state) {
            return;
        }
        let status = status(agreement, self.context.header.as_of);
        let mut change = steps::retirement(id, found, title(found), self.context.mapping);
        change.verb = Verb::Move;
        change.client = Some(agreement.client.clone());
        change.status = Some(status.state);
        change.because = Some(status.because);
        change.risks = vec![Risk::Moves(elsewhere.clone())];
        // Clients lose nothing by the end of what is over.
        change.elsewhere = (!status.state.is_over()).then_some(elsewhere);
        self.found.changes.push(change);
    }

    /// Puts changes in their order, lets losses wait for the successors that take over, and counts.
    fn finish(mut self) -> Plan {
        self.wait_for_successors();
        let Self { desired, live, context, found, .. } = self;
        let Differences { mut changes, blocked, mut notes, unchanged } = found;
        changes.sort_by(|left, right| (left.phase, &left.id).cmp(&(right.phase, &right.id)));
        notes.extend(desired.not_carried.iter().cloned().map(Note::NotCarried));
        notes.extend(desired.hours_not_carried.iter().cloned().map(Note::HoursNotCarried));
        let recipients = desired.recipients_not_carried.iter().cloned();
        notes.extend(recipients.map(Note::RecipientsNotCarried));
        notes.extend(desired.other_titles.iter().cloned().map(Note::OtherTitle));
        let is_adopted = |change: &&Change| change.risks.contains(&Risk::Adopts);
        let unmanaged = live.unmanaged.saturating_sub(changes.iter().filter(is_adopted).count());
        notes.extend((unmanaged > 0).then_some(Note::Unmanaged(unmanaged)));
        let mut plan = Plan {
            format: FORMAT,
            header: context.header,
            names: names(&changes, live),
            clients: BTreeMap::new(),
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

    /// Makes a predecessor wait until its successor is published, so that clients never have neither.
    fn wait_for_successors(&mut self) {
        let publishing: BTreeSet<AgreementId> =
            self.found.changes.iter().map(|change| change.id.clone()).collect();
        let blocked: BTreeSet<AgreementId> = self.found.blocked.iter().map(|held| held.id.clone()).collect();
        let mut waiting = Vec::new();
        let successors = successors(self.context.elsewhere(), self.context.header.as_of);
        for change in self.found.changes.iter_mut().filter(|change| change.phase == Phase::Loss) {
            let Some(successor) = self.desired.successors.get(&change.id) else {
                let successor = successors.get(&change.id).and_then(|successor| elsewhere(successor));
                change.elsewhere = change.elsewhere.take().or(successor);
                continue;
            };
            if blocked.contains(successor) {
                waiting.push(Blocked { id: change.id.clone(), reason: Reason::Waits(successor.clone()) });
            } else if publishing.contains(successor) {
                change.after.push(successor.clone());
            }
        }
        self.found.changes.retain(|change| waiting.iter().all(|held| held.id != change.id));
        self.found.blocked.extend(waiting);
    }
}

fn title(found: &LiveAgreement) -> String {
    match found.record.fields.get(&Field::Title) {
        Some(Value::Text(title)) => title.clone(),
        _ => found.object.to_string(),
    }
}

fn elsewhere(agreement: &Agreement) -> Option<Elsewhere> {
    let helpdesk = agreement.helpdesk.clone()?;
    Some(Elsewhere { agreement: agreement.id.clone(), helpdesk })
}

/// The agreements of other helpdesks, by their current and former ids.
fn moved<'a>(
    elsewhere: impl Iterator<Item = &'a Agreement> + Clone,
) -> BTreeMap<&'a AgreementId, &'a Agreement> {
    let former = elsewhere.clone();
    let former = former.flat_map(|agreement| agreement.formerly.iter().map(move |id| (id, agreement)));
    former.chain(elsewhere.map(|agreement| (&agreement.id, agreement))).collect()
}

/// The active agreements of other helpdesks, by those that they renew.
fn successors<'a>(
    elsewhere: impl Iterator<Item = &'a Agreement>,
    at: Instant,
) -> BTreeMap<&'a AgreementId, &'a Agreement> {
    let renewing = elsewhere.filter_map(|agreement| Some((agreement.renews.as_ref()?, agreement)));
    renewing.filter(|(_, agreement)| status(agreement, at).state == State::Active).collect()
}

fn live_active(live: &Live, mapping: &Mapping) -> usize {
    let active = mapping.states.get(&State::Active);
    let present = live.agreements.values().filter_map(|observed| match observed {
        Observed::Present(found) => Some(found),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    present.filter(|found| !found.archived && Some(&found.record.state) == active).count()
}

/// The titles of the objects that changes mention, so that a saved plan can be read without the helpdesk.
pub(super) fn names(changes: &[Change], live: &Live) -> BTreeMap<LiveId, String> {
    let values =
        changes.iter().flat_map(|change| &change.fields).flat_map(|field| [&field.before, &field.after]);
    let hours = changes.iter().flat_map(|change| change.hours.before.iter().chain(&change.hours.after));
    let mentioned: BTreeSet<&LiveId> = values.flat_map(Value::mentions).chain(hours).collect();
    let named = mentioned.into_iter().filter_map(|id| Some((id, live.directory.title(id)?)));
    named.map(|(id, title)| (id.clone(), title.to_owned())).collect()
}
