//! The keyword `part` of the schemas that `build.rs` cuts: a part is compiled when the first value comes to it.

use std::sync::OnceLock;

use jsonschema::paths::Location;
use jsonschema::{Draft, Keyword, ValidationError, Validator};
use serde_json::{Map, Value};

use super::json::TreeJson;
use super::pattern::Pattern;
use super::tree::Node;

/// The parts of all schemas, as JSON.
const PARTS: &[&str] = &include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// Compiles one of our schemas, or a part of one.
pub(super) fn compiled(schema: &Value) -> Validator<TreeJson> {
    jsonschema::options_for::<TreeJson>()
        .with_draft(Draft::Draft7)
        .with_keyword("pattern", Pattern::keyword)
        .with_keyword("part", Part::keyword)
        .build(schema)
        .expect("our own schema is a schema")
}

/// A part of a schema, by its number.
pub(super) struct Part(usize);

impl Part {
    /// The factory that the validator calls for each occurrence of the keyword in a schema.
    pub(super) fn keyword<'schema>(
        _: &'schema Map<String, Value>,
        number: &'schema Value,
        _: Location,
    ) -> Result<Box<dyn for<'node> Keyword<'node, TreeJson>>, ValidationError<'schema>> {
        let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
        let number = number.ok_or_else(|| ValidationError::schema("a part is a number"))?;
        Ok(Box::new(Self(number)))
    }

    fn validator(&self) -> &'static Validator<TreeJson> {
        static COMPILED: [OnceLock<Validator<TreeJson>>; PARTS.len()] =
            [const { OnceLock::new() }; PARTS.len()];
        COMPILED[self.0]
            .get_or_init(|| compiled(&serde_json::from_str(PARTS[self.0]).expect("build.rs writes JSON")))
    }
}

impl<'node> Keyword<'node, TreeJson> for Part {
    fn validate(&self, node: &'node Node) -> Result<(), ValidationError<'node>> {
        self.validator().validate(node)
    }

    fn is_valid(&self, node: &Node) -> bool {
        self.validator().is_valid(node)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::PARTS;
    use crate::document::kind::DocumentKind;
    use crate::document::schema::{cut_text, kept};

    fn whole(schema: &mut Value) {
        match schema {
            Value::Object(keywords) => {
                if let Some(number) = keywords.get("part").and_then(Value::as_u64) {
                    let number = usize::try_from(number).expect("a number of a part");
                    *schema = serde_json::from_str(PARTS[number]).expect("a part is JSON");
                    return whole(schema);
                }
                keywords.values_mut().for_each(whole);
            }
            Value::Array(several) => several.iter_mut().for_each(whole),
            _ => {}
        }
    }

    #[test]
    fn the_cut_schemas_with_their_parts_are_the_whole_ones() {
        assert!(PARTS.len() > 10, "the schemas have parts");
        for kind in DocumentKind::ALL {
            let mut schema = serde_json::from_str(cut_text(kind)).expect("a schema is JSON");
            assert!(schema != *kept(kind), "{kind:?} is cut");
            whole(&mut schema);
            assert_eq!(schema, *kept(kind), "{kind:?}");
        }
    }
}
