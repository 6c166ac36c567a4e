//! Connects to the helpdesk of the settings: one over the network, or the embedded sandbox.
//!
//! The sandbox runs in this process and is connected to over loopback, so that it is used in the same way as
//! any other helpdesk. Planning takes [`Connection::reader`] and never gets a writer.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use servanda::agreement::Agreement;
use servanda::bridge::{Capability, Description};
use servanda::catalog::Catalog;
use servanda::check::CheckedRepository;
use servanda::ident::HelpdeskName;
use servanda::mapping::Mapping;
use servanda::settings::{HelpdeskConfig, Login, Pace, Priorities, Product, Settings, is_this_machine};

use super::bridge::{
    BridgeCache, BridgeExplorer, BridgeReader, BridgeToken, BridgeTransport, BridgeWriter, describe,
};
use super::dispatch::{AnyExplorer, AnyReader, AnyWriter};
use super::error::ReadError;
use super::itop::{ItopCache, ItopExplorer, ItopLogin, ItopReader, ItopTransport, ItopWriter};
use super::itsm365::{Itsm365Explorer, Itsm365Reader, Itsm365Transport, Itsm365Writer, ListBehaviour};
use super::reader::{Explorer, Reader};
use super::writer::{SharedCreations, Writer};
use crate::http::body::excerpt;
use crate::http::client::{Endpoint, host_of};
use crate::http::redact;
use crate::http::transport::Transport;
use crate::process::context::{AsOf, Context, clock};
use crate::process::failure::{Exit, Failure};
use crate::process::runtime::runtime;
use crate::sandbox::from_catalog;
use crate::sandbox::{self, SandboxClock, SandboxOptions};
use crate::workspace::load::{TrustedFiles, Workspace};

/// The minimum length of a key. A shorter one cannot be redacted without damaging other text.
const SHORTEST_KEY: usize = 8;

/// An open connection to a helpdesk.
pub(crate) struct Connection {
    product: ProductConnection,
    mapping: Mapping,
    pace: Pace,
    embedded: Option<sandbox::RunningSandbox>,
    /// The name of the helpdesk, if there may be several.
    helpdesk: Option<HelpdeskName>,
}

/// The connection to one product, with what is cached during it.
enum ProductConnection {
    Itsm365 { transport: Itsm365Transport, behaviour: Arc<ListBehaviour> },
    Itop { transport: ItopTransport, priorities: Priorities, cache: ItopCache },
    Bridge { transport: BridgeTransport, description: Description, cache: BridgeCache },
}

impl ProductConnection {
    fn itsm365(transport: Itsm365Transport) -> Self {
        Self::Itsm365 { transport, behaviour: Arc::default() }
    }
}

/// Connects to the helpdesk of a workspace, whose mapping is then limited to what an adapter stores. The sandbox's clock
/// stands at `as_of` if that was given.
pub(crate) async fn open(workspace: &mut Workspace, as_of: AsOf) -> Result<Connection, Failure> {
    let Workspace { root, settings, catalog, agreements, base, .. } = workspace;
    let context = HelpdeskContext { catalog, agreements, base: base.as_ref() };
    register_keys(settings);
    let connection = open_at(root, &settings.helpdesk, context, as_of).await?;
    settings.helpdesk.mapping = connection.mapping().clone();
    Ok(connection)
}

/// The inputs of a connection besides the settings of the helpdesk.
#[derive(Clone, Copy)]
pub(crate) struct HelpdeskContext<'a> {
    /// The catalog that the sandbox is seeded with.
    pub(crate) catalog: &'a Catalog,
    /// The agreements that the sandbox is seeded with.
    pub(crate) agreements: &'a [Agreement],
    /// The files of the trusted commit, if the others are those of a pull request.
    pub(crate) base: Option<&'a TrustedFiles>,
}

/// Reads from the helpdesk of a checked repository, even if the check found errors. The mapping of its settings is then
/// limited to what an adapter stores.
pub(crate) fn look<T>(
    root: &Path,
    checked: &mut CheckedRepository,
    as_of: AsOf,
    look: impl AsyncFnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let context = HelpdeskContext { catalog: &checked.catalog, agreements: &checked.agreements, base: None };
    register_keys(&checked.settings);
    runtime()?.block_on(async {
        let connection = open_at(root, &checked.settings.helpdesk, context, as_of).await?;
        checked.settings.helpdesk.mapping = connection.mapping().clone();
        let found = look(&connection).await;
        connection.close().await;
        found
    })
}

