//! Tries an adapter against the contract, and names the request that shows each fault.
//!
//! First what can be read, then single writes, then a year of agreements through the same pipeline as in every run. Writes
//! need an adapter that says that its helpdesk has no real clients.

mod probe;
mod report;
mod sample;
mod reads;
mod writes;
pub(crate) mod table;
mod year;

use servanda::bridge::Capability;
use servanda::render::conformance::ConformanceCheck;

use probe::{Flaw, Probe};
use report::{enter, entered};
use sample::Sample;

pub(crate) use probe::Subject;

use crate::http::client::HttpError;
use crate::process::context::Context;

/// The reason why writes are not tried.
const NO_REHEARSAL: &str = "not tried: start the adapter for a helpdesk without real clients, and let it name the capability `rehearsal`";

/// Tries everything. Checks that depend on a failed one are left out.
pub(crate) async fn try_adapter(
    subject: &Subject<'_>,
    context: &Context,
) -> Result<Vec<ConformanceCheck>, HttpError> {
    let probe = Probe::new(subject.url, subject.token.clone(), context.run_name())?;
    let mut checks = Vec::new();
    let Some(description) = entered(&mut checks, "description", reads::description(&probe).await) else {
        return Ok(checks);
    };
    let (description, mapping) = description;
    let agreements = entered(&mut checks, "agreement pages", reads::agreement_pages(&probe, &mapping).await);
    let directory = entered(&mut checks, "directory pages", reads::directory_pages(&probe).await);
    enter(&mut checks, "foreign cursor", reads::foreign_cursor(&probe).await);
    enter(&mut checks, "absence", reads::absence(&probe).await);
    if subject.token_variable.is_some() {
        enter(&mut checks, "token", reads::token(&probe, subject.url).await?);
    }
    let (Some(()), Some(directory)) = (agreements, directory) else {
        return Ok(checks);
    };
    if !description.can(Capability::Rehearsal) {
        enter(&mut checks, "writes", Err::<(), _>(Flaw::without_exchange(NO_REHEARSAL)));
        return Ok(checks);
    }
    let sample = match Sample::of(&directory, &description, year::rows(subject.is_quick).len()) {
        Ok(sample) => sample,
        Err(why) => {
            enter(&mut checks, "writes", Err::<(), _>(Flaw::without_exchange(format!("not tried: {why}"))));
            return Ok(checks);
        }
    };
    writes::try_all(&probe, &description, &mapping, &sample, &mut checks).await;
    let lived = Box::pin(year::live_through(subject, &description, &sample, context)).await;
    enter(&mut checks, "table of states", lived);
    Ok(checks)
}

#[cfg(test)]
mod tests;
