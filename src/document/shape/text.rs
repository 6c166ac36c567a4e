//! The kinds of text that documents hold, each with the pattern that the JSON Schema shows to editors.
//!
//! A pattern is about shape alone (`2026-02-30` has the shape of a day). The markers here carry no value:
//! they stand in `#[schemars(with = ..)]` of the fields that are `String`s.

use std::borrow::Cow;
use std::marker::PhantomData;

/// The keyword that says what a text names, so that a catalog's slugs can be offered and a fault be
/// explained. It is taken out of every schema that is published.
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
                    let shapes = [$(serde_json::json!({ "pattern": $pattern, $("maxLength": $most)? })),+];
                    text(&[$($($word),+)?], &shapes, $kind)
                }
            }
        )+
    };
}

/// A text that is one of these words or has one of these shapes. Editors offer the words.
fn text(words: &[&str], shapes: &[serde_json::Value], kind: &str) -> schemars::Schema {
    let mut schema = schemars::json_schema!({ "type": "string" });
    if let ([], [serde_json::Value::Object(only)]) = (words, shapes) {
        schema.ensure_object().extend(only.clone());
    } else {
        let words = (!words.is_empty()).then(|| serde_json::json!({ "enum": words }));
        let choices: serde_json::Value = words.into_iter().chain(shapes.iter().cloned()).collect();
        schema.insert("anyOf".to_owned(), choices);
    }
    schema.insert(KIND.to_owned(), kind.into());
    schema
}

// These are compiled at every start, when a text first meets them. The library takes a plain row of classes (`^[a-z][a-z0-9]*$`)
// without a regular expression; alternatives and repeated groups it does not. So alternatives stand side by side, the usual one
// first, and limits in `maxLength`: within a pattern a limit is as many copies of what it limits.
texts! {
    /// One line of text with something in it.
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
    /// An id of an agreement, or of an entry of a set.
    Agreement "agreement" r"^[a-z0-9][a-z0-9._-]*$" <= 100 r"^[a-z0-9][a-z0-9._-]{0,99}/[a-z0-9][a-z0-9._-]{0,99}$"
    /// Any other slug: of a contact, a department, a label.
    Slug "slug" r"^[a-z0-9][a-z0-9._-]*$" <= 100
    /// A civil day.
    Day "day" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    /// An instant with its offset.
    Instant "instant" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
    /// One day of the week, or several from one to another.
    Weekday "weekday" ["mon" "tue" "wed" "thu" "fri" "sat" "sun"] r"^(mon|tue|wed|thu|fri|sat|sun)-(mon|tue|wed|thu|fri|sat|sun)$"
    /// One civil day, or several from one to another.
    Days "days" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" r"^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    /// A window of hours, or a word for none or the usual ones.
    Hours "hours" ["closed" "usual"] r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"
    /// An hour and minute of a day.
    Clock "clock" r"^[0-9]{2}:[0-9]{2}$"
    /// A time zone by its IANA name.
    Timezone "timezone" r"^[A-Za-z][A-Za-z0-9_+-]*$" r"^[A-Za-z][A-Za-z0-9_+-]*/[A-Za-z0-9_+-]+$" r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
    /// How long a period runs.
    Term "term" r"^[0-9]{1,9}[ywd]$" r"^([0-9]{1,9}(y|mo|w|d))+$" r"^P([0-9]{1,9}[YMWD])+$"
    /// A number of days ahead.
    Lead "lead" r"^[0-9]{1,9}[wd]$" r"^([0-9]{1,9}[wd])+$" r"^P([0-9]{1,9}[WD])+$"
    /// How long a response or resolution may take. Plain days have the shape; rule E412 explains them.
    TargetTime "target" r"^[0-9]{1,9}[hms]$" r"^[0-9]{1,3} business days?$" r"^([0-9]{1,9}[hms])+$" r"^PT([0-9]{1,9}[HMS])+$" r"^[0-9]{1,3} ?(d|days?)$" r"^P[0-9]{1,3}D$"
    /// A length of time that a program waits.
    Wait "wait" r"^[0-9]{1,9}[hms]$" r"^([0-9]{1,9}[hms])+$" r"^PT([0-9]{1,9}[HMS])+$"
    /// Whom a notice goes to: a role, or an address.
    To "to" ["client" "manager"] r"^[^@\s]+@[^@\s]+$"
    /// An address of e-mail.
    Email "email" r"^[^@\s]+@[^@\s]+$"
    /// An object of the helpdesk, as the helpdesk names it.
    LiveId "live_id" r"^\S+$" <= 200
    /// A path of a field, with dots between its parts.
    FieldPath "path" r"^[a-z0-9_-][a-z0-9._/-]*$"
    /// A code of a rule.
    Rule "rule" r"^[EW][0-9]{3}$"
    /// A share in percent.
    Share "share" r"^[0-9]{1,3}%$"
    /// An address on the web without a name, password or query in it, since these would be secrets.
    SafeUrl "url" r"^https?://[^\s@/?#]+(/[^\s?#]*)?$"
    /// An address of a mail server or a database without a password in it.
    OpenAddress "open_address" r"^[^\s:@]+:([^\s@]*|[^\s:@]*//[^\s:@]+@[^\s@]*)$"
    /// A name of a variable of the environment.
    Variable "variable" r"^[A-Za-z_][A-Za-z0-9_]*$"
    /// A domain of e-mail addresses.
    Domain "domain" r"^[^\s@]+$"
    /// A name of an attribute or class of the helpdesk, as the tenant named it.
    Code "code" r"^\S+$"
}

/// What `allOf` says where at most one of the keys can stand in a map.
pub(crate) fn only_one_of(keys: &[&str]) -> serde_json::Value {
    let pairs = keys.iter().enumerate().flat_map(|(index, first)| {
        keys[index + 1..].iter().map(
            move |second| serde_json::json!({ "not": { "type": "object", "required": [first, second] } }),
        )
    });
    pairs.collect()
}

/// A map whose keys are texts of the kind `K`: the shape of `BTreeMap<String, V>`.
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
