//! `servanda entitled`: may this client ask for this service now, under which agreement, and by when. Asks no helpdesk.

use servanda::calendar::{Instant, InvalidValue, Pauses};
use servanda::entitlement::{Answer, Register};
use servanda::render;

use crate::cli::asked;
use crate::cli::{Format, Global};
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, tell};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda entitled --client severny-veter --service vpn --priority critical
  servanda entitled --client severny-veter/accounting --service printing --priority normal
  servanda entitled --client portovik --service email --priority high --at 2026-09-04T17:30:00+02:00
  servanda entitled --client portovik --service email --priority high \\
    --pause 2026-09-04T18:00:00+02:00/2026-09-05T10:00:00+02:00 --format json

Only the files that speak of the client are judged: `servanda validate` judges them all.

Exit codes: 0 entitled, 10 not entitled, 11 ambiguous, 3 invalid files, 1 a name that nobody knows.";

/// Say whether a client may ask for a service, under which agreement, and by when
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Who asks: a slug of the catalog, or a department as client/department
    #[arg(long, value_name = "SLUG")]
    client: String,
    /// For what
    #[arg(long, value_name = "SLUG")]
    service: String,
    /// How urgent it is
    #[arg(long, value_name = "NAME")]
    priority: String,
    /// When (RFC 3339, or a day, which is taken at noon); without it, now
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// A stretch in which the clock of the resolution stands still; may be given several times
    #[arg(long, value_name = "FROM/TO")]
    pause: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Answers.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let pauses = pauses(&arguments.pause)?;
    let loaded = load::load_about(&arguments.client, global, context)?;
    let at = match context.as_of(arguments.at.as_deref(), &loaded.zone()) {
        Ok(as_of) => as_of.instant,
        Err(failure) => {
            return Err(Failure { message: failure.message.replace("--as-of", "--at"), ..failure });
        }
    };
    let workspace = load::check_quietly(loaded, at, global, context)?;
    let register = Register::new(workspace.agreements, workspace.catalog);
    let names = asked::names(&register, &arguments.client, &arguments.service, &arguments.priority)
        .map_err(|unknown| Failure::usage(unknown.message, unknown.help))?;
    let question = names.question(at, &pauses);
    let answer = register.answer(&question);
    let envelope = render::entitlement::envelope(&question, &answer);
    match arguments.format {
        Format::Text => tell(&render::entitlement::text(&envelope, context.paint()))?,
        Format::Json => tell(&render::json::pretty(&envelope))?,
    }
    let exit = match answer {
        Answer::Entitled(_) => Exit::Fine,
        Answer::NotEntitled(_) => Exit::NotEntitled,
        Answer::Ambiguous(_) => Exit::Ambiguous,
    };
    // The process ends here: to give back many small pieces takes longer than to answer.
    std::mem::forget(register);
    Ok(exit)
}

fn pauses(written: &[String]) -> Result<Pauses, Failure> {
    let stretches: Result<Vec<(Instant, Instant)>, InvalidValue> =
        written.iter().map(|text| asked::read_pause(text)).collect();
    let stretches =
        stretches.map_err(|misread| Failure::usage(format!("--pause: {}", misread.message), misread.help))?;
    Ok(Pauses::new(stretches))
}
