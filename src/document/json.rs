//! Adapts the tree to the JSON Schema validator, so that no copy as JSON is needed.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node as JsonNode, NodeIdentity, Object};

use super::tree::{MapEntry, Node, NodeMap, NodeValue, Tree};
use crate::diagnostic::{FileId, Sources, Span};

/// The tree as an input of the validator.
pub(super) struct TreeJson;

/// A node with the text of a key, for the rules about keys.
pub(super) struct KeyBuffer(Node);

impl Default for KeyBuffer {
    fn default() -> Self {
        Self(Node { span: Span::of_file(no_file()), value: NodeValue::Null })
    }
}

/// A placeholder file for the nodes of keys, which have no position.
fn no_file() -> FileId {
    Sources::default().add("", "")
}

impl Json for TreeJson {
    type Node<'a> = &'a Node;
    type PreparedKey = Box<str>;
    type StringBuffer = KeyBuffer;

    const KEYS_PER_LOOKUP: usize = 1;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut KeyBuffer, string: &str, f: impl FnOnce(&Node) -> T) -> T {
        buffer.0.value = NodeValue::Text(string.into());
        f(&buffer.0)
    }
}

/// A number of the tree.
pub(super) enum TreeNumber {
    Integer(i64),
    Float(f64),
}

impl JsonNumber for TreeNumber {
    fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Float(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Float(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the validator asks for the nearest float")]
    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
        }
    }

    fn as_str(&self) -> Cow<'_, str> {
        match self {
            Self::Integer(number) => number.to_string().into(),
            Self::Float(number) => number.to_string().into(),
        }
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(match self {
            Self::Integer(number) => (*number).into(),
            Self::Float(number) => {
                serde_json::Number::from_f64(*number).expect("the parser refuses infinite numbers")
            }
        })
    }

    fn is_integer(&self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Float(number) => number.fract() == 0.0,
        }
    }

    fn is_written_as_integer(&self) -> bool {
        matches!(self, Self::Integer(_))
    }
}

impl<'a> JsonNode<'a, TreeJson> for &'a Node {
    type Object = &'a NodeMap;
    type Array = &'a [Node];
    type Number = TreeNumber;

    fn as_object(&self) -> Option<&'a NodeMap> {
        self.as_map()
    }

    fn as_array(&self) -> Option<&'a [Node]> {
        self.as_list()
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.as_text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<TreeNumber> {
        match self.value {
            NodeValue::Integer(number) => Some(TreeNumber::Integer(number)),
            NodeValue::Float(number) => Some(TreeNumber::Float(number)),
            _ => None,
        }
    }

    fn is_number(&self) -> bool {
        matches!(self.value, NodeValue::Integer(_) | NodeValue::Float(_))
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.value {
            NodeValue::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    fn json_type(&self) -> JsonType {
        match self.value {
            NodeValue::Null => JsonType::Null,
            NodeValue::Bool(_) => JsonType::Boolean,
            NodeValue::Integer(_) | NodeValue::Float(_) => JsonType::Number,
            NodeValue::Text(_) => JsonType::String,
            NodeValue::List(_) => JsonType::Array,
            NodeValue::Map(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &serde_json::Value) -> bool {
        Tree::Node(self).to_json() == *expected
    }

    /// The value that a validation error quotes. Lists and maps are left empty: an error for each entry of a map would
    /// copy the whole map each time, in quadratic time, and the diagnostics do not use these copies.
    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(match &self.value {
            NodeValue::List(_) => serde_json::Value::Array(Vec::new()),
            NodeValue::Map(_) => serde_json::Value::Object(serde_json::Map::new()),
            _ => Tree::Node(self).to_json(),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Node>(self).addr()))
    }
}

impl<'a> Object<'a, TreeJson> for &'a NodeMap {
    type Node = &'a Node;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        NodeMap::len(self)
    }

    fn get(&self, key: &Box<str>) -> Option<&'a Node> {
        NodeMap::get(self, key)
    }

    fn members(&self) -> Members<'a> {
        Members(self.iter())
    }
}

/// The entries of a map, for the validator.
pub(super) struct Members<'a>(std::slice::Iter<'a, MapEntry>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| (&*entry.key, &entry.node))
    }
}

impl<'a> Array<'a, TreeJson> for &'a [Node] {
    type Node = &'a Node;
    type ElementsIter = std::slice::Iter<'a, Node>;

    fn len(&self) -> usize {
        <[Node]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter()
    }
}
