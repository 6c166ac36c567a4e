//! Examples of what a schema takes, for the help about a value of another type.

use serde_json::Value as Json;

use super::{SchemaError, takes};
use crate::document::shape::text::KIND;
use crate::document::text_kind;
use crate::document::tree::{Node, NodeMap};
use crate::ident::is_slug;

/// The largest number of keys in the example of a map.
const KEYS: usize = 2;

impl SchemaError<'_> {
    /// The help text, derived from the schema alone.
    pub(super) fn example(&self) -> String {
        if let Some(example) = self.text_kind().and_then(|kind| text_kind::example_at(kind, self.path)) {
            return format!("write it as {example}");
        }
        let keys = self.known_keys();
        if !keys.is_empty() && self.takes("object") {
            return format!("write a map with some of the keys {}", super::listed(&keys));
        }
        if self.takes("array") && self.fragment["items"].is_object() {
            return match self.item() {
                Some(item) => format!("write a list, such as `[{item}]`"),
                None => "write a list in brackets".to_owned(),
            };
        }
        let described = self.fragment["description"].as_str().and_then(|text| text.split_once("Example: `"));
        match described.and_then(|(_, example)| example.split('`').next()) {
            Some(example) => format!("write it as in `{example}`"),
            None if self.takes("object") => "write a map from names to values".to_owned(),
            None => {
                let schema = self.kind.schema_file().trim_end_matches(".json");
                format!("see the description of the key in `servanda schema {schema}`")
            }
        }
    }

    /// Whether the value is a list of texts.
    pub(super) fn lists_texts(&self) -> bool {
        self.takes("array") && self.fragment["items"][KIND].is_string()
    }

    /// An item of the list that the value must be.
    fn item(&self) -> Option<String> {
        let items = &self.fragment["items"];
        if let Some(kind) = items[KIND].as_str() {
            return text_kind::item(kind).map(str::to_owned);
        }
        let required = items["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
        let mut keys: Vec<&str> = required.collect();
        let known = items["properties"].as_object()?.keys().map(String::as_str);
        let others: Vec<&str> = known.filter(|key| !keys.contains(key)).collect();
        keys.extend(others);
        keys.truncate(KEYS);
        let entries: Vec<String> = keys.iter().map(|key| format!("{key}: …")).collect();
        (!entries.is_empty()).then(|| format!("{{ {} }}", entries.join(", ")))
    }

    /// The help with the map from the names of a list, where the map may have any names.
    pub(super) fn map_of(&self, names: &[Node]) -> Option<String> {
        let entry = &self.fragment["additionalProperties"];
        let value = match entry["not"]["const"].as_bool() {
            _ if !takes(entry, "boolean") => return None,
            Some(true) => "{ … }",
            Some(false) | None => "true",
        };
        let entry = |name: &Node| Some(format!("{}: {value}", name.as_text().filter(|text| is_slug(text))?));
        let entries: Vec<String> = names.iter().map(entry).collect::<Option<_>>()?;
        (!entries.is_empty()).then(|| format!("write a map: `{{ {} }}`", entries.join(", ")))
    }

    /// The help with the list of the keys of a map, where the list is of slugs.
    pub(super) fn list_of(&self, map: &NodeMap) -> Option<String> {
        let lists_slugs = self.fragment["items"][KIND].as_str().is_some_and(text_kind::is_of_slugs);
        let keys: Vec<&str> = map.iter().map(|entry| &*entry.key).collect();
        let are_names = !keys.is_empty() && keys.iter().all(|key| key.split('/').all(is_slug));
        (lists_slugs && are_names).then(|| format!("write a list: `[{}]`", keys.join(", ")))
    }
}
