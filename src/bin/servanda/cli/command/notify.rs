//! `servanda notify`: sends the notices that are due, previews them, and resolves those whose result is unknown.

use std::path::PathBuf;

use servanda::notice::delivery::RecordChange;
use servanda::notice::{Channel, NoticeKey, NoticeRecord, NoticeRecords, NoticeResult};
use servanda::render;
use servanda::render::preview::{self, PreviewFile, PreviewedMessage};
use servanda::settings::Language;

use crate::cli::audience::Unattended;
use crate::cli::options::{Format, LanguageName, NotifyOptions, PlanOptions, SelectionOptions};
use crate::cli::unattended_job::UnattendedJob;
use crate::helpdesk::connect::{self, Connection};
use crate::ledger;
use crate::ledger::LedgerError;
use crate::notify::channels::Channels;
use crate::notify::delivery::{DispatchResult, Dispatcher};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::pager::print_page;
use crate::process::runtime::runtime;
use crate::reconcile::clock::{NOT_REPORTED, compare_clocks};
use crate::reconcile::open::OpenHelpdesks;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::workspace::files;
use crate::workspace::load::Workspace;

const AFTER_HELP: &str = "\
Examples:
  servanda notify --preview               show the messages that are due
  servanda notify --preview --write mails
                                          write them as .html and .txt files,
                                          and mails/index.html with all of them
  servanda notify --preview --write mails --language en --language ru
                                          each in both languages
  servanda notify --preview --client severny-veter --limit 3
  servanda notify                         send them, without applying first
  servanda notify resolve KEY --sent      record that a notice was sent
  servanda notify resolve KEY --resend    send a notice again";

/// Send the notices that are due
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
    /// Send or preview as of another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    #[command(flatten)]
    options: NotifyOptions,
    /// Show the messages that are due, and send none
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The largest number of messages of the preview
    #[arg(long, value_name = "N", requires = "preview")]
    limit: Option<usize>,
    /// Write the messages of the preview into this folder, with an index.html that shows all of them
    #[arg(long, value_name = "DIR", requires = "preview")]
    write: Option<PathBuf>,
    /// Preview every message in this language; may be repeated. Without it, each is in that of its recipient
    #[arg(long, value_enum, value_name = "LANGUAGE", requires = "preview")]
    language: Vec<LanguageName>,
    /// The output format of the outcome
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    /// Record the result of a notice that is in doubt
    #[command(after_help = AFTER_HELP)]
    Resolve(Resolve),
}

/// Record the result of a notice that is in doubt
#[derive(clap::Args)]
struct Resolve {
    /// The key of the notice, as `servanda ledger show --in-doubt` lists it
    key: NoticeKey,
    /// It was sent
    #[arg(long, conflicts_with = "resend", required_unless_present = "resend")]
    sent: bool,
    /// It was not sent: the next run sends it
    #[arg(long)]
    resend: bool,
}

/// Sends, previews or resolves.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (mut workspace, mut terms) =
        PlanOptions::as_of(arguments.as_of.as_deref()).restricted_to(&arguments.selection).load(context)?;
    let runtime = runtime()?;
    if let Some(Subcommand::Resolve(resolved)) = &arguments.subcommand {
        return runtime.block_on(resolve(resolved, &mut workspace, &terms));
    }
    let channels = Channels::open(&workspace.settings, &workspace.root)?;
    if arguments.preview {
        let languages: Vec<Language> = arguments.language.iter().copied().map(Language::from).collect();
        let previewed = runtime.block_on(previewed(&workspace, &channels, &terms, &languages))?;
        if Channel::configured(&workspace.settings).is_empty() {
            inform(&format!("{}\n", render::notice::no_channel()));
        }
        return show(&previewed, workspace.settings.language, arguments, context);
    }
    workspace.refuse_other_days(terms.as_of)?;
    files::own_folder(&workspace.root)?;
    let settings = workspace.settings.clone();
    let selection = terms.selection.clone();
    terms.selection = selection.within_helpdesks();
    let mut workspaces = workspace.by_helpdesk(&selection)?;
    let (options, name) = (&arguments.options, context.run_name());
    let ended = runtime.block_on(async {
        let audience = || Unattended::of(options, context);
        let (terms, selection, channels, name) = (&terms, &selection, &channels, name.as_str());
        if let Some((whole, helpdesks)) = workspaces.several() {
            let audience = &audience();
            let job = UnattendedJob { terms, selection, options, channels, audience, name };
            return job.notify_all(whole, helpdesks).await;
        }
        let workspace = &mut workspaces.helpdesks[0];
        let connection = connect::open(workspace, terms.as_of).await?;
        let audience = &audience();
        let job = UnattendedJob { terms, selection, options, channels, audience, name };
        let notices = job.notify(workspace, &connection).await;
        connection.close().await;
        notices
    });
    runtime.shutdown_background();
    let result = ended?;
    match arguments.format {
        Format::Text => {
            let has_channel = !Channel::configured(&settings).is_empty();
            let waiting = result.awaiting_acknowledgement;
            print_data(&render::notice::report(&result.report, waiting, has_channel))?;
        }
        Format::Json => {
            let results = render::notice::results(&result.report, result.awaiting_acknowledgement);
            print_data(&render::json::pretty(&results))?;
        }
    }
    Ok(result.exit())
}

