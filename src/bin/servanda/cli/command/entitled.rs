//! `servanda entitled`: whether a client is entitled to a service, under which agreement, and by when. Reads no helpdesk.

use servanda::calendar::{Instant, InvalidValue, Pauses};
use servanda::entitlement::query::{ServiceQuery, parse_pause};
use servanda::entitlement::{EntitlementAnswer, Register};
use servanda::render;

use crate::cli::options::Format;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::workspace::one_client::load_for_client;

const AFTER_HELP: &str = "\
Examples:
  servanda entitled --client severny-veter --service vpn --priority critical
  servanda entitled --client severny-veter/accounting --service printing \\
      --priority normal
  servanda entitled --client portovik --service email --priority high \\
      --at 2026-09-04T17:30:00+02:00
  servanda entitled --client portovik --service email --priority high \\
      --pause 2026-09-04T18:00:00+02:00/2026-09-05T10:00:00+02:00

Checks only the files that may name the client. `servanda validate` checks all files.

Exit codes: 0 entitled, 10 not entitled, 11 ambiguous, 3 files invalid, 1 unknown name.";

/// Report whether a client is entitled to a service, and by when
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The client, or a department as client/department
    #[arg(long, value_name = "SLUG")]
    client: String,
    /// The service
    #[arg(long, value_name = "SLUG")]
    service: String,
    /// The priority
    #[arg(long, value_name = "NAME")]
    priority: String,
    /// The instant of the request (RFC 3339), or a day, which means noon; without it, now
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// A pause of the resolution clock; repeat it for several
    #[arg(long, value_name = "FROM/TO")]
    pause: Vec<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the answer.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let pauses = pauses(&arguments.pause)?;
    let loaded = load_for_client(&arguments.client, context)?;
    let at = match context.as_of(arguments.at.as_deref(), &loaded.zone()) {
        Ok(as_of) => as_of.instant,
        Err(failure) => {
            return Err(Failure { message: failure.message.replace("--as-of", "--at"), ..failure });
        }
    };
    let checked = loaded.into_checked(at, context)?;
    let register = Register::of(checked.agreements, checked.catalog, &checked.settings);
    let query = ServiceQuery::parse(&register, &arguments.client, &arguments.service, &arguments.priority)
        .map_err(|unknown| Failure::usage(unknown.message, unknown.help))?;
    let question = query.question(at, &pauses);
    let answer = register.answer(&question);
    let envelope = render::entitlement::envelope(&question, &answer);
    match arguments.format {
        Format::Text => print_data(&render::entitlement::text(&envelope, context.paint()))?,
        Format::Json => print_data(&render::json::pretty(&envelope))?,
    }
    Ok(match answer {
        EntitlementAnswer::Entitled(_) => Exit::Fine,
        EntitlementAnswer::NotEntitled(_) => Exit::NotEntitled,
        EntitlementAnswer::Ambiguous(_) => Exit::Ambiguous,
    })
}

fn pauses(written: &[String]) -> Result<Pauses, Failure> {
    let pauses: Result<Vec<(Instant, Instant)>, InvalidValue> =
        written.iter().map(|text| parse_pause(text)).collect();
    let pauses =
        pauses.map_err(|misread| Failure::usage(format!("--pause: {}", misread.message), misread.help))?;
    Ok(Pauses::new(pauses))
}
