//! `servanda terminate`: ends an agreement early.

use servanda::author::{self, EffectiveFrom};

use crate::cli::options::ChangeOptions;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda terminate severny-veter-2026 --on 2026-09-30 \\
      --reason 'notice by the client of 2026-08-14'
  servanda terminate almaty-trade-2026 --on 2026-11-13T18:00:00+05:00
                                        at an instant

The agreement is still in force on that day. An earlier termination of it is replaced.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// End an agreement early
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The last day, inclusive, or the instant of the end
    #[arg(long, value_name = "DAY", value_parser = value_parsers::moment)]
    on: EffectiveFrom,
    /// The reason, for people who read the file later
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Terminates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { on, reason, change } = arguments;
    let session = EditSession::open(None, context)?;
    session.change(&change.id, change.write.mode(), context, |subject| {
        author::terminate(subject, *on, reason.as_deref())
    })
}
