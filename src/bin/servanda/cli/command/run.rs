//! `servanda run`: the scheduled job. Plans, applies what a date or a merge changed, sends notices, and reports.

use std::collections::BTreeMap;
use std::path::PathBuf;

use servanda::ident::HelpdeskName;
use servanda::notice::Channel;
use servanda::outcome::Stopped;
use servanda::render;
use servanda::render::json::{AppliedEnvelope, NoticesFailure, RunReport};

use crate::cli::audience::Unattended;
use crate::cli::options::{Format, NotifyOptions, PlanOptions};
use crate::cli::unattended_job::UnattendedJob;
use crate::helpdesk::connect;
use crate::notify::channels::Channels;
use crate::notify::delivery::DispatchResult;
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data, report};
use crate::process::messages::log_warning;
use crate::process::monitor::Monitor;
use crate::process::runtime::runtime;
use crate::reconcile::joint::JointlyReconciled;
use crate::reconcile::open::OpenHelpdesks;
use crate::reconcile::run::Reconciliation;
use crate::reconcile::work::Reconciled;
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
    let mut exits = BTreeMap::new();
    let ended = runtime.block_on(run_job(arguments, context, &mut exits));
    let exit = ended.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
    runtime.block_on(monitor.ended(exit));
    if let Some(path) = &arguments.metrics
        && let Err(failure) = files::write_whole(path, &metrics(exit, &exits))
    {
        log_warning(&format!("cannot write the metrics: {}\n", failure.message));
    }
    // A mail server that does not answer must not delay the end of the process.
    runtime.shutdown_background();
    ended
}

/// Runs the job, and collects the exit codes of several helpdesks.
async fn run_job(
    arguments: &Arguments,
    context: &Context,
    exits: &mut BTreeMap<HelpdeskName, Exit>,
) -> Result<Exit, Failure> {
    let (workspace, mut terms) = arguments.options.load(context)?;
    let selection = terms.selection.clone();
    let mut workspaces = workspace.by_helpdesk(&selection)?;
    terms.selection = selection.within_helpdesks();
    workspaces.refuse_other_days(terms.as_of)?;
    files::own_folder(&workspaces.whole().root)?;
    let channels = Channels::open(&workspaces.whole().settings, &workspaces.whole().root)?;
    let has_channel = !Channel::configured(&workspaces.whole().settings).is_empty();
    let audience = Unattended::of(&arguments.notify, context);
    let name = context.run_name();
    let job = UnattendedJob {
        terms: &terms,
        selection: &selection,
        options: &arguments.notify,
        channels: &channels,
        audience: &audience,
        name: &name,
    };
    let result = match workspaces.several() {
        Some((whole, helpdesks)) => job.run_all(whole, helpdesks, exits).await?,
        None => job.run(&mut workspaces.helpdesks[0]).await?,
    };
    if let AppliedPlan::Several(concluded) = &result.applied {
        exits.extend(concluded.exits.clone());
    }
    let report = result.json(&name);
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

impl UnattendedJob<'_> {
    /// Applies and notifies under one lock.
    async fn run(&self, workspace: &mut Workspace) -> Result<JobResult, Failure> {
        let connection = connect::open(workspace, self.terms.as_of).await?;
        let mut reconciliation =
            Reconciliation::new(workspace, &connection, self.terms, self.name.to_owned(), self.audience);
        let result = async {
            let lock = reconciliation.lock().await?;
            let result = async {
                let concluded = reconciliation.run_locked(None).await?;
                // A stop of the apply stops the notices as well.
                let notices = if concluded.outcome.stopped.is_some() {
                    Ok(DispatchResult::default())
                } else {
                    self.send(workspace, &connection, &concluded.guarded, &reconciliation).await
                };
                Ok(JobResult { applied: AppliedPlan::One(Box::new(concluded)), notices })
            };
            let result = result.await;
            reconciliation.unlock(lock).await;
            result
        };
        let result = result.await;
        connection.close().await;
        result
    }

    /// The same for several helpdesks, whose notices are sent together.
    async fn run_all(
        &self,
        whole: &Workspace,
        helpdesks: &mut [Workspace],
        exits: &mut BTreeMap<HelpdeskName, Exit>,
    ) -> Result<JobResult, Failure> {
        let open = OpenHelpdesks::open(helpdesks, self.terms.as_of).await;
        let mut reconciliation = open.reconciliation(self.terms, self.name, self.audience);
        let result = async {
            let lock = reconciliation.lock().await?;
            let result = async {
                let concluded = reconciliation.run_locked(None).await?;
                let is_stopped = concluded.outcomes.values().any(|outcome| match outcome.stopped {
                    // The other helpdesks and the notices go on.
                    None | Some(Stopped::Credentials) => false,
                    Some(Stopped::Signal | Stopped::NoTrace(_)) => true,
                });
                let notices = if is_stopped {
                    Ok(DispatchResult::default())
                } else {
                    self.send_for_all(whole, &open, &concluded.plans, &reconciliation).await
                };
                Ok(JobResult { applied: AppliedPlan::Several(Box::new(concluded)), notices })
            };
            let result = result.await;
            reconciliation.unlock(lock).await;
            result
        };
        let result = result.await;
        exits.extend(reconciliation.failed_exits());
        open.close().await;
        result
    }
}

