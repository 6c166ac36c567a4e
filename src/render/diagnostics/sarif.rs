//! Diagnostics as SARIF 2.1.0, which GitHub and others show as alerts that open and close automatically.

use serde_json::{Value, json};

use super::fingerprint::fingerprints;
use super::region::Region;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, Repair, Severity, Sources, Span};
use crate::render::encode;
use crate::render::json;
use crate::render::vocabulary;

/// The largest number of results that GitHub shows for a run; the others are dropped silently.
const KEPT: usize = 5_000;

/// Renders the log of one run, errors first.
pub fn sarif(found: &Diagnostics, sources: &Sources, version: &str) -> String {
    let fingerprints = fingerprints(found, sources);
    let mut all: Vec<(&Diagnostic, String)> = found.iter().zip(fingerprints).collect();
    all.sort_by_key(|(diagnostic, _)| diagnostic.severity);
    let mut codes: Vec<Code> = all.iter().map(|(diagnostic, _)| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let kept = all.iter().take(KEPT);
    let results: Vec<Value> =
        kept.map(|(diagnostic, fingerprint)| result(diagnostic, fingerprint, &codes, sources)).collect();
    let mut invocation = json!({ "executionSuccessful": true });
    if let Some(more) = all.len().checked_sub(KEPT).filter(|more| *more > 0) {
        let text = format!(
            "and {}; `servanda validate` shows all of them",
            vocabulary::count(more, "more finding", "more findings")
        );
        invocation["toolExecutionNotifications"] =
            json!([{ "level": "warning", "message": { "text": text } }]);
    }
    json::pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Servanda",
                "semanticVersion": version,
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "invocations": [invocation],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    }))
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.title() },
        "help": { "text": format!("servanda explain {code}"), "markdown": code.page() },
        "helpUri": format!("{}/blob/main/docs/rules/{code}.md", env!("CARGO_PKG_REPOSITORY")),
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(diagnostic: &Diagnostic, fingerprint: &str, codes: &[Code], sources: &Sources) -> Value {
    let mut text = message(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        text.push_str("; ");
        text.push_str(&message(help));
    }
    let related = diagnostic.related.iter().zip(1..).map(|(label, id)| {
        let mut location = location(label, sources);
        location["id"] = json!(id);
        location["message"] = json!({ "text": message(&label.text) });
        location
    });
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": [location(&diagnostic.place, sources)],
        // GitHub uses only the first of these, other programs the second.
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{fingerprint}:1"),
            "servanda/v1": fingerprint,
        },
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    // A repair of tabs is the whole text, with what excerpts hide.
    let is_hidden = |repair: &Repair| diagnostic.hidden.is_some() && matches!(repair, Repair::Tabs(_));
    let repair = diagnostic.repair.as_deref().filter(|repair| !is_hidden(repair));
    if let Some((span, new)) = repair.and_then(|repair| repair.edit(sources)) {
        result["fixes"] = json!([fix(span, &new, diagnostic.help.as_deref().unwrap_or_default(), sources)]);
    }
    result
}

/// A repair: the region that is replaced, and the new text.
fn fix(span: Span, new: &str, about: &str, sources: &Sources) -> Value {
    let place = location(&Label { span, text: Box::default() }, sources);
    json!({
        "description": { "text": message(about) },
        "artifactChanges": [{
            "artifactLocation": place["physicalLocation"]["artifactLocation"],
            "replacements": [{
                "deletedRegion": place["physicalLocation"]["region"],
                "insertedContent": { "text": new },
            }],
        }],
    })
}

fn location(label: &Label, sources: &Sources) -> Value {
    let region = Region::of(label.span, sources);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": encode::path(sources.path(label.span.file)), "uriBaseId": "%SRCROOT%" },
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    } })
}

/// Escapes a text for a message, in which SARIF interprets brackets as links.
fn message(text: &str) -> String {
    let text = encode::visible(text);
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.into_owned() }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
