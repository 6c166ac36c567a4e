//! Renders the origin of each value of an agreement: its position, and the values that it replaced.

use serde::Serialize;

use crate::diagnostic::{Position, Sources};
use crate::document::Tree;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::template::{HistoryStep, LayerEffect, Resolved};

/// The values of an agreement with their histories.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AgreementHistory {
    /// The version of this shape.
    pub format: u32,
    /// The agreement.
    pub id: String,
    /// Its templates, the farthest first.
    pub templates: Vec<String>,
    /// Its values, in the order of the merged document. Dropped and displaced values come last.
    pub values: Vec<ValueHistory>,
    /// The agreements of a set, which has no values of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<String>,
}

/// The values of several agreements with their histories.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AgreementHistories {
    /// The version of this shape.
    pub format: u32,
    /// The agreements, in the order of their ids.
    pub agreements: Vec<AgreementHistory>,
}

/// One value with its history.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ValueHistory {
    /// The path of keys.
    pub path: Vec<String>,
    /// The value; absent where it was dropped or displaced.
    pub value: Option<serde_json::Value>,
    /// The values that the layers set, the farthest first.
    pub history: Vec<LayerStep>,
}

/// The value that one layer sets.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct LayerStep {
    /// The template or agreement.
    pub document: String,
    /// The position.
    pub place: Position,
    /// The value.
    pub value: serde_json::Value,
    /// The effect: `set`, `overridden`, `dropped` or `displaced`.
    pub effect: &'static str,
}

/// The values at or below a path; all of them for an empty one.
pub fn of(resolved: &Resolved<'_>, path: &[&str], sources: &Sources) -> AgreementHistory {
    let layer_step = |step: &HistoryStep<'_>| LayerStep {
        document: step.document.to_owned(),
        place: sources.position(step.span),
        value: step.value.to_json(),
        effect: effect(step.effect),
    };
    let within = resolved.explain().into_iter().filter(|explained| explained.path.starts_with(path));
    let values = within.map(|explained| ValueHistory {
        path: explained.path.iter().map(|key| (*key).to_owned()).collect(),
        value: explained.value.as_ref().map(Tree::to_json),
        history: explained.steps.iter().map(layer_step).collect(),
    });
    AgreementHistory {
        format: 1,
        id: resolved.id.to_string(),
        templates: resolved.templates().map(str::to_owned).collect(),
        values: values.collect(),
        entries: Vec::new(),
    }
}

/// A set, with its agreements in place of values.
pub fn set(id: &str, entries: &[&str]) -> AgreementHistory {
    let entries = entries.iter().map(|entry| (*entry).to_owned()).collect();
    AgreementHistory { format: 1, id: id.to_owned(), templates: Vec::new(), values: Vec::new(), entries }
}

/// Renders the agreements of a set.
pub fn set_text(id: &str, entries: &[&str], paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let head = Line::new().toned(Tone::Strong, id).text(&format!("  a set of {} agreements", entries.len()));
    page.line(0, 2, &head);
    page.gap();
    for entry in entries {
        page.line(2, 4, &Line::of(entry));
    }
    page.finish()
}

/// Renders a line for each value, followed by the values that it replaced.
pub fn text(explained: &AgreementHistory, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let line = explained.templates.join(" → ");
    let mut head = Line::new().toned(Tone::Strong, &explained.id);
    if !line.is_empty() {
        head = head.toned(Tone::Quiet, &format!("  extends {line}"));
    }
    page.line(0, 2, &head);
    page.gap();
    for value in &explained.values {
        page.line(0, 4, &headline(value));
        for step in value.history.iter().rev().skip(usize::from(value.value.is_some())) {
            let origin = format!("{} {}", origin(step.effect), place(step));
            let line = Line::new().toned(Tone::Quiet, &format!("{}  {origin}", written(&step.value)));
            page.line(4, 6, &line);
        }
    }
    page.finish()
}

fn headline(explained: &ValueHistory) -> Line {
    let path = explained.path.join(".");
    let origin = explained.history.last();
    let line = Line::new().toned(Tone::Strong, &path);
    match (&explained.value, origin) {
        (Some(value), Some(step)) => {
            line.text(&format!(": {}", written(value))).toned(Tone::Quiet, &format!("  {}", place(step)))
        }
        (Some(value), None) => line.text(&format!(": {}", written(value))),
        (None, _) => line.toned(Tone::Loss, ": dropped"),
    }
}

fn place(step: &LayerStep) -> String {
    format!("{}:{}:{}", step.place.path, step.place.line, step.place.column)
}

/// Formats a value: a text as it is, any other value as JSON.
fn written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn effect(effect: LayerEffect) -> &'static str {
    match effect {
        LayerEffect::Set => "set",
        LayerEffect::Overridden => "overridden",
        LayerEffect::Dropped => "dropped",
        LayerEffect::Displaced => "displaced",
    }
}

fn origin(effect: &str) -> &'static str {
    match effect {
        "overridden" => "overridden, from",
        "dropped" => "dropped by",
        "displaced" => "displaced by",
        _ => "set by",
    }
}
