//! Where each value of an agreement comes from: its line, and the lines that it displaced on the way.

use crate::diagnostic::{Position, Sources};
use crate::document::Tree;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::TerminalPage;
use crate::template::{HistoryStep, LayerEffect, Resolved};

/// The values of an agreement with their histories.
#[derive(Debug, serde::Serialize)]
pub struct Explained {
    /// The agreement.
    pub id: String,
    /// The templates it builds on, the farthest first.
    pub templates: Vec<String>,
    /// Its values, in the order of the merged document; what was dropped comes last.
    pub values: Vec<Explanation>,
}

/// One value with its history.
#[derive(Debug, serde::Serialize)]
pub struct Explanation {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// The value; absent where it was dropped or displaced.
    pub value: Option<serde_json::Value>,
    /// What each layer says of it, the farthest first.
    pub history: Vec<Word>,
}

/// What one layer says of a value.
#[derive(Debug, serde::Serialize)]
pub struct Word {
    /// The template or agreement that says it.
    pub document: String,
    /// Where.
    pub place: Position,
    /// What it says.
    pub value: serde_json::Value,
    /// What became of that: `set`, `overridden`, `dropped` or `displaced`.
    pub effect: &'static str,
}

/// The values at or below a path; all of them for an empty one.
pub fn of(resolved: &Resolved<'_>, path: &[&str], sources: &Sources) -> Explained {
    let word = |step: &HistoryStep<'_>| Word {
        document: step.document.to_owned(),
        place: sources.position(step.span),
        value: step.value.to_json(),
        effect: effect(step.effect),
    };
    let within = resolved.explain().into_iter().filter(|explained| explained.path.starts_with(path));
    let values = within.map(|explained| Explanation {
        path: explained.path.iter().map(|key| (*key).to_owned()).collect(),
        value: explained.value.as_ref().map(Tree::to_json),
        history: explained.steps.iter().map(word).collect(),
    });
    Explained {
        id: resolved.id.to_string(),
        templates: resolved.templates().map(str::to_owned).collect(),
        values: values.collect(),
    }
}

/// The text: a line for each value, and below it the lines that came before.
pub fn text(explained: &Explained, paint: Paint) -> String {
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
        for word in value.history.iter().rev().skip(usize::from(value.value.is_some())) {
            let said = format!("{} by {}", past(word.effect), place(word));
            let line = Line::new().toned(Tone::Quiet, &format!("{}  {said}", written(&word.value)));
            page.line(4, 6, &line);
        }
    }
    page.finish()
}

fn headline(explained: &Explanation) -> Line {
    let path = explained.path.join(".");
    let origin = explained.history.last();
    let line = Line::new().toned(Tone::Strong, &path);
    match (&explained.value, origin) {
        (Some(value), Some(word)) => {
            line.text(&format!(": {}", written(value))).toned(Tone::Quiet, &format!("  {}", place(word)))
        }
        (Some(value), None) => line.text(&format!(": {}", written(value))),
        (None, _) => line.toned(Tone::Loss, ": dropped"),
    }
}

fn place(word: &Word) -> String {
    format!("{}:{}:{}", word.place.path, word.place.line, word.place.column)
}

/// A value as one would write it: plain texts bare, the rest as JSON.
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

fn past(effect: &str) -> &'static str {
    match effect {
        "overridden" => "said before",
        "dropped" => "dropped",
        "displaced" => "displaced",
        _ => "said",
    }
}
