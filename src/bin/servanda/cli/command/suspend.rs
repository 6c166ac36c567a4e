//! `servanda suspend`: an agreement rests for some days.

use servanda::author;
use servanda::calendar::Day;

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};

const AFTER_HELP: &str = "\
Examples:
  servanda suspend gimnaziya-5-2026 --from 2026-06-01 --until 2026-08-31 --reason 'summer holidays'
  servanda suspend severny-veter-2026 --from 2026-07-01    until somebody says `servanda resume`

Both days count in. The client may ask for nothing while an agreement rests; its last day does not move.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// Let an agreement rest
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The first day of rest
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    from: Day,
    /// The last day of rest
    #[arg(long, value_name = "DAY", value_parser = value_parsers::day)]
    until: Option<Day>,
    /// Why, for those who read it later
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// Suspends.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    session.change(&arguments.changing, context, |subject| {
        author::suspend(subject, arguments.from, arguments.until, arguments.reason.as_deref())
    })
}
