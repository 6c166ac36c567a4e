//! The straight line from an workspace and a helpdesk to a plan: live, desired, difference, causes.

use std::collections::BTreeMap;

use servanda::calendar::{Instant, ZONE_DATA};
use servanda::desired::{Desired, desired};
use servanda::envelope::GuardedPlan;
use servanda::guard::{Acknowledged, guard};
use servanda::ident::AgreementId;
use servanda::live::{Live, LiveAgreement, Observed, Record, Touch, initials};
use servanda::mapping::Field;
use servanda::notice::announced;
use servanda::plan::{
    DiffContext, Drift, DriftPart, Header, LastApplied, Plan, assign_causes, diff, keep_drift,
};
use servanda::settings::DriftPolicy;

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{HistoryEvent, Reader, Selection};
use crate::process::context::AsOf;
use crate::process::failure::Failure;
use crate::workspace::load::Workspace;

/// How a plan is made, with everything that was typed understood.
pub(crate) struct PlanTerms {
    /// The one instant of the run.
    pub(crate) as_of: AsOf,
    /// Whether agreements that are gone from the files are retired.
    pub(crate) prune: bool,
    /// The numbers that were acknowledged.
    pub(crate) acknowledged: Acknowledged,
}

/// The two sides that a plan was made from.
pub(crate) struct Sides {
    /// What was wished for.
    pub(crate) desired: Desired,
    /// What the helpdesk holds.
    pub(crate) live: Live,
}

/// The plan of an workspace against a helpdesk, less what guards hold back, and what it was made from.
pub(crate) async fn make(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    last_applied: Option<&LastApplied>,
) -> Result<(GuardedPlan, Sides), Failure> {
    let reader = connection.reader();
    let live = reader.read_live(&Selection::of(&workspace.agreements)).await?;
    tracing::info!(requests = reader.requests(), "the helpdesk was read");
    let (mut envelope, sides) = compared(workspace, live, terms, last_applied, connection.name());
    let drift = &mut envelope.plan.drift;
    if !drift.is_empty() {
        let found = drift.iter().filter_map(|drift| present(&sides.live, &drift.id));
        let events = history(found, &reader).await;
        tell_who(drift, &sides.live, &events);
    }
    Ok((envelope, sides))
}

/// What was done to these agreements and their promises, without names. A plan is none the worse without it.
pub(crate) async fn history(
    found: impl Iterator<Item = &LiveAgreement>,
    reader: &impl Reader,
) -> Vec<HistoryEvent> {
    let objects = found.flat_map(|found| found.rules.values().chain([&found.object])).cloned().collect();
    let mut events = reader.history(&objects).await.unwrap_or_else(|error| {
        tracing::info!("who changed what is not told: {error}");
        Vec::new()
    });
    for event in &mut events {
        event.touch.name = event.touch.name.as_deref().map(initials);
    }
    events
}

fn present<'a>(live: &'a Live, id: &AgreementId) -> Option<&'a LiveAgreement> {
    match live.agreements.get(id)? {
        Observed::Present(found) => Some(found),
        Observed::Absent | Observed::Unknown(_) => None,
    }
}

/// Adds who changed what by hand, as far as the helpdesk tells.
pub(crate) fn tell_who(drift: &mut [Drift], live: &Live, events: &[HistoryEvent]) {
    for drift in drift {
        let Some(found) = present(live, &drift.id) else {
            continue;
        };
        let is_about = |event: &&HistoryEvent| match &drift.part {
            // Targets are objects of their own, where the helpdesk has such.
            DriftPart::Field(Field::Targets) if !found.rules.is_empty() => {
                found.rules.values().any(|rule| *rule == event.object)
            }
            part => event.object == found.object && event.part.as_ref() == Some(part),
        };
        let last = events.iter().rfind(is_about).map(|event| event.touch.clone());
        let touched = || found.modified.clone().map(|when| Touch { who: None, name: None, when });
        drift.touch = last.or_else(touched);
    }
}

