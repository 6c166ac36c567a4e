//! Counts the notices that applying a plan would cause, for reviewers of the plan. Names no person.
//!
//! The ledger is not read, so that a plan does not depend on it. Notices that were already sent are therefore counted
//! too, and the actual number may be lower.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::TimeOfDay;
use crate::catalog::Catalog;
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::{Cause, Change, FieldChange, Plan, Risk, StateChange, Step, Verb};
use crate::status::State;

use super::event::{ScheduledEvent, Succession, rule, scheduled_events};
use super::recipient::{Identity, resolve};

/// The number of notices about one event to one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// The event.
    pub event: NoticeEvent,
    /// The role of the recipients.
    pub role: Role,
    /// The number of notices, before those of one recipient are combined into one message.
    pub notices: usize,
    /// The number of agreements.
    pub agreements: usize,
}

/// The role of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The client's contacts.
    Client,
    /// The manager of the agreement.
    Manager,
    /// An address named in the agreement.
    Address,
}

/// Counts the notices that applying a plan would cause on its day, by event and role.
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
    let succession = Succession::of(agreements);
    let mut counts: BTreeMap<(NoticeEvent, Role), (usize, usize)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.verb != Verb::Retire) {
        let Some(agreement) = by_id.get(&change.id) else {
            continue;
        };
        for event in events(change, agreement, &succession, usual, plan) {
            let mut roles: BTreeMap<Role, usize> = BTreeMap::new();
            for recipient in resolve(&audience(agreement, event), agreement, catalog) {
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
    succession: &Succession<'_>,
    usual: TimeOfDay,
    plan: &Plan,
) -> BTreeSet<NoticeEvent> {
    let at = plan.header.as_of;
    // Notices due later on this day are sent by a later run of the day.
    let until = agreement.zone.day_of(at).tomorrow().map_or(at, |next| agreement.zone.start_of(next));
    let scheduled = scheduled_events(agreement, succession, usual, until);
    let latest = scheduled.iter().rfind(|event| event.new_state.is_some());
    let latest = latest.filter(|latest| latest.new_state == change.status);
    let mut events = BTreeSet::new();
    // What an adopted agreement was before today is past.
    let today = agreement.zone.day_of(at);
    let is_news = |latest: &&ScheduledEvent| {
        !change.risks.contains(&Risk::Adopts) || agreement.zone.day_of(latest.planned) == today
    };
    if changes_state(change) {
        events.extend(latest.filter(is_news).map(|latest| latest.event));
    }
    let moved = moved_end(change);
    if change.status == Some(State::Active) && (moved.is_some() || change.verb == Verb::Create) {
        let is_open = |event: &&ScheduledEvent| event.until.is_some_and(|until| at < until);
        events.extend(scheduled.iter().filter(is_open).map(|event| event.event));
    }
    // If a further period began, the days of the previous one were right and need no correction.
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

/// Whether clients are notified of a new state. A state that somebody set by hand was never announced.
fn changes_state(change: &Change) -> bool {
    let by_hand = |state: &StateChange| state.cause == Some(Cause::Drift);
    let is_moved = change.state.is_some() || change.steps.contains(&Step::Restore);
    change.verb == Verb::Create || (is_moved && !change.state.as_ref().is_some_and(by_hand))
}

/// The change of the last day of an existing agreement, unless it corrects drift.
fn moved_end(change: &Change) -> Option<&FieldChange> {
    let moved = change.fields.iter().find(|field| field.field == Field::LastDay);
    moved.filter(|field| change.verb == Verb::Update && field.cause != Some(Cause::Drift))
}

/// The recipients of an event; for a correction, everyone who may have received the old days.
fn audience(agreement: &Agreement, event: NoticeEvent) -> Vec<String> {
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
        Identity::Manager(_) | Identity::NoManager => Role::Manager,
        Identity::Address(_) => Role::Address,
    }
}
