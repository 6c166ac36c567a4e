//! What is to be remembered after an apply: of each agreement what was applied last, as digests.
//!
//! It explains plans and decides nothing: lost or unreadable, the next plan merely claims no causes.

use std::collections::BTreeSet;

use servanda::calendar::Instant;
use servanda::desired::Desired;
use servanda::ident::AgreementId;
use servanda::live::Live;
use servanda::plan::{AppliedAgreement, LAST_APPLIED_FORMAT, LastApplied};

/// What is there and as wished is remembered as of this instant; what is still open keeps its earlier entry.
pub(crate) fn after(
    earlier: Option<LastApplied>,
    desired: &Desired,
    live: &Live,
    open: &BTreeSet<&AgreementId>,
    commit: Option<String>,
    instant: Instant,
) -> LastApplied {
    let kept = earlier.unwrap_or_default().agreements.into_iter().filter(|(id, _)| open.contains(id));
    let settled =
        desired.agreements.iter().filter(|(id, _)| !open.contains(id) && live.agreements.contains_key(*id));
    let settled = settled.map(|(id, wish)| (id.clone(), AppliedAgreement::of(&wish.record, instant)));
    LastApplied { format: LAST_APPLIED_FORMAT, commit, agreements: kept.chain(settled).collect() }
}
