//! A look at a tenant of which nothing is known: some objects of each class with all their codes, read-only.
//!
//! What the helpdesk refuses is no failure here but a finding. What it all means is the core's affair.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::itsm365::{
    CLASSES, DateFormProbe, HISTORY, Itsm365Samples, date_form_probes, propose_mapping,
};
use servanda::discovery::{ClassSample, DiscoveredMapping, RawObject, Samples};
use servanda::mapping::Mapping;

use super::list;
use super::read::DIRECTORY;
use crate::helpdesk::{Explorer, ReadError, ReadErrorKind};
use crate::http::client::HttpError;
use crate::http::transport::{RetryPolicy, Transport};

/// Looks at a tenant of ITSM 365.
pub(crate) struct Itsm365Explorer<'a> {
    transport: &'a Transport,
    page_size: usize,
}

impl<'a> Itsm365Explorer<'a> {
    /// An explorer over a transport.
    pub(crate) fn new(transport: &'a Transport, page_size: usize) -> Self {
        Self { transport, page_size: page_size.max(1) }
    }

    async fn find(
        &self,
        class: &str,
        filter: &Json,
        (offset, limit): (usize, usize),
        repeat: RetryPolicy,
    ) -> Result<Vec<RawObject>, ReadError> {
        let query = [("offset", offset.to_string()), ("limit", limit.to_string())];
        list::find(self.transport, class, &query, filter, repeat).await
    }

    /// Some objects, or that they may not be read.
    async fn look(&self, class: &str, filter: &Json, most: usize) -> Result<ClassSample, ReadError> {
        match self.sample(class, filter, most).await {
            Ok(objects) => Ok(ClassSample::Objects(objects)),
            Err(ReadError {
                error: ReadErrorKind::HttpClient(HttpError::Refused { status, text }), ..
            }) => Ok(ClassSample::Refused(format!("{status} {text}"))),
            Err(ReadError { error: ReadErrorKind::HttpClient(HttpError::Credentials(text)), .. })
                if class.split('$').next() != Some(CLASSES[0].0) =>
            {
                // Is the key no good any more, or is this class closed to it? Another one tells.
                self.find(CLASSES[0].0, &json!({}), (0, 1), RetryPolicy::Read).await?;
                Ok(ClassSample::Refused(text))
            }
            Err(error) => Err(error),
        }
    }

    /// The first question that is answered with an object.
    async fn understood(
        &self,
        class: &str,
        questions: Vec<DateFormProbe>,
    ) -> Result<Option<DateFormProbe>, ReadError> {
        for question in questions {
            let filter = json!({ question.attribute.clone(): question.value });
            // A refusal is an answer, and is not asked for again.
            match self.find(class, &filter, (0, 1), RetryPolicy::Write).await {
                Ok(found) if !found.is_empty() => return Ok(Some(question)),
                Ok(_)
                | Err(ReadError { error: ReadErrorKind::HttpClient(HttpError::Refused { .. }), .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Objects of a class that a filter lets through, `most` at most.
    async fn sample(&self, class: &str, filter: &Json, most: usize) -> Result<Vec<RawObject>, ReadError> {
        let mut objects: Vec<RawObject> = Vec::new();
        let mut seen = BTreeSet::new();
        while objects.len() < most {
            let limit = self.page_size.min(most - objects.len());
            let page = self.find(class, filter, (objects.len(), limit), RetryPolicy::Read).await?;
            // A list that moves, or an offset that is ignored, gives what was given before.
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
            match self.look(class, &json!({}), 1).await? {
                ClassSample::Refused(said) => found.push((class.to_owned(), said)),
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
            samples.insert(class.to_owned(), self.look(class, &json!({}), most).await?);
        }
        let agreements = samples[CLASSES[0].0].objects();
        if let Some(id) = agreements.first().and_then(|object| object.get("UUID")) {
            let (class, link) = HISTORY;
            let look = self.look(class, &json!({ link: id }), 1).await?;
            // Where there is no such class nothing is missing.
            if let ClassSample::Objects(_) = &look {
                samples.insert(class.to_owned(), look);
            }
        }
        let understood = self.understood(CLASSES[0].0, date_form_probes(&samples)).await?;
        Ok(propose_mapping(&Itsm365Samples {
            samples: &samples,
            understood: understood.as_ref(),
            zone,
            clock: self.transport.server_clock(),
            today: zone.day_of(now),
        }))
    }
}
