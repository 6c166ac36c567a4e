//! Reads the files of a repository, and checks them into a [`Workspace`] that later stages may trust. Where something is
//! wrong with the files, all diagnostics are shown and the run ends.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rayon::prelude::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::check::{self, Basis, CheckedRepository};
use servanda::diagnostic::{Diagnostics, FileId, Severity, Sources};
use servanda::document::{self, Document, DocumentKind, DocumentName, Node};
use servanda::ident::composed;
use servanda::live::digest;
use servanda::plan::scope::Scope;
use servanda::render;
use servanda::render::message;
use servanda::settings::Settings;
use servanda::template::{self, Library, Resolved};

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::{inform, print_message};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git;
pub(crate) use crate::workspace::new_file::NewFile;
use crate::workspace::settings_file::SettingsFile;
pub(crate) use crate::workspace::trusted::TrustedFiles;

/// The files of a repository, read and parsed.
pub(crate) struct LoadedFiles {
    pub(crate) root: PathBuf,
    pub(crate) sources: Sources,
    pub(crate) templates: Vec<Document>,
    /// The files of agreements with their trees; without [`Self::with_trees`] only those that are no text.
    pub(crate) agreements: Vec<Document>,
    /// The files of agreements that are parsed one by one, each while it is judged.
    pub(super) unparsed: Vec<FileId>,
    calendars: Vec<Document>,
    /// The repository's own texts of notices.
    texts: Vec<FileId>,
    pub(super) settings: Option<Document>,
    /// The file of the settings.
    pub(crate) settings_file: SettingsFile,
    /// The files of the catalog.
    pub(crate) catalog: Vec<Document>,
    pub(super) faults: Diagnostics,
    pub(super) basis: OnceLock<Basis>,
    digest: OnceLock<String>,
    /// Whether the files are those on disk, so that a text can be read again.
    pub(super) is_on_disk: bool,
    /// Whether the catalog is what an answer about one client needs of it.
    pub(super) is_part_of_catalog: bool,
    /// The files of agreements and of the catalog whose texts were dropped, each with the hash of its text.
    pub(super) dropped: Vec<(FileId, u64)>,
}

/// The checked content of a repository, without errors.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The commit of the files, where they are in a Git repository.
    pub(crate) commit: Option<String>,
    /// The digest of all files.
    pub(crate) digest: String,
    pub(crate) settings: Settings,
    pub(crate) catalog: Catalog,
    pub(crate) agreements: Vec<Agreement>,
    /// The agreements of all helpdesks of the repository; empty if there is one.
    pub(crate) everywhere: Arc<[Agreement]>,
    /// The paths of the files of agreements.
    pub(crate) paths: BTreeMap<FileId, String>,
    /// The repository's own texts of notices, by their file names in `notices/`.
    pub(crate) texts: BTreeMap<String, String>,
    /// The files of the base of a pull request, whose settings are trusted; `None` where the folder is trusted.
    pub(crate) base: Option<TrustedFiles>,
    /// The pull request that the files belong to.
    pub(crate) pull_request: Option<Box<PullRequestBase>>,
}

/// The content of the base of a pull request, and the difference to it.
pub(crate) struct PullRequestBase {
    pub(crate) agreements: Vec<Agreement>,
    /// The agreements of all helpdesks of the repository; empty if there is one.
    pub(crate) everywhere: Arc<[Agreement]>,
    pub(crate) catalog: Catalog,
    pub(crate) scope: Scope,
}

/// Finds the repository and reads all its files.
pub(crate) fn load(context: &Context) -> Result<LoadedFiles, Failure> {
    let root = find(context)?;
    let settings = SettingsFile::of(context)?;
    let files = settings.on_disk(&root, read_and_prepare(|| files::read_all(&root))?)?;
    Ok(LoadedFiles::of(root, files, settings).on_disk())
}

/// Reads files while another thread builds the validators, which takes as long as finding a thousand files.
pub(super) fn read_and_prepare<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    rayon::join(read, document::compile_validators).0
}

/// Finds the repository: the folder of `--repository`, or the nearest one at or above the working directory.
pub(crate) fn find(context: &Context) -> Result<PathBuf, Failure> {
    let root = match &context.repository {
        Some(folder) => context.working_directory.join(folder),
        None => files::find_root(&context.working_directory)?,
    };
    if context.repository.is_some() && !root.join(files::SETTINGS).is_file() {
        return Err(files::no_repository(&root));
    }
    Ok(root)
}

