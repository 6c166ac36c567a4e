//! The files of the catalog among the loaded files, and their edits.

use servanda::check::default_provider;
use servanda::diagnostic::{Code, Diagnostic};
use servanda::discovery::catalog::CatalogEdit;
use servanda::discovery::catalog_files::{self, CatalogFile, CatalogRefused, CatalogText};

use crate::process::failure::{Exit, Failure};
use crate::workspace::load::LoadedFiles;

impl LoadedFiles {
    /// Whether an error of the settings is that the catalog does not have their provider yet.
    pub(crate) fn awaits_the_catalog(&self, diagnostic: &Diagnostic) -> bool {
        let settings = &self.basis().settings;
        let named = settings.helpdesks.keys().map(Some);
        let mut paths = named.chain([None]).map(default_provider);
        let is_place = |path: Vec<&str>| {
            let written = self.settings.as_ref().and_then(|settings| settings.get(&path));
            written.is_some_and(|node| node.span == diagnostic.place.span)
        };
        diagnostic.code == Code::E101 && paths.any(is_place)
    }

    /// The files of the catalog.
    pub(crate) fn catalog_files(&self) -> Vec<CatalogFile<'_>> {
        let files = self.catalog.iter().map(|document| CatalogFile {
            path: self.sources.path(document.file),
            text: self.sources.text(document.file),
            root: &document.root,
        });
        files.collect()
    }

    /// The files of the catalog that these edits change, with their new texts.
    pub(crate) fn edit_catalog(&self, edits: &[CatalogEdit]) -> Result<Vec<CatalogText>, Failure> {
        catalog_files::edit(&self.catalog_files(), edits).map_err(|refused| {
            let code = match refused {
                CatalogRefused::Layout { .. } => "catalog-not-editable",
                CatalogRefused::Invalid { .. } => "catalog-invalid",
            };
            Failure::new(Exit::Failure, code, refused.to_string()).help("nothing was written")
        })
    }
}
