//! `servanda serve`: answers `entitled` queries over HTTP, for a portal or a bot, and shows the report, clients' pages and a
//! plan to people.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use servanda::guard::Acknowledgements;
use servanda::render;
use servanda::render::link::Links;
use servanda::selection::AgreementSelection;

use crate::process::context::{AsOf, Context, clock};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::log;
use crate::process::runtime::server_runtime;
use crate::process::shutdown;
use crate::reconcile::joint::combined;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::snapshot::{against_snapshot, against_snapshots};
use crate::serve::{CONNECTION_LIMIT, PlanPage, ServerState, Watcher, WorkspaceSource, serve};
use crate::workspace::load;
use crate::workspace::settings_file::SettingsFile;

const AFTER_HELP: &str = "\
Examples:
  servanda serve                            the files of this folder
  servanda serve --revision origin/main     a branch of Git, and its new commits
  servanda serve --snapshot live.json       also a plan, of a snapshot
  servanda serve --base-path /sla           behind a proxy that serves more
  servanda serve --log-format json          with a log for a collector
  curl -s 'http://127.0.0.1:8788/v1/services?client=portovik'

`/` is the report, `/clients/SLUG` the page of a client, `/plan` the plan of the snapshot. Pages follow the files.

The server is read-only and has no authentication: keep it on loopback, or behind a proxy that authenticates. \
It answers requests to addresses and to localhost; a proxy or a container that uses a name needs `--host NAME`. \
GET /openapi.json describes the routes; /healthz and /metrics report the state.";

/// Answer `entitled` queries over HTTP, and show the report
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 means any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// A name under which clients reach the server, besides addresses and localhost; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Serve below this path, such as /sla
    #[arg(long, value_name = "PATH", default_value = "", value_parser = base_path)]
    base_path: String,
    /// Show the plan against this snapshot at /plan; the file may be replaced at any time
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Serve this Git revision instead of the folder
    #[arg(long, value_name = "NAME")]
    revision: Option<String>,
    /// The time the files must be unchanged before they are loaded, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500, conflicts_with = "revision",
        value_parser = clap::value_parser!(u64).range(50..=60_000))]
    settle: u64,
}

/// Makes the page with the plan of a workspace against a snapshot, which is read for each page.
fn plan_page(path: PathBuf) -> PlanPage {
    Box::new(move |workspace, now| {
        let terms = PlanTerms {
            as_of: AsOf { instant: now, is_asked: true },
            prune: false,
            acknowledged: Acknowledgements::default(),
            selection: AgreementSelection::default(),
        };
        let mut workspaces = workspace.by_helpdesk(&terms.selection)?;
        let links = Links::beside_the_report();
        if !workspaces.is_single() {
            let (plans, failures) = against_snapshots(&mut workspaces, &terms, &path);
            return Ok(render::helpdesks::page(&combined(plans, &failures)?, &links));
        }
        let plan = against_snapshot(&mut workspaces.helpdesks[0], &terms, &path)?;
        Ok(render::html::page(&plan, &links))
    })
}

/// Parses a path that all routes begin with: `/sla` or `/tools/sla`.
fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let is_segment = |segment: &str| {
        let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
        !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(is_allowed)
    };
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(String::new()),
        Some(rest) if rest.split('/').all(is_segment) => Ok(path.to_owned()),
        _ => {
            Err("write a path such as /sla: a slash, then letters, digits, `-`, `.`, `_` and `~`".to_owned())
        }
    }
}

/// The number of attempts to read a folder whose files keep changing, at the start.
const ATTEMPTS: usize = 20;

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let root = load::find(context)?;
    let settings = SettingsFile::of(context)?;
    let source = match &arguments.revision {
        Some(name) => WorkspaceSource::Revision { root, settings, name: name.clone() },
        None => WorkspaceSource::Folder { root, settings, settle: Duration::from_millis(arguments.settle) },
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
        print_data(&format!("http://{address}{}\n", arguments.base_path))?;
        log(&format!(
            "serving {} ({} agreements); Ctrl-C stops\n",
            workspace.digest,
            workspace.register.agreements().len()
        ));
        let server_state = ServerState::new(workspace, clock)
            .at_hosts(arguments.host.clone())
            .below(arguments.base_path.clone())
            .with_plan(arguments.snapshot.clone().map(plan_page));
        let server_state = Arc::new(server_state);
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