/// The applied plan of the only helpdesk, or the plans of several.
enum AppliedPlan {
    One(Box<Reconciled>),
    Several(Box<JointlyReconciled>),
}

/// The result of a run of the job.
struct JobResult {
    applied: AppliedPlan,
    notices: Result<DispatchResult, Failure>,
}

impl JobResult {
    fn exit(&self) -> Exit {
        let notices = self.notices.as_ref().map_or_else(|failure| failure.exit, DispatchResult::exit);
        let applied = match &self.applied {
            AppliedPlan::One(concluded) => concluded.exit,
            AppliedPlan::Several(concluded) => concluded.exit(),
        };
        Exit::most_severe(applied, notices)
    }

    fn text(&self, context: &Context, has_channel: bool) -> String {
        let paint = context.paint();
        let mut text = match &self.applied {
            AppliedPlan::One(concluded) if concluded.guarded.plan.is_empty() => String::new(),
            AppliedPlan::One(concluded) => {
                render::outcome::text(&concluded.guarded.plan, &concluded.outcome, paint)
            }
            AppliedPlan::Several(concluded) => {
                render::helpdesks::outcomes(&concluded.plans, &concluded.outcomes, paint)
            }
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
        let apply = match &self.applied {
            AppliedPlan::One(concluded) => {
                AppliedEnvelope::One(render::json::outcome(&concluded.guarded, &concluded.outcome))
            }
            AppliedPlan::Several(concluded) => {
                AppliedEnvelope::Several(render::json::outcomes(&concluded.plans, &concluded.outcomes))
            }
        };
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
            apply,
            notices: notices
                .ok()
                .map(|result| render::notice::results(&result.report, result.awaiting_acknowledgement)),
            notices_failure: notices.err().map(failure),
        }
    }
}

/// The metrics in the format of Prometheus' textfile collector. Of several helpdesks, each has its own exit code.
fn metrics(exit: Exit, exits: &BTreeMap<HelpdeskName, Exit>) -> String {
    let mut text = format!(
        "# HELP servanda_last_run_timestamp_seconds When the last run ended.\n\
         # TYPE servanda_last_run_timestamp_seconds gauge\n\
         servanda_last_run_timestamp_seconds {}\n\
         # HELP servanda_last_run_exit_code How the last run ended.\n\
         # TYPE servanda_last_run_exit_code gauge\n\
         servanda_last_run_exit_code {}\n",
        clock().as_second(),
        exit as u8
    );
    if !exits.is_empty() {
        text.push_str(
            "# HELP servanda_helpdesk_last_run_exit_code How the apply to a helpdesk ended in the last run.\n\
             # TYPE servanda_helpdesk_last_run_exit_code gauge\n",
        );
    }
    for (name, exit) in exits {
        let line = format!("servanda_helpdesk_last_run_exit_code{{helpdesk=\"{name}\"}} {}\n", *exit as u8);
        text.push_str(&line);
    }
    text
}