/// Connects to a helpdesk, even if the rest of the repository has errors.
pub(crate) async fn open_at(
    root: &Path,
    helpdesk: &HelpdeskConfig,
    context: HelpdeskContext<'_>,
    as_of: AsOf,
) -> Result<Connection, Failure> {
    let mut mapping = helpdesk.mapping.clone();
    let (product, embedded) = match &helpdesk.kind {
        Product::Sandbox => {
            let running = start_sandbox(root, helpdesk, context, as_of).await?;
            let key = SecretString::from(sandbox::ACCESS_KEY);
            let endpoint = running.url();
            let transport = Itsm365Transport::new(&Endpoint::at(&endpoint), key, &helpdesk.pace);
            (transport.map(ProductConnection::itsm365), Some(running))
        }
        Product::Itsm365 { url, address_policy, access_key_variable, ca_file } => {
            let key = key(access_key_variable)?;
            let certificates = certificates(root, context.base, ca_file.as_deref())?;
            let certificates = certificates.as_deref().map(str::as_bytes);
            let endpoint = Endpoint { url, reach: *address_policy, certificates };
            (Itsm365Transport::new(&endpoint, key, &helpdesk.pace).map(ProductConnection::itsm365), None)
        }
        Product::Itop { url, address_policy, login, ca_file, priorities } => {
            let login = itop_login(login)?;
            let certificates = certificates(root, context.base, ca_file.as_deref())?;
            let certificates = certificates.as_deref().map(str::as_bytes);
            let endpoint = Endpoint { url, reach: *address_policy, certificates };
            let priorities = priorities.clone();
            let product =
                |transport| ProductConnection::Itop { transport, priorities, cache: ItopCache::default() };
            (Transport::to(&endpoint, login, &helpdesk.pace).map(product), None)
        }
        Product::Bridge { url, address_policy, token_variable, ca_file } => {
            let token = BridgeToken(token_variable.as_deref().map(key).transpose()?.unwrap_or_default());
            let certificates = certificates(root, context.base, ca_file.as_deref())?;
            let certificates = certificates.as_deref().map(str::as_bytes);
            let endpoint = Endpoint { url, reach: *address_policy, certificates };
            let transport = Transport::to(&endpoint, token, &helpdesk.pace).map_err(ReadError::from)?;
            let (description, carried) = describe(&transport, &mapping).await?;
            if helpdesk.rehearsal && !description.can(Capability::Rehearsal) {
                return Err(not_a_rehearsal(&description.adapter));
            }
            mapping = carried;
            (Ok(ProductConnection::Bridge { transport, description, cache: BridgeCache::default() }), None)
        }
    };
    let product = product.map_err(ReadError::from)?;
    let name = helpdesk.name.clone();
    Ok(Connection { product, mapping, pace: helpdesk.pace, embedded, helpdesk: name })
}

/// Starts the sandbox with the data of its file, or seeded from the catalog.
async fn start_sandbox(
    root: &Path,
    helpdesk: &HelpdeskConfig,
    context: HelpdeskContext<'_>,
    as_of: AsOf,
) -> Result<sandbox::RunningSandbox, Failure> {
    let clock =
        if as_of.is_asked { SandboxClock::fixed(as_of.instant) } else { SandboxClock::running(clock) };
    let file = from_catalog::database_file(root, helpdesk.name.as_ref())?;
    let mut options = SandboxOptions::default();
    options.follow(&helpdesk.mapping.recipients);
    let sandbox = from_catalog::open(file, context.catalog, context.agreements, clock, options)?;
    Ok(sandbox.start().await?)
}

fn itop_login(login: &Login) -> Result<ItopLogin, Failure> {
    match login {
        Login::Token(token) => Ok(ItopLogin::Token(key(token)?)),
        Login::Password { user, password } => {
            let user = Context::variable(user).ok_or_else(|| no_key(user))?;
            Ok(ItopLogin::Password { user, password: key(password)? })
        }
    }
}

/// Registers the keys of all helpdesks: a server may repeat the key of another one before that one is used.
fn register_keys(settings: &Settings) {
    let variables = settings.helpdesks.values().filter_map(|helpdesk| match &helpdesk.kind {
        Product::Sandbox => None,
        Product::Itsm365 { access_key_variable, .. } => Some(access_key_variable),
        Product::Itop {
            login: Login::Token(variable) | Login::Password { password: variable, .. }, ..
        } => Some(variable),
        Product::Bridge { token_variable, .. } => token_variable.as_ref(),
    });
    for key in variables.filter_map(|variable| key(variable).ok()) {
        redact::register(&key);
    }
}

/// Reads a key from the environment; a missing or short one is a failure of credentials.
pub(crate) fn key(variable: &str) -> Result<SecretString, Failure> {
    let key = Context::secret(variable).ok_or_else(|| no_key(variable))?;
    if key.expose_secret().len() < SHORTEST_KEY {
        let message = format!("the key in the variable {variable} is shorter than {SHORTEST_KEY} characters");
        return Err(Failure::new(Exit::Credentials, "key-too-short", message)
            .help("use a longer one: a key this short cannot be distinguished from other text, so it cannot be redacted in logs and responses"));
    }
    Ok(key)
}

fn certificates(
    root: &Path,
    base: Option<&TrustedFiles>,
    file: Option<&str>,
) -> Result<Option<String>, Failure> {
    file.map(|file| TrustedFiles::text(base, root, file)).transpose()
}

fn no_key(variable: &str) -> Failure {
    Failure::new(Exit::Credentials, "key-missing", format!("the variable {variable} holds no key")).help(format!(
        "put the helpdesk's access key, user or password into it, the key and the password with at least {SHORTEST_KEY} characters; servanda.yaml names it under `helpdesk:`"
    ))
}

