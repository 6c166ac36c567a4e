//! The history of each value of an agreement: the values that the layers set, and their effect.
//!
//! Calculated on demand, for `servanda explain`.

use super::layer::Layer;
use super::merge::MergePlace;
use super::resolved::Resolved;
use crate::diagnostic::Span;
use crate::document::tree::{Node, Tree};

/// The value that one layer sets.
#[derive(Clone, Debug)]
pub struct HistoryStep<'document> {
    /// The id of the layer's document: a template's name, or the id of the agreement or set.
    pub document: &'document str,
    /// The position: of the key where the layer drops or displaces, else of the value.
    pub span: Span,
    /// The value.
    pub value: Tree<'document>,
    /// The effect of the value.
    pub effect: LayerEffect,
}

/// The effect of a value that a layer sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerEffect {
    /// It applies.
    Set,
    /// A nearer layer sets another value.
    Overridden,
    /// It is `false` and drops the inherited value.
    Dropped,
    /// It is another key of the same group and replaces this one.
    Displaced,
}

/// A value of an agreement with its history; also one that was dropped or displaced.
#[derive(Clone, Debug)]
pub struct ExplainedValue<'document> {
    /// The path of keys.
    pub path: Vec<&'document str>,
    /// The value; `None` where it was dropped or displaced.
    pub value: Option<Tree<'document>>,
    /// The values that the layers set, the farthest first.
    pub steps: Vec<HistoryStep<'document>>,
}

impl<'document> Resolved<'document> {
    /// The values that the layers set at a path, the farthest first.
    pub fn history(&self, path: &[&str]) -> Vec<HistoryStep<'document>> {
        let mut steps: Vec<HistoryStep<'document>> = Vec::new();
        if let (["client"], Some(entry)) = (path, self.entry) {
            // The key of the entry is the client.
            steps.push(HistoryStep {
                document: &self.document.id,
                span: entry.key_span,
                value: Tree::Key(entry),
                effect: LayerEffect::Set,
            });
        }
        for layer in &self.layers {
            let Some(step) = step_of(layer, path) else {
                continue;
            };
            // A nearer value overrides all earlier ones.
            for before in &mut steps {
                if before.effect == LayerEffect::Set {
                    before.effect = LayerEffect::Overridden;
                }
            }
            steps.push(step);
        }
        steps
    }

    /// The position of every value, in the order of the merged document.
    pub fn origins(&self) -> Vec<(Vec<&'document str>, Span)> {
        let mut paths = Vec::new();
        leaves(&self.tree, &mut Vec::new(), &mut paths);
        let origins = paths.into_iter().map(|path| {
            let span = self.place_of(&path);
            (path, span)
        });
        origins.collect()
    }

    /// Every value that any layer sets, with its history, in the order of the merged document. Dropped and displaced
    /// values come last.
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

    /// Whether a value above a path is not a map. Then the history of that value covers the path.
    fn is_inside_leaf(&self, path: &[&str]) -> bool {
        (1..path.len()).any(|length| self.tree.get(&path[..length]).is_some_and(|above| !above.is_map()))
    }
}

/// The value that a layer sets at a path: a value there, `false` above it, or a key that displaces one of the path.
fn step_of<'document>(layer: &Layer<'document>, path: &[&str]) -> Option<HistoryStep<'document>> {
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
        let group = place.exclusive_keys();
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

/// Collects the paths of all values that are not maps, and of empty maps.
fn leaves<'document>(
    tree: &Tree<'document>,
    path: &mut Vec<&'document str>,
    paths: &mut Vec<Vec<&'document str>>,
) {
    let below = tree.entries();
    if below.is_empty() && !path.is_empty() {
        paths.push(path.clone());
    }
    for entry in below {
        path.push(entry.key);
        leaves(&entry.tree, path, paths);
        path.pop();
    }
}