/// The plan of an workspace against what was read.
pub(crate) fn compared(
    workspace: &Workspace,
    live: Live,
    terms: &PlanTerms,
    last_applied: Option<&LastApplied>,
    helpdesk: String,
) -> (GuardedPlan, Sides) {
    // People have no names in a plan, wherever it is made.
    let live = live.without_people();
    let question = Question { instant: terms.as_of.instant, prune: terms.prune, last_applied, helpdesk };
    let (proposed, desired) = compare(workspace, &live, question);
    let settings = &workspace.settings;
    let (plan, held) =
        guard(proposed.clone(), &settings.guards, &terms.acknowledged, &settings.helpdesk.mapping);
    let announced = announced(&plan, &workspace.agreements, &workspace.catalog, settings.notice_time);
    (GuardedPlan::new(&proposed, plan, held).announcing(announced), Sides { desired, live })
}

/// What a plan is made of, besides the workspace and the live side.
struct Question<'a> {
    /// The one instant of the run.
    instant: Instant,
    /// Whether agreements that are gone from the files are retired.
    prune: bool,
    /// What was last applied; without it no cause is claimed.
    last_applied: Option<&'a LastApplied>,
    /// The helpdesk, without anything secret.
    helpdesk: String,
}

/// Compares what the files say at the instant with what the helpdesk holds.
fn compare(workspace: &Workspace, live: &Live, question: Question<'_>) -> (Plan, Desired) {
    let mapping = &workspace.settings.helpdesk.mapping;
    let wished =
        |instant| desired(&workspace.agreements, &workspace.catalog, mapping, &live.directory, instant);
    let desired = wished(question.instant);
    let header = Header {
        as_of: question.instant,
        zone: workspace.settings.zone.name().to_owned(),
        zone_data: ZONE_DATA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: workspace.commit.clone(),
        files: workspace.digest.clone(),
        helpdesk: question.helpdesk,
    };
    let planned = |desired: &Desired| {
        let context = DiffContext { header: header.clone(), mapping, prune: question.prune };
        diff(desired, live, context)
    };
    let mut plan = planned(&desired);
    if let Some(last_applied) = question.last_applied
        && !plan.is_empty()
    {
        let earlier = records_then(last_applied, &wished);
        let then = |id: &AgreementId, instant: Instant| earlier.get(&instant)?.get(id).cloned();
        assign_causes(&mut plan, last_applied, then);
        let mut left = left(&plan.drift, &workspace.settings.helpdesk.drift);
        if !left.is_empty() {
            let mut adjusted = desired.clone();
            keep_drift(&mut adjusted, &left);
            plan = planned(&adjusted);
            assign_causes(&mut plan, last_applied, then);
            plan.drift.append(&mut left);
            plan.drift.sort_by(|left, right| (&left.id, &left.part).cmp(&(&right.id, &right.part)));
        }
    }
    (plan, desired)
}

/// What of the drift the settings ask to leave as it is.
fn left(drift: &[Drift], policy: &DriftPolicy) -> Vec<Drift> {
    if !policy.leaves_anything() {
        return Vec::new();
    }
    let is_left = |drift: &&Drift| match &drift.part {
        DriftPart::State => policy.leaves_state(),
        DriftPart::Field(field) => policy.leaves_field(field),
    };
    drift.iter().filter(is_left).map(|drift| Drift { is_corrected: false, ..drift.clone() }).collect()
}

/// What the files of today say about each instant that the last_applied knows: one, unless applies failed in part.
fn records_then(
    last_applied: &LastApplied,
    wished: &impl Fn(Instant) -> Desired,
) -> BTreeMap<Instant, BTreeMap<AgreementId, Record>> {
    let mut earlier = BTreeMap::new();
    for applied in last_applied.agreements.values() {
        earlier.entry(applied.as_of).or_insert_with(|| {
            let desired = wished(applied.as_of).agreements;
            desired.into_iter().map(|(id, wish)| (id, wish.record)).collect()
        });
    }
    earlier
}
