//! JSON for other programs: versioned envelopes with stable names, and the schema of the plan's.
//!
//! The envelope of a plan is also what a saved plan is, and what the text of a plan is made from, so that
//! the two cannot differ. Values stand in it whole, for apply needs them so; only texts for people are masked.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Label, Position, Severity, Sources};
use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::helpdesks::{HelpdeskPlans, Unavailable};
use crate::ident::HelpdeskName;
use crate::outcome::Outcome;
use crate::plan::{Blocked, Header};
use crate::render::encode;
use crate::render::notice::NoticeResults;

/// A value as JSON for people and programs, with a line feed at its end.
pub fn pretty(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("values of the core are always JSON");
    let mut text = encode::json(&text).into_owned();
    text.push('\n');
    text
}

/// The JSON Schema (draft 07) of a type.
pub(super) fn schema_of<T: schemars::JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07()
        .with_transform(schemars::transform::RecursiveTransform(describe))
        .with_transform(schemars::transform::RecursiveTransform(drop_number_formats));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// A result with the version of its shape.
#[derive(Clone, Copy, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Versioned<'a, T> {
    /// The version of this shape.
    pub format: u32,
    #[serde(flatten)]
    content: &'a T,
}

impl<'a, T> Versioned<'a, T> {
    /// The result in its only format so far.
    pub const fn new(content: &'a T) -> Self {
        Self { format: 1, content }
    }
}

/// A list that leaves out the agreements with errors.
#[derive(Clone, Copy, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct WithLeftOut<'a, T> {
    #[serde(flatten)]
    shown: &'a T,
    /// The agreements that are left out because of errors.
    left_out: &'a [LeftOut],
}

impl<'a, T> WithLeftOut<'a, T> {
    /// Puts what is left out beside what is shown.
    pub const fn new(shown: &'a T, left_out: &'a [LeftOut]) -> Self {
        Self { shown, left_out }
    }
}

/// An agreement that is left out. Of a file that cannot be read, the id is that of the file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LeftOut {
    /// The agreement.
    pub id: String,
    /// The position of the first error.
    pub place: Position,
    /// The rule that the error broke.
    #[schemars(with = "String")]
    pub code: Code,
    /// The error.
    pub message: String,
}

/// A variant with content is an object of one property; what is said of the variant is said of that property too.
fn describe(schema: &mut schemars::Schema) {
    let Some(said) = schema.get("description").cloned() else {
        return;
    };
    let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) else {
        return;
    };
    if properties.len() != 1 {
        return;
    }
    for property in properties.values_mut() {
        let Some(property) = property.as_object_mut() else {
            continue;
        };
        if property.contains_key("description") {
            continue;
        }
        // Draft 07 ignores siblings of a reference.
        if let Some(reference) = property.remove("$ref") {
            let reference = serde_json::json!([{ "$ref": reference }]);
            property.insert("allOf".to_owned(), reference);
        }
        property.insert("description".to_owned(), said.clone());
    }
}

/// Validators warn of formats that only Rust knows.
fn drop_number_formats(schema: &mut schemars::Schema) {
    let is_own = |format: &serde_json::Value| {
        format.as_str().is_some_and(|format| format.starts_with("uint") || format.starts_with("int"))
    };
    if schema.get("format").is_some_and(is_own) {
        schema.remove("format");
    }
}

/// The outcome of a plan, with the agreements that the plan left alone.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct OutcomeEnvelope<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The inputs of the plan.
    pub header: &'a Header,
    /// The results of its changes, and what a plan made after the apply still holds.
    pub outcome: &'a Outcome,
    /// The guards that blocked something.
    pub awaiting: &'a [AwaitingAcknowledgement],
    /// The agreements that are not planned, with the reason.
    pub blocked: &'a [Blocked],
}

