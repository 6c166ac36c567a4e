//! Finds changes of values that a template locks.
//!
//! A change is a value that differs from the inherited one, a new key, a dropped entry, or a key that displaces the locked
//! one. Repeating the same value is not a change.

use super::layer::{Layer, root_values};
use super::merge::{MergePlace, Merger};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::tree::{MapEntry, Node, NodeValue, Tree};
use crate::document::{Document, is_field_path, quoted};

/// The paths that a template locks, with their positions.
fn locked(template: &Document) -> impl Iterator<Item = (&str, Span)> {
    let paths = template.root.get(&["locked"]).and_then(Node::as_list).unwrap_or_default();
    paths.iter().filter_map(|path| Some((path.as_text()?, path.span)))
}

/// Reports the locked paths of a template that no agreement can have.
pub(super) fn unknown_paths(template: &Document, faults: &mut Vec<Diagnostic>) {
    for (path, span) in locked(template).filter(|(path, _)| !is_field_path(path)) {
        let fault =
            Diagnostic::new(Code::E101, span, format!("unknown field {} of an agreement", quoted(path)));
        faults.push(fault.help("write the path with dots between the keys, such as sla.targets"));
    }
}

/// Reports the values that the layer at `changer` changes and that an earlier layer accepted by `counts` locks.
pub(super) fn find_changes(
    layers: &[Layer<'_>],
    changer: usize,
    counts: impl Fn(&Document) -> bool,
    faults: &mut Vec<Diagnostic>,
) {
    let layer = &layers[changer];
    for locker in layers[..changer].iter().filter(|locker| counts(locker.document)) {
        for (path, lock) in locked(locker.document) {
            let Some(affecting) = affecting_entry(layer.root, path, MergePlace::Root) else {
                continue;
            };
            let before = Merger::default().documents(&root_values(&layers[..changer]));
            let after = Merger::default().documents(&root_values(&layers[..=changer]));
            let before = before.and_then(|tree| find_path(&tree, path));
            let after = after.and_then(|tree| find_path(&tree, path));
            let same = match (&before, &after) {
                (Some(before), Some(after)) => before.same_value(after),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !same {
                report(&affecting, before.as_ref(), &locker.document.id, lock, faults);
            }
        }
    }
}

/// An entry of a layer that affects a locked path.
struct AffectingEntry<'document> {
    entry: &'document MapEntry,
    /// Whether the entry is at the path itself, and neither above it nor a replacement.
    is_exact: bool,
}

fn affecting_entry<'document>(
    node: &'document Node,
    path: &str,
    place: MergePlace,
) -> Option<AffectingEntry<'document>> {
    let map = node.as_map()?;
    let group = place.exclusive_keys();
    map.iter().find_map(|entry| {
        let rest = match path.strip_prefix(&*entry.key) {
            Some("") => return Some(AffectingEntry { entry, is_exact: true }),
            Some(rest) => rest.strip_prefix('.'),
            None => None,
        };
        match rest {
            Some(rest) if entry.node.as_map().is_some() => {
                affecting_entry(&entry.node, rest, place.below(&entry.key))
            }
            Some(_) => Some(AffectingEntry { entry, is_exact: false }),
            None => {
                let head = path.split('.').next().unwrap_or(path);
                let displaces = group.contains(&head) && group.contains(&&*entry.key);
                displaces.then_some(AffectingEntry { entry, is_exact: false })
            }
        }
    })
}

/// The value at a path with dots. A key may contain dots as well.
fn find_path<'document>(tree: &Tree<'document>, path: &str) -> Option<Tree<'document>> {
    tree.entries().into_iter().find_map(|entry| match path.strip_prefix(entry.key)? {
        "" => Some(entry.tree.clone()),
        rest => find_path(&entry.tree, rest.strip_prefix('.')?),
    })
}

fn report(
    affecting: &AffectingEntry<'_>,
    before: Option<&Tree<'_>>,
    locker: &str,
    lock: Span,
    faults: &mut Vec<Diagnostic>,
) {
    let mut changes = Vec::new();
    if affecting.is_exact {
        differences(affecting.entry, before, &mut changes);
    }
    if changes.is_empty() {
        changes.push((affecting.entry, before.map(Tree::span)));
    }
    for (entry, inherited) in changes {
        let does = if entry.node.value == NodeValue::Bool(false) { "dropped" } else { "changed" };
        let message =
            format!("{} is {does}, but the template {} locks it", quoted(&entry.key), quoted(locker));
        let fault = Diagnostic::new(Code::E105, entry.key_span, message).related(lock, "locked here");
        let fault = match inherited {
            Some(span) => fault.related(span, "inherited value"),
            None => fault,
        };
        faults.push(fault.help("delete the key, or unlock it in the template"));
    }
}

/// Collects the innermost entries that differ from the inherited values.
fn differences<'document>(
    entry: &'document MapEntry,
    inherited: Option<&Tree<'_>>,
    changes: &mut Vec<(&'document MapEntry, Option<Span>)>,
) {
    let Some(inherited) = inherited else {
        changes.push((entry, None));
        return;
    };
    if inherited.same_value(&Tree::Node(&entry.node)) {
        return;
    }
    let below = inherited.entries();
    match entry.node.as_map() {
        Some(map) if !below.is_empty() => {
            for entry in map {
                let inherited = below.iter().find(|inherited| inherited.key == &*entry.key);
                differences(entry, inherited.map(|inherited| &inherited.tree), changes);
            }
        }
        _ => changes.push((entry, Some(inherited.span()))),
    }
}
