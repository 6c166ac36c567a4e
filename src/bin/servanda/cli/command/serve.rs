//! `servanda serve`: answers `entitled` queries over HTTP, for a portal or a bot.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::log;
use crate::process::runtime::server_runtime;
use crate::process::shutdown;
use crate::serve::{CONNECTION_LIMIT, ServerState, Watcher, WorkspaceSource, serve};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda serve                            the files of this folder
  servanda serve --revision origin/main     a branch of Git, and its new commits
  servanda serve --log-format json          with a log for a collector
  curl -s 'http://127.0.0.1:8788/v1/services?client=portovik'

The server is read-only and has no authentication: keep it on loopback, or behind a proxy that authenticates. \
It answers requests to addresses and to localhost; a proxy or a container that uses a name needs `--host NAME`. \
GET /openapi.json describes the routes; /healthz and /metrics report the state.";

/// Answer `entitled` queries over HTTP
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 means any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// A name under which clients reach the server, besides addresses and localhost; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Serve this Git revision instead of the folder
    #[arg(long, value_name = "NAME")]
    revision: Option<String>,
    /// The time the files must be unchanged before they are loaded, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500, conflicts_with = "revision",
        value_parser = clap::value_parser!(u64).range(50..=60_000))]
    settle: u64,
}

/// The number of attempts to read a folder whose files keep changing, at the start.
const ATTEMPTS: usize = 20;

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let root = load::find(context)?;
    let source = match &arguments.revision {
        Some(name) => WorkspaceSource::Revision { root, name: name.clone() },
        None => WorkspaceSource::Folder { root, settle: Duration::from_millis(arguments.settle) },
    };
    server_runtime()?.block_on(async {
        let mut first = None;
        for _ in 0..ATTEMPTS {
            first = source.load(clock()).await?;
            if first.is_some() {
                break;
            }
        }
        let (version, workspace) = first.ok_or_else(|| {
            Failure::new(Exit::Failure, "files-changing", "the files keep changing while they are read")
                .help("serve a branch with `--revision`")
        })?;
        let listener = tokio::net::TcpListener::bind(arguments.listen).await;
        let listener = listener.map_err(|error| {
            Failure::new(Exit::Failure, "address-unavailable", format!("{}: {error}", arguments.listen))
                .help("choose another address with `--listen`")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(Exit::Failure, "address-unavailable", error.to_string()))?;
        print_data(&format!("http://{address}\n"))?;
        log(&format!(
            "serving {} ({} agreements); Ctrl-C stops\n",
            workspace.digest,
            workspace.register.agreements().len()
        ));
        let server_state = Arc::new(ServerState::new(workspace, clock).at_hosts(arguments.host.clone()));
        let stop = shutdown::listen();
        let serving =
            tokio::spawn(serve(listener, Arc::clone(&server_state), CONNECTION_LIMIT, stop.clone()));
        // On this thread, not on those that answer: reading ten thousand files must not delay a request.
        Watcher::new(source, version, server_state).watch(stop).await;
        serving.await.map_err(|error| Failure::new(Exit::Failure, "server-failed", error.to_string()))?;
        log("stopped\n");
        Ok(Exit::Fine)
    })
}
