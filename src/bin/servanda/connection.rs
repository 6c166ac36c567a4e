//! From settings to a helpdesk that can be read and written: a tenant over the network, or the embedded one.
//!
//! The embedded one is started in this process and spoken to over loopback, so that the way there is the
//! way to any other. Planning takes [`Connection::reader`] and never sees a writer.

use servanda::settings::Kind;
use tokio::runtime::{Builder, Runtime};

use crate::context::{AsOf, Context};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::helpdesk::itsm365::{Itsm365Reader, Itsm365Writer};
use crate::helpdesk::http::{Address, Transport};
use crate::repository::Estate;
use crate::sandbox::{self, Sandbox};

/// A helpdesk within reach.
pub(crate) struct Connection {
    transport: Transport,
    mapping: servanda::mapping::Mapping,
    embedded: Option<sandbox::Running>,
}

/// The threads that wait for the network.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::new(Exit::Failure, format!("no threads to be had: {error}")))
}
