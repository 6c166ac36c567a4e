//! `servanda ledger`: shows, verifies, compacts and unlocks the ledger.

use servanda::notice::{NoticeRecord, NoticeResult};
use servanda::render::encode;

use crate::cli::options::{LockOptions, PlanOptions};
use crate::ledger::records::Unlocked;
use crate::ledger::{self, Holder, LedgerRecords, LedgerSecret, LedgerStore as _};
use crate::notify::trust::LedgerTrust;
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::pager::print_page;
use crate::process::runtime::runtime;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda ledger show             every notice, with its result
  servanda ledger show --in-doubt  the notices whose result is unknown
  servanda ledger verify           exit 4 if the ledger is not intact
  servanda ledger compact          delete records that are no longer needed
  servanda ledger unlock --reason 'the machine was switched off'
                                   end the lock of a run that cannot end it

Compacting does not change which notices are due, now or later: it keeps the latest notice of each recipient, and that \
earlier events are past. On a branch, it also replaces the history by one commit.

`unlock` is for a lock whose run is gone: a run that still works would go on beside the next one.";

/// Show, verify, compact or unlock the ledger of notices
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
    /// End the lock of a run that cannot end it itself
    #[command(after_help = AFTER_HELP)]
    Unlock {
        /// The reason, which the ledger keeps
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Delete records that are no longer needed
    #[command(after_help = AFTER_HELP)]
    Compact {
        #[command(flatten)]
        lock: LockOptions,
    },
}

/// Shows, verifies, compacts or unlocks the ledger.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (workspace, _) = PlanOptions::as_of(None).load(context)?;
    runtime()?.block_on(async {
        let ledger = ledger::of_notices(&ledger::open(&workspace), &workspace.settings).await?;
        let records = ledger.records;
        match &arguments.command {
            Command::Verify => {
                trust(&workspace, &records).await?;
                print_data("The ledger is intact.\n")?;
            }
            Command::Compact { lock: LockOptions { wait_lock } } => {
                let holder = Holder { run: context.run_name(), since: clock() };
                let print = |text: &str| inform(&format!("{text}\n"));
                let lock = ledger::take_lock(&records, &holder, *wait_lock, print).await?;
                let compacted = compact(&workspace, &records).await;
                records.unlock(lock).await;
                compacted?;
            }
            Command::Unlock { reason } => unlock(reason, &records).await?,
            Command::Show { in_doubt } => {
                print_page(&list(&records, *in_doubt).await?, context)?;
            }
        }
        Ok(Exit::Fine)
    })
}

/// Lists the notices with their results, and the locks that people ended; or only the notices in doubt.
async fn list(records: &LedgerRecords, in_doubt: bool) -> Result<String, Failure> {
    let notices = records.memory().await?.records.into_iter();
    let shown = notices.filter(|(_, record)| !in_doubt || matches!(record, NoticeRecord::Submitting { .. }));
    let mut lines: Vec<String> =
        shown.map(|(key, record)| format!("{key}\n  {}\n", result(&record))).collect();
    for Unlocked { at, run, reason } in records.unlocked().await?.into_iter().filter(|_| !in_doubt) {
        let (run, reason) = (encode::terminal(&run), encode::terminal(&reason));
        lines.push(format!("unlocked at {at}\n  the lock of {run}: {reason}\n"));
    }
    Ok(lines.concat())
}

/// Deletes records that no decision depends on, and the history of a branch.
async fn compact(workspace: &Workspace, records: &LedgerRecords) -> Result<(), Failure> {
    trust(workspace, records).await?;
    let (deleted, kept) = records.compact().await?;
    print_data(&format!("{deleted} records deleted, {kept} kept.\n"))?;
    let dropped = records.ledger().drop_history().await.map_err(|error| {
        Failure::new(Exit::Failure, "ledger-history-kept", error.to_string())
            .help("allow force pushes to the branch for this command, or keep its history")
    })?;
    if let Some(commits) = dropped {
        print_data(&format!("{commits} commits replaced by one.\n"))?;
    }
    Ok(())
}

/// Ends the lock of another run, for the reason of a person.
async fn unlock(reason: &str, records: &LedgerRecords) -> Result<(), Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::usage(
            "--reason is empty",
            "write why the lock may be ended; the ledger keeps it",
        ));
    }
    match records.break_lock(reason.trim(), clock()).await? {
        None => print_data("No run holds the lock.\n"),
        Some(Holder { run, since }) => {
            let run = encode::terminal(&run);
            print_data(&format!("Ended the lock of {run}, which held it since {since}.\n"))
        }
    }
}

/// Fails unless the ledger is intact, so that notices may be sent by it.
async fn trust(workspace: &Workspace, records: &LedgerRecords) -> Result<(), Failure> {
    LedgerTrust::new(workspace, records, &LedgerSecret::of(workspace)?).verify().await
}

/// The result of a notice, in words.
fn result(record: &NoticeRecord) -> String {
    match record {
        NoticeRecord::Deferred { since, why } => {
            format!("deferred since {since}: {}", encode::terminal(why))
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
