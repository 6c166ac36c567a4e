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
    pub value: Value,
}

/// What a value is, as YAML 1.2 core reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
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
    Map(Map),
}

/// A map in the order written. No key stands twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Map(Entries);

#[derive(Clone, Debug, PartialEq)]
enum Entries {
    /// Few are searched from the front.
    Few(Box<[Entry]>),
    /// A catalog has thousands: these are searched by halves.
    Many(Box<Sorted>),
}

#[derive(Clone, Debug, PartialEq)]
struct Sorted {
    entries: Box<[Entry]>,
    /// Where the entries stand, in the order of their keys.
    by_key: Vec<usize>,
}

/// A key of a map and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Box<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// Maps up to this size are searched from the front; for longer ones that costs more than a search by halves.
const SHORT: usize = 16;

impl Map {
    /// Takes the entries in the order written, and gives back those whose key stands a second time, each with the
    /// place where it stood first.
    pub(super) fn new(entries: Vec<Entry>) -> (Self, Vec<(Entry, Span)>) {
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

    fn of_distinct(entries: Vec<Entry>) -> Self {
        let entries = entries.into_boxed_slice();
        if entries.len() <= SHORT {
            return Self(Entries::Few(entries));
        }
        let by_key = by_key(&entries);
        Self(Entries::Many(Box::new(Sorted { entries, by_key })))
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
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

    fn entries(&self) -> &[Entry] {
        match &self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(many) => &many.entries,
        }
    }

    /// The entries in the order written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries().iter()
    }

    /// The same, to be moved to other places. Their keys stay as they are.
    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
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

impl<'map> IntoIterator for &'map Map {
    type Item = &'map Entry;
    type IntoIter = std::slice::Iter<'map, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// For each entry the index of the first one with its key; `None` where every key stands once.
fn firsts_of_few(entries: &[Entry]) -> Option<Vec<usize>> {
    let first_of = |index: usize| {
        let key = &*entries[index].key;
        entries[..index].iter().position(|entry| &*entry.key == key).unwrap_or(index)
    };
    let repeats = (0..entries.len()).any(|index| first_of(index) != index);
    repeats.then(|| (0..entries.len()).map(first_of).collect())
}

/// Where the entries stand, in the order of their keys, and those of one key in the order written.
fn by_key(entries: &[Entry]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..entries.len()).collect();
    sorted.sort_by_key(|index| &*entries[*index].key);
    sorted
}

/// The same by sorting, so that twenty thousand keys take no longer than they must.
fn firsts_of_many(entries: &[Entry]) -> Option<Vec<usize>> {
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
        Self { span: Span::of_file(file), value: Value::Null }
    }

    /// The value at a path of keys; places in a list are written as numbers from 0.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Map(map) => map.get(step),
            Value::List(list) => list.get(step.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => None,
        })
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is this flag.
    pub fn is_flag(&self, flag: bool) -> bool {
        self.value == Value::Bool(flag)
    }

    /// Whether it says what [`Tree::to_json`] would give, in whatever order the keys are.
    pub fn says(&self, json: &serde_json::Value) -> bool {
        match (&self.value, json) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(own), serde_json::Value::Bool(flag)) => own == flag,
            (Value::Integer(_) | Value::Float(_), serde_json::Value::Number(_)) => {
                Tree::Whole(self).to_json() == *json
            }
            (Value::Text(own), serde_json::Value::String(text)) => **own == **text,
            (Value::List(own), serde_json::Value::Array(list)) => {
                own.len() == list.len() && own.iter().zip(list).all(|(own, json)| own.says(json))
            }
            (Value::Map(own), serde_json::Value::Object(map)) => {
                let said = |entry: &Entry| map.get(&*entry.key).is_some_and(|json| entry.node.says(json));
                own.len() == map.len() && own.iter().all(said)
            }
            _ => false,
        }
    }

    /// Whether two values are the same, wherever they stand and in whatever order their keys are.
    pub fn same_value(&self, other: &Node) -> bool {
        Tree::Whole(self).same_value(&Tree::Whole(other))
    }
}

/// A value of one document, or a map that several layers gave keys to. Borrows from the documents.
#[derive(Clone, Debug)]
pub enum Tree<'document> {
    /// A value as it stands in one document.
    Whole(&'document Node),
    /// A text that stands as a key of a document, such as the client of a set's entry.
    Key(&'document Entry),
    /// A map put together.
    Joined(Joined<'document>),
}

/// A map that several layers gave keys to.
#[derive(Clone, Debug)]
pub struct Joined<'document> {
    /// Where the nearest layer has the map.
    pub span: Span,
    /// Its keys, in the order of the farthest layer first.
    pub entries: Vec<JoinedEntry<'document>>,
}

/// A key of a map put together.
#[derive(Clone, Debug)]
pub struct JoinedEntry<'document> {
    /// The key.
    pub key: &'document str,
    /// Where the nearest layer has the key.
    pub key_span: Span,
    /// The value.
    pub tree: Tree<'document>,
}

