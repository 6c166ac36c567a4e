//! One of the values that are merged: a template, an agreement's file, or an entry of a set.

use super::merge::Piece;
use crate::diagnostic::Span;
use crate::document::Document;
use crate::document::tree::Node;

/// One of the values that are merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'document> {
    pub(super) document: &'document Document,
    pub(super) root: &'document Node,
    pub(super) key_span: Span,
}

impl<'document> Layer<'document> {
    pub(super) fn of(document: &'document Document) -> Self {
        Self { document, root: &document.root, key_span: document.root.span }
    }
}

pub(super) fn pieces<'document>(layers: &[Layer<'document>]) -> Vec<Piece<'document>> {
    let numbered = layers.iter().enumerate();
    numbered.map(|(layer, of)| Piece { layer, key_span: of.key_span, node: of.root }).collect()
}
