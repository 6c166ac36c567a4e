//! A repository on disk becomes an workspace that later stages trust, or its faults are shown and the run ends.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::check::{self, Basis, CheckedRepository};
use servanda::diagnostic::{Diagnostics, FileId, Severity, Sources};
use servanda::document::{self, Document, DocumentKind, Node};
use servanda::live::digest;
use servanda::render;
use servanda::settings::Settings;
use servanda::template::{self, Library, Resolved};

use crate::cli::Global;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say};
use crate::workspace::files::{self, Content, File};
use crate::workspace::git;
use crate::workspace::git_tree::Commit;
use crate::workspace::prefilter::about;

/// The files of a repository, read and parsed.
pub(crate) struct LoadedFiles {
    pub(crate) root: PathBuf,
    pub(crate) sources: Sources,
    pub(crate) templates: Vec<Document>,
    pub(crate) agreements: Vec<Document>,
    calendars: Vec<Document>,
    settings: Option<Document>,
    pub(crate) catalog: Option<Document>,
    faults: Diagnostics,
    basis: OnceLock<Basis>,
}

/// Everything that the files say, checked.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The commit of the files, where they are in a repository.
    pub(crate) commit: Option<String>,
    /// The digest of all files.
    pub(crate) digest: String,
    pub(crate) settings: Settings,
    pub(crate) catalog: Catalog,
    pub(crate) agreements: Vec<Agreement>,
    /// The commit that is trusted, where the files are of a pull request; else the folder is.
    pub(crate) base: Option<Commit>,
}

/// A file that is not on disk yet.
pub(crate) struct Fresh {
    /// Its path relative to the repository.
    pub(crate) path: String,
    /// What it would hold.
    pub(crate) text: String,
    /// What the text was read as, where that is known.
    pub(crate) root: Option<Node>,
}

impl Fresh {
    /// A file that nobody has read yet.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), root: None }
    }
}

/// Finds the repository and reads its files.
pub(crate) fn load(global: &Global, context: &Context) -> Result<LoadedFiles, Failure> {
    let root = find(global, context)?;
    let files = read_all(&root)?;
    Ok(LoadedFiles::of(root, files))
}

/// The same, with only those agreements that a question about one client needs: they are looked for while what all
/// agreements share is read.
pub(crate) fn load_about(client: &str, global: &Global, context: &Context) -> Result<LoadedFiles, Failure> {
    let root = find(global, context)?;
    // The thread that asks works along, instead of waiting to be woken; where it cannot, all is done as ever.
    _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    let (shared, agreements) = rayon::join(
        || -> Result<LoadedFiles, Failure> {
            let places = while_made_ready(|| files::shared(&root))?;
            let shared =
                LoadedFiles::of(root.clone(), places.iter().map(|place| place.read(&root)).collect());
            shared.basis();
            Ok(shared)
        },
        || -> Result<Vec<File>, Failure> {
            Ok(about(client, &files::agreements(&root)?, |place| place.read(&root)))
        },
    );
    let mut loaded = shared?;
    loaded.read(agreements?);
    Ok(loaded)
}

fn read_all(root: &Path) -> Result<Vec<File>, Failure> {
    while_made_ready(|| files::read_all(root))
}

/// Reads while what judges the files is made ready, which takes about as long as to find a thousand of them.
fn while_made_ready<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    rayon::join(read, document::compile_validators).0
}

/// Finds the repository.
pub(crate) fn find(global: &Global, context: &Context) -> Result<PathBuf, Failure> {
    let root = match &global.repository {
        Some(folder) => context.working_directory.join(folder),
        None => files::find_root(&context.working_directory)?,
    };
    if global.repository.is_some() && !root.join(files::SETTINGS).is_file() {
        return Err(files::no_repository(&root));
    }
    Ok(root)
}

impl LoadedFiles {
    /// Takes the files of a repository in.
    pub(crate) fn of(root: PathBuf, files: Vec<File>) -> Self {
        let mut loaded = Self {
            sources: Sources::default(),
            templates: Vec::new(),
            agreements: Vec::new(),
            calendars: Vec::new(),
            settings: None,
            catalog: None,
            faults: Diagnostics::default(),
            basis: OnceLock::new(),
            root,
        };
        loaded.read(files);
        loaded
    }

    /// The zone of the settings, before anything is checked: `--as-of` needs it.
    pub(crate) fn zone(&self) -> Zone {
        self.basis().settings.zone.clone()
    }

    /// What all agreements stand on, made once.
    fn basis(&self) -> &Basis {
        self.basis.get_or_init(|| Basis::of(self.settings.as_ref(), self.catalog.as_ref(), &self.calendars))
    }

