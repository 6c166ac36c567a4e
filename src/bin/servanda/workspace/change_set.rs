//! What a command would write: shown as a diff, checked together with the whole repository, and only then written.
//!
//! Commands make texts (the core's `author` and `edit` do it for them) and hand them on here; none of them writes a file
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::agreement::Agreement;
use servanda::author::{EditRefused, EditTarget};
use servanda::check::CheckedRepository;
use servanda::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use servanda::document::{self, Document, DocumentKind, Node};
use servanda::ident::{file_of, nearest};
use servanda::render;

use crate::cli::Global;
use crate::process::context::{AsOf, Context};
use crate::process::failure::{Exit, Failure, say, tell};
use crate::workspace::files::{self, Placed};
use crate::workspace::load::{self, Fresh, LoadedFiles};

/// What every command that writes files takes.
#[derive(clap::Args)]
pub(crate) struct WriteOptions {
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What every command takes that changes one agreement.
#[derive(clap::Args)]
pub(crate) struct ChangeOptions {
    /// The agreement
    id: String,
    #[command(flatten)]
    writing: WriteOptions,
}

/// So many new warnings are drawn; of more, only the number is told.
const DRAWN: usize = 20;

/// A file that would be written.
pub(crate) struct ProposedFile {
    /// Its path relative to the repository.
    pub(crate) path: String,
    /// What its text was made of.
    pub(crate) from: Origin,
    /// The text.
    pub(crate) text: String,
    /// What the text was read as, where whoever made it had to read it.
    pub(crate) root: Option<Node>,
}

/// What a proposed text was made of.
pub(crate) enum Origin {
    /// Nothing that was there before.
    New,
    /// The file as it stands.
    Itself,
    /// Another file, at this path, which stays as it is.
    Copy(String),
}

/// A repository that is about to be changed, as it stands.
pub(crate) struct EditSession {
    pub(crate) loaded: LoadedFiles,
    pub(crate) checked: CheckedRepository,
    pub(crate) as_of: AsOf,
    /// Whether a new warning is as bad as an error.
    deny_warnings: bool,
}

impl EditSession {
    /// Reads and checks the repository. It need not be without faults: what is written must only bring no new ones.
    pub(crate) fn survey(as_of: Option<&str>, global: &Global, context: &Context) -> Result<Self, Failure> {
        let loaded = load::load(global, context)?;
        let as_of = context.as_of(as_of, &loaded.zone())?;
        let checked = loaded.examine(as_of.instant);
        Ok(Self { loaded, checked, as_of, deny_warnings: global.deny_warnings })
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
            return Err(Failure::new(
                Exit::Invalid,
                "workspace-invalid",
                format!("`{id}` cannot be read as an agreement"),
            )
            .help("`servanda validate` shows what is wrong with the files"));
        }
        let failure =
            Failure::new(Exit::Failure, "workspace-failure", format!("no agreement is called `{id}`"));
        let ids = || agreements.iter().map(|agreement| agreement.id.as_str());
        let within = format!("{id}/");
        let entry = ids().find(|known| known.starts_with(&within));
        Err(match (entry, nearest(id, ids())) {
            (Some(entry), _) => {
                failure.help(format!("it is a set: name one of its agreements, such as `{entry}`"))
            }
            (None, Some(near)) => failure.help(format!("did you mean `{near}`?")),
            (None, None) => failure.help("`servanda status` lists all of them"),
        })
    }

    /// The file of an agreement that was checked.
    fn document_of(&self, id: &str) -> &Document {
        let stem = file_of(id);
        let documents = &self.loaded.agreements;
        let found = documents.iter().find(|document| &*document.id == stem);
        found.expect("an agreement was made of a document that was read")
    }

    /// The path of an agreement's file.
    pub(crate) fn path_of(&self, subject: &EditTarget<'_>) -> String {
        self.loaded.sources.path(subject.document.file).to_owned()
    }

