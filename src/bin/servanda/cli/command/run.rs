//! `servanda run`: the job that nobody watches. Plan, apply what the date or a merge changed, notify, report.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use servanda::envelope::GuardedPlan;
use servanda::plan::Plan;
use servanda::render;

use crate::cli::command::apply::{read_wait, refuse_other_days};
use crate::cli::command::plan::{Making, estate_and_terms};
use crate::cli::progress::Bar;
use crate::cli::{Format, Global};
use crate::helpdesk::connect::{self, Connection};
use crate::notify::channels::Channels;
use crate::notify::delivery::{Delivered, Dispatcher};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::process::monitor::Ping;
use crate::process::shutdown::{self, Stop};
use crate::reconcile::apply::Progress;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::{Audience, Concluded, Reconciliation};
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda run --init-ledger             the first run: what is past by now is told to nobody
  servanda run                           every further one, from a schedule
  servanda run --wait-lock 10m           let another run end first
  servanda run --report run.json --metrics servanda.prom

A run that comes late, twice or after weeks does what is due and not yet done, once. With SERVANDA_PING_URL in the
environment it tells a monitor (healthchecks style) that it began and how it ended.

Exit codes: 0 done, 4 a guard or the ledger held something back, 6 something is left for the next run, 7 of something
it is not known whether it was done, 8 another run holds the lock, 9 credentials refused.";

/// Plan, apply and notify: the scheduled job
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    pub(crate) notifying: Notifying,
    /// Write what the run did to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write figures for Prometheus to this file
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The switches of whatever sends notices.
#[derive(clap::Args)]
pub(crate) struct Notifying {
    /// Begin the memory of notices: what is past by now is told to nobody
    #[arg(long)]
    pub(crate) init_ledger: bool,
    /// Let exactly so many messages out that no date made due
    #[arg(long, value_name = "N")]
    pub(crate) accept_messages: Option<usize>,
    /// How long to wait for another run to end: 30s, 10m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = read_wait)]
    pub(crate) wait_lock: Duration,
}

/// Runs the job, and tells whoever watches that it ran, however it ended.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let runtime = connect::runtime()?;
    let ping = Ping::of_environment()?;
    runtime.block_on(ping.begun());
    let ended = runtime.block_on(whole(arguments, global, context));
    let exit = ended.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
    runtime.block_on(ping.ended(exit));
    if let Some(path) = &arguments.metrics
        && let Err(failure) = files::write_whole(path, &metrics(exit))
    {
        say(&format!("the figures are not written: {}\n", failure.message));
    }
    // A server that does not answer is not waited for.
    runtime.shutdown_background();
    ended
}

async fn whole(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let (workspace, terms) = estate_and_terms(&arguments.making, global, context)?;
    refuse_other_days(&workspace, terms.as_of)?;
    files::own_folder(&workspace.root)?;
    let channels = Channels::open(&workspace.settings, &workspace.root)?;
    let connection = connect::open(&workspace, terms.as_of).await?;
    let watch = Watch { patience: arguments.notifying.wait_lock, stop: shutdown::listen(), context };
    let name = run_name(context);
    let job = Job {
        workspace: &workspace,
        terms: &terms,
        connection: &connection,
        channels: &channels,
        name: &name,
    };
    let done = job.done(&arguments.notifying, &watch).await;
    connection.close().await;
    let done = done?;
    let report = done.json(&name);
    if let Some(path) = &arguments.report
        && let Err(failure) = files::write_whole(path, &render::json::pretty(&report))
    {
        say(&format!("the report is not written: {}\n", failure.message));
    }
    match arguments.format {
        Format::Text => tell(&done.text(context))?,
        Format::Json => tell(&render::json::pretty(&report))?,
    }
    Ok(done.exit())
}

/// A name that no other run has.
pub(crate) fn run_name(context: &Context) -> String {
    format!("{}-{}", context.now, std::process::id())
}

/// One run of the job.
struct Job<'a> {
    workspace: &'a Workspace,
    terms: &'a PlanTerms,
    connection: &'a Connection,
    channels: &'a Channels,
    name: &'a str,
}

