//! Checks agreements whose files are parsed one by one: the tree of a file lives only while the file is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::calendar::Instant;
use crate::check::agreement::CheckContext;
use crate::check::alone::{Judged, alone};
use crate::check::title::Titles;
use crate::check::{Basis, CheckedRepository, check_by};
use crate::diagnostic::{Diagnostics, FileId, Sources};
use crate::document::{self, Document, DocumentKind, DocumentName, Node};
use crate::template::{self, Library};

/// The documents of a repository, with the files of agreements as texts.
pub struct FilesInput<'a> {
    /// The settings, the catalog and the calendars.
    pub basis: Basis,
    /// The templates.
    pub library: &'a Library<'a>,
    /// The files of agreements, each of which is parsed while it is judged.
    pub files: &'a [FileId],
    /// Files of agreements whose bytes are no text, which is among the diagnostics.
    pub unreadable: &'a [Document],
    /// The diagnostics of earlier stages. They are returned, except those that an agreement allows.
    pub diagnostics: Diagnostics,
}

/// A file of agreements after it was judged.
struct JudgedFile {
    name: DocumentName,
    /// Whether reading found no error.
    is_sound: bool,
    agreements: Vec<Judged>,
    faults: Diagnostics,
}

/// Checks a whole repository like [`super::check`], with the same result.
pub fn check_files(input: FilesInput<'_>, sources: &Sources, at: Instant) -> CheckedRepository {
    let FilesInput { basis, library, files, unreadable, diagnostics } = input;
    let titles = library.templates().iter().filter_map(|template| template.get(&["title"]));
    let titles = Titles::compile(titles.filter_map(Node::as_text));
    check_by(basis, &titles, diagnostics, sources, at, |ground, diagnostics| {
        let extended: BTreeMap<&str, AtomicBool> =
            library.templates().iter().map(|template| (&*template.id, AtomicBool::new(false))).collect();
        let judge_one = |file: &FileId| judge_file(*file, library, &extended, ground, sources, at);
        let mut judged_files: Vec<JudgedFile> = files.par_iter().map(judge_one).collect();
        for file in &mut judged_files {
            diagnostics.extend(std::mem::take(&mut file.faults));
        }
        let names = || judged_files.iter().map(|file| &file.name);
        let named = names().cloned().chain(unreadable.iter().map(DocumentName::of));
        diagnostics.extend(document::duplicate_ids(named, sources));
        // An unreadable file may extend any template, so unused ones are reported only where every file is readable.
        if unreadable.is_empty() && judged_files.iter().all(|file| file.is_sound) {
            let extended = extended.iter().filter(|(_, is_used)| is_used.load(Ordering::Relaxed));
            diagnostics.extend(template::unused(library.templates(), extended.map(|(name, _)| *name)));
        }
        let mut judged: Vec<Judged> = Vec::with_capacity(judged_files.len());
        let mut unread: BTreeSet<Box<str>> = unreadable.iter().map(|document| document.id.clone()).collect();
        for file in judged_files {
            if file.agreements.is_empty() {
                unread.insert(file.name.id);
            }
            judged.extend(file.agreements);
        }
        (judged, unread)
    })
}

/// Parses a file, merges its agreements with their templates, and judges each by itself.
fn judge_file(
    file: FileId,
    library: &Library<'_>,
    extended: &BTreeMap<&str, AtomicBool>,
    ground: CheckContext<'_>,
    sources: &Sources,
    at: Instant,
) -> JudgedFile {
    let (document, mut faults) = document::read(sources, file, DocumentKind::Agreement);
    for name in template::extended(&document) {
        if let Some(is_used) = extended.get(name) {
            is_used.store(true, Ordering::Relaxed);
        }
    }
    let (resolved, found) = library.resolve(&document);
    faults.extend(found);
    let agreements = resolved.iter().map(|one| alone(one, ground, at)).collect();
    JudgedFile { name: DocumentName::of(&document), is_sound: document.sound, agreements, faults }
}
