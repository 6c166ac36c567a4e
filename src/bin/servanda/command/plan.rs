//! `servanda plan`: files and helpdesk are read, compared, and the difference is drawn. Nothing is written.

use std::path::PathBuf;

use servanda::guard::{Acknowledged, Held, guard};
use servanda::plan::{Plan, Reason};
use servanda::render;

use crate::args::{Format, Global};
use crate::context::Context;
use crate::failure::{Exit, Failure, say, tell};
use crate::helpdesk::Reader;
use crate::repository::{self, Estate};
use crate::saved::{self, Saved};
use crate::{accept, connection, files, survey};

const AFTER_HELP: &str = "\
Examples:
  servanda plan                          what an apply would change now
  servanda plan --as-of 2027-01-01       what it would change on that day
  servanda plan --out today.plan         save it; `servanda apply today.plan` does just that
  servanda plan --exit-code              exit 2 when something is to be done, for scripts
  servanda plan --prune --accept orphans=1";

/// Show what an apply would change
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) making: Making,
    /// Save the plan to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when changes are pending
    #[arg(long)]
    exit_code: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
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
    let estate = repository::load(global, context)?;
    let as_of = context.as_of(arguments.making.as_of.as_deref(), &estate.settings.zone)?;
    let estate = repository::checked(estate, as_of.instant, global, context)?;
    let acknowledged = accept::all(&arguments.making.accept)?;
    let runtime = connection::runtime()?;
    let (plan, held) = runtime.block_on(async {
        let connection = connection::open(&estate, as_of, context).await?;
        let reader = connection.reader();
        let made = make(&estate, &reader, as_of.instant, arguments.making.prune, &acknowledged).await;
        connection.close().await;
        made
    })?;
    if let Some(path) = &arguments.out {
        saved::write(path, &Saved::new(plan.clone(), held.clone()))?;
        say(&format!("saved to {}; `servanda apply {}` carries it out\n", path.display(), path.display()));
    }
    match arguments.format {
        Format::Text => tell(&render::plan::text(&plan, &held, context.colour()))?,
        Format::Json => tell(&render::json::plan(&plan, &held))?,
    }
    Ok(exit_of(&plan, &held, arguments.exit_code))
}

/// The plan of an estate against a helpdesk at an instant, less what guards hold back.
pub(crate) async fn make<R: Reader>(
    estate: &Estate,
    reader: &R,
    instant: servanda::calendar::Instant,
    prune: bool,
    acknowledged: &Acknowledged,
) -> Result<(Plan, Vec<Held>), Failure> {
    let plan = survey::plan(estate, reader, instant, prune).await?;
    let settings = &estate.settings;
    Ok(guard(plan, &settings.guards, acknowledged, &settings.helpdesk.mapping))
}

/// A plan that a guard holds back is a refusal; one that cannot tie its slugs has a part missing.
fn exit_of(plan: &Plan, held: &[Held], exit_code: bool) -> Exit {
    if !held.is_empty() {
        Exit::Refused
    } else if exit_code && !plan.is_empty() {
        Exit::Pending
    } else {
        Exit::Fine
    }
}

/// Whether something was left undone that is no steady state: unresolved slugs, unreadable objects.
pub(crate) fn is_partial(plan: &Plan) -> bool {
    plan.withheld.iter().any(|withheld| match withheld.reason {
        Reason::Unresolved(_)
        | Reason::Unreadable(_)
        | Reason::SameMark(_)
        | Reason::CannotAdopt(_)
        | Reason::Waits(_)
        | Reason::Archived(_) => true,
        Reason::Orphan { .. } | Reason::Guarded(_) => false,
    })
}
