//! `servanda terminate`: an agreement ends ahead of time.

use servanda::author::{self, EffectiveFrom};

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};

const AFTER_HELP: &str = "\
Examples:
  servanda terminate severny-veter-2026 --on 2026-09-30 --reason 'notice by the client of 2026-08-14'
  servanda terminate almaty-trade-2026 --on 2026-11-13T18:00:00+05:00    to the minute

The day still counts in: the agreement is over when it is. Where one is terminated already, the day moves.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// End an agreement ahead of time
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The last day on which it still holds, or the instant of its end
    #[arg(long, value_name = "DAY", value_parser = value_parsers::moment)]
    on: EffectiveFrom,
    /// Why, for those who read it later
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// Terminates.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    session.change(&arguments.changing, context, |subject| {
        author::terminate(subject, arguments.on, arguments.reason.as_deref())
    })
}
