//! `servanda show`: prints a saved plan. Needs no files and no helpdesk.

use std::path::PathBuf;

use crate::cli::plan_output::PlanOutput;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
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
    /// The plan that `plan --out` wrote
    plan: PathBuf,
    #[command(flatten)]
    output: PlanOutput,
}

/// Prints the plan.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let envelope = plan_file::read(&arguments.plan)?;
    print_data(&arguments.output.render(&envelope, context)?)?;
    Ok(Exit::Fine)
}