impl LoadedFiles {
    /// Parses the files of a repository, except those of agreements.
    pub(crate) fn of(root: PathBuf, files: Vec<File>, settings_file: SettingsFile) -> Self {
        let mut loaded = Self {
            sources: Sources::default(),
            templates: Vec::new(),
            agreements: Vec::new(),
            unparsed: Vec::new(),
            calendars: Vec::new(),
            texts: Vec::new(),
            settings: None,
            settings_file,
            catalog: Vec::new(),
            faults: Diagnostics::default(),
            basis: OnceLock::new(),
            digest: OnceLock::new(),
            is_on_disk: false,
            is_part_of_catalog: false,
            dropped: Vec::new(),
            root,
        };
        loaded.read(files);
        loaded
    }

    /// The time zone of the settings, available before the check because `--as-of` needs it.
    pub(crate) fn zone(&self) -> Zone {
        self.basis().settings.zone.clone()
    }

    /// The settings, catalog and calendars against which every agreement is checked. Computed once.
    pub(super) fn basis(&self) -> &Basis {
        self.basis.get_or_init(|| Basis::read(self.settings.as_ref(), &self.catalog, &self.calendars))
    }

    pub(super) fn read(&mut self, files: Vec<File>) {
        self.digest.take();
        self.sources.reserve(files.len());
        let mut readable: Vec<(FileId, DocumentKind)> = Vec::new();
        for file in files {
            if file.path.starts_with(message::FOLDER) {
                self.read_text(file);
                continue;
            }
            let Some(kind) = self.kind_of(&file.path) else {
                if let Content::Link = file.content {
                    let id = self.sources.add(file.path, "");
                    self.faults.push(document::not_a_file(id, document::NotAFile::Link));
                }
                continue;
            };
            let (id, fault) = match file.content.bytes() {
                Ok(bytes) => document::add_source(&mut self.sources, &file.path, bytes),
                Err(why) => {
                    let id = self.sources.add(file.path, "");
                    (id, Some(document::not_a_file(id, why)))
                }
            };
            if let Some(fault) = fault {
                let (document, faults) = document::unreadable(&self.sources, id, kind, fault);
                self.faults.extend(faults);
                self.keep(document);
            } else if kind == DocumentKind::Agreement {
                self.unparsed.push(id);
            } else {
                readable.push((id, kind));
            }
        }
        self.parse(readable);
    }

    /// The kind of a file: the one that `--settings` names holds settings under any name.
    fn kind_of(&self, path: &str) -> Option<DocumentKind> {
        let own = (path == self.settings_file.path()).then_some(DocumentKind::Settings);
        own.or_else(|| document::kind_of(path))
    }

    fn parse(&mut self, files: Vec<(FileId, DocumentKind)>) {
        let sources = &self.sources;
        let read: Vec<(Document, Diagnostics)> =
            files.into_par_iter().map(|(id, kind)| document::read(sources, id, kind)).collect();
        for (document, faults) in read {
            self.faults.extend(faults);
            self.keep(document);
        }
    }

    /// Parses the files of agreements too, and keeps their trees, for commands that edit, explain or compare them.
    pub(crate) fn with_trees(mut self) -> Self {
        self.restore(|_| true);
        let files = std::mem::take(&mut self.unparsed);
        self.parse(files.into_iter().map(|id| (id, DocumentKind::Agreement)).collect());
        self
    }

    /// Parses the files of agreements of this name, and no others. Errors in them are found by a check.
    pub(crate) fn documents_of(&self, name: &str) -> Vec<Document> {
        let is_named = |file: &&FileId| composed(document::id_of(self.sources.path(**file))) == name;
        let parsed = self.unparsed.iter().filter(is_named);
        let parsed = parsed.map(|file| document::read(&self.sources, *file, DocumentKind::Agreement).0);
        parsed.chain(self.agreements.iter().filter(|document| *document.id == *name).cloned()).collect()
    }

    /// Adds a text of notices.
    fn read_text(&mut self, File { path, content }: File) {
        let unreadable = |why: &str| document::NotAFile::Unreadable(why.to_owned());
        let text = content
            .bytes()
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text")));
        match text {
            Ok(text) => {
                let id = self.sources.add(path, text);
                self.texts.push(id);
            }
            Err(why) => {
                let id = self.sources.add(path, "");
                self.faults.push(document::not_a_file(id, why));
            }
        }
    }

    /// The repository's own texts of notices, by their file names in `notices/`.
    pub(crate) fn own_texts(&self) -> BTreeMap<String, String> {
        message::own_texts(&self.sources, &self.texts)
    }

    fn keep(&mut self, document: Document) {
        if matches!(document.kind, DocumentKind::Settings | DocumentKind::Catalog | DocumentKind::Calendar) {
            self.basis.take();
        }
        match document.kind {
            // Another spelling of their names is an error, and replaces nothing.
            DocumentKind::Settings if self.sources.path(document.file) == self.settings_file.path() => {
                self.settings = Some(document);
            }
            DocumentKind::Catalog if document::is_catalog(self.sources.path(document.file)) => {
                self.catalog.push(document);
            }
            DocumentKind::Settings | DocumentKind::Catalog => {}
            DocumentKind::Template => self.templates.push(document),
            DocumentKind::Calendar => self.calendars.push(document),
            DocumentKind::Agreement => self.agreements.push(document),
        }
    }

