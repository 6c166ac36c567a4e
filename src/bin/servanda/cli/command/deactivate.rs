//! `servanda deactivate`: deactivates an agreement by hand, until it is activated again or for good.

use servanda::author;

use crate::cli::options::{ChangeOptions, EntryOptions};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda deactivate portovik-warranty --on 2026-12-01 \\
      --reason 'the terminal is closed'    until it is activated again
  servanda deactivate portovik-warranty --final \\
      --reason 'handed over to the client'    for good

An agreement that followed its days until now follows its `activation:` list from then on. For an agreement with days, \
prefer `servanda suspend` and `servanda terminate`: they keep its days in effect.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// Deactivate an agreement by hand
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// For good: the agreement cannot be activated again
    #[arg(long = "final")]
    is_final: bool,
    #[command(flatten)]
    entry: EntryOptions,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Deactivates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { is_final, entry, change } = arguments;
    let session = EditSession::open(None, context)?;
    let by = entry.decider(&session);
    session.change(&change.id, change.write.mode(), context, |subject| {
        author::deactivate(subject, entry.entry(subject, context.now, by.as_deref()), *is_final)
    })
}
