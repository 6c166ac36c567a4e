//! The JSON outputs of the commands: their schemas, and the page of the reference that lists their fields.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::discovery::DiscoveredMapping;
use crate::discovery::agreements::Adoption;
use crate::document::schema_address;
use crate::envelope::GuardedPlan;
use crate::helpdesks::HelpdeskPlans;
use crate::render::catalog::CatalogReport;
use crate::render::doctor::DoctorReport;
use crate::render::entitlement::{AnswerEnvelope, ServiceOffer};
use crate::render::explain::{AgreementHistories, AgreementHistory};
use crate::render::forecast::ForecastList;
use crate::render::json::{
    DiagnosticsEnvelope, OutcomeEnvelope, OutcomesEnvelope, RunReport, Versioned, WithLeftOut, schema_of,
};
use crate::render::notice::NoticeResults;
use crate::render::status::StatusList;

/// Makes the schema of a type.
type MakeSchema = fn() -> Value;

/// One JSON output.
pub struct JsonOutput {
    /// The name of its schema, without `.json`.
    pub name: &'static str,
    /// The commands that write it, as Markdown.
    pub commands: &'static str,
    /// A sentence about its content.
    pub about: &'static str,
    schema: MakeSchema,
}

/// All outputs, in the order of the groups of `--help`.
pub const OUTPUTS: [JsonOutput; 17] = [
    JsonOutput {
        name: "findings",
        commands: "`validate --format json`",
        about: "The findings of a check.",
        schema: schema_of::<DiagnosticsEnvelope<'static>>,
    },
    JsonOutput {
        name: "explanation",
        commands: "`explain ID --format json`",
        about: "The values of an agreement, each with its origin.",
        schema: schema_of::<AgreementHistory>,
    },
    JsonOutput {
        name: "explanations",
        commands: "`explain --client CLIENT --format json` and other selections",
        about: "The values of several agreements, each with its origin.",
        schema: schema_of::<AgreementHistories>,
    },
    JsonOutput {
        name: "plan",
        commands: "`plan --format json`, `plan --out FILE`, `show --format json`",
        about: "A plan with its verdict. The version of its shape is `plan.format`.",
        schema: schema_of::<GuardedPlan>,
    },
    JsonOutput {
        name: "plans",
        commands: "`plan`, `plan --out FILE` and `show` of a repository with `helpdesks:`",
        about: "The plan of each of several helpdesks, by its name, and those that could not be planned.",
        schema: schema_of::<HelpdeskPlans>,
    },
    JsonOutput {
        name: "outcome",
        commands: "`apply --format json`",
        about: "The result of each change of an apply.",
        schema: schema_of::<OutcomeEnvelope<'static>>,
    },
    JsonOutput {
        name: "outcomes",
        commands: "`apply --format json` of a repository with `helpdesks:`",
        about: "The outcome of each of several helpdesks, by its name.",
        schema: schema_of::<OutcomesEnvelope<'static>>,
    },
    JsonOutput {
        name: "run",
        commands: "`run --format json`, `run --report FILE`",
        about: "The report of a scheduled run.",
        schema: schema_of::<RunReport<'static>>,
    },
    JsonOutput {
        name: "notices",
        commands: "`notify --format json`",
        about: "The results of the notices that were due.",
        schema: schema_of::<NoticeResults>,
    },
    JsonOutput {
        name: "status",
        commands: "`status --format json`",
        about: "The status of each agreement.",
        schema: schema_of::<WithLeftOut<'static, StatusList>>,
    },
    JsonOutput {
        name: "forecast",
        commands: "`forecast --format json`",
        about: "What the date alone will change, and who is notified of it.",
        schema: schema_of::<WithLeftOut<'static, ForecastList<'static>>>,
    },
    JsonOutput {
        name: "entitlement",
        commands: "`entitled --format json`, `GET /v1/entitlement` of `serve`",
        about: "Whether a client is entitled to a service, and by when.",
        schema: schema_of::<AnswerEnvelope>,
    },
    JsonOutput {
        name: "services",
        commands: "`GET /v1/services` of `serve`",
        about: "The services that a client may request.",
        schema: schema_of::<ServiceOffer>,
    },
    JsonOutput {
        name: "mapping",
        commands: "`discover --format json`",
        about: "A proposed mapping, with the evidence for each line.",
        schema: schema_of::<Versioned<'static, DiscoveredMapping>>,
    },
    JsonOutput {
        name: "catalog-differences",
        commands: "`catalog check --format json`, `catalog pull --format json`",
        about: "The differences between the catalog and the helpdesk.",
        schema: schema_of::<CatalogReport<'static>>,
    },
    JsonOutput {
        name: "adoption",
        commands: "`import --format json`",
        about: "The files that adopt agreements of the helpdesk, and the objects that are skipped.",
        schema: schema_of::<Versioned<'static, Adoption>>,
    },
    JsonOutput {
        name: "checks",
        commands: "`doctor --format json`",
        about: "The result of each check of the surroundings.",
        schema: schema_of::<DoctorReport<'static>>,
    },
];

