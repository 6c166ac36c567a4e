//! What a new agreement is to say, from what it begins with (templates, or another agreement) and what is to be
//! different.

use serde_json::{Map, Value};

use crate::template::MergePlace;

/// What belongs to one agreement alone, and so is not taken over into one that begins from it.
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

/// What another agreement may begin with: all that a merged one says, but for what belongs to it alone. Its days are
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

/// A merged agreement with these values in place of those it had. Later wishes go before earlier ones.
///
/// ```
/// use serde_json::json;
/// use servanda::author::{Override, with_overrides};
/// let base = json!({ "period": { "term": "1y" }, "services": { "vpn": true, "email": true } });
/// let wishes = [
///     Override::set(&["period", "last_day"], "2026-12-31"),
///     Override::set(&["services", "vpn", "calendar"], "24x7"),
///     Override::dropped(&["services", "email"]),
/// ];
/// let expected = json!({ "period": { "last_day": "2026-12-31" }, "services": { "vpn": { "calendar": "24x7" } } });
/// assert_eq!(with_overrides(&base, &wishes), expected);
/// ```
pub fn with_overrides(base: &Value, wishes: &[Override]) -> Value {
    let mut value = base.clone();
    for wish in wishes {
        apply(&mut value, MergePlace::Root, &wish.path, wish.value.as_ref());
    }
    value
}

/// What a layer of its own says for these wishes, such as an entry of a set; `true` where that is nothing.
pub fn override_layer(wishes: &[Override]) -> Value {
    let mut value = Value::Object(Map::new());
    for wish in wishes {
        let dropped = Value::Bool(false);
        apply(&mut value, MergePlace::Root, &wish.path, Some(wish.value.as_ref().unwrap_or(&dropped)));
    }
    match value {
        Value::Object(map) if map.is_empty() => Value::Bool(true),
        Value::Object(map) => super::minimize::in_field_order(map),
        other => other,
    }
}

fn apply(value: &mut Value, place: MergePlace, path: &[String], wish: Option<&Value>) {
    let Some((key, below)) = path.split_first() else {
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else {
        return;
    };
    match (below, wish) {
        ([], None) => drop(map.shift_remove(key)),
        ([], Some(wish)) => {
            let group = place.exclusive_keys();
            if group.contains(&key.as_str()) {
                map.retain(|other, _| other == key || !group.contains(&other.as_str()));
            }
            // A service that is there already is included with what it has.
            let stays = place == MergePlace::Services && *wish == Value::Bool(true) && map.contains_key(key);
            if !stays {
                map.insert(key.clone(), wish.clone());
            }
        }
        (_, _) => {
            let within = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            apply(within, place.below(key), below, wish);
        }
    }
}
