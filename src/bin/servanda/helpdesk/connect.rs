//! From settings to a helpdesk that can be read and written: a tenant over the network, or the embedded one.
//!
//! The embedded one is started in this process and spoken to over loopback, so that the way there is the
//! way to any other. Planning takes [`Connection::reader`] and never sees a writer.

use std::path::{Component, Path};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::agreement::Agreement;
use servanda::catalog::Catalog;
use servanda::check::CheckedRepository;
use servanda::mapping::Mapping;
use servanda::settings::{HelpdeskConfig, Login, Pace, Priorities, Product};

use crate::helpdesk::itop::{Form, ItopExplorer, ItopReader, ItopTransport, ItopWriter, Memory};
use crate::helpdesk::itsm365::{Habits, Itsm365Explorer, Itsm365Reader, Itsm365Writer};
use crate::helpdesk::{AnyExplorer, AnyReader, AnyWriter, Explorer, ReadError, Reader, Writer};
use crate::http::client::Endpoint;
use crate::http::transport::Transport;
use crate::process::context::{AsOf, Context, clock};
use crate::process::failure::{Exit, Failure};
use crate::process::runtime::runtime;
use crate::sandbox::from_catalog;
use crate::sandbox::{self, SandboxClock, SandboxOptions};
use crate::workspace::files;
use crate::workspace::git_tree::Commit;
use crate::workspace::load::Workspace;

/// What is shorter is no key, and could not be kept out of a text that happens to hold the same letters.
const SHORTEST_KEY: usize = 8;

/// A helpdesk within reach.
pub(crate) struct Connection {
    way: Way,
    mapping: Mapping,
    pace: Pace,
    embedded: Option<sandbox::RunningSandbox>,
}

/// The way to a helpdesk, with what is learned of it on the way.
enum Way {
    Itsm365 { transport: Transport, habits: Arc<Habits> },
    Itop { transport: ItopTransport, priorities: Priorities, memory: Memory },
}

impl Way {
    fn to_itsm365(transport: Transport) -> Self {
        Self::Itsm365 { transport, habits: Arc::default() }
    }
}

/// Opens the helpdesk of an workspace. The embedded one lives at the instant of the run.
pub(crate) async fn open(workspace: &Workspace, as_of: AsOf) -> Result<Connection, Failure> {
    let Workspace { root, settings, catalog, agreements, base, .. } = workspace;
    let ground = Ground { catalog, agreements, base: base.as_ref() };
    open_at(root, &settings.helpdesk, ground, as_of).await
}

/// What a helpdesk is opened over, besides its own settings.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// What the embedded helpdesk is seeded with.
    pub(crate) catalog: &'a Catalog,
    pub(crate) agreements: &'a [Agreement],
    /// The commit that is trusted, where the files are of a pull request.
    pub(crate) base: Option<&'a Commit>,
}

/// Looks at the helpdesk of what was examined, whatever may be wrong with the rest of the repository.
pub(crate) fn look<T>(
    root: &Path,
    checked: &CheckedRepository,
    as_of: AsOf,
    look: impl AsyncFnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let ground = Ground { catalog: &checked.catalog, agreements: &checked.agreements, base: None };
    runtime()?.block_on(async {
        let connection = open_at(root, &checked.settings.helpdesk, ground, as_of).await?;
        let found = look(&connection).await;
        connection.close().await;
        found
    })
}

/// Opens a helpdesk, whatever may be wrong with the rest of the repository.
pub(crate) async fn open_at(
    root: &Path,
    helpdesk: &HelpdeskConfig,
    ground: Ground<'_>,
    as_of: AsOf,
) -> Result<Connection, Failure> {
    let (way, embedded) = match &helpdesk.kind {
        Product::Sandbox => {
            let clock = if as_of.is_asked {
                SandboxClock::fixed(as_of.instant)
            } else {
                SandboxClock::running(clock)
            };
            let file = from_catalog::database_file(root)?;
            let sandbox = from_catalog::open(
                file,
                ground.catalog,
                ground.agreements,
                clock,
                SandboxOptions::default(),
            )?;
            let running = sandbox.start().await?;
            let key = SecretString::from(sandbox::ACCESS_KEY);
            let transport = Transport::new(&Endpoint::at(&running.url()), key, &helpdesk.pace);
            (transport.map(Way::to_itsm365), Some(running))
        }
        Product::Itsm365 { url, reach, access_key_variable, ca_file } => {
            let key = key(access_key_variable)?;
            let certificates = certificates(root, ground.base, ca_file.as_deref()).await?;
            let place =
                Endpoint { url, reach: *reach, certificates: certificates.as_deref().map(str::as_bytes) };
            (Transport::new(&place, key, &helpdesk.pace).map(Way::to_itsm365), None)
        }
        Product::Itop { url, reach, login, ca_file, priorities } => {
            let form = match login {
                Login::Token(token) => Form::Token(key(token)?),
                Login::Password { user, password } => {
                    let user = Context::secret(user).ok_or_else(|| no_key(user))?;
                    Form::Password { user: user.expose_secret().to_owned(), password: key(password)? }
                }
            };
            let certificates = certificates(root, ground.base, ca_file.as_deref()).await?;
            let place =
                Endpoint { url, reach: *reach, certificates: certificates.as_deref().map(str::as_bytes) };
            let priorities = priorities.clone();
            let way = |transport| Way::Itop { transport, priorities, memory: Memory::default() };
            (Transport::to(&place, form, &helpdesk.pace).map(way), None)
        }
    };
    let way = way.map_err(ReadError::from)?;
    let (mapping, pace) = (helpdesk.mapping.clone(), helpdesk.pace);
    Ok(Connection { way, mapping, pace, embedded })
}

