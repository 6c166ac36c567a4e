//! The embedded helpdesk as a server: opened, seeded, served, and stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{Router, middleware};
use rusqlite::Connection;
use serde_json::{Map, Value};
use servanda::render::sandbox_pages::Manner;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::clock::Clock;
use super::connection::{Scissors, Wires};
use super::database::{self, DatabasePath};
use super::dialect::Dialect;
use super::error::Refusal;
use super::faults::{Fault, Script};
use super::operations;
use super::options::SandboxOptions;
use super::origin_guard;
use super::pages;
use super::request_log::{RequestLog, Tally};
use super::routes;
use super::seed::{self, Seed};
use super::write::{Edited, Hand};

/// The access key that Servanda itself uses. It opens nothing but this helpdesk, so it is no secret.
pub(crate) const ACCESS_KEY: &str = "5e7a9da0-0000-4000-8000-000000000001";

/// The employee behind [`ACCESS_KEY`], who signs what Servanda writes.
pub(crate) const SERVANDA: &str = "Servanda";

/// Why the helpdesk cannot be opened or served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// `SQLite` failed.
    #[error("the sandbox's database failed")]
    Database(#[from] rusqlite::Error),
    /// The file was laid out by another release.
    #[error("the sandbox's database has layout {found}, and this release reads layout {}", database::LAYOUT)]
    Layout {
        /// The layout of the file.
        found: i64,
    },
    /// An object of the seed cannot be put in place.
    #[error("the sandbox cannot be seeded with \"{title}\": {reason}")]
    Seed {
        /// The object's title.
        title: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The switches name a zone that does not exist.
    #[error("the sandbox's zone `{0}` does not exist")]
    UnknownZone(String),
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen")]
    Listen(#[from] std::io::Error),
}

/// The embedded helpdesk. Clones are hands on the same one.
#[derive(Clone)]
pub(crate) struct Sandbox(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) connection: Mutex<Connection>,
    pub(super) dialect: Dialect,
    pub(super) clock: Clock,
    desk: Mutex<RequestLog>,
    pub(super) closing: watch::Sender<bool>,
    /// How many requests were left without an answer.
    pub(super) silences: watch::Sender<u64>,
}

impl Sandbox {
    /// Opens the helpdesk and adds what the seed has and it lacks.
    pub(crate) fn open(
        path: &DatabasePath,
        seed: &Seed,
        clock: Clock,
        options: SandboxOptions,
    ) -> Result<Self, SandboxError> {
        let dialect = Dialect::new(options)?;
        let (connection, layout) = database::open(path)?;
        if layout != database::LAYOUT {
            return Err(SandboxError::Layout { found: layout });
        }
        let sandbox = Self(Arc::new(Inner {
            connection: Mutex::new(connection),
            dialect,
            clock,
            desk: Mutex::default(),
            closing: watch::Sender::new(false),
            silences: watch::Sender::new(0),
        }));
        sandbox.0.prepare(|hand| {
            seed::apply(hand, seed)?;
            let servanda = seed::employee(hand, SERVANDA)?;
            Ok(database::give_key(hand.connection, ACCESS_KEY, servanda)?)
        })?;
        Ok(sandbox)
    }

    /// Serves on a listener until told to stop. Requests on the way are answered first.
    pub(crate) async fn serve(
        &self,
        listener: TcpListener,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        self.serve_all(listener, routes::router(self.clone()), until).await
    }

    /// Serves the pages too.
    pub(crate) async fn serve_with_pages(
        &self,
        listener: TcpListener,
        manner: Manner,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        let router = routes::router(self.clone()).merge(pages::router(self, manner)?);
        self.serve_all(listener, router, until).await
    }

    async fn serve_all(
        &self,
        listener: TcpListener,
        router: Router,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        let inner = Arc::clone(&self.0);
        inner.closing.send_replace(false);
        let stopped = async move {
            until.await;
            inner.closing.send_replace(true);
        };
        let router = router.layer(middleware::from_fn(origin_guard::guard));
        let service = router.into_make_service_with_connect_info::<Scissors>();
        axum::serve(Wires(listener), service).with_graceful_shutdown(stopped).await?;
        Ok(())
    }

    /// Serves on a free port of loopback, in the background of the runtime that this is called on.
    pub(crate) async fn start(&self) -> Result<Running, SandboxError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(());
        let sandbox = self.clone();
        let task = tokio::spawn(async move {
            // An error means that the sender is gone, which is a wish to stop as well.
            let until = async move { drop(stopped.changed().await) };
            sandbox.serve(listener, until).await
        });
        Ok(Running { address, stop, task })
    }

    /// Gives an employee a further access key; one of this exact title is made where there is none.
    pub(crate) fn add_key(&self, key: &str, employee: &str) -> Result<(), SandboxError> {
        self.0.prepare(|hand| {
            let id = seed::employee(hand, employee)?;
            Ok(database::give_key(hand.connection, key, id)?)
        })
    }

    /// Changes an object as a person at the screen would, past the counter; the person is made if need be.
    pub(crate) fn hand_edit(&self, uuid: &str, attributes: &Value, who: &str) -> Result<Edited, Refusal> {
        let body = attributes.as_object().cloned().unwrap_or_default();
        self.0.hand_edit(uuid, &body, who)
    }

    /// What `find` would answer, past the counter.
    pub(crate) fn look(&self, fqn: &str, filter: &Value) -> Result<Vec<Value>, Refusal> {
        let call = operations::Call {
            number: 0,
            target: fqn,
            attrs: None,
            offset: 0,
            limit: None,
            body: filter.as_object().cloned().unwrap_or_default(),
            author: 0,
        };
        let (_, answer) = operations::find(&self.0, &call)?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Puts a script of faults in place of the one before; its faults count from the next request on.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        self.0.desk().script = Script::new(faults);
    }

    /// Waits until so many requests were left without an answer.
    pub(crate) async fn fell_silent(&self, times: u64) {
        let mut silences = self.0.silences.subscribe();
        // The sender lives as long as this helpdesk does.
        drop(silences.wait_for(|silences| *silences >= times).await);
    }

    /// How many requests came so far, by verb.
    pub(crate) fn requests(&self) -> Tally {
        self.0.desk().tally
    }
}

