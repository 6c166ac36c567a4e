//! Merges layers by one rule: maps merge key by key, and every other value replaces the inherited one.
//!
//! Values are borrowed, not copied. A few fields have a rule of their own: `false` drops an inherited service, target or
//! notice, and of some groups of keys only the one of the nearest layer applies. This file names these fields and no
//! others.

use crate::diagnostic::Span;
use crate::document::tree::{MapEntry, MergedEntry, MergedMap, Node, NodeMap, NodeValue, Tree};

/// The place of a map in an agreement, as far as it matters for merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergePlace {
    /// The root of the document.
    Root,
    /// `services`.
    Services,
    /// One service.
    Service,
    /// `sla`.
    Sla,
    /// `targets`, of `sla` or of a service.
    Targets,
    /// `notices`.
    Notices,
    /// `period`.
    Period,
    /// `termination`.
    Termination,
    /// `contacts`.
    Contacts,
    /// One contact.
    Contact,
    /// Any other place.
    Plain,
}

impl MergePlace {
    /// The place below a key.
    pub(crate) fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "services") => Self::Services,
            (Self::Root, "sla") => Self::Sla,
            (Self::Root, "notices") => Self::Notices,
            (Self::Root, "period") => Self::Period,
            (Self::Root, "termination") => Self::Termination,
            (Self::Root, "contacts") => Self::Contacts,
            (Self::Services, _) => Self::Service,
            (Self::Contacts, _) => Self::Contact,
            (Self::Sla | Self::Service, "targets") => Self::Targets,
            _ => Self::Plain,
        }
    }

    /// Whether `false` drops an entry of this map.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::Services | Self::Targets | Self::Notices)
    }

    /// The keys of this map that exclude each other.
    pub(crate) fn exclusive_keys(self) -> &'static [&'static str] {
        match self {
            Self::Period => &["last_day", "term", "open_ended"],
            Self::Termination => &["last_day", "at"],
            Self::Contact => &["helpdesk", "email"],
            _ => &[],
        }
    }

    /// Whether a key describes the layers and is not a value of the agreement.
    fn is_about_layers(self, key: &str) -> bool {
        self == Self::Root && matches!(key, "extends" | "clients" | "locked")
    }

    /// Whether a value of this place needs no merge if only one layer has it.
    fn is_taken_whole(self, node: &Node) -> bool {
        let NodeValue::Map(map) = &node.value else {
            return true;
        };
        match self {
            Self::Root => false,
            Self::Targets | Self::Notices => !map.iter().any(|entry| entry.node.is_flag(false)),
            Self::Services | Self::Service | Self::Sla => map.iter().all(|entry| {
                let dropped = self.drops() && entry.node.is_flag(false);
                !dropped && self.below(&entry.key).is_taken_whole(&entry.node)
            }),
            Self::Period | Self::Termination | Self::Contacts | Self::Contact | Self::Plain => true,
        }
    }
}

/// The value of one layer at a place.
#[derive(Clone, Copy)]
pub(super) struct LayerValue<'document> {
    /// The number of the layer; a nearer layer has a larger number.
    pub(super) layer: usize,
    /// The position of the key of the value; at the root, of the document.
    pub(super) key_span: Span,
    /// The value.
    pub(super) node: &'document Node,
}

/// An entry of a layer without effect.
pub(super) struct RedundantEntry {
    /// The key.
    pub(super) key: Box<str>,
    /// The position of the key.
    pub(super) key_span: Span,
    /// The position of the same inherited value; `None` where `false` drops nothing.
    pub(super) inherited: Option<Span>,
}

/// Merges layers and finds the redundant entries of one of them.
#[derive(Default)]
pub(super) struct Merger {
    /// The layer whose redundant entries are collected.
    pub(super) watched: Option<usize>,
    /// The redundant entries.
    pub(super) redundant: Vec<RedundantEntry>,
}

/// A merged value.
struct MergedValue<'document> {
    tree: Tree<'document>,
    /// Whether the value is the same without the nearest layer.
    is_redundant: bool,
}

