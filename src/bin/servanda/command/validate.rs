//! `servanda validate`: every fault of every file at once, each with its place and what to write instead.

use servanda::render;

use crate::args::{Format, Global};
use crate::context::Context;
use crate::failure::{Exit, Failure, say, tell};
use crate::repository;

const AFTER_HELP: &str = "\
Examples:
  servanda validate                      check everything
  servanda validate --deny-warnings      let warnings fail it too, as in a pull request
  servanda validate --short              one line a fault: path:line:column: error[E101]: …
  servanda explain E101                  the page of a rule

Exit codes: 0 valid (perhaps with warnings), 3 invalid.";

/// Check every file and show all faults at once
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Check as on another day (YYYY-MM-DD) or instant (RFC 3339): what ends soon depends on it
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// One line a fault
    #[arg(long)]
    short: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Checks and draws.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = repository::load(global, context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let mut found = loaded.examine(as_of.instant).diagnostics;
    repository::deny_warnings(&mut found, global);
    let (sources, files) = (&loaded.sources, loaded.files());
    match arguments.format {
        Format::Json => tell(&render::json::pretty(&render::json::diagnostics(&found, sources, files)))?,
        Format::Text if arguments.short => tell(&render::diagnostics::short(&found, sources))?,
        Format::Text => tell(&render::diagnostics::text(&found, sources, context.paint()))?,
    }
    if arguments.format == Format::Text {
        say(&format!("{}\n", render::diagnostics::summary(&found, files)));
    }
    let exit = if found.has_errors() { Exit::Invalid } else { Exit::Fine };
    // The process ends here: to give back tens of thousands of small pieces takes longer than to check them.
    std::mem::forget((loaded, found));
    Ok(exit)
}
