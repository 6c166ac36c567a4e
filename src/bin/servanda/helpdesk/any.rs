//! A helpdesk of whichever product the settings name. What is on the way lies on the heap, lest each caller has room
//! for the largest of them.

use std::collections::{BTreeMap, BTreeSet};

use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::plan::Step;
use servanda::proposal::catalog::Census;

use super::itop::{ItopReader, ItopWriter};
use super::itsm365::{Itsm365Reader, Itsm365Writer};
use super::{Done, Event, ReadError, Reader, Wanted, WriteError, Writer};

/// Reads one of the products.
pub(crate) enum AnyReader<'a> {
    /// ITSM 365, and what speaks like it.
    Itsm365(Itsm365Reader<'a>),
    /// Combodo iTop.
    Itop(ItopReader<'a>),
}

/// Writes to one of the products.
pub(crate) enum AnyWriter<'a> {
    /// ITSM 365, and what speaks like it.
    Itsm365(Itsm365Writer<'a>),
    /// Combodo iTop.
    Itop(ItopWriter<'a>),
}

impl Reader for AnyReader<'_> {
    async fn survey(&self, wanted: &Wanted) -> Result<Live, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.survey(wanted)).await,
            Self::Itop(reader) => Box::pin(reader.survey(wanted)).await,
        }
    }

    async fn census(&self) -> Result<Census, ReadError> {
        match self {
            Self::Itsm365(reader) => Box::pin(reader.census()).await,
            Self::Itop(reader) => Box::pin(reader.census()).await,
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

    async fn history(&self, objects: &BTreeSet<LiveId>) -> Result<Vec<Event>, ReadError> {
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

impl Writer for AnyWriter<'_> {
    async fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> Result<Done, WriteError> {
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
}
