//! What a shell offers after Tab: besides commands and switches, the names that the repository has.
//!
//! An argument says by its own name or its value's what it takes (`ID`, `--template`, `--client`, `--service`), in
//! whichever command it stands. A repository with faults offers what can be read of it; where there is none, nothing is offered.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use servanda::check::Checked;
use servanda::diagnostic::Code;

use crate::args::{Global, Typed};
use crate::context::Context;
use crate::repository;

/// The commands with all that can be offered for their values.
pub(crate) fn command() -> clap::Command {
    with_values(Typed::command())
}

fn with_values(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let taken = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        let candidates: Option<fn() -> Vec<CompletionCandidate>> =
            match (argument.get_id().as_str(), taken.as_deref()) {
                ("template", _) => Some(|| names(Kind::Template)),
                ("client" | "clients", Some("SLUG" | "SLUGS")) => Some(|| names(Kind::Client)),
                ("service" | "without", Some(value)) if value != "NAME" => Some(|| names(Kind::Service)),
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
}

fn names(kind: Kind) -> Vec<CompletionCandidate> {
    let names = of_the_repository(kind).unwrap_or_default();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn of_the_repository(kind: Kind) -> Option<BTreeSet<String>> {
    let context = Context::of_this_process().ok()?;
    let loaded = repository::load(&Global::default(), &context).ok()?;
    if let Kind::Template = kind {
        return Some(loaded.templates.iter().map(|template| template.id.to_string()).collect());
    }
    let Checked { catalog, agreements, .. } = loaded.examine(context.now);
    Some(match kind {
        Kind::Agreement => agreements.iter().map(|agreement| agreement.id.to_string()).collect(),
        Kind::Client => catalog.clients.keys().map(ToString::to_string).collect(),
        Kind::Service | Kind::Template => catalog.services.keys().map(ToString::to_string).collect(),
    })
}
