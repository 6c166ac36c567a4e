//! `servanda terminate`: ends an agreement early, and asks what happens to its successors.

use servanda::author::{self, EffectiveFrom};

use crate::cli::options::ChangeOptions;
use crate::cli::successors::SuccessorOptions;
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
  servanda terminate portovik-2026 --on 2026-12-15 --with-successors
                                        what renews it never begins

The agreement is still in force on that day. A later termination of it is replaced.

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
    successors: SuccessorOptions,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Terminates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { on, reason, successors, change } = arguments;
    let session = EditSession::open(None, context)?;
    let subject = session.subject(&change.id)?;
    let edited = author::terminate(&subject, *on, reason.as_deref())?;
    let proposals = successors.proposals(&session, subject, edited, *on, reason.as_deref(), context)?;
    session.commit(proposals, change.write.mode(), context)
}
