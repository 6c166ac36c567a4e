//! Reading a helpdesk. Planning holds a [`Reader`] and cannot write.
//!
//! Each product implements these traits in a folder of its own; nothing outside of it knows attribute codes
//! or wire formats.

use std::collections::{BTreeMap, BTreeSet};

use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::DiscoveredMapping;
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::mapping::Mapping;
use servanda::plan::HistoryEvent;

use super::error::{ReadError, ReadErrorKind};

/// The unmanaged objects to read, in addition to all managed ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Objects that documents adopt.
    pub(crate) adopts: BTreeSet<LiveId>,
    /// Whether all unmanaged objects are read, to find those that could be adopted.
    pub(crate) unmarked: bool,
}

impl Selection {
    /// The objects that these agreements adopt.
    pub(crate) fn of<'a>(agreements: impl IntoIterator<Item = &'a Agreement>) -> Self {
        let adopts = agreements.into_iter().filter_map(|agreement| agreement.adopts.clone());
        Self { adopts: adopts.collect(), unmarked: false }
    }

    /// The same and all unmanaged objects.
    pub(crate) fn with_all_unmarked(self) -> Self {
        Self { unmarked: true, ..self }
    }

    /// Whether an unmanaged object is to be read.
    pub(crate) fn contains(&self, object: &LiveId) -> bool {
        self.unmarked || self.adopts.contains(object)
    }
}

/// The value of the attribute for ownership keys on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKey {
    /// The agreement that it names exactly.
    pub(crate) owner: Option<AgreementId>,
    /// The whole value.
    pub(crate) text: String,
}

/// Reads a helpdesk.
pub(crate) trait Reader: Sync {
    /// Reads the live state that a plan needs, page by page.
    fn read_live(&self, selection: &Selection) -> impl Future<Output = Result<Live, ReadError>> + Send;
    /// Reads all objects that a catalog can refer to.
    fn inventory(&self) -> impl Future<Output = Result<Inventory, ReadError>> + Send;
    /// Reads an agreement by its ownership key. `Absent` only if the helpdesk confirms that there is none.
    fn find(
        &self,
        id: &AgreementId,
    ) -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    /// Reads an agreement by its object id. `Absent` only if the helpdesk confirms that there is none.
    fn get(&self, object: &LiveId)
    -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    /// Reads the ownership key of an object by its id, not by a search, which may lag.
    fn stored_key(&self, object: &LiveId) -> impl Future<Output = Result<StoredKey, ReadError>> + Send;
    /// Searches the objects that have the ownership key of an agreement.
    fn bearers(&self, id: &AgreementId) -> impl Future<Output = Result<Vec<LiveId>, ReadError>> + Send;
    /// Reads the history of objects, oldest event first; empty if the helpdesk keeps no history.
    fn history(
        &self,
        objects: &BTreeSet<LiveId>,
    ) -> impl Future<Output = Result<Vec<HistoryEvent>, ReadError>> + Send;
    /// Reads the mail addresses of people. People without one are left out.
    fn addresses(
        &self,
        people: &BTreeSet<LiveId>,
    ) -> impl Future<Output = Result<BTreeMap<LiveId, String>, ReadError>> + Send;
    /// Reads a text attribute of any object; empty if it has no value.
    fn note(
        &self,
        object: &LiveId,
        attribute: &str,
    ) -> impl Future<Output = Result<String, ReadError>> + Send;
    /// Reads the comment on an object that contains this text; `None` only if the helpdesk confirms that
    /// there is none.
    fn find_comment(
        &self,
        object: &LiveId,
        text: &str,
    ) -> impl Future<Output = Result<Option<LiveId>, ReadError>> + Send {
        let call = format!("comments on {object} with {text}");
        let why = "this helpdesk does not support comments".to_owned();
        async { Err(ReadError { call, error: ReadErrorKind::Unexpected(why) }) }
    }
    /// The number of requests sent so far.
    fn requests(&self) -> u64;
    /// Whether the key was rejected so often that no further request is sent.
    fn is_locked_out(&self) -> bool;
}

/// Explores a helpdesk whose mapping is not known yet.
pub(crate) trait Explorer: Sync {
    /// Samples the helpdesk and proposes a mapping. `zone` and `catalog` are those of the repository.
    fn discover(
        &self,
        catalog: &Catalog,
        zone: &Zone,
        now: Instant,
    ) -> impl Future<Output = Result<DiscoveredMapping, ReadError>> + Send;
    /// The classes that a plan needs and that cannot be read, each with the reason.
    fn unreadable(
        &self,
        mapping: &Mapping,
    ) -> impl Future<Output = Result<Vec<(String, String)>, ReadError>> + Send;
}
