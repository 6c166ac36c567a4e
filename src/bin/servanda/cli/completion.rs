//! What a shell offers after Tab: besides commands and switches, the names that the repository has.
//!
//! An argument says by its own name or its value's what it takes (`ID`, `--template`, `--client`, `--service`), in
//! whichever command it stands. A repository with faults offers what can be read of it; where there is none, nothing is offered.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use servanda::check::CheckedRepository;
use servanda::diagnostic::Code;

use crate::cli::{Global, described};
use crate::process::context::Context;
use crate::workspace::load;

/// The commands with all that can be offered for their values.
pub(crate) fn command() -> clap::Command {
    with_values(described())
}

fn with_values(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let taken = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        let candidates: Option<fn() -> Vec<CompletionCandidate>> =
            match (argument.get_id().as_str(), taken.as_deref()) {
                ("template", _) => Some(|| names(Kind::Template)),
                ("client" | "clients", Some("SLUG" | "SLUGS")) => Some(|| names(Kind::Client)),
                ("service" | "without", Some(value)) if value != "NAME" => Some(|| names(Kind::Service)),
                ("manager", Some("SLUG")) => Some(|| names(Kind::Manager)),
                ("calendar", Some("SLUG")) => Some(|| names(Kind::Calendar)),
                (_, Some("ID")) => Some(|| names(Kind::Agreement)),
                (_, Some("ID|RULE")) => Some(|| {
                    let rules = Code::ALL.iter().map(|code| CompletionCandidate::new(code.as_str()));
                    names(Kind::Agreement).into_iter().chain(rules).collect()
                }),
                _ => None,
            };
        match candidates {
            Some(candidates) => argument.add(ArgValueCandidates::new(candidates)),
            None => argument,
        }
    });
    command.mut_subcommands(with_values)
}

/// What a name is of.
#[derive(Clone, Copy)]
enum Kind {
    Agreement,
    Template,
    Client,
    Service,
    Manager,
    Calendar,
}

fn names(kind: Kind) -> Vec<CompletionCandidate> {
    let names = of_the_repository(kind).unwrap_or_default();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn of_the_repository(kind: Kind) -> Option<BTreeSet<String>> {
    let context = Context::of_this_process().ok()?;
    let global = Global { repository: repository_of(&Context::words()), ..Global::default() };
    let loaded = load::load(&global, &context).ok()?;
    if let Kind::Template = kind {
        return Some(loaded.templates.iter().map(|template| template.id.to_string()).collect());
    }
    let CheckedRepository { catalog, agreements, .. } = loaded.examine(context.now);
    Some(match kind {
        Kind::Agreement => agreements.iter().map(|agreement| agreement.id.to_string()).collect(),
        Kind::Client => catalog.clients.keys().map(ToString::to_string).collect(),
        Kind::Service | Kind::Template => catalog.services.keys().map(ToString::to_string).collect(),
        Kind::Manager => catalog.managers.keys().map(ToString::to_string).collect(),
        Kind::Calendar => catalog.calendars.keys().map(ToString::to_string).collect(),
    })
}

/// The repository that the line names so far, be it finished or not.
fn repository_of(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter().skip_while(|word| *word != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "-C" || word == "--repository" {
            return words.next().map(PathBuf::from);
        }
        if let Some(folder) = word.to_str().and_then(|word| word.strip_prefix("--repository=")) {
            return Some(folder.into());
        }
    }
    None
}
