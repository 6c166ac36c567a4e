//! Several layers of values become one, by one rule: maps merge key by key, everything else replaces.
//!
//! Nothing is copied: what one layer alone gives is referred to as a whole. A few places have a rule of
//! their own: `false` drops an inherited service, target or notice, and of some groups of keys only the
//! nearest layer's holds. This file knows these places by name, and otherwise no field.

use crate::diagnostic::Span;
use crate::document::tree::{MapEntry, MergedEntry, MergedMap, Node, NodeMap, NodeValue, Tree};

/// The place of a map among the fields of an agreement, as far as merging cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergePlace {
    /// The document itself.
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
    /// Anywhere else.
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

    /// The keys of this map of which only one can hold.
    pub(crate) fn only_one_of(self) -> &'static [&'static str] {
        match self {
            Self::Period => &["last_day", "term", "open_ended"],
            Self::Termination => &["last_day", "at"],
            Self::Contact => &["helpdesk", "email"],
            _ => &[],
        }
    }

    /// Whether a key says something about the layers and is no value of the agreement.
    fn is_about_layers(self, key: &str) -> bool {
        self == Self::Root && matches!(key, "extends" | "clients" | "locked")
    }

    /// Whether a value of this place can be taken whole where no other layer has it.
    fn leaves_alone(self, node: &Node) -> bool {
        let NodeValue::Map(map) = &node.value else {
            return true;
        };
        match self {
            Self::Root => false,
            Self::Targets | Self::Notices => !map.iter().any(|entry| entry.node.is_flag(false)),
            Self::Services | Self::Service | Self::Sla => map.iter().all(|entry| {
                let dropped = self.drops() && entry.node.is_flag(false);
                !dropped && self.below(&entry.key).leaves_alone(&entry.node)
            }),
            Self::Period | Self::Termination | Self::Contacts | Self::Contact | Self::Plain => true,
        }
    }
}

/// What one layer has at a place.
#[derive(Clone, Copy)]
pub(super) struct Piece<'document> {
    /// The layer, by its number; nearer ones have larger ones.
    pub(super) layer: usize,
    /// Where the key of the value stands; of the document itself, its own place.
    pub(super) key_span: Span,
    /// The value.
    pub(super) node: &'document Node,
}

/// Something that a layer says in vain.
pub(super) struct Idle {
    /// The key.
    pub(super) key: Box<str>,
    /// Where the key stands.
    pub(super) key_span: Span,
    /// Where the same value is inherited from; `None` where `false` drops what nobody gave.
    pub(super) inherited: Option<Span>,
}

/// Merges, and on the way finds what one layer says in vain.
#[derive(Default)]
pub(super) struct Merger {
    /// The layer whose idle values are looked for.
    pub(super) watched: Option<usize>,
    /// What was found.
    pub(super) idle: Vec<Idle>,
}

/// A merged value.
struct MergedValue<'document> {
    tree: Tree<'document>,
    /// Whether it would be the same without the nearest layer.
    idle: bool,
}

