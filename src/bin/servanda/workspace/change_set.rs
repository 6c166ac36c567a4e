//! The edits of one command: shown as a diff, checked together with the whole repository, and only then written.
//!
//! Commands make texts with the core's `author` and `edit`, and pass them on here. None of them writes a file itself.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::Value;
use servanda::agreement::Agreement;
use servanda::author::{EditRefused, EditTarget, EditedFile};
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use servanda::discovery::catalog::CatalogEdit;
use servanda::discovery::catalog_files::CatalogText;
use servanda::document::{self, Document, DocumentKind, Node};
use servanda::ident::{file_of, nearest};
use servanda::render;

use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::{inform, print_message};
use crate::workspace::below;
use crate::workspace::files::{self, FileWrite};
use crate::workspace::load::{self, LoadedFiles, NewFile};

/// The number of new warnings up to which each is shown; of more, only the number is.
const SHOWN: usize = 20;

/// A file that a command proposes to write.
pub(crate) struct ProposedFile {
    /// Its path relative to the repository.
    pub(crate) path: String,
    /// The source of its text.
    pub(crate) from: Origin,
    /// The text.
    pub(crate) text: String,
    /// The parsed text, where the caller had to parse it anyway.
    pub(crate) root: Option<Node>,
}

/// The source of a proposed text.
pub(crate) enum Origin {
    /// Nothing: the file is new.
    New,
    /// The file as it is now.
    Itself,
    /// Another file, at this path, which stays as it is.
    Copy(String),
}

impl ProposedFile {
    /// The text of its file in the repository as it is now; `None` for a new file.
    fn before<'a>(&self, texts: &BTreeMap<&str, &'a str>) -> Option<&'a str> {
        match self.from {
            Origin::Itself => texts.get(self.path.as_str()).copied(),
            Origin::New | Origin::Copy(_) => None,
        }
    }

    /// The diff to the text that it was derived from.
    fn diff(&self, texts: &BTreeMap<&str, &str>, context: &Context) -> String {
        let (old_path, old) = match &self.from {
            Origin::New => (None, ""),
            Origin::Itself => (Some(self.path.as_str()), self.before(texts).unwrap_or_default()),
            Origin::Copy(path) => {
                (Some(path.as_str()), texts.get(path.as_str()).copied().unwrap_or_default())
            }
        };
        render::diff::unified(old_path, &self.path, old, &self.text, context.paint())
    }
}

/// Whether a command writes its files, or only shows what it would write (`--dry-run`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    Write,
    DryRun,
}

/// Repairs of findings: new texts of files, and files with their new names.
pub(crate) struct Repairs {
    pub(crate) files: Vec<ProposedFile>,
    pub(crate) names: Vec<(String, String)>,
}

/// The repository as it is before a command edits it.
pub(crate) struct EditSession {
    pub(crate) loaded: LoadedFiles,
    pub(crate) checked: CheckedRepository,
    pub(crate) as_of: AsOf,
    /// Whether a new warning counts as an error.
    deny_warnings: bool,
}

impl EditSession {
    /// Reads and checks the repository. It may contain errors: an edit must only bring no new ones.
    pub(crate) fn open(as_of: Option<&str>, context: &Context) -> Result<Self, Failure> {
        let loaded = load::load(context)?.with_trees();
        let as_of = context.as_of(as_of, &loaded.zone())?;
        let checked = loaded.check(as_of.instant);
        Ok(Self { loaded, checked, as_of, deny_warnings: context.deny_warnings })
    }

