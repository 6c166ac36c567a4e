//! The straight line from an estate and a helpdesk to a plan: live, desired, difference, causes.

use std::collections::BTreeMap;

use servanda::calendar::{Instant, ZONE_DATA};
use servanda::desired::{Desired, desired};
use servanda::guard::{Acknowledged, guard};
use servanda::ident::AgreementId;
use servanda::live::{Live, Record};
use servanda::plan::{Baseline, Context, Header, Plan, assign, between};
use servanda::render::json::PlanEnvelope;

use crate::connection::Connection;
use crate::context::AsOf;
use crate::failure::Failure;
use crate::helpdesk::{Reader as _, Wanted};
use crate::repository::Estate;

/// How a plan is made, with everything that was typed understood.
pub(crate) struct Terms {
    /// The one instant of the run.
    pub(crate) as_of: AsOf,
    /// Whether agreements that are gone from the files are retired.
    pub(crate) prune: bool,
    /// The numbers that were acknowledged.
    pub(crate) acknowledged: Acknowledged,
}

/// The two sides that a plan was made from.
pub(crate) struct Sides {
    /// What was wished for.
    pub(crate) wishes: Desired,
    /// What the helpdesk holds.
    pub(crate) live: Live,
}

/// The plan of an estate against a helpdesk, less what guards hold back, and what it was made from.
pub(crate) async fn make(
    estate: &Estate,
    connection: &Connection,
    terms: &Terms,
    baseline: Option<&Baseline>,
) -> Result<(PlanEnvelope, Sides), Failure> {
    let reader = connection.reader();
    let live = reader.survey(&Wanted::of(&estate.agreements)).await?;
    tracing::info!(requests = reader.requests(), "the helpdesk was read");
    Ok(compared(estate, live, terms, baseline, connection.name()))
}

/// The plan of an estate against what was read.
pub(crate) fn compared(
    estate: &Estate,
    live: Live,
    terms: &Terms,
    baseline: Option<&Baseline>,
    helpdesk: String,
) -> (PlanEnvelope, Sides) {
    let question = Question { instant: terms.as_of.instant, prune: terms.prune, baseline, helpdesk };
    let (proposed, wishes) = compare(estate, &live, question);
    let settings = &estate.settings;
    let (plan, held) =
        guard(proposed.clone(), &settings.guards, &terms.acknowledged, &settings.helpdesk.mapping);
    (PlanEnvelope::new(&proposed, plan, held), Sides { wishes, live })
}

/// What a plan is made of, besides the estate and the live side.
struct Question<'a> {
    /// The one instant of the run.
    instant: Instant,
    /// Whether agreements that are gone from the files are retired.
    prune: bool,
    /// What was last applied; without it no cause is claimed.
    baseline: Option<&'a Baseline>,
    /// The helpdesk, without anything secret.
    helpdesk: String,
}

/// Compares what the files say at the instant with what the helpdesk holds.
fn compare(estate: &Estate, live: &Live, question: Question<'_>) -> (Plan, Desired) {
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