    /// Adds these files, or puts them in place of those of the same path.
    pub(crate) fn with(self, files: Vec<NewFile>) -> Self {
        let mut loaded = self.with_trees();
        loaded.digest.take();
        let mut replaced: BTreeSet<String> = BTreeSet::new();
        let mut readable: Vec<(FileId, DocumentKind, Option<Node>)> = Vec::with_capacity(files.len());
        for NewFile { path, text, root } in files {
            let kind = loaded.kind_of(&path);
            let id = loaded.sources.add(path.clone(), text);
            replaced.insert(path);
            readable.extend(kind.map(|kind| (id, kind, root)));
        }
        let sources = &loaded.sources;
        loaded.faults.retain(|fault| !replaced.contains(sources.path(fault.place.span.file)));
        let is_kept = |document: &Document| !replaced.contains(sources.path(document.file));
        loaded.agreements.retain(is_kept);
        loaded.templates.retain(is_kept);
        loaded.calendars.retain(is_kept);
        loaded.catalog.retain(is_kept);
        let read = readable.into_par_iter().map(|(id, kind, root)| match root {
            Some(root) => document::read_parsed(sources, id, kind, root),
            None => document::read(sources, id, kind),
        });
        let read: Vec<(Document, Diagnostics)> = read.collect();
        for (document, faults) in read {
            loaded.faults.extend(faults);
            loaded.keep(document);
        }
        loaded
    }

    /// Resolves and checks all files, and collects the diagnostics of all stages in the order of the files.
    pub(crate) fn check(&self, at: Instant) -> CheckedRepository {
        if self.unparsed.is_empty() {
            return self.check_with(at, Vec::new(), |_, checked| checked);
        }
        self.check_files(self.basis().clone(), self.texts(), at, &|_, _, _| {}).0
    }

    /// The templates, and the diagnostics of files so far.
    pub(super) fn library(&self) -> (Library<'_>, Diagnostics) {
        let mut faults = self.faults.clone();
        let named = self.templates.iter().chain(&self.calendars).map(DocumentName::of);
        faults.extend(document::duplicate_ids(named, &self.sources));
        let (library, found) = Library::new(&self.templates);
        faults.extend(found);
        faults.extend(message::faults(&self.sources, &self.texts));
        (library, faults)
    }

    /// Checks files with their trees like [`Self::check`], and passes the resolved documents on as well. The agreements in
    /// `known` were checked before, and nothing that they depend on has changed since.
    pub(crate) fn check_with<T>(
        &self,
        at: Instant,
        known: Vec<Agreement>,
        take: impl FnOnce(&[Resolved<'_>], CheckedRepository) -> T,
    ) -> T {
        let (library, mut faults) = self.library();
        faults.extend(document::duplicate_ids(self.agreements.iter().map(DocumentName::of), &self.sources));
        // An unreadable file may extend any template, so unused ones are reported only where every file is readable.
        if self.agreements.iter().all(|document| document.sound) {
            faults.extend(template::unused(
                &self.templates,
                self.agreements.iter().flat_map(template::extended),
            ));
        }
        let resolved = self.resolve(&library, &mut faults);
        let made: BTreeSet<FileId> = resolved.iter().map(|made| made.document.file).collect();
        let unread = self.agreements.iter().filter(|document| !made.contains(&document.file));
        let documents = check::CheckInput {
            basis: self.basis().clone(),
            agreements: &resolved,
            unread: unread.map(|document| &*document.id).collect(),
            diagnostics: faults,
            judged: known,
        };
        let checked = check::check(documents, &self.sources, at);
        let taken = take(&resolved, checked);
        // All cores free ten thousand resolved trees faster than one does.
        resolved.into_par_iter().for_each(drop);
        taken
    }

    /// Resolves every agreement: its own values merged with those that it inherits.
    pub(crate) fn resolve<'a>(
        &'a self,
        library: &Library<'a>,
        faults: &mut Diagnostics,
    ) -> Vec<Resolved<'a>> {
        assert!(self.unparsed.is_empty(), "agreements are resolved by their trees");
        let merged: Vec<_> = self.agreements.par_iter().map(|document| library.resolve(document)).collect();
        let mut all = Vec::new();
        for (resolved, found) in merged {
            faults.extend(found);
            all.extend(resolved);
        }
        all
    }

