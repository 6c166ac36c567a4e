//! What all agreements stand on: the settings, and the catalog with the calendars that are written out. Does not know any
//! agreement.

use super::{calendars, catalog, settings};
use crate::calendar::{Lead, Zone};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, shape};
use crate::settings::{Guards, HelpdeskConfig, Language, LedgerConfig, Settings};

/// What could be made of the files that agreements share, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The settings, with defaults in place of what cannot be used.
    pub settings: Settings,
    /// The catalog, without what cannot be used.
    pub catalog: Catalog,
    /// Whether a slug that the catalog does not hold is a fault: not while the catalog cannot be read.
    pub(super) names_are_known: bool,
    pub(super) faults: Diagnostics,
}

impl Basis {
    /// The basis of servanda.yaml, catalog.yaml and the files of calendars/. Without a catalog nothing is known by any
    /// slug; one that is not sound is taken for unknown, and slugs are not judged until it can be read.
    pub fn of(settings: Option<&Document>, catalog: Option<&Document>, calendars: &[Document]) -> Self {
        let mut faults = Diagnostics::default();
        let settings = settings.map_or_else(usual_settings, |document| {
            let (settings, found) = read_settings(document);
            faults.extend(found);
            settings
        });
        let names_are_known = catalog.is_none_or(|document| document.sound);
        let mut catalog = catalog.map_or_else(Catalog::default, |document| {
            let (catalog, found) = read_catalog(document, &settings);
            faults.extend(found);
            catalog
        });
        let found = calendars::read_into(&mut catalog, calendars, &settings);
        faults.extend(found.into_iter().collect());
        Self { settings, catalog, names_are_known, faults }
    }
}

/// The settings of servanda.yaml, with defaults in place of what cannot be used.
pub fn read_settings(document: &Document) -> (Settings, Diagnostics) {
    if !document.sound {
        return (usual_settings(), Diagnostics::default());
    }
    match document.typed::<shape::SettingsDocument>() {
        Ok(written) => {
            let (settings, faults) = settings::settings(&written, document);
            (settings, faults.into_iter().collect())
        }
        Err(fault) => (usual_settings(), [fault].into_iter().collect()),
    }
}

/// The catalog of catalog.yaml, without what cannot be used.
pub fn read_catalog(document: &Document, settings: &Settings) -> (Catalog, Diagnostics) {
    if !document.sound {
        return (Catalog::default(), Diagnostics::default());
    }
    match document.typed::<shape::CatalogDocument>() {
        Ok(written) => {
            let (catalog, faults) = catalog::catalog(&written, document, settings);
            (catalog, faults.into_iter().collect())
        }
        Err(fault) => (Catalog::default(), [fault].into_iter().collect()),
    }
}

/// The settings of a repository that says nothing: the sandbox, in UTC.
fn usual_settings() -> Settings {
    Settings {
        zone: Zone::UTC,
        language: Language::default(),
        helpdesk: HelpdeskConfig::default(),
        ledger: LedgerConfig::default(),
        sender: None,
        webhook: None,
        late_after: Lead { days: 3 },
        guards: Guards::default(),
        mail: None,
        desk_notice: None,
        notice_time: settings::USUAL_NOTICE_TIME,
    }
}
