//! Places by paths, out of the trees that remember where each value was written.

use crate::check::subject::Places;
use crate::diagnostic::Span;
use crate::document::{Document, Tree};
use crate::template::Resolved;

impl Places for Document {
    fn whole(&self) -> Span {
        Span::of_file(self.file)
    }

    fn value(&self, path: &[&str]) -> Option<Span> {
        nearest(&self.tree(), path)
    }

    fn name(&self, path: &[&str]) -> Option<Span> {
        self.tree().key_span_of(path).or_else(|| self.value(path))
    }
}

impl Places for Resolved<'_> {
    fn whole(&self) -> Span {
        self.place()
    }

    fn is_of_entry(&self, place: Span) -> bool {
        self.entry.is_some_and(|entry| {
            let entry = entry.node.span;
            place.file == entry.file && entry.start <= place.start && place.end <= entry.end
        })
    }

    fn value(&self, path: &[&str]) -> Option<Span> {
        nearest(&self.tree, path)
    }

    fn name(&self, path: &[&str]) -> Option<Span> {
        self.key_span_of(path).or_else(|| self.value(path))
    }
}

/// The value at a path, or at the longest part of it that was written.
fn nearest(tree: &Tree<'_>, path: &[&str]) -> Option<Span> {
    (1..=path.len()).rev().find_map(|length| tree.span_of(&path[..length]))
}
