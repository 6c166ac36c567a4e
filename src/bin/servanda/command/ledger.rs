//! `servanda ledger`: what is remembered of notices, and whether the memory is whole.

use servanda::notice::{How, Record};

use crate::args::Global;
use crate::channel::Channels;
use crate::command::plan::{Making, estate_and_terms};
use crate::context::Context;
use crate::deliver::Bulletin;
use crate::failure::{Exit, Failure, tell};
use crate::{connection, ledger};

const AFTER_HELP: &str = "\
Examples:
  servanda ledger show            every notice that was ever due, and what became of it
  servanda ledger show --held     those of which nobody knows whether they went out
  servanda ledger verify          whether notices may be sent by it; exit 4 where not";

/// Look at the memory of notices
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List what is remembered
    #[command(after_help = AFTER_HELP)]
    Show {
        /// Only what nobody knows the fate of
        #[arg(long)]
        held: bool,
    },
    /// Check that nothing was lost or changed by hand
    #[command(after_help = AFTER_HELP)]
    Verify,
}

/// Shows or verifies the ledger.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let making = Making { as_of: None, prune: false, accept: Vec::new() };
    let (estate, terms) = estate_and_terms(&making, global, context)?;
    let book = ledger::open(&estate);
    connection::runtime()?.block_on(async {
        match arguments.command {
            Command::Verify => {
                let channels = Channels::open(&estate.settings, &estate.root)?;
                Bulletin::new(&estate, &channels, terms.as_of.instant)?.trust(&book).await?;
                tell("The ledger is whole.\n")?;
            }
            Command::Show { held } => {
                for (key, record) in book.memory().await?.records {
                    if !held || matches!(record, Record::Submitting { .. }) {
                        tell(&format!("{key}\n  {}\n", words(&record)))?;
                    }
                }
            }
        }
        Ok(Exit::Fine)
    })
}

fn words(record: &Record) -> String {
    match record {
        Record::Waiting { since, why } => {
            format!("waits since {since}: {}", servanda::render::encode::terminal(why))
        }
        Record::Claimed { run, until, .. } => format!("claimed by {run} until {until}"),
        Record::Submitting { run, at, .. } => {
            format!("held: {run} began to send it at {at} and did not say how it went")
        }
        Record::Done { how, at, .. } => {
            let how = match how {
                How::Sent => "sent",
                How::Superseded => "superseded",
                How::Late => "too late",
            };
            format!("{how} at {at}")
        }
    }
}
