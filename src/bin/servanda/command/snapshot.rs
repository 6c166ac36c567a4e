//! `servanda snapshot`: what the helpdesk holds, recorded, so that plans can be made without a network.

use std::path::PathBuf;

use crate::args::Global;
use crate::context::Context;
use crate::failure::{Exit, Failure, say, tell};
use crate::helpdesk::{Reader, Wanted};
use crate::{connection, files, repository};

const AFTER_HELP: &str = "\
Examples:
  servanda snapshot --out live.json      record what the helpdesk holds
  servanda plan --live live.json         plan against the recording, without network or key";

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
    let loaded = repository::load(global, context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let estate = repository::check(loaded, as_of.instant, global, context)?;
    let live = connection::runtime()?.block_on(async {
        let connection = connection::open(&estate, as_of).await?;
        let live = connection.reader().survey(&Wanted::of(&estate.agreements)).await;
        connection.close().await;
        live.map_err(Failure::from)
    })?;
    let json = format!("{}\n", serde_json::to_string(&live).expect("a recording is JSON"));
    match &arguments.out {
        None => tell(&json)?,
        Some(path) => {
            files::write_whole(path, &json)?;
            say(&format!("{} agreements recorded in {}\n", live.agreements.len(), path.display()));
        }
    }
    Ok(Exit::Fine)
}
