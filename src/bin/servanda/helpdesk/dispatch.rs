//! A helpdesk of whichever product the settings name. What is on the way lies on the heap, lest each caller has room
//! for the largest of them.

use std::collections::{BTreeMap, BTreeSet};

use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::DiscoveredMapping;
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::mapping::Mapping;
use servanda::plan::Step;

use super::itop::{ItopExplorer, ItopReader, ItopWriter};
use super::itsm365::{Itsm365Explorer, Itsm365Reader, Itsm365Writer};
use super::{Explorer, HistoryEvent, ReadError, Reader, Selection, StepResult, WriteError, Writer};

/// Reads one of the products.
pub(crate) enum AnyReader<'a> {
    /// ITSM 365, and what speaks like it.
    Itsm365(Itsm365Reader<'a>),
    /// Combodo iTop.
    Itop(ItopReader<'a>),
}

/// Looks at one of the products.
pub(crate) enum AnyExplorer<'a> {
    /// ITSM 365, and what speaks like it.
    Itsm365(Itsm365Explorer<'a>),
    /// Combodo iTop.
    Itop(ItopExplorer<'a>),
}

/// Writes to one of the products.
pub(crate) enum AnyWriter<'a> {
    /// ITSM 365, and what speaks like it.
    Itsm365(Itsm365Writer<'a>),
    /// Combodo iTop.
    Itop(ItopWriter<'a>),
}

impl Reader for AnyReader<'_> {
    async fn read_live(&self, wanted: &Selection) -> Result<Live, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.read_live(wanted)).await,
            Self::Itop(reader) => Box::pin(reader.read_live(wanted)).await,
        }
    }

    async fn inventory(&self) -> Result<Inventory, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.inventory()).await,
            Self::Itop(reader) => Box::pin(reader.inventory()).await,
        }
    }

    async fn find(&self, id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.find(id)).await,
            Self::Itop(reader) => Box::pin(reader.find(id)).await,
        }
    }

    async fn get(&self, object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.get(object)).await,
            Self::Itop(reader) => Box::pin(reader.get(object)).await,
        }
    }

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.history(objects)).await,
            Self::Itop(reader) => Box::pin(reader.history(objects)).await,
        }
    }

    async fn addresses(&self, people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.addresses(people)).await,
            Self::Itop(reader) => Box::pin(reader.addresses(people)).await,
        }
    }

    async fn note(&self, object: &LiveId, attribute: &str) -> Result<String, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.note(object, attribute)).await,
            Self::Itop(reader) => Box::pin(reader.note(object, attribute)).await,
        }
    }

    async fn find_comment(&self, object: &LiveId, text: &str) -> Result<Option<LiveId>, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.find_comment(object, text)).await,
            Self::Itop(reader) => Box::pin(reader.find_comment(object, text)).await,
        }
    }

    fn requests(&self) -> u64 {
        match self {
            Self::Itsm365(reader) => reader.requests(),
            Self::Itop(reader) => reader.requests(),
        }
    }

    fn is_locked_out(&self) -> bool {
        match self {
            Self::Itsm365(reader) => reader.is_locked_out(),
            Self::Itop(reader) => reader.is_locked_out(),
        }
    }
}

impl Explorer for AnyExplorer<'_> {
    async fn discover(
        &self,
        catalog: &Catalog,
        zone: &Zone,
        now: Instant,
    ) -> Result<DiscoveredMapping, ReadError> {
        match self {
            Self::Itsm365(explorer) => Box::pin(explorer.discover(catalog, zone, now)).await,
            Self::Itop(explorer) => Box::pin(explorer.discover(catalog, zone, now)).await,
        }
    }

    async fn unreadable(&self, mapping: &Mapping) -> Result<Vec<(String, String)>, ReadError> {
        match self {
            Self::Itsm365(explorer) => Box::pin(explorer.unreadable(mapping)).await,
            Self::Itop(explorer) => Box::pin(explorer.unreadable(mapping)).await,
        }
    }
}

impl Writer for AnyWriter<'_> {
    async fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> Result<StepResult, WriteError> {
        match self {
            Self::Itsm365(writer) => Box::pin(writer.perform(id, object, step)).await,
            Self::Itop(writer) => Box::pin(writer.perform(id, object, step)).await,
        }
    }

    async fn write_note(&self, object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError> {
        match self {
            Self::Itsm365(writer) => Box::pin(writer.write_note(object, attribute, text)).await,
            Self::Itop(writer) => Box::pin(writer.write_note(object, attribute, text)).await,
        }
    }

    async fn comment(&self, object: &LiveId, html: &str, is_private: bool) -> Result<String, WriteError> {
        match self {
            Self::Itsm365(writer) => Box::pin(writer.comment(object, html, is_private)).await,
            Self::Itop(writer) => Box::pin(writer.comment(object, html, is_private)).await,
        }
    }

    async fn call(&self, function: &str, body: &serde_json::Value) -> Result<(), WriteError> {
        match self {
            Self::Itsm365(writer) => Box::pin(writer.call(function, body)).await,
            Self::Itop(writer) => Box::pin(writer.call(function, body)).await,
        }
    }
}
