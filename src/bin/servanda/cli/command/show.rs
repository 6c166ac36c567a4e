//! `servanda show`: a saved plan is read and drawn, without files or helpdesk.

use std::path::PathBuf;

use crate::cli::plan_output::PlanOutput;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::reconcile::plan_file;

const AFTER_HELP: &str = "\
Examples:
  servanda plan --out today.plan && servanda show today.plan
  servanda show today.plan --format html > plan.html
  servanda show today.plan --format summary >> $GITHUB_STEP_SUMMARY
  servanda show today.plan --format json | jq '.plan.totals'";

/// Show a saved plan
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The plan, as `plan --out` wrote it
    plan: PathBuf,
    #[command(flatten)]
    drawing: PlanOutput,
}

/// Reads and draws the plan.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let envelope = plan_file::read(&arguments.plan)?;
    tell(&arguments.drawing.of(&envelope, context)?)?;
    Ok(Exit::Fine)
}
