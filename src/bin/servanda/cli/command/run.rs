//! `servanda run`: the scheduled job. Plans, applies what a date or a merge changed, sends notices, and reports.

use std::path::PathBuf;

use servanda::notice::Channel;
use servanda::render;
use servanda::render::json::{NoticesFailure, RunReport};

use crate::cli::audience::Unattended;
use crate::cli::options::{Format, NotifyOptions, PlanOptions};
use crate::helpdesk::connect::{self, Connection};
use crate::notify::channels::Channels;
use crate::notify::delivery::{DispatchResult, Dispatcher};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data, report};
use crate::process::messages::log_warning;
use crate::process::monitor::Monitor;
use crate::process::runtime::runtime;
use crate::process::shutdown;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::{Reconciled, Reconciliation};
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda run --init-ledger             the first run; notices of earlier
                                         events are not sent
  servanda run                           every other run, from a schedule
  servanda run --client severny-veter    only for these agreements; all others
                                         are left as they are
  servanda run --wait-lock 10m           wait for another run to end
  servanda run --report run.json --metrics servanda.prom

A run that is late, repeated, or the first after weeks does once what is due and not done yet. If SERVANDA_PING_URL is \
set, the run pings that monitor (in the style of healthchecks.io) when it begins and when it ends.

Exit codes: 0 done, 4 refused by a guard or by the ledger, 6 done in part, 7 result unknown, 8 lock held by another run, \
9 credentials refused.";

/// Plan, apply and notify: the scheduled job
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    notify: NotifyOptions,
    /// Write a report of the run to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write metrics for Prometheus to this file
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// The output format of the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the job, and pings the monitor before and after it.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let monitor = Monitor::of_environment()?;
    runtime.block_on(monitor.begun());
    let ended = runtime.block_on(run_job(arguments, context));
    let exit = ended.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
    runtime.block_on(monitor.ended(exit));
    if let Some(path) = &arguments.metrics
        && let Err(failure) = files::write_whole(path, &metrics(exit))
    {
        log_warning(&format!("cannot write the metrics: {}\n", failure.message));
    }
    // A mail server that does not answer must not delay the end of the process.
    runtime.shutdown_background();
    ended
}

async fn run_job(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (mut workspace, terms) = arguments.options.load(context)?;
    workspace.refuse_other_days(terms.as_of)?;
    files::own_folder(&workspace.root)?;
    let channels = Channels::open(&workspace.settings, &workspace.root)?;
    let connection = connect::open(&mut workspace, terms.as_of).await?;
    let audience = Unattended {
        patience: arguments.notify.lock.wait_lock,
        stop: shutdown::listen(),
        context,
        is_first: arguments.notify.init_ledger,
    };
    let name = context.run_name();
    let job = ScheduledJob {
        workspace: &workspace,
        terms: &terms,
        connection: &connection,
        channels: &channels,
        name: &name,
    };
    let result = job.run(&arguments.notify, &audience).await;
    connection.close().await;
    let result = result?;
    let report = result.json(&name);
    let has_channel = !Channel::configured(&workspace.settings).is_empty();
    if let Some(path) = &arguments.report
        && let Err(failure) = files::write_whole(path, &render::json::pretty(&report))
    {
        log_warning(&format!("cannot write the report: {}\n", failure.message));
    }
    match arguments.format {
        Format::Text => print_data(&result.text(context, has_channel))?,
        Format::Json => print_data(&render::json::pretty(&report))?,
    }
    Ok(result.exit())
}

/// One run of the job.
struct ScheduledJob<'a> {
    workspace: &'a Workspace,
    terms: &'a PlanTerms,
    connection: &'a Connection,
    channels: &'a Channels,
    name: &'a str,
}

impl ScheduledJob<'_> {
    /// Applies and notifies under one lock.
    async fn run(&self, notify: &NotifyOptions, audience: &Unattended<'_>) -> Result<JobResult, Failure> {
        let mut reconciliation =
            Reconciliation::new(self.workspace, self.connection, self.terms, self.name.to_owned(), audience);
        let lock = reconciliation.lock().await?;
        let result = async {
            let concluded = reconciliation.run_locked(None).await?;
            let notices = match concluded.outcome.stopped {
                // A stop of the apply stops the notices as well.
                Some(_) => Ok(DispatchResult::default()),
                None => self.notify(notify, &reconciliation, &concluded, audience).await,
            };
            Ok(JobResult { concluded, notices })
        };
        let result = result.await;
        reconciliation.unlock(lock).await;
        result
    }

    async fn notify(
        &self,
        options: &NotifyOptions,
        reconciliation: &Reconciliation<'_, Unattended<'_>>,
        concluded: &Reconciled,
        audience: &Unattended<'_>,
    ) -> Result<DispatchResult, Failure> {
        let dispatcher = Dispatcher::new(self.workspace, self.channels, self.terms.as_of.instant)?
            .with_acknowledged(options.accept_messages)
            .restricted_to(&self.terms.selection)
            .with_live_state(&concluded.guarded, reconciliation.latest());
        dispatcher
            .run(options.init_ledger, reconciliation.records(), self.connection, self.name, &audience.stop)
            .await
    }
}

/// The result of a run of the job.
struct JobResult {
    concluded: Reconciled,
    notices: Result<DispatchResult, Failure>,
}

impl JobResult {
    fn exit(&self) -> Exit {
        let notices = self.notices.as_ref().map_or_else(|failure| failure.exit, DispatchResult::exit);
        Exit::most_severe(self.concluded.exit, notices)
    }

    fn text(&self, context: &Context, has_channel: bool) -> String {
        let Reconciled { guarded: envelope, outcome, .. } = &self.concluded;
        let mut text = if envelope.plan.is_empty() {
            String::new()
        } else {
            render::outcome::text(&envelope.plan, outcome, context.paint())
        };
        match &self.notices {
            Ok(result) => {
                let waiting = result.awaiting_acknowledgement;
                text.push_str(&render::notice::report(&result.report, waiting, has_channel));
            }
            Err(failure) => {
                report(failure);
            }
        }
        text
    }

    /// The report as one object.
    fn json<'a>(&'a self, name: &'a str) -> RunReport<'a> {
        let Reconciled { guarded: envelope, outcome, .. } = &self.concluded;
        let notices = self.notices.as_ref();
        let failure = |failure: &'a Failure| NoticesFailure {
            code: failure.code,
            message: &failure.message,
            help: failure.help.as_deref(),
        };
        RunReport {
            format: 1,
            run: name,
            exit: self.exit() as u8,
            apply: render::json::outcome(envelope, outcome),
            notices: notices
                .ok()
                .map(|result| render::notice::results(&result.report, result.awaiting_acknowledgement)),
            notices_failure: notices.err().map(failure),
        }
    }
}

/// The metrics in the format of Prometheus' textfile collector.
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
