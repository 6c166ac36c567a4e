//! JSON for other programs: versioned envelopes with stable names, and the schema of the plan's.
//!
//! The envelope of a plan is also what a saved plan is, and what the text of a plan is made from, so that
//! the two cannot differ. Values stand in it whole, for apply needs them so; only texts for people are masked.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostics, Label, Severity, Sources};
use crate::guard::AwaitingAcknowledgement;
use crate::ident::AgreementId;
use crate::notice::Announced;
use crate::outcome::Outcome;
use crate::plan::scope::Scope;
use crate::plan::{Blocked, Change, ChangeSeverity, GuardName, Header, Plan, Reason};
use crate::render::encode;

/// A plan with what its guards made of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct GuardedPlan {
    /// What an apply of this plan would come to, if the helpdesk takes every write.
    pub verdict: Verdict,
    /// The plan, without what a guard blocked.
    pub plan: Plan,
    /// The guards that blocked something.
    pub held: Vec<AwaitingAcknowledgement>,
    /// The changes that are not in the plan because a guard, or a change that one blocked, holds them back.
    pub waiting: Vec<Change>,
    /// Whom the apply would tell of what, in numbers.
    #[serde(default)]
    pub announced: Vec<Announced>,
    /// What a pull request brings about, where the plan was made for one (`--base`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
}

/// What an apply of a plan would come to, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// The exit code of the apply.
    pub exit_code: u8,
    /// What that code means here.
    pub meaning: Meaning,
    /// Whether there is anything to do, which `--exit-code` tells by the exit code 2.
    pub changes_pending: bool,
}

/// What an apply of a plan would come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The helpdesk is as the files say, or will be.
    Complete,
    /// A guard waits for somebody to acknowledge a number.
    RefusedByAGuard,
    /// Some agreements cannot be settled until somebody does something about them.
    Partial,
}

impl GuardedPlan {
    /// Puts a guarded plan in its envelope, with the changes of the `proposed` one that were held back.
    pub fn new(proposed: &Plan, plan: Plan, held: Vec<AwaitingAcknowledgement>) -> Self {
        let held_back: BTreeSet<&AgreementId> = plan
            .blocked
            .iter()
            .filter(|blocked| matches!(blocked.reason, Reason::Guarded(_) | Reason::Waits(_)))
            .map(|blocked| &blocked.id)
            .collect();
        let waiting = proposed.changes.iter().filter(|change| held_back.contains(&change.id));
        Self {
            verdict: Verdict::of(&plan, &held),
            waiting: waiting.cloned().collect(),
            plan,
            held,
            announced: Vec::new(),
            scope: None,
        }
    }

    /// With what its apply would tell people.
    #[must_use]
    pub fn announcing(self, announced: Vec<Announced>) -> Self {
        Self { announced, ..self }
    }

    /// The most_severe change of all, those that wait among them; `None` where nothing changes.
    pub fn most_severe(&self) -> Option<ChangeSeverity> {
        self.plan.changes.iter().chain(&self.waiting).map(Change::severity).min()
    }

    /// The guard that holds each waiting change back.
    pub(super) fn guards(&self) -> BTreeMap<&AgreementId, GuardName> {
        let guarded = self.plan.blocked.iter().filter_map(|blocked| match blocked.reason {
            Reason::Guarded(name) => Some((&blocked.id, name)),
            _ => None,
        });
        guarded.collect()
    }
}

impl Verdict {
    /// What an apply of a guarded plan would come to.
    pub fn of(plan: &Plan, held: &[AwaitingAcknowledgement]) -> Self {
        let is_open = |reason: &Reason| match reason {
            Reason::Orphan { .. } | Reason::Guarded(_) => false,
            Reason::Unresolved(_)
            | Reason::Unreadable(_)
            | Reason::SameOwnershipKey(_)
            | Reason::CannotAdopt(_)
            | Reason::Waits(_)
            | Reason::Archived(_) => true,
        };
        let (exit_code, meaning) = if !held.is_empty() {
            (4, Meaning::RefusedByAGuard)
        } else if plan.blocked.iter().any(|blocked| is_open(&blocked.reason)) {
            (6, Meaning::Partial)
        } else {
            (0, Meaning::Complete)
        };
        Self { exit_code, meaning, changes_pending: !plan.is_empty() }
    }
}

/// A value as JSON for people and programs, with a line feed at its end.
pub fn pretty(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("values of the core are always JSON");
    let mut text = encode::json(&text).into_owned();
    text.push('\n');
    text
}

/// The published JSON Schema (draft 07) of [`GuardedPlan`].
pub fn plan_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07()
        .with_transform(schemars::transform::RecursiveTransform(describe))
        .with_transform(schemars::transform::RecursiveTransform(drop_number_formats));
    let schema = settings.into_generator().into_root_schema_for::<GuardedPlan>();
    schema.to_value()
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
        // Draft 07 ignores whatever stands beside a reference.
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

