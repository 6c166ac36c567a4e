//! `servanda schema`: the JSON Schemas of all files and JSON outputs, for editors and other validators.

use std::collections::BTreeSet;
use std::path::PathBuf;

use servanda::bridge::openapi;
use servanda::check::CheckedRepository;
use servanda::desired::ROUND_THE_CLOCK;
use servanda::document::{KnownSlugs, published_schemas, schema};
use servanda::ident::nearest;
use servanda::render;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda schema --out schemas         the schemas of files and outputs
  servanda schema --out .servanda/schemas --catalog
                                        with the slugs of this repository,
                                        so that an editor completes them
  servanda schema agreement             print one
  servanda schema status                that of `status --format json`

The comment `# yaml-language-server: $schema=../schemas/agreement.json` in a file tells an editor its schema.";

/// Write the JSON Schemas of all files and JSON outputs
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The schema to print: that of a file, such as agreement or settings, of a JSON output, such as plan or status, or
    /// of adapters (`adapter`, `OpenAPI`)
    #[arg(conflicts_with = "out")]
    name: Option<String>,
    /// Write all of them into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Include the clients, services, managers, calendars and templates of this repository
    #[arg(long)]
    catalog: bool,
}

/// Prints or writes the schemas.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let schemas = if arguments.catalog { with_slugs(context)? } else { published_schemas() };
    let mut schemas: Vec<(String, String)> =
        schemas.into_iter().map(|(file, text)| (file.to_owned(), text)).collect();
    let outputs = render::outputs::OUTPUTS.iter();
    schemas.extend(
        outputs.map(|output| (format!("{}.json", output.name), render::json::pretty(&output.schema()))),
    );
    schemas.push(("adapter.json".to_owned(), render::json::pretty(&openapi())));
    if let Some(folder) = &arguments.out {
        for (file, text) in &schemas {
            files::write_whole(&folder.join(file), text)?;
        }
        inform(&format!("{} schemas in {}\n", schemas.len(), folder.display()));
        return Ok(Exit::Fine);
    }
    let name = arguments.name.as_deref().unwrap_or("agreement");
    let found = schemas.iter().find(|(file, _)| file.trim_end_matches(".json") == name);
    let (_, text) = found.ok_or_else(|| {
        let names: Vec<&str> = schemas.iter().map(|(file, _)| file.trim_end_matches(".json")).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("choose one of {}", names.join(", ")),
        };
        Failure::usage(format!("unknown schema `{name}`"), help)
    })?;
    print_data(text)?;
    Ok(Exit::Fine)
}

/// The schemas with the slugs of the repository instead of patterns.
fn with_slugs(context: &Context) -> Result<Vec<(&'static str, String)>, Failure> {
    let loaded = load::load(context)?;
    let CheckedRepository { catalog, agreements, .. } = loaded.check(context.now);
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
    // The round-the-clock calendar needs no entry in the catalog.
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
