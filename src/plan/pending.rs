//! Creations of earlier runs whose result is not visible yet, and how long to wait for them.
//!
//! A helpdesk's search may lag, so that absence proves nothing until the lag is over.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::calendar::Instant;
use crate::ident::AgreementId;
use crate::plan::Plan;
use crate::plan::effect::creates;

/// The creations of earlier runs that a plan would send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCreations {
    /// The agreements that they are for.
    pub ids: Vec<AgreementId>,
    /// The time until an object that is still not found is known not to exist.
    pub wait: Duration,
}

/// The time until a creation can no longer take effect. An instant in the future counts as now, since the clocks of two
/// machines may differ.
pub fn time_left(sent: Instant, search_lag: Duration, now: Instant) -> Duration {
    let age = Duration::try_from(now.duration_since(sent)).unwrap_or(Duration::ZERO);
    search_lag.saturating_sub(age)
}

/// Finds the creations that must be waited for before the plan may be applied; `None` where there are none.
///
/// `sent` holds when an earlier run sent a creation, by the clock of that run.
pub fn pending_creations(
    plan: &Plan,
    sent: &BTreeMap<AgreementId, Instant>,
    search_lag: Duration,
    now: Instant,
) -> Option<PendingCreations> {
    let creating = plan.changes.iter().filter(|change| change.steps.iter().any(creates));
    let recent = creating.filter_map(|change| {
        let sent = *sent.get(&change.id)?;
        Some((change.id.clone(), time_left(sent, search_lag, now)))
    });
    let pending: Vec<(AgreementId, Duration)> = recent.filter(|(_, left)| !left.is_zero()).collect();
    let wait = pending.iter().map(|(_, left)| *left).max()?;
    Some(PendingCreations { ids: pending.into_iter().map(|(id, _)| id).collect(), wait })
}
