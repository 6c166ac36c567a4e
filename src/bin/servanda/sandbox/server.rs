//! The sandbox as a server: opens and seeds it, serves it over HTTP, and stops it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::{Router, middleware};
use servanda::render::sandbox_pages::PageContext;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::clock::SandboxClock;
use super::connection::{ConnectionCutter, CuttableListener};
use super::database::{self, DatabasePath, SCHEMA_VERSION};
use super::error::SandboxError;
use super::faults::{Fault, FaultScript};
use super::options::SandboxOptions;
use super::origin_guard;
use super::pages;
use super::routes;
use super::seed::{self, Seed};
use super::session::{NO_AUTHOR, WriteSession};
use super::state::SandboxState;
use super::wire_format::WireFormat;

/// The access key that Servanda uses itself. It opens only this sandbox, so it is not a secret.
pub(crate) const ACCESS_KEY: &str = "5e7a9da0-0000-4000-8000-000000000001";

/// The employee to whom [`ACCESS_KEY`] belongs, the author of everything that Servanda writes.
pub(crate) const SERVANDA: &str = "Servanda";

/// The embedded helpdesk. A cheap handle: clones share one state.
#[derive(Clone)]
pub(crate) struct Sandbox {
    pub(super) state: Arc<SandboxState>,
}

impl Sandbox {
    /// Opens the database and adds the missing objects of the seed.
    pub(crate) fn open(
        path: &DatabasePath,
        seed: &Seed,
        clock: SandboxClock,
        options: SandboxOptions,
    ) -> Result<Self, SandboxError> {
        let wire_format = WireFormat::new(options)?;
        let (connection, version) = database::open(path)?;
        if version != SCHEMA_VERSION {
            return Err(SandboxError::SchemaVersion { found: version });
        }
        let state = Arc::new(SandboxState::new(connection, wire_format, clock));
        state.write(NO_AUTHOR, |session| {
            seed::apply(session, seed)?;
            add_key(session, ACCESS_KEY, SERVANDA)
        })?;
        Ok(Self { state })
    }

    /// Serves the interface until `until` completes. Open requests are finished first.
    pub(crate) async fn serve(
        &self,
        listener: TcpListener,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        self.serve_router(listener, routes::router(&self.state), until).await
    }

    /// Serves the interface and the pages for a browser.
    pub(crate) async fn serve_with_pages(
        &self,
        listener: TcpListener,
        context: PageContext,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        let router = routes::router(&self.state).merge(pages::router(&self.state, context)?);
        self.serve_router(listener, router, until).await
    }

    async fn serve_router(
        &self,
        listener: TcpListener,
        router: Router,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        let state = Arc::clone(&self.state);
        state.stopping.send_replace(false);
        let stopped = async move {
            until.await;
            state.stopping.send_replace(true);
        };
        let router = router.layer(middleware::from_fn(origin_guard::guard));
        let service = router.into_make_service_with_connect_info::<ConnectionCutter>();
        axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stopped).await?;
        Ok(())
    }

    /// Serves the interface on a free port of loopback, on a thread of its own.
    ///
    /// One thread answers one request after the other, as the database does anyway, and nothing is handed from thread to
    /// thread: an apply may send more than a hundred thousand requests.
    pub(crate) async fn start(&self) -> Result<RunningSandbox, SandboxError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.into_std()?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, mut stopped) = watch::channel(());
        let (end, ended) = oneshot::channel();
        let sandbox = self.clone();
        let serve = move || {
            let served = runtime.block_on(async {
                // An error means that the sender was dropped, which stops the server too.
                let until = async move { drop(stopped.changed().await) };
                sandbox.serve(TcpListener::from_std(listener)?, until).await
            });
            // The files of the database are closed when the stop is known.
            drop((runtime, sandbox));
            drop(end.send(served));
        };
        std::thread::Builder::new().name("sandbox".to_owned()).spawn(serve)?;
        Ok(RunningSandbox { address, stop, ended })
    }

    /// Adds an access key of the employee with this exact title, who is added if needed.
    pub(crate) fn add_key(&self, key: &str, employee: &str) -> Result<(), SandboxError> {
        self.state.write(NO_AUTHOR, |session| add_key(session, key, employee))
    }

    /// Replaces the fault script. Its faults count from the next request.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        self.state.request_log().faults = FaultScript::new(faults);
    }
}

fn add_key(session: &WriteSession, key: &str, employee: &str) -> Result<(), SandboxError> {
    let id = seed::employee(session, employee)?;
    Ok(database::add_key(session.connection, key, id)?)
}

/// A sandbox that is being served; dropping it stops the server.
pub(crate) struct RunningSandbox {
    pub(super) address: SocketAddr,
    stop: watch::Sender<()>,
    ended: oneshot::Receiver<Result<(), SandboxError>>,
}

impl RunningSandbox {
    /// The base URL with the context path, as in settings: `http://127.0.0.1:40123/sd`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/sd", self.address)
    }

    /// Finishes open requests and stops.
    pub(crate) async fn stop(self) -> Result<(), SandboxError> {
        drop(self.stop);
        let panicked =
            |_| Err(SandboxError::Listen(std::io::Error::other("the thread of the server panicked")));
        self.ended.await.unwrap_or_else(panicked)
    }
}
