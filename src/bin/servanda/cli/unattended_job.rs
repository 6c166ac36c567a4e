//! A job without a person, which sends notices with what it has just read of the helpdesks.

use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::selection::AgreementSelection;

use crate::cli::audience::Unattended;
use crate::cli::options::NotifyOptions;
use crate::helpdesk::connect::Connection;
use crate::notify::channels::Channels;
use crate::notify::delivery::{DispatchResult, Dispatcher};
use crate::notify::helpdesk_comment::NoticeConnections;
use crate::process::failure::Failure;
use crate::reconcile::joint::JointReconciliation;
use crate::reconcile::open::OpenHelpdesks;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::workspace::load::Workspace;

/// One run of a job.
pub(crate) struct UnattendedJob<'a> {
    pub(crate) terms: &'a PlanTerms,
    /// The agreements whose notices are sent.
    pub(crate) selection: &'a AgreementSelection,
    pub(crate) options: &'a NotifyOptions,
    pub(crate) channels: &'a Channels,
    pub(crate) audience: &'a Unattended<'a>,
    pub(crate) name: &'a str,
}

impl UnattendedJob<'_> {
    /// Sends the notices about the agreements of one helpdesk, whose lock is held.
    pub(crate) async fn send(
        &self,
        workspace: &Workspace,
        connection: &Connection,
        plan: &GuardedPlan,
        reconciliation: &Reconciliation<'_, Unattended<'_>>,
    ) -> Result<DispatchResult, Failure> {
        let latest = reconciliation.latest();
        let dispatcher = self.dispatcher(workspace)?.with_live_state(workspace, plan, latest);
        let (records, connections) = (reconciliation.records(), NoticeConnections::to(connection));
        let (is_first, stop) = (self.options.init_ledger, &self.audience.stop);
        dispatcher.run(is_first, records, &connections, self.name, stop).await
    }

    /// Sends the notices about the agreements of several helpdesks, whose lock is held.
    pub(crate) async fn send_for_all(
        &self,
        whole: &Workspace,
        open: &OpenHelpdesks<'_>,
        plans: &HelpdeskPlans,
        reconciliation: &JointReconciliation<'_, Unattended<'_>>,
    ) -> Result<DispatchResult, Failure> {
        let dispatcher = self.dispatcher(whole)?;
        let (is_first, stop) = (self.options.init_ledger, &self.audience.stop);
        dispatcher.run_for_all(is_first, open, plans, reconciliation, self.name, stop).await
    }

    fn dispatcher<'w>(&self, workspace: &'w Workspace) -> Result<Dispatcher<'w>, Failure>
    where
        Self: 'w,
    {
        let dispatcher = Dispatcher::new(workspace, self.channels, self.terms.as_of.instant)?;
        Ok(dispatcher.with_acknowledged(self.options.accept_messages).restricted_to(self.selection))
    }
}
