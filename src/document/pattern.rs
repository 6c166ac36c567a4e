//! The keyword `pattern` of the schemas: each pattern is compiled on first use, once for all schemas.
//!
//! The files of a repository use only some of the patterns, and compiling one with a Unicode class takes longer than
//! parsing a file. The library interprets patterns as ECMA-262, as JSON Schema requires.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::json::TreeJson;
use super::tree::Node;

/// A pattern of a schema.
pub(super) struct Pattern(Arc<LazyPattern>);

struct LazyPattern {
    pattern: Value,
    validator: OnceLock<Validator<TreeJson>>,
}

impl Pattern {
    /// The factory that the validator calls for each occurrence of the keyword in a schema.
    pub(super) fn keyword<'schema>(
        _: &'schema Map<String, Value>,
        pattern: &'schema Value,
        _: Location,
    ) -> Result<Box<dyn for<'node> Keyword<'node, TreeJson>>, ValidationError<'schema>> {
        static KNOWN: LazyLock<Mutex<BTreeMap<String, Arc<LazyPattern>>>> = LazyLock::new(Mutex::default);
        let text = pattern.as_str().ok_or_else(|| ValidationError::schema("a pattern is a text"))?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let lazy = known.entry(text.to_owned()).or_insert_with(|| {
            Arc::new(LazyPattern { pattern: pattern.clone(), validator: OnceLock::new() })
        });
        Ok(Box::new(Self(Arc::clone(lazy))))
    }

    fn validator(&self) -> &Validator<TreeJson> {
        self.0.validator.get_or_init(|| {
            jsonschema::options_for::<TreeJson>()
                .with_draft(jsonschema::Draft::Draft7)
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(&json!({ "pattern": self.0.pattern }))
                .expect("a test compiles every pattern of our schemas")
        })
    }
}

impl<'node> Keyword<'node, TreeJson> for Pattern {
    fn validate(&self, node: &'node Node) -> Result<(), ValidationError<'node>> {
        self.validator().validate(node)
    }

    fn is_valid(&self, node: &Node) -> bool {
        // A pattern only applies to texts, and most values are not.
        node.as_text().is_none() || self.validator().is_valid(node)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use serde_json::Value;

    use super::{LazyPattern, Pattern};
    use crate::document::schema::published_schemas;

    fn patterns(schema: &Value, into: &mut Vec<Value>) {
        match schema {
            Value::Object(keywords) => {
                into.extend(keywords.get("pattern").filter(|pattern| pattern.is_string()).cloned());
                keywords.values().for_each(|within| patterns(within, into));
            }
            Value::Array(several) => several.iter().for_each(|within| patterns(within, into)),
            _ => {}
        }
    }

    #[test]
    fn every_pattern_of_the_schemas_compiles() {
        let mut found = Vec::new();
        for (_, text) in published_schemas() {
            patterns(&serde_json::from_str(&text).expect("a schema is JSON"), &mut found);
        }
        assert!(found.len() > 100, "the schemas hold patterns");
        for pattern in found {
            Pattern(Arc::new(LazyPattern { pattern, validator: OnceLock::new() })).validator();
        }
    }
}
