//! Names of hosts become addresses of the network: once a run, and only such as the settings let a secret go to.
//!
//! A name that leads elsewhere at the second question (DNS rebinding) is never asked a second time.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use servanda::settings::AddressPolicy;

/// The addresses of a name, once they are there.
pub(crate) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// What asks the network for the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// A resolver with a memory and a rule.
#[derive(Clone)]
pub(crate) struct Resolver {
    reach: AddressPolicy,
    lookup: Lookup,
    known: Arc<Mutex<BTreeMap<String, Vec<SocketAddr>>>>,
}

impl Resolver {
    /// A resolver that asks the system.
    pub(crate) fn of_the_system(reach: AddressPolicy) -> Self {
        Self::asking(
            reach,
            Arc::new(|host| Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })),
        )
    }

    /// A resolver that asks somebody else.
    pub(crate) fn asking(reach: AddressPolicy, lookup: Lookup) -> Self {
        Self { reach, lookup, known: Arc::default() }
    }

    async fn addresses(&self, host: String) -> io::Result<Vec<SocketAddr>> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&host) {
            return Ok(known.clone());
        }
        let found = (self.lookup)(host.clone()).await?;
        if let Some(bent) = found.iter().find(|address| !self.reach.allows(&host, address.ip())) {
            let why =
                format!("{host} leads to {}, where no key is sent; see helpdesk.private_network", bent.ip());
            return Err(io::Error::other(why));
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(host, found.clone());
        Ok(found)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str().to_owned()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
