//! `servanda apply`: a plan, made now or saved, is shown, confirmed and carried out; then planned again.

use std::io::BufRead as _;
use std::path::PathBuf;

use servanda::guard::Held;
use servanda::outcome::{Fate, NotTried, Outcome};
use servanda::plan::Plan;
use servanda::render;

use crate::apply;
use crate::args::{Format, Global};
use crate::command::plan::{Making, is_partial, make};
use crate::connection::{self, Connection};
use crate::context::{AsOf, Context};
use crate::failure::{Exit, Failure, say, tell};
use crate::journal::Journal;
use crate::progress::Bar;
use crate::repository::{self, Estate};
use crate::{accept, files, saved, signal};

const AFTER_HELP: &str = "\
Examples:
  servanda apply                         show the plan, ask, carry it out
  servanda apply --yes                   do not ask, as in a scheduled job
  servanda apply today.plan              carry out just what was reviewed; what moved since is left alone
  servanda apply --accept weakened=2     let exactly two promises become weaker

Exit codes: 0 done, 4 a guard held something back, 5 the plan is stale and nothing was applied, 6 applied in part.";

/// Carry a plan out
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A plan that `plan --out` saved; without it, one is made now
    #[arg(conflicts_with_all = ["as_of", "prune", "accept"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    making: Making,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Carries a plan out.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let saved = arguments.plan.as_deref().map(saved::read).transpose()?;
    let estate = repository::load(global, context)?;
    let as_of = match &saved {
        Some(saved) => AsOf { instant: saved.plan.header.as_of, is_asked: false },
        None => context.as_of(arguments.making.as_of.as_deref(), &estate.settings.zone)?,
    };
    let estate = repository::checked(estate, as_of.instant, global, context)?;
    refuse_other_days(&estate, as_of)?;
    let runtime = connection::runtime()?;
    runtime.block_on(async {
        let connection = connection::open(&estate, as_of, context).await?;
        let run = Run { estate: &estate, connection: &connection, arguments, as_of, context };
        let exit = run.whole(saved).await;
        connection.close().await;
        exit
    })
}

/// Nothing is written for another day than today, except where the settings call the helpdesk a rehearsal.
fn refuse_other_days(estate: &Estate, as_of: AsOf) -> Result<(), Failure> {
    if !as_of.is_asked || estate.settings.helpdesk.rehearsal {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "nothing is written for another day than today")
        .help("look at that day with `servanda plan --as-of`, or live through it on a helpdesk with `rehearsal: true`"))
}

struct Run<'a> {
    estate: &'a Estate,
    connection: &'a Connection,
    arguments: &'a Arguments,
    as_of: AsOf,
    context: &'a Context,
}

impl Run<'_> {
    async fn whole(&self, saved: Option<saved::Saved>) -> Result<Exit, Failure> {
        let acknowledged = accept::all(&self.arguments.making.accept)?;
        let prune = self.arguments.making.prune;
        let reader = self.connection.reader();
        let (plan, held) = match saved {
            Some(saved) => (saved.plan, saved.held),
            None => make(self.estate, &reader, self.as_of.instant, prune, &acknowledged).await?,
        };
        if self.arguments.format == Format::Text {
            tell(&render::plan::text(&plan, &held, self.context.colour()))?;
        }
        if plan.is_empty() {
            return self.conclude(&plan, &held, &Outcome { remaining: Some(0), ..Outcome::default() });
        }
        self.confirm(&plan)?;
        let mut outcome = self.carry_out(&plan).await?;
        let again = make(self.estate, &reader, self.as_of.instant, prune, &acknowledged).await;
        outcome.remaining = again.ok().map(|(plan, _)| plan.changes.len());
        self.conclude(&plan, &held, &outcome)
    }

    /// Asks on a terminal; elsewhere somebody has to have said `--yes`.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure> {
        if self.arguments.yes {
            return Ok(());
        }
        if !self.context.is_attended() {
            return Err(Failure::usage("nobody is here to ask", "say `--yes` to apply without being asked"));
        }
        say(&format!("Carry out {} changes on {}? Only `yes` goes on: ", plan.changes.len(), plan.header.helpdesk));
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        match read {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::new(Exit::Failure, "not applied")),
        }
    }

    async fn carry_out(&self, plan: &Plan) -> Result<Outcome, Failure> {
        let folder = files::own_folder(&self.estate.root)?;
        let mut journal = Journal::open(&folder, plan)?;
        let stop = signal::listen();
        let (reader, writer) = (self.connection.reader(), self.connection.writer());
        let mut bar = Bar::new(plan.changes.len(), self.context);
        let outcome = apply::apply(plan, &reader, &writer, &mut journal, &mut bar, &stop).await?;
        bar.finish();
        journal.close(&outcome)?;
        Ok(outcome)
    }

    fn conclude(&self, plan: &Plan, held: &[Held], outcome: &Outcome) -> Result<Exit, Failure> {
        match self.arguments.format {
            Format::Text if plan.is_empty() => {}
            Format::Text => tell(&render::outcome::text(plan, outcome, self.context.colour()))?,
            Format::Json => tell(&render::json::outcome(plan, held, outcome))?,
        }
        Ok(exit_of(plan, held, outcome))
    }
}

/// The precedence of design §13: signal, refused by a guard, stale with nothing applied, in part, fine.
fn exit_of(plan: &Plan, held: &[Held], outcome: &Outcome) -> Exit {
    let stopped = outcome.fates.values().any(|fate| matches!(fate, Fate::NotTried(NotTried::Stopped)));
    if stopped {
        Exit::Interrupted
    } else if !held.is_empty() {
        Exit::Refused
    } else if !outcome.is_complete() && outcome.is_only_stale() && !outcome.has_written() {
        Exit::Stale
    } else if !outcome.is_complete() || is_partial(plan) {
        Exit::Partial
    } else {
        Exit::Fine
    }
}
