//! `servanda apply`: shows a plan, asks for a confirmation, applies it, and plans again.

use std::path::PathBuf;

use servanda::render;
use servanda::settings::Product;

use crate::cli::audience::Attended;
use crate::cli::options::{Format, LockOptions, PlanOptions, SelectionOptions};
use crate::helpdesk::connect;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::runtime::{runtime, runtime_beside_embedded};
use crate::reconcile::joint::JointlyReconciled;
use crate::reconcile::open::OpenHelpdesks;
use crate::reconcile::plan_file::{self, SavedPlan};
use crate::reconcile::run::Reconciliation;
use crate::reconcile::work::Reconciled;
use crate::workspace::files;

const AFTER_HELP: &str = "\
Examples:
  servanda apply                         show the plan, ask, and apply it
  servanda apply --yes                   do not ask
  servanda apply today.plan              apply a reviewed plan; what no longer
                                         follows from files and helpdesk is
                                         skipped
  servanda apply --accept weakened=2     allow exactly two weakened targets
  servanda apply --client severny-veter  only these agreements; all others are
                                         left as they are
  servanda apply --yes --wait-lock 10m   wait for another run to end

Exit codes: 0 applied, 4 refused by a guard, 5 plan stale and nothing applied, 6 applied in part, 7 result unknown, \
8 lock held by another run, 9 credentials refused.";

/// Apply a plan
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A plan that `plan --out` saved; without it, a new one is made
    #[arg(conflicts_with_all = ["as_of", "prune"], conflicts_with_all = SelectionOptions::IDS)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    options: PlanOptions,
    /// Apply without a confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    lock: LockOptions,
    /// The output format of the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Applies a saved plan, or one that is made now.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let saved = arguments.plan.as_deref().map(plan_file::read).transpose()?;
    let (workspace, mut terms) = arguments.options.load(context)?;
    if let Some(saved) = &saved {
        terms = plan_file::terms_of(saved, terms, &workspace, context.now)?;
    }
    let mut workspaces = workspace.by_helpdesk(&terms.selection)?;
    terms.selection = terms.selection.within_helpdesks();
    workspaces.refuse_other_days(terms.as_of)?;
    files::own_folder(&workspaces.whole().root)?;
    let person = Attended {
        is_confirmed: arguments.yes,
        format: arguments.format,
        patience: arguments.lock.wait_lock,
        context,
    };
    if !workspaces.is_single() {
        let saved = saved.map(SavedPlan::several).transpose()?;
        let concluded = runtime()?.block_on(async {
            let helpdesks = OpenHelpdesks::open(&mut workspaces.helpdesks, terms.as_of).await;
            let name = context.run_name();
            let concluded = helpdesks.reconciliation(&terms, &name, &person).run(saved).await;
            helpdesks.close().await;
            concluded
        })?;
        print_outcomes(&concluded, arguments.format, context)?;
        return Ok(concluded.exit());
    }
    let saved = saved.map(SavedPlan::one).transpose()?;
    let workspace = &mut workspaces.helpdesks[0];
    let is_embedded = matches!(workspace.settings.helpdesk.kind, Product::Sandbox);
    let waits_for_a_terminal = !arguments.yes || context.terminal.shows_progress;
    let runtime = if is_embedded && !waits_for_a_terminal { runtime_beside_embedded()? } else { runtime()? };
    let concluded = runtime.block_on(async {
        let connection = connect::open(workspace, terms.as_of).await?;
        let mut reconciliation =
            Reconciliation::new(workspace, &connection, &terms, context.run_name(), &person);
        let concluded = reconciliation.run(saved).await;
        connection.close().await;
        concluded
    })?;
    print_outcome(&concluded, arguments.format, context)?;
    Ok(concluded.exit)
}

fn print_outcomes(concluded: &JointlyReconciled, format: Format, context: &Context) -> Result<(), Failure> {
    let JointlyReconciled { plans, outcomes, .. } = concluded;
    match format {
        Format::Text => print_data(&render::helpdesks::outcomes(plans, outcomes, context.paint())),
        Format::Json => print_data(&render::json::pretty(&render::json::outcomes(plans, outcomes))),
    }
}

fn print_outcome(concluded: &Reconciled, format: Format, context: &Context) -> Result<(), Failure> {
    let Reconciled { guarded: envelope, outcome, .. } = concluded;
    match format {
        Format::Text if envelope.plan.is_empty() && outcome.results.is_empty() => Ok(()),
        Format::Text => print_data(&render::outcome::text(&envelope.plan, outcome, context.paint())),
        Format::Json => print_data(&render::json::pretty(&render::json::outcome(envelope, outcome))),
    }
}
