//! `servanda import`: writes a file for each agreement of the helpdesk that Servanda does not manage. Writes nothing to
//! the helpdesk: the next apply sets the ownership key.

use std::collections::{BTreeMap, BTreeSet};

use servanda::check::{AgreementChecker, CheckedRepository};
use servanda::diagnostic::{Diagnostic, FileId, Severity, Sources};
use servanda::discovery::agreements::{Adoption, AdoptionContext, adopt};
use servanda::render;

use crate::cli::options::Format;
use crate::helpdesk::connect::{self, Connection};
use crate::helpdesk::{Reader as _, Selection};
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles, NewFile};

const AFTER_HELP: &str = "\
Examples:
  servanda import --dry-run              show the files, and what is skipped
  servanda import                        write the files
  servanda import --template-from 5      a template only for five or more
                                         agreements with the same targets
  servanda import --template-from 0      no templates

First run `servanda discover` for the mapping, and `servanda catalog pull` for the slugs. Nothing is written to the \
helpdesk: the next apply sets the ownership key of the objects, and changes nothing else.";

/// Adopt agreements of the helpdesk: write a file for each
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write a template for this number of agreements with the same services and targets, or more; 0 for none
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    template_from: usize,
    /// Import as of another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Writes files for the objects without an ownership key, and prints what was adopted and what was skipped.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let adoption = import(arguments, context)?;
    match arguments.format {
        Format::Text => print_data(&render::adoption::text(&adoption, !arguments.dry_run, context.paint()))?,
        Format::Json => print_data(&render::json::pretty(&adoption))?,
    }
    Ok(Exit::Fine)
}

fn import(arguments: &Arguments, context: &Context) -> Result<Adoption, Failure> {
    let loaded = load::load(context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let checked = loaded.check(as_of.instant);
    loaded.refuse_errors(&checked.diagnostics, context)?;
    let least = Some(arguments.template_from).filter(|least| *least > 0);
    let mut adoption = proposed(&loaded, &checked, as_of, least)?;
    let root = loaded.root.clone();
    skip_invalid(&mut adoption, loaded, as_of, context)?;
    if arguments.dry_run {
        return Ok(adoption);
    }
    if let Some(file) = adoption.files().find(|file| root.join(&file.path).exists()) {
        return Err(Failure::new(Exit::Failure, "file-exists", format!("{} exists already", file.path))
            .help("Git may ignore that file: delete it, and import again"));
    }
    for file in adoption.files() {
        files::write_within(&root, file.path.as_ref(), &file.text)?;
    }
    Ok(adoption)
}

/// Reads the helpdesk, and lets the core propose the files.
fn proposed(
    loaded: &LoadedFiles,
    checked: &CheckedRepository,
    as_of: AsOf,
    template_from: Option<usize>,
) -> Result<Adoption, Failure> {
    let CheckedRepository { settings, catalog, agreements, .. } = checked;
    let wanted = Selection::of(agreements).with_all_unmarked();
    let look = async |connection: &Connection| Ok(connection.reader().read_live(&wanted).await?);
    let live = connect::look(&loaded.root, checked, as_of, look)?;
    Ok(adopt(&AdoptionContext {
        settings,
        catalog,
        directory: &live.directory,
        unmarked: &live.adoptable,
        checker: &AgreementChecker::new(catalog, settings),
        sources: &loaded.sources,
        templates: &loaded.templates,
        taken: loaded.agreements.iter().map(|document| document.id.to_string()).collect(),
        adopted: agreements.iter().filter_map(|agreement| agreement.adopts.clone()).collect(),
        at: as_of.instant,
        template_from,
    }))
}

/// Checks the repository with the new files, and skips new agreements that are part of an error, until there is none.
fn skip_invalid(
    adoption: &mut Adoption,
    loaded: LoadedFiles,
    as_of: AsOf,
    context: &Context,
) -> Result<(), Failure> {
    let mut next = Some(loaded);
    while !adoption.agreements.is_empty() {
        let loaded = match next.take() {
            Some(loaded) => loaded,
            None => load::load(context)?,
        };
        let files = adoption.files().map(|file| NewFile::new(&file.path, &file.text)).collect();
        let loaded = loaded.with(files);
        let faults = loaded.check(as_of.instant).diagnostics;
        let errors: Vec<&Diagnostic> =
            faults.iter().filter(|fault| fault.severity == Severity::Error).collect();
        if errors.is_empty() {
            return Ok(());
        }
        let invalid = invalid_agreements(adoption, &errors, &loaded.sources);
        if invalid.is_empty() {
            return loaded.refuse_errors(&faults, context);
        }
        for (id, message) in invalid {
            adoption.skip(&id, &message);
        }
    }
    Ok(())
}

/// For each error, one new agreement that is part of it, with the message.
fn invalid_agreements(
    adoption: &Adoption,
    errors: &[&Diagnostic],
    sources: &Sources,
) -> BTreeMap<String, String> {
    let new: BTreeMap<&str, String> =
        adoption.agreements.iter().map(|taken| (taken.file.path.as_str(), taken.id.to_string())).collect();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for error in errors {
        let places = std::iter::once(error.place.span).chain(error.related.iter().map(|label| label.span));
        let files: Vec<FileId> = places.map(|span| span.file).collect();
        // Of two conflicting agreements only one is skipped: the other may be valid without it.
        if files.iter().any(|file| seen.contains(file)) {
            continue;
        }
        let of_new = files.iter().find_map(|file| Some((*file, new.get(sources.path(*file))?)));
        if let Some((file, id)) = of_new {
            seen.insert(file);
            found.insert(id.clone(), error.message.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests;
