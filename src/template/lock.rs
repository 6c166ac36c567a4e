//! What a template has locked, and who below it changes that all the same.
//!
//! A change is a value that differs from the one inherited, a key that was not there, a dropped entry, and a
//! key that displaces the locked one. To repeat the same value is none.

use super::layer::{Layer, pieces};
use super::merge::{MergePlace, Merger};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::tree::{MapEntry, Node, NodeValue, Tree};
use crate::document::{Document, is_field_path, quoted};

/// The paths that a template locks, with their places.
fn locked(template: &Document) -> impl Iterator<Item = (&str, Span)> {
    let paths = template.root.get(&["locked"]).and_then(Node::as_list).unwrap_or_default();
    paths.iter().filter_map(|path| Some((path.as_text()?, path.span)))
}

/// Tells of the paths that a template locks though no agreement has them.
pub(super) fn unknown_paths(template: &Document, faults: &mut Vec<Diagnostic>) {
    for (path, span) in locked(template).filter(|(path, _)| !is_field_path(path)) {
        let fault = Diagnostic::new(Code::E101, span, format!("an agreement has no field {}", quoted(path)));
        faults.push(fault.help("write the keys that lead to it with dots between them, such as sla.targets"));
    }
}

/// Tells of what the layer at `changer` changes though a layer before it, of those that `counts` says yes to, locks it.
pub(super) fn find(
    layers: &[Layer<'_>],
    changer: usize,
    counts: impl Fn(&Document) -> bool,
    faults: &mut Vec<Diagnostic>,
) {
    let layer = &layers[changer];
    for locker in layers[..changer].iter().filter(|locker| counts(locker.document)) {
        for (path, lock) in locked(locker.document) {
            let Some(touch) = touch(layer.root, path, MergePlace::Root) else {
                continue;
            };
            let before = Merger::default().documents(&pieces(&layers[..changer]));
            let after = Merger::default().documents(&pieces(&layers[..=changer]));
            let before = before.and_then(|tree| find_path(&tree, path));
            let after = after.and_then(|tree| find_path(&tree, path));
            let same = match (&before, &after) {
                (Some(before), Some(after)) => before.same_value(after),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !same {
                tell(&touch, before.as_ref(), &locker.document.id, lock, faults);
            }
        }
    }
}

/// How a layer comes near a locked path.
struct Touch<'document> {
    entry: &'document MapEntry,
    /// Whether the entry stands at the path itself, and not above it or in its place.
    exact: bool,
}

fn touch<'document>(node: &'document Node, path: &str, place: MergePlace) -> Option<Touch<'document>> {
    let map = node.as_map()?;
    let group = place.only_one_of();
    map.iter().find_map(|entry| {
        let rest = match path.strip_prefix(&*entry.key) {
            Some("") => return Some(Touch { entry, exact: true }),
            Some(rest) => rest.strip_prefix('.'),
            None => None,
        };
        match rest {
            Some(rest) if entry.node.as_map().is_some() => touch(&entry.node, rest, place.below(&entry.key)),
            Some(_) => Some(Touch { entry, exact: false }),
            None => {
                let head = path.split('.').next().unwrap_or(path);
                let displaces = group.contains(&head) && group.contains(&&*entry.key);
                displaces.then_some(Touch { entry, exact: false })
            }
        }
    })
}

/// The value at a path with dots; a key may have dots itself.
fn find_path<'document>(tree: &Tree<'document>, path: &str) -> Option<Tree<'document>> {
    tree.entries().into_iter().find_map(|entry| match path.strip_prefix(entry.key)? {
        "" => Some(entry.tree.clone()),
        rest => find_path(&entry.tree, rest.strip_prefix('.')?),
    })
}

fn tell(
    touch: &Touch<'_>,
    before: Option<&Tree<'_>>,
    locker: &str,
    lock: Span,
    faults: &mut Vec<Diagnostic>,
) {
    let mut changes = Vec::new();
    if touch.exact {
        differences(touch.entry, before, &mut changes);
    }
    if changes.is_empty() {
        changes.push((touch.entry, before.map(Tree::span)));
    }
    for (entry, inherited) in changes {
        let does = if entry.node.value == NodeValue::Bool(false) { "dropped" } else { "changed" };
        let message =
            format!("{} is {does} here, and the template {} locks it", quoted(&entry.key), quoted(locker));
        let fault = Diagnostic::new(Code::E105, entry.key_span, message).related(lock, "locked here");
        let fault = match inherited {
            Some(span) => fault.related(span, "the value that holds"),
            None => fault,
        };
        faults.push(fault.help("delete the key, or have the template unlock it"));
    }
}

/// The entries, as far inside as can be told, that differ from what is inherited.
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
