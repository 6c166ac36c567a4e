//! The kinds of text in documents, each with its pattern in the JSON Schema.
//!
//! A pattern only checks the format (`2026-02-30` has the format of a day). The types here are markers without a value,
//! for `#[schemars(with = ..)]` of `String` fields.

use std::borrow::Cow;
use std::marker::PhantomData;

/// The internal keyword for the kind of a text: to list the slugs of a catalog, and to explain errors. Removed from
/// published schemas.
pub(crate) const KIND: &str = "x-kind";

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident $kind:literal $([$($word:literal)+])? $($pattern:literal $(<= $most:literal)?)+)+) => {
        $(
            $(#[doc = $doc])*
            pub(crate) struct $name;

            impl schemars::JsonSchema for $name {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    let patterns = [$(serde_json::json!({ "pattern": $pattern, $("maxLength": $most)? })),+];
                    text(&[$($($word),+)?], &patterns, $kind)
                }
            }
        )+
    };
}

/// The schema of a text that is one of these words or matches one of these patterns. Editors offer the words.
fn text(words: &[&str], patterns: &[serde_json::Value], kind: &str) -> schemars::Schema {
    let mut schema = schemars::json_schema!({ "type": "string" });
    if let ([], [serde_json::Value::Object(only)]) = (words, patterns) {
        schema.ensure_object().extend(only.clone());
    } else {
        let words = (!words.is_empty()).then(|| serde_json::json!({ "enum": words }));
        let choices: serde_json::Value = words.into_iter().chain(patterns.iter().cloned()).collect();
        schema.insert("anyOf".to_owned(), choices);
    }
    schema.insert(KIND.to_owned(), kind.into());
    schema
}

