//! `servanda catalog`: compares the slugs of the catalog with the helpdesk, and updates its files.

use servanda::discovery::catalog::{
    CatalogDifference, CatalogEdit, CatalogList, OtherHelpdesk, compare, leave_out_elsewhere,
};
use servanda::discovery::catalog_files::{self, CatalogText};
use servanda::document;
use servanda::render;

use crate::cli::options::{Format, HelpdeskOption, WriteOptions};
use crate::cli::value_parsers;
use crate::helpdesk::Reader as _;
use crate::helpdesk::connect::{self, Connection};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::process::pager::print_page;
use crate::workspace::change_set::EditSession;
use crate::workspace::files::{self, FileWrite};
use crate::workspace::load::{self, LoadedFiles};

const AFTER_HELP: &str = "\
Examples:
  servanda catalog check                 show the differences to the helpdesk
  servanda catalog pull                  add missing entries, update titles
  servanda catalog pull --dry-run        show what would be written
  servanda catalog add client veter --title Veter

An existing slug is never changed, and no entry is ever removed. The catalog is catalog.yaml, the files below catalog/, or \
both. A new entry goes to the file that lists its neighbours; where that file would grow beyond 1 MiB, new clients go to \
catalog/clients/<letter>.yaml.";

const PULL_HELP: &str = "\
Examples:
  servanda catalog pull                  add missing entries, update titles
  servanda catalog pull --dry-run        show what would be written";

const ADD_CLIENT_HELP: &str = "\
Examples:
  servanda catalog add client severny-veter --title 'ООО «Северный ветер»'
  servanda catalog add client veter --title Veter --helpdesk ou$7001 \\
      --contact main=office@veter.example --department accounting=Accounts";

const CHECK_HELP: &str = "\
Examples:
  servanda catalog check                 show the differences to the helpdesk
  servanda catalog check --exit-code     exit 2 if there are any";

/// Compare the catalog with the helpdesk, or add to it
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Add the clients, services, managers and calendars that the catalog lacks
    #[command(after_help = PULL_HELP)]
    Pull(Pull),
    /// Add an entry
    #[command(subcommand, after_help = ADD_CLIENT_HELP)]
    Add(Add),
    /// Show the differences between the catalog and the helpdesk
    #[command(after_help = CHECK_HELP)]
    Check(Check),
}

#[derive(clap::Subcommand)]
enum Add {
    /// Add a client
    #[command(after_help = ADD_CLIENT_HELP)]
    Client(AddClient),
}

#[derive(clap::Args)]
struct AddClient {
    /// The slug by which agreements refer to the client
    slug: String,
    /// The exact name in the helpdesk
    #[arg(long)]
    title: String,
    /// The id of the object in the helpdesk; without it, the client is found by its title
    #[arg(long, value_name = "OBJECT")]
    helpdesk: Option<String>,
    /// A contact, by an address or by the id of a person in the helpdesk: main=office@client.example
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = value_parsers::pair)]
    contact: Vec<(String, String)>,
    /// A department: accounting="Accounts department"
    #[arg(long, value_name = "SLUG=TITLE", value_parser = value_parsers::pair)]
    department: Vec<(String, String)>,
    #[command(flatten)]
    write: WriteOptions,
}

#[derive(clap::Args)]
struct Pull {
    #[command(flatten)]
    helpdesk: HelpdeskOption,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Args)]
struct Check {
    #[command(flatten)]
    helpdesk: HelpdeskOption,
    /// Exit with 2 if there are differences
    #[arg(long)]
    exit_code: bool,
    /// The largest number of differences to print
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The differences to a helpdesk.
struct Comparison {
    loaded: LoadedFiles,
    findings: Vec<CatalogDifference>,
    helpdesk: String,
    /// The helpdesk of several whose ids need its name.
    other: Option<OtherHelpdesk>,
}

/// Compares, and for `pull` updates the file.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Add(Add::Client(client)) => add_client(client, context),
        Command::Check(check) => {
            let mut comparison = compare_with_helpdesk(&check.helpdesk, context)?;
            let differs = check.exit_code && !comparison.findings.is_empty();
            let omitted = comparison.findings.len().saturating_sub(check.limit.unwrap_or(usize::MAX));
            comparison.findings.truncate(check.limit.unwrap_or(usize::MAX));
            print(&comparison, check.format, &[], context)?;
            if omitted > 0 {
                inform(&format!("{omitted} more; a larger --limit shows them\n"));
            }
            Ok(if differs { Exit::Pending } else { Exit::Fine })
        }
        Command::Pull(pull) => {
            let comparison = compare_with_helpdesk(&pull.helpdesk, context)?;
            let edits: Vec<CatalogEdit> = comparison
                .findings
                .iter()
                .filter_map(|found| found.edit(comparison.other.as_ref()))
                .collect();
            let texts = comparison.loaded.edit_catalog(&edits)?;
            let written = if pull.dry_run { Vec::new() } else { texts };
            write(&comparison.loaded, &written)?;
            print(&comparison, pull.format, &written, context)?;
            Ok(Exit::Fine)
        }
    }
}

