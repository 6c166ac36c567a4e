//! Explores an adapter, which describes its mapping itself.

use servanda::bridge::Call;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::DiscoveredMapping;
use servanda::mapping::Mapping;

use super::read::probe;
use super::token::BridgeTransport;
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::helpdesk::reader::Explorer;
use crate::http::client::HttpError;

/// Explores through an adapter.
pub(crate) struct BridgeExplorer<'a> {
    transport: &'a BridgeTransport,
}

impl<'a> BridgeExplorer<'a> {
    /// An explorer over a transport.
    pub(crate) const fn new(transport: &'a BridgeTransport) -> Self {
        Self { transport }
    }
}

impl Explorer for BridgeExplorer<'_> {
    /// Nothing is to be proposed: servanda.yaml has no mapping for an adapter.
    async fn discover(&self, _: &Catalog, _: &Zone, _: Instant) -> Result<DiscoveredMapping, ReadError> {
        Ok(DiscoveredMapping::default())
    }

    async fn unreadable(&self, _: &Mapping) -> Result<Vec<(String, String)>, ReadError> {
        let mut found = Vec::new();
        for call in [Call::Agreements, Call::Directory] {
            match probe(self.transport, call).await {
                Ok(()) => {}
                Err(ReadError { error: ReadErrorKind::Http(HttpError::Refused { text, .. }), .. }) => {
                    found.push((call.as_str().to_owned(), text));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}
