//! `servanda snapshot`: saves the live state in a file, so that plans need no network and no secret.

use std::path::{Path, PathBuf};

use servanda::agreement::whole;
use servanda::render::encode;
use servanda::selection::AgreementSelection;

use crate::helpdesk::Selection;
use crate::helpdesk::connect;
use crate::ledger;
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, print_data, report};
use crate::process::messages::inform;
use crate::process::runtime::runtime;
use crate::reconcile::joint::exit_of;
use crate::reconcile::snapshot::{Saved, Snapshot, file_of};
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda snapshot --out live.json      save the live state
  servanda snapshot --out live.json.gz   save it compressed, for a branch of Git
  servanda plan --snapshot live.json     plan without network and key

A file that differs only in the instant of the last apply, by less than a day, holds the same state.

A snapshot contains the managed agreements with their mapped fields, the objects that catalog slugs may refer to, the \
last-applied state (as digests of the agreements' values), and who changed what by hand since then. People appear as \
initials and ids, without their names and without a digest of them; a plan from a snapshot therefore needs the id of \
each manager in catalog.yaml (`servanda catalog pull` writes it). A snapshot is as confidential as the titles of your \
clients.";

/// Save the live state in a file, to plan without a network
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write to this file instead of standard output, compressed if its name ends in `.gz`; a file that holds the same
    /// state is left as it is
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only this helpdesk, a name of `helpdesks:` in servanda.yaml. Each of several has a file of its own, with its name
    #[arg(long, value_name = "NAME")]
    helpdesk: Vec<String>,
}

/// Reads the helpdesk once and writes the snapshot.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load_to_check(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let workspace = loaded.into_workspace(as_of.instant, context)?;
    let selection =
        AgreementSelection { helpdesks: arguments.helpdesk.clone(), ..AgreementSelection::default() };
    let mut workspaces = workspace.by_helpdesk(&selection)?;
    let (is_single, number) = (workspaces.is_single(), workspaces.helpdesks.len());
    if number > 1 && arguments.out.is_none() {
        return Err(Failure::usage(
            "the snapshots of several helpdesks are a file each",
            "pass `--out live.json`, which is written as live-NAME.json for each, or `--helpdesk NAME`",
        ));
    }
    let mut exit = Exit::Fine;
    for workspace in &mut workspaces.helpdesks {
        let name = workspace.settings.helpdesk.name.clone().filter(|_| !is_single);
        let path = arguments.out.as_deref().map(|path| match &name {
            Some(name) => file_of(path, name),
            None => path.to_owned(),
        });
        match (take(workspace, path.as_deref(), as_of), name) {
            (Ok(()), _) => {}
            (Err(failure), Some(name)) if number > 1 => {
                exit = Exit::most_severe(exit, exit_of(&failure));
                report(&failure.of_helpdesk(&name));
            }
            (Err(failure), _) => return Err(failure),
        }
    }
    Ok(exit)
}

/// Reads a helpdesk once and writes its snapshot.
fn take(workspace: &mut Workspace, path: Option<&Path>, as_of: AsOf) -> Result<(), Failure> {
    let snapshot = runtime()?.block_on(async {
        let connection = connect::open(workspace, as_of).await?;
        let last_applied = ledger::read_last_applied(&ledger::open(workspace)).await;
        // Another branch may adopt objects that these files do not name, or name another helpdesk for them.
        let agreements = whole(&workspace.agreements, &workspace.everywhere);
        let wanted = Selection::of(agreements).with_all_unmarked();
        let snapshot = Snapshot::take(&connection, &wanted, last_applied).await;
        connection.close().await;
        snapshot
    })?;
    match path {
        None => print_data(&encode::json(&String::from_utf8_lossy(&snapshot.text())))?,
        Some(path) => {
            let how = match snapshot.save(path)? {
                Saved::Written => "saved in",
                Saved::Unchanged => "unchanged in",
            };
            inform(&format!("{} agreements {how} {}\n", snapshot.live.agreements.len(), path.display()));
        }
    }
    Ok(())
}