impl Inner {
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, RequestLog> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hand_edit(
        &self,
        uuid: &str,
        attributes: &Map<String, Value>,
        who: &str,
    ) -> Result<Edited, Refusal> {
        let author = self.prepare(|hand| seed::employee(hand, who));
        let author = author.map_err(|error| Refusal::invalid(error.to_string()))?;
        let handle = operations::present(self, uuid)?;
        operations::edit_object(self, &handle, attributes, author)
    }

    pub(super) fn hidden(&self, request: u64) -> Vec<i64> {
        self.desk().hidden(request, self.dialect.options.search_lag)
    }

    pub(super) fn made(&self, request: u64, id: i64) {
        self.desk().made(request, id, self.dialect.options.search_lag);
    }

    /// Carries out, in one transaction, what belongs to the ground and not to a request.
    pub(super) fn prepare<T>(
        &self,
        work: impl FnOnce(&Hand) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut connection = self.connection();
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(behavior)?;
        let hand =
            Hand { connection: &transaction, dialect: &self.dialect, author: 0, now: self.clock.second() };
        let done = work(&hand)?;
        transaction.commit()?;
        Ok(done)
    }
}

/// A helpdesk that is being served; it stops when this is dropped.
pub(crate) struct Running {
    address: SocketAddr,
    stop: watch::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), SandboxError>>,
}

impl Running {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address up to and with the context path, as settings have it: `http://127.0.0.1:40123/sd`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/sd", self.address)
    }

    /// Stops it, once the requests on the way are answered.
    pub(crate) async fn stop(self) -> Result<(), SandboxError> {
        drop(self.stop);
        match self.task.await {
            Ok(served) => served,
            Err(error) => Err(SandboxError::Listen(std::io::Error::other(error))),
        }
    }
}
