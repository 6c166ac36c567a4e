//! A document as a tree in which every key and value knows its place, and what is put together from
//! several such trees without copying them.
//!
//! Days are still text here, and nothing is judged. The text of a plain scalar as it was written is what its
//! span covers.

use crate::diagnostic::{FileId, Span};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands. A value that is not written has the end of its key.
    pub span: Span,
    /// What it is.
    pub value: NodeValue,
}

/// What a value is, as YAML 1.2 core reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Nothing. Always a fault, which was reported where the text was read.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number; finite.
    Float(f64),
    /// A text; days too.
    Text(Box<str>),
    /// A list.
    List(Box<[Node]>),
    /// A map.
    Map(NodeMap),
}

/// A map in the order written. No key stands twice.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMap(Entries);

#[derive(Clone, Debug, PartialEq)]
enum Entries {
    /// Few are searched from the front.
    Few(Box<[MapEntry]>),
    /// A catalog has thousands: these are searched by halves.
    Many(Box<Sorted>),
}

#[derive(Clone, Debug, PartialEq)]
struct Sorted {
    entries: Box<[MapEntry]>,
    /// Where the entries stand, in the order of their keys.
    by_key: Vec<usize>,
}

/// A key of a map and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    /// The key.
    pub key: Box<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// Maps up to this size are searched from the front; for longer ones that costs more than a search by halves.
const SHORT: usize = 16;

impl NodeMap {
    /// Takes the entries in the order written, and gives back those whose key stands a second time, each with the
    /// place where it stood first.
    pub(super) fn new(entries: Vec<MapEntry>) -> (Self, Vec<(MapEntry, Span)>) {
        let firsts = if entries.len() <= SHORT { firsts_of_few(&entries) } else { firsts_of_many(&entries) };
        let Some(firsts) = firsts else {
            return (Self::of_distinct(entries), Vec::new());
        };
        let places: Vec<Span> = entries.iter().map(|entry| entry.key_span).collect();
        let mut kept = Vec::with_capacity(entries.len());
        let mut repeated = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            if firsts[index] == index {
                kept.push(entry);
            } else {
                repeated.push((entry, places[firsts[index]]));
            }
        }
        (Self::of_distinct(kept), repeated)
    }

    fn of_distinct(entries: Vec<MapEntry>) -> Self {
        let entries = entries.into_boxed_slice();
        if entries.len() <= SHORT {
            return Self(Entries::Few(entries));
        }
        let by_key = by_key(&entries);
        Self(Entries::Many(Box::new(Sorted { entries, by_key })))
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&MapEntry> {
        match &self.0 {
            Entries::Few(entries) => entries.iter().find(|entry| &*entry.key == key),
            Entries::Many(many) => {
                let at = many.by_key.binary_search_by(|index| (*many.entries[*index].key).cmp(key)).ok()?;
                Some(&many.entries[many.by_key[at]])
            }
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    fn entries(&self) -> &[MapEntry] {
        match &self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(many) => &many.entries,
        }
    }

    /// The entries in the order written.
    pub fn iter(&self) -> std::slice::Iter<'_, MapEntry> {
        self.entries().iter()
    }

    /// The same, to be moved to other places. Their keys stay as they are.
    pub(super) fn entries_mut(&mut self) -> &mut [MapEntry] {
        match &mut self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(many) => &mut many.entries,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }
}

impl<'map> IntoIterator for &'map NodeMap {
    type Item = &'map MapEntry;
    type IntoIter = std::slice::Iter<'map, MapEntry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// For each entry the index of the first one with its key; `None` where every key stands once.
fn firsts_of_few(entries: &[MapEntry]) -> Option<Vec<usize>> {
    let first_of = |index: usize| {
        let key = &*entries[index].key;
        entries[..index].iter().position(|entry| &*entry.key == key).unwrap_or(index)
    };
    let repeats = (0..entries.len()).any(|index| first_of(index) != index);
    repeats.then(|| (0..entries.len()).map(first_of).collect())
}

/// Where the entries stand, in the order of their keys, and those of one key in the order written.
fn by_key(entries: &[MapEntry]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..entries.len()).collect();
    sorted.sort_by_key(|index| &*entries[*index].key);
    sorted
}

