//! A look at an iTop of which nothing is known: some objects of each class, read-only.
//!
//! What the helpdesk refuses is no failure here but a finding. What it all means is the core's affair.

use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::itop::{
    CLASS_QUERIES, CONTRACT, ClassQuery, HISTORY, ItopSamples, PERSON, TARGETS, linked_objects,
    propose_mapping,
};
use servanda::discovery::{ClassSample, DiscoveredMapping, Samples};
use servanda::mapping::Mapping;

use super::read::ItopReader;
use super::{ItopTransport, operation, oql};
use crate::helpdesk::{Explorer, ReadError, ReadErrorKind};
use crate::http::client::HttpError;

/// Looks at an iTop.
pub(crate) struct ItopExplorer<'a> {
    transport: &'a ItopTransport,
}

impl<'a> ItopExplorer<'a> {
    /// An explorer over a transport.
    pub(crate) const fn new(transport: &'a ItopTransport) -> Self {
        Self { transport }
    }

    /// Some objects, or that they may not be read.
    async fn look(&self, look: ClassQuery<'_>, query: &str) -> Result<ClassSample, ReadError> {
        let ClassQuery { class, attributes, most } = look;
        let found = operation::get(self.transport, class, query, attributes, Some(most)).await;
        match found {
            Ok(found) => Ok(ClassSample::Objects(found.into_iter().map(|object| object.fields).collect())),
            Err(ReadError { error: ReadErrorKind::HttpClient(HttpError::Declined { text, .. }), .. }) => {
                Ok(ClassSample::Refused(text))
            }
            Err(ReadError { error: ReadErrorKind::HttpClient(HttpError::Credentials(text)), .. }) => {
                // A login that is wrong and a class that is closed to it bear one code. What asks for no class tells.
                operation::greet(self.transport).await?;
                Ok(ClassSample::Refused(text))
            }
            Err(error) => Err(error),
        }
    }
}

impl Explorer for ItopExplorer<'_> {
    async fn discover(
        &self,
        catalog: &Catalog,
        zone: &Zone,
        now: Instant,
    ) -> Result<DiscoveredMapping, ReadError> {
        let mut samples = Samples::new();
        for mut look in CLASS_QUERIES {
            let mut query = format!("SELECT {}", look.class);
            let people = linked_objects(&samples);
            if look.class == PERSON && !people.is_empty() {
                look.most = people.len();
                query = format!("SELECT {PERSON} WHERE id IN {}", oql::list(people));
            }
            samples.insert(look.class.to_owned(), self.look(look, &query).await?);
        }
        Ok(propose_mapping(&ItopSamples { samples: &samples, catalog, today: zone.day_of(now) }))
    }

    async fn unreadable(&self, mapping: &Mapping) -> Result<Vec<(String, String)>, ReadError> {
        let codes = ItopReader::codes(mapping);
        let is_needed = |look: &ClassQuery<'_>| {
            look.class != HISTORY && (mapping.holds_targets_with_services() || !TARGETS.contains(&look.class))
        };
        let mut found = Vec::new();
        for look in CLASS_QUERIES.into_iter().filter(is_needed) {
            let look = match look.class {
                CONTRACT => ClassQuery { class: &mapping.class, attributes: &codes, most: 1 },
                class => ClassQuery { class, attributes: look.attributes, most: 1 },
            };
            if let ClassSample::Refused(said) = self.look(look, &format!("SELECT {}", look.class)).await? {
                found.push((look.class.to_owned(), said));
            }
        }
        Ok(found)
    }
}
