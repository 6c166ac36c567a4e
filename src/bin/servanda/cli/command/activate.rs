//! `servanda activate`: an agreement is switched on by hand.

use servanda::author::{self, ActivationStep, EffectiveFrom};

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{ChangeOptions, EditSession};
use crate::workspace::git;

const AFTER_HELP: &str = "\
Examples:
  servanda activate brueckner-rollout --reason 'acceptance signed'        from today on
  servanda activate brueckner-rollout --on 2026-11-23 --by m.weber
  servanda activate brueckner-rollout --on 2026-11-23T12:00:00+01:00      to the minute

An agreement that went by its days so far goes by its `activation:` list from then on.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// Switch an agreement on by hand
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    step: Stepping,
    #[command(flatten)]
    changing: ChangeOptions,
}

/// What a step of the manual log says beside its status.
#[derive(clap::Args)]
pub(crate) struct Stepping {
    /// From which day or instant on; without it, from today on, as the agreement's zone has it
    #[arg(long, value_name = "DAY", value_parser = value_parsers::moment)]
    on: Option<EffectiveFrom>,
    /// Why, for those who read it later
    #[arg(long)]
    reason: Option<String>,
    /// Who decided it; without it, whoever git says works here
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Stepping {
    /// Who decided it, as typed or as git knows it.
    pub(crate) fn decider(&self, session: &EditSession) -> Option<String> {
        self.by.clone().or_else(|| git::user(&session.loaded.root))
    }

    /// The step, with today in place of a day that was not typed.
    pub(crate) fn step<'a>(
        &'a self,
        subject: &author::EditTarget<'_>,
        now: servanda::calendar::Instant,
        by: Option<&'a str>,
    ) -> ActivationStep<'a> {
        let today = || EffectiveFrom::Day(subject.agreement.zone.day_of(now));
        ActivationStep { on: self.on.unwrap_or_else(today), reason: self.reason.as_deref(), by }
    }
}

/// Switches on.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(None, global, context)?;
    let by = arguments.step.decider(&session);
    session.change(&arguments.changing, context, |subject| {
        author::activate(subject, arguments.step.step(subject, context.now, by.as_deref()))
    })
}
