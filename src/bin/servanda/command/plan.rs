//! `servanda plan`: files and helpdesk are read, compared, and the difference is drawn. Nothing is written.

use std::path::PathBuf;

use servanda::live::Live;
use servanda::plan::Baseline;
use servanda::render::json::PlanEnvelope;

use crate::args::Global;
use crate::connection;
use crate::context::Context;
use crate::drawing::Drawing;
use crate::failure::{Exit, Failure, say, tell};
use crate::repository::{self, Estate};
use crate::survey::{Terms, compared, make};
use crate::{accept, files, ledger, saved};

const AFTER_HELP: &str = "\
Examples:
  servanda plan                          what an apply would change now
  servanda plan --as-of 2027-01-01       what it would change on that day
  servanda plan --out today.plan         save it; `servanda apply today.plan` does just that
  servanda plan --exit-code              exit 2 when something is to be done, for scripts
  servanda plan --prune --accept orphans=1
  servanda plan --format markdown --forge gitlab   for a comment on a merge request, within its limit
  servanda plan --live live.json         against what `servanda snapshot` recorded, without network or key";

/// Show what an apply would change
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    making: Making,
    /// Save the plan to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when changes are pending
    #[arg(long)]
    exit_code: bool,
    /// Compare with a recording in place of the helpdesk
    #[arg(long, value_name = "FILE")]
    live: Option<PathBuf>,
    #[command(flatten)]
    drawing: Drawing,
}

/// The switches that decide what a plan holds; `apply` takes the same.
#[derive(clap::Args)]
pub(crate) struct Making {
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    pub(crate) as_of: Option<String>,
    /// Retire agreements that are gone from the files; without it they are withheld
    #[arg(long)]
    pub(crate) prune: bool,
    /// Acknowledge what a guard counted, by its exact number: deactivations=6, weakened=1, orphans=2
    #[arg(long, value_name = "GUARD=N", value_parser = accept::parse)]
    pub(crate) accept: Vec<accept::Acceptance>,
}

/// Makes and draws the plan.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let (estate, terms) = estate_and_terms(&arguments.making, global, context)?;
    let envelope = match &arguments.live {
        Some(path) => {
            let baseline = connection::runtime()?.block_on(remembered(&estate));
            from_recording(&estate, &terms, baseline.as_ref(), path)?
        }
        None => connection::runtime()?.block_on(async {
            let connection = connection::open(&estate, terms.as_of).await?;
            let baseline = remembered(&estate).await;
            let made = make(&estate, &connection, &terms, baseline.as_ref()).await;
            connection.close().await;
            made.map(|(envelope, _)| envelope)
        })?,
    };
    if let Some(path) = &arguments.out {
        saved::write(path, &envelope)?;
        say(&format!("saved to {}; `servanda apply {}` carries it out\n", path.display(), path.display()));
    }
    tell(&arguments.drawing.of(&envelope, context))?;
    Ok(exit_of(&envelope, arguments.exit_code))
}

/// Loads and checks the files at the instant that was asked for.
pub(crate) fn estate_and_terms(
    making: &Making,
    global: &Global,
    context: &Context,
) -> Result<(Estate, Terms), Failure> {
    let loaded = repository::load(global, context)?;
    let as_of = context.as_of(making.as_of.as_deref(), &loaded.zone())?;
    let terms = Terms { as_of, prune: making.prune, acknowledged: accept::all(&making.accept)? };
    let estate = repository::check(loaded, as_of.instant, global, context)?;
    Ok((repository::not_empty(estate)?, terms))
}

/// What was last applied; where the memory cannot be asked, nobody claims to know.
async fn remembered(estate: &Estate) -> Option<Baseline> {
    ledger::open(estate).baseline().await.unwrap_or_else(|error| {
        say(&format!("no cause is told, since the memory cannot be read: {error}\n"));
        None
    })
}

fn from_recording(
    estate: &Estate,
    terms: &Terms,
    baseline: Option<&Baseline>,
    path: &std::path::Path,
) -> Result<PlanEnvelope, Failure> {
    let text = files::read_named(path)?;
    let live: Live = serde_json::from_str(&text).map_err(|error| {
        Failure::new(Exit::Failure, format!("{} is no recording: {error}", path.display()))
            .help("make one with `servanda snapshot --out FILE`")
    })?;
    Ok(compared(estate, live, terms, baseline, "a recording".to_owned()).0)
}

/// A plan that a guard holds back is a refusal; pending changes have a code only when asked for.
fn exit_of(envelope: &PlanEnvelope, exit_code: bool) -> Exit {
    if !envelope.held.is_empty() {
        Exit::Refused
    } else if exit_code && !envelope.plan.is_empty() {
        Exit::Pending
    } else {
        Exit::Fine
    }
}
