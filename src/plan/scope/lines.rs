//! The lines of templates by which a pull request changes agreements, each with the number of agreements.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::diagnostic::Sources;
use crate::ident::AgreementId;
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

/// The changed lines of templates, in the order of files and lines.
pub fn changed_lines(before: CheckedSide<'_>, after: CheckedSide<'_>, sources: &Sources) -> Vec<ChangedLine> {
    let earlier: BTreeMap<&AgreementId, &Resolved<'_>> =
        before.resolved.iter().map(|resolved| (&resolved.id, resolved)).collect();
    let mut found: BTreeMap<ChangedLine, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for resolved in after.resolved {
        let Some(earlier) = earlier.get(&resolved.id) else { continue };
        if earlier.tree.same_value(&resolved.tree) {
            continue;
        }
        for (path, before, after) in differences(&earlier.tree.to_json(), &resolved.tree.to_json()) {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = resolved.place_of(&steps);
            if resolved.is_own(place) {
                continue;
            }
            let position = sources.position(place);
            let line = ChangedLine {
                path: position.path,
                line: position.line,
                value: path.join("."),
                before,
                after,
                agreements: 0,
                clients: 0,
            };
            let (agreements, clients) = found.entry(line).or_default();
            *agreements += 1;
            clients.extend(resolved.client());
        }
    }
    let counted = found.into_iter().map(|(line, (agreements, clients))| ChangedLine {
        agreements,
        clients: clients.len(),
        ..line
    });
    counted.collect()
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
