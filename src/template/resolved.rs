//! An agreement after the merge with its templates.

use super::layer::Layer;
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::document::shape::AgreementDocument;
use crate::document::tree::{MapEntry, TreeValue};
use crate::document::{Document, DocumentKind, Tree, from_tree};
use crate::ident::AgreementId;

/// An agreement merged with its templates. Every value keeps its position.
#[derive(Clone, Debug)]
pub struct Resolved<'document> {
    /// The id: of the file, or `<file>/<client>` for an entry of a set.
    pub id: AgreementId,
    /// The agreement's file.
    pub document: &'document Document,
    /// The entry of the set, if the agreement is one.
    pub entry: Option<&'document MapEntry>,
    /// The merged tree, without `extends`, `clients` and `locked`. An entry of a set has its `client`.
    pub tree: Tree<'document>,
    /// The templates, the farthest first, then the file, then the entry.
    pub(super) layers: Vec<Layer<'document>>,
}

impl<'document> Resolved<'document> {
    /// The client of the file or of the entry.
    pub fn client(&self) -> Option<&'document str> {
        match self.tree.get(&["client"])?.value() {
            TreeValue::Text(slug) => Some(slug),
            _ => None,
        }
    }

    /// Deserializes the agreement.
    pub fn typed(&self) -> Result<AgreementDocument, Diagnostic> {
        from_tree(&self.tree)
    }

    /// The position of the value at a path of keys. An item of a list is addressed by its index.
    pub fn span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.span_of(path)
    }

    /// The position of the last key of a path.
    pub fn key_span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.key_span_of(path)
    }

    /// The position for a diagnostic about a path: that of the value, else of the nearest value above it, else of the
    /// agreement.
    pub fn place_of(&self, path: &[&str]) -> Span {
        let above = (1..=path.len()).rev().find_map(|length| self.tree.span_of(&path[..length]));
        above.unwrap_or_else(|| self.place())
    }

    /// The position of the agreement: its file, or the key of its entry.
    pub fn place(&self) -> Span {
        self.entry.map_or_else(|| Span::of_file(self.document.file), |entry| entry.key_span)
    }

    /// Whether a position is in the agreement's own file and not in a template.
    pub fn is_own(&self, span: Span) -> bool {
        span.file == self.document.file
    }

    /// The files of its layers.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.layers.iter().map(|layer| layer.document.file)
    }

    /// The names of its templates, the farthest first.
    pub fn templates(&self) -> impl DoubleEndedIterator<Item = &'document str> + '_ {
        let templates = self.layers.iter().filter(|layer| layer.document.kind == DocumentKind::Template);
        templates.map(|layer| &*layer.document.id)
    }
}
