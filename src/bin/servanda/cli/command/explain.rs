//! `servanda explain`: the origin of each value of an agreement, or the page of a rule.

use servanda::diagnostic::{Code, Diagnostics};
use servanda::ident::nearest;
use servanda::render;
use servanda::template::Library;

use crate::cli::options::Format;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda explain severny-veter-2026        every value, with its origin
  servanda explain severny-veter-2026 sla.targets.critical
                                             one value, and what it overrides
  servanda explain dental-2026/dent-mayak    an entry of a set
  servanda explain E301                      what a rule means";

/// Show the origin of each value of an agreement, or explain a rule
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The id of an agreement, or the code of a rule
    #[arg(value_name = "ID|RULE")]
    subject: String,
    /// A path of keys, separated by dots
    path: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explains an agreement or a rule.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    if let Some(code) = Code::find(&arguments.subject) {
        print_data(code.page())?;
        return Ok(Exit::Fine);
    }
    let loaded = load::load(context)?;
    let (library, _) = Library::new(&loaded.templates);
    let resolved = loaded.resolve(&library, &mut Diagnostics::default());
    let Some(found) = resolved.iter().find(|resolved| resolved.id.as_str() == arguments.subject) else {
        let ids = resolved.iter().map(|resolved| resolved.id.as_str());
        return Err(unknown(&arguments.subject, nearest(&arguments.subject, ids)));
    };
    let path: Vec<&str> = arguments.path.iter().flat_map(|path| path.split('.')).collect();
    let explained = render::explain::of(found, &path, &loaded.sources);
    if explained.values.is_empty() {
        let path = arguments.path.as_deref().unwrap_or_default();
        let message = format!("no value at `{path}`");
        return Err(Failure::new(Exit::Failure, "value-unknown", message)
            .help(format!("run `servanda explain {}` to see all paths", arguments.subject)));
    }
    match arguments.format {
        Format::Text => print_data(&render::explain::text(&explained, context.paint()))?,
        Format::Json => print_data(&render::json::pretty(&explained))?,
    }
    Ok(Exit::Fine)
}

fn unknown(subject: &str, near: Option<&str>) -> Failure {
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
