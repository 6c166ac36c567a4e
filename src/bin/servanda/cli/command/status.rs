//! `servanda status`: what is in force at an instant, sorted by what ends next. Asks no helpdesk.

use servanda::render;

use crate::cli::{Format, Global};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda status                        what is in force now
  servanda status --as-of 2027-01-01     what will be in force on that day
  servanda status --format json | jq '.agreements[] | select(.days_left < 60) | .id'";

/// Show what is in force, sorted by what ends next
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Draws the table.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let workspace = load::check(loaded, as_of.instant, global, context)?;
    let list = render::status::list(
        &workspace.agreements,
        &workspace.catalog,
        as_of.instant,
        &workspace.settings.zone,
    );
    match arguments.format {
        Format::Text => tell(&render::status::text(&list, context.paint()))?,
        Format::Json => tell(&render::json::pretty(&list))?,
    }
    Ok(Exit::Fine)
}
