//! `servanda notify`: tells what is due, shows what would be told, and settles what is held.

use std::path::{Path, PathBuf};

use servanda::calendar::Instant;
use servanda::notice::delivery::Message;
use servanda::notice::{How, Key, Memory, Record};
use servanda::render;
use servanda::render::message::Letter;

use crate::cli::command::apply::refuse_other_days;
use crate::cli::command::plan::{Making, estate_and_terms};
use crate::cli::command::run::{Notifying, Watch, notices_exit, run_name};
use crate::cli::{Format, Global};
use crate::helpdesk::connect::{self, Connection};
use crate::ledger;
use crate::ledger::LedgerError;
use crate::notify::channels::Channels;
use crate::notify::delivery::{Delivered, Dispatcher};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::process::shutdown;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda notify --preview                    every message that would go out now, without sending any
  servanda notify --preview --write mails      the same, as .html and .txt files in a folder
  servanda notify                              send what is due; `servanda run` applies first
  servanda notify resolve KEY --sent           somebody knows that a held notice went out
  servanda notify resolve KEY --resend         somebody knows that it did not";

/// Tell clients and managers what is due
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    settle: Option<Settle>,
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    #[command(flatten)]
    notifying: Notifying,
    /// Show every message that would go out, and send none
    #[arg(long)]
    preview: bool,
    /// Write the messages of a preview into this folder
    #[arg(long, value_name = "DIR", requires = "preview")]
    write: Option<PathBuf>,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Subcommand)]
enum Settle {
    /// Say what became of a notice that is held
    #[command(after_help = AFTER_HELP)]
    Resolve(Resolve),
}

/// Say what became of a notice that is held
#[derive(clap::Args)]
struct Resolve {
    /// The notice, as the report names it
    key: Key,
    /// It went out
    #[arg(long, conflicts_with = "resend", required_unless_present = "resend")]
    sent: bool,
    /// It did not: the next run sends it
    #[arg(long)]
    resend: bool,
}

/// Previews, settles or sends.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let making = Making { as_of: arguments.as_of.clone(), prune: false, accept: Vec::new() };
    let (workspace, terms) = estate_and_terms(&making, global, context)?;
    let runtime = connect::runtime()?;
    if let Some(Settle::Resolve(settled)) = &arguments.settle {
        return runtime.block_on(resolve(settled, &workspace));
    }
    let channels = Channels::open(&workspace.settings, &workspace.root)?;
    if arguments.preview {
        let previewed = runtime.block_on(preview(&workspace, &channels, terms.as_of.instant))?;
        return show(&previewed, arguments.write.as_deref());
    }
    refuse_other_days(&workspace, terms.as_of)?;
    files::own_folder(&workspace.root)?;
    let ended = runtime.block_on(async {
        let connection = connect::open(&workspace, terms.as_of).await?;
        let notices = send(arguments, context, &workspace, &terms, &connection, &channels).await;
        connection.close().await;
        notices
    });
    runtime.shutdown_background();
    let delivered = ended?;
    match arguments.format {
        Format::Text => tell(&render::notice::report(&delivered.report, delivered.braked))?,
        Format::Json => {
            tell(&render::json::pretty(&render::notice::report_json(&delivered.report, delivered.braked)))?;
        }
    }
    Ok(notices_exit(&Ok(delivered)))
}

async fn send(
    arguments: &Arguments,
    context: &Context,
    workspace: &Workspace,
    terms: &PlanTerms,
    connection: &Connection,
    channels: &Channels,
) -> Result<Delivered, Failure> {
    let watch = Watch { patience: arguments.notifying.wait_lock, stop: shutdown::listen(), context };
    let name = run_name(context);
    let mut pass = Reconciliation::new(workspace, connection, terms, name.clone(), &watch);
    let lock = pass.lock().await?;
    let sent = async {
        let made = pass.look().await?;
        let bulletin = Dispatcher::new(workspace, channels, terms.as_of.instant)?
            .acknowledging(arguments.notifying.accept_messages)
            .knowing(&made, pass.seen());
        bulletin.published(arguments.notifying.init_ledger, pass.book(), connection, &name, &watch.stop).await
    };
    let sent = sent.await;
    pass.unlock(lock).await;
    sent
}

/// What would go out, as if the helpdesk held everything already.
async fn preview(
    workspace: &Workspace,
    channels: &Channels,
    at: Instant,
) -> Result<Vec<(Message, Letter)>, Failure> {
    let book = ledger::open(workspace);
    let memory = if book.begun().await?.is_some() {
        book.memory().await?
    } else {
        say("the ledger has no beginning yet: this is everything that was ever due\n");
        Memory::default()
    };
    Dispatcher::new(workspace, channels, at)?.supposing().preview(&memory)
}

fn show(messages: &[(Message, Letter)], folder: Option<&Path>) -> Result<Exit, Failure> {
    for (message, letter) in messages {
        let role = message.notices.first().map_or("", |notice| notice.recipient.identity.role());
        let agreements: std::collections::BTreeSet<&str> =
            message.notices.iter().map(|notice| notice.key.agreement.as_str()).collect();
        let agreements: Vec<&str> = agreements.into_iter().collect();
        let head = format!("── {} to {role} of {}", message.channel.as_str(), agreements.join(", "));
        if let Some(folder) = folder {
            let path = |ending: &str| folder.join(format!("{}.{ending}", message.name));
            files::write_whole(&path("html"), &letter.html)?;
            files::write_whole(&path("txt"), &format!("{}\n\n{}", letter.subject, letter.text))?;
            tell(&format!("{head}\n   {}\n", path("html").display()))?;
        } else {
            let text: Vec<_> = letter.text.lines().map(render::encode::terminal).collect();
            tell(&format!(
                "{head}\n{}\n\n{}\n\n",
                render::encode::terminal(&letter.subject),
                text.join("\n")
            ))?;
        }
    }
    say(&format!("{} messages; none was sent\n", messages.len()));
    Ok(Exit::Fine)
}

/// A person says what became of it.
async fn resolve(settled: &Resolve, workspace: &Workspace) -> Result<Exit, Failure> {
    let book = ledger::open(workspace);
    let memory = book.memory().await?;
    let now = clock();
    let found = memory.records.get(&settled.key);
    let Some(Record::Submitting { told, .. }) = found else {
        return Err(Failure::usage(
            format!("{} is not held", settled.key),
            "`servanda ledger show --held` lists what is",
        ));
    };
    let value = if settled.sent {
        Record::Done { how: How::Sent, at: now, told: Some(*told), message: None }
    } else {
        Record::Waiting { since: now, why: "somebody said that it did not go out".to_owned() }
    };
    let change =
        servanda::notice::delivery::Change { key: settled.key.clone(), expected: found.cloned(), value };
    match book.change(&[change]).await {
        Ok(()) => Ok(Exit::Fine),
        Err(LedgerError::Conflict(_)) => {
            Err(Failure::new(Exit::Failure, "cli-failure", "somebody else settled it just now"))
        }
        Err(failed) => Err(failed.into()),
    }
}
