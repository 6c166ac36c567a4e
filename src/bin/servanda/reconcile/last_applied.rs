//! What is to be remembered after an apply: of each agreement what was applied last, as digests.
//!
//! It explains plans and decides nothing: lost or unreadable, the next plan merely claims no causes.

use std::collections::BTreeSet;

use servanda::calendar::Instant;
use servanda::desired::Desired;
use servanda::ident::AgreementId;
use servanda::live::Live;
use servanda::plan::{Applied, BASELINE_FORMAT, Baseline};

/// What is there and as wished is remembered as of this instant; what is still open keeps its earlier entry.
pub(crate) fn after(
    earlier: Option<Baseline>,
    wishes: &Desired,
    live: &Live,
    open: &BTreeSet<&AgreementId>,
    commit: Option<String>,
    instant: Instant,
) -> Baseline {
    let kept = earlier.unwrap_or_default().agreements.into_iter().filter(|(id, _)| open.contains(id));
    let settled =
        wishes.wishes.iter().filter(|(id, _)| !open.contains(id) && live.agreements.contains_key(*id));
    let settled = settled.map(|(id, wish)| (id.clone(), Applied::of(&wish.record, instant)));
    Baseline { format: BASELINE_FORMAT, commit, agreements: kept.chain(settled).collect() }
}
