//! `servanda snapshot`: what the helpdesk holds, recorded, so that plans can be made without a network or a secret.

use std::path::PathBuf;

use crate::cli::Global;
use crate::helpdesk::Selection;
use crate::helpdesk::connect;
use crate::ledger;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::reconcile::snapshot::Recording;
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda snapshot --out live.json      record what the helpdesk holds
  servanda plan --live live.json         plan against the recording, without network or key

What it holds: the agreements that bear our mark with the fields that are mapped, what catalog slugs may refer to, what
was last applied (as digests), and who changed what by hand since. People stand in it as initials and ids. It is as
confidential as the titles of your clients are.";

/// Record what the helpdesk holds
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write to this file in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads the helpdesk once and writes it down.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let workspace = load::check(loaded, as_of.instant, global, context)?;
    let recording = connect::runtime()?.block_on(async {
        let connection = connect::open(&workspace, as_of).await?;
        let last_applied = ledger::remembered(&workspace).await;
        // A branch may adopt what the files of this one do not know.
        let wanted = Selection::of(&workspace.agreements).with_all_unmarked();
        let recording = Recording::of(&connection.reader(), &wanted, last_applied).await;
        connection.close().await;
        recording
    })?;
    let json = recording.to_json();
    match &arguments.out {
        None => tell(&json)?,
        Some(path) => {
            files::write_whole(path, &json)?;
            say(&format!("{} agreements recorded in {}\n", recording.live.agreements.len(), path.display()));
        }
    }
    Ok(Exit::Fine)
}