impl Job<'_> {
    async fn done(&self, notifying: &Notifying, watch: &Watch<'_>) -> Result<Done, Failure> {
        let mut pass =
            Reconciliation::new(self.workspace, self.connection, self.terms, self.name.to_owned(), watch);
        let lock = pass.lock().await?;
        let done = async {
            let concluded = pass.alone(None).await?;
            let notices = match concluded.outcome.stopped {
                // Whoever stopped the apply has not asked for mail.
                Some(_) => Ok(Delivered::default()),
                None => self.notices(notifying, &pass, &concluded, watch).await,
            };
            Ok(Done { concluded, notices })
        };
        let done = done.await;
        pass.unlock(lock).await;
        done
    }

    async fn notices(
        &self,
        notifying: &Notifying,
        pass: &Reconciliation<'_, Watch<'_>>,
        concluded: &Concluded,
        watch: &Watch<'_>,
    ) -> Result<Delivered, Failure> {
        let bulletin = Dispatcher::new(self.workspace, self.channels, self.terms.as_of.instant)?
            .acknowledging(notifying.accept_messages)
            .knowing(&concluded.envelope, pass.seen());
        bulletin.published(notifying.init_ledger, pass.book(), self.connection, self.name, &watch.stop).await
    }
}

/// What a run did.
struct Done {
    concluded: Concluded,
    notices: Result<Delivered, Failure>,
}

impl Done {
    fn exit(&self) -> Exit {
        Exit::graver(self.concluded.exit, notices_exit(&self.notices))
    }

    fn text(&self, context: &Context) -> String {
        let Concluded { envelope, outcome, .. } = &self.concluded;
        let mut text = if envelope.plan.is_empty() {
            String::new()
        } else {
            render::outcome::text(&envelope.plan, outcome, context.paint())
        };
        match &self.notices {
            Ok(delivered) => text.push_str(&render::notice::report(&delivered.report, delivered.braked)),
            Err(failure) => {
                say(&format!("error: {}\n", failure.message));
                failure.help.iter().for_each(|help| say(&format!("  help: {help}\n")));
            }
        }
        text
    }

    /// The one object that says it all; additive for as long as its format is 1.
    fn json(&self, name: &str) -> serde_json::Value {
        let Concluded { envelope, outcome, .. } = &self.concluded;
        let notices = match &self.notices {
            Ok(delivered) => render::notice::report_json(&delivered.report, delivered.braked),
            Err(failure) => json!({ "refused": failure.message, "help": failure.help }),
        };
        json!({
            "format": 1,
            "run": name,
            "exit": self.exit() as u8,
            "apply": render::json::outcome(envelope, outcome),
            "notices": notices,
        })
    }
}

/// What the notices of a run mean for its exit code.
pub(crate) fn notices_exit(notices: &Result<Delivered, Failure>) -> Exit {
    match notices {
        Err(failure) => failure.exit,
        Ok(Delivered { braked: Some(_), .. }) => Exit::Refused,
        Ok(Delivered { report, .. }) if !report.held.is_empty() => Exit::Held,
        Ok(Delivered { report, .. })
            if report.ended.is_some() || !report.refused.is_empty() || !report.waiting.is_empty() =>
        {
            Exit::Partial
        }
        Ok(_) => Exit::Fine,
    }
}

/// Figures for Prometheus' text collector.
fn metrics(exit: Exit) -> String {
    format!(
        "# HELP servanda_last_run_timestamp_seconds When the last run ended.\n\
         # TYPE servanda_last_run_timestamp_seconds gauge\n\
         servanda_last_run_timestamp_seconds {}\n\
         # HELP servanda_last_run_exit_code How the last run ended.\n\
         # TYPE servanda_last_run_exit_code gauge\n\
         servanda_last_run_exit_code {}\n",
        clock().as_second(),
        exit as u8
    )
}

/// Nobody is watching: nothing is asked, and what is shown goes to the log.
pub(crate) struct Watch<'a> {
    pub(crate) patience: Duration,
    pub(crate) stop: Stop,
    pub(crate) context: &'a Context,
}

impl Audience for Watch<'_> {
    fn show(&self, envelope: &GuardedPlan) -> Result<(), Failure> {
        say(&render::plan::text(envelope, self.context.paint_errors()));
        Ok(())
    }

    fn confirm(&self, _: &Plan) -> Result<(), Failure> {
        Ok(())
    }

    fn say(&self, text: &str) {
        say(&format!("{}\n", render::encode::terminal(text)));
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn progress(&self, changes: usize) -> impl Progress {
        Bar::new(changes, self.context)
    }

    fn listen(&self) -> Stop {
        self.stop.clone()
    }
}
