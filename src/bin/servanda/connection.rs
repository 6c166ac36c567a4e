//! From settings to a helpdesk that can be read and written: a tenant over the network, or the embedded one.
//!
//! The embedded one is started in this process and spoken to over loopback, so that the way there is the
//! way to any other. Planning takes [`Connection::reader`] and never sees a writer.

use std::path::{Component, Path};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::mapping::Mapping;
use servanda::settings::{Kind, Pace};
use tokio::runtime::{Builder, Runtime};

use crate::context::{AsOf, Context, clock};
use crate::failure::{Exit, Failure};
use crate::helpdesk::http::Place;
use crate::helpdesk::itsm365::{Habits, Itsm365Reader, Itsm365Writer};
use crate::helpdesk::transport::Transport;
use crate::helpdesk::{ReadError, Reader, Writer};
use crate::repository::Estate;
use crate::sandbox::{self, Clock, Knobs};
use crate::{embedded, files};

/// What is shorter is no key, and could not be kept out of a text that happens to hold the same letters.
const SHORTEST_KEY: usize = 8;

/// A helpdesk within reach.
pub(crate) struct Connection {
    transport: Transport,
    mapping: Mapping,
    pace: Pace,
    habits: Arc<Habits>,
    embedded: Option<sandbox::Running>,
}

/// The threads that wait for the network.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::new(Exit::Failure, format!("no threads to be had: {error}")))
}

/// Opens the helpdesk of the settings. The embedded one lives at the instant of the run.
pub(crate) async fn open(estate: &Estate, as_of: AsOf) -> Result<Connection, Failure> {
    let helpdesk = &estate.settings.helpdesk;
    let (transport, embedded) = match &helpdesk.kind {
        Kind::Sandbox => {
            let clock = if as_of.is_asked { Clock::standing(as_of.instant) } else { Clock::asked(clock) };
            let file = embedded::file(&estate.root)?;
            let sandbox = embedded::open(file, &estate.catalog, &estate.agreements, clock, Knobs::default())?;
            let running = sandbox.start().await?;
            let key = SecretString::from(sandbox::ACCESS_KEY);
            (Transport::new(&Place::at(&running.url()), key, &helpdesk.pace), Some(running))
        }
        Kind::Itsm365 { url, reach, access_key_variable, ca_file } => {
            let key =
                Context::secret(access_key_variable).filter(|key| key.expose_secret().len() >= SHORTEST_KEY);
            let key = key.ok_or_else(|| no_key(access_key_variable))?;
            let certificates = match ca_file {
                Some(file) => Some(trusted_text(estate, file).await?),
                None => None,
            };
            let certificates = certificates.as_ref().map(String::as_bytes);
            let place = Place { url, reach: *reach, certificates };
            (Transport::new(&place, key, &helpdesk.pace), None)
        }
    };
    let transport = transport.map_err(ReadError::from)?;
    let (mapping, pace) = (helpdesk.mapping.clone(), helpdesk.pace);
    Ok(Connection { transport, mapping, pace, habits: Arc::default(), embedded })
}

/// A file that the settings name. Where they are those of a trusted commit, a file of the repository is too: on disk
/// there may be what a pull request put there.
async fn trusted_text(estate: &Estate, file: &str) -> Result<String, Failure> {
    let is_within = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    match &estate.base {
        Some(base) if is_within => base.text(file).await?.ok_or_else(|| {
            Failure::new(Exit::Failure, format!("{} holds no {file}, which its settings name", base.short()))
        }),
        _ => files::read_named(&estate.root.join(file)),
    }
}

fn no_key(variable: &str) -> Failure {
    Failure::new(Exit::Credentials, format!("the variable {variable} holds no key"))
        .help("put the helpdesk's access key into it; servanda.yaml names it under `helpdesk.access_key`")
}

impl Connection {
    /// A helpdesk that is reached by this transport.
    #[cfg(test)]
    pub(crate) fn by(transport: Transport, mapping: Mapping, pace: Pace) -> Self {
        Self { transport, mapping, pace, habits: Arc::default(), embedded: None }
    }

    /// What reads the helpdesk.
    pub(crate) fn reader(&self) -> impl Reader + '_ {
        Itsm365Reader::new(&self.transport, &self.mapping, self.pace.page_size).knowing(&self.habits)
    }

    /// What writes to it.
    pub(crate) fn writer(&self) -> impl Writer + '_ {
        Itsm365Writer::new(&self.transport, &self.mapping)
    }

    /// What the clock of the helpdesk says now, where it tells.
    pub(crate) fn server_clock(&self) -> Option<servanda::calendar::Instant> {
        self.transport.server_clock()
    }

    /// What plans call the helpdesk: its address, or that it is the embedded one.
    pub(crate) fn name(&self) -> String {
        match self.embedded {
            Some(_) => "the embedded helpdesk".to_owned(),
            None => self.transport.safe_name(),
        }
    }

    /// Ends the embedded helpdesk, once it has answered what is on the way.
    pub(crate) async fn close(self) {
        if let Some(running) = self.embedded
            && let Err(error) = running.stop().await
        {
            tracing::warn!("the embedded helpdesk did not end well: {error}");
        }
    }
}
