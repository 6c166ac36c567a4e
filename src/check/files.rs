//! Checks agreements whose files are parsed one by one: the tree of a file lives only while the file is judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use crate::calendar::Instant;
use crate::check::agreement::CheckContext;
use crate::check::alone::{BoxedJudged, alone};
use crate::check::title::Titles;
use crate::check::{Basis, CheckedRepository, check_by};
use crate::diagnostic::{Diagnostics, FileId, Sources};
use crate::document::{self, Document, DocumentKind, DocumentName, Node};
use crate::template::{self, Library, Resolved};

/// The documents of a repository, with the files of agreements as texts.
pub struct FilesInput<'a> {
    /// The settings, the catalog and the calendars.
    pub basis: Basis,
    /// The templates.
    pub library: &'a Library<'a>,
    /// The files of agreements with their texts, each of which is parsed while it is judged.
    pub files: Vec<(FileId, Cow<'a, str>)>,
    /// Files of agreements whose bytes are no text, which is among the diagnostics.
    pub unreadable: &'a [Document],
    /// The diagnostics of earlier stages. They are returned, except those that an agreement allows.
    pub diagnostics: Diagnostics,
    /// Sees each file while its tree is there.
    pub see: &'a SeeFile<'a>,
}

/// Is passed the agreements of a file, merged with their templates, the text of the file, and the sources, which have the
/// texts of the templates.
pub type SeeFile<'a> = dyn Fn(&[Resolved<'_>], &str, &Sources) + Sync + 'a;

/// A file of agreements after it was judged.
struct JudgedFile<'a> {
    name: DocumentName,
    /// Whether reading found no error.
    is_sound: bool,
    agreements: Vec<BoxedJudged>,
    faults: Diagnostics,
    /// Its text, if it has findings of its own.
    text: Option<Cow<'a, str>>,
}

/// Checks a whole repository like [`super::check`], with the same result. Also returns the texts of the files that have findings
/// of their own; every other text is dropped once its file is judged.
pub fn check_files<'a>(
    input: FilesInput<'a>,
    sources: &Sources,
    at: Instant,
) -> (CheckedRepository, Vec<(FileId, Cow<'a, str>)>) {
    let FilesInput { basis, library, files, unreadable, diagnostics, see } = input;
    let titles = library.templates().iter().filter_map(|template| template.get(&["title"]));
    let titles = Titles::compile(titles.filter_map(Node::as_text));
    let mut kept = Vec::new();
    let checked = check_by(basis, &titles, diagnostics, sources, at, |ground, diagnostics| {
        let extended: BTreeMap<&str, AtomicBool> =
            library.templates().iter().map(|template| (&*template.id, AtomicBool::new(false))).collect();
        let judging = FileJudge { library, extended: &extended, ground, sources, at, see };
        let mut judged_files: Vec<JudgedFile<'_>> =
            files.into_par_iter().map(|(file, text)| judging.judge(file, text)).collect();
        for file in &mut judged_files {
            diagnostics.extend(std::mem::take(&mut file.faults));
            kept.extend(file.text.take().map(|text| (file.name.file, text)));
        }
        let names = || judged_files.iter().map(|file| &file.name);
        let named = names().cloned().chain(unreadable.iter().map(DocumentName::of));
        diagnostics.extend(document::duplicate_ids(named, sources));
        // An unreadable file may extend any template, so unused ones are reported only where every file is readable.
        if unreadable.is_empty() && judged_files.iter().all(|file| file.is_sound) {
            let extended = extended.iter().filter(|(_, is_used)| is_used.load(Ordering::Relaxed));
            diagnostics.extend(template::unused(library.templates(), extended.map(|(name, _)| *name)));
        }
        let mut judged: Vec<BoxedJudged> = Vec::with_capacity(judged_files.len());
        let mut unread: BTreeSet<Box<str>> = unreadable.iter().map(|document| document.id.clone()).collect();
        for file in judged_files {
            if file.agreements.is_empty() {
                unread.insert(file.name.id);
            }
            judged.extend(file.agreements);
        }
        (judged, unread)
    });
    (checked, kept)
}

/// Judges files.
#[derive(Clone, Copy)]
struct FileJudge<'a> {
    library: &'a Library<'a>,
    /// The templates by name, each with whether an agreement extends it.
    extended: &'a BTreeMap<&'a str, AtomicBool>,
    ground: CheckContext<'a>,
    sources: &'a Sources,
    at: Instant,
    see: &'a SeeFile<'a>,
}

impl FileJudge<'_> {
    /// Parses a file, merges its agreements with their templates, and judges each by itself.
    fn judge(self, file: FileId, text: Cow<'_, str>) -> JudgedFile<'_> {
        let kind = DocumentKind::Agreement;
        let (document, mut faults) = document::read_text(self.sources.path(file), &text, file, kind);
        for name in template::extended(&document) {
            if let Some(is_used) = self.extended.get(name) {
                is_used.store(true, Ordering::Relaxed);
            }
        }
        let (resolved, found) = self.library.resolve(&document);
        faults.extend(found);
        (self.see)(&resolved, &text, self.sources);
        let agreements: Vec<BoxedJudged> =
            resolved.iter().map(|one| Box::new(alone(one, self.ground, self.at))).collect();
        let has_findings = !faults.is_empty() || agreements.iter().any(|one| !one.faults.is_empty());
        JudgedFile {
            name: DocumentName::of(&document),
            is_sound: document.sound,
            agreements,
            faults,
            text: has_findings.then_some(text),
        }
    }
}