    fn read(&mut self, files: Vec<File>) {
        let mut readable: Vec<(FileId, DocumentKind)> = Vec::new();
        for file in files {
            let Some(kind) = document::kind_of(&file.path) else {
                if let Content::Link = file.content {
                    let id = self.sources.add(file.path, "");
                    self.faults.push(document::not_a_file(id, document::NotAFile::Link));
                }
                continue;
            };
            let fault = match file.content {
                Content::Bytes(bytes) => {
                    let (id, fault) = document::add_source(&mut self.sources, &file.path, bytes);
                    if fault.is_none() {
                        readable.push((id, kind));
                        continue;
                    }
                    fault.map(|fault| (id, fault))
                }
                Content::Link => {
                    let id = self.sources.add(file.path, "");
                    Some((id, document::not_a_file(id, document::NotAFile::Link)))
                }
                Content::Unreadable(why) => {
                    let id = self.sources.add(file.path, "");
                    Some((id, document::not_a_file(id, document::NotAFile::Unreadable(why))))
                }
            };
            if let Some((id, fault)) = fault {
                self.faults.push(fault);
                self.keep(document::unreadable(&self.sources, id, kind));
            }
        }
        let sources = &self.sources;
        let read: Vec<(Document, Diagnostics)> =
            readable.into_par_iter().map(|(id, kind)| document::read(sources, id, kind)).collect();
        for (document, faults) in read {
            self.faults.extend(faults);
            self.keep(document);
        }
    }

    /// The files that are known by a name of their own.
    fn documents(&self) -> impl Iterator<Item = &Document> {
        self.templates.iter().chain(&self.agreements).chain(&self.calendars)
    }

    fn keep(&mut self, document: Document) {
        if matches!(document.kind, DocumentKind::Settings | DocumentKind::Catalog | DocumentKind::Calendar) {
            self.basis.take();
        }
        match document.kind {
            DocumentKind::Settings => self.settings = Some(document),
            DocumentKind::Catalog => self.catalog = Some(document),
            DocumentKind::Template => self.templates.push(document),
            DocumentKind::Calendar => self.calendars.push(document),
            DocumentKind::Agreement => self.agreements.push(document),
        }
    }

    /// The repository as it would be with these files in place of those it has or beside them.
    pub(crate) fn with(mut self, files: Vec<Fresh>) -> Self {
        let mut replaced: BTreeSet<String> = BTreeSet::new();
        let mut readable: Vec<(FileId, DocumentKind, Option<Node>)> = Vec::with_capacity(files.len());
        for Fresh { path, text, root } in files {
            let kind = document::kind_of(&path);
            let id = self.sources.add(path.clone(), text);
            replaced.insert(path);
            readable.extend(kind.map(|kind| (id, kind, root)));
        }
        let sources = &self.sources;
        self.faults.retain(|fault| !replaced.contains(sources.path(fault.place.span.file)));
        let is_kept = |document: &Document| !replaced.contains(sources.path(document.file));
        self.agreements.retain(is_kept);
        self.templates.retain(is_kept);
        let read = readable.into_par_iter().map(|(id, kind, root)| match root {
            Some(root) => document::read_parsed(sources, id, kind, root),
            None => document::read(sources, id, kind),
        });
        let read: Vec<(Document, Diagnostics)> = read.collect();
        for (document, faults) in read {
            self.faults.extend(faults);
            self.keep(document);
        }
        self
    }

    /// Merges and checks everything; all faults of all stages, in the order of files.
    pub(crate) fn examine(&self, at: Instant) -> CheckedRepository {
        self.examine_and(at, |_, checked| checked)
    }

    /// The same where these agreements were judged before, and nothing of what they were made of has changed since.
    pub(crate) fn examine_again(&self, at: Instant, judged: Vec<Agreement>) -> CheckedRepository {
        self.examine_from(at, judged, |_, checked| checked)
    }

