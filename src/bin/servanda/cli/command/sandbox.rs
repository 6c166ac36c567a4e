//! `servanda sandbox serve`: serves the embedded helpdesk on a port of loopback, until it is stopped.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use servanda::render::sandbox_pages::PageContext;
use servanda::settings::Language;

use crate::cli::options::{HelpdeskOption, LanguageName};
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::inform;
use crate::process::runtime::server_runtime;
use crate::process::shutdown;
use crate::sandbox::from_catalog;
use crate::sandbox::{ACCESS_KEY, SERVANDA, SandboxClock, SandboxOptions};
use crate::workspace::dropped_texts::load_to_check;
use crate::workspace::files;

const AFTER_HELP: &str = "\
Examples:
  servanda sandbox serve --port 8787     serve the helpdesk of this repository;
                                         open http://127.0.0.1:8787/ or /portal
  curl -d '{}' \\
      'http://127.0.0.1:8787/sd/services/rest/find/agreement?accessKey=KEY'";

/// Run the embedded helpdesk
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve the helpdesk on a port of loopback
    #[command(after_help = AFTER_HELP)]
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    #[command(flatten)]
    helpdesk: HelpdeskOption,
    /// The database; without it, the one in .servanda/ that the other commands use
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The port; 0 means any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// An environment variable with another access key to accept
    #[arg(long, value_name = "VARIABLE")]
    key_from: Option<String>,
    /// The language of the pages; without it, that of servanda.yaml
    #[arg(long, value_enum)]
    language: Option<LanguageName>,
    /// Options of the dialect, as JSON; docs/sandbox.md lists them
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// Faults to inject, as a list in JSON; docs/sandbox.md lists them
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// Reads a file of options or faults; without one, the defaults.
fn read_json<T: serde::de::DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, Failure> {
    let Some(path) = path else {
        return Ok(T::default());
    };
    serde_json::from_str(&files::read_named(path)?).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", path.display()),
            "see docs/sandbox.md for every option and fault",
        )
    })
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Command::Serve(serve) = &arguments.command;
    let workspace = load_to_check(context)?.into_workspace(context.now, context)?;
    let workspace = workspace.of_one_helpdesk(serve.helpdesk.helpdesk.as_deref())?;
    let file = match &serve.db {
        None => from_catalog::database_file(&workspace.root, workspace.settings.helpdesk.name.as_ref())?,
        Some(path) => path.clone(),
    };
    let mut options: SandboxOptions = read_json(serve.options.as_deref())?;
    options.follow(&workspace.settings.helpdesk.mapping.recipients);
    let sandbox = from_catalog::open(
        file,
        &workspace.catalog,
        &workspace.agreements,
        SandboxClock::running(clock),
        options,
    )?;
    sandbox.set_faults(read_json(serve.faults.as_deref())?);
    if let Some(variable) = &serve.key_from {
        let key = Context::secret(variable)
            .ok_or_else(|| Failure::usage(format!("{variable} is not set"), "put an access key into it"))?;
        sandbox.add_key(key.expose_secret(), SERVANDA)?;
    }
    let language = serve.language.map_or(workspace.settings.language, Language::from);
    let pages = PageContext { language, zone: workspace.settings.zone };
    server_runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, serve.port)).await;
        let listener = listener.map_err(|error| {
            Failure::new(Exit::Failure, "address-unavailable", format!("127.0.0.1:{}: {error}", serve.port))
                .help("choose another port with `--port`, or omit it for any free one")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(Exit::Failure, "address-unavailable", error.to_string()))?;
        print_data(&format!("http://{address}/sd\n"))?;
        inform(&format!(
            "serving; the access key is {ACCESS_KEY}; Ctrl-C stops\n  agreements  http://{address}/\n  portal      http://{address}/portal\n"
        ));
        let stop = shutdown::listen();
        let until = async move { stop.wait().await };
        sandbox.serve_with_pages(listener, pages, until).await?;
        Ok(Exit::Fine)
    })
}
