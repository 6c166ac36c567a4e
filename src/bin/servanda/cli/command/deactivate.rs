//! `servanda deactivate`: deactivates an agreement by hand, until it is activated again or for good.

use servanda::author::{self, EffectiveFrom};

use crate::cli::options::{ChangeOptions, EntryOptions};
use crate::cli::successors::SuccessorOptions;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

const AFTER_HELP: &str = "\
Examples:
  servanda deactivate portovik-warranty --on 2026-12-01 \\
      --reason 'the terminal is closed'    until it is activated again
  servanda deactivate portovik-warranty --final \\
      --reason 'handed over to the client'    for good
  servanda deactivate portovik-2026 --final --with-successors
                                        what renews it never begins

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
    successors: SuccessorOptions,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Deactivates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { is_final, entry, successors, change } = arguments;
    if successors.is_any() && !is_final {
        return Err(Failure::usage(
            "only a final deactivation decides about successors",
            "add `--final`, or omit the option",
        ));
    }
    let session = EditSession::open(None, context)?;
    let by = entry.decider(&session);
    if !is_final {
        return session.change(&change.id, change.write.mode(), context, |subject| {
            author::deactivate(subject, entry.entry(subject, context.now, by.as_deref()), false)
        });
    }
    let subject = session.subject(&change.id)?;
    let entry = entry.entry(&subject, context.now, by.as_deref());
    let edited = author::deactivate(&subject, entry, true)?;
    // It is no longer in force on the day of the entry.
    let on = match entry.on {
        EffectiveFrom::Day(day) => EffectiveFrom::Day(day.yesterday().unwrap_or(day)),
        at @ EffectiveFrom::Instant(_) => at,
    };
    let proposals = successors.proposals(&session, subject, edited, on, entry.reason, context)?;
    session.commit(proposals, change.write.mode(), context)
}
