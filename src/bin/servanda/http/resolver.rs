//! Resolves host names, once in a run, and only to addresses that the settings allow a secret to be sent to.
//!
//! Results are kept, so that DNS rebinding cannot redirect later requests.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use servanda::settings::AddressPolicy;

/// The future result of a lookup.
pub(crate) type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks up the addresses of a host name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Addresses + Send + Sync>;

/// A resolver that caches results and checks them against the allowed networks.
#[derive(Clone)]
pub(crate) struct Resolver {
    reach: AddressPolicy,
    lookup: Lookup,
    cache: Arc<Mutex<BTreeMap<String, Vec<SocketAddr>>>>,
}

impl Resolver {
    /// A resolver that uses the system's lookup.
    pub(crate) fn of_the_system(reach: AddressPolicy) -> Self {
        Self::with_lookup(
            reach,
            Arc::new(|host| Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })),
        )
    }

    /// A resolver that uses another lookup.
    pub(crate) fn with_lookup(reach: AddressPolicy, lookup: Lookup) -> Self {
        Self { reach, lookup, cache: Arc::default() }
    }

    async fn addresses(&self, host: String) -> io::Result<Vec<SocketAddr>> {
        if let Some(cached) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&host) {
            return Ok(cached.clone());
        }
        let found = (self.lookup)(host.clone()).await?;
        if let Some(forbidden) = found.iter().find(|address| !self.reach.allows(&host, address.ip())) {
            let ip = forbidden.ip();
            let why = format!(
                "{host} resolves to {ip}, which no key is sent to; `helpdesk.private_network` can allow it"
            );
            return Err(io::Error::other(why));
        }
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(host, found.clone());
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