// Patterns are compiled on first use in every run. The library matches a plain sequence of classes (`^[a-z][a-z0-9]*$`)
// without a regular expression, but not alternatives or repeated groups. So alternatives are separate patterns, the most
// common one first, and limits are in `maxLength`, since a limit within a pattern is compiled to as many copies.
texts! {
    /// One line of text that is not empty.
    Line "line" r"^[^\r\n]*[^\s][^\r\n]*$"
    /// A slug of a client.
    Client "client" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A client, or a department of one.
    Recipient "recipient" r"^[a-z0-9][a-z0-9._-]*$" <= 100 r"^[a-z0-9][a-z0-9._-]{0,99}/[a-z0-9][a-z0-9._-]{0,99}$"
    /// A slug of a manager.
    Manager "manager" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A slug of a provider.
    Provider "provider" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A slug of a service.
    Service "service" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A slug of a calendar.
    Calendar "calendar" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A name of a priority.
    Priority "priority" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A name of a template.
    Template "template" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// The name of a helpdesk.
    Helpdesk "helpdesk" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// An id of an agreement, or of an entry of a set.
    Agreement "agreement" r"^[a-z0-9][a-z0-9._-]*$" <= 100 r"^[a-z0-9][a-z0-9._-]{0,99}/[a-z0-9][a-z0-9._-]{0,99}$"
    /// Any other slug: of a contact, a department, a label.
    Slug "slug" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A civil day.
    Day "day" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    /// An instant with its offset.
    Instant "instant" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
    /// A day of the week, or a range of them.
    Weekday "weekday" ["mon" "tue" "wed" "thu" "fri" "sat" "sun"] r"^(mon|tue|wed|thu|fri|sat|sun)-(mon|tue|wed|thu|fri|sat|sun)$"
    /// A civil day, or a range of days.
    Days "days" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    /// A time window, `closed` or `usual`.
    Hours "hours" ["closed" "usual"] r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"
    /// An hour and minute of a day.
    Clock "clock" r"^[0-9]{2}:[0-9]{2}$"
    /// A time zone by its IANA name.
    Timezone "timezone" r"^[A-Za-z][A-Za-z0-9_+-]*$" r"^[A-Za-z][A-Za-z0-9_+-]*/[A-Za-z0-9_+-]+$" r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
    /// The length of a period.
    Term "term" r"^[0-9]{1,9}[ywd]$" r"^([0-9]{1,9}(y|mo|w|d))+$" r"^P([0-9]{1,9}[YMWD])+$"
    /// A lead time.
    Lead "lead" r"^[0-9]{1,9}[ywd]$" r"^([0-9]{1,9}(y|mo|w|d))+$" r"^P([0-9]{1,9}[YMWD])+$"
    /// A number of whole days.
    WholeDays "whole_days" r"^[0-9]{1,9}[wd]$" r"^([0-9]{1,9}[wd])+$" r"^P([0-9]{1,9}[WD])+$"
    /// A target for response or resolution. Plain days match, since rule E412 explains them.
    TargetTime "target" r"^[0-9]{1,9}[hms]$" r"^[0-9]{1,3} business days?$" r"^([0-9]{1,9}[hms])+$" r"^PT([0-9]{1,9}[HMS])+$" r"^[0-9]{1,3} ?(d|days?)$" r"^P[0-9]{1,3}D$"
    /// A duration that the program waits.
    Wait "wait" r"^[0-9]{1,9}[hms]$" r"^([0-9]{1,9}[hms])+$" r"^PT([0-9]{1,9}[HMS])+$"
    /// The recipient of a notice: a role or an address.
    To "to" ["client" "manager"] r"^[^@\s]+@[^@\s]+$"
    /// An e-mail address.
    Email "email" r"^[^@\s]+@[^@\s]+$"
    /// The id of an object in the helpdesk.
    LiveId "live_id" r"^\S+$" <= 200
    /// The path of a field, with dots between the keys.
    FieldPath "path" r"^[a-z0-9_-][a-z0-9._/-]*$"
    /// A code of a rule.
    Rule "rule" r"^[EW][0-9]{3}$"
    /// A percentage.
    Share "share" r"^[0-9]{1,3}%$"
    /// A web address without user name, password or query, which could contain secrets.
    SafeUrl "url" r"^https?://[^\s@/?#]+(/[^\s?#]*)?$"
    /// The address of a mail server or a database, without a password.
    OpenAddress "open_address" r"^[^\s:@]+:([^\s@]*|[^\s:@]*//[^\s:@]+@[^\s@]*)$"
    /// The name of an environment variable.
    Variable "variable" r"^[A-Z_][A-Z0-9_]*$"
    /// A domain of e-mail addresses.
    Domain "domain" r"^[^\s@]+$"
    /// The code of an attribute or class of the helpdesk.
    Code "code" r"^\S+$"
}

/// The value of `allOf` for keys that exclude each other.
pub(crate) fn only_one_of(keys: &[&str]) -> serde_json::Value {
    let pairs = keys.iter().enumerate().flat_map(|(index, first)| {
        keys[index + 1..].iter().map(
            move |second| serde_json::json!({ "not": { "type": "object", "required": [first, second] } }),
        )
    });
    pairs.collect()
}

/// A map whose keys are texts of the kind `K`: the schema of `BTreeMap<String, V>`.
pub(crate) struct Keyed<K, V>(PhantomData<(K, V)>);

impl<K: schemars::JsonSchema, V: schemars::JsonSchema> schemars::JsonSchema for Keyed<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_by_{}", V::schema_name(), K::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let keys = K::json_schema(generator);
        let values = generator.subschema_for::<V>();
        schemars::json_schema!({ "type": "object", "propertyNames": keys, "additionalProperties": values })
    }
}

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LanguageShape {
    /// English.
    En,
    /// Russian.
    Ru,
}

impl LanguageShape {
    /// The language.
    pub const fn language(self) -> crate::ident::Language {
        match self {
            Self::En => crate::ident::Language::English,
            Self::Ru => crate::ident::Language::Russian,
        }
    }
}
