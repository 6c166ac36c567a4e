//! `servanda import`: writes a file for each agreement of the helpdesk that Servanda does not manage. Writes nothing to
//! the helpdesk: the next apply sets the ownership key.

use std::collections::{BTreeMap, BTreeSet};

use servanda::check::{AgreementChecker, CheckedRepository};
use servanda::diagnostic::{Diagnostic, FileId, Severity, Sources};
use servanda::discovery::agreements::{Adoption, AdoptionContext, AdoptionSelection, adopt};
use servanda::ident::{LiveId, nearest};
use servanda::live::Observed;
use servanda::mapping::Field;
use servanda::render;

use crate::cli::options::{HelpdeskOption, TableFormat};
use crate::helpdesk::connect::{self, Connection};
use crate::helpdesk::{Reader as _, Selection};
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure};
use crate::process::pager::print_page;
use crate::workspace::files;
use crate::workspace::load::{self, LoadedFiles, NewFile};

const AFTER_HELP: &str = "\
Examples:
  servanda import --dry-run              show what would be adopted, how, and
                                         what is skipped
  servanda import --dry-run --format csv > adoption.csv
  servanda import                        write the files
  servanda import --client severny-veter --only agreement$605301
  servanda import --template-from 5      a template only for five or more
                                         agreements with the same targets
  servanda import --template-from 0      no templates

First run `servanda discover` for the mapping, and `servanda catalog pull` for the slugs. Nothing is written to the \
helpdesk: the next apply sets the ownership key of the objects, and changes nothing else.";

/// Adopt agreements of the helpdesk: write a file for each
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    helpdesk: HelpdeskOption,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Adopt only this object; repeatable
    #[arg(long, value_name = "OBJECT")]
    only: Vec<String>,
    /// Adopt only the agreements of this client, a slug of catalog.yaml; repeatable
    #[arg(long, value_name = "SLUG")]
    client: Vec<String>,
    /// Write a template for this number of agreements with the same services and targets, or more; 0 for none
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    template_from: usize,
    /// Import as of another day (YYYY-MM-DD) or instant (RFC 3339) than now
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

/// Writes files for the objects without an ownership key, and prints what was adopted and what was skipped.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let adoption = import(arguments, context)?;
    match arguments.format {
        TableFormat::Text => {
            print_page(&render::adoption::text(&adoption, !arguments.dry_run, context.paint()), context)?;
        }
        TableFormat::Json => {
            print_page(&render::json::pretty(&render::json::Versioned::new(&adoption)), context)?;
        }
        TableFormat::Csv => print_page(&render::adoption::csv(&adoption), context)?,
    }
    Ok(Exit::Fine)
}

fn import(arguments: &Arguments, context: &Context) -> Result<Adoption, Failure> {
    let loaded = load::load(context)?.with_trees();
    let as_of = context.as_of(arguments.as_of.as_deref(), &loaded.zone())?;
    let mut checked = loaded.check(as_of.instant);
    loaded.refuse_errors(&checked.diagnostics, context)?;
    let name;
    (checked, name) = arguments.helpdesk.part_of(checked)?;
    let other = name.filter(|name| Some(name) != checked.settings.default_helpdesk.as_ref());
    if other.is_some() {
        // A person that a file names is one of the default helpdesk.
        checked.settings.helpdesk.mapping.attributes.remove(&Field::Contacts);
    }
    let least = Some(arguments.template_from).filter(|least| *least > 0);
    let selection = selection(arguments, &checked)?;
    let mut adoption = proposed(&loaded, &mut checked, as_of, least, &selection)?;
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

/// The objects that `--only` and `--client` name.
fn selection(arguments: &Arguments, checked: &CheckedRepository) -> Result<AdoptionSelection, Failure> {
    let object = |text: &String| {
        LiveId::new(text).ok_or_else(|| {
            Failure::usage(
                format!("`{text}` is no object of a helpdesk"),
                "use the id that `servanda import --dry-run` shows, such as agreement$605301",
            )
        })
    };
    let client = |text: &String| {
        let known = checked.catalog.clients.get_key_value(text.as_str());
        known.map(|(slug, _)| slug.clone()).ok_or_else(|| {
            let nearest = nearest(text, checked.catalog.clients.keys().map(|slug| slug.as_str()));
            let help = nearest.map_or_else(
                || "run `servanda catalog pull` to add the clients of the helpdesk".to_owned(),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            Failure::usage(format!("catalog.yaml has no client `{text}`"), help)
        })
    };
    Ok(AdoptionSelection {
        objects: arguments.only.iter().map(object).collect::<Result<_, _>>()?,
        clients: arguments.client.iter().map(client).collect::<Result<_, _>>()?,
    })
}

/// Reads the helpdesk, and lets the core propose the files.
fn proposed(
    loaded: &LoadedFiles,
    checked: &mut CheckedRepository,
    as_of: AsOf,
    template_from: Option<usize>,
    selection: &AdoptionSelection,
) -> Result<Adoption, Failure> {
    let wanted = Selection::of(&checked.agreements).with_all_unmarked();
    let look = async |connection: &Connection| Ok(connection.reader().read_live(&wanted).await?);
    let live = connect::look(&loaded.root, checked, as_of, look)?;
    let CheckedRepository { settings, catalog, agreements, .. } = &*checked;
    if let Some(object) = selection.objects.iter().find(|object| !live.adoptable.contains_key(*object)) {
        let managed = live
            .agreements
            .iter()
            .find(|(_, held)| matches!(held, Observed::Present(held) if held.object == *object));
        let message = match managed {
            Some((id, _)) => format!("{object} has the ownership key of {id} already"),
            None => format!("the helpdesk has no agreement {object}"),
        };
        return Err(Failure::new(Exit::Failure, "nothing-to-adopt", message)
            .help("run `servanda import --dry-run` to see what can be adopted"));
    }
    // An object whose agreement has no file keeps its id: a new file of that name would take it over.
    let keys = live.agreements.keys().chain(live.same_ownership_key.keys()).map(ToString::to_string);
    Ok(adopt(&AdoptionContext {
        settings,
        catalog,
        directory: &live.directory,
        unmarked: &live.adoptable,
        titles: &live.titles,
        checker: &AgreementChecker::new(catalog, settings),
        sources: &loaded.sources,
        templates: &loaded.templates,
        taken: loaded.agreements.iter().map(|document| document.id.to_string()).chain(keys).collect(),
        selection,
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
            None => load::load(context)?.with_trees(),
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
