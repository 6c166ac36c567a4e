//! `servanda schema`: the JSON Schemas of all files, for editors and other checkers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use servanda::check::CheckedRepository;
use servanda::desired::ROUND_THE_CLOCK;
use servanda::document::{KnownSlugs, published_schemas, schema};
use servanda::render;

use crate::cli::Global;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda schema --out schemas                  write the schema of each kind of file, and of plans
  servanda schema --out .servanda/schemas --catalog
                                                 with this repository's slugs, so that an editor completes them
  servanda schema agreement                      print one

In a file, `# yaml-language-server: $schema=../schemas/agreement.json` points an editor at its schema.";

/// Write the JSON Schemas of all files, for editors
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Print this one: agreement, template, catalog, calendar, settings or plan
    #[arg(conflicts_with = "out")]
    name: Option<String>,
    /// Write all of them into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// List this repository's clients, services, managers, calendars and templates in them
    #[arg(long)]
    catalog: bool,
}

/// Prints or writes the schemas.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let schemas = if arguments.catalog { with_slugs(global, context)? } else { published_schemas() };
    let mut schemas: Vec<(String, String)> =
        schemas.into_iter().map(|(file, text)| (file.to_owned(), text)).collect();
    schemas.push(("plan.json".to_owned(), render::json::pretty(&render::json::plan_schema())));
    if let Some(folder) = &arguments.out {
        for (file, text) in &schemas {
            files::write_whole(&folder.join(file), text)?;
        }
        say(&format!("{} schemas in {}\n", schemas.len(), folder.display()));
        return Ok(Exit::Fine);
    }
    let name = arguments.name.as_deref().unwrap_or("agreement");
    let found = schemas.iter().find(|(file, _)| file.trim_end_matches(".json") == name);
    let (_, text) = found.ok_or_else(|| {
        Failure::usage(
            format!("there is no schema `{name}`"),
            "there are agreement, template, catalog, calendar, settings and plan",
        )
    })?;
    tell(text)?;
    Ok(Exit::Fine)
}

/// The same schemas with the slugs of the repository in place of their patterns.
fn with_slugs(global: &Global, context: &Context) -> Result<Vec<(&'static str, String)>, Failure> {
    let loaded = load::load(global, context)?;
    let CheckedRepository { catalog, agreements, .. } = loaded.examine(context.now);
    let mut slugs = KnownSlugs {
        clients: names(catalog.clients.keys()),
        services: names(catalog.services.keys()),
        managers: names(catalog.managers.keys()),
        providers: names(catalog.providers.keys()),
        calendars: names(catalog.calendars.keys()),
        priorities: names(catalog.priorities.keys()),
        templates: loaded.templates.iter().map(|template| template.id.to_string()).collect(),
        agreements: names(agreements.iter().map(|agreement| &agreement.id)),
        recipients: names(catalog.clients.keys()),
    };
    // It needs no entry in the catalog.
    slugs.calendars.insert(ROUND_THE_CLOCK.to_owned());
    for (client, known) in &catalog.clients {
        slugs.recipients.extend(known.departments.keys().map(|department| format!("{client}/{department}")));
    }
    let kinds = servanda::document::DocumentKind::ALL;
    Ok(kinds.map(|kind| (kind.schema_file(), render::json::pretty(&schema(kind, Some(&slugs))))).into())
}

fn names<N: ToString>(names: impl Iterator<Item = N>) -> BTreeSet<String> {
    names.map(|name| name.to_string()).collect()
}
