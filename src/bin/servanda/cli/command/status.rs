//! `servanda status`: the agreements in force at an instant, sorted by what ends next. Reads no helpdesk.

use servanda::render;

use crate::cli::options::Format;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda status                        what is in force now
  servanda status --as-of 2027-01-01     what will be in force on that day
  servanda status --format json | \\
      jq '.agreements[] | select(.days_left < 60) | .id'

Agreements with errors in their files are left out and named; the exit code is then 3.";

/// Show what is in force, sorted by what ends next
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Show another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the table.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let partial = loaded.into_partial(as_of.instant, context)?;
    let workspace = &partial.workspace;
    let list = render::status::status_list(
        &workspace.agreements,
        &workspace.catalog,
        as_of.instant,
        &workspace.settings.zone,
    );
    match arguments.format {
        Format::Text => print_data(&render::status::text(&list, context.paint()))?,
        Format::Json => print_data(&partial.json(&list))?,
    }
    partial.conclude()
}