impl UnattendedJob<'_> {
    /// Sends the notices that are due, without applying first.
    async fn notify(
        &self,
        workspace: &Workspace,
        connection: &Connection,
    ) -> Result<DispatchResult, Failure> {
        let name = self.name.to_owned();
        let mut reconciliation = Reconciliation::new(workspace, connection, self.terms, name, self.audience);
        let lock = reconciliation.lock().await?;
        let sent = async {
            let made = reconciliation.plan_only().await?;
            self.send(workspace, connection, &made, &reconciliation).await
        };
        let sent = sent.await;
        reconciliation.unlock(lock).await;
        sent
    }

    /// The same about the agreements of several helpdesks.
    async fn notify_all(
        &self,
        whole: &Workspace,
        helpdesks: &mut [Workspace],
    ) -> Result<DispatchResult, Failure> {
        let open = OpenHelpdesks::open(helpdesks, self.terms.as_of).await;
        let mut reconciliation = open.reconciliation(self.terms, self.name, self.audience);
        let sent = async {
            let lock = reconciliation.lock().await?;
            let sent = async {
                let made = reconciliation.plan_only().await?;
                self.send_for_all(whole, &open, &made, &reconciliation).await
            };
            let sent = sent.await;
            reconciliation.unlock(lock).await;
            sent
        };
        let sent = sent.await;
        open.close().await;
        sent
    }
}

/// The messages that are due, assuming that the helpdesk is up to date.
async fn previewed(
    workspace: &Workspace,
    channels: &Channels,
    terms: &PlanTerms,
    languages: &[Language],
) -> Result<Vec<PreviewedMessage>, Failure> {
    let book = ledger::of_notices(&ledger::open(workspace), &workspace.settings).await?;
    let records = if book.begun.is_some() {
        book.records.memory().await?
    } else {
        inform("the ledger does not exist yet: this shows everything that was ever due\n");
        NoticeRecords::default()
    };
    let dispatcher =
        Dispatcher::new(workspace, channels, terms.as_of.instant)?.restricted_to(&terms.selection);
    dispatcher.assuming_desired_state().preview(&records, languages)
}

fn show(
    messages: &[PreviewedMessage],
    language: Language,
    arguments: &Arguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let folder = arguments.write.as_deref();
    let messages = &messages[..arguments.limit.unwrap_or(usize::MAX).min(messages.len())];
    let names = preview::names(messages);
    let mut parts = Vec::new();
    for (PreviewedMessage { message, rendered, .. }, name) in messages.iter().zip(&names) {
        let role = message.notices.first().map_or("", |notice| notice.recipient.identity.role());
        let agreements: std::collections::BTreeSet<&str> =
            message.notices.iter().map(|notice| notice.key.agreement.as_str()).collect();
        let agreements: Vec<&str> = agreements.into_iter().collect();
        let head = format!("── {} to {role} of {}", message.channel.as_str(), agreements.join(", "));
        if let Some(folder) = folder {
            let path = folder.join(format!("{name}.html"));
            parts.push(format!("{head}\n   {}\n", path.display()));
        } else {
            let text: Vec<_> = rendered.text.lines().map(render::encode::terminal).collect();
            parts.push(format!(
                "{head}\n{}\n\n{}\n\n",
                render::encode::terminal(&rendered.subject),
                text.join("\n")
            ));
        }
    }
    print_page(&parts.concat(), context)?;
    if let Some(folder) = folder {
        for PreviewFile { name, text } in preview::files(messages, language) {
            files::write_whole(&folder.join(name), &text)?;
        }
        let index = folder.join(preview::INDEX);
        inform(&format!("{} messages; none was sent; {} shows all\n", messages.len(), index.display()));
    } else {
        inform(&format!("{} messages; none was sent\n", messages.len()));
    }
    Ok(Exit::Fine)
}

/// Records the result that a person knows.
async fn resolve(resolved: &Resolve, workspace: &mut Workspace, terms: &PlanTerms) -> Result<Exit, Failure> {
    let connection = connect::open(workspace, terms.as_of).await?;
    let compared = compare_clocks(workspace, &connection, clock()).await;
    connection.close().await;
    if !compared? {
        inform(&format!("{NOT_REPORTED}\n"));
    }
    let book = ledger::of_notices(&ledger::open(workspace), &workspace.settings).await?.records;
    let records = book.memory().await?;
    let now = clock();
    let found = records.records.get(&resolved.key);
    let Some(NoticeRecord::Submitting { announced, .. }) = found else {
        return Err(Failure::usage(
            format!("{} is not in doubt", resolved.key),
            "run `servanda ledger show --in-doubt` to list the notices in doubt",
        ));
    };
    let value = if resolved.sent {
        NoticeRecord::Done { result: NoticeResult::Sent, at: now, announced: Some(*announced), message: None }
    } else {
        NoticeRecord::Deferred { since: now, why: "resolved by a person: not sent".to_owned() }
    };
    let change = RecordChange { key: resolved.key.clone(), expected: found.cloned(), value };
    match book.change(&[change]).await {
        Ok(()) => Ok(Exit::Fine),
        Err(LedgerError::Conflict(_)) => {
            Err(Failure::new(Exit::Failure, "already-resolved", "another run or person resolved it just now"))
        }
        Err(failed) => Err(failed.into()),
    }
}
