//! The files that every agreement is checked against: settings, catalog and calendars.

use super::{calendars, catalog, settings};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, shape};
use crate::settings::Settings;

/// Settings, catalog and calendars, with the errors in them.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The settings; values that cannot be used are replaced by their defaults.
    pub settings: Settings,
    /// The catalog, without entries that cannot be used.
    pub catalog: Catalog,
    /// Whether an unknown slug is an error: not while the catalog cannot be read.
    pub(super) names_are_known: bool,
    pub(super) faults: Diagnostics,
}

impl Basis {
    /// Reads servanda.yaml, catalog.yaml and the files of `calendars/`. Without a catalog every slug is unknown; while the
    /// catalog cannot be read, slugs are not checked.
    pub fn read(settings: Option<&Document>, catalog: Option<&Document>, calendars: &[Document]) -> Self {
        let mut faults = Diagnostics::default();
        let settings = settings.map_or_else(Settings::default, |document| {
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

/// Reads servanda.yaml. Values that cannot be used are replaced by their defaults.
pub fn read_settings(document: &Document) -> (Settings, Diagnostics) {
    if !document.sound {
        return (Settings::default(), Diagnostics::default());
    }
    match document.typed::<shape::SettingsDocument>() {
        Ok(written) => {
            let (settings, faults) = settings::settings(&written, document);
            (settings, faults.into_iter().collect())
        }
        Err(fault) => (Settings::default(), [fault].into_iter().collect()),
    }
}

/// Reads catalog.yaml, without entries that cannot be used.
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
