//! `servanda suspend`: suspends an agreement for some days.

use servanda::author;
use servanda::calendar::Day;

use crate::cli::options::ChangeOptions;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda suspend gimnaziya-5-2026 --from 2026-06-01 --until 2026-08-31 \\
      --reason 'summer holidays'
  servanda suspend severny-veter-2026 --from 2026-07-01
                                        until `servanda resume`

Both days are included. While suspended, the agreement gives no services; its last day does not move.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// Suspend an agreement
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The first day of the suspension
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    from: Day,
    /// The last day of the suspension; without it, open-ended
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    until: Option<Day>,
    /// The reason, for people who read the file later
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Suspends the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { from, until, reason, change } = arguments;
    let session = EditSession::open(None, context)?;
    session.change(&change.id, change.write.mode(), context, |subject| {
        author::suspend(subject, *from, *until, reason.as_deref())
    })
}
