//! Samples a tenant whose mapping is unknown: some objects of each class with all their attributes. Read-only.
//!
//! A refused class is a finding here and no failure. The core interprets the samples.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::itsm365::{
    CLASSES, DateFormProbe, HISTORY, Itsm365Samples, date_form_probes, propose_mapping,
};
use servanda::discovery::{ClassSample, DiscoveredMapping, RawObject, Samples};
use servanda::mapping::Mapping;

use super::inventory::DIRECTORY;
use super::key::Itsm365Transport;
use super::list;
use crate::helpdesk::error::{ReadError, ReadErrorKind};
use crate::helpdesk::reader::Explorer;
use crate::http::client::HttpError;
use crate::http::transport::RetryPolicy;

/// Explores a tenant of ITSM 365.
pub(crate) struct Itsm365Explorer<'a> {
    transport: &'a Itsm365Transport,
    page_size: usize,
}

impl<'a> Itsm365Explorer<'a> {
    /// An explorer over a transport.
    pub(crate) fn new(transport: &'a Itsm365Transport, page_size: usize) -> Self {
        Self { transport, page_size: page_size.max(1) }
    }

    async fn find(
        &self,
        class: &str,
        filter: &Json,
        (offset, limit): (usize, usize),
        policy: RetryPolicy,
    ) -> Result<Vec<RawObject>, ReadError> {
        let query = [("offset", offset.to_string()), ("limit", limit.to_string())];
        list::find(self.transport, class, &query, filter, policy).await
    }

    /// Samples objects of a class; a refusal is a sample as well.
    async fn sample(&self, class: &str, filter: &Json, most: usize) -> Result<ClassSample, ReadError> {
        match self.objects(class, filter, most).await {
            Ok(objects) => Ok(ClassSample::Objects(objects)),
            Err(ReadError { error: ReadErrorKind::Http(HttpError::Refused { status, text }), .. }) => {
                Ok(ClassSample::Refused(format!("{status} {text}")))
            }
            Err(ReadError { error: ReadErrorKind::Http(HttpError::Credentials(refused)), .. })
                if class.split('$').next() != Some(CLASSES[0].0) =>
            {
                // If another class can be read, the key is valid and may not read this one.
                self.find(CLASSES[0].0, &json!({}), (0, 1), RetryPolicy::Read).await?;
                Ok(ClassSample::Refused(refused.text))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the first probe whose answer is an object.
    async fn answered(
        &self,
        class: &str,
        probes: Vec<DateFormProbe>,
    ) -> Result<Option<DateFormProbe>, ReadError> {
        for probe in probes {
            let filter = json!({ probe.attribute.clone(): probe.value });
            // A refusal is an answer and is not retried.
            match self.find(class, &filter, (0, 1), RetryPolicy::Write).await {
                Ok(found) if !found.is_empty() => return Ok(Some(probe)),
                Ok(_) | Err(ReadError { error: ReadErrorKind::Http(HttpError::Refused { .. }), .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads at most `most` objects of a class that match a filter.
    async fn objects(&self, class: &str, filter: &Json, most: usize) -> Result<Vec<RawObject>, ReadError> {
        let mut objects: Vec<RawObject> = Vec::new();
        let mut seen = BTreeSet::new();
        while objects.len() < most {
            let limit = self.page_size.min(most - objects.len());
            let page = self.find(class, filter, (objects.len(), limit), RetryPolicy::Read).await?;
            // A changing list or an ignored offset returns the same objects again.
            let is_new = |object: &RawObject| object.get("UUID").is_none_or(|id| seen.insert(id.to_string()));
            let fresh: Vec<RawObject> = page.into_iter().filter(is_new).collect();
            if fresh.is_empty() {
                break;
            }
            objects.extend(fresh);
        }
        Ok(objects)
    }
}

impl Explorer for Itsm365Explorer<'_> {
    async fn unreadable(&self, mapping: &Mapping) -> Result<Vec<(String, String)>, ReadError> {
        let mut found = Vec::new();
        let rules = mapping.rules.as_ref().map(|rules| rules.class.as_str());
        let classes = DIRECTORY.iter().map(|(_, class)| *class).chain(rules);
        for class in std::iter::once(mapping.class.as_str()).chain(classes) {
            match self.sample(class, &json!({}), 1).await? {
                ClassSample::Refused(why) => found.push((class.to_owned(), why)),
                ClassSample::Objects(objects) if class == mapping.class => {
                    let codes = mapping.attributes.values().chain([&mapping.key.attribute]);
                    let missing =
                        codes.filter(|code| objects.iter().any(|object| !object.contains_key(*code)));
                    found.extend(missing.map(|code| (class.to_owned(), format!("it has no `{code}`"))));
                }
                ClassSample::Objects(_) => {}
            }
        }
        Ok(found)
    }

    async fn discover(&self, _: &Catalog, zone: &Zone, now: Instant) -> Result<DiscoveredMapping, ReadError> {
        let mut samples = Samples::new();
        for (class, most) in CLASSES {
            samples.insert(class.to_owned(), self.sample(class, &json!({}), most).await?);
        }
        let agreements = samples[CLASSES[0].0].objects();
        if let Some(id) = agreements.first().and_then(|object| object.get("UUID")) {
            let (class, link) = HISTORY;
            let sample = self.sample(class, &json!({ link: id }), 1).await?;
            // The class is optional.
            if let ClassSample::Objects(_) = &sample {
                samples.insert(class.to_owned(), sample);
            }
        }
        let understood = self.answered(CLASSES[0].0, date_form_probes(&samples)).await?;
        Ok(propose_mapping(&Itsm365Samples {
            samples: &samples,
            understood: understood.as_ref(),
            zone,
            clock: self.transport.server_clock(),
            today: zone.day_of(now),
        }))
    }
}
