//! The tree of a document, with the position of every key and value; and the tree that merges several documents
//! without copying them.
//!
//! Days are still text here. The span of a plain scalar covers its text as written.

use crate::diagnostic::{FileId, Span};

/// A value and its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The position. A missing value has the end of its key.
    pub span: Span,
    /// The value.
    pub value: NodeValue,
}

/// A value as the core schema of YAML 1.2 resolves it.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Null. Always an error, which the parser has reported.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// Any other finite number.
    Float(f64),
    /// A text, such as a day.
    Text(Box<str>),
    /// A list.
    List(Box<[Node]>),
    /// A map.
    Map(NodeMap),
}

/// A map in the order written, without duplicate keys.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMap(MapStorage);

#[derive(Clone, Debug, PartialEq)]
enum MapStorage {
    /// A short map, searched linearly.
    Short(Box<[MapEntry]>),
    /// A long map, such as the clients of a catalog, searched by bisection.
    Long(Box<IndexedEntries>),
}

#[derive(Clone, Debug, PartialEq)]
struct IndexedEntries {
    entries: Box<[MapEntry]>,
    /// The indices of the entries, sorted by key.
    by_key: Vec<usize>,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    /// The key.
    pub key: Box<str>,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// The largest size of a map that is searched linearly. Bisection is faster beyond it.
const LINEAR_SEARCH_LIMIT: usize = 16;

impl NodeMap {
    /// Creates a map of entries in the order written. Also returns the entries with a duplicate key, each with the
    /// position of the first occurrence.
    pub(super) fn new(entries: Vec<MapEntry>) -> (Self, Vec<(MapEntry, Span)>) {
        let firsts = if entries.len() <= LINEAR_SEARCH_LIMIT {
            firsts_of_few(&entries)
        } else {
            firsts_of_many(&entries)
        };
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
        if entries.len() <= LINEAR_SEARCH_LIMIT {
            return Self(MapStorage::Short(entries));
        }
        let by_key = by_key(&entries);
        Self(MapStorage::Long(Box::new(IndexedEntries { entries, by_key })))
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&MapEntry> {
        match &self.0 {
            MapStorage::Short(entries) => entries.iter().find(|entry| &*entry.key == key),
            MapStorage::Long(many) => {
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
            MapStorage::Short(entries) => entries,
            MapStorage::Long(many) => &many.entries,
        }
    }

    /// The entries in the order written.
    pub fn iter(&self) -> std::slice::Iter<'_, MapEntry> {
        self.entries().iter()
    }

    /// The entries, for a change of their positions. Their keys must not change.
    pub(super) fn entries_mut(&mut self) -> &mut [MapEntry] {
        match &mut self.0 {
            MapStorage::Short(entries) => entries,
            MapStorage::Long(many) => &mut many.entries,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether the map is empty.
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

/// For each entry the index of the first entry with its key; `None` if there is no duplicate. For short maps.
fn firsts_of_few(entries: &[MapEntry]) -> Option<Vec<usize>> {
    let first_of = |index: usize| {
        let key = &*entries[index].key;
        entries[..index].iter().position(|entry| &*entry.key == key).unwrap_or(index)
    };
    let repeats = (0..entries.len()).any(|index| first_of(index) != index);
    repeats.then(|| (0..entries.len()).map(first_of).collect())
}

/// The indices of the entries, sorted by key; entries with the same key stay in the order written.
fn by_key(entries: &[MapEntry]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..entries.len()).collect();
    sorted.sort_by_key(|index| &*entries[*index].key);
    sorted
}

/// The same as [`firsts_of_few`] in O(n log n), for long maps.
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
    /// A null value, for a document that could not be parsed.
    pub(super) fn null(file: FileId) -> Self {
        Self { span: Span::of_file(file), value: NodeValue::Null }
    }

    /// The value at a path of keys. An item of a list is addressed by its index.
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

    /// The map, if the value is one.
    pub fn as_map(&self) -> Option<&NodeMap> {
        match &self.value {
            NodeValue::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if the value is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if the value is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is this boolean.
    pub fn is_flag(&self, flag: bool) -> bool {
        self.value == NodeValue::Bool(flag)
    }

    /// Whether [`Tree::to_json`] would give this value. The order of keys does not matter.
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
                let same =
                    |entry: &MapEntry| map.get(&*entry.key).is_some_and(|json| entry.node.equals_json(json));
                own.len() == map.len() && own.iter().all(same)
            }
            _ => false,
        }
    }

    /// Whether two values are equal, regardless of their positions and of the order of keys.
    pub fn same_value(&self, other: &Node) -> bool {
        Tree::Node(self).same_value(&Tree::Node(other))
    }
}

/// A value of one document, or a map merged from several layers. Borrows from the documents.
#[derive(Clone, Debug)]
pub enum Tree<'document> {
    /// A value of one document.
    Node(&'document Node),
    /// The key of an entry as a text, such as the client of an entry of a set.
    Key(&'document MapEntry),
    /// A merged map.
    Merged(MergedMap<'document>),
}

/// A map merged from several layers.
#[derive(Clone, Debug)]
pub struct MergedMap<'document> {
    /// The position of the map in the nearest layer.
    pub span: Span,
    /// Its entries, in the order of the farthest layer first.
    pub entries: Vec<MergedEntry<'document>>,
}

/// An entry of a merged map.
#[derive(Clone, Debug)]
pub struct MergedEntry<'document> {
    /// The key.
    pub key: &'document str,
    /// The position of the key in the nearest layer.
    pub key_span: Span,
    /// The value.
    pub tree: Tree<'document>,
}

/// The value of a [`Tree`], one level deep.
#[derive(Clone, Debug)]
pub enum TreeValue<'tree, 'document> {
    /// Null.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'document str),
    /// A list.
    List(&'document [Node]),
    /// A map of one document.
    Map(&'document NodeMap),
    /// A merged map.
    Merged(&'tree MergedMap<'document>),
}

impl<'document> Tree<'document> {
    /// The position of the value.
    pub fn span(&self) -> Span {
        match self {
            Self::Node(node) => node.span,
            Self::Key(entry) => entry.key_span,
            Self::Merged(merged) => merged.span,
        }
    }

    /// The value, one level deep.
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

    /// The value at a path of keys. An item of a list is addressed by its index.
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

    /// The position of the value at a path.
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

    /// The position of the last key of a path, for a diagnostic about the entry.
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

    /// Whether the value is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value(), TreeValue::Map(_) | TreeValue::Merged(_))
    }

    /// The entries of a map in order; empty for any other value.
    pub fn entries(&self) -> Vec<MergedEntry<'document>> {
        match self.value() {
            TreeValue::Map(map) => map.iter().map(MergedEntry::of).collect(),
            TreeValue::Merged(merged) => merged.entries.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether two values are equal, regardless of their positions and of the order of keys.
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

    /// The value as JSON.
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
    /// Converts an entry of one document.
    pub fn of(entry: &'document MapEntry) -> Self {
        Self { key: &entry.key, key_span: entry.key_span, tree: Tree::Node(&entry.node) }
    }
}
