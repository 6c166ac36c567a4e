//! `servanda resume`: a rest ends.

use servanda::author;
use servanda::calendar::Day;

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};

const AFTER_HELP: &str = "\
Examples:
  servanda resume aurora-games-2026 --on 2027-01-11    in force again from that day on
  servanda resume gimnaziya-5-2026 --on 2026-08-20     earlier than its suspension says

The suspension that covers the day then lasts until the day before it.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// End the rest of an agreement
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The first day on which it is in force again
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    on: Day,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// Resumes.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    session.change(&arguments.changing, context, |subject| author::resume(subject, arguments.on))
}
