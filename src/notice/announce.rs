//! Counts the notices of the run that applies a plan, for reviewers of the plan. Names no person.
//!
//! With the records of the ledger these are exactly the notices that the run sends, as [`due`] decides it. Without them, only
//! notices about the changes of the plan are counted, also those that were already sent: the actual number may be lower.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::{Agreement, NoticeEvent, whole};
use crate::calendar::TimeOfDay;
use crate::catalog::Catalog;
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::{Cause, Change, DriftPart, FieldChange, Note, Plan, Reason, Risk, StateChange, Step, Verb};
use crate::settings::Settings;
use crate::status::State;

use super::confirmed::{Confirmation, is_announced};
use super::due::{DueInput, due, recipients};
use super::event::{ScheduledEvent, Succession, scheduled_events};
use super::key::{Channel, NoticeKey};
use super::past::unrecorded;
use super::recipient::{Identity, resolve};
use super::record::{NoticeRecord, NoticeRecords};

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
    /// The number of notices that are sent without the pull request as well.
    #[serde(default)]
    pub on_base: usize,
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
    /// Everyone who reads a channel without recipients of its own.
    Everyone,
}

/// The records of the ledger, and what is needed to compare notices with them.
#[derive(Clone, Copy)]
pub struct SentNotices<'a> {
    /// The records.
    pub records: &'a NoticeRecords,
    /// Makes the same digest of an address as the records have.
    pub hide: &'a dyn Fn(&str) -> String,
}

impl fmt::Debug for SentNotices<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.records.fmt(formatter)
    }
}

/// One notice that is announced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnnouncedNotice {
    event: NoticeEvent,
    role: Role,
    agreement: AgreementId,
    recipient: String,
    channel: Channel,
}

impl AnnouncedNotice {
    /// The agreement that it is about.
    pub(crate) const fn agreement(&self) -> &AgreementId {
        &self.agreement
    }
}

/// Counts notices by event and role, and those of them that are announced on the base of a pull request as well.
pub fn counted(notices: &BTreeSet<AnnouncedNotice>, base: &BTreeSet<AnnouncedNotice>) -> Vec<Announced> {
    let mut counts: BTreeMap<(NoticeEvent, Role), (usize, usize, BTreeSet<&AgreementId>)> = BTreeMap::new();
    for notice in notices {
        let count = counts.entry((notice.event, notice.role)).or_default();
        count.0 += 1;
        count.1 += usize::from(base.contains(notice));
        count.2.insert(&notice.agreement);
    }
    let announced = |((event, role), (notices, on_base, agreements)): (_, (_, _, BTreeSet<_>))| Announced {
        event,
        role,
        notices,
        agreements: agreements.len(),
        on_base,
    };
    counts.into_iter().map(announced).collect()
}

/// The files that a plan was made from.
#[derive(Clone, Copy, Debug)]
pub struct PlannedFiles<'a> {
    /// The agreements.
    pub agreements: &'a [Agreement],
    /// The agreements of all helpdesks of the repository; empty if there is one.
    pub everywhere: &'a [Agreement],
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The settings.
    pub settings: &'a Settings,
    /// The channels of notices.
    pub channels: &'a [Channel],
}

