//! `servanda explain`: where each value of an agreement comes from, or what a rule means.

use servanda::diagnostic::{Code, Diagnostics};
use servanda::ident::nearest;
use servanda::render;
use servanda::template::Library;

use crate::cli::{Format, Global};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda explain severny-veter-2026                         every value, and the line that set it
  servanda explain severny-veter-2026 sla.targets.critical    one value, and what it displaced on the way
  servanda explain dental-2026/dent-mayak                     an entry of a set
  servanda explain E301                                       what a rule means";

/// Show where each value of an agreement comes from, or what a rule means
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// An agreement's id, or a rule's code
    #[arg(value_name = "ID|RULE")]
    subject: String,
    /// A path of keys, with dots between them
    path: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explains an agreement or a rule.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    if let Some(code) = Code::find(&arguments.subject) {
        tell(code.page())?;
        return Ok(Exit::Fine);
    }
    let loaded = load::load(global, context)?;
    let (library, _) = Library::new(&loaded.templates);
    let resolved = loaded.resolve(&library, &mut Diagnostics::default());
    let Some(found) = resolved.iter().find(|resolved| resolved.id.as_str() == arguments.subject) else {
        let ids = resolved.iter().map(|resolved| resolved.id.as_str());
        return Err(unknown(&arguments.subject, nearest(&arguments.subject, ids)));
    };
    let path: Vec<&str> = arguments.path.iter().flat_map(|path| path.split('.')).collect();
    let explained = render::explain::of(found, &path, &loaded.sources);
    if explained.values.is_empty() {
        let what = arguments.path.as_deref().unwrap_or_default();
        return Err(Failure::new(
            Exit::Failure,
            "cli-failure",
            format!("nobody says anything about `{what}`"),
        )
        .help(format!("`servanda explain {}` shows every path there is", arguments.subject)));
    }
    match arguments.format {
        Format::Text => tell(&render::explain::text(&explained, context.paint()))?,
        Format::Json => tell(&render::json::pretty(&explained))?,
    }
    Ok(Exit::Fine)
}

fn unknown(subject: &str, near: Option<&str>) -> Failure {
    let failure = Failure::new(
        Exit::Failure,
        "cli-failure",
        format!("there is no agreement and no rule called `{subject}`"),
    );
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`servanda status` lists all agreements; rules are called E101, W306 and so on"),
    }
}
