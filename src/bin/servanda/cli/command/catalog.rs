//! `servanda catalog`: compares the slugs of catalog.yaml with the helpdesk, and updates the file.

use servanda::diagnostic::Sources;
use servanda::discovery::catalog::{CatalogDifference, CatalogEdit, CatalogList, compare};
use servanda::document::{self, DocumentKind};
use servanda::edit::{self, Draft};
use servanda::render;

use crate::cli::options::Format;
use crate::helpdesk::Reader as _;
use crate::helpdesk::connect::{self, Connection};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles};

const AFTER_HELP: &str = "\
Examples:
  servanda catalog check                 show the differences to the helpdesk
  servanda catalog pull                  add missing entries, update titles
  servanda catalog pull --dry-run        show what would be written

An existing slug is never changed, and no entry is ever removed.";

const PULL_HELP: &str = "\
Examples:
  servanda catalog pull                  add missing entries, update titles
  servanda catalog pull --dry-run        show what would be written";

const CHECK_HELP: &str = "\
Examples:
  servanda catalog check                 show the differences to the helpdesk
  servanda catalog check --exit-code     exit 2 if there are any";

/// The content of a new catalog.
const BLANK: &str = "clients: {}\n";
/// The comment by which editors find the schema.
const SCHEMA: &str = "# yaml-language-server: $schema=schemas/catalog.json\n";

/// Compare catalog.yaml with the helpdesk, or update it
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Add the clients, services, managers and calendars that catalog.yaml lacks
    #[command(after_help = PULL_HELP)]
    Pull(Pull),
    /// Show the differences between catalog.yaml and the helpdesk
    #[command(after_help = CHECK_HELP)]
    Check(Check),
}

#[derive(clap::Args)]
struct Pull {
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Args)]
struct Check {
    /// Exit with 2 if there are differences
    #[arg(long)]
    exit_code: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The differences to a helpdesk.
struct Comparison {
    loaded: LoadedFiles,
    findings: Vec<CatalogDifference>,
    helpdesk: String,
}

/// Compares, and for `pull` updates the file.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let comparison = compare_with_helpdesk(context)?;
    match &arguments.command {
        Command::Check(check) => {
            print(&comparison, check.format, false, context)?;
            let differs = check.exit_code && !comparison.findings.is_empty();
            Ok(if differs { Exit::Pending } else { Exit::Fine })
        }
        Command::Pull(pull) => {
            let edits: Vec<CatalogEdit> =
                comparison.findings.iter().filter_map(CatalogDifference::edit).collect();
            let is_written = !pull.dry_run && !edits.is_empty();
            if is_written {
                let text = edited(comparison.loaded.catalog_text(), &edits)?;
                files::write_within(&comparison.loaded.root, files::CATALOG.as_ref(), &text)?;
            }
            print(&comparison, pull.format, is_written, context)?;
            Ok(Exit::Fine)
        }
    }
}

fn compare_with_helpdesk(context: &Context) -> Result<Comparison, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let checked = loaded.check(as_of.instant);
    // A catalog with an error is not compared: entries that could not be read would be added again. Errors in agreements
    // are ignored, since a missing slug may be the reason for this command.
    loaded.refuse_errors_in(&[files::CATALOG, files::SETTINGS], &checked.diagnostics, context)?;
    let look =
        async |connection: &Connection| Ok((connection.reader().inventory().await?, connection.name()));
    let (inventory, helpdesk) = connect::look(&loaded.root, &checked, as_of, look)?;
    let catalog = &checked.catalog;
    // A calendar with a file of its own and no entry in the catalog is found by its title, and needs no edit.
    let is_own_file = |finding: &CatalogDifference| {
        let mut entries = catalog.calendars.iter();
        let entry =
            entries.find(|(slug, _)| finding.list == CatalogList::Calendars && slug.as_str() == finding.slug);
        entry.is_some_and(|(_, entry)| loaded.sources.path(entry.span.file) != files::CATALOG)
    };
    let mut findings = compare(catalog, &inventory);
    findings.retain(|finding| !is_own_file(finding));
    Ok(Comparison { loaded, findings, helpdesk })
}

/// The catalog with these edits, and otherwise unchanged. The result is parsed again, and an invalid one refused.
fn edited(text: Option<&str>, edits: &[CatalogEdit]) -> Result<String, Failure> {
    let not_edited = |error: edit::EditError| {
        Failure::new(Exit::Failure, "catalog-not-editable", format!("{}: {error}", files::CATALOG))
    };
    let mut draft = Draft::read(text.unwrap_or(BLANK)).map_err(not_edited)?;
    for CatalogEdit { path, value } in edits {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        draft.set(&path, value.clone()).map_err(not_edited)?;
    }
    let written = match (text, draft.value(&[])) {
        (None, Some(whole)) => format!("{SCHEMA}{}", edit::document(whole)),
        _ => draft.write().map_err(not_edited)?,
    };
    let mut sources = Sources::default();
    let file = sources.add(files::CATALOG, written.as_str());
    let (_, faults) = document::read(&sources, file, DocumentKind::Catalog);
    match faults.iter().next() {
        None => Ok(written),
        Some(fault) => Err(Failure::new(
            Exit::Failure,
            "catalog-invalid",
            format!("{} would be invalid: {}", files::CATALOG, fault.message),
        )
        .help("nothing was written; run `servanda catalog pull --dry-run` to see the edits")),
    }
}

fn print(
    comparison: &Comparison,
    format: Format,
    is_written: bool,
    context: &Context,
) -> Result<(), Failure> {
    let Comparison { findings, helpdesk, .. } = comparison;
    match format {
        Format::Text => print_data(&render::catalog::text(findings, helpdesk, is_written, context.paint())),
        Format::Json => print_data(&render::json::pretty(findings)),
    }
}