/// What a [`Tree`] is, one step deep.
#[derive(Clone, Debug)]
pub enum Look<'tree, 'document> {
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
    Map(&'document Map),
    /// A map put together.
    Joined(&'tree Joined<'document>),
}

impl<'document> Tree<'document> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Whole(node) => node.span,
            Self::Key(entry) => entry.key_span,
            Self::Joined(joined) => joined.span,
        }
    }

    /// What it is, one step deep.
    pub fn look(&self) -> Look<'_, 'document> {
        match self {
            Self::Key(entry) => Look::Text(&entry.key),
            Self::Joined(joined) => Look::Joined(joined),
            Self::Whole(node) => match &node.value {
                Value::Null => Look::Null,
                Value::Bool(flag) => Look::Bool(*flag),
                Value::Integer(number) => Look::Integer(*number),
                Value::Float(number) => Look::Float(*number),
                Value::Text(text) => Look::Text(text),
                Value::List(list) => Look::List(list),
                Value::Map(map) => Look::Map(map),
            },
        }
    }

    /// The value at a path of keys; places in a list are written as numbers from 0.
    pub fn get(&self, path: &[&str]) -> Option<Tree<'document>> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.clone());
        };
        match self {
            Self::Whole(node) => node.get(path).map(Tree::Whole),
            Self::Key(_) => None,
            Self::Joined(joined) => joined.get(step)?.tree.get(rest),
        }
    }

    /// Where the value at a path stands.
    pub fn span_of(&self, path: &[&str]) -> Option<Span> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.span());
        };
        match self {
            Self::Whole(node) => node.get(path).map(|node| node.span),
            Self::Key(_) => None,
            Self::Joined(joined) => joined.get(step)?.tree.span_of(rest),
        }
    }

    /// Where the last key of a path stands; the place to point at for "this entry".
    pub fn key_span_of(&self, path: &[&str]) -> Option<Span> {
        match self {
            Self::Whole(node) => {
                let (last, parents) = path.split_last()?;
                match &node.get(parents)?.value {
                    Value::Map(map) => map.entry(last).map(|entry| entry.key_span),
                    Value::List(list) => list.get(last.parse::<usize>().ok()?).map(|node| node.span),
                    _ => None,
                }
            }
            Self::Key(_) => None,
            Self::Joined(joined) => {
                let (step, rest) = path.split_first()?;
                let entry = joined.get(step)?;
                if rest.is_empty() { Some(entry.key_span) } else { entry.tree.key_span_of(rest) }
            }
        }
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.look(), Look::Map(_) | Look::Joined(_))
    }

    /// The keys and values of a map in order; nothing where it is none.
    pub fn entries(&self) -> Vec<JoinedEntry<'document>> {
        match self.look() {
            Look::Map(map) => map.iter().map(JoinedEntry::of).collect(),
            Look::Joined(joined) => joined.entries.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether two values are the same, wherever they stand and in whatever order their keys are.
    pub fn same_value(&self, other: &Tree<'_>) -> bool {
        match (self.look(), other.look()) {
            (Look::Null, Look::Null) => true,
            (Look::Bool(own), Look::Bool(others)) => own == others,
            (Look::Integer(own), Look::Integer(others)) => own == others,
            (Look::Float(own), Look::Float(others)) => own.to_bits() == others.to_bits(),
            (Look::Text(own), Look::Text(others)) => own == others,
            (Look::List(own), Look::List(others)) => {
                own.len() == others.len()
                    && own.iter().zip(others).all(|(own, others)| own.same_value(others))
            }
            (Look::Map(_) | Look::Joined(_), Look::Map(_) | Look::Joined(_)) => {
                same_entries(self.entries(), other.entries())
            }
            _ => false,
        }
    }

    /// The value as JSON, for printing and for comparing with other programs.
    pub fn to_json(&self) -> serde_json::Value {
        match self.look() {
            Look::Null => serde_json::Value::Null,
            Look::Bool(flag) => flag.into(),
            Look::Integer(number) => number.into(),
            Look::Float(number) => number.into(),
            Look::Text(text) => text.into(),
            Look::List(list) => list.iter().map(|node| Tree::Whole(node).to_json()).collect(),
            Look::Map(_) | Look::Joined(_) => {
                let entries = self.entries().into_iter();
                entries.map(|entry| (entry.key.to_owned(), entry.tree.to_json())).collect()
            }
        }
    }
}

fn same_entries(mut own: Vec<JoinedEntry<'_>>, mut others: Vec<JoinedEntry<'_>>) -> bool {
    own.sort_by_key(|entry| entry.key);
    others.sort_by_key(|entry| entry.key);
    own.len() == others.len()
        && own
            .iter()
            .zip(&others)
            .all(|(own, others)| own.key == others.key && own.tree.same_value(&others.tree))
}

impl<'document> Joined<'document> {
    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&JoinedEntry<'document>> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl<'document> JoinedEntry<'document> {
    /// An entry of one document.
    pub fn of(entry: &'document Entry) -> Self {
        Self { key: &entry.key, key_span: entry.key_span, tree: Tree::Whole(&entry.node) }
    }
}