fn not_a_rehearsal(adapter: &str) -> Failure {
    let adapter = excerpt(adapter);
    let message =
        format!("servanda.yaml calls the helpdesk a rehearsal, and the adapter `{adapter}` does not");
    Failure::new(Exit::Refused, "not-a-rehearsal", message).help(
        "start the adapter for a helpdesk without real clients, so that it names the capability `rehearsal`, or delete `rehearsal: true`",
    )
}

impl Connection {
    /// A connection to ITSM 365 over an existing transport.
    #[cfg(test)]
    pub(crate) fn by(transport: Itsm365Transport, mapping: Mapping, pace: Pace) -> Self {
        Self { product: ProductConnection::itsm365(transport), mapping, pace, embedded: None, helpdesk: None }
    }

    /// A connection to iTop over an existing transport.
    #[cfg(test)]
    pub(crate) fn by_itop(
        transport: ItopTransport,
        priorities: Priorities,
        mapping: Mapping,
        pace: Pace,
    ) -> Self {
        let product = ProductConnection::Itop { transport, priorities, cache: ItopCache::default() };
        Self { product, mapping, pace, embedded: None, helpdesk: None }
    }

    /// The description of an adapter; `None` for a helpdesk that Servanda speaks to itself.
    pub(crate) const fn adapter(&self) -> Option<&Description> {
        match &self.product {
            ProductConnection::Bridge { description, .. } => Some(description),
            ProductConnection::Itsm365 { .. } | ProductConnection::Itop { .. } => None,
        }
    }

    /// The mapping of the settings, limited to what the helpdesk stores. Plans are made with it.
    pub(crate) const fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The reader.
    pub(crate) fn reader(&self) -> impl Reader + '_ {
        let (mapping, page_size) = (&self.mapping, self.pace.page_size);
        match &self.product {
            ProductConnection::Itsm365 { transport, behaviour } => {
                AnyReader::Itsm365(Itsm365Reader::new(transport, mapping, page_size).sharing(behaviour))
            }
            ProductConnection::Itop { transport, priorities, cache } => {
                AnyReader::Itop(ItopReader::new(transport, mapping, priorities, page_size, cache))
            }
            ProductConnection::Bridge { transport, description, cache } => {
                AnyReader::Bridge(BridgeReader::new(transport, description, mapping, page_size, cache))
            }
        }
    }

    /// The explorer, for a helpdesk whose mapping is unknown.
    pub(crate) fn explorer(&self) -> impl Explorer + '_ {
        match &self.product {
            ProductConnection::Itsm365 { transport, .. } => {
                AnyExplorer::Itsm365(Itsm365Explorer::new(transport, self.pace.page_size))
            }
            ProductConnection::Itop { transport, .. } => AnyExplorer::Itop(ItopExplorer::new(transport)),
            ProductConnection::Bridge { transport, .. } => {
                AnyExplorer::Bridge(BridgeExplorer::new(transport))
            }
        }
    }

    /// The writer, whose writes name a run. Objects that agreements share are created with its record.
    pub(crate) fn writer<'a>(&'a self, run: &str, shared: &'a dyn SharedCreations) -> impl Writer + 'a {
        match &self.product {
            ProductConnection::Itsm365 { transport, .. } => {
                AnyWriter::Itsm365(Itsm365Writer::new(transport, &self.mapping))
            }
            ProductConnection::Itop { transport, cache, .. } => {
                AnyWriter::Itop(ItopWriter::new(transport, &self.mapping, cache, run, shared))
            }
            ProductConnection::Bridge { transport, description, cache } => {
                AnyWriter::Bridge(BridgeWriter::new(transport, description, &self.mapping, cache, run))
            }
        }
    }

    /// The time of the helpdesk's clock, if it sends one of its own.
    pub(crate) fn server_clock(&self) -> Option<servanda::calendar::Instant> {
        match &self.product {
            ProductConnection::Itsm365 { transport, .. } => transport.server_clock(),
            ProductConnection::Itop { transport, .. } => transport.server_clock(),
            // The date of an adapter on this machine is this machine's own.
            ProductConnection::Bridge { transport, .. }
                if is_this_machine(&host_of(&transport.safe_name())) =>
            {
                None
            }
            ProductConnection::Bridge { transport, .. } => transport.server_clock(),
        }
    }

    /// The name of the helpdesk in plans: its address, or that it is the embedded one.
    pub(crate) fn name(&self) -> String {
        match (&self.embedded, &self.helpdesk) {
            (Some(_), None) => "the embedded helpdesk".to_owned(),
            (Some(_), Some(name)) => format!("the embedded helpdesk {name}"),
            (None, _) => match &self.product {
                ProductConnection::Itsm365 { transport, .. } => transport.safe_name(),
                ProductConnection::Itop { transport, .. } => transport.safe_name(),
                ProductConnection::Bridge { transport, .. } => transport.safe_name(),
            },
        }
    }

    /// Stops the sandbox after it has answered the requests in progress.
    pub(crate) async fn close(self) {
        if let Some(running) = self.embedded
            && let Err(error) = running.stop().await
        {
            tracing::warn!("the sandbox did not stop cleanly: {error}");
        }
    }
}
