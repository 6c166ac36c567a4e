//! Checks the files of agreements without keeping their texts, nor those of the catalog: those of ten thousand files are
//! 10 MiB, of which few have findings.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use rayon::prelude::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::calendar::Instant;
use servanda::check::{self, Basis, CheckedRepository, SeeFile};
use servanda::diagnostic::{Diagnostic, FileId};
use servanda::document;

use crate::process::context::Context;
use crate::process::failure::Failure;
use crate::workspace::files::{self, Content};
use crate::workspace::load::{LoadedFiles, find, read_and_prepare};
use crate::workspace::settings_file::SettingsFile;

/// Finds the repository and reads its files for one check, as [`LoadedFiles::to_check`] does.
pub(crate) fn load_to_check(context: &Context) -> Result<LoadedFiles, Failure> {
    LoadedFiles::to_check(find(context)?, SettingsFile::of(context)?)
}

impl LoadedFiles {
    /// Reads the files on disk for one check. The trees of a catalog of five thousand clients are freed before the agreements
    /// are read, so that they are not held at the same time.
    pub(crate) fn to_check(root: PathBuf, settings: SettingsFile) -> Result<Self, Failure> {
        let found = read_and_prepare(|| files::shared(&root))?;
        let files = settings.on_disk(&root, found.iter().map(|place| place.read(&root)).collect())?;
        let mut loaded = Self::of(root, files, settings).on_disk();
        loaded.basis();
        loaded.catalog = Vec::new();
        let others = files::read_others(&loaded.root)?;
        loaded.read(others);
        Ok(loaded)
    }

    /// Marks the files as those on disk: a text may be dropped once its file is judged.
    pub(crate) fn on_disk(mut self) -> Self {
        self.is_on_disk = true;
        self
    }

    /// Checks all files like [`Self::check`], for the last time: the catalog is neither edited nor asked for afterwards,
    /// and is not held twice. A text is dropped once its file is judged or in the catalog, and read again if there is a finding
    /// about it.
    pub(crate) fn check_last(&mut self, at: Instant) -> CheckedRepository {
        self.check_and_see(at, &|_, _, _| {})
    }

    /// Checks all files like [`Self::check_last`], and passes on the resolved agreements of each file with its text.
    pub(crate) fn check_and_see(&mut self, at: Instant, see: &SeeFile<'_>) -> CheckedRepository {
        self.basis();
        // The basis cannot be computed again where the catalog was freed.
        let basis = if self.unparsed.is_empty() { None } else { self.basis.take() };
        let Some(basis) = basis else { return self.check(at) };
        self.catalog = Vec::new();
        if !self.is_on_disk {
            return self.check_files(basis, self.texts(), at, see).0;
        }
        let taken = self.unparsed.iter().map(|file| (*file, self.sources.take_text(*file)));
        let taken: Vec<(FileId, String)> = taken.collect();
        self.dropped = taken.par_iter().map(|(file, text)| (*file, hash(text))).collect();
        self.drop_texts_of_catalog();
        let texts = taken.into_iter().map(|(file, text)| (file, Cow::Owned(text))).collect();
        let (checked, kept) = self.check_files(basis, texts, at, see);
        let with_text: BTreeSet<FileId> = kept.iter().map(|(file, _)| *file).collect();
        for (file, text) in kept {
            self.sources.put_text(file, text);
        }
        self.dropped.retain(|(file, _)| !with_text.contains(file));
        let named: BTreeSet<FileId> = checked.diagnostics.iter().flat_map(Diagnostic::files).collect();
        self.restore(|file| named.contains(&file));
        checked
    }

    /// Drops the texts of the catalog after its reading: those of five thousand clients are 2 MiB. Keeps a shortened text and
    /// that of a file with faulty bytes, since neither could be read again alike.
    fn drop_texts_of_catalog(&mut self) {
        if self.is_part_of_catalog {
            return;
        }
        let faulty: BTreeSet<FileId> = self.faults.iter().flat_map(Diagnostic::files).collect();
        let files = self.sources.iter().filter(|(_, source)| document::is_catalog(&source.path));
        let files: Vec<FileId> = files.map(|(file, _)| file).filter(|file| !faulty.contains(file)).collect();
        for file in files {
            let text = self.sources.take_text(file);
            self.dropped.push((file, hash(&text)));
        }
    }

    /// The texts of the files of agreements that are parsed one by one.
    pub(super) fn texts(&self) -> Vec<(FileId, Cow<'_, str>)> {
        self.unparsed.iter().map(|file| (*file, Cow::Borrowed(self.sources.text(*file)))).collect()
    }

