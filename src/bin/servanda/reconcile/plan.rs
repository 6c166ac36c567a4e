//! Reads the helpdesk and calls the planner of the core.

use std::collections::BTreeMap;

use servanda::envelope::GuardedPlan;
use servanda::guard::Acknowledged;
use servanda::ident::AgreementId;
use servanda::live::{Live, LiveAgreement, Observed, initials};
use servanda::outcome::ChangeResult;
use servanda::plan::{Drift, HistoryEvent, LastApplied, Plan, attribute_drift};
use servanda::planner::{self, Origin, PlannerInput, Sides};

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader, Selection};
use crate::process::context::AsOf;
use crate::process::failure::Failure;
use crate::workspace::load::Workspace;

/// The options that decide what a plan holds.
pub(crate) struct PlanTerms {
    /// The one instant of the run.
    pub(crate) as_of: AsOf,
    /// Whether agreements whose document is gone are retired.
    pub(crate) prune: bool,
    /// The numbers that were acknowledged, by guard.
    pub(crate) acknowledged: Acknowledged,
}

/// Makes the plan of a workspace against its helpdesk.
pub(crate) async fn make(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    last_applied: Option<&LastApplied>,
) -> Result<(GuardedPlan, Sides), Failure> {
    let live = read_live(workspace, connection).await?;
    let (mut guarded, sides) = make_from(workspace, live, terms, last_applied, &connection.name());
    attribute(&mut guarded, &sides, connection).await;
    Ok((guarded, sides))
}

/// Makes the plan of a workspace against its helpdesk, with only the changes that a reviewed plan permits. Also returns the
/// results of the reviewed changes that are left out.
pub(crate) async fn make_reviewed(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    last_applied: Option<&LastApplied>,
    reviewed: &Plan,
) -> Result<(GuardedPlan, BTreeMap<AgreementId, ChangeResult>), Failure> {
    let live = read_live(workspace, connection).await?;
    let helpdesk = connection.name();
    let input = input(workspace, terms, last_applied, &helpdesk);
    let (mut guarded, sides, left_out) = planner::plan_reviewed(&input, live, reviewed);
    attribute(&mut guarded, &sides, connection).await;
    Ok((guarded, left_out))
}

/// Makes the plan of a workspace against a live state that was read before, from `helpdesk`.
pub(crate) fn make_from(
    workspace: &Workspace,
    live: Live,
    terms: &PlanTerms,
    last_applied: Option<&LastApplied>,
    helpdesk: &str,
) -> (GuardedPlan, Sides) {
    planner::plan(&input(workspace, terms, last_applied, helpdesk), live)
}

fn input<'a>(
    workspace: &'a Workspace,
    terms: &'a PlanTerms,
    last_applied: Option<&'a LastApplied>,
    helpdesk: &'a str,
) -> PlannerInput<'a> {
    PlannerInput {
        agreements: &workspace.agreements,
        catalog: &workspace.catalog,
        settings: &workspace.settings,
        last_applied,
        instant: terms.as_of.instant,
        prune: terms.prune,
        acknowledged: &terms.acknowledged,
        origin: Origin { commit: workspace.commit.as_deref(), files: &workspace.digest, helpdesk },
    }
}

async fn read_live(workspace: &Workspace, connection: &Connection) -> Result<Live, Failure> {
    let reader = connection.reader();
    let live = reader.read_live(&Selection::of(&workspace.agreements)).await?;
    tracing::info!(requests = reader.requests(), "the helpdesk was read");
    Ok(live)
}

/// Adds who changed what by hand to the drift of a plan.
async fn attribute(guarded: &mut GuardedPlan, sides: &Sides, connection: &Connection) {
    let drift = &mut guarded.plan.drift;
    if !drift.is_empty() {
        let events = history(drifted(drift, &sides.live), &connection.reader()).await;
        attribute_drift(drift, &sides.live, &events);
    }
}

/// Reads the history of these agreements and their targets, with initials in place of names.
///
/// Without a history a plan is still complete, so that an error is logged only.
pub(crate) async fn history<'a>(
    agreements: impl Iterator<Item = &'a LiveAgreement>,
    reader: &impl Reader,
) -> Vec<HistoryEvent> {
    let objects = agreements.flat_map(|found| found.rules.values().chain([&found.object])).cloned().collect();
    let mut events = reader.history(&objects).await.unwrap_or_else(|error| {
        tracing::info!("the history of drifted objects is unavailable: {error}");
        Vec::new()
    });
    for event in &mut events {
        event.touch.name = event.touch.name.as_deref().map(initials);
    }
    events
}

fn drifted<'a>(drift: &'a [Drift], live: &'a Live) -> impl Iterator<Item = &'a LiveAgreement> {
    drift.iter().filter_map(|drift| match live.agreements.get(&drift.id)? {
        Observed::Present(found) => Some(found),
        Observed::Absent | Observed::Unknown(_) => None,
    })
}
