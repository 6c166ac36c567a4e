//! `servanda resume`: ends the suspension of an agreement.

use servanda::author;
use servanda::calendar::Day;

use crate::cli::options::ChangeOptions;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda resume aurora-games-2026 --on 2027-01-11    in force from that day
  servanda resume gimnaziya-5-2026 --on 2026-08-20     before its planned end

The suspension that covers the day then lasts until the day before it.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// Resume a suspended agreement
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The first day on which the agreement is in force again
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    on: Day,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Resumes the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { on, change } = arguments;
    let session = EditSession::open(None, context)?;
    session.change(&change.id, change.write.mode(), context, |subject| author::resume(subject, *on))
}
