//! The reader, explorer and writer of any supported product.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::DiscoveredMapping;
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed, TargetKey};
use servanda::mapping::Mapping;
use servanda::plan::{HistoryEvent, Step};

use super::bridge::{BridgeExplorer, BridgeReader, BridgeWriter};
use super::error::{ReadError, WriteError};
use super::itop::{ItopExplorer, ItopReader, ItopWriter};
use super::itsm365::{Itsm365Explorer, Itsm365Reader, Itsm365Writer};
use super::reader::{Explorer, Reader, Selection, StoredKey};
use super::writer::{StepResult, Writer};
use crate::http::transport::SendWindow;
use crate::process::dispatch::dispatch;

/// The reader of any product.
pub(crate) enum AnyReader<'a> {
    Itsm365(Itsm365Reader<'a>),
    Itop(ItopReader<'a>),
    Bridge(BridgeReader<'a>),
}

/// The explorer of any product.
pub(crate) enum AnyExplorer<'a> {
    Itsm365(Itsm365Explorer<'a>),
    Itop(ItopExplorer<'a>),
    Bridge(BridgeExplorer<'a>),
}

/// The writer of any product.
pub(crate) enum AnyWriter<'a> {
    Itsm365(Itsm365Writer<'a>),
    Itop(ItopWriter<'a>),
    Bridge(BridgeWriter<'a>),
}

impl Reader for AnyReader<'_> {
    dispatch! { (Itsm365 | Itop | Bridge)
        fn read_live(selection: &Selection) -> Result<Live, ReadError>;
        fn inventory() -> Result<Inventory, ReadError>;
        fn find(id: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError>;
        fn get(object: &LiveId) -> Result<Observed<LiveAgreement>, ReadError>;
        fn stored_key(object: &LiveId) -> Result<StoredKey, ReadError>;
        fn bearers(id: &AgreementId) -> Result<Vec<LiveId>, ReadError>;
        fn history(objects: &BTreeSet<LiveId>) -> Result<Vec<HistoryEvent>, ReadError>;
        fn addresses(people: &BTreeSet<LiveId>) -> Result<BTreeMap<LiveId, String>, ReadError>;
        fn note(object: &LiveId, attribute: &str) -> Result<String, ReadError>;
        fn find_comment(object: &LiveId, text: &str) -> Result<Option<LiveId>, ReadError>;
    }

    fn requests(&self) -> u64 {
        dispatch!(self (Itsm365 | Itop | Bridge) reader => reader.requests())
    }

    fn is_locked_out(&self) -> bool {
        dispatch!(self (Itsm365 | Itop | Bridge) reader => reader.is_locked_out())
    }
}

impl Explorer for AnyExplorer<'_> {
    dispatch! { (Itsm365 | Itop | Bridge)
        fn discover(catalog: &Catalog, zone: &Zone, now: Instant) -> Result<DiscoveredMapping, ReadError>;
        fn unreadable(mapping: &Mapping) -> Result<Vec<(String, String)>, ReadError>;
    }
}

impl Writer for AnyWriter<'_> {
    dispatch! { (Itsm365 | Itop | Bridge)
        fn perform_within(id: &AgreementId, object: Option<&LiveId>, step: &Step, window: Option<SendWindow<'_>>) -> Result<StepResult, WriteError>;
        fn create_targets_within(agreement: &LiveId, steps: &[&Step], window: Option<SendWindow<'_>>) -> Result<(), WriteError>;
        fn withdraw(object: &LiveId) -> Result<(), WriteError>;
        fn keep_oldest_targets(agreement: &LiveId, keys: &BTreeSet<TargetKey>) -> Result<(), WriteError>;
        fn write_note(object: &LiveId, attribute: &str, text: &str) -> Result<(), WriteError>;
        fn comment(object: &LiveId, html: &str, is_private: bool) -> Result<String, WriteError>;
        fn call(function: &str, body: &Json) -> Result<(), WriteError>;
    }

    fn creates_targets_together(&self) -> bool {
        dispatch!(self (Itsm365 | Itop | Bridge) writer => writer.creates_targets_together())
    }
}
