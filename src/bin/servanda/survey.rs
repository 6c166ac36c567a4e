//! The straight line from an estate and a helpdesk to a plan: live, desired, difference.

use servanda::calendar::{Instant, ZONE_DATA};
use servanda::desired::desired;
use servanda::plan::{Context, Header, Plan, between};

use crate::failure::Failure;
use crate::helpdesk::{Reader, Wanted};
use crate::repository::Estate;

/// Reads the helpdesk once and compares it with what the files say at the instant.
pub(crate) async fn plan<R: Reader>(
    estate: &Estate,
    reader: &R,
    instant: Instant,
    prune: bool,
) -> Result<Plan, Failure> {
    let mapping = &estate.settings.helpdesk.mapping;
    let adopts = estate.agreements.iter().filter_map(|agreement| agreement.adopts.clone()).collect();
    let live = reader.survey(&Wanted { adopts }).await?;
    let desired = desired(&estate.agreements, &estate.catalog, mapping, &live.directory, instant);
    let header = Header {
        as_of: instant,
        zone: estate.settings.zone.name().to_owned(),
        zone_data: ZONE_DATA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: estate.commit.clone(),
        files: estate.digest.clone(),
        helpdesk: reader.safe_name(),
    };
    Ok(between(&desired, &live, Context { header, mapping, prune }))
}
