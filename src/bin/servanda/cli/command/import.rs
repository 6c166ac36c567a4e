//! `servanda import`: agreements that people made in the helpdesk become files. Nothing is written to the helpdesk: an
//! apply marks them as ours.

use std::collections::{BTreeMap, BTreeSet};

use servanda::check::{AgreementChecker, CheckedRepository};
use servanda::diagnostic::{Diagnostic, Diagnostics, FileId, Severity, Sources};
use servanda::discovery::agreements::{Adoption, Ground, adopt};
use servanda::render;

use crate::cli::{Format, Global};
use crate::helpdesk::connect::{self, Connection};
use crate::helpdesk::{Reader as _, Selection};
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::files;
use crate::workspace::load::{self, Fresh, LoadedFiles};

const AFTER_HELP: &str = "\
Examples:
  servanda import --dry-run              the files that would be written, and what would be left and why
  servanda import                        write them; `servanda plan` then marks the objects, and changes nothing else
  servanda import --template-from 5      make a template only where five or more share what they promise
  servanda import --template-from 0      make no templates

Before: `servanda discover` for the mapping, `servanda catalog pull` for the slugs. Nothing is written to the helpdesk.";

/// Adopt the agreements that people made in the helpdesk: a file for each
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Write nothing, and show the files
    #[arg(long)]
    dry_run: bool,
    /// Make a new template where so many agreements share what they promise; 0 for none
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    template_from: usize,
    /// Look at another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Looks at what bears no mark, writes files for it, and says what became of it.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let adoption = import(arguments, global, context)?;
    match arguments.format {
        Format::Text => tell(&render::adoption::text(&adoption, !arguments.dry_run, context.paint()))?,
        Format::Json => tell(&render::json::pretty(&adoption))?,
    }
    Ok(Exit::Fine)
}

fn import(arguments: &Arguments, global: &Global, context: &Context) -> Result<Adoption, Failure> {
    let loaded = load::load(global, context)?;
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let checked = loaded.examine(as_of.instant);
    refuse_faults(&loaded, &checked.diagnostics, context)?;
    let least = Some(arguments.template_from).filter(|least| *least > 0);
    let mut adoption = proposed(&loaded, &checked, as_of, least)?;
    let root = loaded.root.clone();
    leave_what_would_be_a_fault(&mut adoption, loaded, as_of, global, context)?;
    if arguments.dry_run {
        return Ok(adoption);
    }
    if let Some(file) = adoption.files().find(|file| root.join(&file.path).exists()) {
        return Err(Failure::new(Exit::Failure, "cli-failure", format!("{} is there already", file.path))
            .help("a file that git ignores may stand there; take it away, and import again"));
    }
    for file in adoption.files() {
        files::write_whole(&root.join(&file.path), &file.text)?;
    }
    Ok(adoption)
}

/// Beside files with faults nothing can be said about new ones.
fn refuse_faults(loaded: &LoadedFiles, diagnostics: &Diagnostics, context: &Context) -> Result<(), Failure> {
    if !diagnostics.has_errors() {
        return Ok(());
    }
    say(&render::diagnostics::text(diagnostics, &loaded.sources, context.paint_errors()));
    Err(Failure::new(Exit::Invalid, "cli-invalid", render::diagnostics::summary(diagnostics, loaded.files())))
}

/// What the core proposes for what the helpdesk holds.
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
    Ok(adopt(&Ground {
        settings,
        catalog,
        directory: &live.directory,
        unmarked: &live.adoptable,
        judge: &AgreementChecker::new(catalog, settings),
        sources: &loaded.sources,
        templates: &loaded.templates,
        taken: loaded.agreements.iter().map(|document| document.id.to_string()).collect(),
        adopted: agreements.iter().filter_map(|agreement| agreement.adopts.clone()).collect(),
        at: as_of.instant,
        template_from,
    }))
}

/// Checks the repository with the new files in it, and leaves those that are part of an error, until there is none.
fn leave_what_would_be_a_fault(
    adoption: &mut Adoption,
    loaded: LoadedFiles,
    as_of: AsOf,
    global: &Global,
    context: &Context,
) -> Result<(), Failure> {
    let mut next = Some(loaded);
    while !adoption.agreements.is_empty() {
        let loaded = match next.take() {
            Some(loaded) => loaded,
            None => load::load(global, context)?,
        };
        let files = adoption.files().map(|file| Fresh::new(&file.path, &file.text)).collect();
        let loaded = loaded.with(files);
        let faults = loaded.examine(as_of.instant).diagnostics;
        let errors: Vec<&Diagnostic> =
            faults.iter().filter(|fault| fault.severity == Severity::Error).collect();
        if errors.is_empty() {
            return Ok(());
        }
        let at_fault = at_fault(adoption, &errors, &loaded.sources);
        if at_fault.is_empty() {
            return refuse_faults(&loaded, &faults, context);
        }
        for (id, said) in at_fault {
            adoption.leave(&id, &said);
        }
    }
    Ok(())
}

/// Of each error one new agreement that is part of it, with what is wrong.
fn at_fault(adoption: &Adoption, errors: &[&Diagnostic], sources: &Sources) -> BTreeMap<String, String> {
    let new: BTreeMap<&str, String> =
        adoption.agreements.iter().map(|taken| (taken.file.path.as_str(), taken.id.to_string())).collect();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for error in errors {
        let places = std::iter::once(error.place.span).chain(error.related.iter().map(|label| label.span));
        let files: Vec<FileId> = places.map(|span| span.file).collect();
        // Of two that cannot stand together the one that is told of goes; the other may stay then.
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