/// What became of a plan, with what the plan had left alone.
#[derive(Clone, Debug, serde::Serialize)]
pub struct OutcomeEnvelope<'a> {
    /// The version of this shape.
    pub format: u32,
    /// What the plan was made from.
    pub header: &'a Header,
    /// The results of its changes, and what a plan made after the apply still holds.
    pub outcome: &'a Outcome,
    /// The guards that blocked something.
    pub held: &'a [AwaitingAcknowledgement],
    /// What was not planned, and why.
    pub blocked: &'a [Blocked],
}

/// Puts an outcome beside what its plan had left alone.
pub fn outcome<'a>(envelope: &'a GuardedPlan, outcome: &'a Outcome) -> OutcomeEnvelope<'a> {
    OutcomeEnvelope {
        format: 1,
        header: &envelope.plan.header,
        outcome,
        held: &envelope.held,
        blocked: &envelope.plan.blocked,
    }
}

/// The diagnostics of a run.
#[derive(Debug, serde::Serialize)]
pub struct DiagnosticsEnvelope<'a> {
    format: u32,
    files: usize,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Debug, serde::Serialize)]
struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    rule: &'static str,
    message: &'a str,
    place: Place<'a>,
    related: Vec<Place<'a>>,
    help: Option<&'a str>,
}

/// Lines and columns from 1, columns in characters; the end is the first column after it.
#[derive(Debug, serde::Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
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

    use super::{GuardedPlan, Meaning, Verdict, diagnostics, outcome, plan_schema, pretty};
    use crate::diagnostic::{Code, Diagnostic, Sources, Span};
    use crate::guard::AwaitingAcknowledgement;
    use crate::ident::AgreementId;
    use crate::outcome::{ChangeResult, Outcome};
    use crate::plan::{Blocked, GuardName, Reason, Verb};
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::plan::sample;
    use crate::status::{State, StatusReason};

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
        let schema = plan_schema();
        undescribed(&schema, "", &mut found);
        assert!(found.is_empty(), "{found:#?}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }

    fn held_back() -> GuardedPlan {
        let change =
            |name: &str| sample::change(name, Verb::Update, "T", State::Active, StatusReason::WithinPeriod);
        let proposed = sample::plan(vec![change("a"), change("b"), change("c")]);
        let id = |text: &str| AgreementId::new(text).expect("an id");
        let mut plan = sample::plan(vec![change("b")]);
        plan.blocked = vec![
            Blocked { id: id("a"), reason: Reason::Guarded(GuardName::Weakened) },
            Blocked { id: id("c"), reason: Reason::Waits(id("a")) },
        ];
        let held =
            AwaitingAcknowledgement { guard: GuardName::Weakened, count: 1, limit: 0, acknowledged: None };
        GuardedPlan::new(&proposed, plan, vec![held])
    }

    #[test]
    fn an_envelope_is_valid_by_its_schema() {
        let schema = jsonschema::draft7::new(&plan_schema()).expect("a schema");
        let envelope = serde_json::to_value(held_back()).expect("JSON");
        let faults: Vec<String> = schema.iter_errors(&envelope).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
        assert!(!schema.is_valid(&serde_json::json!({ "plan": {} })));
    }

    #[test]
    fn what_a_guard_holds_back_is_kept_in_the_envelope() {
        let envelope = held_back();
        let waiting: Vec<&str> = envelope.waiting.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(waiting, ["a", "c"]);
        assert_eq!(
            envelope.verdict,
            Verdict { exit_code: 4, meaning: Meaning::RefusedByAGuard, changes_pending: true }
        );
    }

    #[test]
    fn an_outcome_names_what_was_left_alone_too() {
        let mut results = Outcome { remaining: Some(0), ..Outcome::default() };
        let id = AgreementId::new("b").expect("an id");
        results.results.insert(id, ChangeResult::Stale);
        let envelope = held_back();
        let json = serde_json::to_value(outcome(&envelope, &results)).expect("JSON");
        assert_eq!(json["outcome"]["results"]["b"], "stale");
        assert_eq!(json["outcome"]["remaining"], 0);
        assert_eq!(json["blocked"][0]["id"], "a");
        assert_eq!(json["header"]["zone"], "Europe/Moscow");
    }

    #[test]
    fn what_stays_open_is_partial_and_an_orphan_is_not() {
        let id = || AgreementId::new("a").expect("an id");
        let object = || crate::ident::LiveId::new("x$1").expect("a live id");
        let orphan = Reason::Orphan { title: String::new(), object: object(), state: String::new() };
        for (reason, exit_code) in [(orphan, 0), (Reason::Archived(object()), 6)] {
            let mut plan = sample::plan(Vec::new());
            plan.blocked = vec![Blocked { id: id(), reason }];
            assert_eq!(Verdict::of(&plan, &[]).exit_code, exit_code);
        }
    }

    #[test]
    fn diagnostics_come_with_their_places() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ключ: x\nдва: y\n");
        let found = std::iter::once(
            Diagnostic::new(Code::E008, Span { file, start: 0, end: 8 }, "nobody knows `ключ`")
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
