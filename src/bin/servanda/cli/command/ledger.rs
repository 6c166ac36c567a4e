//! `servanda ledger`: shows, verifies and compacts the ledger of notices.

use servanda::notice::{NoticeRecord, NoticeResult};

use crate::cli::options::{LockOptions, PlanOptions};
use crate::ledger;
use crate::ledger::Holder;
use crate::notify::trust::{LedgerRecords, LedgerSecret, LedgerTrust};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data, print_message};
use crate::process::runtime::runtime;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda ledger show             every notice, with its result
  servanda ledger show --in-doubt  the notices whose result is unknown
  servanda ledger verify           exit 4 if the ledger is not intact
  servanda ledger compact          delete records that are no longer needed

Compacting does not change which notices are due, now or later: it keeps the latest notice of each recipient, and that \
earlier events are past. On a branch, the Git history keeps the deleted records.";

/// Show, verify or compact the ledger of notices
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the notices and their results
    #[command(after_help = AFTER_HELP)]
    Show {
        /// Only notices whose result is unknown
        #[arg(long, alias = "held")]
        in_doubt: bool,
    },
    /// Check that no record was lost or changed by hand
    #[command(after_help = AFTER_HELP)]
    Verify,
    /// Delete records that are no longer needed
    #[command(after_help = AFTER_HELP)]
    Compact {
        #[command(flatten)]
        lock: LockOptions,
    },
}

/// Shows, verifies or compacts the ledger.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (workspace, _) = PlanOptions::as_of(None).load(context)?;
    let records = ledger::open(&workspace);
    runtime()?.block_on(async {
        match &arguments.command {
            Command::Verify => {
                trust(&workspace, &records).await?;
                print_data("The ledger is intact.\n")?;
            }
            Command::Compact { lock: LockOptions { wait_lock } } => {
                let holder = Holder { run: context.run_name(), since: clock() };
                let print = |text: &str| print_message(&format!("{text}\n"));
                let lock = ledger::take_lock(&records, &holder, *wait_lock, print).await?;
                let compacted = async {
                    trust(&workspace, &records).await?;
                    Ok::<_, Failure>(records.compact().await?)
                };
                let compacted = compacted.await;
                records.unlock(lock).await;
                let (deleted, kept) = compacted?;
                print_data(&format!("{deleted} records deleted, {kept} kept.\n"))?;
            }
            Command::Show { in_doubt } => {
                for (key, record) in records.memory().await?.records {
                    if !*in_doubt || matches!(record, NoticeRecord::Submitting { .. }) {
                        print_data(&format!("{key}\n  {}\n", result(&record)))?;
                    }
                }
            }
        }
        Ok(Exit::Fine)
    })
}

/// Fails unless the ledger is intact, so that notices may be sent by it.
async fn trust(workspace: &Workspace, records: &LedgerRecords) -> Result<(), Failure> {
    LedgerTrust::new(workspace, records, &LedgerSecret::of(workspace)?).verify().await
}

/// The result of a notice, in words.
fn result(record: &NoticeRecord) -> String {
    match record {
        NoticeRecord::Deferred { since, why } => {
            format!("deferred since {since}: {}", servanda::render::encode::terminal(why))
        }
        NoticeRecord::Claimed { run, until, .. } => format!("claimed by {run} until {until}"),
        NoticeRecord::Submitting { run, at, .. } => {
            format!("in doubt: {run} began to send it at {at}, and its result is unknown")
        }
        NoticeRecord::Done { result, at, .. } => {
            let result = match result {
                NoticeResult::Sent => "sent",
                NoticeResult::Superseded => "superseded",
                NoticeResult::Late => "late",
            };
            format!("{result} at {at}")
        }
    }
}