impl JsonOutput {
    /// The published JSON Schema (draft 07).
    pub fn schema(&self) -> Value {
        let mut schema = (self.schema)();
        let keywords = schema.as_object_mut().expect("the schema of an object is one");
        let mut published = Map::new();
        published.insert("$schema".to_owned(), keywords["$schema"].clone());
        published.insert("$id".to_owned(), schema_address(self.name).into());
        published.insert("title".to_owned(), format!("Servanda: {}", self.name).into());
        published.insert("description".to_owned(), self.about.into());
        published.extend(
            std::mem::take(keywords)
                .into_iter()
                .filter(|(keyword, _)| !["$schema", "title", "description"].contains(&keyword.as_str())),
        );
        published.into()
    }
}

const ABOUT: &str = "# JSON outputs

This page is generated from the JSON Schemas in [schemas](../../schemas). `format` is the version of a shape, 1 in all of them.
Within a format, fields are only added: a program must ignore fields that it does not know. A field is removed or changed only with a
higher `format`, as [Upgrades](../upgrades.md) says. Days are `YYYY-MM-DD`, instants RFC 3339. Text in JSON is what the file or the
helpdesk contains: escape it for where you show it.

Snapshots, the journal and the ledger are read by Servanda alone, and have no stable shape. With `--log-format json`, each line of
standard error is one object with `timestamp`, `level`, `message`, and for an error `code` and `help`. The formats `sarif`, `gitlab`,
`junit`, `ics` and `openapi.json` follow their own standards.
";

/// The page that lists the fields of all outputs.
pub fn page() -> String {
    let mut page = ABOUT.to_owned();
    let mut shared: BTreeMap<String, Value> = BTreeMap::new();
    for output in &OUTPUTS {
        let schema = output.schema();
        put(
            &mut page,
            format_args!(
                "\n## `{0}`\n\n{1} Written by {2}. Schema: [{0}.json](../../schemas/{0}.json).\n\n",
                output.name, output.about, output.commands
            ),
        );
        page += &table(&schema);
        for (name, definition) in schema["definitions"].as_object().into_iter().flatten() {
            shared.entry(name.clone()).or_insert_with(|| definition.clone());
        }
    }
    page += "\n## Objects\n\nThe objects and words of the tables above, by name.\n";
    for (name, definition) in &shared {
        let about = definition["description"].as_str().unwrap_or_default();
        put(&mut page, format_args!("\n### {name}\n\n"));
        if !about.is_empty() {
            put(&mut page, format_args!("{}\n\n", words(about)));
        }
        page += &table(definition);
    }
    page
}

/// The fields of an object, or the words and variants that a value may be.
fn table(schema: &Value) -> String {
    let mut rows = BTreeSet::new();
    let mut lines = Vec::new();
    let mut add = |line: String| {
        if rows.insert(line.clone()) {
            lines.push(line);
        }
    };
    each_field(schema, &mut add);
    if lines.is_empty() {
        return format!("{}\n", kind(schema));
    }
    format!("| field or value | type | meaning |\n|---|---|---|\n{}", lines.concat())
}

/// Calls a function with a row for each field, also of alternatives.
fn each_field(schema: &Value, add: &mut dyn FnMut(String)) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let about = words(field["description"].as_str().unwrap_or_default());
        add(format!("| `{name}` | {} | {about} |\n", kind(field)));
        // An object that is written where it is used.
        for inner in [field, &field["items"], &field["additionalProperties"]] {
            each_field(inner, add);
        }
    }
    for word in schema["enum"].as_array().into_iter().flatten() {
        add(format!("| `{}` | word | |\n", word.as_str().unwrap_or_default()));
    }
    for alternatives in ["oneOf", "anyOf", "allOf"] {
        for alternative in schema[alternatives].as_array().into_iter().flatten() {
            let about = words(alternative["description"].as_str().unwrap_or_default());
            match alternative["const"].as_str() {
                Some(word) => add(format!("| `{word}` | word | {about} |\n")),
                None => each_field(alternative, add),
            }
        }
    }
}

/// The type of a value.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        if let Some(alternatives) = schema[alternatives].as_array() {
            let kinds: Vec<String> = alternatives.iter().map(kind).collect();
            return kinds.join(" or ");
        }
    }
    let of = |name: &str| match name {
        "array" if schema["items"].is_object() => format!("list of {}", kind(&schema["items"])),
        "array" => "list".to_owned(),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        "integer" => "number".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(name) => of(name),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).map(of).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

/// A description on one line of a table.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes all that is written");
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{OUTPUTS, page};

    /// Every property below a schema, with whether it has a description.
    fn properties(schema: &Value, found: &mut Vec<(String, bool)>) {
        match schema {
            Value::Object(map) => {
                for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten()
                {
                    let is_described =
                        property.get("description").is_some() || property.get("const").is_some();
                    found.push((name.clone(), is_described));
                }
                map.values().for_each(|value| properties(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| properties(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_field_of_every_output_is_described_and_on_the_page() {
        let page = page();
        let mut faults = Vec::new();
        for output in &OUTPUTS {
            let mut found = Vec::new();
            properties(&output.schema(), &mut found);
            assert!(!found.is_empty(), "{}", output.name);
            let bad = found
                .iter()
                .filter(|(name, is_described)| !is_described || !page.contains(&format!("| `{name}` | ")));
            faults.extend(bad.map(|(name, _)| format!("{}: {name}", output.name)));
            let has_format = output.schema()["properties"]["format"].is_object();
            assert!(has_format || output.name == "plan", "{} has no format", output.name);
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