    /// The same, for whoever needs what was merged as well.
    pub(crate) fn examine_and<T>(
        &self,
        at: Instant,
        take: impl FnOnce(&[Resolved<'_>], CheckedRepository) -> T,
    ) -> T {
        self.examine_from(at, Vec::new(), take)
    }

    fn examine_from<T>(
        &self,
        at: Instant,
        judged: Vec<Agreement>,
        take: impl FnOnce(&[Resolved<'_>], CheckedRepository) -> T,
    ) -> T {
        let mut faults = self.faults.clone();
        faults.extend(document::duplicate_ids(self.documents(), &self.sources));
        let (library, found) = Library::new(&self.templates);
        faults.extend(found);
        // What a file that cannot be read extends is not known, so nothing is said about who extends what.
        if self.agreements.iter().all(|document| document.sound) {
            faults.extend(template::unused(&self.templates, &self.agreements));
        }
        let resolved = self.resolve(&library, &mut faults);
        let made: BTreeSet<FileId> = resolved.iter().map(|made| made.document.file).collect();
        let unread = self.agreements.iter().filter(|document| !made.contains(&document.file));
        let documents = check::CheckInput {
            basis: self.basis().clone(),
            agreements: &resolved,
            unread: unread.map(|document| &*document.id).collect(),
            diagnostics: faults,
            judged,
        };
        let checked = check::check(documents, &self.sources, at);
        let taken = take(&resolved, checked);
        // Ten thousand merged trees are given back faster by all cores than by one.
        resolved.into_par_iter().for_each(drop);
        taken
    }

    /// Every agreement with all that it inherits.
    pub(crate) fn resolve<'a>(
        &'a self,
        library: &Library<'a>,
        faults: &mut Diagnostics,
    ) -> Vec<Resolved<'a>> {
        let merged: Vec<_> = self.agreements.par_iter().map(|document| library.resolve(document)).collect();
        let mut all = Vec::new();
        for (resolved, found) in merged {
            faults.extend(found);
            all.extend(resolved);
        }
        all
    }

    /// Refuses faults of these files, whatever may be wrong with others.
    pub(crate) fn refuse_faults_of(
        &self,
        paths: &[&str],
        diagnostics: &Diagnostics,
        context: &Context,
    ) -> Result<(), Failure> {
        let mut own = diagnostics.clone();
        own.retain(|diagnostic| paths.contains(&self.sources.path(diagnostic.place.span.file)));
        if own.has_errors() {
            say(&render::diagnostics::text(&own, &self.sources, context.paint_errors()));
            return Err(Failure::new(
                Exit::Invalid,
                "workspace-invalid",
                render::diagnostics::summary(&own, self.files()),
            ));
        }
        Ok(())
    }

    /// The text of catalog.yaml, where there is one.
    pub(crate) fn catalog_text(&self) -> Option<&str> {
        self.catalog.as_ref().map(|document| self.sources.text(document.file))
    }

    /// How many files were read.
    pub(crate) fn files(&self) -> usize {
        self.sources.iter().count()
    }

    /// The digest of all files, which a plan is made from.
    pub(crate) fn digest(&self) -> String {
        let texts: Vec<(&str, String)> =
            self.sources.iter().map(|(_, source)| (source.path.as_str(), digest(&source.text))).collect();
        digest(&texts)
    }
}

/// The workspace, unless something is wrong with the files: then all faults are shown and the run ends with exit code 3.
pub(crate) fn check(
    loaded: LoadedFiles,
    at: Instant,
    global: &Global,
    context: &Context,
) -> Result<Workspace, Failure> {
    let checked = loaded.examine(at);
    trusted(loaded, checked, global, context)
}

/// The workspace of what was examined already.
pub(crate) fn trusted(
    loaded: LoadedFiles,
    mut checked: CheckedRepository,
    global: &Global,
    context: &Context,
) -> Result<Workspace, Failure> {
    deny_warnings(&mut checked.diagnostics, global.deny_warnings);
    refuse_invalid(&loaded, &checked, context)?;
    let warnings = checked.diagnostics.count(Severity::Warning);
    if warnings > 0 {
        let noun = if warnings == 1 { "warning" } else { "warnings" };
        say(&format!("{warnings} {noun}; `servanda validate` shows what about\n"));
    }
    let digest = loaded.digest();
    let LoadedFiles { root, sources, templates, agreements, .. } = loaded;
    // The process is short-lived: to give back tens of thousands of small pieces takes longer than to check them.
    std::mem::forget((sources, templates, agreements));
    Ok(Workspace {
        commit: git::commit(&root),
        digest,
        root,
        settings: checked.settings,
        catalog: checked.catalog,
        agreements: checked.agreements,
        base: None,
    })
}

/// Ends the run where something is wrong with the files, after all faults are shown.
fn refuse_invalid(
    loaded: &LoadedFiles,
    checked: &CheckedRepository,
    context: &Context,
) -> Result<(), Failure> {
    if checked.diagnostics.has_errors() {
        let paint = context.paint_errors();
        say(&render::diagnostics::text(&checked.diagnostics, &loaded.sources, paint));
        let summary = render::diagnostics::summary(&checked.diagnostics, loaded.files());
        return Err(Failure::new(Exit::Invalid, "workspace-invalid", summary));
    }
    Ok(())
}

/// What the files say, for an answer that needs no more: warnings are for `validate`.
pub(crate) fn check_quietly(
    loaded: LoadedFiles,
    at: Instant,
    global: &Global,
    context: &Context,
) -> Result<CheckedRepository, Failure> {
    let mut checked = loaded.examine(at);
    deny_warnings(&mut checked.diagnostics, global.deny_warnings);
    refuse_invalid(&loaded, &checked, context)?;
    std::mem::forget(loaded);
    Ok(checked)
}

/// Raises warnings to errors where that was asked for.
pub(crate) fn deny_warnings(diagnostics: &mut Diagnostics, is_denied: bool) {
    if is_denied {
        diagnostics.for_each_mut(|diagnostic| {
            if diagnostic.severity == Severity::Warning {
                diagnostic.severity = Severity::Error;
            }
        });
    }
}

/// Refuses an workspace without any agreement: that is a wrong folder, and no wish to end everything.
pub(crate) fn not_empty(workspace: Workspace) -> Result<Workspace, Failure> {
    if workspace.agreements.is_empty() {
        let folder: &Path = &workspace.root;
        return Err(Failure::new(
            Exit::Refused,
            "workspace-refused",
            format!("no agreement was found below {}", folder.display()),
        )
        .help("agreements stand in agreements/**/*.yaml; an empty folder is no wish to end everything"));
    }
    Ok(workspace)
}
