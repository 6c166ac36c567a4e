//! Who follows a reconciliation.

use std::time::Duration;

use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::plan::Plan;

use crate::process::failure::Failure;
use crate::process::shutdown::Stop;
use crate::reconcile::apply::Progress;

/// The caller of a reconciliation, who sees the plan, confirms it and may stop the apply.
pub(crate) trait Audience {
    /// Shows the plan, before anything is written.
    fn show(&self, plan: &GuardedPlan) -> Result<(), Failure>;
    /// Asks whether to apply the plan; a refusal is a failure.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure>;
    /// Shows the plans of several helpdesks.
    fn show_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure>;
    /// Asks whether to apply the plans of several helpdesks.
    fn confirm_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure>;
    /// Receives one line of information.
    fn inform(&self, text: &str);
    /// The longest time to wait for the lock.
    fn lock_timeout(&self) -> Duration;
    /// Receives the progress of an apply of this many changes.
    fn progress(&self, changes: usize) -> impl Progress;
    /// Starts to listen for a request to stop.
    fn listen(&self) -> Stop;
}