/// The notices that the run sends which applies this plan, if every write succeeds and everyone has an address. `waiting` are
/// the changes that a guard stopped.
pub fn announced_by(
    plan: &Plan,
    waiting: &[Change],
    PlannedFiles { agreements, everywhere, catalog, settings, channels }: PlannedFiles<'_>,
    sent: SentNotices<'_>,
) -> BTreeSet<AnnouncedNotice> {
    let unconfirmed = unconfirmed(plan, waiting);
    let is_absent = |id: &AgreementId| {
        let over = |note: &Note| matches!(note, Note::OverAndAbsent(absent) if absent == id);
        plan.notes.iter().any(over)
    };
    let input = DueInput {
        agreements,
        everywhere,
        catalog,
        usual: settings.notice_time,
        late_after: settings.late_time(),
        channels,
        at: plan.header.as_of,
        confirmation: &|id| match id {
            id if unconfirmed.contains(id) => Confirmation::Unconfirmed,
            id if is_absent(id) => Confirmation::Absent,
            _ => Confirmation::AsDesired,
        },
        is_edited: &|_| false,
        address: &|person| Some(person.to_string()),
        hide: sent.hide,
    };
    let mut records = sent.records.clone();
    unrecorded(&input, &records).add_to(&mut records);
    let is_in_doubt =
        |key: &NoticeKey| matches!(records.records.get(key), Some(NoticeRecord::Submitting { .. }));
    let send = due(&input, &records).send.into_iter().filter(|notice| !is_in_doubt(&notice.key));
    let announced = send.map(|notice| AnnouncedNotice {
        event: notice.key.event,
        role: role(&notice.recipient.identity),
        agreement: notice.key.agreement,
        recipient: notice.key.recipient,
        channel: notice.key.channel,
    });
    announced.collect()
}

/// The agreements that do not have what a notice says after the apply: blocked, stopped by a guard, or left with drift.
fn unconfirmed<'a>(plan: &'a Plan, waiting: &'a [Change]) -> BTreeSet<&'a AgreementId> {
    let blocked = plan.blocked.iter().filter(|blocked| match blocked.reason {
        Reason::Guarded(_) | Reason::Waits(_) | Reason::Orphan { .. } => false,
        Reason::Unresolved(_)
        | Reason::Unreadable(_)
        | Reason::SameOwnershipKey(_)
        | Reason::CannotAdopt(_)
        | Reason::Elsewhere(_)
        | Reason::Archived(_) => true,
    });
    let drift = plan.drift.iter();
    let kept = drift.filter(|drift| !drift.is_corrected && drift.part == DriftPart::State);
    let waiting = waiting.iter().filter(|change| is_announced(change));
    let waiting = waiting.map(|change| &change.id);
    blocked.map(|blocked| &blocked.id).chain(kept.map(|drift| &drift.id)).chain(waiting).collect()
}

/// The notices about the changes of a plan on its day, sent already or not.
pub fn announced_at_most(
    plan: &Plan,
    PlannedFiles { agreements, everywhere, catalog, settings, channels }: PlannedFiles<'_>,
) -> BTreeSet<AnnouncedNotice> {
    let usual = settings.notice_time;
    let mut announced = BTreeSet::new();
    let by_id: BTreeMap<&AgreementId, &Agreement> =
        agreements.iter().map(|agreement| (&agreement.id, agreement)).collect();
    let succession = Succession::of(whole(agreements, everywhere));
    let is_kept = |change: &&Change| !matches!(change.verb, Verb::Retire | Verb::Move);
    for change in plan.changes.iter().filter(is_kept) {
        let Some(agreement) = by_id.get(&change.id) else {
            continue;
        };
        for event in events(change, agreement, &succession, usual, plan) {
            for channel in channels {
                let recipients = match (event, channel) {
                    (NoticeEvent::Amended, Channel::Mail) => {
                        resolve(&everyone_named(agreement), agreement, catalog)
                    }
                    _ => recipients(agreement, event, *channel, catalog),
                };
                announced.extend(recipients.into_iter().map(|recipient| AnnouncedNotice {
                    event,
                    role: role(&recipient.identity),
                    agreement: agreement.id.clone(),
                    recipient: recipient.identity.in_key(str::to_owned),
                    channel: *channel,
                }));
            }
        }
    }
    announced
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

/// Everyone who may have received the old days of an agreement.
fn everyone_named(agreement: &Agreement) -> Vec<String> {
    agreement.notices.events.values().flat_map(|rule| rule.to.iter().cloned()).collect()
}

const fn role(identity: &Identity) -> Role {
    match identity {
        Identity::Contact(_) | Identity::Client => Role::Client,
        Identity::Everyone => Role::Everyone,
        Identity::Manager(_) | Identity::NoManager => Role::Manager,
        Identity::Address(_) => Role::Address,
    }
}
