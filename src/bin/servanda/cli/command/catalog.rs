//! `servanda catalog`: the slugs of catalog.yaml beside what the helpdesk holds.

use servanda::diagnostic::Sources;
use servanda::discovery::catalog::{Edit, Finding, List, compare};
use servanda::document::{self, DocumentKind};
use servanda::edit::{self, Draft};
use servanda::render;

use crate::cli::{Format, Global};
use crate::helpdesk::Reader as _;
use crate::helpdesk::connect::{self, Connection};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles};

const AFTER_HELP: &str = "\
Examples:
  servanda catalog check                 where catalog.yaml and the helpdesk differ
  servanda catalog pull                  add what is missing, tie titles to ids, follow new titles
  servanda catalog pull --dry-run        the same without writing

A slug that stands in catalog.yaml is never changed, and no entry is ever taken out.";

const PULL_HELP: &str = "\
Examples:
  servanda catalog pull                  add what is missing, tie titles to ids, follow new titles
  servanda catalog pull --dry-run        say what would be written";

const CHECK_HELP: &str = "\
Examples:
  servanda catalog check                 where catalog.yaml and the helpdesk differ
  servanda catalog check --exit-code     exit 2 where they do, for scripts";

/// What a catalog begins with where there is none.
const BLANK: &str = "clients: {}\n";
/// The line by which editors find its schema.
const SCHEMA: &str = "# yaml-language-server: $schema=schemas/catalog.json\n";

/// Keep catalog.yaml in step with what the helpdesk holds
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Read clients, services, managers and calendars, and write into catalog.yaml what it lacks
    #[command(after_help = PULL_HELP)]
    Pull(Pull),
    /// Say where catalog.yaml and the helpdesk differ
    #[command(after_help = CHECK_HELP)]
    Check(Check),
}

#[derive(clap::Args)]
struct Pull {
    /// Write nothing
    #[arg(long)]
    dry_run: bool,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Args)]
struct Check {
    /// Exit with 2 where they differ
    #[arg(long)]
    exit_code: bool,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was found in which helpdesk.
struct Compared {
    loaded: LoadedFiles,
    findings: Vec<Finding>,
    helpdesk: String,
}

/// Compares, and writes where that was asked for.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let compared = compared(global, context)?;
    match &arguments.command {
        Command::Check(check) => {
            draw(&compared, check.format, false, context)?;
            let differs = check.exit_code && !compared.findings.is_empty();
            Ok(if differs { Exit::Pending } else { Exit::Fine })
        }
        Command::Pull(pull) => {
            let edits: Vec<Edit> = compared.findings.iter().filter_map(Finding::edit).collect();
            let is_written = !pull.dry_run && !edits.is_empty();
            if is_written {
                let text = edited(compared.loaded.catalog_text(), &edits)?;
                files::write_whole(&compared.loaded.root.join(files::CATALOG), &text)?;
            }
            draw(&compared, pull.format, is_written, context)?;
            Ok(Exit::Fine)
        }
    }
}

fn compared(global: &Global, context: &Context) -> Result<Compared, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(None, &loaded.zone())?;
    let checked = loaded.examine(as_of.instant);
    // A catalog with a fault is not compared: what was left out of it would be added again. Faults of agreements do not
    // matter; a slug that is missing may be what one is here for.
    loaded.refuse_faults_of(&[files::CATALOG, files::SETTINGS], &checked.diagnostics, context)?;
    let look =
        async |connection: &Connection| Ok((connection.reader().inventory().await?, connection.name()));
    let (inventory, helpdesk) = connect::look(&loaded.root, &checked, as_of, look)?;
    let catalog = &checked.catalog;
    // A calendar that has a file of its own and no entry here is tied by its title, and there is nothing to write.
    let is_own_file = |finding: &Finding| {
        let mut entries = catalog.calendars.iter();
        let entry =
            entries.find(|(slug, _)| finding.list == List::Calendars && slug.as_str() == finding.slug);
        entry.is_some_and(|(_, entry)| loaded.sources.path(entry.span.file) != files::CATALOG)
    };
    let mut findings = compare(catalog, &inventory);
    findings.retain(|finding| !is_own_file(finding));
    Ok(Compared { loaded, findings, helpdesk })
}

/// The catalog with these values; nothing else in it changes. It is read again before it is taken for good.
fn edited(text: Option<&str>, edits: &[Edit]) -> Result<String, Failure> {
    let not_edited = |error: edit::EditError| {
        Failure::new(Exit::Failure, "cli-failure", format!("{}: {error}", files::CATALOG))
    };
    let mut draft = Draft::read(text.unwrap_or(BLANK)).map_err(not_edited)?;
    for Edit { path, value } in edits {
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
            "cli-failure",
            format!("{} would be no sound catalog: {}", files::CATALOG, fault.message),
        )
        .help("nothing was written; `servanda catalog pull --dry-run` shows what would have been")),
    }
}

fn draw(compared: &Compared, format: Format, is_written: bool, context: &Context) -> Result<(), Failure> {
    let Compared { findings, helpdesk, .. } = compared;
    match format {
        Format::Text => tell(&render::catalog::text(findings, helpdesk, is_written, context.paint())),
        Format::Json => tell(&render::json::pretty(findings)),
    }
}