/// The same by sorting, so that twenty thousand keys take no longer than they must.
fn firsts_of_many(entries: &[MapEntry]) -> Option<Vec<usize>> {
    let sorted = by_key(entries);
    let mut firsts: Vec<usize> = (0..entries.len()).collect();
    let mut repeats = false;
    for pair in sorted.windows(2) {
        if entries[pair[0]].key == entries[pair[1]].key {
            firsts[pair[1]] = firsts[pair[0]];
            repeats = true;
        }
    }
    repeats.then_some(firsts)
}

impl Node {
    /// A value that is not there, for a document that could not be read.
    pub(super) fn nothing(file: FileId) -> Self {
        Self { span: Span::of_file(file), value: NodeValue::Null }
    }

    /// The value at a path of keys; places in a list are written as numbers from 0.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.value {
            NodeValue::Map(map) => map.get(step),
            NodeValue::List(list) => list.get(step.parse::<usize>().ok()?),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Integer(_)
            | NodeValue::Float(_)
            | NodeValue::Text(_) => None,
        })
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&NodeMap> {
        match &self.value {
            NodeValue::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is this flag.
    pub fn is_flag(&self, flag: bool) -> bool {
        self.value == NodeValue::Bool(flag)
    }

    /// Whether it says what [`Tree::to_json`] would give, in whatever order the keys are.
    pub fn equals_json(&self, json: &serde_json::Value) -> bool {
        match (&self.value, json) {
            (NodeValue::Null, serde_json::Value::Null) => true,
            (NodeValue::Bool(own), serde_json::Value::Bool(flag)) => own == flag,
            (NodeValue::Integer(_) | NodeValue::Float(_), serde_json::Value::Number(_)) => {
                Tree::Node(self).to_json() == *json
            }
            (NodeValue::Text(own), serde_json::Value::String(text)) => **own == **text,
            (NodeValue::List(own), serde_json::Value::Array(list)) => {
                own.len() == list.len() && own.iter().zip(list).all(|(own, json)| own.equals_json(json))
            }
            (NodeValue::Map(own), serde_json::Value::Object(map)) => {
                let said =
                    |entry: &MapEntry| map.get(&*entry.key).is_some_and(|json| entry.node.equals_json(json));
                own.len() == map.len() && own.iter().all(said)
            }
            _ => false,
        }
    }

    /// Whether two values are the same, wherever they stand and in whatever order their keys are.
    pub fn same_value(&self, other: &Node) -> bool {
        Tree::Node(self).same_value(&Tree::Node(other))
    }
}

/// A value of one document, or a map that several layers gave keys to. Borrows from the documents.
#[derive(Clone, Debug)]
pub enum Tree<'document> {
    /// A value as it stands in one document.
    Node(&'document Node),
    /// A text that stands as a key of a document, such as the client of a set's entry.
    Key(&'document MapEntry),
    /// A map put together.
    Merged(MergedMap<'document>),
}

/// A map that several layers gave keys to.
#[derive(Clone, Debug)]
pub struct MergedMap<'document> {
    /// Where the nearest layer has the map.
    pub span: Span,
    /// Its keys, in the order of the farthest layer first.
    pub entries: Vec<MergedEntry<'document>>,
}

/// A key of a map put together.
#[derive(Clone, Debug)]
pub struct MergedEntry<'document> {
    /// The key.
    pub key: &'document str,
    /// Where the nearest layer has the key.
    pub key_span: Span,
    /// The value.
    pub tree: Tree<'document>,
}

/// What a [`Tree`] is, one step deep.
#[derive(Clone, Debug)]
pub enum TreeValue<'tree, 'document> {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'document str),
    /// A list.
    List(&'document [Node]),
    /// A map of one document.
    Map(&'document NodeMap),
    /// A map put together.
    Merged(&'tree MergedMap<'document>),
}

impl<'document> Tree<'document> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Node(node) => node.span,
            Self::Key(entry) => entry.key_span,
            Self::Merged(merged) => merged.span,
        }
    }

    /// What it is, one step deep.
    pub fn value(&self) -> TreeValue<'_, 'document> {
        match self {
            Self::Key(entry) => TreeValue::Text(&entry.key),
            Self::Merged(merged) => TreeValue::Merged(merged),
            Self::Node(node) => match &node.value {
                NodeValue::Null => TreeValue::Null,
                NodeValue::Bool(flag) => TreeValue::Bool(*flag),
                NodeValue::Integer(number) => TreeValue::Integer(*number),
                NodeValue::Float(number) => TreeValue::Float(*number),
                NodeValue::Text(text) => TreeValue::Text(text),
                NodeValue::List(list) => TreeValue::List(list),
                NodeValue::Map(map) => TreeValue::Map(map),
            },
        }
    }

    /// The value at a path of keys; places in a list are written as numbers from 0.
    pub fn get(&self, path: &[&str]) -> Option<Tree<'document>> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.clone());
        };
        match self {
            Self::Node(node) => node.get(path).map(Tree::Node),
            Self::Key(_) => None,
            Self::Merged(merged) => merged.get(step)?.tree.get(rest),
        }
    }

    /// Where the value at a path stands.
    pub fn span_of(&self, path: &[&str]) -> Option<Span> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.span());
        };
        match self {
            Self::Node(node) => node.get(path).map(|node| node.span),
            Self::Key(_) => None,
            Self::Merged(merged) => merged.get(step)?.tree.span_of(rest),
        }
    }

    /// Where the last key of a path stands; the place to point at for "this entry".
    pub fn key_span_of(&self, path: &[&str]) -> Option<Span> {
        match self {
            Self::Node(node) => {
                let (last, parents) = path.split_last()?;
                match &node.get(parents)?.value {
                    NodeValue::Map(map) => map.entry(last).map(|entry| entry.key_span),
                    NodeValue::List(list) => list.get(last.parse::<usize>().ok()?).map(|node| node.span),
                    _ => None,
                }
            }
            Self::Key(_) => None,
            Self::Merged(merged) => {
                let (step, rest) = path.split_first()?;
                let entry = merged.get(step)?;
                if rest.is_empty() { Some(entry.key_span) } else { entry.tree.key_span_of(rest) }
            }
        }
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value(), TreeValue::Map(_) | TreeValue::Merged(_))
    }

    /// The keys and values of a map in order; nothing where it is none.
    pub fn entries(&self) -> Vec<MergedEntry<'document>> {
        match self.value() {
            TreeValue::Map(map) => map.iter().map(MergedEntry::of).collect(),
            TreeValue::Merged(merged) => merged.entries.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether two values are the same, wherever they stand and in whatever order their keys are.
    pub fn same_value(&self, other: &Tree<'_>) -> bool {
        match (self.value(), other.value()) {
            (TreeValue::Null, TreeValue::Null) => true,
            (TreeValue::Bool(own), TreeValue::Bool(others)) => own == others,
            (TreeValue::Integer(own), TreeValue::Integer(others)) => own == others,
            (TreeValue::Float(own), TreeValue::Float(others)) => own.to_bits() == others.to_bits(),
            (TreeValue::Text(own), TreeValue::Text(others)) => own == others,
            (TreeValue::List(own), TreeValue::List(others)) => {
                own.len() == others.len()
                    && own.iter().zip(others).all(|(own, others)| own.same_value(others))
            }
            (TreeValue::Map(_) | TreeValue::Merged(_), TreeValue::Map(_) | TreeValue::Merged(_)) => {
                same_entries(self.entries(), other.entries())
            }
            _ => false,
        }
    }

    /// The value as JSON, for printing and for comparing with other programs.
    pub fn to_json(&self) -> serde_json::Value {
        match self.value() {
            TreeValue::Null => serde_json::Value::Null,
            TreeValue::Bool(flag) => flag.into(),
            TreeValue::Integer(number) => number.into(),
            TreeValue::Float(number) => number.into(),
            TreeValue::Text(text) => text.into(),
            TreeValue::List(list) => list.iter().map(|node| Tree::Node(node).to_json()).collect(),
            TreeValue::Map(_) | TreeValue::Merged(_) => {
                let entries = self.entries().into_iter();
                entries.map(|entry| (entry.key.to_owned(), entry.tree.to_json())).collect()
            }
        }
    }
}

fn same_entries(mut own: Vec<MergedEntry<'_>>, mut others: Vec<MergedEntry<'_>>) -> bool {
    own.sort_by_key(|entry| entry.key);
    others.sort_by_key(|entry| entry.key);
    own.len() == others.len()
        && own
            .iter()
            .zip(&others)
            .all(|(own, others)| own.key == others.key && own.tree.same_value(&others.tree))
}

impl<'document> MergedMap<'document> {
    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&MergedEntry<'document>> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl<'document> MergedEntry<'document> {
    /// An entry of one document.
    pub fn of(entry: &'document MapEntry) -> Self {
        Self { key: &entry.key, key_span: entry.key_span, tree: Tree::Node(&entry.node) }
    }
}
