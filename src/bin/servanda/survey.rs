//! The straight line from an estate and a helpdesk to a plan: live, desired, difference, causes.

use std::collections::BTreeMap;

use servanda::calendar::{Instant, ZONE_DATA};
use servanda::desired::{Desired, desired};
use servanda::ident::AgreementId;
use servanda::live::{Live, Record};
use servanda::plan::{Baseline, Context, Header, Plan, assign, between};

use crate::repository::Estate;

/// What a plan is made of, besides the estate and the live side.
pub(crate) struct Question<'a> {
    /// The one instant of the run.
    pub(crate) instant: Instant,
    /// Whether agreements that are gone from the files are retired.
    pub(crate) prune: bool,
    /// What was last applied; without it no cause is claimed.
    pub(crate) baseline: Option<&'a Baseline>,
    /// The helpdesk, without anything secret.
    pub(crate) helpdesk: String,
}

/// Compares what the files say at the instant with what the helpdesk holds.
pub(crate) fn compare(estate: &Estate, live: &Live, question: Question<'_>) -> (Plan, Desired) {
    let mapping = &estate.settings.helpdesk.mapping;
    let wished = |instant| desired(&estate.agreements, &estate.catalog, mapping, &live.directory, instant);
    let wishes = wished(question.instant);
    let header = Header {
        as_of: question.instant,
        zone: estate.settings.zone.name().to_owned(),
        zone_data: ZONE_DATA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: estate.commit.clone(),
        files: estate.digest.clone(),
        helpdesk: question.helpdesk,
    };
    let mut plan = between(&wishes, live, Context { header, mapping, prune: question.prune });
    if let Some(baseline) = question.baseline
        && !plan.is_empty()
    {
        let earlier = records_then(baseline, &wished);
        assign(&mut plan, baseline, |id, instant| earlier.get(&instant)?.get(id).cloned());
    }
    (plan, wishes)
}

/// What the files of today say about each instant that the baseline knows: one, unless applies failed in part.
fn records_then(
    baseline: &Baseline,
    wished: &impl Fn(Instant) -> Desired,
) -> BTreeMap<Instant, BTreeMap<AgreementId, Record>> {
    let mut earlier = BTreeMap::new();
    for applied in baseline.agreements.values() {
        earlier.entry(applied.as_of).or_insert_with(|| {
            let wishes = wished(applied.as_of).wishes;
            wishes.into_iter().map(|(id, wish)| (id, wish.record)).collect()
        });
    }
    earlier
}
