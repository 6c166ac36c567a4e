//! `servanda explain`: the origin of each value of an agreement, or the page of a rule.

use std::collections::BTreeSet;

use servanda::diagnostic::{Code, Diagnostics, FileId, Severity};
use servanda::document::Document;
use servanda::ident::{AgreementId, file_of, nearest};
use servanda::render;
use servanda::selection::NamedSide;
use servanda::template::{Library, Resolved};

use crate::cli::options::{Format, SelectionOptions};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::{inform, print_message};
use crate::process::pager::print_page;
use crate::workspace::helpdesks::refuse_unknown;
use crate::workspace::load::{self, LoadedFiles};

const AFTER_HELP: &str = "\
Examples:
  servanda explain severny-veter-2026        every value, with its origin
  servanda explain severny-veter-2026 sla.targets.critical
                                             one value, and what it overrides
  servanda explain dental-2026/dent-mayak    an entry of a set
  servanda explain dental-2026               the entries of a set
  servanda explain --template standard sla.targets
                                             one value of many agreements
  servanda explain E301                      what a rule means
  servanda explain                           everything that can be explained";

/// Show the origin of each value of an agreement, or explain a rule
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The id of an agreement or a set, or the code of a rule; without it, all of them are listed. With a selection, a path of
    /// keys
    #[arg(value_name = "ID|RULE")]
    subject: Option<String>,
    /// A path of keys, separated by dots
    path: Option<String>,
    #[command(flatten)]
    selection: SelectionOptions,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explains an agreement or a rule, or lists what can be explained.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let selection = arguments.selection.selection();
    if !selection.is_everything() {
        return explain_selected(arguments.subject.as_deref(), arguments, context);
    }
    let Some(subject) = arguments.subject.as_deref() else {
        return list(context);
    };
    if let Some(code) = Code::find(subject) {
        print_page(code.page(), context)?;
        return Ok(Exit::Fine);
    }
    let loaded = load::load(context)?;
    let documents = loaded.documents_of(file_of(subject));
    let (library, _) = Library::new(&loaded.templates);
    let resolved: Vec<Resolved<'_>> =
        documents.iter().flat_map(|document| library.resolve(document).0).collect();
    let found = resolved.iter().find(|resolved| resolved.id.as_str() == subject);
    let ids = resolved.iter().map(|resolved| resolved.id.as_str());
    let entries: Vec<&str> = ids.filter(|id| *id != subject && file_of(id) == subject).collect();
    if !entries.is_empty() && found.is_none() && arguments.path.is_none() {
        return set(subject, &entries, arguments.format, context);
    }
    let Some(found) = found.cloned().or_else(|| partly(subject, &library, &documents)) else {
        return Err(unknown(subject, loaded));
    };
    let path: Vec<&str> = arguments.path.iter().flat_map(|path| path.split('.')).collect();
    let explained = render::explain::of(&found, &path, &loaded.sources);
    let faults = faults(&found, &loaded, context);
    if explained.values.is_empty() && faults.is_empty() {
        let path = arguments.path.as_deref().unwrap_or_default();
        let message = format!("no value at `{path}`");
        return Err(Failure::new(Exit::Failure, "value-unknown", message)
            .help(format!("run `servanda explain {subject}` to see all paths")));
    }
    match arguments.format {
        Format::Text => print_page(&render::explain::text(&explained, context.paint()), context)?,
        Format::Json => print_page(&render::json::pretty(&explained), context)?,
    }
    if faults.is_empty() {
        return Ok(Exit::Fine);
    }
    print_message(&render::diagnostics::text(&faults, &loaded.sources, context.paint_errors()));
    Ok(Exit::Invalid)
}

/// The largest number of agreements in the list.
const LISTED: usize = 50;

/// Lists the agreements of the repository, if there is one, and the rules.
fn list(context: &Context) -> Result<Exit, Failure> {
    let mut text = String::new();
    if let Ok(loaded) = load::load(context) {
        let loaded = loaded.with_trees();
        let (library, _) = Library::new(&loaded.templates);
        let resolved = loaded.resolve(&library, &mut Diagnostics::default());
        let ids = resolved.iter().map(|resolved| format!("  {}\n", resolved.id));
        text += "Agreements\n";
        text.extend(ids.take(LISTED));
        if let Some(more) = resolved.len().checked_sub(LISTED).filter(|more| *more > 0) {
            text.extend([format!("  and {more} more; `servanda status` lists all\n")]);
        }
        text.push('\n');
    }
    text += "Rules\n";
    text.extend(Code::ALL.iter().map(|code| format!("  {code}  {}\n", code.title())));
    print_page(&text, context)?;
    Ok(Exit::Fine)
}