    /// Checks the files into a workspace. With an error in them, shows all diagnostics and fails with exit code 3.
    pub(crate) fn into_workspace(mut self, at: Instant, context: &Context) -> Result<Workspace, Failure> {
        self.digest();
        let checked = self.check_last(at);
        self.into_workspace_of(checked, context)
    }

    /// Makes the workspace of files that were checked already; fails like [`Self::into_workspace`].
    pub(crate) fn into_workspace_of(
        self,
        mut checked: CheckedRepository,
        context: &Context,
    ) -> Result<Workspace, Failure> {
        deny_warnings(&mut checked.diagnostics, context.deny_warnings);
        self.refuse_errors(&checked.diagnostics, context)?;
        let warnings = checked.diagnostics.count(Severity::Warning);
        if warnings > 0 {
            let noun = if warnings == 1 { "warning" } else { "warnings" };
            inform(&format!("{warnings} {noun}; `servanda validate` shows them\n"));
        }
        let commit = git::commit(&self.root);
        Ok(Workspace { commit, ..self.workspace(checked) })
    }

    /// The workspace of what was checked, also with errors, and without its commit.
    pub(crate) fn workspace(self, checked: CheckedRepository) -> Workspace {
        let (digest, paths, texts) = (self.digest(), self.paths(), self.own_texts());
        Workspace {
            commit: None,
            digest,
            root: self.root,
            settings: checked.settings,
            catalog: checked.catalog,
            agreements: checked.agreements,
            everywhere: Arc::default(),
            paths,
            texts,
            base: None,
            pull_request: None,
        }
    }

    /// Checks the files for an answer that needs no more than their content, and leaves warnings to `validate`. The errors
    /// that are shown are those of the whole repository.
    pub(crate) fn into_checked(
        mut self,
        at: Instant,
        context: &Context,
    ) -> Result<CheckedRepository, Failure> {
        let mut checked = self.check_last(at);
        deny_warnings(&mut checked.diagnostics, context.deny_warnings);
        if self.is_part_of_catalog && checked.diagnostics.has_errors() {
            return load(context)?.into_checked(at, context);
        }
        self.refuse_errors(&checked.diagnostics, context)?;
        Ok(checked)
    }

    /// Shows these diagnostics and fails with exit code 3, if there is an error among them.
    pub(crate) fn refuse_errors(&self, diagnostics: &Diagnostics, context: &Context) -> Result<(), Failure> {
        if !diagnostics.has_errors() {
            return Ok(());
        }
        print_message(&render::diagnostics::text(diagnostics, &self.sources, context.paint_errors()));
        let summary = render::diagnostics::summary(diagnostics, self.files());
        Err(Failure::new(Exit::Invalid, "files-invalid", summary))
    }

    /// Refuses errors in these files only, as [`Self::refuse_errors`] does. The catalog may lack the provider of the settings.
    pub(crate) fn refuse_errors_in(
        &self,
        is_one: impl Fn(&str) -> bool,
        diagnostics: &Diagnostics,
        context: &Context,
    ) -> Result<(), Failure> {
        let mut own = diagnostics.clone();
        own.retain(|diagnostic| {
            is_one(self.sources.path(diagnostic.place.span.file)) && !self.awaits_the_catalog(diagnostic)
        });
        self.refuse_errors(&own, context)
    }

    /// The paths of the files of agreements.
    pub(crate) fn paths(&self) -> BTreeMap<FileId, String> {
        let files = self.agreements.iter().map(|document| document.file).chain(self.unparsed.iter().copied());
        files.map(|file| (file, self.sources.path(file).to_owned())).collect()
    }

    /// The number of files that were read.
    pub(crate) fn files(&self) -> usize {
        self.sources.iter().count()
    }

    /// The digest of all files, by which a plan names what it was made from. It does not depend on the line ends of a
    /// checkout, nor on whether its system composes the letters of file names.
    pub(crate) fn digest(&self) -> String {
        self.digest.get_or_init(|| self.digest_of_texts()).clone()
    }

    fn digest_of_texts(&self) -> String {
        debug_assert!(self.dropped.is_empty(), "the digest is of all texts");
        let text = |text: &String| {
            if text.contains('\r') { digest(&text.replace("\r\n", "\n")) } else { digest(text) }
        };
        let mut texts: Vec<(Cow<'_, str>, String)> =
            self.sources.iter().map(|(_, source)| (composed(&source.path), text(&source.text))).collect();
        texts.sort();
        digest(&texts)
    }
}

/// Raises warnings to errors, if `is_denied`.
pub(crate) fn deny_warnings(diagnostics: &mut Diagnostics, is_denied: bool) {
    if is_denied {
        diagnostics.for_each_mut(|diagnostic| {
            if diagnostic.severity == Severity::Warning {
                diagnostic.severity = Severity::Error;
            }
        });
    }
}