fn key(variable: &str) -> Result<SecretString, Failure> {
    let key = Context::secret(variable).filter(|key| key.expose_secret().len() >= SHORTEST_KEY);
    key.ok_or_else(|| no_key(variable))
}

async fn certificates(
    root: &Path,
    base: Option<&Commit>,
    file: Option<&str>,
) -> Result<Option<String>, Failure> {
    match file {
        Some(file) => Ok(Some(trusted_text(root, base, file).await?)),
        None => Ok(None),
    }
}

/// A file that the settings name. Where they are those of a trusted commit, a file of the repository is too: on disk
/// there may be what a pull request put there.
async fn trusted_text(root: &Path, base: Option<&Commit>, file: &str) -> Result<String, Failure> {
    let is_within = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    match base {
        Some(base) if is_within => base.text(file).await?.ok_or_else(|| {
            Failure::new(
                Exit::Failure,
                "helpdesk-failure",
                format!("{} holds no {file}, which its settings name", base.short()),
            )
        }),
        _ => files::read_named(&root.join(file)),
    }
}

fn no_key(variable: &str) -> Failure {
    Failure::new(Exit::Credentials, "helpdesk-credentials", format!("the variable {variable} holds no key")).help(
        "put the helpdesk's access key, user or password into it; servanda.yaml names it under `helpdesk:`",
    )
}

impl Connection {
    /// A helpdesk that is reached by this transport.
    #[cfg(test)]
    pub(crate) fn by(transport: Transport, mapping: Mapping, pace: Pace) -> Self {
        Self { way: Way::to_itsm365(transport), mapping, pace, embedded: None }
    }

    /// An iTop that is reached by this transport.
    #[cfg(test)]
    pub(crate) fn by_itop(
        transport: ItopTransport,
        priorities: Priorities,
        mapping: Mapping,
        pace: Pace,
    ) -> Self {
        let way = Way::Itop { transport, priorities, memory: Memory::default() };
        Self { way, mapping, pace, embedded: None }
    }

    /// What reads the helpdesk.
    pub(crate) fn reader(&self) -> impl Reader + '_ {
        let (mapping, page_size) = (&self.mapping, self.pace.page_size);
        match &self.way {
            Way::Itsm365 { transport, habits } => {
                AnyReader::Itsm365(Itsm365Reader::new(transport, mapping, page_size).knowing(habits))
            }
            Way::Itop { transport, priorities, memory } => {
                AnyReader::Itop(ItopReader::new(transport, mapping, priorities, page_size, memory))
            }
        }
    }

    /// What looks at it before anything is known of it.
    pub(crate) fn explorer(&self) -> impl Explorer + '_ {
        match &self.way {
            Way::Itsm365 { transport, .. } => {
                AnyExplorer::Itsm365(Itsm365Explorer::new(transport, self.pace.page_size))
            }
            Way::Itop { transport, .. } => AnyExplorer::Itop(ItopExplorer::new(transport)),
        }
    }

    /// What writes to it in the name of a run.
    pub(crate) fn writer(&self, run: &str) -> impl Writer + '_ {
        match &self.way {
            Way::Itsm365 { transport, .. } => {
                AnyWriter::Itsm365(Itsm365Writer::new(transport, &self.mapping))
            }
            Way::Itop { transport, memory, .. } => {
                AnyWriter::Itop(ItopWriter::new(transport, &self.mapping, memory, run))
            }
        }
    }

    /// What the clock of the helpdesk says now, where it tells.
    pub(crate) fn server_clock(&self) -> Option<servanda::calendar::Instant> {
        match &self.way {
            Way::Itsm365 { transport, .. } => transport.server_clock(),
            Way::Itop { transport, .. } => transport.server_clock(),
        }
    }

    /// What plans call the helpdesk: its address, or that it is the embedded one.
    pub(crate) fn name(&self) -> String {
        match self.embedded {
            Some(_) => "the embedded helpdesk".to_owned(),
            None => match &self.way {
                Way::Itsm365 { transport, .. } => transport.safe_name(),
                Way::Itop { transport, .. } => transport.safe_name(),
            },
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
