//! `servanda plan`: files and helpdesk are read, compared, and the difference is drawn. Nothing is written.

use std::path::{Path, PathBuf};

use servanda::calendar::Zone;
use servanda::envelope::GuardedPlan;
use servanda::plan::scope::Scope;
use servanda::render;

use crate::cli::Global;
use crate::cli::acknowledge;
use crate::cli::plan_output::PlanOutput;
use crate::helpdesk::connect;
use crate::ledger;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::reconcile::plan::{PlanTerms, compared, make, tell_who};
use crate::reconcile::plan_file;
use crate::reconcile::snapshot::Recording;
use crate::workspace::load::{self, Workspace};
use crate::workspace::pull_request::{PullRequest, Trust};

const AFTER_HELP: &str = "\
Examples:
  servanda plan                          what an apply would change now
  servanda plan --as-of 2027-01-01       what it would change on that day
  servanda plan --out today.plan         save it; `servanda apply today.plan` does just that
  servanda plan --exit-code              exit 2 when something is to be done, for scripts
  servanda plan --prune --accept orphans=1
  servanda plan --format markdown --forge gitlab   for a comment on a merge request, within its limit
  servanda plan --format html > plan.html          one page with everything
  servanda plan --live live.json         against what `servanda snapshot` recorded, without network or key
  servanda plan --base origin/main       for a pull request: the settings are those of main, whatever is on disk
  servanda plan --base main --head FETCH_HEAD
                                         the same for a commit that is not checked out, merged into main in memory";

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
    /// Plan for a pull request into this commit: take the settings from there, and tell what it brings about
    #[arg(long, value_name = "COMMIT")]
    base: Option<String>,
    /// Plan what a merge of this commit into the base would give, in place of the files on disk
    #[arg(long, value_name = "COMMIT", requires = "base")]
    head: Option<String>,
    #[command(flatten)]
    drawing: PlanOutput,
}

/// The switches that decide what a plan holds; `apply` takes the same.
#[derive(clap::Args)]
pub(crate) struct Making {
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    pub(crate) as_of: Option<String>,
    /// Retire agreements that are gone from the files; without it they are blocked
    #[arg(long)]
    pub(crate) prune: bool,
    /// Acknowledge what a guard counted, by its exact number: deactivations=6, weakened=1, orphans=2
    #[arg(long, value_name = "GUARD=N", value_parser = acknowledge::parse)]
    pub(crate) accept: Vec<acknowledge::Acceptance>,
}

impl Making {
    /// What was typed, understood.
    fn terms(&self, zone: &Zone, context: &Context) -> Result<PlanTerms, Failure> {
        let as_of = context.as_of(self.as_of.as_deref(), zone)?;
        Ok(PlanTerms { as_of, prune: self.prune, acknowledged: acknowledge::all(&self.accept)? })
    }
}

/// Makes and draws the plan.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let (workspace, terms, scope) = asked(arguments, global, context)?;
    let mut envelope = match &arguments.live {
        Some(path) => from_recording(&workspace, &terms, path)?,
        None => connect::runtime()?.block_on(async {
            let connection = connect::open(&workspace, terms.as_of).await?;
            let last_applied = ledger::remembered(&workspace).await;
            let made = make(&workspace, &connection, &terms, last_applied.as_ref()).await;
            connection.close().await;
            made.map(|(envelope, _)| envelope)
        })?,
    };
    envelope.scope = scope.map(Box::new);
    if let Some(path) = &arguments.out {
        plan_file::write(path, &envelope)?;
        say(&format!("saved to {}; `servanda apply {}` carries it out\n", path.display(), path.display()));
    }
    tell(&arguments.drawing.of(&envelope, context)?)?;
    if let Some(scope) = &envelope.scope {
        say(&render::scope::text(scope, &envelope.plan, context.paint_errors()));
    }
    Ok(exit_of(&envelope, arguments.exit_code))
}

/// Loads and checks the files at the instant that was asked for.
pub(crate) fn estate_and_terms(
    making: &Making,
    global: &Global,
    context: &Context,
) -> Result<(Workspace, PlanTerms), Failure> {
    let loaded = load::load(global, context)?;
    let terms = making.terms(&loaded.zone(), context)?;
    let workspace = load::check(loaded, terms.as_of.instant, global, context)?;
    Ok((load::not_empty(workspace)?, terms))
}

/// What is to be planned: the files on disk, or what a pull request proposes.
fn asked(
    arguments: &Arguments,
    global: &Global,
    context: &Context,
) -> Result<(Workspace, PlanTerms, Option<Scope>), Failure> {
    let Some(base) = &arguments.base else {
        let (workspace, terms) = estate_and_terms(&arguments.making, global, context)?;
        return Ok((workspace, terms, None));
    };
    let proposal = PullRequest::load(base, arguments.head.as_deref(), Trust::Base, global, context)?;
    let terms = arguments.making.terms(&proposal.zone(), context)?;
    let (workspace, scope) = proposal.settle(terms.as_of.instant, global, context)?;
    Ok((workspace, terms, Some(scope)))
}

fn from_recording(workspace: &Workspace, terms: &PlanTerms, path: &Path) -> Result<GuardedPlan, Failure> {
    let Recording { live, last_applied, history, .. } = Recording::read(path)?;
    let (mut envelope, sides) =
        compared(workspace, live, terms, last_applied.as_ref(), "a recording".to_owned());
    tell_who(&mut envelope.plan.drift, &sides.live, &history);
    Ok(envelope)
}

/// A plan that a guard holds back is a refusal; pending changes have a code only when asked for.
fn exit_of(envelope: &GuardedPlan, exit_code: bool) -> Exit {
    if !envelope.awaiting.is_empty() {
        Exit::Refused
    } else if exit_code && !envelope.plan.is_empty() {
        Exit::Pending
    } else {
        Exit::Fine
    }
}
