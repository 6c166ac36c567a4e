//! `servanda snapshot`: saves the live state in a file, so that plans need no network and no secret.

use std::path::PathBuf;

use crate::helpdesk::Selection;
use crate::helpdesk::connect;
use crate::ledger;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::runtime::runtime;
use crate::reconcile::snapshot::{Saved, Snapshot};
use crate::workspace::load;

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
}

/// Reads the helpdesk once and writes the snapshot.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let mut workspace = loaded.into_workspace(as_of.instant, context)?;
    let snapshot = runtime()?.block_on(async {
        let connection = connect::open(&mut workspace, as_of).await?;
        let last_applied = ledger::read_last_applied(&ledger::open(&workspace)).await;
        // Another branch may adopt objects that these files do not name.
        let wanted = Selection::of(&workspace.agreements).with_all_unmarked();
        let snapshot = Snapshot::take(&connection, &wanted, last_applied).await;
        connection.close().await;
        snapshot
    })?;
    match &arguments.out {
        None => print_data(&String::from_utf8_lossy(&snapshot.text()))?,
        Some(path) => {
            let how = match snapshot.save(path)? {
                Saved::Written => "saved in",
                Saved::Unchanged => "unchanged in",
            };
            inform(&format!("{} agreements {how} {}\n", snapshot.live.agreements.len(), path.display()));
        }
    }
    Ok(Exit::Fine)
}
