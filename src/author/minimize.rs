//! The least that an agreement must say so that, merged with its templates, it says all that is desired: the way back
//! from a merged value.

use serde_json::{Map, Value};

use crate::document::{self, DocumentKind};
use crate::edit;
use crate::template::{Library, MergePlace};

/// The fields of an agreement in the order in which they are written.
pub(super) const ORDER: [&str; 24] = [
    "extends",
    "title",
    "client",
    "recipients",
    "provider",
    "helpdesk",
    "number",
    "manager",
    "renews",
    "formerly",
    "adopts",
    "period",
    "activation",
    "suspensions",
    "termination",
    "renewal",
    "contacts",
    "services",
    "sla",
    "notices",
    "labels",
    "attributes",
    "allow",
    "clients",
];

/// The reason why no agreement that extends these templates can say what is desired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MinimizeError {
    /// No such template, or one with a fault.
    #[error("unknown or invalid template `{0}`")]
    NoTemplate(String),
    /// The templates have a value that an agreement can neither drop nor take back.
    #[error("the templates set `{0}`, which an agreement cannot remove")]
    Inherited(String),
}

/// The least that an agreement must say so that with these templates it says `desired`, in the order of the house.
///
/// `desired` is a merged agreement: what [`crate::template::Resolved`] has as its tree, as JSON. What it does not have,
/// but the templates do, is dropped with `false` where that can be. Whether a lock forbids any of it is left to the
/// check.
///
/// ```
/// # use serde_json::json;
/// # use servanda::diagnostic::Sources;
/// # use servanda::document::{DocumentKind, read};
/// # use servanda::template::Library;
/// # let mut sources = Sources::default();
/// # let text = "period: { term: 1y }\nservices: { vpn: true, email: true }\nsla: { calendar: office-9x5 }\n";
/// # let file = sources.add("templates/support.yaml", text);
/// # let templates = [read(&sources, file, DocumentKind::Template).0];
/// // period: { term: 1y }
/// // services: { vpn: true, email: true }
/// // sla: { calendar: office-9x5 }
/// let (library, _) = Library::new(&templates);
/// let desired = json!({
///     "client": "veter",
///     "period": { "first_day": "2026-02-01", "term": "1y" },
///     "services": { "vpn": { "calendar": "24x7" } },
///     "sla": { "calendar": "office-9x5" },
/// });
/// let least = servanda::author::minimize(&library, &["support"], &desired)?;
/// assert_eq!(
///     servanda::author::file_text("agreements/veter-2026.yaml", &least),
///     "# yaml-language-server: $schema=../schemas/agreement.json
/// extends: support
/// client: veter
/// period: { first_day: 2026-02-01 }
/// services:
///   vpn: { calendar: 24x7 }
///   email: false
/// ",
/// );
/// # Ok::<(), servanda::author::MinimizeError>(())
/// ```
pub fn minimize(library: &Library<'_>, extends: &[&str], desired: &Value) -> Result<Value, MinimizeError> {
    let inherited = if extends.is_empty() {
        Value::Object(Map::new())
    } else {
        let Some(tree) = library.inherited(extends) else {
            let known: Vec<&str> = library.names().collect();
            let missing = extends.iter().find(|name| !known.contains(name)).unwrap_or(&extends[0]);
            return Err(MinimizeError::NoTemplate((*missing).to_owned()));
        };
        tree.to_json()
    };
    minimize_from(extends, &inherited, desired)
}

/// The least that an agreement must say like [`minimize`], with templates whose merged values are known already.
pub(crate) fn minimize_from(
    extends: &[&str],
    inherited: &Value,
    desired: &Value,
) -> Result<Value, MinimizeError> {
    let (inherited, desired) = (plain(MergePlace::Root, inherited), plain(MergePlace::Root, desired));
    let own = difference(MergePlace::Root, &mut Vec::new(), Some(&inherited), &desired)?;
    let mut said = match own {
        Some(Value::Object(own)) => own,
        _ => Map::new(),
    };
    match extends {
        [] => {}
        [only] => drop(said.insert("extends".to_owned(), (*only).into())),
        several => drop(said.insert("extends".to_owned(), several.into())),
    }
    Ok(in_field_order(said))
}

/// The fields of an agreement in the order in which they are written.
pub fn in_field_order(mut fields: Map<String, Value>) -> Value {
    if let Some(Value::Object(period)) = fields.get_mut("period") {
        *period = ordered(std::mem::take(period), &["first_day"]);
    }
    Value::Object(ordered(fields, &ORDER))
}

/// These keys first, where they are there, and then the others as they stand.
fn ordered(mut map: Map<String, Value>, first: &[&str]) -> Map<String, Value> {
    let named = first.iter().filter_map(|name| Some(((*name).to_owned(), map.shift_remove(*name)?)));
    let mut ordered: Map<String, Value> = named.collect();
    ordered.extend(map);
    ordered
}

/// The text of a new file of the repository: the line by which editors find the schema, and the document.
pub fn file_text(path: &str, content: &Value) -> String {
    let up = "../".repeat(path.matches('/').count());
    let schema = document::kind_of(path).unwrap_or(DocumentKind::Agreement).schema_file();
    format!("# yaml-language-server: $schema={up}schemas/{schema}\n{}", edit::document(content))
}

/// The value to write at a path so that the inherited value becomes the desired one, both of them [`plain`]; nothing if it
/// already is.
fn difference(
    place: MergePlace,
    way: &mut Vec<String>,
    inherited: Option<&Value>,
    desired: &Value,
) -> Result<Option<Value>, MinimizeError> {
    let Some(inherited) = inherited else {
        return Ok(Some(desired.clone()));
    };
    let nothing = Map::new();
    let (own, theirs) = match (desired, inherited) {
        (Value::Object(own), Value::Object(theirs)) => (own, theirs),
        // A service that is included as it stands is included with nothing of its own.
        (Value::Bool(true), Value::Object(theirs)) if place == MergePlace::Service => (&nothing, theirs),
        (_, _) if desired == inherited => return Ok(None),
        (_, _) => return Ok(Some(desired.clone())),
    };
    let dropped =
        |value: Option<&Value>| value.is_none_or(|value| place.drops() && *value == Value::Bool(false));
    let mut said = Map::new();
    for (key, value) in own.iter().filter(|(_, value)| !dropped(Some(value))) {
        way.push(key.clone());
        if let Some(value) = difference(place.below(key), way, theirs.get(key), value)? {
            said.insert(key.clone(), value);
        }
        way.pop();
    }
    let group = place.exclusive_keys();
    for (key, _) in theirs.iter().filter(|(key, _)| dropped(own.get(*key))) {
        let is_displaced =
            group.contains(&key.as_str()) && group.iter().any(|other| own.contains_key(*other));
        if place.drops() {
            said.insert(key.clone(), Value::Bool(false));
        } else if !is_displaced {
            let path = way.iter().chain([key]).cloned().collect::<Vec<_>>();
            return Err(MinimizeError::Inherited(path.join(".")));
        }
    }
    Ok((!said.is_empty()).then_some(Value::Object(said)))
}

/// A service with nothing of its own is written `true`; entries that are dropped and were never there are left out.
fn plain(place: MergePlace, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.iter().filter(|(_, value)| !(place.drops() && **value == Value::Bool(false)));
            let entries: Map<String, Value> =
                entries.map(|(key, value)| (key.clone(), plain(place.below(key), value))).collect();
            if place == MergePlace::Service && entries.is_empty() {
                Value::Bool(true)
            } else {
                Value::Object(entries)
            }
        }
        other => other.clone(),
    }
}