/// Names the entries of a set.
fn set(subject: &str, entries: &[&str], format: Format, context: &Context) -> Result<Exit, Failure> {
    match format {
        Format::Text => print_page(&render::explain::set_text(subject, entries, context.paint()), context)?,
        Format::Json => print_page(&render::json::pretty(&render::explain::set(subject, entries)), context)?,
    }
    Ok(Exit::Fine)
}

/// Explains the selected agreements, or one value of each. The first word is its path then.
fn explain_selected(path: Option<&str>, arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    if let Some(further) = &arguments.path {
        return Err(Failure::usage(
            format!("`{further}` is one word too many beside a selection"),
            "pass only a path, and the agreement as `--id`",
        ));
    }
    let loaded = load::load(context)?.with_trees();
    let selection = arguments.selection.selection();
    let path: Vec<&str> = path.into_iter().flat_map(|path| path.split('.')).collect();
    let (is_known, agreements, has_errors) =
        loaded.check_with(context.now, Vec::new(), |resolved, checked| {
            let selected = checked.agreements.iter();
            let selected = selected.filter(|agreement| selection.selects(agreement, context.now));
            let selected: BTreeSet<&AgreementId> = selected.map(|agreement| &agreement.id).collect();
            let explained = resolved
                .iter()
                .filter(|resolved| selected.contains(&resolved.id))
                .map(|resolved| render::explain::of(resolved, &path, &loaded.sources))
                .filter(|explained| !explained.values.is_empty());
            let agreements: Vec<_> = explained.collect();
            let has_errors = checked.diagnostics.has_errors();
            let side = NamedSide { catalog: &checked.catalog, agreements: Some(&checked.agreements) };
            let known = refuse_unknown(&checked.settings, &[side], has_errors, &selection);
            (known, agreements, has_errors)
        });
    is_known?;
    match arguments.format {
        Format::Text => {
            let texts = agreements.iter().map(|explained| render::explain::text(explained, context.paint()));
            print_page(&texts.collect::<Vec<_>>().join("\n"), context)?;
        }
        Format::Json => {
            let explained = render::explain::AgreementHistories { format: 1, agreements };
            print_page(&render::json::pretty(&explained), context)?;
        }
    }
    if has_errors {
        inform("agreements with errors are left out; `servanda validate` shows them\n");
        return Ok(Exit::Invalid);
    }
    Ok(Exit::Fine)
}

/// The agreement, as far as it can be merged despite errors in its file or its templates.
fn partly<'a>(subject: &str, library: &Library<'a>, documents: &'a [Document]) -> Option<Resolved<'a>> {
    library.resolve_partly(documents.first()?, &AgreementId::new(subject)?)
}

/// The errors in the files that an agreement is made from.
fn faults(resolved: &Resolved<'_>, loaded: &LoadedFiles, context: &Context) -> Diagnostics {
    let files: BTreeSet<FileId> = resolved.files().collect();
    let mut faults = loaded.check(context.now).diagnostics;
    faults.retain(|fault| fault.severity == Severity::Error && files.contains(&fault.place.span.file));
    faults
}

/// The failure of an unknown subject, with the nearest one of all files.
fn unknown(subject: &str, loaded: LoadedFiles) -> Failure {
    let loaded = loaded.with_trees();
    let (library, _) = Library::new(&loaded.templates);
    let resolved = loaded.resolve(&library, &mut Diagnostics::default());
    let ids = resolved.iter().map(|resolved| resolved.id.as_str());
    let sets: BTreeSet<&str> = ids.clone().map(file_of).collect();
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let near = nearest(subject, ids.chain(sets).chain(codes));
    let failure = Failure::new(
        Exit::Failure,
        "subject-unknown",
        format!("no agreement and no rule is called `{subject}`"),
    );
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure
            .help("run `servanda status` to list the agreements; rules are called E101, W306 and so on"),
    }
}
