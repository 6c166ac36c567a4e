//! `servanda apply`: a plan, made now or saved, is shown, confirmed and carried out; then planned again.

use std::io::BufRead as _;
use std::path::PathBuf;

use servanda::outcome::{Fate, NotTried, Outcome};
use servanda::plan::Plan;
use servanda::render;
use servanda::render::json::{Meaning, PlanEnvelope};

use crate::apply;
use crate::args::{Format, Global};
use crate::command::plan::{Making, Terms, estate_and_terms, make};
use crate::connection::{self, Connection};
use crate::context::{AsOf, Context};
use crate::failure::{Exit, Failure, say, tell};
use crate::journal::Journal;
use crate::progress::Bar;
use crate::repository::Estate;
use crate::{baseline, files, saved, signal};

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
    let (estate, mut terms) = estate_and_terms(&arguments.making, global, context)?;
    if let Some(saved) = &saved {
        let instant = saved.plan.header.as_of;
        let zone = &estate.settings.zone;
        terms.as_of = AsOf { instant, is_asked: zone.day_of(instant) != zone.day_of(context.now) };
    }
    refuse_other_days(&estate, terms.as_of)?;
    connection::runtime()?.block_on(async {
        let connection = connection::open(&estate, terms.as_of).await?;
        let run = Run { estate: &estate, connection: &connection, arguments, terms: &terms, context };
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
    terms: &'a Terms,
    context: &'a Context,
}

impl Run<'_> {
    async fn whole(&self, saved: Option<PlanEnvelope>) -> Result<Exit, Failure> {
        let envelope = match saved {
            Some(saved) => self.fitting(saved)?,
            None => make(self.estate, self.connection, self.terms).await?.0,
        };
        if self.arguments.format == Format::Text {
            tell(&render::plan::text(&envelope, self.context.paint()))?;
        }
        let mut outcome = Outcome { remaining: Some(0), ..Outcome::default() };
        if !envelope.plan.is_empty() {
            self.confirm(&envelope.plan)?;
            outcome = self.carry_out(&envelope.plan).await?;
        }
        self.look_again(&mut outcome, &envelope.plan).await?;
        self.conclude(&envelope, &outcome)
    }

    /// A saved plan is carried out as it was reviewed, and only on the helpdesk that it was made for.
    fn fitting(&self, saved: PlanEnvelope) -> Result<PlanEnvelope, Failure> {
        let (made_for, here) = (&saved.plan.header.helpdesk, self.connection.name());
        if *made_for != here {
            return Err(Failure::new(
                Exit::Stale,
                format!("the plan was made for {made_for}, and this is {here}"),
            )
            .help("make one for this helpdesk with `servanda plan --out FILE`"));
        }
        if saved.plan.header.files != self.estate.digest {
            say("the files have changed since the plan was made; it is carried out as it was reviewed\n");
        }
        Ok(saved)
    }

    /// Asks on a terminal; elsewhere somebody has to have said `--yes`.
    fn confirm(&self, plan: &Plan) -> Result<(), Failure> {
        if self.arguments.yes {
            return Ok(());
        }
        if !self.context.is_attended() {
            return Err(Failure::usage("nobody is here to ask", "say `--yes` to apply without being asked"));
        }
        say(&format!(
            "Carry out {} changes on {}? Only `yes` goes on: ",
            plan.changes.len(),
            plan.header.helpdesk
        ));
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
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

    /// Plans again, which shows what is left to do, and remembers what was applied.
    async fn look_again(&self, outcome: &mut Outcome, applied: &Plan) -> Result<(), Failure> {
        let (again, wishes) = match make(self.estate, self.connection, self.terms).await {
            Ok(made) => made,
            Err(failure) => {
                tracing::warn!("the helpdesk could not be read again: {}", failure.message);
                return Ok(());
            }
        };
        if !applied.is_empty() {
            outcome.remaining = Some(again.plan.changes.len());
        }
        let open = again.plan.changes.iter().chain(&again.waiting).map(|change| &change.id);
        let withheld = again.plan.withheld.iter().map(|withheld| &withheld.id);
        let open = open.chain(withheld).collect();
        let earlier = baseline::read(&self.estate.root);
        let commit = again.plan.header.commit.clone();
        let kept = baseline::after(earlier, &wishes, &open, commit, self.terms.as_of.instant);
        baseline::write(&self.estate.root, &kept)
    }

    fn conclude(&self, envelope: &PlanEnvelope, outcome: &Outcome) -> Result<Exit, Failure> {
        match self.arguments.format {
            Format::Text if envelope.plan.is_empty() => {}
            Format::Text => tell(&render::outcome::text(&envelope.plan, outcome, self.context.paint()))?,
            Format::Json => tell(&render::json::pretty(&render::json::outcome(envelope, outcome)))?,
        }
        Ok(exit_of(envelope, outcome))
    }
}

/// The precedence of design §13: signal, refused by a guard, in part, stale with nothing applied, fine.
fn exit_of(envelope: &PlanEnvelope, outcome: &Outcome) -> Exit {
    let is_stopped = outcome.fates.values().any(|fate| matches!(fate, Fate::NotTried(NotTried::Stopped)));
    if is_stopped {
        Exit::Interrupted
    } else if envelope.verdict.meaning == Meaning::RefusedByAGuard {
        Exit::Refused
    } else if !outcome.is_complete() && outcome.is_only_stale() && !outcome.has_written() {
        Exit::Stale
    } else if !outcome.is_complete() || envelope.verdict.meaning == Meaning::Partial {
        Exit::Partial
    } else {
        Exit::Fine
    }
}
