//! A workspace for commands that only show what they read: without the agreements that have errors.
//!
//! No command that writes or sends may use it: to a plan, an agreement that is left out looks deleted.

use std::collections::BTreeSet;

use servanda::calendar::Instant;
use servanda::check::{CheckedRepository, SeeFile};
use servanda::diagnostic::{Diagnostic, Diagnostics, FileId, Position, Severity};
use servanda::document::Document;
use servanda::ident::AgreementId;
use servanda::render;
use servanda::render::json::{LeftOut, WithLeftOut};
use servanda::selection::{AgreementSelection, NamedSide};
use servanda::template::{Library, Resolved};

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::print_message;
use crate::workspace::helpdesks::refuse_unknown;
use crate::workspace::load::{LoadedFiles, Workspace, deny_warnings, load};

/// The number of agreements that are named as left out; of more, only the number is.
const SHOWN: usize = 20;

/// The workspace without what has errors.
pub(crate) struct PartialWorkspace {
    pub(crate) workspace: Workspace,
    /// The agreements that are left out, in the order of their ids.
    pub(crate) left_out: Vec<LeftOut>,
    /// The failure to end with after showing the rest; `None` without an error.
    failure: Option<Failure>,
}

impl PartialWorkspace {
    /// The ids of the agreements that are left out.
    pub(crate) fn left_out_ids(&self) -> Vec<&str> {
        self.left_out.iter().map(|left| left.id.as_str()).collect()
    }

    /// The JSON of a command's output, with the agreements that are left out.
    pub(crate) fn json(&self, shown: &impl serde::Serialize) -> String {
        render::json::pretty(&WithLeftOut::new(shown, &self.left_out))
    }

    /// Refuses a selection by names that match nothing. Agreements that an answer about one client has not read may have other
    /// templates and labels.
    pub(crate) fn refuse_unknown(&self, selection: &AgreementSelection) -> Result<(), Failure> {
        let Workspace { settings, catalog, agreements, .. } = &self.workspace;
        let agreements = Some(&agreements[..]).filter(|_| selection.only_client().is_none());
        let side = NamedSide { catalog, agreements };
        refuse_unknown(settings, &[side], self.failure.is_some(), selection)
    }

    /// The result of a command that has shown the rest: names what is left out, and fails with exit code 3 if there is an
    /// error.
    pub(crate) fn conclude(self) -> Result<Exit, Failure> {
        for left in self.left_out.iter().take(SHOWN) {
            let Position { path, line, column } = &left.place;
            let text =
                format!("left out: {} ({path}:{line}:{column}: {} {})", left.id, left.code, left.message);
            print_message(&format!("{}\n", render::encode::terminal(&text)));
        }
        if let Some(more) = self.left_out.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            print_message(&format!("left out: {more} more\n"));
        }
        self.failure.map_or(Ok(Exit::Fine), Err)
    }
}

impl LoadedFiles {
    /// Checks the files, and leaves out the agreements with errors. Fails if nothing would be left, and for errors in
    /// servanda.yaml, on which every shown day depends.
    pub(crate) fn into_partial(self, at: Instant, context: &Context) -> Result<PartialWorkspace, Failure> {
        self.into_partial_and_see(at, context, &|_, _, _| {})
    }

    /// Checks like [`Self::into_partial`], and passes on the resolved agreements of each file with its text.
    pub(crate) fn into_partial_and_see(
        mut self,
        at: Instant,
        context: &Context,
        see: &SeeFile<'_>,
    ) -> Result<PartialWorkspace, Failure> {
        self.digest();
        let checked = self.check_and_see(at, see);
        if self.is_part_of_catalog && checked.diagnostics.has_errors() {
            return load(context)?.into_partial_and_see(at, context, see);
        }
        // Only what is left out is explained by its tree.
        let loaded = if checked.diagnostics.has_errors() { self.with_trees() } else { self };
        loaded.without_errors(checked, context)
    }

    fn without_errors(
        self,
        mut checked: CheckedRepository,
        context: &Context,
    ) -> Result<PartialWorkspace, Failure> {
        let left_out = self.left_out(&checked);
        deny_warnings(&mut checked.diagnostics, context.deny_warnings);
        self.refuse_errors_in(|path| path == self.settings_file.path(), &checked.diagnostics, context)?;
        if checked.agreements.is_empty() {
            self.refuse_errors(&checked.diagnostics, context)?;
        }
        let failure = checked.diagnostics.has_errors().then(|| {
            let summary = render::diagnostics::summary(&checked.diagnostics, self.files());
            let agreements = if left_out.len() == 1 { "agreement" } else { "agreements" };
            let message = format!("{summary}; {} {agreements} left out", left_out.len());
            Failure::new(Exit::Invalid, "files-invalid", message)
                .help("run `servanda validate` to see all errors")
        });
        Ok(PartialWorkspace { workspace: self.workspace(checked), left_out, failure })
    }

    /// The agreements that have errors, each with the first error in the files that it is made from.
    fn left_out(&self, checked: &CheckedRepository) -> Vec<LeftOut> {
        if !checked.diagnostics.has_errors() {
            return Vec::new();
        }
        let (library, _) = Library::new(&self.templates);
        let resolved = self.resolve(&library, &mut Diagnostics::default());
        let sound: BTreeSet<&AgreementId> =
            checked.agreements.iter().map(|agreement| &agreement.id).collect();
        let made: BTreeSet<FileId> = resolved.iter().map(|made| made.document.file).collect();
        let unsound = resolved.iter().filter(|made| !sound.contains(&made.id));
        let unsound = unsound.map(|made| (made.id.to_string(), made.files().collect::<BTreeSet<FileId>>()));
        let unread = self.agreements.iter().filter(|document| !made.contains(&document.file));
        let unread = unread.map(|document| (document.id.to_string(), files_of(document, &library)));
        let mut left_out: Vec<LeftOut> = unsound
            .chain(unread)
            .filter_map(|(id, files)| {
                let Diagnostic { place, code, message, .. } = first_error(&checked.diagnostics, &files)?;
                let place = self.sources.position(place.span);
                Some(LeftOut { id, place, code: *code, message: message.clone() })
            })
            .collect();
        left_out.sort_by(|left, right| left.id.cmp(&right.id));
        left_out
    }
}

/// The files that an agreement is made from, as far as its templates can be read.
fn files_of(document: &Document, library: &Library<'_>) -> BTreeSet<FileId> {
    let id = AgreementId::new(&document.id);
    let resolved = id.and_then(|id| library.resolve_partly(document, &id));
    let layers = resolved.iter().flat_map(Resolved::files);
    layers.chain([document.file]).collect()
}

/// The first error with a position in one of these files, else the first of all.
fn first_error<'a>(found: &'a Diagnostics, files: &BTreeSet<FileId>) -> Option<&'a Diagnostic> {
    let errors = || found.iter().filter(|fault| fault.severity == Severity::Error);
    let concerns = |fault: &&Diagnostic| fault.files().any(|file| files.contains(&file));
    errors().find(concerns).or_else(|| errors().next())
}
