//! The lines by which a pull request changes agreements: those of templates, each with the number of agreements, and those
//! of each agreement.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::diagnostic::{Position, Sources};
use crate::ident::AgreementId;
use crate::mapping::Field;
use crate::plan::scope::CheckedSide;
use crate::template::Resolved;

/// A value of a template that the pull request changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedLine {
    /// The file.
    pub path: String,
    /// The line in the pull request's file, counted from 1.
    pub line: usize,
    /// The path of the value, such as `sla.targets.critical.response`.
    pub value: String,
    /// The value in the base; `None` if there is none.
    pub before: Option<String>,
    /// The value in the pull request; `None` if there is none.
    pub after: Option<String>,
    /// The number of agreements that inherit the value.
    pub agreements: usize,
    /// The number of their clients.
    pub clients: usize,
}

/// The places at which a pull request changes an agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentEdits {
    /// The file of the agreement; in the base if the pull request removes it.
    pub path: String,
    /// The line at which the agreement begins there, counted from 1.
    pub line: usize,
    /// The values that differ, own and inherited ones; none if the agreement is new or removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<EditedValue>,
}

/// A value of an agreement that the pull request changes, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedValue {
    /// The path of the value, such as `period.last_day`.
    pub value: String,
    /// The file: that of the agreement or of a template.
    pub path: String,
    /// The line in the pull request's file, counted from 1.
    pub line: usize,
}

impl DocumentEdits {
    /// The files and lines that change a field of the plan, or its state if the field is `None`.
    pub fn of(&self, field: Option<&Field>) -> BTreeSet<(&str, usize)> {
        let attribute;
        let roots: &[&str] = match field {
            None => &["termination", "suspensions", "activation", "period", "renewal"],
            Some(Field::Title) => &["title", "number", "client"],
            Some(Field::Number) => &["number"],
            Some(Field::FirstDay) => &["period", "activation"],
            Some(Field::LastDay) => &["period", "termination", "renewal"],
            Some(Field::Manager) => &["manager"],
            Some(Field::Provider) => &["provider"],
            Some(Field::Calendar) => &["sla.calendar"],
            Some(Field::Services) => &["services"],
            Some(Field::Recipients) => &["recipients", "client"],
            Some(Field::Contacts) => &["contacts"],
            Some(Field::Targets) => &["sla", "services"],
            Some(Field::Attribute(name)) => {
                attribute = format!("attributes.{name}");
                &[&attribute]
            }
        };
        let is_below = |value: &str, root: &str| {
            value.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let edited =
            self.values.iter().filter(|edited| roots.iter().any(|root| is_below(&edited.value, root)));
        edited.map(|edited| (edited.path.as_str(), edited.line)).collect()
    }
}

/// The edits of a pull request.
#[derive(Debug, Default)]
pub struct Edits {
    /// The changed lines of templates, in the order of files and lines.
    pub lines: Vec<ChangedLine>,
    /// The places of each changed agreement.
    pub documents: BTreeMap<AgreementId, DocumentEdits>,
}

/// The lines by which a pull request changes agreements. `sources` are the texts of the base and of the pull request.
pub fn edits(before: CheckedSide<'_>, after: CheckedSide<'_>, sources: [&Sources; 2]) -> Edits {
    let [sources_before, sources] = sources;
    let mut earlier: BTreeMap<&AgreementId, &Resolved<'_>> =
        before.resolved.iter().map(|resolved| (&resolved.id, resolved)).collect();
    let mut found: BTreeMap<ChangedLine, (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut documents = BTreeMap::new();
    for resolved in after.resolved {
        let earlier = earlier.remove(&resolved.id);
        if earlier.is_some_and(|earlier| earlier.tree.same_value(&resolved.tree)) {
            continue;
        }
        let mut document = document(resolved, sources);
        let differing = earlier.map(|earlier| differences(&earlier.tree.to_json(), &resolved.tree.to_json()));
        for (path, before, after) in differing.unwrap_or_default() {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = resolved.place_of(&steps);
            let position = sources.position(place);
            let (value, path, line) = (path.join("."), position.path, position.line);
            document.values.push(EditedValue { value: value.clone(), path: path.clone(), line });
            if resolved.is_own(place) {
                continue;
            }
            let line = ChangedLine { path, line, value, before, after, agreements: 0, clients: 0 };
            let (agreements, clients) = found.entry(line).or_default();
            *agreements += 1;
            clients.extend(resolved.client());
        }
        documents.insert(resolved.id.clone(), document);
    }
    documents
        .extend(earlier.into_iter().map(|(id, removed)| (id.clone(), document(removed, sources_before))));
    let counted = found.into_iter().map(|(line, (agreements, clients))| ChangedLine {
        agreements,
        clients: clients.len(),
        ..line
    });
    Edits { lines: counted.collect(), documents }
}

fn document(resolved: &Resolved<'_>, sources: &Sources) -> DocumentEdits {
    let Position { path, line, .. } = sources.position(resolved.place());
    DocumentEdits { path, line, values: Vec::new() }
}

/// A path, and the values there before and after.
type ValueChange = (Vec<String>, Option<String>, Option<String>);

/// The values that differ. Maps are compared key by key.
fn differences(before: &Json, after: &Json) -> Vec<ValueChange> {
    let nothing = serde_json::Map::new();
    let (own, others) = match (before, after) {
        (Json::Object(before), Json::Object(after)) => (before, after),
        (Json::Null, Json::Object(after)) => (&nothing, after),
        (Json::Object(before), Json::Null) => (before, &nothing),
        _ if before == after => return Vec::new(),
        _ => return vec![(Vec::new(), text_of(before), text_of(after))],
    };
    let keys: BTreeSet<&String> = own.keys().chain(others.keys()).collect();
    let below = keys.into_iter().flat_map(|key| {
        let [before, after] = [own, others].map(|map| map.get(key).unwrap_or(&Json::Null));
        let found = differences(before, after).into_iter();
        found.map(move |(path, before, after)| {
            (std::iter::once(key.clone()).chain(path).collect::<Vec<_>>(), before, after)
        })
    });
    below.collect()
}

fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