    /// The agreement of this id, with its file.
    pub(crate) fn subject(&self, id: &str) -> Result<EditTarget<'_>, Failure> {
        let agreements = &self.checked.agreements;
        if let Ok(index) = agreements.binary_search_by(|agreement| agreement.id.as_str().cmp(id)) {
            let agreement = &agreements[index];
            let document = self.document_of(id);
            let text = self.loaded.sources.text(document.file);
            return Ok(EditTarget { agreement, document, text });
        }
        let file = file_of(id);
        if self.loaded.agreements.iter().any(|document| &*document.id == file)
            && self.checked.diagnostics.has_errors()
        {
            let message = format!("the file of `{id}` has errors");
            return Err(Failure::new(Exit::Invalid, "agreement-invalid", message)
                .help("run `servanda validate` to see them"));
        }
        let failure =
            Failure::new(Exit::Failure, "agreement-unknown", format!("no agreement is called `{id}`"));
        let ids = || agreements.iter().map(|agreement| agreement.id.as_str());
        let within = format!("{id}/");
        let entry = ids().find(|known| known.starts_with(&within));
        Err(match (entry, nearest(id, ids())) {
            (Some(entry), _) => {
                failure.help(format!("it is a set: name one of its agreements, such as `{entry}`"))
            }
            (None, Some(near)) => failure.help(format!("did you mean `{near}`?")),
            (None, None) => failure.help("run `servanda status` to list the agreements"),
        })
    }

    /// The file of an agreement that was checked.
    fn document_of(&self, id: &str) -> &Document {
        let stem = file_of(id);
        let documents = &self.loaded.agreements;
        let found = documents.iter().find(|document| &*document.id == stem);
        found.expect("an agreement was made of a document that was read")
    }

    /// The files of the catalog with new clients in them: slugs with their values.
    pub(crate) fn client_proposals(
        &self,
        clients: Vec<(String, Value)>,
    ) -> Result<Vec<ProposedFile>, Failure> {
        let edit =
            |(slug, value)| CatalogEdit { path: vec!["clients".to_owned(), slug], value, provider: None };
        let edits: Vec<CatalogEdit> = clients.into_iter().map(edit).collect();
        let texts =
            self.loaded.edit_catalog(&edits)?.into_iter().map(|CatalogText { path, is_new, text }| {
                let from = if is_new { Origin::New } else { Origin::Itself };
                ProposedFile { path, from, text, root: None }
            });
        Ok(texts.collect())
    }

    /// The path of an agreement's file.
    pub(crate) fn path_of(&self, subject: &EditTarget<'_>) -> String {
        self.loaded.sources.path(subject.document.file).to_owned()
    }

    /// The file to write for an edited agreement. Prints the note of the edit.
    pub(crate) fn proposal(&self, subject: &EditTarget<'_>, edited: EditedFile) -> ProposedFile {
        if let Some(note) = edited.note {
            inform(&format!("note: {}\n", render::encode::terminal(&note)));
        }
        ProposedFile { path: self.path_of(subject), from: Origin::Itself, text: edited.text, root: None }
    }

    /// Edits the file of one agreement, and commits the edit.
    pub(crate) fn change(
        self,
        id: &str,
        mode: WriteMode,
        context: &Context,
        change: impl FnOnce(&EditTarget<'_>) -> Result<EditedFile, EditRefused>,
    ) -> Result<Exit, Failure> {
        let subject = self.subject(id)?;
        let edited = change(&subject)?;
        let proposal = self.proposal(&subject, edited);
        self.commit(vec![proposal], mode, context)
    }

    /// Shows the proposals as a diff, checks the repository with them, and writes them unless they bring new errors.
    pub(crate) fn commit(
        self,
        mut proposals: Vec<ProposedFile>,
        mode: WriteMode,
        context: &Context,
    ) -> Result<Exit, Failure> {
        let Self { loaded, checked, as_of, deny_warnings } = self;
        let texts = texts_of(&loaded.sources);
        let diffs: Vec<String> =
            proposals.par_iter().map(|proposal| proposal.diff(&texts, context)).collect();
        let befores: Vec<Option<String>> =
            proposals.iter().map(|proposal| proposal.before(&texts).map(str::to_owned)).collect();
        print_data(&diffs.concat())?;
        let files = proposals.iter_mut().map(|proposal| NewFile {
            path: proposal.path.clone(),
            text: proposal.text.clone(),
            root: proposal.root.take(),
        });
        let files = files.collect();
        let loaded = loaded.with(files);
        let mut new = check_again(&loaded, checked, &proposals, as_of);
        load::deny_warnings(&mut new, deny_warnings);
        show(&new, &loaded.sources, context);
        if new.has_errors() {
            let summary = render::diagnostics::summary(&new, proposals.len());
            Err(Failure::new(Exit::Invalid, "edit-invalid", format!("the edit would bring {summary}"))
                .help("nothing was written"))
        } else {
            finish(&loaded, &proposals, &befores, mode)
        }
    }
}

/// Checks the repository with the proposed files in it. Returns the diagnostics that were not there before.
fn check_again(
    loaded: &LoadedFiles,
    before: CheckedRepository,
    proposals: &[ProposedFile],
    as_of: AsOf,
) -> Diagnostics {
    let known = before.diagnostics;
    let unchanged = unchanged(before.agreements, proposals);
    let after = loaded.check_with(as_of.instant, unchanged, |_, checked| checked);
    let new = new_diagnostics(&known, after.diagnostics, &loaded.sources);
    if cfg!(debug_assertions) {
        let whole = loaded.check(as_of.instant);
        let all = new_diagnostics(&known, whole.diagnostics, &loaded.sources);
        assert_eq!(new, all, "the incremental check must report what the full one reports");
        assert_eq!(after.agreements, whole.agreements, "the incremental check must give the same agreements");
    }
    new
}

