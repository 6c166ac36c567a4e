//! Samples an iTop whose mapping is unknown: some objects of each class. Read-only.
//!
//! A refused class is a finding here and no failure. The core interprets the samples.

use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::itop::{
    CLASS_QUERIES, CONTRACT, ClassQuery, HISTORY, ItopSamples, PERSON, TARGETS, linked_objects,
    propose_mapping,
};
use servanda::discovery::{ClassSample, DiscoveredMapping, Samples};
use servanda::mapping::Mapping;

use super::login::ItopTransport;
use super::read::ItopReader;
use super::{operation, oql};
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::helpdesk::reader::Explorer;
use crate::http::client::HttpError;

/// Explores an iTop.
pub(crate) struct ItopExplorer<'a> {
    transport: &'a ItopTransport,
}

impl<'a> ItopExplorer<'a> {
    /// An explorer over a transport.
    pub(crate) const fn new(transport: &'a ItopTransport) -> Self {
        Self { transport }
    }

    /// Samples objects of a class; a refusal is a sample as well.
    async fn sample(&self, look: ClassQuery<'_>, query: &str) -> Result<ClassSample, ReadError> {
        let ClassQuery { class, attributes, most } = look;
        let found = operation::get(self.transport, class, query, attributes, Some(most)).await;
        match found {
            Ok(found) => Ok(ClassSample::Objects(found.into_iter().map(|object| object.fields).collect())),
            Err(ReadError { error: ReadErrorKind::Http(HttpError::Declined { text, .. }), .. }) => {
                Ok(ClassSample::Refused(text))
            }
            Err(ReadError { error: ReadErrorKind::Http(HttpError::Credentials(refused)), .. }) => {
                // A wrong login and a forbidden class have the same code. A call without a class tells them
                // apart.
                operation::check_login(self.transport).await?;
                Ok(ClassSample::Refused(refused.text))
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
            samples.insert(look.class.to_owned(), self.sample(look, &query).await?);
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
            if let ClassSample::Refused(why) = self.sample(look, &format!("SELECT {}", look.class)).await? {
                found.push((look.class.to_owned(), why));
            }
        }
        Ok(found)
    }
}
