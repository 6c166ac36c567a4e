//! The layers of an agreement: templates, the agreement's file, and the entry of a set.

use super::merge::LayerValue;
use crate::diagnostic::Span;
use crate::document::Document;
use crate::document::tree::Node;

/// One layer of a merge.
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

/// The values of the layers at the root, numbered in their order.
pub(super) fn root_values<'document>(layers: &[Layer<'document>]) -> Vec<LayerValue<'document>> {
    let numbered = layers.iter().enumerate();
    numbered.map(|(layer, of)| LayerValue { layer, key_span: of.key_span, node: of.root }).collect()
}
