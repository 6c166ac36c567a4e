//! What a new agreement is to say, from what it begins with (templates, or another agreement) and what is to be
//! different.

use serde_json::{Map, Value};

use crate::template::MergePlace;

/// The keys that belong to one agreement alone, so that a copy does not get them.
const OF_ONE_ALONE: [&str; 12] = [
    "client",
    "recipients",
    "contacts",
    "number",
    "renews",
    "formerly",
    "adopts",
    "activation",
    "suspensions",
    "termination",
    "allow",
    "clients",
];

/// A value that is to be different.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// The value; `None` where it is to be dropped.
    pub value: Option<Value>,
}

impl Override {
    /// A value at a path.
    pub fn set(path: &[&str], value: impl Into<Value>) -> Self {
        Self { path: path.iter().map(|&key| key.to_owned()).collect(), value: Some(value.into()) }
    }

    /// Nothing at a path.
    pub fn dropped(path: &[&str]) -> Self {
        Self { path: path.iter().map(|&key| key.to_owned()).collect(), value: None }
    }
}

/// The values that a copy begins with: all merged values except those that belong to one agreement alone. Its days are
/// among that, but for how long it runs.
pub fn reusable_fields(merged: &Value) -> Value {
    let mut base = merged.clone();
    if let Value::Object(fields) = &mut base {
        fields.retain(|field, _| !OF_ONE_ALONE.contains(&field.as_str()));
        if let Some(Value::Object(period)) = fields.get_mut("period") {
            period.retain(|key, _| !matches!(key.as_str(), "first_day" | "last_day"));
        }
    }
    base
}

/// A merged agreement with these values in place of those it had. Later overrides go before earlier ones.
///
/// ```
/// use serde_json::json;
/// use servanda::author::{Override, with_overrides};
/// let base = json!({ "period": { "term": "1y" }, "services": { "vpn": true, "email": true } });
/// let overrides = [
///     Override::set(&["period", "last_day"], "2026-12-31"),
///     Override::set(&["services", "vpn", "calendar"], "24x7"),
///     Override::dropped(&["services", "email"]),
/// ];
/// let expected = json!({ "period": { "last_day": "2026-12-31" }, "services": { "vpn": { "calendar": "24x7" } } });
/// assert_eq!(with_overrides(&base, &overrides), expected);
/// ```
pub fn with_overrides(base: &Value, overrides: &[Override]) -> Value {
    let mut value = base.clone();
    for entry in overrides {
        apply(&mut value, MergePlace::Root, &entry.path, entry.value.as_ref());
    }
    value
}

/// The values of a layer for these overrides, such as an entry of a set; `true` if there are none.
pub fn override_layer(overrides: &[Override]) -> Value {
    let mut value = Value::Object(Map::new());
    for entry in overrides {
        let dropped = Value::Bool(false);
        apply(&mut value, MergePlace::Root, &entry.path, Some(entry.value.as_ref().unwrap_or(&dropped)));
    }
    match value {
        Value::Object(map) if map.is_empty() => Value::Bool(true),
        Value::Object(map) => super::minimize::in_field_order(map),
        other => other,
    }
}

fn apply(value: &mut Value, place: MergePlace, path: &[String], entry: Option<&Value>) {
    let Some((key, below)) = path.split_first() else {
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else {
        return;
    };
    match (below, entry) {
        ([], None) => drop(map.shift_remove(key)),
        ([], Some(entry)) => {
            let group = place.exclusive_keys();
            if group.contains(&key.as_str()) {
                map.retain(|other, _| other == key || !group.contains(&other.as_str()));
            }
            // A service that is there already is included with what it has.
            let stays = place == MergePlace::Services && *entry == Value::Bool(true) && map.contains_key(key);
            if !stays {
                map.insert(key.clone(), entry.clone());
            }
        }
        (_, _) => {
            let within = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            apply(within, place.below(key), below, entry);
        }
    }
}
