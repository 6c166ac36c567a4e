//! `servanda apply`: a plan, made now or saved, is shown, confirmed and carried out; then planned again.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::time::Duration;

use servanda::calendar::TargetTime;
use servanda::envelope::GuardedPlan;
use servanda::plan::Plan;
use servanda::render;

use crate::cli::command::plan::{Making, estate_and_terms};
use crate::cli::progress::Bar;
use crate::cli::{Format, Global};
use crate::helpdesk::connect;
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::process::shutdown::{self, Stop};
use crate::reconcile::apply::Progress;
use crate::reconcile::plan_file;
use crate::reconcile::run::{Audience, Concluded, Reconciliation};
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda apply                         show the plan, ask, carry it out
  servanda apply --yes                   do not ask, as in a scheduled job
  servanda apply today.plan              carry out just what was reviewed; what moved since is left alone
  servanda apply --accept weakened=2     let exactly two promises become weaker
  servanda apply --yes --wait-lock 10m   let another run end first

Exit codes: 0 done, 4 a guard held something back, 5 the plan is stale and nothing was applied, 6 applied in part,
7 not known of something whether it was carried out, 8 another run holds the lock, 9 credentials refused.";

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
    /// How long to wait for another run to end: 30s, 10m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = read_wait)]
    wait_lock: Duration,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Reads a length of time.
pub(crate) fn read_wait(text: &str) -> Result<Duration, String> {
    match TargetTime::read(text) {
        Ok(TargetTime::Seconds(seconds)) => Ok(Duration::from_secs(seconds.into())),
        _ if text == "0s" => Ok(Duration::ZERO),
        _ => Err("write a length of time as 30s or 10m".to_owned()),
    }
}

/// Carries a plan out.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let saved = arguments.plan.as_deref().map(plan_file::read).transpose()?;
    let (workspace, mut terms) = estate_and_terms(&arguments.making, global, context)?;
    if let Some(saved) = &saved {
        let instant = saved.plan.header.as_of;
        let zone = &workspace.settings.zone;
        terms.as_of = AsOf { instant, is_asked: zone.day_of(instant) != zone.day_of(context.now) };
    }
    refuse_other_days(&workspace, terms.as_of)?;
    files::own_folder(&workspace.root)?;
    connect::runtime()?.block_on(async {
        let connection = connect::open(&workspace, terms.as_of).await?;
        let people = People { arguments, context };
        let name = format!("{}-{}", context.now, std::process::id());
        let mut pass = Reconciliation::new(&workspace, &connection, &terms, name, &people);
        let concluded = pass.whole(saved).await;
        connection.close().await;
        let concluded = concluded?;
        people.conclude(&concluded)?;
        Ok(concluded.exit)
    })
}

/// Nothing is written for another day than today, except where the settings call the helpdesk a rehearsal.
pub(crate) fn refuse_other_days(workspace: &Workspace, as_of: AsOf) -> Result<(), Failure> {
    if !as_of.is_asked || workspace.settings.helpdesk.rehearsal {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "cli-refused", "nothing is written for another day than today")
        .help("look at that day with `servanda plan --as-of`, or live through it on a helpdesk with `rehearsal: true`"))
}

/// The people who read what the program says, and may be asked.
struct People<'a> {
    arguments: &'a Arguments,
    context: &'a Context,
}

impl Audience for People<'_> {
    fn show(&self, envelope: &GuardedPlan) -> Result<(), Failure> {
        match self.arguments.format {
            Format::Text => tell(&render::plan::text(envelope, self.context.paint())),
            Format::Json => Ok(()),
        }
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
            _ => Err(Failure::new(Exit::Failure, "cli-failure", "not applied")),
        }
    }

    fn say(&self, text: &str) {
        say(&format!("{}\n", render::encode::terminal(text)));
    }

    fn patience(&self) -> Duration {
        self.arguments.wait_lock
    }

    fn progress(&self, changes: usize) -> impl Progress {
        Bar::new(changes, self.context)
    }

    fn listen(&self) -> Stop {
        shutdown::listen()
    }
}

impl People<'_> {
    fn conclude(&self, concluded: &Concluded) -> Result<(), Failure> {
        let Concluded { envelope, outcome, .. } = concluded;
        match self.arguments.format {
            Format::Text if envelope.plan.is_empty() => Ok(()),
            Format::Text => tell(&render::outcome::text(&envelope.plan, outcome, self.context.paint())),
            Format::Json => tell(&render::json::pretty(&render::json::outcome(envelope, outcome))),
        }
    }
}
