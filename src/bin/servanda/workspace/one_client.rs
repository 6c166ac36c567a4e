//! Reads what an answer about one client needs.

use servanda::document;

use crate::process::context::Context;
use crate::process::failure::Failure;
use crate::workspace::files::{self, File};
use crate::workspace::load::{LoadedFiles, find, read_and_prepare};
use crate::workspace::prefilter::{catalog_about, files_about};
use crate::workspace::settings_file::SettingsFile;

/// Finds the repository and reads the shared files, and those agreements that an answer about one client needs. Both are
/// read at the same time.
pub(crate) fn load_for_client(client: &str, context: &Context) -> Result<LoadedFiles, Failure> {
    let root = find(context)?;
    // The current thread joins the pool, which saves waking another one. Failing to set that up costs only time.
    _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    let read_shared = || -> Result<(LoadedFiles, Vec<File>), Failure> {
        let places = read_and_prepare(|| files::shared(&root))?;
        let settings = SettingsFile::of(context)?;
        let files = settings.on_disk(&root, places.iter().map(|place| place.read(&root)).collect())?;
        let (catalog, others) = files.into_iter().partition(|file| document::is_catalog(&file.path));
        Ok((LoadedFiles::of(root.clone(), others, settings).on_disk(), catalog))
    };
    let read_agreements = || Ok(files_about(client, &files::agreements(&root)?, |place| place.read(&root)));
    let (shared, agreements): (_, Result<Vec<File>, Failure>) = rayon::join(read_shared, read_agreements);
    let (mut loaded, catalog) = shared?;
    loaded.read(agreements?);
    let part = catalog_about(client, loaded.sources.iter().map(|(_, source)| &*source.text), &catalog);
    loaded.is_part_of_catalog = part.is_some();
    loaded.read(part.unwrap_or(catalog));
    Ok(loaded)
}
