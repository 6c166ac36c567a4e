//! `servanda plan`: compares the files with the helpdesk and prints the difference. Writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::ident::HelpdeskName;
use servanda::render;

use crate::cli::options::PlanOptions;
use crate::cli::plan_output::PlanOutput;
use crate::helpdesk::connect::{self, Connection};
use crate::ledger::{self, LedgerRecords, RecordedNotices};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::process::pager::print_page;
use crate::process::runtime::runtime;
use crate::reconcile::clock::{NOT_REPORTED, compare_clocks};
use crate::reconcile::joint::{self, combined};
use crate::reconcile::open::OpenHelpdesks;
use crate::reconcile::plan::{FromLedger, PlanTerms, make};
use crate::reconcile::plan_file;
use crate::reconcile::snapshot::{against_snapshot, against_snapshots};
use crate::workspace::helpdesks::HelpdeskWorkspaces;
use crate::workspace::load::Workspace;
use crate::workspace::pull_request::{PullRequest, Trust};

const AFTER_HELP: &str = "\
Examples:
  servanda plan                          what an apply would change now
  servanda plan --as-of 2027-01-01       what it would change on that day
  servanda plan --out today.plan         save it; apply it with
                                         `servanda apply today.plan`
  servanda plan --client severny-veter   only these agreements
  servanda plan --exit-code              exit 2 if changes are pending
  servanda plan --prune --accept orphans=1
  servanda plan --format markdown --forge gitlab
                                         for a comment on a merge request
  servanda plan --format html > plan.html
                                         as one page
  servanda plan --snapshot live.json     without network and key
  servanda plan --base origin/main       for a pull request into main
  servanda plan --base main --head FETCH_HEAD
                                         for a commit that is not checked out

With --base, the settings of the base are used, and changes of them in the files are reported as red lines. With --head, \
the commit is merged into the base in memory, and so is the commit that is checked out if the base has newer ones.";

/// Show what an apply would change
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: PlanOptions,
    /// Save the plan to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 if changes are pending
    #[arg(long)]
    exit_code: bool,
    /// Compare with a snapshot instead of the helpdesk
    #[arg(long, visible_alias = "live", value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Plan a pull request into this commit: use its settings, and show what the pull request changes
    #[arg(long, value_name = "COMMIT")]
    base: Option<String>,
    /// Plan the merge of this commit into the base instead of the files on disk
    #[arg(long, value_name = "COMMIT", requires = "base")]
    head: Option<String>,
    #[command(flatten)]
    output: PlanOutput,
}

/// Makes the plan and prints it.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (workspace, mut terms) = load(arguments, context)?;
    let mut workspaces = workspace.by_helpdesk(&terms.selection)?;
    terms.selection = terms.selection.within_helpdesks();
    if !workspaces.is_single() {
        return run_all(arguments, context, &mut workspaces, &terms);
    }
    let workspace = &mut workspaces.helpdesks[0];
    let envelope = match &arguments.snapshot {
        Some(path) => against_snapshot(workspace, &terms, path)?,
        None => runtime()?.block_on(async {
            let connection = connect::open(workspace, terms.as_of).await?;
            let made = made(workspace, &connection, &terms, &ledger::open(workspace)).await;
            connection.close().await;
            made
        })?,
    };
    if let Some(path) = &arguments.out {
        plan_file::write(path, &envelope)?;
        tell_saved(path);
    }
    print_page(&arguments.output.render(&envelope, context)?, context)?;
    if let Some(scope) = &envelope.scope {
        inform(&render::scope::text(scope, &envelope, context.paint_errors()));
    }
    Ok(exit_of(&envelope, arguments.exit_code))
}

fn tell_saved(path: &Path) {
    let path = path.display();
    inform(&format!("saved to {path}; `servanda apply {path}` applies it\n"));
}