/// Shows new diagnostics; of many warnings only their number.
fn show(new: &Diagnostics, sources: &Sources, context: &Context) {
    let warnings = new.count(Severity::Warning);
    if new.has_errors() || warnings <= SHOWN {
        print_message(&render::diagnostics::text(new, sources, context.paint_errors()));
    } else {
        inform(&format!("{warnings} new warnings; `servanda validate` shows them\n"));
    }
}

/// Shows the repairs of findings as a diff and writes them, also if findings remain or come to light. Returns the number
/// of files that are repaired.
pub(crate) fn commit_repairs(
    loaded: &LoadedFiles,
    repairs: &Repairs,
    mode: WriteMode,
    context: &Context,
) -> Result<usize, Failure> {
    let texts = texts_of(&loaded.sources);
    let Repairs { files, names } = repairs;
    let diffs: Vec<String> = files.iter().map(|file| file.diff(&texts, context)).collect();
    let befores: Vec<Option<String>> =
        files.iter().map(|file| file.before(&texts).map(str::to_owned)).collect();
    print_data(&diffs.concat())?;
    for (path, name) in names {
        let text = format!("rename {path} to {name}");
        print_data(&format!("{}\n", render::encode::terminal(&text)))?;
    }
    if !files.is_empty() {
        finish(loaded, files, &befores, mode)?;
    }
    if mode == WriteMode::Write {
        for (path, name) in names {
            below::rename(&loaded.root, path, name)?;
        }
    }
    Ok(files.len() + names.len())
}

/// The text of each file, by path: the first, since texts that replace others come after them.
fn texts_of(sources: &Sources) -> BTreeMap<&str, &str> {
    let mut texts = BTreeMap::new();
    for (_, source) in sources.iter() {
        texts.entry(source.path.as_str()).or_insert(source.text.as_str());
    }
    texts
}

/// Writes the files, or reports how many would be written.
fn finish(
    loaded: &LoadedFiles,
    proposals: &[ProposedFile],
    befores: &[Option<String>],
    mode: WriteMode,
) -> Result<Exit, Failure> {
    let count = if proposals.len() == 1 { "1 file".to_owned() } else { format!("{} files", proposals.len()) };
    match mode {
        WriteMode::DryRun => inform(&format!("{count} would be written; nothing was.\n")),
        WriteMode::Write => {
            let writes = proposals.iter().zip(befores);
            let writes: Vec<FileWrite<'_>> = writes
                .map(|(proposal, before)| FileWrite {
                    path: &proposal.path,
                    before: before.as_deref(),
                    text: &proposal.text,
                })
                .collect();
            files::write_together(&loaded.root, &writes)?;
            inform(&format!("{count} written.\n"));
        }
    }
    Ok(Exit::Fine)
}

/// The agreements of the files that stay as they are. None where a shared file changes: every agreement may depend on it.
fn unchanged(agreements: Vec<Agreement>, proposals: &[ProposedFile]) -> Vec<Agreement> {
    if proposals.iter().any(|proposal| document::kind_of(&proposal.path) != Some(DocumentKind::Agreement)) {
        return Vec::new();
    }
    let changed: BTreeSet<&str> = proposals.iter().map(|proposal| document::id_of(&proposal.path)).collect();
    let stays = |agreement: &Agreement| !changed.contains(file_of(agreement.id.as_str()));
    agreements.into_iter().filter(stays).collect()
}

/// The diagnostics that were not there before. Positions are not compared, since they move when a file changes.
fn new_diagnostics(before: &Diagnostics, mut after: Diagnostics, sources: &Sources) -> Diagnostics {
    fn key<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> (Code, &'a str, &'a str) {
        (diagnostic.code, sources.path(diagnostic.place.span.file), &diagnostic.message)
    }
    let known: BTreeSet<_> = before.iter().map(|diagnostic| key(diagnostic, sources)).collect();
    after.retain(|diagnostic| {
        diagnostic.severity != Severity::Note && !known.contains(&key(diagnostic, sources))
    });
    after
}

impl From<EditRefused> for Failure {
    fn from(refused: EditRefused) -> Self {
        Self::new(Exit::Failure, "edit-refused", refused.message).help(refused.help)
    }
}
