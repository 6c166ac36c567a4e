//! The files that every agreement is checked against: settings, catalog and calendars.

use super::{calendars, catalog, settings};
use crate::catalog::Catalog;
use crate::check::reader::{PROVIDER, unknown};
use crate::check::subject::Places;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, hide_addresses, shape};
use crate::ident::HelpdeskName;
use crate::settings::{HelpdeskConfig, Settings};

/// The most known providers that an error names.
const NAMED: usize = 20;

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
    /// Reads servanda.yaml, the files of the catalog and those of `calendars/`. Without a catalog every slug is unknown;
    /// while a file of it cannot be read, slugs are not checked.
    pub fn read<'a>(
        settings: Option<&Document>,
        catalog: impl IntoIterator<Item = &'a Document>,
        calendars: &[Document],
    ) -> Self {
        let files: Vec<&Document> = catalog.into_iter().collect();
        let mut faults = Diagnostics::default();
        let servanda_yaml = settings;
        let settings = settings.map_or_else(Settings::default, |document| {
            let (settings, found) = read_settings(document);
            faults.extend(found);
            settings
        });
        let names_are_known = files.iter().all(|file| file.sound);
        let (mut catalog, found) = read_catalog(&files, &settings);
        faults.extend(found);
        if let (Some(document), true) = (servanda_yaml, names_are_known) {
            faults.extend(unknown_providers(document, &settings, &catalog).into_iter().collect());
        }
        let found = calendars::read_into(&mut catalog, calendars, &settings);
        faults.extend(found.into_iter().collect());
        Self { settings, catalog, names_are_known, faults }
    }
}

/// The place of the default provider of a helpdesk in servanda.yaml; `None` stands for the only helpdesk. Whoever fills the
/// catalog tolerates an unknown one.
pub fn default_provider(helpdesk: Option<&HelpdeskName>) -> Vec<&str> {
    match helpdesk {
        None => vec!["helpdesk", "provider"],
        Some(name) => vec!["helpdesks", name.as_str(), "provider"],
    }
}

/// The faults of default providers that the catalog does not have.
fn unknown_providers(document: &Document, settings: &Settings, catalog: &Catalog) -> Vec<Diagnostic> {
    let one = settings.helpdesks.is_empty().then_some(&settings.helpdesk);
    let helpdesks = one.into_iter().chain(settings.helpdesks.values());
    helpdesks.filter_map(|helpdesk| unknown_provider(document, helpdesk, catalog)).collect()
}

fn unknown_provider(document: &Document, helpdesk: &HelpdeskConfig, catalog: &Catalog) -> Option<Diagnostic> {
    let provider = helpdesk.mapping.provider.as_ref()?;
    if catalog.providers.contains_key(provider) {
        return None;
    }
    let path = default_provider(helpdesk.name.as_ref());
    let place = Places::value(document, &path).unwrap_or_else(|| Places::whole(document));
    let known: Vec<String> = catalog.providers.keys().take(NAMED).map(|slug| format!("`{slug}`")).collect();
    let help = match known.len() {
        0 => "catalog.yaml has no providers: `servanda catalog pull` adds those of the helpdesk".to_owned(),
        NAMED => format!("use a slug of `providers:` in catalog.yaml, such as {}", known.join(", ")),
        _ => format!("use a provider of catalog.yaml: {}", known.join(", ")),
    };
    Some(unknown(PROVIDER, place, provider.as_str(), &catalog.providers).help(help))
}

/// Reads servanda.yaml. Values that cannot be used are replaced by their defaults.
pub fn read_settings(document: &Document) -> (Settings, Diagnostics) {
    if !document.sound {
        return (Settings::default(), Diagnostics::default());
    }
    match document.typed::<shape::SettingsDocument>() {
        Ok(written) => {
            let (settings, mut faults) = settings::settings(&written, document);
            hide_addresses(&document.root, &mut faults);
            (settings, faults.into_iter().collect())
        }
        Err(fault) => (Settings::default(), [fault].into_iter().collect()),
    }
}

/// Reads the files of a catalog into one, without entries that cannot be used. Of two entries of one slug, the first is
/// kept.
pub fn read_catalog(files: &[&Document], settings: &Settings) -> (Catalog, Diagnostics) {
    let sound = files.iter().copied().filter(|file| file.sound);
    let (catalog, faults) = catalog::catalog(sound, settings);
    (catalog, faults.into_iter().collect())
}
