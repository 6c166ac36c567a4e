//! A tree becomes a typed value, and any fault on the way gets the place of the value it is about.
//!
//! The schema has found what people get wrong long before; a fault here means that schema and type differ.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use super::tree::{MapEntry, MergedEntry, Node, Tree, TreeValue};
use crate::diagnostic::{Code, Diagnostic, Span};

/// Reads a tree as a type.
pub fn from_tree<T: DeserializeOwned>(tree: &Tree<'_>) -> Result<T, Diagnostic> {
    T::deserialize(At(tree)).map_err(|fault| {
        Diagnostic::new(Code::E009, fault.span.unwrap_or_else(|| tree.span()), fault.message)
    })
}

#[derive(Debug)]
struct Fault {
    message: String,
    span: Option<Span>,
}

impl Fault {
    /// The innermost place wins.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), span: None }
    }
}

/// A place in a tree that is being read.
struct At<'tree, 'document>(&'tree Tree<'document>);

impl<'de> Deserializer<'de> for At<'_, 'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let span = self.0.span();
        let value = match self.0.value() {
            TreeValue::Null => visitor.visit_unit(),
            TreeValue::Bool(flag) => visitor.visit_bool(flag),
            TreeValue::Integer(number) => visitor.visit_i64(number),
            TreeValue::Float(number) => visitor.visit_f64(number),
            TreeValue::Text(text) => visitor.visit_borrowed_str(text),
            TreeValue::List(list) => visitor.visit_seq(Items(list.iter())),
            TreeValue::Map(map) => visitor.visit_map(Entries::Map(map.iter(), None)),
            TreeValue::Merged(merged) => visitor.visit_map(Entries::Merged(merged.entries.iter(), None)),
        };
        value.map_err(|fault| fault.at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.value() {
            TreeValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let span = self.0.span();
        let value = match self.0.value() {
            TreeValue::Text(text) => visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(text)),
            _ => Err(Error::invalid_type(Unexpected::Other("something else than a text"), &visitor)),
        };
        value.map_err(|fault: Fault| fault.at(span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'document>(std::slice::Iter<'document, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0.next().map(|node| seed.deserialize(At(&Tree::Node(node)))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The entries of a map of one document, or of one put together.
enum Entries<'tree, 'document> {
    Map(std::slice::Iter<'document, MapEntry>, Option<&'document MapEntry>),
    Merged(std::slice::Iter<'tree, MergedEntry<'document>>, Option<&'tree MergedEntry<'document>>),
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
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
        key.map(Some).map_err(|fault: Fault| fault.at(span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self {
            Self::Map(_, Some(entry)) => seed.deserialize(At(&Tree::Node(&entry.node))),
            Self::Merged(_, Some(entry)) => seed.deserialize(At(&entry.tree)),
            Self::Map(_, None) | Self::Merged(_, None) => {
                Err(Fault::custom("a value was asked for before its key"))
            }
        }
    }
}
