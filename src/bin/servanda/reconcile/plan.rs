//! Reads the helpdesk and calls the planner of the core.

use std::collections::BTreeMap;

use servanda::envelope::GuardedPlan;
use servanda::guard::{Acknowledgements, acknowledged_in};
use servanda::ident::AgreementId;
use servanda::live::{Live, LiveAgreement, Observed, initials};
use servanda::notice::SentNotices;
use servanda::outcome::ChangeResult;
use servanda::plan::{Drift, HistoryEvent, LastApplied, Plan, attribute_drift};
use servanda::planner::{self, Base, Origin, PlannerInput, Sides};
use servanda::selection::{AgreementSelection, NamedSide};

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader, Selection};
use crate::ledger::RecordedNotices;
use crate::process::context::AsOf;
use crate::process::failure::Failure;
use crate::workspace::helpdesks::refuse_unknown;
use crate::workspace::load::{PullRequestBase, Workspace};

/// The options that decide what a plan holds.
pub(crate) struct PlanTerms {
    /// The one instant of the run.
    pub(crate) as_of: AsOf,
    /// Whether agreements whose document is gone are retired.
    pub(crate) prune: bool,
    /// The numbers that were acknowledged, by helpdesk and guard.
    pub(crate) acknowledged: Acknowledgements,
    /// The agreements that the plan is restricted to.
    pub(crate) selection: AgreementSelection,
}

impl PlanTerms {
    /// Refuses a selection by names that match nothing, and an acknowledgement in a helpdesk that the settings do not have.
    /// What only the base of a pull request has can be selected as well, beside what only the head has.
    pub(crate) fn refuse_unknown(&self, workspace: &Workspace) -> Result<(), Failure> {
        let Workspace { settings, catalog, agreements, pull_request, .. } = workspace;
        let head = NamedSide { catalog, agreements: Some(agreements) };
        let base = pull_request.as_deref();
        let base = base.map(|base| NamedSide { catalog: &base.catalog, agreements: Some(&base.agreements) });
        let sides: Vec<NamedSide<'_>> = std::iter::once(head).chain(base).collect();
        refuse_unknown(settings, &sides, false, &self.selection)?;
        let mut named = self.acknowledged.keys().filter_map(|(helpdesk, _)| helpdesk.as_ref());
        match named.find(|name| !settings.helpdesks.contains_key(*name)) {
            None => Ok(()),
            Some(unknown) => {
                let message = format!("`--accept` names the unknown helpdesk `{unknown}`");
                Err(Failure::usage(message, "name one of `helpdesks:` in servanda.yaml, or none"))
            }
        }
    }
}

/// The part of the ledger that a plan needs.
#[derive(Clone, Copy, Default)]
pub(crate) struct FromLedger<'a> {
    /// The last-applied state.
    pub(crate) last_applied: Option<&'a LastApplied>,
    /// The records of notices.
    pub(crate) notices: Option<&'a RecordedNotices>,
}

/// Makes the plan of a workspace against its helpdesk.
pub(crate) async fn make(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    ledger: FromLedger<'_>,
) -> Result<(GuardedPlan, Sides), Failure> {
    let live = read_live(workspace, connection).await?;
    let (mut guarded, sides) = make_from(workspace, live, terms, ledger, &connection.name());
    attribute(&mut guarded, &sides, connection).await;
    Ok((guarded, sides))
}

/// Makes the plan of a workspace against its helpdesk, with only the changes that a reviewed plan permits. Also returns the
/// results of the reviewed changes that are left out.
pub(crate) async fn make_reviewed(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    ledger: FromLedger<'_>,
    reviewed: &Plan,
) -> Result<(GuardedPlan, BTreeMap<AgreementId, ChangeResult>), Failure> {
    let live = read_live(workspace, connection).await?;
    let helpdesk = connection.name();
    let made = with_input(workspace, terms, ledger, &helpdesk, |input| {
        planner::plan_reviewed(input, live, reviewed)
    });
    let (mut guarded, sides, left_out) = made;
    attribute(&mut guarded, &sides, connection).await;
    Ok((guarded, left_out))
}

/// Makes the plan of a workspace against a live state that was read before, from `helpdesk`.
pub(crate) fn make_from(
    workspace: &Workspace,
    live: Live,
    terms: &PlanTerms,
    ledger: FromLedger<'_>,
    helpdesk: &str,
) -> (GuardedPlan, Sides) {
    with_input(workspace, terms, ledger, helpdesk, |input| planner::plan(input, live))
}

fn with_input<T>(
    workspace: &Workspace,
    terms: &PlanTerms,
    ledger: FromLedger<'_>,
    helpdesk: &str,
    plan: impl FnOnce(&PlannerInput<'_>) -> T,
) -> T {
    let hide =
        |address: &str| ledger.notices.map_or_else(String::new, |notices| notices.secret.hide(address));
    plan(&PlannerInput {
        agreements: &workspace.agreements,
        everywhere: &workspace.everywhere,
        catalog: &workspace.catalog,
        settings: &workspace.settings,
        last_applied: ledger.last_applied,
        instant: terms.as_of.instant,
        prune: terms.prune,
        acknowledged: &acknowledged_in(workspace.settings.helpdesk.name.as_ref(), &terms.acknowledged),
        selection: &terms.selection,
        origin: Origin { commit: workspace.commit.as_deref(), files: &workspace.digest, helpdesk },
        base: workspace.pull_request.as_deref().map(
            |PullRequestBase { agreements, everywhere, catalog, scope }| Base {
                agreements,
                everywhere,
                catalog,
                scope,
            },
        ),
        sent: ledger.notices.map(|notices| SentNotices { records: &notices.records, hide: &hide }),
    })
}

async fn read_live(workspace: &Workspace, connection: &Connection) -> Result<Live, Failure> {
    let reader = connection.reader();
    let base = workspace.pull_request.iter().flat_map(|request| &request.agreements);
    let live = reader.read_live(&Selection::of(workspace.agreements.iter().chain(base))).await?;
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
