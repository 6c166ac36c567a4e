//! An agreement with all that it inherits.

use super::layer::Layer;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::shape::AgreementDocument;
use crate::document::tree::{MapEntry, TreeValue};
use crate::document::{Document, DocumentKind, Tree, from_tree};
use crate::ident::AgreementId;

/// An agreement with all that it inherits: values that still know their places.
#[derive(Clone, Debug)]
pub struct Resolved<'document> {
    /// The id: of the file, or `<file>/<client>` for an entry of a set.
    pub id: AgreementId,
    /// The file that the agreement stands in.
    pub document: &'document Document,
    /// The entry of the set, where it is one.
    pub entry: Option<&'document MapEntry>,
    /// The merged value, without `extends`, `clients` and `locked`; an entry of a set has its `client`.
    pub tree: Tree<'document>,
    /// The templates that it extends, the farthest first, then the file, then the entry.
    pub(super) layers: Vec<Layer<'document>>,
}

impl<'document> Resolved<'document> {
    /// The client: that of the file, or of the entry.
    pub fn client(&self) -> Option<&'document str> {
        match self.tree.get(&["client"])?.value() {
            TreeValue::Text(slug) => Some(slug),
            _ => None,
        }
    }

    /// The agreement as a type.
    pub fn typed(&self) -> Result<AgreementDocument, Diagnostic> {
        from_tree(&self.tree)
    }

    /// Where the value at a path of keys stands; places in a list are written as numbers from 0.
    pub fn span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.span_of(path)
    }

    /// Where the last key of a path stands.
    pub fn key_span_of(&self, path: &[&str]) -> Option<Span> {
        self.tree.key_span_of(path)
    }

    /// The place to point at for a fault at a path: the value, else the nearest place above it that is written, at
    /// last the agreement as a whole.
    pub fn place_of(&self, path: &[&str]) -> Span {
        let above = (1..=path.len()).rev().find_map(|length| self.tree.span_of(&path[..length]));
        above.unwrap_or_else(|| self.place())
    }

    /// The place of the agreement as a whole: its file, or its entry's key.
    pub fn place(&self) -> Span {
        self.entry.map_or_else(|| Span::of_file(self.document.file), |entry| entry.key_span)
    }

    /// Whether a value stands in the agreement's own file, and not in a template.
    pub fn is_own(&self, span: Span) -> bool {
        span.file == self.document.file
    }

    /// The names of the templates it builds on, the farthest first.
    pub fn templates(&self) -> impl DoubleEndedIterator<Item = &'document str> + '_ {
        let templates = self.layers.iter().filter(|layer| layer.document.kind == DocumentKind::Template);
        templates.map(|layer| &*layer.document.id)
    }
}