/// The report of a scheduled run.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct RunReport<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The name of the run.
    pub run: &'a str,
    /// The exit code.
    pub exit: u8,
    /// The outcome of the apply; of several helpdesks, the outcome of each.
    pub apply: AppliedEnvelope<'a>,
    /// The results of the notices; `null` where none could be sent.
    pub notices: Option<NoticeResults>,
    /// The reason why no notice could be sent.
    pub notices_failure: Option<NoticesFailure<'a>>,
}

/// The outcome of an apply to the only helpdesk, or to several.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum AppliedEnvelope<'a> {
    /// That of the only helpdesk.
    One(OutcomeEnvelope<'a>),
    /// Those of several.
    Several(OutcomesEnvelope<'a>),
}

/// The reason why no notice could be sent.
#[derive(Clone, Copy, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct NoticesFailure<'a> {
    /// The stable code of the failure.
    pub code: &'a str,
    /// The problem.
    pub message: &'a str,
    /// The advice.
    pub help: Option<&'a str>,
}

/// Puts an outcome beside what its plan had left alone.
pub fn outcome<'a>(envelope: &'a GuardedPlan, outcome: &'a Outcome) -> OutcomeEnvelope<'a> {
    OutcomeEnvelope {
        format: 1,
        header: &envelope.plan.header,
        outcome,
        awaiting: &envelope.awaiting,
        blocked: &envelope.plan.blocked,
    }
}

/// The outcomes of the plans of several helpdesks.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct OutcomesEnvelope<'a> {
    /// The version of this shape.
    pub format: u32,
    /// The outcome of each helpdesk, by its name.
    pub helpdesks: BTreeMap<&'a HelpdeskName, OutcomeEnvelope<'a>>,
    /// The helpdesks that could not be planned or applied, with the reason.
    pub unavailable: &'a BTreeMap<HelpdeskName, Unavailable>,
}

/// Puts the outcomes of helpdesks beside those that have none.
pub fn outcomes<'a>(
    plans: &'a HelpdeskPlans,
    outcomes: &'a BTreeMap<HelpdeskName, Outcome>,
) -> OutcomesEnvelope<'a> {
    let planned = outcomes.iter().filter_map(|(name, found)| Some((name, plans.helpdesks.get(name)?, found)));
    let helpdesks = planned.map(|(name, plan, found)| (name, outcome(plan, found)));
    OutcomesEnvelope { format: 1, helpdesks: helpdesks.collect(), unavailable: &plans.unavailable }
}

/// The diagnostics of a run.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct DiagnosticsEnvelope<'a> {
    /// The version of this shape.
    format: u32,
    /// The number of files that were read.
    files: usize,
    /// The number of errors.
    errors: usize,
    /// The number of warnings.
    warnings: usize,
    /// The findings, in the order of files and positions.
    diagnostics: Vec<Finding<'a>>,
}

/// One finding.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
struct Finding<'a> {
    /// The code of the rule, such as `E101`.
    code: &'static str,
    /// `error`, `warning` or `note`.
    severity: &'static str,
    /// The title of the rule.
    rule: &'static str,
    /// The problem, with the value.
    message: &'a str,
    /// The position.
    place: Place<'a>,
    /// Further positions, each with what it has to do with the problem.
    related: Vec<Place<'a>>,
    /// The advice.
    help: Option<&'a str>,
}

/// Lines and columns from 1, columns in characters; the end is the first column after it.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
struct Place<'a> {
    /// The path relative to the repository.
    path: &'a str,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
    /// The line of the end.
    end_line: usize,
    /// The first column after the end.
    end_column: usize,
    /// The label; empty where the message says all.
    text: &'a str,
}

/// The diagnostics of a run that read `files` files.
pub fn diagnostics<'a>(
    found: &'a Diagnostics,
    sources: &'a Sources,
    files: usize,
) -> DiagnosticsEnvelope<'a> {
    let finding = |diagnostic: &'a crate::diagnostic::Diagnostic| Finding {
        code: diagnostic.code.as_str(),
        severity: severity(diagnostic.severity),
        rule: diagnostic.code.title(),
        message: &diagnostic.message,
        place: place(&diagnostic.place, sources),
        related: diagnostic.related.iter().map(|label| place(label, sources)).collect(),
        help: diagnostic.help.as_deref(),
    };
    DiagnosticsEnvelope {
        format: 1,
        files,
        errors: found.count(Severity::Error),
        warnings: found.count(Severity::Warning),
        diagnostics: found.iter().map(finding).collect(),
    }
}

