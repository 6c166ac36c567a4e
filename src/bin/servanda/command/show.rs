//! `servanda show`: a saved plan is read and drawn, without files or helpdesk.

use std::path::PathBuf;

use servanda::render;

use crate::args::Format;
use crate::context::Context;
use crate::failure::{Exit, Failure, tell};
use crate::saved;

const AFTER_HELP: &str = "\
Examples:
  servanda plan --out today.plan && servanda show today.plan
  servanda show today.plan --format json | jq '.plan.totals'";

/// Show a saved plan
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The plan, as `plan --out` wrote it
    plan: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Reads and draws the plan.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let saved = saved::read(&arguments.plan)?;
    match arguments.format {
        Format::Text => tell(&render::plan::text(&saved.plan, &saved.held, context.colour()))?,
        Format::Json => tell(&render::json::plan(&saved.plan, &saved.held))?,
    }
    Ok(Exit::Fine)
}