impl Merger {
    /// Merges documents, the farthest first.
    pub(super) fn documents<'document>(
        &mut self,
        values: &[LayerValue<'document>],
    ) -> Option<Tree<'document>> {
        let merged = self.merge(values, MergePlace::Root);
        merged.map(|merged| merged.tree)
    }

    /// Merges the values of the layers at one place, the farthest first.
    fn merge<'document>(
        &mut self,
        values: &[LayerValue<'document>],
        place: MergePlace,
    ) -> Option<MergedValue<'document>> {
        let (nearest, farther) = values.split_last()?;
        // A value that is not a map hides all values of the layers before it.
        let opaque = values.iter().rposition(|value| !lets_through(value.node, place));
        let open = &values[opaque.map_or(0, |opaque| opaque + 1)..];
        let mut maps = open.iter().filter(|value| value.node.as_map().is_some());
        let (first, second) = (maps.next(), maps.next());
        Some(match (first, second) {
            (None, _) => {
                let is_redundant =
                    farther.last().is_some_and(|inherited| inherited.node.same_value(nearest.node));
                MergedValue { tree: Tree::Node(nearest.node), is_redundant }
            }
            (Some(only), None) if place.is_taken_whole(only.node) => {
                MergedValue { tree: Tree::Node(only.node), is_redundant: false }
            }
            (Some(_), _) => self.join(open, place, nearest),
        })
    }

    fn join<'document>(
        &mut self,
        open: &[LayerValue<'document>],
        place: MergePlace,
        nearest: &LayerValue<'document>,
    ) -> MergedValue<'document> {
        let values = entries_by_key(open, place);
        let mut entries: Vec<(usize, MergedEntry<'document>)> = Vec::with_capacity(values.len());
        let mut found: Vec<LayerValue<'document>> = Vec::with_capacity(open.len());
        let (mut said, mut same) = (0, 0);
        let before = self.redundant.len();
        for of_key in values.chunk_by(|own, other| own.entry.key == other.entry.key) {
            let (key, order) = (&*of_key[0].entry.key, of_key[0].order);
            found.clear();
            found.extend(of_key.iter().map(KeyedEntry::value));
            let last = found[found.len() - 1];
            let mine = last.layer == nearest.layer;
            said += usize::from(mine);
            if place.drops() && last.node.is_flag(false) {
                let given = found.iter().any(|value| !value.node.is_flag(false));
                if mine && !given {
                    self.add_redundant(key, &last, None);
                }
                continue;
            }
            let Some(merged) = self.merge(&found, place.below(key)) else {
                continue;
            };
            if mine && merged.is_redundant {
                same += 1;
                let inherited = found.iter().rev().nth(1).map(|value| value.key_span);
                self.add_redundant(key, &last, inherited);
            }
            entries.push((order, MergedEntry { key, key_span: last.key_span, tree: merged.tree }));
        }
        let all_same = same > 0 && same == said && place != MergePlace::Root;
        if all_same {
            // One diagnostic about the whole map replaces those about each of its values.
            self.redundant.truncate(before);
        }
        entries.sort_by_key(|(order, _)| *order);
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        let span = open
            .iter()
            .rfind(|value| value.node.as_map().is_some())
            .map_or(nearest.node.span, |map| map.node.span);
        MergedValue { tree: Tree::Merged(MergedMap { span, entries }), is_redundant: all_same }
    }

    fn add_redundant(&mut self, key: &str, value: &LayerValue<'_>, inherited: Option<Span>) {
        if self.watched == Some(value.layer) {
            self.redundant.push(RedundantEntry { key: key.into(), key_span: value.key_span, inherited });
        }
    }
}

/// Whether inherited values remain visible: below a map, and below `true` for a service, which means "unchanged".
fn lets_through(node: &Node, place: MergePlace) -> bool {
    match &node.value {
        NodeValue::Map(_) => true,
        NodeValue::Bool(flag) => *flag && place == MergePlace::Service,
        _ => false,
    }
}

/// The entry of one layer under one key.
struct KeyedEntry<'document> {
    layer: usize,
    /// The index among all keys, so that entries keep the order of the farthest layer.
    order: usize,
    entry: &'document MapEntry,
}

impl<'document> KeyedEntry<'document> {
    fn value(&self) -> LayerValue<'document> {
        LayerValue { layer: self.layer, key_span: self.entry.key_span, node: &self.entry.node }
    }
}

/// The entries of all maps, sorted by key and then by layer, without those that a nearer layer displaces.
fn entries_by_key<'document>(
    open: &[LayerValue<'document>],
    place: MergePlace,
) -> Vec<KeyedEntry<'document>> {
    let maps = || open.iter().filter_map(|value| value.node.as_map().map(|map| (value.layer, map)));
    let group = place.exclusive_keys();
    let has_one =
        |(layer, map): (usize, &NodeMap)| group.iter().any(|key| map.get(key).is_some()).then_some(layer);
    let deciding = if group.is_empty() { None } else { maps().rev().find_map(has_one) };
    let mut values = Vec::with_capacity(maps().map(|(_, map)| map.len()).sum());
    let mut order = 0;
    for (layer, map) in maps() {
        for entry in map {
            order += 1;
            let displaced = deciding.is_some_and(|deciding| layer < deciding) && group.contains(&&*entry.key);
            if !displaced && !place.is_about_layers(&entry.key) {
                values.push(KeyedEntry { layer, order, entry });
            }
        }
    }
    values.sort_by(|own, other| own.entry.key.cmp(&other.entry.key).then(own.order.cmp(&other.order)));
    values
}