/// Makes the plan of one helpdesk.
async fn made(
    workspace: &Workspace,
    connection: &Connection,
    terms: &PlanTerms,
    records: &LedgerRecords,
) -> Result<GuardedPlan, Failure> {
    let last_applied = ledger::read_last_applied(records).await;
    let notices = RecordedNotices::read(workspace, records).await.ok().flatten();
    let ledger = FromLedger { last_applied: last_applied.as_ref(), notices: notices.as_ref() };
    let made = make(workspace, connection, terms, ledger).await?;
    // A plan for a day that was asked for does not depend on the clock.
    if !terms.as_of.is_asked && !compare_clocks(workspace, connection, clock()).await? {
        inform(&format!("{NOT_REPORTED}\n"));
    }
    Ok(made.0)
}

/// Makes the plans of several helpdesks and prints them.
fn run_all(
    arguments: &Arguments,
    context: &Context,
    workspaces: &mut HelpdeskWorkspaces,
    terms: &PlanTerms,
) -> Result<Exit, Failure> {
    let (plans, failures) = match &arguments.snapshot {
        Some(path) => against_snapshots(workspaces, terms, path),
        None => runtime()?.block_on(planned(workspaces, terms)),
    };
    let plans = combined(plans, &failures)?;
    if let Some(path) = &arguments.out {
        plan_file::write(path, &plans)?;
        tell_saved(path);
    }
    print_page(&arguments.output.render_all(&plans, context)?, context)?;
    for guarded in plans.helpdesks.values() {
        if let Some(scope) = &guarded.scope {
            inform(&render::scope::text(scope, guarded, context.paint_errors()));
        }
    }
    Ok(exit_of_all(&plans, &failures, arguments.exit_code))
}

/// The plan of each helpdesk, and the failures of the others.
async fn planned(
    workspaces: &mut HelpdeskWorkspaces,
    terms: &PlanTerms,
) -> (BTreeMap<HelpdeskName, GuardedPlan>, BTreeMap<HelpdeskName, Failure>) {
    let records = ledger::open(&workspaces.helpdesks[0]);
    let mut helpdesks = OpenHelpdesks::open(&mut workspaces.helpdesks, terms.as_of).await;
    let (mut plans, mut failures) = (BTreeMap::new(), std::mem::take(&mut helpdesks.failures));
    for (name, workspace, connection) in helpdesks.iter() {
        let records = ledger::beside(&records, &workspace.settings.helpdesk);
        match made(workspace, connection, terms, &records).await {
            Ok(guarded) => _ = plans.insert(name.clone(), guarded),
            Err(failure) => _ = failures.insert(name.clone(), failure),
        }
    }
    helpdesks.close().await;
    (plans, failures)
}

/// Loads and checks what is planned: the files on disk, or the head of a pull request.
fn load(arguments: &Arguments, context: &Context) -> Result<(Workspace, PlanTerms), Failure> {
    let Some(base) = &arguments.base else {
        return arguments.options.load(context);
    };
    let pull_request = PullRequest::load(base, arguments.head.as_deref(), Trust::Base, context)?;
    let terms = arguments.options.terms(&pull_request.zone(), context)?;
    let workspace = pull_request.into_workspace(terms.as_of.instant, context)?;
    terms.refuse_unknown(&workspace)?;
    Ok((workspace, terms))
}

/// The exit code: refused if a guard holds something back, pending only if `--exit-code` asks for it. Of a pull request only
/// what it causes counts, and not what is so on its base as well.
fn exit_of(envelope: &GuardedPlan, exit_code: bool) -> Exit {
    let mut changed = envelope.plan.changes.iter().map(|change| &change.id);
    if envelope.is_refused() {
        Exit::Refused
    } else if exit_code && changed.any(|id| !envelope.is_on_base(id)) {
        Exit::Pending
    } else {
        Exit::Fine
    }
}

/// The exit code of the plans of several helpdesks, of which some are not available.
fn exit_of_all(plans: &HelpdeskPlans, failures: &BTreeMap<HelpdeskName, Failure>, exit_code: bool) -> Exit {
    let planned = plans.helpdesks.values().map(|guarded| exit_of(guarded, exit_code));
    planned.chain(failures.values().map(joint::exit_of)).fold(Exit::Fine, Exit::most_severe)
}
