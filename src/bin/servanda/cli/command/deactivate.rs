//! `servanda deactivate`: an agreement is switched off by hand, to rest or for good.

use servanda::author;

use crate::cli::Global;
use crate::cli::command::activate::Stepping;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};

const AFTER_HELP: &str = "\
Examples:
  servanda deactivate portovik-warranty --on 2026-12-01 --reason 'the terminal is closed'    can be activated again
  servanda deactivate portovik-warranty --final --reason 'handed over to the client'         for good

An agreement that went by its days so far goes by its `activation:` list from then on. For one with days of its own,
`servanda suspend` and `servanda terminate` say the same and leave its days in charge.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// Switch an agreement off by hand
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// For good: nothing follows
    #[arg(long = "final")]
    is_final: bool,
    #[command(flatten)]
    step: Stepping,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// Switches off.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    let by = arguments.step.decider(&session);
    session.change(&arguments.changing, context, |subject| {
        let step = arguments.step.step(subject, context.now, by.as_deref());
        author::deactivate(subject, step, arguments.is_final)
    })
}
