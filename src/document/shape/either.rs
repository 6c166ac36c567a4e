//! Values with two forms, such as `vpn: true` and `vpn: { calendar: 24x7 }`.
//!
//! The schema of such a value has two types and not an `anyOf`, so that an error within the map is reported at its position
//! and not as "matches neither". Untagged enums would lose the position as well.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// `true`, `false`, or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoolOr<T> {
    /// A bare `true` or `false`.
    Bool(bool),
    /// The long form.
    Set(T),
}

/// `false`, which drops the inherited value, or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FalseOr<T> {
    /// `false`.
    Dropped,
    /// The long form.
    Set(T),
}

/// A text, or its long form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextOr<T> {
    /// The short form.
    Text(String),
    /// The long form.
    Set(T),
}

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

/// A value with a short form, which is a boolean or a text, and a long form.
pub(super) trait TwoForms: Sized {
    /// The type of the long form.
    type Long: DeserializeOwned;
    /// Both forms, for messages.
    const EXPECTED: &'static str;
    /// The value of a boolean.
    fn from_flag(_: bool) -> Option<Self> {
        None
    }
    /// The value of a text.
    fn from_text(_: &str) -> Option<Self> {
        None
    }
    /// The value of the long form.
    fn from_long(long: Self::Long) -> Self;
}

/// Deserializes either form.
pub(super) fn either<'de, T: TwoForms, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Either(PhantomData))
}

struct Either<T>(PhantomData<T>);

impl<'de, T: TwoForms> Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
        T::from_flag(flag).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Bool(flag), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::Long::deserialize(MapAccessDeserializer::new(map)).map(T::from_long)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::Long::deserialize(SeqAccessDeserializer::new(list)).map(T::from_long)
    }
}

impl<T: DeserializeOwned> TwoForms for BoolOr<T> {
    type Long = T;
    const EXPECTED: &'static str = "true, false or a map";

    fn from_flag(flag: bool) -> Option<Self> {
        Some(Self::Bool(flag))
    }

    fn from_long(long: T) -> Self {
        Self::Set(long)
    }
}

impl<T: DeserializeOwned> TwoForms for FalseOr<T> {
    type Long = T;
    const EXPECTED: &'static str = "false or a map";

    fn from_flag(flag: bool) -> Option<Self> {
        (!flag).then_some(Self::Dropped)
    }

    fn from_long(long: T) -> Self {
        Self::Set(long)
    }
}

impl<T: DeserializeOwned> TwoForms for TextOr<T> {
    type Long = T;
    const EXPECTED: &'static str = "a text or a map";

    fn from_text(text: &str) -> Option<Self> {
        Some(Self::Text(text.to_owned()))
    }

    fn from_long(long: T) -> Self {
        Self::Set(long)
    }
}

impl TwoForms for OneOrMany {
    type Long = Vec<String>;
    const EXPECTED: &'static str = "a text or a list of texts";

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(vec![text.to_owned()]))
    }

    fn from_long(long: Vec<String>) -> Self {
        Self(long)
    }
}

macro_rules! read_either {
    ($($name:ident)+) => {
        $(impl<'de, T: DeserializeOwned> Deserialize<'de> for $name<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                either(deserializer)
            }
        })+
    };
}

read_either! { BoolOr FalseOr TextOr }

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        either(deserializer)
    }
}

/// Adds another type to a schema, with the keywords in `short`.
///
/// Each keyword of draft 7 applies to one type only (`properties` to maps, `pattern` to texts), so that one schema can
/// contain both forms.
pub(crate) fn also(mut long: schemars::Schema, short: serde_json::Value) -> schemars::Schema {
    let serde_json::Value::Object(short) = short else {
        return long;
    };
    for (keyword, value) in short {
        if keyword == "type" {
            let own = long.remove("type").unwrap_or_default();
            long.insert(keyword, serde_json::json!([value, own]));
        } else {
            long.insert(keyword, value);
        }
    }
    long
}

macro_rules! schema_of {
    ($($name:ident $short:tt)+) => {
        $(impl<T: schemars::JsonSchema> schemars::JsonSchema for $name<T> {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                format!("{}_{}", stringify!($name), T::schema_name()).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                also(T::json_schema(generator), serde_json::json!($short))
            }
        })+
    };
}

schema_of! {
    BoolOr { "type": "boolean" }
    FalseOr { "type": "boolean", "not": { "const": true } }
}

/// The shape of [`TextOr`] whose text is of the kind `K`.
pub(crate) struct KindOr<K, T>(PhantomData<(K, T)>);

impl<K: schemars::JsonSchema, T: schemars::JsonSchema> schemars::JsonSchema for KindOr<K, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_{}", K::schema_name(), T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = K::json_schema(generator).to_value();
        also(T::json_schema(generator), text)
    }
}

/// The shape of [`OneOrMany`] whose texts are of the kind `K`.
pub(crate) struct KindOrMany<K>(PhantomData<K>);

impl<K: schemars::JsonSchema> schemars::JsonSchema for KindOrMany<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("One_or_many_{}", K::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = K::json_schema(generator).to_value();
        also(schemars::json_schema!({ "type": "array", "minItems": 1, "items": text.clone() }), text)
    }
}
