//! `servanda serve`: the answers of `entitled` over HTTP, for a portal or a bot that asks at the moment of a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::Global;
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::process::shutdown;
use crate::serve::{PLACES, ServerState, Source, Watcher, serve};
use crate::workspace::load;

const AFTER_HELP: &str = "\
Examples:
  servanda serve                                    serve this folder on 127.0.0.1:8788
  servanda serve --revision origin/main             serve what a branch of Git says, commit by commit
  curl -s 'http://127.0.0.1:8788/v1/entitlement?client=portovik&service=email&priority=high'

It is read-only and knows no passwords: keep it on loopback, or behind something that does.
GET /openapi.json describes the routes, /healthz and /metrics tell how it is.";

/// Answer over HTTP what `entitled` answers
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// Serve what this name of Git stands for, in place of the folder
    #[arg(long, value_name = "NAME")]
    revision: Option<String>,
    /// How long the files of the folder have to stand still before they are taken in, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500, conflicts_with = "revision",
        value_parser = clap::value_parser!(u64).range(50..=60_000))]
    settle: u64,
}

/// How often a folder that moves is looked at before the first workspace is given up.
const ATTEMPTS: usize = 20;

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let root = load::find(global, context)?;
    let source = match &arguments.revision {
        Some(name) => Source::Revision { root, name: name.clone() },
        None => Source::Folder { root, settle: Duration::from_millis(arguments.settle) },
    };
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let threads = threads.map_err(|error| {
        Failure::new(Exit::Failure, "cli-failure", format!("no threads to be had: {error}"))
    })?;
    threads.block_on(async {
        let mut first = None;
        for _ in 0..ATTEMPTS {
            first = source.read(clock()).await?;
            if first.is_some() {
                break;
            }
        }
        let (state, served) = first.ok_or_else(|| {
            Failure::new(Exit::Failure, "cli-failure", "the files move all the time")
                .help("serve a branch with `--revision`")
        })?;
        let listener = tokio::net::TcpListener::bind(arguments.listen).await;
        let listener = listener.map_err(|error| {
            Failure::new(Exit::Failure, "cli-failure", format!("{}: {error}", arguments.listen))
                .help("choose another address with `--listen`")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(Exit::Failure, "cli-failure", error.to_string()))?;
        tell(&format!("http://{address}\n"))?;
        say(&format!(
            "serving {} ({} agreements); Ctrl-C stops\n",
            served.digest,
            served.register.agreements().len()
        ));
        let desk = Arc::new(ServerState::new(served, clock));
        let stop = shutdown::listen();
        let serving = tokio::spawn(serve(listener, Arc::clone(&desk), PLACES, stop.clone()));
        // Here, beside the threads that answer: to read ten thousand files must not keep a request waiting.
        Watcher::new(source, state, desk).watch(stop).await;
        serving.await.map_err(|error| Failure::new(Exit::Failure, "cli-failure", error.to_string()))?;
        say("stopped\n");
        Ok(Exit::Fine)
    })
}