    /// Proposes another text for the file of an agreement, and concludes.
    pub(crate) fn change(
        self,
        changing: &ChangeOptions,
        context: &Context,
        change: impl FnOnce(&EditTarget<'_>) -> Result<servanda::author::EditedFile, EditRefused>,
    ) -> Result<Exit, Failure> {
        let subject = self.subject(&changing.id)?;
        let edited = change(&subject)?;
        let proposal = ProposedFile {
            path: self.path_of(&subject),
            from: Origin::Itself,
            text: edited.text,
            root: None,
        };
        if let Some(note) = edited.note {
            say(&format!("note: {}\n", render::encode::terminal(&note)));
        }
        self.conclude(vec![proposal], &changing.writing, context)
    }

    /// Shows the proposals as a diff, checks the repository with them, and writes them unless that brought new errors.
    pub(crate) fn conclude(
        self,
        mut proposals: Vec<ProposedFile>,
        writing: &WriteOptions,
        context: &Context,
    ) -> Result<Exit, Failure> {
        let Self { loaded, checked, as_of, deny_warnings } = self;
        let texts: BTreeMap<&str, &str> =
            loaded.sources.iter().map(|(_, source)| (source.path.as_str(), source.text.as_str())).collect();
        let before = |path: &str| texts.get(path).copied();
        let diffs: Vec<String> = proposals
            .par_iter()
            .map(|proposal| {
                let (old_path, old) = match &proposal.from {
                    Origin::New => (None, ""),
                    Origin::Itself => {
                        (Some(proposal.path.as_str()), before(&proposal.path).unwrap_or_default())
                    }
                    Origin::Copy(path) => (Some(path.as_str()), before(path).unwrap_or_default()),
                };
                render::diff::unified(old_path, &proposal.path, old, &proposal.text, context.paint())
            })
            .collect();
        let root = loaded.root.clone();
        let olds: Vec<Option<String>> = proposals
            .iter()
            .map(|proposal| match proposal.from {
                Origin::Itself => before(&proposal.path).map(str::to_owned),
                Origin::New | Origin::Copy(_) => None,
            })
            .collect();
        tell(&diffs.concat())?;
        let files = proposals.iter_mut().map(|proposal| Fresh {
            path: proposal.path.clone(),
            text: proposal.text.clone(),
            root: proposal.root.take(),
        });
        let files = files.collect();
        let loaded = loaded.with(files);
        let known = checked.diagnostics;
        let after = loaded.examine_again(as_of.instant, untouched(checked.agreements, &proposals));
        let mut new = new_faults(&known, after.diagnostics, &loaded.sources);
        if cfg!(debug_assertions) {
            let whole = loaded.examine(as_of.instant);
            assert_eq!(new, new_faults(&known, whole.diagnostics, &loaded.sources), "nothing is left out");
            assert_eq!(after.agreements, whole.agreements, "what was judged before is judged alike now");
        }
        load::deny_warnings(&mut new, deny_warnings);
        let warnings = new.count(Severity::Warning);
        if new.has_errors() || warnings <= DRAWN {
            say(&render::diagnostics::text(&new, &loaded.sources, context.paint_errors()));
        } else {
            say(&format!("{warnings} new warnings; `servanda validate` shows what about\n"));
        }
        let exit = if new.has_errors() {
            let summary = render::diagnostics::summary(&new, proposals.len());
            Err(Failure::new(Exit::Invalid, "workspace-invalid", format!("this would bring {summary}"))
                .help("nothing was written"))
        } else if writing.dry_run {
            say(&format!("{} would be written; nothing was.\n", count(proposals.len())));
            Ok(Exit::Fine)
        } else {
            let placed = proposals.iter().zip(&olds);
            let placed: Vec<Placed<'_>> = placed
                .map(|(proposal, old)| Placed {
                    path: &proposal.path,
                    before: old.as_deref(),
                    text: &proposal.text,
                })
                .collect();
            files::write_together(&root, &placed)?;
            say(&format!("{} written.\n", count(proposals.len())));
            Ok(Exit::Fine)
        };
        // The process ends here: to give back tens of thousands of small pieces takes longer than to check them.
        std::mem::forget((loaded, after.agreements, proposals));
        exit
    }
}

/// The agreements of the files that stay as they are, where no other kind of file changes.
fn untouched(agreements: Vec<Agreement>, proposals: &[ProposedFile]) -> Vec<Agreement> {
    if proposals.iter().any(|proposal| document::kind_of(&proposal.path) != Some(DocumentKind::Agreement)) {
        return Vec::new();
    }
    let changed: BTreeSet<&str> = proposals.iter().map(|proposal| document::id_of(&proposal.path)).collect();
    let stays = |agreement: &Agreement| !changed.contains(file_of(agreement.id.as_str()));
    agreements.into_iter().filter(stays).collect()
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

/// The faults that were not there before. Places move when a file changes, so they do not count.
fn new_faults(before: &Diagnostics, mut after: Diagnostics, sources: &Sources) -> Diagnostics {
    fn key<'a>(fault: &'a Diagnostic, sources: &'a Sources) -> (Code, &'a str, &'a str) {
        (fault.code, sources.path(fault.place.span.file), &fault.message)
    }
    let known: BTreeSet<_> = before.iter().map(|fault| key(fault, sources)).collect();
    after.retain(|fault| fault.severity != Severity::Note && !known.contains(&key(fault, sources)));
    after
}

impl From<EditRefused> for Failure {
    fn from(refused: EditRefused) -> Self {
        Self::new(Exit::Failure, "workspace-failure", refused.message).help(refused.help)
    }
}
