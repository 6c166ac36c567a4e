//! What an earlier run may have created without anybody having seen it, and how long to wait for it to show.
//!
//! Pure: a plan and the marks of earlier runs become a wait. Absence is no proof before it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use servanda::calendar::Instant;
use servanda::ident::AgreementId;
use servanda::plan::Plan;

use super::effect::creates;
use crate::ledger::records::Pending;

/// The creations of earlier runs that this plan would send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Which agreements they are for.
    pub(crate) ids: Vec<AgreementId>,
    /// How long until what is not found is not there.
    pub(crate) wait: Duration,
}

/// What has to be waited for before the plan may be carried out, if anything.
///
/// A mark from the future is as good as fresh: the clocks of two machines may differ.
pub(crate) fn unseen(
    plan: &Plan,
    pending: &BTreeMap<AgreementId, Pending>,
    search_lag: Duration,
    now: Instant,
) -> Option<Unseen> {
    let creating = plan.changes.iter().filter(|change| change.steps.iter().any(creates));
    let marked = creating.filter_map(|change| {
        let age = now.duration_since(pending.get(&change.id)?.at);
        let age = Duration::try_from(age).unwrap_or(Duration::ZERO);
        Some((change.id.clone(), search_lag.saturating_sub(age)))
    });
    let waiting: Vec<(AgreementId, Duration)> = marked.filter(|(_, left)| !left.is_zero()).collect();
    let wait = waiting.iter().map(|(_, left)| *left).max()?;
    Some(Unseen { ids: waiting.into_iter().map(|(id, _)| id).collect(), wait })
}