/// The word for a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn place<'a>(label: &'a Label, sources: &'a Sources) -> Place<'a> {
    let first = sources.position(label.span);
    let beyond = crate::diagnostic::Span { start: label.span.end, ..label.span };
    let end = sources.position(beyond);
    Place {
        path: sources.path(label.span.file),
        line: first.line,
        column: first.column,
        end_line: end.line,
        end_column: end.column,
        text: &label.text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{diagnostics, outcome, pretty, schema_of};
    use crate::diagnostic::{Code, Diagnostic, Sources, Span};
    use crate::envelope::GuardedPlan;
    use crate::envelope::tests::guarded;
    use crate::ident::AgreementId;
    use crate::outcome::{ChangeResult, Outcome};
    use crate::render::encode::corpus::{HOSTILE, is_clean};

    /// Every property below a schema that says nothing of what it is.
    fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
        match schema {
            Value::Object(map) => {
                if let Some(Value::Object(properties)) = map.get("properties") {
                    for (name, property) in properties {
                        if property.get("description").is_none() {
                            found.push(format!("{path}/{name}"));
                        }
                    }
                }
                for (name, value) in map {
                    undescribed(value, &format!("{path}/{name}"), found);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| undescribed(value, path, found)),
            _ => {}
        }
    }

    #[test]
    fn every_property_of_the_schema_is_described() {
        let mut found = Vec::new();
        let schema = schema_of::<GuardedPlan>();
        undescribed(&schema, "", &mut found);
        assert!(found.is_empty(), "{found:#?}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }

    #[test]
    fn an_envelope_is_valid_by_its_schema() {
        let schema = jsonschema::draft7::new(&schema_of::<GuardedPlan>()).expect("a schema");
        let envelope = serde_json::to_value(guarded()).expect("JSON");
        let faults: Vec<String> = schema.iter_errors(&envelope).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
        assert!(!schema.is_valid(&serde_json::json!({ "plan": {} })));
    }

    #[test]
    fn an_outcome_names_what_was_left_alone_too() {
        let mut results = Outcome { remaining: Some(0), ..Outcome::default() };
        let id = AgreementId::new("b").expect("an id");
        results.results.insert(id, ChangeResult::Stale);
        let envelope = guarded();
        let json = serde_json::to_value(outcome(&envelope, &results)).expect("JSON");
        assert_eq!(json["outcome"]["results"]["b"], "stale");
        assert_eq!(json["outcome"]["remaining"], 0);
        assert_eq!(json["blocked"][0]["id"], "a");
        assert_eq!(json["header"]["zone"], "Europe/Moscow");
    }

    #[test]
    fn diagnostics_come_with_their_places() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ключ: x\nдва: y\n");
        let found = std::iter::once(
            Diagnostic::new(Code::E008, Span { file, start: 0, end: 8 }, "unknown key `ключ`")
                .help("did you mean `key`?"),
        );
        let found = found.collect();
        let json = serde_json::to_value(diagnostics(&found, &sources, 3)).expect("JSON");
        assert_eq!(json["errors"], 1);
        assert_eq!(json["files"], 3);
        assert_eq!(json["diagnostics"][0]["code"], "E008");
        let place = serde_json::json!({
            "path": "a.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 5, "text": ""
        });
        assert_eq!(json["diagnostics"][0]["place"], place);
    }

    #[test]
    fn what_cannot_be_seen_stands_as_an_escape_in_json() {
        for hostile in HOSTILE {
            let json = pretty(&[*hostile]);
            assert!(is_clean(&json), "{json}");
            assert_eq!(serde_json::from_str::<[String; 1]>(&json).expect("JSON"), [*hostile]);
        }
    }
}
