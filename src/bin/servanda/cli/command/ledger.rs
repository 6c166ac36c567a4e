//! `servanda ledger`: what is remembered of notices, and whether the memory is whole.

use std::time::Duration;

use servanda::calendar::Instant;
use servanda::notice::{How, Record};

use crate::cli::Global;
use crate::cli::command::apply::read_wait;
use crate::cli::command::plan::{Making, estate_and_terms};
use crate::cli::command::run::run_name;
use crate::helpdesk::connect;
use crate::ledger;
use crate::ledger::Holder;
use crate::notify::channels::Channels;
use crate::notify::delivery::{Dispatcher, Memories};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda ledger show            every notice that was ever due, and what became of it
  servanda ledger show --held     those of which nobody knows whether they went out
  servanda ledger verify          whether notices may be sent by it; exit 4 where not
  servanda ledger compact         forget what nothing will ever be decided by again

To compact changes nothing of what is due, now or later: of each recipient the latest word is kept, and of all else that
it is past. On a branch the log keeps what was.";

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
        /// Only what nobody knows the result of
        #[arg(long)]
        held: bool,
    },
    /// Check that nothing was lost or changed by hand
    #[command(after_help = AFTER_HELP)]
    Verify,
    /// Forget the records that nothing will ever be decided by again
    #[command(after_help = AFTER_HELP)]
    Compact {
        /// How long to wait for another run to end: 30s, 10m
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = read_wait)]
        wait_lock: Duration,
    },
}

/// Shows or verifies the ledger.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let making = Making { as_of: None, prune: false, accept: Vec::new() };
    let (workspace, terms) = estate_and_terms(&making, global, context)?;
    let book = ledger::open(&workspace);
    connect::runtime()?.block_on(async {
        match arguments.command {
            Command::Verify => {
                trust(&workspace, &book, terms.as_of.instant).await?;
                tell("The ledger is whole.\n")?;
            }
            Command::Compact { wait_lock } => {
                let holder = Holder { run: run_name(context), since: clock() };
                let say = |text: &str| say(&format!("{text}\n"));
                let lock = ledger::take_lock(&book, &holder, wait_lock, say).await?;
                let compacted = async {
                    trust(&workspace, &book, terms.as_of.instant).await?;
                    Ok::<_, Failure>(book.compact().await?)
                };
                let compacted = compacted.await;
                book.unlock(lock).await;
                let (forgotten, kept) = compacted?;
                tell(&format!("{forgotten} records are forgotten, and {kept} kept.\n"))?;
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

/// Refuses a ledger that no notice may be sent by.
async fn trust(workspace: &Workspace, book: &Memories, at: Instant) -> Result<(), Failure> {
    let channels = Channels::open(&workspace.settings, &workspace.root)?;
    Dispatcher::new(workspace, &channels, at)?.trust(book).await
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