    /// Checks files of agreements that are parsed one by one. Also returns the texts of those with findings of their own.
    pub(super) fn check_files(
        &self,
        basis: Basis,
        files: Vec<(FileId, Cow<'_, str>)>,
        at: Instant,
        see: &SeeFile<'_>,
    ) -> (CheckedRepository, Vec<(FileId, String)>) {
        let (library, diagnostics) = self.library();
        let unreadable = &self.agreements;
        let input = check::FilesInput { basis, library: &library, files, unreadable, diagnostics, see };
        let (checked, kept) = check::check_files(input, &self.sources, at);
        (checked, kept.into_iter().map(|(file, text)| (file, text.into_owned())).collect())
    }

    /// Reads the dropped texts of some files again. One that has changed meanwhile stays empty: a finding is then shown
    /// at the first line of its file, without its text.
    pub(super) fn restore(&mut self, is_needed: impl Fn(FileId) -> bool) {
        let dropped = std::mem::take(&mut self.dropped).into_iter();
        let (needed, dropped) = dropped.partition::<Vec<_>, _>(|(file, _)| is_needed(*file));
        self.dropped = dropped;
        let read = needed.into_par_iter().filter_map(|(file, known)| {
            let path = self.sources.path(file);
            let bytes = Content::read(&self.root.join(path), document::kind_of(path)).bytes().ok()?;
            let text = String::from_utf8(bytes).ok().filter(|text| hash(text) == known)?;
            Some((file, text))
        });
        for (file, text) in read.collect::<Vec<_>>() {
            self.sources.put_text(file, text);
        }
    }
}

/// A hash by which a text is known again in the same process.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use servanda::diagnostic::Code;

    use super::{LoadedFiles, SettingsFile};
    use crate::workspace::files::write_within;

    const CATALOG: &str = "clients: { veter: { title: Ветер } }\nservices: { email: { title: Почта } }\n";
    const FINE: &str =
        "client: veter\nperiod: { first_day: 2020-01-01, last_day: 2020-12-31 }\nservices: { email: true }\n";

    #[test]
    fn a_catalog_without_agreements_is_judged_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for (path, text) in [
            ("servanda.yaml", "timezone: Europe/Moscow\n"),
            ("catalog/a.yaml", CATALOG),
            ("catalog/b.yaml", "clients: { veter: { title: Ветер } }\n"),
        ] {
            write_within(root, &root.join(path), text).expect("the folder can be written to");
        }
        let mut loaded =
            LoadedFiles::to_check(root.to_owned(), SettingsFile::default()).expect("a repository");
        let checked = loaded.check_last("2026-01-01T00:00:00Z".parse().expect("an instant"));
        let codes: Vec<Code> = checked.diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(codes, [Code::E003]);
        assert_eq!((checked.catalog.clients.len(), checked.catalog.services.len()), (1, 1));
    }

    #[test]
    fn the_text_of_a_catalog_is_dropped_unless_there_is_a_finding_about_it() {
        let odd = CATALOG.replace("veter:", "Veter: { title: Веер }, veter:");
        let cut = "\n\nclients: { veter: { title: ";
        let undecodable = [cut.as_bytes(), b"\xff"].concat();
        for (catalog, kept) in [(CATALOG.as_bytes(), ""), (odd.as_bytes(), &*odd), (&*undecodable, cut)] {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path();
            let settings = b"timezone: Europe/Moscow\n".as_slice();
            let files = [
                ("servanda.yaml", settings),
                ("catalog.yaml", catalog),
                ("agreements/a.yaml", FINE.as_bytes()),
            ];
            for (path, text) in files {
                write_within(root, &root.join(path), text).expect("the folder can be written to");
            }
            let mut loaded =
                LoadedFiles::to_check(root.to_owned(), SettingsFile::default()).expect("a repository");
            let checked = loaded.check_last("2026-01-01T00:00:00Z".parse().expect("an instant"));
            assert_eq!(checked.diagnostics.has_errors(), !kept.is_empty());
            let texts = loaded.sources.iter().filter(|(_, source)| source.path == "catalog.yaml");
            let texts: Vec<&str> = texts.map(|(_, source)| &*source.text).collect();
            assert_eq!(texts, [kept]);
        }
    }

    #[test]
    fn a_text_is_dropped_unless_there_is_a_finding_about_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let write = |path: &str, text: &str| {
            write_within(root, &root.join(path), text).expect("the folder can be written to");
        };
        write("servanda.yaml", "timezone: Europe/Moscow\n");
        write("catalog.yaml", CATALOG);
        write("agreements/fine.yaml", FINE);
        write("agreements/of-its-own.yaml", "titel: x\n");
        let renewing = FINE.replace("2020", "2021") + "renews: unheard-of\n";
        write("agreements/of-several.yaml", &renewing);
        let mut loaded =
            LoadedFiles::to_check(root.to_owned(), SettingsFile::default()).expect("a repository");
        let digest = loaded.digest();
        let checked = loaded.check_last("2026-01-01T00:00:00Z".parse().expect("an instant"));
        let found =
            checked.diagnostics.iter().map(|found| (found.code, loaded.sources.position(found.place.span)));
        let found: Vec<(Code, String, usize)> =
            found.map(|(code, place)| (code, place.path, place.line)).collect();
        assert_eq!(
            found,
            [
                (Code::E008, "agreements/of-its-own.yaml".to_owned(), 1),
                (Code::E101, "agreements/of-several.yaml".to_owned(), 4)
            ]
        );
        let text = |loaded: &LoadedFiles, name: &str| {
            let mut files = loaded.sources.iter().map(|(_, source)| source);
            files.find(|source| source.path.ends_with(name)).map(|source| source.text.clone())
        };
        assert_eq!(text(&loaded, "fine.yaml").as_deref(), Some(""));
        assert_eq!(text(&loaded, "of-several.yaml"), Some(renewing));
        assert_eq!(loaded.digest(), digest);
        write("agreements/fine.yaml", "another: text\n");
        loaded.restore(|_| true);
        assert_eq!(text(&loaded, "fine.yaml").as_deref(), Some(""), "it has changed meanwhile");
    }
}
