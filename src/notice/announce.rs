//! Whom an apply of a plan would tell of what, in numbers: for those who review it, and without anybody's name.
//!
//! The memory of what was told is not asked, so that a plan is the same without it: what was told before is told to
//! fewer people than these.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::TimeOfDay;
use crate::catalog::Catalog;
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::{Cause, Change, FieldChange, Plan, StateChange, Step, Verb};
use crate::status::State;

use super::Identity;
use super::event::{Kin, Occasion, occasions, rule};
use super::recipient::behind;

/// How many people of one role would be told of one event.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Announced {
    /// The event.
    pub event: NoticeEvent,
    /// Whose role it is.
    pub role: Role,
    /// How many notices, before those of one recipient become one letter.
    pub notices: usize,
    /// Of how many agreements.
    pub agreements: usize,
}

/// Who is told.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The client's contacts.
    Client,
    /// The manager who answers for the agreement.
    Manager,
    /// An address that the agreement names.
    Address,
}

/// What an apply of a plan would tell on its day, by event and role.
pub fn announced(
    plan: &Plan,
    agreements: &[Agreement],
    catalog: &Catalog,
    usual: TimeOfDay,
) -> Vec<Announced> {
    if plan.changes.is_empty() {
        return Vec::new();
    }
    let by_id: BTreeMap<&AgreementId, &Agreement> =
        agreements.iter().map(|agreement| (&agreement.id, agreement)).collect();
    let kin = Kin::of(agreements);
    let mut counts: BTreeMap<(NoticeEvent, Role), (usize, usize)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.verb != Verb::Retire) {
        let Some(agreement) = by_id.get(&change.id) else {
            continue;
        };
        for event in events(change, agreement, &kin, usual, plan) {
            let mut roles: BTreeMap<Role, usize> = BTreeMap::new();
            for recipient in behind(&listeners(agreement, event), agreement, catalog) {
                *roles.entry(role(&recipient.identity)).or_default() += 1;
            }
            for (role, notices) in roles {
                let count = counts.entry((event, role)).or_default();
                *count = (count.0 + notices, count.1 + 1);
            }
        }
    }
    let announced = |((event, role), (notices, agreements))| Announced { event, role, notices, agreements };
    counts.into_iter().map(announced).collect()
}

/// The events of one change.
fn events(
    change: &Change,
    agreement: &Agreement,
    kin: &Kin<'_>,
    usual: TimeOfDay,
    plan: &Plan,
) -> BTreeSet<NoticeEvent> {
    let at = plan.header.as_of;
    // What is due later today is sent by a later run of today.
    let until = agreement.zone.day_of(at).tomorrow().map_or(at, |next| agreement.zone.start_of(next));
    let occasions = occasions(agreement, kin, usual, until);
    let latest = occasions.iter().rfind(|occasion| occasion.tells.is_some());
    let latest = latest.filter(|latest| latest.tells == change.status);
    let mut events = BTreeSet::new();
    if changes_state(change) {
        events.extend(latest.map(|latest| latest.event));
    }
    let moved = moved_end(change);
    if change.status == Some(State::Active) && (moved.is_some() || change.verb == Verb::Create) {
        let is_open = |occasion: &&Occasion| occasion.until.is_some_and(|until| at < until);
        events.extend(occasions.iter().filter(is_open).map(|occasion| occasion.event));
    }
    // A further period may have begun: what was told of the one before was right.
    let is_renewed = latest.is_some_and(|latest| latest.event == NoticeEvent::Renewed);
    match moved {
        Some(field) if field.cause == Some(Cause::Date) && is_renewed => {
            events.insert(NoticeEvent::Renewed);
        }
        Some(field)
            if field.cause != Some(Cause::Date)
                && change.state.is_none()
                && change.status == Some(State::Active) =>
        {
            events.insert(NoticeEvent::Amended);
        }
        _ => {}
    }
    events
}

/// Whether clients get to know another state by it. What somebody changed by hand was never told.
fn changes_state(change: &Change) -> bool {
    let by_hand = |state: &StateChange| state.cause == Some(Cause::Drift);
    let is_moved = change.state.is_some() || change.steps.contains(&Step::Restore);
    change.verb == Verb::Create || (is_moved && !change.state.as_ref().is_some_and(by_hand))
}

/// The last day of an agreement that was there before, where it moves, unless somebody did it by hand.
fn moved_end(change: &Change) -> Option<&FieldChange> {
    let moved = change.fields.iter().find(|field| field.field == Field::LastDay);
    moved.filter(|field| change.verb == Verb::Update && field.cause != Some(Cause::Drift))
}

/// Those who hear of an event; of a correction all who may have heard of what it corrects.
fn listeners(agreement: &Agreement, event: NoticeEvent) -> Vec<String> {
    match event {
        NoticeEvent::Amended => {
            agreement.notices.events.values().flat_map(|rule| rule.to.iter().cloned()).collect()
        }
        _ => rule(agreement, event).map_or_else(Vec::new, |rule| rule.to.clone()),
    }
}

const fn role(identity: &Identity) -> Role {
    match identity {
        Identity::Contact(_) | Identity::Client | Identity::Everyone => Role::Client,
        Identity::Manager(_) | Identity::Nobody => Role::Manager,
        Identity::Address(_) => Role::Address,
    }
}
