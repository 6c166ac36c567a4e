//! `servanda conformance`: tries an adapter for a helpdesk that Servanda does not know.

use servanda::render;

use crate::cli::options::Format;
use crate::conformance::{Subject, try_adapter};
use crate::helpdesk::ReadError;
use crate::helpdesk::connect;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::runtime::runtime;

const AFTER_HELP: &str = "\
Examples:
  servanda conformance http://127.0.0.1:8788
                                         try the adapter at this address
  servanda conformance http://127.0.0.1:8788 --access-key ADAPTER_TOKEN
                                         with the token of that variable
  servanda conformance http://127.0.0.1:8788 --quick
                                         a part of the table of states
  servanda conformance http://127.0.0.1:8788 --format json
                                         for programs

Agreements are created and changed only if the adapter says that its helpdesk has no real clients (the capability \
`rehearsal`); they stay there. The helpdesk needs 41 companies, 3 services, 2 people and 2 priorities. docs/adapters.md \
explains each check.

Exit codes: 0 every check passed, 1 a check failed or was not tried.";

/// Try an adapter for a helpdesk of another kind
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The address of the adapter, before `/v1/`
    url: String,
    /// The environment variable that holds the adapter's token
    #[arg(long, value_name = "VARIABLE")]
    access_key: Option<String>,
    /// Try every fifth row of the table of states
    #[arg(long)]
    quick: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Tries the adapter, and prints each check.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let token_variable = arguments.access_key.as_deref();
    let token = token_variable.map(connect::key).transpose()?.unwrap_or_default();
    let subject = Subject { url: &arguments.url, token, token_variable, is_quick: arguments.quick };
    let checks = runtime()?.block_on(try_adapter(&subject, context)).map_err(ReadError::from)?;
    match arguments.format {
        Format::Text => print_data(&render::conformance::text(&checks, context.paint()))?,
        Format::Json => print_data(&render::json::pretty(&checks))?,
    }
    let passes = checks.iter().all(|check| check.fault.is_none());
    Ok(if passes { Exit::Fine } else { Exit::Failure })
}
