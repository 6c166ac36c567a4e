//! Deserializes a tree into a type. An error has the position of the value that it is about.
//!
//! The schema has reported user errors before. An error here means that a schema and its type differ.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use super::tree::{MapEntry, MergedEntry, Node, Tree, TreeValue};
use crate::diagnostic::{Code, Diagnostic, Span};

/// Deserializes a tree into a type.
pub fn from_tree<T: DeserializeOwned>(tree: &Tree<'_>) -> Result<T, Diagnostic> {
    T::deserialize(TreeDeserializer(tree)).map_err(|error| {
        Diagnostic::new(Code::E009, error.span.unwrap_or_else(|| tree.span()), error.message)
    })
}

#[derive(Debug)]
struct DeserializeError {
    message: String,
    span: Option<Span>,
}

impl DeserializeError {
    /// Adds a position, unless an inner value has set one.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for DeserializeError {}

impl Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), span: None }
    }
}

/// The deserializer of one value of a tree.
struct TreeDeserializer<'tree, 'document>(&'tree Tree<'document>);

impl<'de> Deserializer<'de> for TreeDeserializer<'_, 'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        let span = self.0.span();
        let value = match self.0.value() {
            TreeValue::Null => visitor.visit_unit(),
            TreeValue::Bool(flag) => visitor.visit_bool(flag),
            TreeValue::Integer(number) => visitor.visit_i64(number),
            TreeValue::Float(number) => visitor.visit_f64(number),
            TreeValue::Text(text) => visitor.visit_borrowed_str(text),
            TreeValue::List(list) => visitor.visit_seq(ListItems(list.iter())),
            TreeValue::Map(map) => visitor.visit_map(MapEntries::Map(map.iter(), None)),
            TreeValue::Merged(merged) => visitor.visit_map(MapEntries::Merged(merged.entries.iter(), None)),
        };
        value.map_err(|error| error.at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError> {
        match self.0.value() {
            TreeValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError> {
        let span = self.0.span();
        let value = match self.0.value() {
            TreeValue::Text(text) => {
                visitor.visit_enum(IntoDeserializer::<DeserializeError>::into_deserializer(text))
            }
            _ => Err(Error::invalid_type(Unexpected::Other("a value other than a text"), &visitor)),
        };
        value.map_err(|error: DeserializeError| error.at(span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct ListItems<'document>(std::slice::Iter<'document, Node>);

impl<'de> SeqAccess<'de> for ListItems<'de> {
    type Error = DeserializeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DeserializeError> {
        self.0.next().map(|node| seed.deserialize(TreeDeserializer(&Tree::Node(node)))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The entries of a map of one document, or of a merged map.
enum MapEntries<'tree, 'document> {
    Map(std::slice::Iter<'document, MapEntry>, Option<&'document MapEntry>),
    Merged(std::slice::Iter<'tree, MergedEntry<'document>>, Option<&'tree MergedEntry<'document>>),
}

impl<'de> MapAccess<'de> for MapEntries<'_, 'de> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DeserializeError> {
        let next = match self {
            Self::Map(rest, current) => {
                *current = rest.next();
                current.map(|entry| (&*entry.key, entry.key_span))
            }
            Self::Merged(rest, current) => {
                *current = rest.next();
                current.map(|entry| (entry.key, entry.key_span))
            }
        };
        let Some((key, span)) = next else {
            return Ok(None);
        };
        let key = seed.deserialize(BorrowedStrDeserializer::new(key));
        key.map(Some).map_err(|error: DeserializeError| error.at(span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DeserializeError> {
        match self {
            Self::Map(_, Some(entry)) => seed.deserialize(TreeDeserializer(&Tree::Node(&entry.node))),
            Self::Merged(_, Some(entry)) => seed.deserialize(TreeDeserializer(&entry.tree)),
            Self::Map(_, None) | Self::Merged(_, None) => {
                Err(DeserializeError::custom("the value was requested before its key"))
            }
        }
    }
}
