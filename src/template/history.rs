//! How each value of an agreement came about: which layers spoke of it, and what became of what they said.
//!
//! Worked out only when somebody asks (`servanda explain`).

use super::layer::Layer;
use super::merge::MergePlace;
use super::resolved::Resolved;
use crate::diagnostic::Span;
use crate::document::tree::{Node, Tree};

/// One layer's word on a value.
#[derive(Clone, Debug)]
pub struct HistoryStep<'document> {
    /// The id of the document that speaks: a template's name, the agreement's or the set's.
    pub document: &'document str,
    /// Where it speaks: the key where it drops or displaces, else the value.
    pub span: Span,
    /// What it says.
    pub value: Tree<'document>,
    /// What becomes of that.
    pub effect: LayerEffect,
}

/// What became of a layer's word on a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerEffect {
    /// It holds.
    Set,
    /// A nearer layer says something else.
    Overridden,
    /// It is `false`, and drops what was inherited.
    Dropped,
    /// It is another key of the same group, and takes the place of this one.
    Displaced,
}

/// A value of an agreement, or one that was dropped or displaced, with its history.
#[derive(Clone, Debug)]
pub struct ExplainedValue<'document> {
    /// The keys that lead to it.
    pub path: Vec<&'document str>,
    /// The value; `None` where it was dropped or displaced.
    pub value: Option<Tree<'document>>,
    /// What each layer says of it, the farthest first.
    pub steps: Vec<HistoryStep<'document>>,
}

impl<'document> Resolved<'document> {
    /// What each layer says of the value at a path, the farthest first.
    pub fn history(&self, path: &[&str]) -> Vec<HistoryStep<'document>> {
        let mut steps: Vec<HistoryStep<'document>> = Vec::new();
        for layer in &self.layers {
            let Some(step) = word_of(layer, path) else {
                continue;
            };
            // Whatever was said before is replaced, but for maps, which go on to be merged.
            for before in &mut steps {
                if before.effect == LayerEffect::Set {
                    before.effect = LayerEffect::Overridden;
                }
            }
            steps.push(step);
        }
        steps
    }

    /// Every value that any layer speaks of, with its history, in the order of the merged document; what was dropped
    /// or displaced comes last.
    pub fn explain(&self) -> Vec<ExplainedValue<'document>> {
        let mut paths = Vec::new();
        leaves(&self.tree, &mut Vec::new(), &mut paths);
        let mut gone = Vec::new();
        for layer in &self.layers {
            leaves(&Tree::Node(layer.root), &mut Vec::new(), &mut gone);
        }
        let about_layers = |path: &[&str]| matches!(path.first(), Some(&("extends" | "clients" | "locked")));
        for path in gone {
            if !about_layers(&path)
                && self.tree.get(&path).is_none()
                && !paths.contains(&path)
                && !self.is_inside_leaf(&path)
            {
                paths.push(path);
            }
        }
        let explained = paths.into_iter().map(|path| ExplainedValue {
            value: self.tree.get(&path),
            steps: self.history(&path),
            path,
        });
        explained.collect()
    }

    /// Whether a value that is no map stands above a path, so that the path is told of there.
    fn is_inside_leaf(&self, path: &[&str]) -> bool {
        (1..path.len()).any(|length| self.tree.get(&path[..length]).is_some_and(|above| !above.is_map()))
    }
}

/// What a layer says of a path: a value there, a `false` above it, or a key that displaces one on the way.
fn word_of<'document>(layer: &Layer<'document>, path: &[&str]) -> Option<HistoryStep<'document>> {
    let step = |span: Span, node: &'document Node, effect: LayerEffect| HistoryStep {
        document: &layer.document.id,
        span,
        value: Tree::Node(node),
        effect,
    };
    let mut node = layer.root;
    let mut place = MergePlace::Root;
    for (index, key) in path.iter().enumerate() {
        let map = node.as_map()?;
        let group = place.only_one_of();
        let drops = place.drops();
        place = place.below(key);
        if let Some(entry) = map.entry(key) {
            node = &entry.node;
            if drops && node.is_flag(false) {
                return Some(step(entry.key_span, node, LayerEffect::Dropped));
            }
            let last = index + 1 == path.len();
            if !last && node.as_map().is_none() && !node.is_flag(true) {
                return Some(step(entry.key_span, node, LayerEffect::Displaced));
            }
        } else if group.contains(key) {
            let other = map.iter().find(|entry| group.contains(&&*entry.key))?;
            return Some(step(other.key_span, &other.node, LayerEffect::Displaced));
        } else {
            return None;
        }
    }
    Some(step(node.span, node, LayerEffect::Set))
}

/// The paths of all values that are no maps, and of empty maps.
fn leaves<'document>(
    tree: &Tree<'document>,
    way: &mut Vec<&'document str>,
    paths: &mut Vec<Vec<&'document str>>,
) {
    let below = tree.entries();
    if below.is_empty() && !way.is_empty() {
        paths.push(way.clone());
    }
    for entry in below {
        way.push(entry.key);
        leaves(&entry.tree, way, paths);
        way.pop();
    }
}
