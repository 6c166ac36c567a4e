//! `servanda sandbox serve`: the embedded helpdesk on a port of loopback, until it is told to stop.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use servanda::render::sandbox_pages::PageContext;
use servanda::settings::Language;

use crate::cli::Global;
use crate::cli::command::report::Tongue;
use crate::helpdesk::connect;
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::process::shutdown;
use crate::sandbox::from_catalog;
use crate::sandbox::{ACCESS_KEY, SERVANDA, SandboxClock};
use crate::workspace::files;
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda sandbox serve --port 8787     serve the repository's own embedded helpdesk
                                         look at http://127.0.0.1:8787/ and at /portal
  curl -s 'http://127.0.0.1:8787/sd/services/rest/find/agreement?accessKey=KEY' -d '{}'";

/// Run the embedded helpdesk
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve it on a port of loopback
    #[command(after_help = AFTER_HELP)]
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// Its database; without it, the one in .servanda/ that commands use too
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The port; without it, any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The variable of the environment with a further access key that it accepts
    #[arg(long, value_name = "VARIABLE")]
    key_from: Option<String>,
    /// The language of its pages; without it, that of servanda.yaml
    #[arg(long, value_enum)]
    language: Option<Tongue>,
    /// Switches of the dialect, as JSON; docs/sandbox.md lists them
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// Faults to play, as a list in JSON; docs/sandbox.md lists them
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// A file of switches or faults; without one, those that a fresh helpdesk has.
fn read_json<T: serde::de::DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, Failure> {
    let Some(path) = path else {
        return Ok(T::default());
    };
    serde_json::from_str(&files::read_named(path)?).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", path.display()),
            "docs/sandbox.md lists every switch and every fault",
        )
    })
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let Command::Serve(serve) = &arguments.command;
    let workspace = load::check(load::load(global, context)?, context.now, global, context)?;
    let file = match &serve.db {
        None => from_catalog::database_file(&workspace.root)?,
        Some(path) => path.clone(),
    };
    let options = read_json(serve.options.as_deref())?;
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
            .ok_or_else(|| Failure::usage(format!("{variable} holds no key"), "put one into it"))?;
        sandbox.add_key(key.expose_secret(), SERVANDA)?;
    }
    let language = serve.language.map_or(workspace.settings.language, Language::from);
    let manner = PageContext { language, zone: workspace.settings.zone };
    connect::runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, serve.port)).await;
        let listener = listener.map_err(|error| {
            Failure::new(Exit::Failure, "cli-failure", format!("port {} of 127.0.0.1: {error}", serve.port))
                .help("choose another with `--port`, or leave it out for any that is free")
        })?;
        let address =
            listener.local_addr().map_err(|error| Failure::new(Exit::Failure, "cli-failure", error.to_string()))?;
        tell(&format!("http://{address}/sd\n"))?;
        say(&format!(
            "serving; the access key is {ACCESS_KEY}; Ctrl-C stops\n  agreements  http://{address}/\n  portal      http://{address}/portal\n"
        ));
        let stop = shutdown::listen();
        let until = async move { stop.wait().await };
        sandbox.serve_with_pages(listener, manner, until).await?;
        Ok(Exit::Fine)
    })
}
