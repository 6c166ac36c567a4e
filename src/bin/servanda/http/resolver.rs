//! Resolves host names, once in a run, and only to addresses that the settings allow a secret to be sent to.
//!
//! Results are kept, so that DNS rebinding cannot redirect later requests. Only the host that gets the secret is judged: any
//! other name is that of a proxy, which the environment of the job names, and which sees nothing but encrypted bytes.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use servanda::settings::AddressPolicy;

/// The future result of a lookup.
pub(crate) type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks up the addresses of a host name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Addresses + Send + Sync>;

/// The limit of a lookup that only judges.
const JUDGE_TIMEOUT: Duration = Duration::from_secs(2);

/// A resolver that caches results and checks them against the allowed networks.
#[derive(Clone)]
pub(crate) struct Resolver {
    /// The host that gets the secret.
    target: String,
    reach: AddressPolicy,
    lookup: Lookup,
    cache: Arc<Mutex<BTreeMap<String, Vec<SocketAddr>>>>,
}

impl Resolver {
    /// A resolver for the client of one host that uses the system's lookup.
    pub(crate) fn of_the_system(target: &str, reach: AddressPolicy) -> Self {
        Self::with_lookup(
            target,
            reach,
            Arc::new(|host| Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })),
        )
    }

    /// A resolver that uses another lookup.
    pub(crate) fn with_lookup(target: &str, reach: AddressPolicy, lookup: Lookup) -> Self {
        Self { target: target.to_owned(), reach, lookup, cache: Arc::default() }
    }

    /// Judges the target where a proxy connects to it. A name that this machine does not resolve, or not in time, is known
    /// to the proxy alone; it was judged as it is written.
    pub(crate) async fn judge_target(&self) -> io::Result<()> {
        match tokio::time::timeout(JUDGE_TIMEOUT, (self.lookup)(self.target.clone())).await {
            Ok(Ok(found)) => self.judge(&found),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Fails if the target has an address that no secret may be sent to.
    fn judge(&self, found: &[SocketAddr]) -> io::Result<()> {
        let host = &self.target;
        match found.iter().find(|address| !self.reach.allows(host, address.ip())) {
            Some(forbidden) => Err(io::Error::other(format!(
                "{host} resolves to {}, which no key is sent to; `helpdesk.private_network` can allow it",
                forbidden.ip()
            ))),
            None => Ok(()),
        }
    }

    async fn addresses(&self, host: String) -> io::Result<Vec<SocketAddr>> {
        if let Some(cached) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&host) {
            return Ok(cached.clone());
        }
        let found = (self.lookup)(host.clone()).await?;
        if host == self.target {
            self.judge(&found)?;
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