impl Merger {
    /// Merges whole documents, the farthest first.
    pub(super) fn documents<'document>(&mut self, pieces: &[Piece<'document>]) -> Option<Tree<'document>> {
        let merged = self.merge(pieces, MergePlace::Root);
        merged.map(|merged| merged.tree)
    }

    /// Merges what the layers have at one place, the farthest first.
    fn merge<'document>(
        &mut self,
        pieces: &[Piece<'document>],
        place: MergePlace,
    ) -> Option<MergedValue<'document>> {
        let (nearest, farther) = pieces.split_last()?;
        // What lies beyond the last value that lets nothing through does not count any more.
        let opaque = pieces.iter().rposition(|piece| !lets_through(piece.node, place));
        let open = &pieces[opaque.map_or(0, |opaque| opaque + 1)..];
        let mut maps = open.iter().filter(|piece| piece.node.as_map().is_some());
        let (first, second) = (maps.next(), maps.next());
        Some(match (first, second) {
            (None, _) => {
                let idle = farther.last().is_some_and(|inherited| inherited.node.same_value(nearest.node));
                MergedValue { tree: Tree::Node(nearest.node), idle }
            }
            (Some(only), None) if place.leaves_alone(only.node) => {
                MergedValue { tree: Tree::Node(only.node), idle: false }
            }
            (Some(_), _) => self.join(open, place, nearest),
        })
    }

    fn join<'document>(
        &mut self,
        open: &[Piece<'document>],
        place: MergePlace,
        nearest: &Piece<'document>,
    ) -> MergedValue<'document> {
        let pieces = pieces_by_key(open, place);
        let mut entries: Vec<(usize, MergedEntry<'document>)> = Vec::with_capacity(pieces.len());
        let mut found: Vec<Piece<'document>> = Vec::with_capacity(open.len());
        let (mut said, mut same) = (0, 0);
        let told = self.idle.len();
        for of_key in pieces.chunk_by(|own, other| own.entry.key == other.entry.key) {
            let (key, order) = (&*of_key[0].entry.key, of_key[0].order);
            found.clear();
            found.extend(of_key.iter().map(KeyPiece::piece));
            let last = found[found.len() - 1];
            let mine = last.layer == nearest.layer;
            said += usize::from(mine);
            if place.drops() && last.node.is_flag(false) {
                let given = found.iter().any(|piece| !piece.node.is_flag(false));
                if mine && !given {
                    self.idle(key, &last, None);
                }
                continue;
            }
            let Some(merged) = self.merge(&found, place.below(key)) else {
                continue;
            };
            if mine && merged.idle {
                same += 1;
                let inherited = found.iter().rev().nth(1).map(|piece| piece.key_span);
                self.idle(key, &last, inherited);
            }
            entries.push((order, MergedEntry { key, key_span: last.key_span, tree: merged.tree }));
        }
        let all_same = same > 0 && same == said && place != MergePlace::Root;
        if all_same {
            // One word about the whole map, by whoever has its key, says more than one about each of its values.
            self.idle.truncate(told);
        }
        entries.sort_by_key(|(order, _)| *order);
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        let span = open
            .iter()
            .rfind(|piece| piece.node.as_map().is_some())
            .map_or(nearest.node.span, |map| map.node.span);
        MergedValue { tree: Tree::Merged(MergedMap { span, entries }), idle: all_same }
    }

    fn idle(&mut self, key: &str, piece: &Piece<'_>, inherited: Option<Span>) {
        if self.watched == Some(piece.layer) {
            self.idle.push(Idle { key: key.into(), key_span: piece.key_span, inherited });
        }
    }
}

/// Whether a value lets through what is inherited: a map, or `true` for a service, which means "as it stands".
fn lets_through(node: &Node, place: MergePlace) -> bool {
    match &node.value {
        NodeValue::Map(_) => true,
        NodeValue::Bool(flag) => *flag && place == MergePlace::Service,
        _ => false,
    }
}

/// What one layer has under one key.
struct KeyPiece<'document> {
    layer: usize,
    /// The place in the order of all keys, by which entries keep the order of the farthest layer.
    order: usize,
    entry: &'document MapEntry,
}

impl<'document> KeyPiece<'document> {
    fn piece(&self) -> Piece<'document> {
        Piece { layer: self.layer, key_span: self.entry.key_span, node: &self.entry.node }
    }
}

/// The entries of all maps, sorted by key and within a key by layer, without those that a nearer layer displaces.
fn pieces_by_key<'document>(open: &[Piece<'document>], place: MergePlace) -> Vec<KeyPiece<'document>> {
    let maps = || open.iter().filter_map(|piece| piece.node.as_map().map(|map| (piece.layer, map)));
    let group = place.only_one_of();
    let has_one =
        |(layer, map): (usize, &NodeMap)| group.iter().any(|key| map.get(key).is_some()).then_some(layer);
    let deciding = if group.is_empty() { None } else { maps().rev().find_map(has_one) };
    let mut pieces = Vec::with_capacity(maps().map(|(_, map)| map.len()).sum());
    let mut order = 0;
    for (layer, map) in maps() {
        for entry in map {
            order += 1;
            let displaced = deciding.is_some_and(|deciding| layer < deciding) && group.contains(&&*entry.key);
            if !displaced && !place.is_about_layers(&entry.key) {
                pieces.push(KeyPiece { layer, order, entry });
            }
        }
    }
    pieces.sort_by(|own, other| own.entry.key.cmp(&other.entry.key).then(own.order.cmp(&other.order)));
    pieces
}
