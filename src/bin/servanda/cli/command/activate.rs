//! `servanda activate`: activates an agreement by hand.

use servanda::author;

use crate::cli::options::{ChangeOptions, EntryOptions};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda activate brueckner-rollout --reason 'acceptance signed'
                                        from today
  servanda activate brueckner-rollout --on 2026-11-23 --by m.weber
  servanda activate brueckner-rollout --on 2026-11-23T12:00:00+01:00
                                        from an instant

An agreement that followed its days until now follows its `activation:` list from then on.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// Activate an agreement by hand
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    entry: EntryOptions,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Activates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { entry, change } = arguments;
    let session = EditSession::open(None, context)?;
    let by = entry.decider(&session);
    session.change(&change.id, change.write.mode(), context, |subject| {
        author::activate(subject, entry.entry(subject, context.now, by.as_deref()))
    })
}
