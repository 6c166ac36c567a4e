//! Shell completion: besides commands and switches, the names that the repository defines.
//!
//! The name of an argument or of its value (`ID`, `--template`, `--client`, `--service`) selects the candidates, in every
//! command. A repository with errors offers the names that can be read; without a repository, none are offered.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use servanda::check::CheckedRepository;
use servanda::diagnostic::Code;

use crate::process::context::Context;
use crate::workspace::load;

/// The environment variable by which a shell asks for completions.
pub(crate) const VARIABLE: &str = "COMPLETE";

/// Adds the candidates for the values of all arguments to a command and its subcommands.
pub(crate) fn with_candidates(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let taken = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        let candidates: Option<fn() -> Vec<CompletionCandidate>> =
            match (argument.get_id().as_str(), taken.as_deref()) {
                ("template", _) => Some(|| names(NameKind::Template)),
                ("client" | "clients", Some("SLUG" | "SLUGS")) => Some(|| names(NameKind::Client)),
                ("service" | "without", Some(value)) if value != "NAME" => Some(|| names(NameKind::Service)),
                ("manager", Some("SLUG")) => Some(|| names(NameKind::Manager)),
                ("calendar", Some("SLUG")) => Some(|| names(NameKind::Calendar)),
                (_, Some("ID")) => Some(|| names(NameKind::Agreement)),
                (_, Some("ID|RULE")) => Some(|| {
                    let rules = Code::ALL.iter().map(|code| CompletionCandidate::new(code.as_str()));
                    names(NameKind::Agreement).into_iter().chain(rules).collect()
                }),
                _ => None,
            };
        match candidates {
            Some(candidates) => argument.add(ArgValueCandidates::new(candidates)),
            None => argument,
        }
    });
    command.mut_subcommands(with_candidates)
}

/// The kind of thing that a name refers to.
#[derive(Clone, Copy)]
enum NameKind {
    Agreement,
    Template,
    Client,
    Service,
    Manager,
    Calendar,
}

fn names(kind: NameKind) -> Vec<CompletionCandidate> {
    let names = defined_names(kind).unwrap_or_default();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn defined_names(kind: NameKind) -> Option<BTreeSet<String>> {
    let context = Context { repository: repository_of(&Context::words()), ..Context::capture().ok()? };
    let loaded = load::load(&context).ok()?;
    if let NameKind::Template = kind {
        return Some(loaded.templates.iter().map(|template| template.id.to_string()).collect());
    }
    let CheckedRepository { catalog, agreements, .. } = loaded.check(context.now);
    Some(match kind {
        NameKind::Agreement => agreements.iter().map(|agreement| agreement.id.to_string()).collect(),
        NameKind::Client => catalog.clients.keys().map(ToString::to_string).collect(),
        NameKind::Service | NameKind::Template => catalog.services.keys().map(ToString::to_string).collect(),
        NameKind::Manager => catalog.managers.keys().map(ToString::to_string).collect(),
        NameKind::Calendar => catalog.calendars.keys().map(ToString::to_string).collect(),
    })
}

/// The repository that the incomplete command line names so far.
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
