//! Sends the notices about the agreements of several helpdesks together.

use servanda::helpdesks::HelpdeskPlans;

use crate::ledger;
use crate::notify::delivery::{DispatchResult, Dispatcher};
use crate::notify::helpdesk_comment::NoticeConnections;
use crate::process::failure::Failure;
use crate::process::shutdown::Stop;
use crate::reconcile::audience::Audience;
use crate::reconcile::joint::JointReconciliation;
use crate::reconcile::open::OpenHelpdesks;

impl Dispatcher<'_> {
    /// Sends the notices as [`Dispatcher::run`] does, with the plans and the latest state of a reconciliation whose lock is
    /// held. Each is confirmed by the helpdesk in which its agreement lives, and recorded under the default one, or under the one
    /// that was the default when the records began.
    pub(crate) async fn run_for_all<A: Audience>(
        mut self,
        is_first: bool,
        open: &OpenHelpdesks<'_>,
        plans: &HelpdeskPlans,
        reconciliation: &JointReconciliation<'_, A>,
        name: &str,
        stop: &Stop,
    ) -> Result<DispatchResult, Failure> {
        for (helpdesk, workspace, _) in open.iter() {
            if let Some(plan) = plans.helpdesks.get(helpdesk) {
                let latest = reconciliation.latest().find(|(other, _)| *other == helpdesk);
                self = self.with_live_state(workspace, plan, latest.map(|(_, latest)| latest));
            }
        }
        let settings = &self.workspace.settings;
        let ledger = match reconciliation.records() {
            Some(records) => Some(ledger::of_notices(records, settings).await?),
            None => None,
        };
        let default = settings.default_helpdesk.as_ref();
        let witness = ledger.as_ref().map_or(default, |ledger| ledger.helpdesk.as_ref());
        let connections = NoticeConnections::to_all(open, default, witness);
        let records = ledger.as_ref().map(|ledger| &ledger.records);
        self.run(is_first, records, &connections, name, stop).await
    }
}