/// Adds a client, and checks the repository with it.
fn add_client(arguments: &AddClient, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::open(None, context)?;
    if session.checked.catalog.clients.contains_key(arguments.slug.as_str()) {
        let message = format!("the catalog has a client `{}`", arguments.slug);
        return Err(Failure::new(Exit::Failure, "client-exists", message).help("choose another slug"));
    }
    let client = catalog_files::client(
        &arguments.title,
        arguments.helpdesk.as_deref(),
        &arguments.contact,
        &arguments.department,
    );
    let proposals = session.client_proposals(vec![(arguments.slug.clone(), client)])?;
    session.commit(proposals, arguments.write.mode(), context)
}

fn compare_with_helpdesk(option: &HelpdeskOption, context: &Context) -> Result<Comparison, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let mut checked = loaded.check(as_of.instant);
    // A catalog with an error is not compared: entries that could not be read would be added again. Errors in agreements
    // are ignored, since a missing slug may be the reason for this command.
    let is_needed = |path: &str| document::is_catalog(path) || path == loaded.settings_file.path();
    loaded.refuse_errors_in(is_needed, &checked.diagnostics, context)?;
    let (whole, agreements) = (checked.catalog.clone(), checked.agreements.clone());
    let name;
    (checked, name) = option.part_of(checked)?;
    let other = name.clone().filter(|name| Some(name) != checked.settings.default_helpdesk.as_ref());
    let other = other.zip(checked.settings.default_helpdesk.clone());
    let look =
        async |connection: &Connection| Ok((connection.reader().inventory().await?, connection.name()));
    let (inventory, helpdesk) = connect::look(&loaded.root, &mut checked, as_of, look)?;
    let catalog = &checked.catalog;
    // A calendar with a file of its own and no entry in the catalog is found by its title, and needs no edit.
    let is_own_file = |finding: &CatalogDifference| {
        let mut entries = catalog.calendars.iter();
        let entry =
            entries.find(|(slug, _)| finding.list == CatalogList::Calendars && slug.as_str() == finding.slug);
        entry.is_some_and(|(_, entry)| !document::is_catalog(loaded.sources.path(entry.span.file)))
    };
    let mut findings = compare(catalog, &inventory);
    findings.retain(|finding| !is_own_file(finding));
    if let Some(name) = &name {
        leave_out_elsewhere(&mut findings, &whole, &agreements, name);
    }
    let other = other.map(|(name, default)| OtherHelpdesk { name, default, catalog: whole });
    Ok(Comparison { loaded, findings, helpdesk, other })
}

/// Writes the files of a catalog, all or none.
fn write(loaded: &LoadedFiles, texts: &[CatalogText]) -> Result<(), Failure> {
    let files = loaded.catalog_files();
    let before = |text: &CatalogText| files.iter().find(|file| file.path == text.path).map(|file| file.text);
    let writes =
        texts.iter().map(|text| FileWrite { path: &text.path, before: before(text), text: &text.text });
    files::write_together(&loaded.root, &writes.collect::<Vec<_>>())
}

fn print(
    comparison: &Comparison,
    format: Format,
    written: &[CatalogText],
    context: &Context,
) -> Result<(), Failure> {
    let Comparison { findings, helpdesk, .. } = comparison;
    let paths: Vec<&str> = written.iter().map(|text| text.path.as_str()).collect();
    match format {
        Format::Text => {
            print_page(&render::catalog::text(findings, helpdesk, &paths, context.paint()), context)
        }
        Format::Json => print_page(
            &render::json::pretty(&render::catalog::CatalogReport {
                format: 1,
                helpdesk,
                differences: findings,
                written: &paths,
            }),
            context,
        ),
    }
}
